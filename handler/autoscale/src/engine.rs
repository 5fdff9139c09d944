//! Evaluates a profile once, as Azure Monitor does.
//!
//! Sources: the pages "Understand autoscale settings" (version of 2026-08-19), "Flapping in Autoscale", and
//! "Autoscale best practices" of Azure Monitor's documentation. The steps are:
//!
//! 1. A count outside the limits moves to the nearest limit at once. The rules are evaluated the next time.
//! 2. If no rule has a sample in its window, the count moves up to the default, but never down.
//! 3. A rule waits until its own cooldown has passed since the last action of any rule, in any direction. A rule
//!    that waits is not evaluated: it does not fire, and a waiting scale-in rule does not count as true. Steps 1
//!    and 2 neither wait for a cooldown nor start one.
//! 4. If any scale-out rule fires, the count becomes the largest that one of them requests, up to the maximum. At the
//!    maximum nothing changes, and nothing scales in either.
//! 5. Otherwise, if every scale-in rule fires, the count becomes the largest that one of them requests, down to the
//!    minimum. If a scale-out rule, waiting or not, would fire with that many instances, the next larger count is
//!    tried. If no count below the current one remains, nothing changes (the flapping check).
//!
//! Assumptions where the pages say nothing: if several rules request the resulting count, the first of them acted. A
//! rule without a sample in its window does not fire, so it prevents scale-in. A percentage that is not a whole
//! number of instances is rounded towards more instances, but changes the count by at least one. A scale-out rule
//! never removes instances, and a scale-in rule never adds any, whatever `ExactCount` says. A rule without a
//! direction that sets an exact count is a scale-out rule below that count and a scale-in rule above it.
//!
//! The flapping check multiplies the window's value by current / fewer instances, as the page on flapping does. By
//! arithmetic, a sum over the instances stays the same when instances are removed, a count of samples decreases, and
//! a metric of another resource does not depend on the instances at all. Divided by the number of instances, each of
//! them increases again. Azure's own estimate for these metrics is not documented.

use std::time::Duration;

use super::profile::{Capacity, Change, Direction, Metric, Operator, Profile, Rule, Statistic};
use super::window::{self, History};

/// The input of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The value of the window; `None` if it contains no sample.
    pub value: Option<f64>,
    /// Whether the rule's condition holds.
    pub holds: bool,
    /// The time left of the rule's cooldown; zero if it has passed. A rule that waits does not fire.
    pub waits: Duration,
}

impl Reading {
    /// Whether the rule fires: its condition holds, and its cooldown has passed.
    pub fn fires(&self) -> bool {
        self.holds && self.waits.is_zero()
    }
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The count wanted from now on.
    pub to: u32,
    /// The reason.
    pub outcome: Outcome,
    /// The input of each rule, in the profile's order.
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
    /// The rule with this index added instances.
    ScaledOut(usize),
    /// The rule with this index removed instances.
    ScaledIn(usize),
    /// The rule with this index removed fewer instances than it requests, because of the flapping check.
    ScaledInLess(usize),
    /// The count moves back into the limits.
    Limited,
    /// The count moves up to the default, because no metric can be read.
    MetricMissing,
    /// The condition of the rule with this index holds, but its cooldown has not passed.
    CoolingDown(usize),
    /// A scale-out rule fires, but the maximum is reached, or the count is already the one that the rule sets.
    AtMaximum(usize),
    /// All scale-in rules fire, but no instance may be removed.
    AtMinimum(usize),
    /// All scale-in rules fire, but with fewer instances the scale-out rule with this index would fire.
    Flapping(usize),
    /// A scale-in rule fires, but the scale-in rule with this index does not.
    HeldBack(usize),
    /// No rule fires.
    Steady,
    /// No metric can be read, and there are enough instances.
    Unknown,
}

/// Evaluates `profile`, whose rules use `metrics`, for `count` instances at `now`. `last_action` is the last time
/// that a rule changed the count.
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

/// The value of each rule of `profile` in `history`; the first half of [`evaluate`].
///
/// The cost depends on the windows, not on the length of the history.
pub fn read(profile: &Profile, history: History<'_>, count: u32) -> Vec<Option<f64>> {
    let rules = profile.rules.iter();
    rules
        .map(|rule| window::value(rule, history, count))
        .collect()
}

/// The decision for the rules' values; the second half of [`evaluate`].
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
            // A change takes precedence over a rule that would act if it did not wait.
            (to, outcome) if to != count => (to, outcome),
            (_, outcome) => (
                count,
                waiting_out.map_or(outcome, |(rule, _)| self.waiting(rule)),
            ),
        }
    }

    /// Why a rule whose condition holds does nothing while it waits: because of a limit, or otherwise because of its
    /// cooldown.
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

    /// The rules that scale in this direction at the current count, with their index.
    fn of(&self, direction: Direction) -> impl Iterator<Item = (usize, &'a Reading)> {
        let (count, profile) = (self.count, self.profile);
        let all = self.readings.iter().enumerate();
        all.filter(move |(index, _)| profile.rules[*index].direction_at(count) == direction)
    }

    /// The largest count that a firing rule of this direction requests, and the index of the first such rule.
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
    /// The value that this rule would have with `fewer` instances under the same load, if it has `value` with
    /// `count`.
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
        // Zero stays zero, even if no instance shares it.
        if value == 0.0 {
            value
        } else {
            window::settled(value * shared)
        }
    }

    /// The direction in which this rule changes `count`; [`Direction::None`] if it does not change it.
    pub fn direction_at(&self, count: u32) -> Direction {
        match (self.direction, self.change) {
            (Direction::None, Change::ExactCount(exact)) if exact > count => Direction::Increase,
            (Direction::None, Change::ExactCount(exact)) if exact < count => Direction::Decrease,
            (direction, _) => direction,
        }
    }

    /// The count that this rule requests when it fires at `count`, before the limits apply. It may be negative.
    pub(super) fn asks_for(&self, count: u32) -> i64 {
        let direction = self.direction_at(count);
        let count = i64::from(count);
        let share = |percent: u32| count * i64::from(percent);
        match (direction, self.change) {
            (Direction::None, _) => count,
            (Direction::Increase, Change::Count(more)) => count + i64::from(more),
            (Direction::Decrease, Change::Count(less)) => count - i64::from(less),
            (Direction::Increase, Change::PercentCount(percent)) => {
                // Rounded up, towards more instances.
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
    /// The count within the limits that is nearest to the requested one.
    pub(super) fn nearest(self, asked: i64) -> u32 {
        let nearest = asked.clamp(self.minimum.into(), self.maximum.into());
        u32::try_from(nearest).expect("the limits are counts")
    }
}

impl Operator {
    /// Whether it is true above the threshold only.
    pub fn is_above(self) -> bool {
        matches!(self, Self::GreaterThan | Self::GreaterThanOrEqual)
    }

    /// Whether it is true below the threshold only.
    pub fn is_below(self) -> bool {
        matches!(self, Self::LessThan | Self::LessThanOrEqual)
    }

    /// Whether `value` compares to `threshold` in this way.
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
