//! The input and the result of a simulation.

use autoscale::Setting;
use recorded_load::Load;
use serde::Serialize;

use crate::model::Model;
use crate::shortage::Shortage;
use crate::standstill::Standstill;

/// Rules, a load, and its start.
#[derive(Debug, Clone, Copy)]
pub struct Scenario<'a> {
    /// The rules.
    pub setting: &'a Setting,
    /// The load on the fleet.
    pub load: &'a Load,
    /// The assumptions about the platform.
    pub model: Model,
    /// The time of second 0, in seconds since 1970 in UTC. Profiles with a calendar depend on it.
    pub start: i64,
}

/// The result of the rules with this load.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    /// The length of the simulation, in virtual time.
    pub seconds: u64,
    /// The count at the start: the default of the active profile.
    pub initial: u32,
    /// The index of that profile; of the first profile if none is active.
    pub first_profile: usize,
    /// Changes of the count, in order.
    pub actions: Vec<Action>,
    /// Why the count did not change, in order, with a new entry for each new reason.
    pub stood_still: Vec<Standstill>,
    /// Each whole minute, in order.
    pub minutes: Vec<Sample>,
    /// Instances that became ready, in order.
    pub arrivals: Vec<Arrival>,
    /// Spans in which the load was above 100% of all ready instances.
    pub shortages: Vec<Shortage>,
    /// The number of wanted instances, ready or not, times seconds. This time is paid for.
    pub instance_seconds: u64,
    /// The number of evaluations.
    pub evaluations: u64,
    /// Evaluations in which the flapping check prevented a scale-in, in full or in part.
    pub held_back: u64,
}

/// A change of the count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    /// When.
    pub at_seconds: u64,
    /// The count before.
    pub from: u32,
    /// The count after.
    pub to: u32,
    /// What changed it.
    pub cause: Cause,
    /// The name of the active profile.
    pub profile: String,
    /// One sentence with the numbers.
    pub reason: String,
    /// The mean load in the window of the rule that acted; `None` if no rule acted.
    #[serde(skip)]
    pub load_seen: Option<f64>,
    /// Instances that were ready right after it.
    #[serde(skip)]
    pub ready: u32,
    /// Since when the CPU was above the threshold for a scale-out; `None` if it was not, or if this is a scale-in.
    #[serde(skip)]
    pub called_since: Option<u64>,
}

/// What changed the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A rule.
    Rule,
    /// The limits of a profile that became active at this evaluation.
    Profile,
    /// The limits of the active profile.
    Limits,
    /// No metric could be read, so the count was raised to the default.
    Default,
}

/// One whole minute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// When the minute ended.
    pub at_seconds: u64,
    /// Mean load in percent of one instance.
    pub load: f64,
    /// Mean CPU of the ready instances.
    pub cpu_percent: f64,
    /// Instances ready at its end.
    pub ready: u32,
    /// Instances wanted at its end.
    pub count: u32,
}

/// Instances that became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at_seconds: u64,
    /// The number of ready instances from then on.
    pub ready: u32,
}

impl Simulation {
    /// Seconds in which the load was above 100% of all ready instances.
    pub fn overloaded_seconds(&self) -> u64 {
        self.shortages.iter().map(Shortage::seconds).sum()
    }

    /// The longest of these spans.
    pub fn longest_overload(&self) -> u64 {
        let lengths = self.shortages.iter().map(Shortage::seconds);
        lengths.max().unwrap_or_default()
    }
}
