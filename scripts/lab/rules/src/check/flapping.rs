//! Rules that undo each other: the count that a scale-out rule sets makes all scale-in rules true under the same load.
//!
//! Source: "Flapping in autoscale" in the Azure Monitor documentation. Azure's check keeps the larger count if the smaller
//! one would scale out again, but it only estimates the metric. Rules that need this check have no margin between them.

use autoscale::{Direction, Metric, Operator, Outcome, Profile, Rule};

use super::{Placed, Remark};
use crate::bands::{examined, number};
use crate::view::{At, Load, Span, View, spans};

/// Two rules, one of which undoes the other.
struct Pair {
    out: usize,
    inward: usize,
    /// The first count at which this happens.
    from: u32,
    to: u32,
    span: Span,
    /// The scale-in rule's values at the lowest and at the highest of these loads.
    seen: (f64, f64),
    /// Whether the flapping check keeps the larger count.
    is_kept: bool,
    /// The lowest value of the scale-in rule right after the scale-out rule fired, at any count.
    least: f64,
    /// The lowest ratio of this value to the value with which the scale-out rule fired.
    share: f64,
}

/// The pairs of rules of a profile that undo each other, as `lab rules` finds them: the index of the scale-out rule
/// and the index of the scale-in rule.
pub fn flapping(metrics: &[Metric], profile: &Profile) -> Vec<(usize, usize)> {
    let views = View::all(metrics, profile);
    let of_view = |view: &View<'_>| {
        let pairs = pairs(view).into_iter();
        pairs
            .map(|pair| (view.rules[pair.out], view.rules[pair.inward]))
            .collect::<Vec<_>>()
    };
    views.iter().flat_map(of_view).collect()
}

/// One fault for each pair.
pub(super) fn faults(placed: &Placed<'_>, view: &View<'_>) -> Vec<Remark> {
    let pairs = pairs(view);
    pairs.iter().map(|pair| pair.remark(placed, view)).collect()
}

fn pairs(view: &View<'_>) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    for from in examined(view) {
        let before = view.at(from);
        let mut larger: Vec<u32> = spans(before.boundaries())
            .iter()
            .filter_map(|span| scaled_out(&before, span.inside()))
            .map(|(_, to)| to)
            .collect();
        larger.sort_unstable();
        larger.dedup();
        for to in larger {
            find(view, (from, &before), (to, &view.at(to)), &mut pairs);
        }
    }
    pairs
}

