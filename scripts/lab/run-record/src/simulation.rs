//! What the record of a simulation holds beyond that of a run.
//!
//! Times are seconds from the start of the simulation, unless a field says otherwise.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What `lab simulate` knows of its rules, its calendar and its outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimulationRecord {
    /// The local clock, from each of these moments on; empty where the load has no date.
    pub clock: Vec<ClockReading>,
    /// The time zone of that clock, in words.
    pub time_zone: String,
    /// The numbers by which two rule files are compared.
    pub outcome: SimulationOutcome,
    /// The profiles of the rule file, in its order.
    pub profiles: Vec<ProfileRecord>,
    /// Which of them applied when, in order.
    pub applied: Vec<AppliedProfile>,
    /// Why the number of instances stayed as it was, in order.
    pub stood_still: Vec<StandstillRecord>,
    /// What the reader of the rule file and the simulation noticed.
    pub findings: Vec<FindingRecord>,
    /// What was assumed of the load, and what makes the outcome less certain.
    pub load_notes: Vec<String>,
}

/// What a local clock shows at a moment.
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
    /// `good`, `at maximum`, `overloaded`, `overshoot` or `flapping`: the worst that happened.
    pub verdict: String,
    /// Minutes in which the load was more than the ready instances could carry.
    pub overloaded_minutes: f64,
    /// For a month that goes on like this, one entry for each plan.
    pub costs: Vec<CostRecord>,
    /// Such as `USD`.
    pub currency: String,
}

/// What a fleet costs on a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CostRecord {
    /// Such as `P0v3`.
    pub plan: String,
    /// In the outcome's currency.
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
    /// Its rules, as `/api/instances` gives them.
    pub rules: Value,
    /// Its limits (`minimum`, `maximum`, `default`), as `/api/instances` gives them.
    pub capacity: Value,
}

/// A span of time in which a profile applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppliedProfile {
    /// When it began to apply.
    pub from: f64,
    /// When another one did, or the end.
    pub to: f64,
    /// Its index among the profiles; null where none applied.
    pub profile: Option<usize>,
}

/// A span of time in which the number of instances stayed as it was for one reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StandstillRecord {
    /// The evaluation that found the reason.
    pub from: f64,
    /// The evaluation that found another one, or the end.
    pub to: f64,
    /// The number of instances.
    pub count: u32,
    /// A word for the reason, such as `cooldown` or `maximum`.
    pub cause: String,
    /// One sentence with the values as they were at `from`.
    pub reason: String,
}

/// Something that the reader of the rule file or the simulation noticed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingRecord {
    /// `cannot be simulated`, `assumed` or `ignored`.
    pub kind: String,
    /// The place in the rule file; empty where the whole file is meant.
    pub place: String,
    /// What is there, and how it is treated.
    pub message: String,
    /// The command or the edit that resolves it.
    pub remedy: String,
}
