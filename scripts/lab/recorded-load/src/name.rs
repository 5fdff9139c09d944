//! Names of metrics, columns, and aggregations.

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

/// How the values of a minute were aggregated, in order of suitability for a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aggregation {
    /// Their average.
    Average,
    /// Their sum.
    Total,
    /// The highest.
    Maximum,
    /// The lowest.
    Minimum,
    /// Their number.
    Count,
}

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

impl Aggregation {
    /// All aggregations, in the order of [`Ord`].
    pub(super) const ALL: [Self; 5] = [
        Self::Average,
        Self::Total,
        Self::Maximum,
        Self::Minimum,
        Self::Count,
    ];

    /// The aggregation with this name in Azure's tables or in the portal (`Avg`, `Sum`).
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match key(name).as_str() {
            "average" | "avg" | "mean" => Self::Average,
            "total" | "sum" => Self::Total,
            "maximum" | "max" => Self::Maximum,
            "minimum" | "min" => Self::Minimum,
            "count" => Self::Count,
            _ => return None,
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Total => "total",
            Self::Maximum => "maximum",
            Self::Minimum => "minimum",
            Self::Count => "count",
        }
    }

    /// The aggregation that a rule with this statistic uses.
    pub(super) fn of_statistic(statistic: Statistic) -> Self {
        match statistic {
            Statistic::Average => Self::Average,
            Statistic::Sum => Self::Total,
            Statistic::Max => Self::Maximum,
            Statistic::Min => Self::Minimum,
            Statistic::Count => Self::Count,
        }
    }

    /// Whether a longer sample of the same metric has a higher value.
    pub(super) fn adds_up(self) -> bool {
        matches!(self, Self::Total | Self::Count)
    }

    /// The name of the result of [`Self::over`].
    pub(super) fn word_over(self) -> &'static str {
        match self {
            Self::Average => "mean",
            Self::Total | Self::Count => "sum",
            Self::Maximum => "highest",
            Self::Minimum => "lowest",
        }
    }

    /// The combined value of several series in the same minute, such as one per instance.
    pub(super) fn over(self, values: &[f64]) -> f64 {
        match self {
            Self::Average => values.iter().sum::<f64>() / values.len() as f64,
            Self::Total | Self::Count => values.iter().sum(),
            Self::Maximum => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Minimum => values.iter().copied().fold(f64::INFINITY, f64::min),
        }
    }
}

/// Splits a column heading of the portal in two: `CPU Percentage (Avg), plan` is the average of `CPU Percentage`.
pub(super) fn split(heading: &str) -> (&str, Option<Aggregation>) {
    let parts = heading
        .split_once('(')
        .and_then(|(name, rest)| Some((name.trim(), rest.split_once(')')?.0)));
    match parts {
        Some((name, word)) if !name.is_empty() => match Aggregation::of(word) {
            Some(aggregation) => (name, Some(aggregation)),
            None => (heading, None),
        },
        _ => (heading, None),
    }
}
