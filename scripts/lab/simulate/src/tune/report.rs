//! The result of a search as text, with the conclusion first.

use std::fmt::Write as _;

use run_record::format::{count, exact_span, things};

use super::judge::{Candidate, Measured, Rejection};
use super::proposal::{Change, Proposal};
use super::{Outcome, Validation, needed};
use crate::shortage::{Ending, Shortage};

/// The most rows of the Pareto front that are printed.
const MOST_ROWS: usize = 12;

/// The whole text.
pub(super) fn text(outcome: &Outcome<'_>) -> String {
    let mut text = conclusion(outcome);
    for note in notes(outcome) {
        let _ = writeln!(text, "  {note}");
    }
    if let Some(proposal) = &outcome.proposal {
        text += &changes(outcome, proposal);
    }
    text += "\n";
    text += &crate::rules_in_words(outcome.rules);
    text += &background(outcome);
    text += &front(outcome);
    text += &rejected(outcome);
    text += &validation(outcome);
    let seed = outcome.seed;
    let tried = outcome.found.tried;
    text + &format!(
        "\nTried {} rule sets; --seed {seed} --candidates {tried} repeats this result.\n",
        count(tried as u64)
    )
}

fn conclusion(outcome: &Outcome<'_>) -> String {
    let tried = things(outcome.found.tried as u64, "rule set");
    let present = &outcome.judge.present;
    let Some(proposal) = &outcome.proposal else {
        let numbers = numbers(outcome, present);
        let why = match outcome.judge.present_fulfils {
            true => format!(
                "none of the {tried} tried has less overload at no higher cost, or a lower cost at no more overload"
            ),
            false => format!(
                "they break a constraint, but none of the {tried} tried fulfils all of them without flapping and overshoot"
            ),
        };
        return format!("Keep the present rules ({numbers}): {why}.\n");
    };
    let proposed = &proposal.measured;
    let (before, after) = (outcome.cost(present), outcome.cost(proposed));
    let mut text = format!(
        "Recommended: change {}. Overload {:.1} -> {:.1} min, cost {before:.2} -> {after:.2} {} a month, actions {} -> {}.\n",
        things(proposal.changes.len() as u64, "value"),
        minutes(present),
        minutes(proposed),
        outcome.money.currency,
        present.actions,
        proposed.actions,
    );
    let reason = match outcome.judge.present_fulfils {
        false => "The present rules break a constraint, and this rule set fulfils all of them",
        true if proposed.overloaded_seconds < present.overloaded_seconds => {
            "It has the least overload at no higher cost"
        }
        true => "It has the lowest cost at no more overload",
    };
    let _ = writeln!(text, "  {reason}, of {tried} tried.");
    text
}

/// Notes for users who want to follow the recommendation.
pub(super) fn notes(outcome: &Outcome<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(beyond_help(outcome));
    let (maximum, needed) = (
        outcome.rules.setting.maximum(),
        needed(&outcome.period.load),
    );
    let best = outcome.found.best.as_ref();
    let raises = best.is_some_and(|best| best.raises_maximum);
    if needed > maximum && !raises {
        notes.push(format!(
            "The highest load needs {needed} instances, and the maximum is {maximum}. A higher maximum is not recommended \
             by itself, because a quota or what is behind the app may forbid it."
        ));
    }
    let Some(proposal) = &outcome.proposal else {
        return notes;
    };
    if raises {
        notes.push(
            "It raises the maximum: check the quota, and that what is behind the app, such as the database's connections, \
             allows so many instances."
                .to_owned(),
        );
    }
    if best.is_some_and(|best| outcome.space.lowers_minimum(&best.choice)) {
        notes.push(
            "It lowers the minimum: if that is for availability, search again with --keep limits."
                .to_owned(),
        );
    }
    if proposal.measured.actions == 0 {
        notes.push("The proposed rules never act on this load.".to_owned());
    }
    if outcome.validation.is_none() {
        notes.push(
            "Compare it with the present rules on another period: --validate LOAD.".to_owned(),
        );
    }
    notes
}

