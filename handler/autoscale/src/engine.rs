//! One evaluation of a profile, as Azure Monitor makes it.
//!
//! Sources: the pages "Understand autoscale settings" (version of 2026-08-19), "Flapping in Autoscale" and "Autoscale
//! best practices" of Azure Monitor's documentation. In their order:
//!
//! 1. A count outside the limits moves to the nearest limit at once. The rules are evaluated the next time.
//! 2. If no rule has a sample in its window, the count moves up to the default, never down.
//! 3. A rule waits until its own cooldown has passed since the most recent action of any rule, in any direction. A rule
//!    that waits is not evaluated: it does not fire, and as a scale-in rule it does not count as true. Steps 1 and 2
//!    neither wait for a cooldown nor start one.
//! 4. If any scale-out rule fires, the largest count that one of them asks for is taken, up to the maximum. At the
//!    maximum nothing happens, and nothing scales in either.
//! 5. Otherwise, if every scale-in rule fires, the largest count that one of them asks for is taken, down to the
//!    minimum, unless that many instances would fire a scale-out rule, whether it waits or not. Then the next larger
//!    count is tried, and there may be none below the present count (the flapping check).
//!
//! Where the pages are silent: of several rules that ask for the count taken, the first one acted. A rule without a
//! sample in its window does not fire, so it holds scale-in back. A percentage that is no whole number of instances is
//! rounded towards more instances, but changes at least one. A scale-out rule never removes instances, and a scale-in
//! rule never adds any, whatever `ExactCount` says. A rule without a direction that sets an exact count is a scale-out
//! rule below that count and a scale-in rule above it.
//!
//! The flapping check multiplies the window's value by present / fewer instances, as the page on flapping does. By
//! arithmetic, a sum over the instances stays the same when instances leave, a count of samples falls, and a metric of
//! another resource does not depend on the instances at all; divided by the instances, each of them grows again. Azure's
//! own estimate for these is not documented.

use std::time::Duration;

use super::profile::{Capacity, Change, Direction, Metric, Operator, Profile, Rule, Statistic};
use super::window::{self, History};

/// What a rule saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The window's value; `None` without a sample in it.
    pub value: Option<f64>,
    /// Whether the rule's condition holds.
    pub holds: bool,
    /// What is left of the rule's cooldown; zero when it is over. A rule that waits does not fire.
    pub waits: Duration,
}

impl Reading {
    /// Whether the rule fires: its condition holds, and its cooldown is over.
    pub fn fires(&self) -> bool {
        self.holds && self.waits.is_zero()
    }
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
}

impl Decision {
    /// Whether a rule changed the count, which starts every rule's cooldown.
    pub fn starts_cooldown(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::ScaledOut(_) | Outcome::ScaledIn(_) | Outcome::ScaledInLess(_)
        )
    }
}

/// Why the count changes, or why not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Out, by the rule of this index.
    ScaledOut(usize),
    /// In, by the rule of this index.
    ScaledIn(usize),
    /// In, by the rule of this index, but less far, because the flapping check forbade the rest.
    ScaledInLess(usize),
    /// Back into the limits.
    Limited,
    /// Up to the default, because no metric can be read.
    MetricMissing,
    /// The condition of the rule of this index holds, but its cooldown is not over.
    CoolingDown(usize),
    /// A scale-out rule fires, but there is no room, or the count that it sets is there already.
    AtMaximum(usize),
    /// All scale-in rules fire, but there is nothing to remove.
    AtMinimum(usize),
    /// All scale-in rules fire, but fewer instances would fire the scale-out rule of this index.
    Flapping(usize),
    /// A scale-in rule fires, but the scale-in rule of this index does not.
    HeldBack(usize),
    /// No rule fires.
    Steady,
    /// No metric can be read, and there are instances enough.
    Unknown,
}

