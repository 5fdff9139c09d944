//! The results of a simulation in numbers, for one rule file or for two side by side.

use std::fmt::Write as _;

use autoscale::Finding;
use rules::Rules;
use run_record::format::exact_span;

use crate::fit::Fit;
use crate::outcome::Simulation;
use crate::prices::{Cost, Prices};
use crate::timeline::clock;
use crate::verdict::Verdict;

/// A rule file and its result.
pub(crate) struct Outcome {
    pub(crate) rules: Rules,
    pub(crate) simulation: Simulation,
    pub(crate) verdict: Verdict,
    pub(crate) costs: Vec<Cost>,
    /// The findings of the reader and of the simulation about the rules.
    pub(crate) findings: Vec<Finding>,
    /// The comparison of the simulated counts with the recorded ones.
    pub(crate) fit: Option<Fit>,
}

/// Explanations of the terms, printed below the numbers.
pub(crate) const LEGEND: &str = "\
overloaded        the load is above 100% of every ready instance (marked ! in the table)
time to capacity  the longest from CPU above the threshold of scale-out until the instances then ordered were ready
overshoot         a scale-out that a scale-in undid although the load had not fallen by a tenth
flapping          a scale-in that a scale-out undid although the load had not risen by a tenth
at maximum        a scale-out rule fires, and the maximum forbids another instance
held back         evaluations in which the flapping check kept instances
";

/// The numbers, with one column for each rule file.
pub(crate) fn render(outcomes: &[Outcome], prices: &Prices) -> String {
    let mut text = String::new();
    let mut row = |label: &str, cell: &dyn Fn(&Outcome) -> String| {
        let cells = outcomes
            .iter()
            .map(|outcome| format!("  {:<28}", cell(outcome)));
        let _ = writeln!(text, "{label:<18}{}", cells.collect::<String>().trim_end());
    };
    if outcomes.len() > 1 {
        row("", &|outcome| outcome.rules.name.clone());
    }
    row("verdict", &|Outcome { verdict, .. }| {
        verdict.verdict.to_owned()
    });
    row("time to capacity", &|Outcome { verdict, .. }| {
        verdict
            .time_to_capacity_seconds
            .map_or("-".to_owned(), exact_span)
    });
    row("overloaded", &|Outcome { verdict, .. }| {
        format!("{:.1} min", verdict.overloaded_minutes)
    });
    row("actions", &|Outcome { verdict, .. }| {
        let (outs, ins) = (verdict.scale_outs, verdict.scale_ins);
        format!("{} ({outs} out, {ins} in)", verdict.actions)
    });
    row("overshoot", &|Outcome { verdict, .. }| {
        verdict.overshoots.to_string()
    });
    row("flapping", &|Outcome { verdict, .. }| {
        verdict.flaps.to_string()
    });
    row("at maximum", &|Outcome { verdict, .. }| {
        format!("{:.1} min", verdict.at_maximum_minutes)
    });
    row("held back", &|Outcome { verdict, .. }| {
        verdict.held_back_evaluations.to_string()
    });
    row("instances", &|Outcome { verdict, .. }| {
        let (average, most) = (verdict.average_instances, verdict.most_instances);
        format!("{average:.2} on average, {most} at most")
    });
    row("instance-hours", &|Outcome { verdict, .. }| {
        format!("{:.2}", verdict.instance_hours)
    });
    for (index, plan) in prices.plans.iter().enumerate() {
        row(
            &format!("{} a month", plan.name),
            &|Outcome { costs, rules, .. }| {
                let Cost {
                    per_month,
                    always_minimum,
                    always_maximum,
                    ..
                } = &costs[index];
                let scaled = format!("{per_month:.0} {}", prices.currency);
                if outcomes.len() > 1 {
                    return scaled;
                }
                format!(
                    "{scaled} (always {}: {always_minimum:.0}, always {}: {always_maximum:.0})",
                    rules.setting.minimum(),
                    rules.setting.maximum(),
                )
            },
        );
    }
    let Prices { as_of, region, .. } = prices;
    let _ = writeln!(
        text,
        "\nThe cost is for a month with this load, at prices of {as_of} for {region}. For their source, see the price file."
    );
    for plan in &prices.plans {
        let _ = writeln!(text, "{}: {}.", plan.name, plan.about);
    }
    text
}

/// The actions of two rule files in chronological order.
pub(crate) fn side_by_side(outcomes: &[Outcome]) -> String {
    const MOST_ROWS: usize = 60;
    let actions = outcomes
        .iter()
        .flat_map(|outcome| &outcome.simulation.actions);
    let mut moments: Vec<u64> = actions.map(|action| action.at_seconds).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut text = String::new();
    let mut line = |time: &str, cell: &dyn Fn(&Outcome) -> String| {
        let cells = outcomes
            .iter()
            .map(|outcome| format!("{:<28}", cell(outcome)));
        let _ = writeln!(text, "{time:>8}   {}", cells.collect::<String>().trim_end());
    };
    line("time", &|outcome| outcome.rules.name.clone());
    line(&clock(0), &|outcome| {
        format!("start with {}", outcome.simulation.initial)
    });
    for at_seconds in moments.iter().take(MOST_ROWS) {
        line(&clock(*at_seconds), &|outcome| {
            let actions = &outcome.simulation.actions;
            let found = actions.binary_search_by_key(at_seconds, |action| action.at_seconds);
            found.map_or(String::new(), |index| {
                format!("{} -> {}", actions[index].from, actions[index].to)
            })
        });
    }
    if moments.len() > MOST_ROWS {
        let _ = writeln!(
            text,
            "         ...   {} more rows; --json writes all of them",
            moments.len() - MOST_ROWS
        );
    }
    text
}
