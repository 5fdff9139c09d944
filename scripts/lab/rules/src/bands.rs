//! The loads at which each number of instances stays, and the numbers that follow below and above them.

use autoscale::Outcome;
use serde::Serialize;

use crate::view::{At, Span, View, spans};

/// The most counts that are examined. With more instances, each one changes less.
pub(crate) const MOST_COUNTS: u32 = 20;

/// What the rules do with a number of instances.
#[derive(Debug)]
pub(crate) struct Band {
    pub(crate) count: u32,
    /// In order of the load, from 0 on.
    pub(crate) ranges: Vec<Range>,
}

/// Loads with the same decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Range {
    #[serde(flatten)]
    pub(crate) span: Span,
    /// The count that follows.
    pub(crate) next: u32,
    #[serde(rename = "because")]
    pub(crate) reason: Reason,
}

/// The reason for the next count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// No rule requires a change.
    Steady,
    /// A scale-out rule.
    ScaleOut,
    /// The scale-in rules.
    ScaleIn,
    /// The scale-in rules, but by fewer instances than they require, because of the flapping check.
    ScaleInLess,
    /// The flapping check.
    Flapping,
    /// One scale-in rule is true, but another one is not.
    HeldBack,
    /// A scale-out rule fires, but the count is at the maximum.
    Maximum,
    /// The scale-in rules fire, but the count is at the minimum.
    Minimum,
    /// There is no sample without an instance.
    NoSample,
}

/// The bands of a view, starting at its minimum, and the number of counts that were left out.
pub(crate) fn bands(view: &View<'_>) -> (Vec<Band>, u32) {
    let counts = examined(view);
    let left_out = view.profile.capacity.maximum - counts.end();
    let bands = counts.map(|count| Band {
        count,
        ranges: ranges(&view.at(count), count == view.profile.capacity.minimum),
    });
    (bands.collect(), left_out)
}

/// The counts that are examined.
pub(crate) fn examined(view: &View<'_>) -> std::ops::RangeInclusive<u32> {
    let capacity = view.profile.capacity;
    capacity.minimum..=capacity.maximum.min(capacity.minimum + MOST_COUNTS - 1)
}

fn ranges(at: &At<'_>, is_minimum: bool) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for span in spans(at.boundaries()) {
        let decision = at.decision(span.inside());
        let (next, reason) = match reason(decision.outcome) {
            // The minimum is the reason, even if a scale-in rule is not true.
            Reason::HeldBack if is_minimum => (decision.to, Reason::Minimum),
            reason => (decision.to, reason),
        };
        match ranges.last_mut() {
            Some(last) if (last.next, last.reason) == (next, reason) => last.span.to = span.to,
            _ => ranges.push(Range { span, next, reason }),
        }
    }
    ranges
}

fn reason(outcome: Outcome) -> Reason {
    match outcome {
        Outcome::ScaledOut(_) => Reason::ScaleOut,
        Outcome::ScaledIn(_) => Reason::ScaleIn,
        Outcome::ScaledInLess(_) => Reason::ScaleInLess,
        Outcome::Flapping(_) => Reason::Flapping,
        Outcome::HeldBack(_) => Reason::HeldBack,
        Outcome::AtMaximum(_) => Reason::Maximum,
        Outcome::AtMinimum(_) => Reason::Minimum,
        Outcome::MetricMissing | Outcome::Unknown => Reason::NoSample,
        // The examined counts are within the limits, and no rule waits.
        Outcome::Steady | Outcome::Limited | Outcome::CoolingDown(_) => Reason::Steady,
    }
}

impl Band {
    /// The loads at which the count stays, if there are any.
    pub(crate) fn stable(&self) -> Option<Span> {
        let mut of_one_count = self.ranges.chunk_by(|one, next| one.next == next.next);
        of_one_count
            .find(|same| same[0].next == self.count)
            .map(joined)
    }

    /// The count that follows below [`Self::stable`].
    pub(crate) fn below(&self) -> Option<u32> {
        let first = self.ranges.first()?;
        (first.next != self.count).then_some(first.next)
    }

    /// The count that follows at the highest load.
    pub(crate) fn above(&self) -> Option<u32> {
        let last = self.ranges.last()?;
        (last.next != self.count).then_some(last.next)
    }

    /// Such as `below 60%: 1; 60 to 140%: stays; above 140%: 3`.
    pub(crate) fn describe(&self, unit: &str) -> String {
        let what = |range: &Range| match range.next == self.count {
            true => format!("stays{}", range.reason.note()),
            false => range.next.to_string(),
        };
        let alike = self.ranges.chunk_by(|one, next| what(one) == what(next));
        let words =
            alike.map(|same| format!("{}: {}", joined(same).describe(unit), what(&same[0])));
        words.collect::<Vec<_>>().join("; ")
    }
}

/// The span of adjacent ranges; there must be at least one.
fn joined(ranges: &[Range]) -> Span {
    Span {
        from: ranges[0].span.from,
        to: ranges[ranges.len() - 1].span.to,
    }
}

impl Reason {
    /// The text after a count that stays although rules fire.
    fn note(self) -> &'static str {
        match self {
            Self::Flapping => " (flapping check)",
            Self::Maximum => " (maximum)",
            Self::HeldBack => " (not all scale-in rules are true)",
            Self::NoSample => " (no sample)",
            _ => "",
        }
    }
}

impl Span {
    /// Such as `from 60 to 140%`, to follow the word load.
    pub(crate) fn within(self, unit: &str) -> String {
        match (self.from, self.to) {
            (0.0, None) => "of any size".to_owned(),
            (0.0, _) | (_, None) => self.describe(unit),
            _ => format!("from {}", self.describe(unit)),
        }
    }

    /// Such as `60 to 140%`.
    pub(crate) fn describe(self, unit: &str) -> String {
        match (self.from, self.to) {
            (0.0, None) => "at any load".to_owned(),
            (0.0, Some(to)) => format!("below {}{unit}", number(to)),
            (from, None) => format!("above {}{unit}", number(from)),
            (from, Some(to)) => format!("{} to {}{unit}", number(from), number(to)),
        }
    }
}

/// With one decimal if it is not whole.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