/// Overload that ended before the fastest rule could have helped.
fn beyond_help(outcome: &Outcome<'_>) -> Option<String> {
    const SAMPLE: u64 = 60;
    let model = outcome.period.model;
    let fastest = model.metric_lag_seconds + SAMPLE + model.provision_seconds;
    let ended = outcome.replay.shortages.iter();
    let ended = ended.filter(|shortage| shortage.ended_by == Ending::Load);
    let lengths = ended.map(Shortage::seconds);
    let short: u64 = lengths.filter(|seconds| *seconds <= fastest).sum();
    (short > 0).then(|| {
        format!(
            "Scaling out cannot help in {:.1} of the {:.1} minutes of overload: the load falls again within {}, the least \
             from a higher load to a ready instance ({} of metric lag, a sample of {}, {} to be ready). Only a higher \
             minimum, or a profile for that time, does.",
            short as f64 / 60.0,
            minutes(&outcome.judge.present),
            exact_span(fastest),
            exact_span(model.metric_lag_seconds),
            exact_span(SAMPLE),
            exact_span(model.provision_seconds),
        )
    })
}

fn changes(outcome: &Outcome<'_>, proposal: &Proposal) -> String {
    let rows = proposal.changes.iter().map(|change| {
        [
            change.label.clone(),
            change.present_shown.clone(),
            change.proposed_shown.clone(),
            worth(outcome, proposal, change),
        ]
    });
    let head = ["", "present", "proposed", "without this change"].map(str::to_owned);
    format!("\n{}", table(std::iter::once(head).chain(rows).collect()))
}

/// The loss without a change.
fn worth(outcome: &Outcome<'_>, proposal: &Proposal, change: &Change) -> String {
    let Some(without) = &change.without else {
        return "not simulated".to_owned();
    };
    let overload = minutes(without) - minutes(&proposal.measured);
    let cost = outcome.cost(without) - outcome.cost(&proposal.measured);
    let broken = match (without.flaps, without.overshoots) {
        (1.., _) => ", flapping",
        (0, 1..) => ", overshoot",
        (0, 0) => "",
    };
    format!(
        "{overload:+.1} min of overload, {cost:+.2} {}{broken}",
        outcome.money.currency
    )
}

fn background(outcome: &Outcome<'_>) -> String {
    let period = outcome.period;
    let mut text = period.describe(&[&outcome.rules.setting]);
    if let Some(fit) = crate::fit::Fit::of(&outcome.replay, &period.load) {
        text += &format!("fit     {}\n", fit.describe());
    }
    for finding in &outcome.findings {
        text += &format!("finding {finding}\n");
    }
    text
}

/// A row of the Pareto front.
pub(super) struct Row<'a> {
    pub(super) measured: &'a Measured,
    pub(super) is_present: bool,
    pub(super) is_recommended: bool,
    pub(super) raises_maximum: bool,
}

/// The Pareto front, the present rules and the recommended rules, by overload.
pub(super) fn rows<'a>(outcome: &'a Outcome<'_>) -> Vec<Row<'a>> {
    let best = outcome.found.best.as_ref();
    let row = |candidate: &'a Candidate| Row {
        measured: &candidate.measured,
        is_present: candidate.changes == 0,
        is_recommended: best.is_some_and(|best| best.measured == candidate.measured),
        raises_maximum: candidate.raises_maximum,
    };
    let mut rows: Vec<Row<'_>> = outcome.found.fronts.unbeaten().map(row).collect();
    if !rows.iter().any(|row| row.is_present) {
        rows.push(Row {
            measured: &outcome.judge.present,
            is_present: true,
            is_recommended: false,
            raises_maximum: false,
        });
    }
    if let Some(best) = best.filter(|_| !rows.iter().any(|row| row.is_recommended)) {
        rows.push(row(best));
    }
    rows.sort_by_key(|row| {
        (
            row.measured.overloaded_seconds,
            row.measured.instance_seconds,
        )
    });
    rows
}

