//! Describes decisions and rules for people, in one sentence each.

use super::duration;
use super::engine::{Decision, Outcome};
use super::profile::{Aggregation, Change, Direction, Metric, Operator, Profile, Rule, Statistic};

impl Decision {
    /// One sentence with the numbers: why `from` instances become [`Decision::to`], or why nothing changes.
    pub fn describe(&self, (profile, metrics): (&Profile, &[Metric]), from: u32) -> String {
        let to = self.to;
        let capacity = profile.capacity;
        let seen = |index: usize| self.seen((profile, metrics), index);
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
                format!("no metric can be read: out from {from} to the default of {to}")
            }
            Outcome::CoolingDown(index) => format!(
                "{}, but its cooldown ends in {}: stays at {from}",
                seen(index),
                duration::in_words(self.readings[index].waits),
            ),
            Outcome::AtMaximum(index) if from == capacity.maximum => {
                format!("{}, but {from} is the maximum", seen(index))
            }
            Outcome::AtMaximum(index) => {
                format!(
                    "{}, but the rule sets {} and there are {from}",
                    seen(index),
                    rule(index).change.value()
                )
            }
            Outcome::AtMinimum(index) if from == capacity.minimum => {
                format!("{}, but {from} is the minimum", seen(index))
            }
            Outcome::AtMinimum(index) => {
                format!(
                    "{}, but the rule sets {} and there are {from}",
                    seen(index),
                    rule(index).change.value()
                )
            }
            Outcome::Flapping(index) => {
                let fewer = from.saturating_sub(1);
                let value = self.readings[index].value.unwrap_or_default();
                let projected = rule(index).projected(metrics, value, from, fewer);
                format!(
                    "scale-in fires, but with {fewer} instead of {from} the {} would be {}, {}: stays at {from} (flapping)",
                    measured(rule(index), metrics),
                    quantity(projected, rule(index), metrics),
                    compared(rule(index), metrics),
                )
            }
            Outcome::HeldBack(index) => match self.readings[index].value {
                Some(value) => format!(
                    "another scale-in rule fires, but {} {} is not {}: stays at {from}",
                    measured(rule(index), metrics),
                    quantity(value, rule(index), metrics),
                    compared(rule(index), metrics),
                ),
                None => format!(
                    "another scale-in rule fires, but {} has no sample: stays at {from}",
                    measured(rule(index), metrics),
                ),
            },
            Outcome::Steady => match self
                .readings
                .iter()
                .position(|reading| reading.value.is_some())
            {
                Some(index) => {
                    let value = self.readings[index].value.unwrap_or_default();
                    let shown = quantity(value, rule(index), metrics);
                    format!(
                        "{} {shown}: no rule requires a change",
                        measured(rule(index), metrics)
                    )
                }
                None => "no rule requires a change".to_owned(),
            },
            Outcome::Unknown => format!("no metric can be read: stays at {from}"),
        }
    }

    fn seen(&self, (profile, metrics): (&Profile, &[Metric]), index: usize) -> String {
        let rule = &profile.rules[index];
        let value = self.readings[index].value.unwrap_or_default();
        format!(
            "{} {} is {}",
            measured(rule, metrics),
            quantity(value, rule, metrics),
            compared(rule, metrics)
        )
    }
}

impl Rule {
    /// For example `adds 1 when average CPU over 5 minutes is above 70%, cooldown 5 minutes`.
    pub fn describe(&self, metrics: &[Metric]) -> String {
        let verb = match self.direction {
            Direction::Increase => "adds",
            Direction::Decrease => "removes",
            Direction::None => "changes nothing by",
        };
        let change = match (self.direction, self.change) {
            (_, Change::Count(count)) => format!("{verb} {count}"),
            (_, Change::PercentCount(percent)) => format!("{verb} {percent}%"),
            (_, Change::NextAllowed) => format!("{verb} one step"),
            (Direction::Increase, Change::ExactCount(count)) => format!("raises to {count}"),
            (Direction::Decrease, Change::ExactCount(count)) => format!("lowers to {count}"),
            (Direction::None, Change::ExactCount(count)) => format!("sets {count}"),
        };
        let cooldown = duration::in_words(self.cooldown);
        format!(
            "{change} when {}, cooldown {cooldown}",
            self.condition(metrics)
        )
    }

    /// For example `average CPU over 5 minutes is above 70%`.
    pub fn condition(&self, metrics: &[Metric]) -> String {
        format!("{} is {}", measured(self, metrics), compared(self, metrics))
    }

    /// The unit that follows the threshold's number: ` %`, or nothing.
    pub fn unit(&self, metrics: &[Metric]) -> &'static str {
        unit(self, metrics)
    }
}

/// For example `average CPU over 5 minutes`.
fn measured(rule: &Rule, metrics: &[Metric]) -> String {
    let window = duration::in_words(rule.time_window.max(rule.time_grain));
    let metric = match metrics.get(rule.metric) {
        Some(metric) if metric.fleet_cpu => "CPU".to_owned(),
        Some(metric) => metric.name.clone(),
        None => "the metric".to_owned(),
    };
    let divided = match rule.divide_per_instance {
        true => " per instance",
        false => "",
    };
    let samples = match (rule.time_grain.as_secs(), rule.statistic.name()) {
        (0..=60, statistic) => format!("the minutes' {statistic}"),
        (_, statistic) => {
            format!(
                "the {statistic} of {} each",
                duration::in_words(rule.time_grain)
            )
        }
    };
    match (rule.time_aggregation, rule.statistic) {
        (Aggregation::Average, Statistic::Average) => {
            format!("average {metric}{divided} over {window}")
        }
        (aggregation, _) => {
            format!(
                "{metric}{divided} over {window} ({} of {samples})",
                aggregation.name()
            )
        }
    }
}

fn compared(rule: &Rule, metrics: &[Metric]) -> String {
    let threshold = format!("{}{}", rule.threshold, unit(rule, metrics));
    match rule.operator {
        Operator::Equals => format!("equal to {threshold}"),
        Operator::NotEquals => format!("not equal to {threshold}"),
        Operator::GreaterThan => format!("above {threshold}"),
        Operator::GreaterThanOrEqual => format!("at or above {threshold}"),
        Operator::LessThan => format!("below {threshold}"),
        Operator::LessThanOrEqual => format!("at or below {threshold}"),
    }
}

/// ` %` for metrics that Azure measures in percent, which their names show.
fn unit(rule: &Rule, metrics: &[Metric]) -> &'static str {
    let in_percent = metrics.get(rule.metric).is_some_and(|metric| {
        metric.fleet_cpu || metric.name.to_ascii_lowercase().contains("percent")
    });
    match rule.statistic {
        Statistic::Count => "",
        _ if in_percent => "%",
        _ => "",
    }
}

/// One decimal. More decimals are shown if the value would otherwise look equal to the threshold although it differs.
fn quantity(value: f64, rule: &Rule, metrics: &[Metric]) -> String {
    let threshold = rule.threshold;
    let alike = |decimals: usize| {
        format!("{value:.decimals$}").parse() == Ok(threshold) && value != threshold
    };
    let decimals = (1..9).find(|decimals| !alike(*decimals)).unwrap_or(9);
    format!("{value:.decimals$}{}", unit(rule, metrics))
}
