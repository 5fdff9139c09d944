//! The input of a rule: the metric's samples within its window, combined into one value.

use std::time::Duration;

use super::profile::{Aggregation, Rule, Statistic};

const MINUTE: Duration = Duration::from_secs(60);

/// A metric over one minute, over all instances that reported a value. Times are spans since a start that the caller
/// chooses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// When the minute ended.
    pub end: Duration,
    /// Average over the instances.
    pub average: f64,
    /// The lowest instance's value.
    pub minimum: f64,
    /// The highest instance's value.
    pub maximum: f64,
    /// The number of instances that reported a value; at least one.
    pub instances: u32,
}

impl Minute {
    /// A minute in which each of `instances` reported the same value.
    pub fn even(end: Duration, value: f64, instances: u32) -> Self {
        Self {
            end,
            average: value,
            minimum: value,
            maximum: value,
            instances,
        }
    }
}

/// The available samples of the metrics.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// The minutes of each of [`Setting::metrics`](super::Setting::metrics), in order of time. A metric without an
    /// entry has no samples.
    pub metrics: &'a [Vec<Minute>],
    /// The end of the windows: now, minus the delay of the metrics.
    pub until: Duration,
}

/// The value of the window for `count` instances; `None` if it contains no sample.
pub(super) fn value(rule: &Rule, history: History<'_>, count: u32) -> Option<f64> {
    value_of(rule, samples(rule, history), count)
}

/// The metric's samples in the rule's window, in order of time.
///
/// A sample covers one time grain, and grains begin at multiples of their length. A sample counts if it ended within
/// the window, including the window's end and excluding its beginning. A window that is shorter than the grain is
/// extended to the grain.
pub fn samples<'a>(rule: &'a Rule, history: History<'a>) -> impl Iterator<Item = f64> + 'a {
    let minutes = history
        .metrics
        .get(rule.metric)
        .map_or(&[][..], Vec::as_slice);
    let window = rule.time_window.max(rule.time_grain);
    // An incomplete grain gives no sample.
    let seen = minutes.partition_point(|minute| grain_end(minute, rule) <= history.until);
    let (seen, _) = minutes.split_at(seen);
    let old = seen.partition_point(|minute| grain_end(minute, rule) + window <= history.until);
    let (_, within) = seen.split_at(old);
    let grains = within.chunk_by(|one, other| grain_end(one, rule) == grain_end(other, rule));
    grains.map(|of_grain| sample(rule.statistic, of_grain))
}

/// The value that these samples, in order of time, have in the rule's window for `count` instances; `None` if there
/// is no sample. Missing samples are ignored.
pub fn value_of(rule: &Rule, samples: impl IntoIterator<Item = f64>, count: u32) -> Option<f64> {
    let value = aggregated(rule.time_aggregation, samples)?;
    if !rule.divide_per_instance {
        return Some(settled(value));
    }
    (count > 0).then(|| settled(value / f64::from(count)))
}

/// Combines these samples into the value of the window.
fn aggregated(aggregation: Aggregation, samples: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut lowest, mut highest) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
    let (mut number, mut newest) = (0_u32, None);
    for value in samples {
        sum += value;
        lowest = value.min(lowest);
        highest = value.max(highest);
        number += 1;
        newest = Some(value);
    }
    let newest = newest?;
    Some(match aggregation {
        Aggregation::Average => sum / f64::from(number),
        Aggregation::Minimum => lowest,
        Aggregation::Maximum => highest,
        Aggregation::Total => sum,
        Aggregation::Count => f64::from(number),
        Aggregation::Last => newest,
    })
}

/// One sample of the metric: every instance reports a value each minute, and the statistic combines all of them.
fn sample(statistic: Statistic, minutes: &[Minute]) -> f64 {
    let values = || minutes.iter().map(|minute| f64::from(minute.instances));
    let sum = || {
        let sums = minutes.iter().zip(values());
        sums.map(|(minute, values)| minute.average * values)
            .sum::<f64>()
    };
    match (statistic, minutes) {
        (Statistic::Average, [minute]) => minute.average,
        (Statistic::Average, _) => sum() / values().sum::<f64>(),
        (Statistic::Min, _) => minutes
            .iter()
            .map(|minute| minute.minimum)
            .fold(f64::INFINITY, f64::min),
        (Statistic::Max, _) => minutes
            .iter()
            .map(|minute| minute.maximum)
            .fold(f64::NEG_INFINITY, f64::max),
        (Statistic::Sum, _) => sum(),
        (Statistic::Count, _) => values().sum(),
    }
}

/// The end of the time grain that a minute belongs to. A grain of one minute is the minute itself.
fn grain_end(minute: &Minute, rule: &Rule) -> Duration {
    if rule.time_grain <= MINUTE {
        return minute.end;
    }
    let grain = rule.time_grain.as_secs();
    let end = minute.end.as_secs() + u64::from(minute.end.subsec_nanos() > 0);
    Duration::from_secs(end.div_ceil(grain) * grain)
}

/// Rounds to a billionth, so that rounding errors do not fire a strict operator at the threshold.
pub(super) fn settled(value: f64) -> f64 {
    const BILLION: f64 = 1e9;
    (value * BILLION).round() / BILLION
}
