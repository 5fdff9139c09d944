//! Decisions and rules in one sentence each, for people.

use super::duration;
use super::engine::{Decision, Outcome};
use super::profile::{Aggregation, Change, Direction, Operator, Profile, Rule, Statistic};

impl Decision {
    /// One sentence with the figures: why `from` instances become [`Decision::to`], or why they stay.
    pub fn describe(&self, profile: &Profile, from: u32) -> String {
        let to = self.to;
        let capacity = profile.capacity;
        let seen = |index: usize| self.seen(profile, index);
        let rule = |index: usize| &profile.rules[index];
        match self.outcome {
            Outcome::ScaledOut(index) if rule(index).asks_for(from) > to.into() => {
                format!("{}: out from {from} to {to}, the maximum", seen(index))
            }
            Outcome::ScaledOut(index) => format!("{}: out from {from} to {to}", seen(index)),
            Outcome::ScaledIn(index) => format!("{}: in from {from} to {to}", seen(index)),
            Outcome::ScaledInLess(index) => format!(
                "{}: in from {from} to {to} and not to {}, where scale-out would follow (flapping)",
                seen(index),
                capacity.nearest(rule(index).asks_for(from)),
            ),
            Outcome::Limited => {
                format!(
                    "{from} is outside the limits {} to {}: set to {to}",
                    capacity.minimum, capacity.maximum
                )
            }
            Outcome::MetricMissing => {
                format!("no sample of the metric: out from {from} to the default of {to}")
            }
            Outcome::CoolingDown(index) => format!(
                "{}, but {} of the cooldown are left: stays at {from}",
                seen(index),
                duration::in_words(self.cooldown_left),
            ),
            Outcome::AtMaximum(index) if from == capacity.maximum => {
                format!("{}, but {from} is the maximum", seen(index))
            }
            Outcome::AtMaximum(index) => {
                format!(
                    "{}, but the rule asks for {} and there are {from}",
                    seen(index),
                    rule(index).change.value()
                )
            }
            Outcome::AtMinimum(index) if from == capacity.minimum => {
                format!("{}, but {from} is the minimum", seen(index))
            }
            Outcome::AtMinimum(index) => {
                format!(
                    "{}, but the rule asks for {} and there are {from}",
                    seen(index),
                    rule(index).change.value()
                )
            }
            Outcome::Flapping(index) => {
                let value = self.readings[index].value.unwrap_or_default();
                let fewer = from.saturating_sub(1).max(1);
                let projected = value * f64::from(from) / f64::from(fewer);
                format!(
                    "scale-in fires, but with {fewer} instead of {from} the {} would be {}, {}: stays at {from} (flapping)",
                    measured(rule(index)),
                    percent(projected, rule(index).threshold),
                    compared(rule(index)),
                )
            }
            Outcome::Steady => match self
                .readings
                .iter()
                .position(|reading| reading.value.is_some())
            {
                Some(index) => {
                    let value = self.readings[index].value.unwrap_or_default();
                    let shown = percent(value, rule(index).threshold);
                    format!(
                        "{} {shown}: no rule asks for a change",
                        measured(rule(index))
                    )
                }
                None => "no rule asks for a change".to_owned(),
            },
            Outcome::Unknown => format!("no sample of the metric: stays at {from}"),
        }
    }

    fn seen(&self, profile: &Profile, index: usize) -> String {
        let rule = &profile.rules[index];
        let value = self.readings[index].value.unwrap_or_default();
        format!(
            "{} {} is {}",
            measured(rule),
            percent(value, rule.threshold),
            compared(rule)
        )
    }
}

impl Rule {
    /// Such as `adds 1 when average CPU over 5 minutes is above 70 %, cooldown 5 minutes`.
    pub fn describe(&self) -> String {
        let verb = match self.direction {
            Direction::Increase => "adds",
            Direction::Decrease => "removes",
        };
        let change = match (self.direction, self.change) {
            (_, Change::Count(count)) => format!("{verb} {count}"),
            (_, Change::PercentCount(percent)) => format!("{verb} {percent} %"),
            (Direction::Increase, Change::ExactCount(count)) => format!("raises to {count}"),
            (Direction::Decrease, Change::ExactCount(count)) => format!("lowers to {count}"),
        };
        let cooldown = duration::in_words(self.cooldown);
        format!(
            "{change} when {} is {}, cooldown {cooldown}",
            measured(self),
            compared(self)
        )
    }
}

/// Such as `average CPU over 5 minutes`.
fn measured(rule: &Rule) -> String {
    let window = duration::in_words(rule.time_window);
    match (rule.time_aggregation, rule.statistic) {
        (Aggregation::Average, Statistic::Average) => format!("average CPU over {window}"),
        (aggregation, statistic) => {
            format!(
                "CPU over {window} ({} of the minutes' {})",
                aggregation.name(),
                statistic.name()
            )
        }
    }
}

fn compared(rule: &Rule) -> String {
    let threshold = rule.threshold;
    match rule.operator {
        Operator::Equals => format!("equal to {threshold} %"),
        Operator::NotEquals => format!("not equal to {threshold} %"),
        Operator::GreaterThan => format!("above {threshold} %"),
        Operator::GreaterThanOrEqual => format!("at or above {threshold} %"),
        Operator::LessThan => format!("below {threshold} %"),
        Operator::LessThanOrEqual => format!("at or below {threshold} %"),
    }
}

/// One decimal, and more where the value would otherwise look like the threshold that it is not.
fn percent(value: f64, threshold: f64) -> String {
    let alike = |decimals: usize| {
        format!("{value:.decimals$}").parse() == Ok(threshold) && value != threshold
    };
    let decimals = (1..9).find(|decimals| !alike(*decimals)).unwrap_or(9);
    format!("{value:.decimals$} %")
}
