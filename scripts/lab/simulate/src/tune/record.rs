//! The outcome of a search as JSON.

use autoscale::Finding;
use recorded_load::Note;
use serde::Serialize;
use serde_json::{Value, json};

use super::judge::{Measured, Rejection};
use super::proposal::Change;
use super::{Outcome, report};
use crate::fit::Fit;
use crate::model::Model;

/// More points are of no use in a chart.
const MOST_ROWS: usize = 1_000;

/// A search, its input and its results.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    rules: &'a str,
    load: Value,
    notes: &'a [Note],
    model: Model,
    seed: u64,
    /// The number of rule sets tried. Together with the seed, it determines the result.
    candidates: usize,
    plan: &'a str,
    currency: &'a str,
    findings: &'a [Finding],
    /// The comparison of the present rules with recorded numbers of instances, if the load has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
    present: Numbers,
    /// Whether the present rules are recommended.
    keep_present: bool,
    /// The same as `present` if the present rules are recommended.
    recommended: Numbers,
    /// The recommended setting.
    setting: Value,
    changes: Vec<ChangeRecord<'a>>,
    /// Advice that concerns the recommendation.
    advice: Vec<String>,
    front: Vec<RowRecord>,
    rejected: Vec<RejectedRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<ValidationRecord<'a>>,
}

/// The result of a rule set's simulation.
#[derive(Serialize)]
struct Numbers {
    overloaded_minutes: f64,
    /// The cost on the plan.
    cost_per_month: f64,
    instance_hours: f64,
    actions: usize,
    flaps: usize,
    overshoots: usize,
}

#[derive(Serialize)]
struct ChangeRecord<'a> {
    place: &'a str,
    /// Durations are in seconds.
    present: f64,
    proposed: f64,
    /// The result of the recommended rules with the present value; null if that was not simulated, because it
    /// contradicts another value.
    without: Option<Numbers>,
}

#[derive(Serialize)]
struct RowRecord {
    #[serde(flatten)]
    numbers: Numbers,
    present: bool,
    recommended: bool,
    raises_maximum: bool,
}

#[derive(Serialize)]
struct RejectedRecord {
    #[serde(flatten)]
    numbers: Numbers,
    reason: Rejection,
}

#[derive(Serialize)]
struct ValidationRecord<'a> {
    load: &'a str,
    conclusion: &'static str,
    present: Numbers,
    recommended: Numbers,
}

impl<'a> Record<'a> {
    pub(super) fn new(outcome: &'a Outcome<'_>) -> Self {
        let load = &outcome.period.load;
        let seconds = load.seconds();
        let numbers = |measured: &Measured| Numbers::of(measured, outcome, seconds);
        let change = |change: &'a Change| ChangeRecord {
            place: &change.place,
            present: change.present,
            proposed: change.proposed,
            without: change.without.as_ref().map(numbers),
        };
        let proposal = outcome.proposal.as_ref();
        let present = &outcome.judge.present;
        let setting = proposal.map_or(&outcome.rules.setting, |proposal| &proposal.setting);
        let rows = report::rows(outcome);
        let every = rows.len().div_ceil(MOST_ROWS).max(1);
        let rows = rows.iter().enumerate().filter(|(index, row)| {
            index.is_multiple_of(every) || row.is_present || row.is_recommended
        });
        Self {
            rules: &outcome.rules.name,
            load: json!({"name": load.name(), "seconds": seconds}),
            notes: load.notes(),
            model: outcome.period.model,
            seed: outcome.seed,
            candidates: outcome.found.tried,
            plan: &outcome.money.plan,
            currency: &outcome.money.currency,
            findings: &outcome.findings,
            fit: Fit::of(&outcome.replay, load),
            present: numbers(present),
            keep_present: proposal.is_none(),
            recommended: numbers(proposal.map_or(present, |proposal| &proposal.measured)),
            setting: setting.to_arm(),
            changes: proposal
                .map(|proposal| proposal.changes.iter().map(change).collect())
                .unwrap_or_default(),
            advice: report::notes(outcome),
            front: rows
                .map(|(_, row)| RowRecord {
                    numbers: numbers(row.measured),
                    present: row.is_present,
                    recommended: row.is_recommended,
                    raises_maximum: row.raises_maximum,
                })
                .collect(),
            rejected: outcome
                .found
                .rejected
                .iter()
                .map(|(reason, candidate)| RejectedRecord {
                    numbers: numbers(&candidate.measured),
                    reason: *reason,
                })
                .collect(),
            validation: outcome
                .validation
                .as_ref()
                .map(|validation| ValidationRecord {
                    load: &validation.load,
                    conclusion: validation.conclusion(),
                    present: Numbers::of(&validation.present, outcome, validation.seconds),
                    recommended: Numbers::of(&validation.proposed, outcome, validation.seconds),
                }),
        }
    }
}

impl Numbers {
    fn of(measured: &Measured, outcome: &Outcome<'_>, seconds: u64) -> Self {
        Self {
            overloaded_minutes: measured.overloaded_seconds as f64 / 60.0,
            cost_per_month: outcome.money.per_month(measured.instance_seconds, seconds),
            instance_hours: measured.instance_seconds as f64 / 3_600.0,
            actions: measured.actions,
            flaps: measured.flaps,
            overshoots: measured.overshoots,
        }
    }
}
