//! The additional data in the record of a simulation.
//!
//! Times are seconds from the start of the simulation, unless a field says otherwise.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The data of `lab simulate` about its rules, its calendar, and its outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimulationRecord {
    /// The local clock at these moments and after them; empty if the load has no date.
    pub clock: Vec<ClockReading>,
    /// The time zone of that clock, in words.
    pub time_zone: String,
    /// The numbers for comparing two rule files.
    pub outcome: SimulationOutcome,
    /// The profiles of the rule file, in its order.
    pub profiles: Vec<ProfileRecord>,
    /// When each of them applied, in order.
    pub applied: Vec<AppliedProfile>,
    /// Why the number of instances did not change, in order.
    pub stood_still: Vec<StandstillRecord>,
    /// The findings of the rule file's reader and of the simulation.
    pub findings: Vec<FindingRecord>,
    /// The assumptions about the load, and what makes the outcome less certain.
    pub load_notes: Vec<String>,
}

/// The reading of a local clock at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClockReading {
    /// When.
    pub at: f64,
    /// Seconds since 1970-01-01T00:00 on the local clock.
    pub local_seconds: i64,
}

/// The numbers of a simulation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimulationOutcome {
    /// `good`, `at maximum`, `overloaded`, `overshoot`, or `flapping`: the worst that happened.
    pub verdict: String,
    /// Minutes in which the load exceeded the capacity of the ready instances.
    pub overloaded_minutes: f64,
    /// The cost of a month with this load, one entry per plan.
    pub costs: Vec<CostRecord>,
    /// For example `USD`.
    pub currency: String,
}

/// The cost of a fleet on a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CostRecord {
    /// For example `P0v3`.
    pub plan: String,
    /// The cost in the outcome's currency.
    pub per_month: f64,
}

/// A profile of the rule file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileRecord {
    /// Its name.
    pub name: String,
    /// When it applies, in words.
    pub when: String,
    /// Its rules, in the form of `/api/instances`.
    pub rules: Value,
    /// Its limits (`minimum`, `maximum`, `default`), in the form of `/api/instances`.
    pub capacity: Value,
}

/// A span of time in which a profile applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppliedProfile {
    /// When it began to apply.
    pub from: f64,
    /// When another one began to apply, or the end.
    pub to: f64,
    /// Its index among the profiles; null if none applied.
    pub profile: Option<usize>,
}

/// A span of time in which the number of instances did not change for the same reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StandstillRecord {
    /// The time of the evaluation that found the reason.
    pub from: f64,
    /// The time of the evaluation that found another reason, or the end.
    pub to: f64,
    /// The number of instances.
    pub count: u32,
    /// One word for the reason, such as `cooldown` or `maximum`.
    pub cause: String,
    /// One sentence with the values at `from`.
    pub reason: String,
}

/// A finding of the rule file's reader or of the simulation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingRecord {
    /// `cannot be simulated`, `assumed`, or `ignored`.
    pub kind: String,
    /// The place in the rule file; empty if it is about the whole file.
    pub place: String,
    /// What was found, and how it is treated.
    pub message: String,
    /// The command or the edit that resolves it.
    pub remedy: String,
}
