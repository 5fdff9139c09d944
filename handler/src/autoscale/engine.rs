//! One evaluation of a profile, as Azure Monitor makes it.

use std::time::Duration;

use super::profile::Profile;

/// The metric over one minute, over all ready instances. Times are spans since a start of the caller's choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// When the minute ended.
    pub end: Duration,
    /// Mean over the instances.
    pub average: f64,
    /// The lowest instance's value.
    pub minimum: f64,
    /// The highest instance's value.
    pub maximum: f64,
    /// Instances that gave a value; more than none.
    pub instances: u32,
}

/// What can be seen of the metric.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// The oldest first.
    pub minutes: &'a [Minute],
    /// Windows end here: now, less the metric's lag.
    pub until: Duration,
}

/// The last time that the count was changed by a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAction {
    /// When.
    pub at: Duration,
    /// The cooldown of the rule that acted.
    pub cooldown: Duration,
}

/// What a rule saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The window's value; `None` without a sample in it.
    pub value: Option<f64>,
    /// Whether the rule fires.
    pub fires: bool,
}

/// What an evaluation came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The count wanted from now on.
    pub to: u32,
    /// Why.
    pub outcome: Outcome,
    /// What each rule saw, in the profile's order.
    pub readings: Vec<Reading>,
    /// What is left of the last action's cooldown, zero when it is over.
    pub cooldown_left: Duration,
    /// The cooldown that this decision starts; `None` when it starts none.
    pub cooldown: Option<Duration>,
}

/// Why the count changes, or why not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Out, by the rule of this index.
    ScaledOut(usize),
    /// In, by the rule of this index.
    ScaledIn(usize),
    /// In, by the rule of this index, but less far, because the guard against flapping forbade the rest.
    ScaledInLess(usize),
    /// Back into the limits.
    Limited,
    /// Up to the default, because the metric cannot be read.
    MetricMissing,
    /// A rule fires, but the last action's cooldown is not over.
    CoolingDown(usize),
    /// A rule to scale out fires, but there is no room.
    AtMaximum(usize),
    /// All rules to scale in fire, but there is nothing to take away.
    AtMinimum(usize),
    /// All rules to scale in fire, but fewer instances would fire the rule to scale out of this index.
    Flapping(usize),
    /// No rule fires.
    Steady,
    /// The metric cannot be read, and there are instances enough.
    Unknown,
}

/// Evaluates `profile` for `count` instances at `now`.
pub fn evaluate(
    profile: &Profile,
    history: History<'_>,
    count: u32,
    last_action: Option<LastAction>,
    now: Duration,
) -> Decision {
    let _ = (history, last_action, now);
    Decision {
        to: count.clamp(profile.capacity.minimum, profile.capacity.maximum),
        outcome: Outcome::Unknown,
        readings: Vec::new(),
        cooldown_left: Duration::ZERO,
        cooldown: None,
    }
}
