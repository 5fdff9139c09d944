//! What autoscaling bought: the autoscaled fleet beside fleets of a fixed size, in one sentence and as tiles.

use maud::{Markup, html};
use run_record::comparison::{Comparison, FleetOutcome, RequestOutcome};
use run_record::format::{count, decimal, latency, span, things};

use crate::page::Page;

/// Latencies that differ by less than this factor count as equal: runs of the same load differ by as much.
const SAME_LATENCY: f64 = 1.5;
/// Costs that differ by less than this fraction count as equal.
const SAME_COST: f64 = 0.01;
/// The name of the autoscaled fleet.
const AUTOSCALED: &str = "Autoscaled";

/// One sentence: the lost requests of the smallest fixed fleet and of the autoscaled fleet, and the cost compared with the
/// largest fleet.
pub fn what_autoscaling_bought(comparison: &Comparison) -> Option<String> {
    let (smallest, largest) = (comparison.fixed.first()?, comparison.fixed.last()?);
    let autoscaled = &comparison.autoscaled;
    let requests = smallest.requests.zip(autoscaled.requests);
    Some(match requests.zip(largest.requests) {
        Some(((one, own), all)) => measured(comparison, [&one, &own, &all]),
        None => simulated(comparison),
    })
}

fn measured(comparison: &Comparison, [one, own, all]: [&RequestOutcome; 3]) -> String {
    let (smallest, largest) = ends(comparison);
    let small = fleet_name(smallest.instances);
    let of = things(one.sent, "request");
    if is_as_good(one, own) {
        return format!(
            "Autoscaling gained nothing for this load: {} {} of {of} at a p99 of {}, for {} of the cost.",
            lower_first(&small),
            lost(one),
            latency(one.p99_ms),
            percent(
                smallest.instance_hours,
                comparison.autoscaled.instance_hours
            )
        );
    }
    // If the largest fleet did better, the sentence must say so to be honest.
    let better = if is_as_good(own, all) {
        String::new()
    } else {
        let name = lower_first(&fleet_name(largest.instances));
        format!("; {name} {} at {}", lost(all), latency(all.p99_ms))
    };
    format!(
        "{small} {} of {of} at a p99 of {}; autoscaling {} at {}, {}{better}.",
        lost(one),
        latency(one.p99_ms),
        lost(own),
        latency(own.p99_ms),
        for_cost(comparison)
    )
}

fn simulated(comparison: &Comparison) -> String {
    let (smallest, _) = ends(comparison);
    let small = fleet_name(smallest.instances);
    let are = if smallest.instances == 1 { "is" } else { "are" };
    let overloaded = |fleet: &FleetOutcome| fleet.overloaded_minutes.unwrap_or_default();
    let minutes = |fleet: &FleetOutcome| span(overloaded(fleet) * 60.0);
    if overloaded(smallest) <= overloaded(&comparison.autoscaled) {
        return format!(
            "Simulated: autoscaling gains nothing for this load: {} {are} overloaded for no longer ({}), for {} of the cost.",
            lower_first(&small),
            minutes(smallest),
            percent(
                smallest.instance_hours,
                comparison.autoscaled.instance_hours
            )
        );
    }
    format!(
        "Simulated: {} {are} overloaded for {}; autoscaling for {}, {}.",
        lower_first(&small),
        minutes(smallest),
        minutes(&comparison.autoscaled),
        for_cost(comparison)
    )
}

/// The smallest and the largest fleet of a fixed size. There is at least one.
fn ends(comparison: &Comparison) -> (&FleetOutcome, &FleetOutcome) {
    let fixed = &comparison.fixed;
    (&fixed[0], &fixed[fixed.len() - 1])
}

/// Whether `one` is at least as good as the other outcome.
fn is_as_good(one: &RequestOutcome, other: &RequestOutcome) -> bool {
    let slower = match (one.p99_ms, other.p99_ms) {
        (Some(one), Some(other)) => one > SAME_LATENCY * other,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    one.failed <= other.failed && !slower
}

/// `refused 412`, `refused none`, `failed 3`.
fn lost(requests: &RequestOutcome) -> String {
    let number = match requests.failed {
        0 => "none".to_owned(),
        failed => count(failed),
    };
    format!("{} {number}", verb(requests))
}

/// The verb for the lost requests: an overloaded app refuses them with 503.
fn verb(requests: &RequestOutcome) -> &'static str {
    if requests.failed == requests.refused {
        "refused"
    } else {
        "failed"
    }
}

