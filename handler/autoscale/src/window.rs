//! What one rule sees: the metric's minutes within its window, made into one value.

use std::time::Duration;

use super::profile::{Aggregation, Rule, Statistic};

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

/// The window's value; `None` without a minute in it. A minute counts if it ended within the window, its end included
/// and its beginning not; where minutes are missing, those that are there make the value.
pub(super) fn value(rule: &Rule, history: History<'_>) -> Option<f64> {
    let seen = history
        .minutes
        .partition_point(|minute| minute.end <= history.until);
    let (seen, _) = history.minutes.split_at(seen);
    let old = seen.partition_point(|minute| minute.end + rule.time_window <= history.until);
    let (_, within) = seen.split_at(old);
    let newest = within.last()?;
    let values = within
        .iter()
        .map(|minute| of_minute(rule.statistic, minute));
    let value = match rule.time_aggregation {
        Aggregation::Average => values.sum::<f64>() / within.len() as f64,
        Aggregation::Minimum => values.fold(f64::INFINITY, f64::min),
        Aggregation::Maximum => values.fold(f64::NEG_INFINITY, f64::max),
        Aggregation::Total => values.sum(),
        Aggregation::Count => within.len() as f64,
        Aggregation::Last => of_minute(rule.statistic, newest),
    };
    Some(settled(value))
}

fn of_minute(statistic: Statistic, minute: &Minute) -> f64 {
    match statistic {
        Statistic::Average => minute.average,
        Statistic::Min => minute.minimum,
        Statistic::Max => minute.maximum,
        Statistic::Sum => minute.average * f64::from(minute.instances),
        Statistic::Count => f64::from(minute.instances),
    }
}

/// Rounded to a billionth, so that the noise of adding and dividing does not fire a strict operator at the threshold.
pub(super) fn settled(value: f64) -> f64 {
    const BILLION: f64 = 1e9;
    (value * BILLION).round() / BILLION
}
