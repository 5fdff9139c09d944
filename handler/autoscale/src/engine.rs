//! One evaluation of a profile, as Azure Monitor makes it.
//!
//! Sources: the pages "Understand autoscale settings", "Flapping in Autoscale" and "Autoscale best practices" of Azure
//! Monitor's documentation. In their order:
//!
//! 1. A count outside the limits goes back into them at once, whatever the cooldown; that starts no cooldown, as no
//!    rule acted, and the rules have their say at the next evaluation.
//! 2. Without any sample for any rule the count goes up to the default, never down, again whatever the cooldown.
//! 3. If any rule to scale out fires, the largest count that one of them asks for is taken, up to the maximum. At the
//!    maximum nothing happens, and nothing scales in either.
//! 4. Otherwise, if every rule to scale in fires, the largest count that one of them asks for is taken, down to the
//!    minimum, unless that many instances would fire a rule to scale out: then the next larger count is tried, and
//!    below the present count there may be none (the guard against flapping).
//! 5. Within the cooldown of the rule that acted last, rules change nothing.
//!
//! Where the pages are silent: the rule that asked for the count taken is the one that acted, the first of several.
//! A rule without a sample in its window does not fire, so it holds scale-in back. A percentage that is no whole
//! number of instances goes towards more instances, but changes at least one. A rule to scale out never takes
//! instances away, and one to scale in never adds any, whatever `ExactCount` says. The guard multiplies the window's
//! value by present / fewer instances whatever the statistic.

use std::time::Duration;

use super::profile::{Capacity, Change, Direction, Operator, Profile, Rule};
use super::window::{self, History};

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
    /// A rule to scale out fires, but there is no room, or the count that it sets is there already.
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
    decide(profile, read(profile, history), count, last_action, now)
}

/// What each rule of `profile` sees in `history`; the first half of [`evaluate`].
///
/// The cost is that of the windows, whatever the length of the history.
pub fn read(profile: &Profile, history: History<'_>) -> Vec<Reading> {
    let reading = |rule: &Rule| {
        let value = window::value(rule, history);
        let fires = value.is_some_and(|value| rule.operator.holds(value, rule.threshold));
        Reading { value, fires }
    };
    profile.rules.iter().map(reading).collect()
}

/// What follows from the `readings` of the profile's rules; the second half of [`evaluate`].
pub fn decide(
    profile: &Profile,
    readings: Vec<Reading>,
    count: u32,
    last_action: Option<LastAction>,
    now: Duration,
) -> Decision {
    let cooldown_left = last_action.map_or(Duration::ZERO, |last| {
        (last.at + last.cooldown).saturating_sub(now)
    });
    let (to, outcome) = outcome(profile, &readings, count, !cooldown_left.is_zero());
    let cooldown = match outcome {
        Outcome::ScaledOut(rule) | Outcome::ScaledIn(rule) | Outcome::ScaledInLess(rule) => {
            Some(profile.rules[rule].cooldown)
        }
        _ => None,
    };
    Decision {
        to,
        outcome,
        readings,
        cooldown_left,
        cooldown,
    }
}