/// Evaluates `profile`, whose rules look at `metrics`, for `count` instances at `now`. The last time that a rule changed
/// the count was `last_action`.
pub fn evaluate(
    (profile, metrics): (&Profile, &[Metric]),
    history: History<'_>,
    count: u32,
    last_action: Option<Duration>,
    now: Duration,
) -> Decision {
    let values = read(profile, history, count);
    decide((profile, metrics), &values, count, last_action, now)
}

/// The value that each rule of `profile` sees in `history`; the first half of [`evaluate`].
///
/// The cost is that of the windows, whatever the length of the history.
pub fn read(profile: &Profile, history: History<'_>, count: u32) -> Vec<Option<f64>> {
    let rules = profile.rules.iter();
    rules
        .map(|rule| window::value(rule, history, count))
        .collect()
}

/// What follows from the values that the profile's rules see; the second half of [`evaluate`].
pub fn decide(
    (profile, metrics): (&Profile, &[Metric]),
    values: &[Option<f64>],
    count: u32,
    last_action: Option<Duration>,
    now: Duration,
) -> Decision {
    let reading = |(rule, value): (&Rule, &Option<f64>)| Reading {
        value: *value,
        holds: value.is_some_and(|value| rule.operator.holds(value, rule.threshold)),
        waits: last_action.map_or(Duration::ZERO, |at| {
            at.saturating_add(rule.cooldown).saturating_sub(now)
        }),
    };
    let readings: Vec<Reading> = profile.rules.iter().zip(values).map(reading).collect();
    let evaluation = Evaluation {
        profile,
        metrics,
        readings: &readings,
        count,
    };
    let (to, outcome) = evaluation.outcome();
    Decision {
        to,
        outcome,
        readings,
    }
}

struct Evaluation<'a> {
    profile: &'a Profile,
    metrics: &'a [Metric],
    readings: &'a [Reading],
    count: u32,
}

impl<'a> Evaluation<'a> {
    fn outcome(&self) -> (u32, Outcome) {
        let (count, capacity) = (self.count, self.profile.capacity);
        let limited = capacity.nearest(count.into());
        if limited != count {
            return (limited, Outcome::Limited);
        }
        let unread = self.readings.iter().all(|reading| reading.value.is_none());
        if !self.readings.is_empty() && unread {
            return match count < capacity.default {
                true => (capacity.default, Outcome::MetricMissing),
                false => (count, Outcome::Unknown),
            };
        }
        if let Some((rule, wanted)) = self.wanted(Direction::Increase) {
            let to = capacity.nearest(wanted);
            return match to > count {
                true => (to, Outcome::ScaledOut(rule)),
                false => (count, Outcome::AtMaximum(rule)),
            };
        }
        let waiting_out = self
            .of(Direction::Increase)
            .find(|(_, reading)| reading.holds);
        match self.scale_in() {
            // Only a change is worth more than the rule that would act if it did not wait.
            (to, outcome) if to != count => (to, outcome),
            (_, outcome) => (
                count,
                waiting_out.map_or(outcome, |(rule, _)| self.waiting(rule)),
            ),
        }
    }

    /// Why a rule whose condition holds does nothing while it waits: a limit would forbid it anyway, or its cooldown.
    fn waiting(&self, rule: usize) -> Outcome {
        let asked = self.profile.rules[rule].asks_for(self.count);
        if self.profile.capacity.nearest(asked) != self.count {
            return Outcome::CoolingDown(rule);
        }
        match self.profile.rules[rule].direction_at(self.count) {
            Direction::Increase => Outcome::AtMaximum(rule),
            _ => Outcome::AtMinimum(rule),
        }
    }

