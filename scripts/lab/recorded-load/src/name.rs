//! Names of metrics, columns, and statistics.

use anyhow::ensure;
use autoscale::Statistic;

use super::check_percent;

/// The purpose of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The load itself, in percent of one instance.
    Load,
    /// The average CPU of the instances.
    Cpu,
    /// The number of instances.
    Count,
    /// Any other metric, which is replayed as recorded.
    Other,
}

/// The statistics of the values of a minute, in order of suitability for a load.
pub(super) const STATISTICS: [Statistic; 5] = [
    Statistic::Average,
    Statistic::Sum,
    Statistic::Max,
    Statistic::Min,
    Statistic::Count,
];

/// A name without the differences between a metric's name and its display name: case, spaces, and punctuation.
pub(super) fn key(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl Role {
    /// The purpose of a metric or column with this name.
    pub(super) fn of(name: &str) -> Self {
        match key(name).as_str() {
            "load" | "loadpercent" => Self::Load,
            "cpupercentage" | "percentagecpu" | "cpupercent" | "cpu" => Self::Cpu,
            "instances" | "count" | "instancecount" | "observedcapacity" => Self::Count,
            _ => Self::Other,
        }
    }

    /// Checks whether a value is possible for this metric.
    pub(super) fn check(self, name: &str, value: f64) -> anyhow::Result<()> {
        match self {
            Self::Load => check_percent(value)?,
            // Values slightly above 100 come from rounding.
            Self::Cpu => ensure!(
                (0.0..=101.0).contains(&value),
                "{name} of {value} is not between 0 and 100; a load in percent of one instance belongs in a column \
                 that is called load"
            ),
            Self::Count => ensure!(
                (0.0..=10_000.0).contains(&value),
                "{value} is not a number of instances from 0 to 10000"
            ),
            Self::Other => ensure!(
                value.is_finite() && value.abs() <= 1e15,
                "{name} of {value} is not a value of a metric"
            ),
        }
        Ok(())
    }
}

/// The statistic with this name in Azure's tables or in the portal (`Avg`, `Total`).
pub(super) fn statistic_named(name: &str) -> Option<Statistic> {
    Some(match key(name).as_str() {
        "average" | "avg" | "mean" => Statistic::Average,
        "total" | "sum" => Statistic::Sum,
        "maximum" | "max" => Statistic::Max,
        "minimum" | "min" => Statistic::Min,
        "count" => Statistic::Count,
        _ => return None,
    })
}

pub(super) fn word(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Average => "average",
        Statistic::Sum => "total",
        Statistic::Max => "maximum",
        Statistic::Min => "minimum",
        Statistic::Count => "count",
    }
}

/// Whether a longer sample of the same metric has a higher value.
pub(super) fn adds_up(statistic: Statistic) -> bool {
    matches!(statistic, Statistic::Sum | Statistic::Count)
}

/// The name of the result of [`over`].
pub(super) fn word_over(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Average => "mean",
        Statistic::Sum | Statistic::Count => "sum",
        Statistic::Max => "highest",
        Statistic::Min => "lowest",
    }
}

/// The combined value of several series in the same minute, such as one per instance.
pub(super) fn over(statistic: Statistic, values: &[f64]) -> f64 {
    match statistic {
        Statistic::Average => values.iter().sum::<f64>() / values.len() as f64,
        Statistic::Sum | Statistic::Count => values.iter().sum(),
        Statistic::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Statistic::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

/// Splits a column heading of the portal in two: `CPU Percentage (Avg), plan` is the average of `CPU Percentage`.
pub(super) fn split(heading: &str) -> (&str, Option<Statistic>) {
    let parts = heading
        .split_once('(')
        .and_then(|(name, rest)| Some((name.trim(), rest.split_once(')')?.0)));
    match parts {
        Some((name, word)) if !name.is_empty() => match statistic_named(word) {
            Some(statistic) => (name, Some(statistic)),
            None => (heading, None),
        },
        _ => (heading, None),
    }
}