fn front(outcome: &Outcome<'_>) -> String {
    let all = rows(outcome);
    let every = all.len().div_ceil(MOST_ROWS).max(1);
    let shown = |(index, row): &(usize, &Row<'_>)| {
        index.is_multiple_of(every)
            || *index + 1 == all.len()
            || row.is_present
            || row.is_recommended
    };
    let rows = all.iter().enumerate().filter(shown).map(|(_, row)| {
        let mut marks = Vec::new();
        if row.is_present {
            marks.push("present");
        }
        if row.is_recommended {
            marks.push("recommended");
        }
        if row.raises_maximum {
            marks.push("higher maximum");
        }
        [
            format!("{:.1} min", minutes(row.measured)),
            format!(
                "{:.2} {}",
                outcome.cost(row.measured),
                outcome.money.currency
            ),
            format!("{:.2}", row.measured.instance_seconds as f64 / 3_600.0),
            row.measured.actions.to_string(),
            marks.join(", "),
        ]
    });
    let head = [
        "overloaded",
        "cost a month",
        "instance-hours",
        "actions",
        "",
    ]
    .map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let left_out = match all.len() + 1 - rows.len() {
        0 => String::new(),
        more => format!("{more} more rows are in the file of --json.\n"),
    };
    format!(
        "\nPareto front: of the rule sets tried with the same maximum, none has less overload at no higher cost, on {}\n{}{left_out}",
        outcome.money.plan,
        table(rows),
    )
}

fn rejected(outcome: &Outcome<'_>) -> String {
    let rejected = outcome.found.rejected.iter();
    let lines = rejected.map(|(why, candidate)| {
        let numbers = numbers(outcome, &candidate.measured);
        format!("  {numbers}: {}\n", reason(*why, &candidate.measured))
    });
    let lines: String = lines.collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\nRejected, the best one for each reason\n{lines}"),
    }
}

fn reason(why: Rejection, measured: &Measured) -> String {
    match why {
        Rejection::Flapping => format!(
            "flapping, {} undone although the load had not risen",
            things(measured.flaps as u64, "scale-in")
        ),
        Rejection::Overshoot => format!(
            "overshoot, {} undone although the load had not fallen",
            things(measured.overshoots as u64, "scale-out")
        ),
        Rejection::MaxOverloadMinutes => "breaks --max-overload-minutes".to_owned(),
        Rejection::MaxCost => "breaks --max-cost".to_owned(),
        Rejection::MaxActions => "breaks --max-actions".to_owned(),
        Rejection::RaisesMaximum => "raises the maximum".to_owned(),
    }
}

fn validation(outcome: &Outcome<'_>) -> String {
    let Some(validation) = &outcome.validation else {
        return String::new();
    };
    let Validation {
        load,
        seconds,
        present,
        proposed,
    } = validation;
    let row = |name: &str, measured: &Measured| {
        let cost = outcome.money.per_month(measured.instance_seconds, *seconds);
        [
            name.to_owned(),
            format!("{:.1} min", minutes(measured)),
            format!("{cost:.2} {}", outcome.money.currency),
            measured.actions.to_string(),
        ]
    };
    let mut rows = vec![
        ["", "overloaded", "cost a month", "actions"].map(str::to_owned),
        row("present", present),
    ];
    if outcome.proposal.is_some() {
        rows.push(row("proposed", proposed));
    }
    let conclusion = validation.conclusion();
    format!(
        "\nValidation: {conclusion}. The load: {load}\n{}",
        table(rows)
    )
}

impl Validation {
    /// The conclusion about the proposed rules from the other load.
    pub(super) fn conclusion(&self) -> &'static str {
        let (present, proposed) = (&self.present, &self.proposed);
        let more = |of: fn(&Measured) -> u64| of(proposed).cmp(&of(present));
        let reverses = |measured: &Measured| measured.flaps + measured.overshoots;
        if reverses(proposed) > reverses(present) {
            return "the proposed rules flap or overshoot";
        }
        let overload = more(|measured| measured.overloaded_seconds);
        let cost = more(|measured| measured.instance_seconds);
        match (overload.is_gt(), cost.is_gt()) {
            (false, false) if overload.is_eq() && cost.is_eq() => "no difference",
            (false, false) => "the proposed rules are better here, too",
            (true, false) => "the proposed rules have more overload",
            (false, true) => "the proposed rules cost more",
            (true, true) => "the proposed rules are worse",
        }
    }
}

fn numbers(outcome: &Outcome<'_>, measured: &Measured) -> String {
    format!(
        "overload {:.1} min, {:.2} {} a month, {}",
        minutes(measured),
        outcome.cost(measured),
        outcome.money.currency,
        things(measured.actions as u64, "action"),
    )
}

fn minutes(measured: &Measured) -> f64 {
    measured.overloaded_seconds as f64 / 60.0
}

/// Columns as wide as their widest cell.
fn table<const COLUMNS: usize>(rows: Vec<[String; COLUMNS]>) -> String {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    });
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, width)| format!("  {cell:<width$}"))
            .collect();
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