    fn scale_in(&self) -> (u32, Outcome) {
        let count = self.count;
        let mut inward = self.of(Direction::Decrease);
        if let Some((held_by, _)) = self.of(Direction::Decrease).find(|(_, one)| !one.holds) {
            let another = inward.any(|(_, reading)| reading.holds);
            return match another {
                true => (count, Outcome::HeldBack(held_by)),
                false => (count, Outcome::Steady),
            };
        }
        if let Some((rule, _)) = inward.find(|(_, reading)| !reading.fires()) {
            return (count, self.waiting(rule));
        }
        let Some((rule, wanted)) = self.wanted(Direction::Decrease) else {
            return (count, Outcome::Steady);
        };
        let to = self.profile.capacity.nearest(wanted);
        if to >= count {
            return (count, Outcome::AtMinimum(rule));
        }
        let mut forbidding = None;
        for fewer in to..count {
            match self.fires_again(fewer) {
                Some(rule) => forbidding = Some(rule),
                None if forbidding.is_none() => return (fewer, Outcome::ScaledIn(rule)),
                None => return (fewer, Outcome::ScaledInLess(rule)),
            }
        }
        (count, forbidding.map_or(Outcome::Steady, Outcome::Flapping))
    }

    /// The rules that scale in this direction at the present count, with their index.
    fn of(&self, direction: Direction) -> impl Iterator<Item = (usize, &'a Reading)> {
        let (count, profile) = (self.count, self.profile);
        let all = self.readings.iter().enumerate();
        all.filter(move |(index, _)| profile.rules[*index].direction_at(count) == direction)
    }

    /// The largest count that a firing rule of this direction asks for, and which rule does; the first of several.
    fn wanted(&self, direction: Direction) -> Option<(usize, i64)> {
        let mut largest: Option<(usize, i64)> = None;
        for (index, _) in self.of(direction).filter(|(_, reading)| reading.fires()) {
            let asked = self.profile.rules[index].asks_for(self.count);
            if largest.is_none_or(|(_, most)| asked > most) {
                largest = Some((index, asked));
            }
        }
        largest
    }

    /// A scale-out rule whose condition would hold with `fewer` instances under the same load.
    fn fires_again(&self, fewer: u32) -> Option<usize> {
        let rules = self.profile.rules.iter().zip(self.readings).enumerate();
        let mut out =
            rules.filter(|(_, (rule, _))| rule.direction_at(fewer) == Direction::Increase);
        out.find(|(_, (rule, reading))| {
            let projected = reading
                .value
                .map(|value| rule.projected(self.metrics, value, self.count, fewer));
            projected.is_some_and(|projected| rule.operator.holds(projected, rule.threshold))
        })
        .map(|(index, _)| index)
    }
}

impl Rule {
    /// What this rule would see with `fewer` instances under the same load, if it sees `value` with `count`.
    pub fn projected(&self, metrics: &[Metric], value: f64, count: u32, fewer: u32) -> f64 {
        let elsewhere = metrics
            .get(self.metric)
            .is_some_and(|metric| metric.resource.is_some());
        let shared = match self.statistic {
            _ if self.divide_per_instance => f64::from(count) / f64::from(fewer),
            _ if elsewhere => 1.0,
            Statistic::Sum => 1.0,
            Statistic::Count => f64::from(fewer) / f64::from(count),
            _ => f64::from(count) / f64::from(fewer),
        };
        // Nothing, shared by no instance, stays nothing.
        if value == 0.0 {
            value
        } else {
            window::settled(value * shared)
        }
    }

    /// Which way this rule changes `count`; [`Direction::None`] if it does not.
    pub fn direction_at(&self, count: u32) -> Direction {
        match (self.direction, self.change) {
            (Direction::None, Change::ExactCount(exact)) if exact > count => Direction::Increase,
            (Direction::None, Change::ExactCount(exact)) if exact < count => Direction::Decrease,
            (direction, _) => direction,
        }
    }

    /// The count that this rule sets when it fires at `count`, before the limits: it may be less than none.
    pub(super) fn asks_for(&self, count: u32) -> i64 {
        let direction = self.direction_at(count);
        let count = i64::from(count);
        let share = |percent: u32| count * i64::from(percent);
        match (direction, self.change) {
            (Direction::None, _) => count,
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
            (Direction::Increase, Change::NextAllowed) => count + 1,
            (Direction::Decrease, Change::NextAllowed) => count - 1,
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