/// Adds the pairs that undo a change between two counts.
fn find(
    view: &View<'_>,
    (from, before): (u32, &At<'_>),
    (to, after): (u32, &At<'_>),
    pairs: &mut Vec<Pair>,
) {
    let mut loads = before.boundaries();
    loads.extend(after.thresholds());
    // The load at which the scale-out rule starts to fire.
    let mut lowest: Option<(usize, f64)> = None;
    for span in spans(loads) {
        let load = span.inside();
        let Some((out, _)) = scaled_out(before, load).filter(|(_, count)| *count == to) else {
            continue;
        };
        let start = match lowest {
            Some((rule, start)) if rule == out => start,
            _ => lowest.insert((out, span.from)).1,
        };
        let is_kept = match after.decision(load).outcome {
            Outcome::Flapping(_) => true,
            Outcome::ScaledIn(_) | Outcome::ScaledInLess(_) => false,
            _ => continue,
        };
        let Some(inward) = scale_in_rule(view, to, load, after) else {
            continue;
        };
        let value = |load: f64| after.value(inward, load).unwrap_or_default();
        let share = value(start) / before.value(out, start).unwrap_or_default();
        let highest = span.to.unwrap_or(load);
        let known = pairs
            .iter_mut()
            .find(|pair| (pair.out, pair.inward) == (out, inward));
        let Some(pair) = known else {
            pairs.push(Pair {
                out,
                inward,
                from,
                to,
                span,
                seen: (value(span.from), value(highest)),
                is_kept,
                least: value(start),
                share,
            });
            continue;
        };
        pair.least = pair.least.min(value(start));
        pair.share = pair.share.min(share);
        if (pair.from, pair.to) == (from, to) && pair.span.to == Some(span.from) {
            pair.span.to = span.to;
            pair.seen.1 = value(highest);
        }
    }
}

/// The rule that scales out at a load, and the new count.
fn scaled_out(at: &At<'_>, load: f64) -> Option<(usize, u32)> {
    let decision = at.decision(load);
    match decision.outcome {
        Outcome::ScaledOut(rule) => Some((rule, decision.to)),
        _ => None,
    }
}

/// The first scale-in rule, if all of them are true.
fn scale_in_rule(view: &View<'_>, count: u32, load: f64, at: &At<'_>) -> Option<usize> {
    let rules = view.profile.rules.iter();
    let mut inward = rules
        .enumerate()
        .filter(|(_, rule)| rule.direction_at(count) == Direction::Decrease);
    inward
        .find(|(index, _)| at.value(*index, load).is_some())
        .map(|(index, _)| index)
}

impl Pair {
    fn remark(&self, placed: &Placed<'_>, view: &View<'_>) -> Remark {
        let (out, inward) = (view.rules[self.out], view.rules[self.inward]);
        let unit = view.profile.rules[self.inward].unit(view.metrics);
        let (low, high) = (number(self.seen.0), number(self.seen.1));
        let seen = match low == high {
            true => format!("{low}{unit}"),
            false => format!("{low} to {high}{unit}"),
        };
        let load = match view.load {
            Load::Cpu => format!("At a load {} of one instance", self.span.within("%")),
            Load::Divided(metric) => {
                let name = &view.metrics[metric].name;
                format!("With {name} {}", self.span.within(""))
            }
        };
        let then = match self.is_kept {
            true => "Only Azure's flapping check, which is an estimate, keeps the larger count",
            false => "The count goes down again",
        };
        let others = match view.has_others {
            true => " on this metric",
            false => "",
        };
        Remark::new(
            "flapping",
            &placed.place.rules[out],
            format!(
                "flaps with {inward}. {load}, {} to {}, because {}. With {}, all scale-in rules{others} are true \
                 under the same load: {inward} sees {seen} ({}). {then}.",
                instances(self.from),
                self.to,
                placed.condition(out),
                self.to,
                placed.condition(inward),
                inward = placed.short(inward),
            ),
            self.remedy(view),
        )
    }

    /// Thresholds that are far enough apart, at all examined counts.
    fn remedy(&self, view: &View<'_>) -> String {
        let (out, inward) = (
            &view.profile.rules[self.out],
            &view.profile.rules[self.inward],
        );
        if !out.operator.is_above() || !inward.operator.is_below() || self.least <= 0.0 {
            return "Change the conditions so that they are not true at the same load.".to_owned();
        }
        // If both thresholds are included, equal values fire both rules.
        let both = out.operator == Operator::GreaterThanOrEqual
            && inward.operator == Operator::LessThanOrEqual;
        let (at_most, at_least) = if both {
            ("below", "above")
        } else {
            ("at most", "at least")
        };
        let unit = |rule: &Rule| rule.unit(view.metrics);
        let lower = number((self.least * 10.0).floor() / 10.0);
        let mut remedy = format!(
            "Set the scale-in threshold to {at_most} {lower}{}",
            unit(inward)
        );
        let higher = (inward.threshold / self.share * 10.0).ceil() / 10.0;
        if higher.is_finite() && (view.load != Load::Cpu || higher < 100.0) {
            remedy += &format!(
                ", or the scale-out threshold to {at_least} {}{}",
                number(higher),
                unit(out)
            );
        }
        remedy + "."
    }
}

/// Such as `1 instance scales out`.
fn instances(count: u32) -> String {
    match count {
        1 => "1 instance scales out".to_owned(),
        _ => format!("{count} instances scale out"),
    }
}