/// `for 55% of the cost of three instances`.
fn for_cost(comparison: &Comparison) -> String {
    let (_, largest) = ends(comparison);
    let (own, all) = (comparison.autoscaled.instance_hours, largest.instance_hours);
    let name = lower_first(&fleet_name(largest.instances));
    if (own - all).abs() <= SAME_COST * all {
        return format!("for the cost of {name}");
    }
    format!("for {} of the cost of {name}", percent(own, all))
}

/// `55%`.
fn percent(part: f64, whole: f64) -> String {
    match whole > 0.0 {
        true => format!("{:.0}%", 100.0 * part / whole),
        false => "–".to_owned(),
    }
}

/// `One instance`, `Three instances`, `12 instances`.
fn fleet_name(instances: u32) -> String {
    match instances {
        1 => "One instance".to_owned(),
        2 => "Two instances".to_owned(),
        3 => "Three instances".to_owned(),
        more => things(more.into(), "instance"),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// The instance-hours of the run, with their cost if the price is known, for the tile of the run.
pub(crate) fn cost_tile(page: &Page<'_>) -> Option<(&'static str, String, String)> {
    let comparison = page.run.comparison.as_ref();
    let measured = comparison.filter(|comparison| !comparison.simulated);
    let hours = match measured {
        Some(comparison) => comparison.autoscaled.instance_hours,
        None => page.run.instance_hours()?,
    };
    let note = match comparison.and_then(|comparison| money(comparison, hours)) {
        Some(money) => money,
        None => "instances wanted, times Azure hours".to_owned(),
    };
    Some(("Instance-hours", decimal(hours), note))
}

/// `0.11 USD on P0v3`.
fn money(comparison: &Comparison, hours: f64) -> Option<String> {
    let price = comparison.price.as_ref()?;
    let amount = hours * price.per_hour;
    // A demonstration costs cents; a load of a week costs tens.
    let digits = if amount < 1.0 { 3 } else { 2 };
    Some(format!(
        "{amount:.digits$} {} on {}",
        price.currency, price.plan
    ))
}

/// The section with the sentence and a tile for each fleet.
pub(crate) fn content(page: &Page<'_>) -> Markup {
    let Some(comparison) = &page.run.comparison else {
        return Markup::default();
    };
    let Some(sentence) = what_autoscaling_bought(comparison) else {
        return Markup::default();
    };
    let fixed = comparison.fixed.iter();
    let mut fleets: Vec<(String, &FleetOutcome)> = fixed
        .map(|fleet| (fleet_name(fleet.instances), fleet))
        .collect();
    // The autoscaled fleet is in the middle, because its cost is between the two others.
    fleets.insert(1, (AUTOSCALED.to_owned(), &comparison.autoscaled));
    html! {
        p.sentence { (sentence) }
        dl.fleets {
            @for (name, fleet) in &fleets {
                div.own[name == AUTOSCALED] {
                    dt { (name) }
                    @for (value, note) in tile(comparison, fleet) { dd { (value) } dd.note { (note) } }
                }
            }
        }
        p.remark { (how(comparison)) }
    }
}

/// The numbers of a fleet with their labels.
fn tile(comparison: &Comparison, fleet: &FleetOutcome) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if let Some(requests) = &fleet.requests {
        let of = format!(
            "{}, of {}",
            verb(requests),
            things(requests.sent, "request")
        );
        rows.push((count(requests.failed), of));
        rows.push((latency(requests.p99_ms), "p99".to_owned()));
    }
    if let Some(minutes) = fleet.overloaded_minutes {
        rows.push((span(minutes * 60.0), "time overloaded".to_owned()));
    }
    let cost = match money(comparison, fleet.instance_hours) {
        Some(money) => format!("instance-hours, {money}"),
        None => "instance-hours".to_owned(),
    };
    rows.push((decimal(fleet.instance_hours), cost));
    rows
}

/// The origin of the outcomes.
fn how(comparison: &Comparison) -> String {
    let length = span(comparison.hours * 3_600.0);
    if comparison.simulated {
        return format!(
            "Simulated from the recorded load over {length} of Azure time. Overloaded: the load is above 100% of every ready instance. \
             Where the recorded CPU was 100%, the load counts as just above what those instances can handle; it may have been higher."
        );
    }
    format!(
        "Measured with real processes over {length} of Azure time. Every fleet got the same requests at the same times."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(instances: u32, hours: f64, failed: u64, p99_ms: f64) -> FleetOutcome {
        FleetOutcome {
            instances,
            instance_hours: hours,
            requests: Some(RequestOutcome {
                sent: 1_200,
                failed,
                refused: failed,
                p99_ms: Some(p99_ms),
            }),
            overloaded_minutes: None,
        }
    }

    fn said(one: FleetOutcome, own: FleetOutcome, three: FleetOutcome) -> String {
        let comparison = Comparison {
            hours: 0.5,
            autoscaled: own,
            fixed: vec![one, three],
            ..Comparison::default()
        };
        what_autoscaling_bought(&comparison).expect("a sentence")
    }

    #[test]
    fn a_gain_is_told_with_its_cost() {
        let one = fleet(1, 0.5, 412, 2_100.0);
        assert_eq!(
            said(
                one.clone(),
                fleet(3, 0.825, 0, 29.0),
                fleet(3, 1.5, 0, 27.0)
            ),
            "One instance refused 412 of 1,200 requests at a p99 of 2.1 s; autoscaling refused none at 29 ms, for 55% of the \
             cost of three instances."
        );
        assert_eq!(
            said(one, fleet(3, 1.5, 0, 29.0), fleet(3, 1.5, 0, 27.0)),
            "One instance refused 412 of 1,200 requests at a p99 of 2.1 s; autoscaling refused none at 29 ms, for the cost of \
             three instances."
        );
    }

    #[test]
    fn no_gain_and_a_better_large_fleet_are_not_hidden() {
        assert_eq!(
            said(
                fleet(1, 0.5, 0, 28.0),
                fleet(3, 0.825, 0, 29.0),
                fleet(3, 1.5, 0, 27.0)
            ),
            "Autoscaling gained nothing for this load: one instance refused none of 1,200 requests at a p99 of 28 ms, for 61% \
             of the cost."
        );
        assert_eq!(
            said(
                fleet(1, 0.5, 412, 2_100.0),
                fleet(3, 0.825, 9, 290.0),
                fleet(3, 1.5, 0, 27.0)
            ),
            "One instance refused 412 of 1,200 requests at a p99 of 2.1 s; autoscaling refused 9 at 290 ms, for 55% of the cost \
             of three instances; three instances refused none at 27 ms."
        );
    }

    #[test]
    fn other_failures_are_not_called_refusals_and_none_answered_has_no_latency() {
        let mut one = fleet(1, 0.5, 1_200, 1.0);
        let requests = one.requests.as_mut().expect("requests");
        (requests.refused, requests.p99_ms) = (3, None);
        assert_eq!(
            said(one, fleet(2, 0.7, 0, 29.0), fleet(2, 1.0, 0, 27.0)),
            "One instance failed 1,200 of 1,200 requests at a p99 of –; autoscaling refused none at 29 ms, for 70% of the cost of \
             two instances."
        );
    }

    #[test]
    fn a_simulation_is_called_one() {
        let overloaded = |instances, hours, minutes| FleetOutcome {
            instances,
            instance_hours: hours,
            requests: None,
            overloaded_minutes: Some(minutes),
        };
        let mut comparison = Comparison {
            simulated: true,
            autoscaled: overloaded(3, 0.9, 4.0),
            fixed: vec![overloaded(1, 0.5, 12.0), overloaded(3, 1.5, 0.0)],
            ..Comparison::default()
        };
        assert_eq!(
            what_autoscaling_bought(&comparison).as_deref(),
            Some(
                "Simulated: one instance is overloaded for 12 min; autoscaling for 4 min, for 60% of the cost of three instances."
            )
        );
        comparison.fixed[0].overloaded_minutes = Some(0.0);
        comparison.autoscaled.overloaded_minutes = Some(0.0);
        assert_eq!(
            what_autoscaling_bought(&comparison).as_deref(),
            Some(
                "Simulated: autoscaling gains nothing for this load: one instance is overloaded for no longer (0 s), for 56% of the cost."
            )
        );
        comparison.fixed.clear();
        assert_eq!(what_autoscaling_bought(&comparison), None);
    }
}