fn outcome(
    profile: &Profile,
    readings: &[Reading],
    count: u32,
    cooling_down: bool,
) -> (u32, Outcome) {
    let capacity = profile.capacity;
    let limited = capacity.nearest(count.into());
    if limited != count {
        return (limited, Outcome::Limited);
    }
    if !readings.is_empty() && readings.iter().all(|reading| reading.value.is_none()) {
        return match count < capacity.default {
            true => (capacity.default, Outcome::MetricMissing),
            false => (count, Outcome::Unknown),
        };
    }
    let out = wanted(profile, readings, Direction::Increase, count);
    if let Some((rule, wanted)) = out {
        let to = capacity.nearest(wanted);
        return match to > count {
            true if cooling_down => (count, Outcome::CoolingDown(rule)),
            true => (to, Outcome::ScaledOut(rule)),
            false => (count, Outcome::AtMaximum(rule)),
        };
    }
    let holds_back = |(rule, reading): (&Rule, &Reading)| {
        rule.direction == Direction::Decrease && !reading.fires
    };
    if profile.rules.iter().zip(readings).any(holds_back) {
        return (count, Outcome::Steady);
    }
    let Some((rule, wanted)) = wanted(profile, readings, Direction::Decrease, count) else {
        return (count, Outcome::Steady);
    };
    let to = capacity.nearest(wanted);
    if to >= count {
        return (count, Outcome::AtMinimum(rule));
    }
    if cooling_down {
        return (count, Outcome::CoolingDown(rule));
    }
    let mut forbidding = None;
    for fewer in to..count {
        match fires_again(profile, readings, count, fewer) {
            Some(rule) => forbidding = Some(rule),
            None if forbidding.is_none() => return (fewer, Outcome::ScaledIn(rule)),
            None => return (fewer, Outcome::ScaledInLess(rule)),
        }
    }
    (count, forbidding.map_or(Outcome::Steady, Outcome::Flapping))
}

/// The largest count that a firing rule of this direction asks for, and which rule does; the first of several.
fn wanted(
    profile: &Profile,
    readings: &[Reading],
    direction: Direction,
    count: u32,
) -> Option<(usize, i64)> {
    let mut largest: Option<(usize, i64)> = None;
    for (index, (rule, reading)) in profile.rules.iter().zip(readings).enumerate() {
        let asked = rule.asks_for(count);
        if rule.direction == direction
            && reading.fires
            && largest.is_none_or(|(_, most)| asked > most)
        {
            largest = Some((index, asked));
        }
    }
    largest
}

/// A rule to scale out that would fire with `fewer` instances than `count` under the same load.
fn fires_again(profile: &Profile, readings: &[Reading], count: u32, fewer: u32) -> Option<usize> {
    profile
        .rules
        .iter()
        .zip(readings)
        .position(|(rule, reading)| {
            let projected = reading
                .value
                .map(|value| window::settled(value * f64::from(count) / f64::from(fewer)));
            rule.direction == Direction::Increase
                && projected.is_some_and(|projected| rule.operator.holds(projected, rule.threshold))
        })
}

impl Rule {
    /// The count that this rule sets when it fires at `count`, before the limits: it may be less than none.
    pub(super) fn asks_for(&self, count: u32) -> i64 {
        let count = i64::from(count);
        let share = |percent: u32| count * i64::from(percent);
        match (self.direction, self.change) {
            (Direction::Increase, Change::Count(more)) => count + i64::from(more),
            (Direction::Decrease, Change::Count(less)) => count - i64::from(less),
            (Direction::Increase, Change::PercentCount(percent)) => {
                // Rounded up, as towards more instances.
                count + ((share(percent) + 99) / 100).max(1)
            }
            (Direction::Decrease, Change::PercentCount(percent)) => {
                count - (share(percent) / 100).max(1)
            }
            (Direction::Increase, Change::ExactCount(exact)) => count.max(i64::from(exact)),
            (Direction::Decrease, Change::ExactCount(exact)) => count.min(i64::from(exact)),
        }
    }
}

impl Capacity {
    /// The count within the limits that is nearest to the one asked for.
    pub(super) fn nearest(self, asked: i64) -> u32 {
        let nearest = asked.clamp(self.minimum.into(), self.maximum.into());
        u32::try_from(nearest).expect("the limits are counts")
    }
}

impl Operator {
    /// Whether `value` stands so to `threshold`.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Equals => value == threshold,
            Self::NotEquals => value != threshold,
            Self::GreaterThan => value > threshold,
            Self::GreaterThanOrEqual => value >= threshold,
            Self::LessThan => value < threshold,
            Self::LessThanOrEqual => value <= threshold,
        }
    }
}
