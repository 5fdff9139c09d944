//! Names of metrics, columns and aggregations.

use anyhow::ensure;
use autoscale::Statistic;

use super::check_percent;

/// What a metric is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The load itself, in percent of one instance.
    Load,
    /// The mean CPU of the instances.
    Cpu,
    /// How many instances there were.
    Count,
    /// Anything else, replayed as recorded.
    Other,
}

/// How the samples of a minute were made one; the best for a load first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aggregation {
    /// Their mean.
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

/// A name without what differs between a metric's name and its display name: case, spaces and punctuation.
pub(super) fn key(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl Role {
    /// By the name of a metric or a column.
    pub(super) fn of(name: &str) -> Self {
        match key(name).as_str() {
            "load" | "loadpercent" => Self::Load,
            "cpupercentage" | "percentagecpu" | "cpupercent" | "cpu" => Self::Cpu,
            "instances" | "count" | "instancecount" | "observedcapacity" => Self::Count,
            _ => Self::Other,
        }
    }

    /// Whether a value of this metric is possible.
    pub(super) fn check(self, name: &str, value: f64) -> anyhow::Result<()> {
        match self {
            Self::Load => check_percent(value)?,
            // A little above 100 comes from rounding.
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
    /// All, in the order of [`Ord`].
    pub(super) const ALL: [Self; 5] = [
        Self::Average,
        Self::Total,
        Self::Maximum,
        Self::Minimum,
        Self::Count,
    ];

    /// By its name in Azure's tables or in the portal (`Avg`, `Sum`).
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

    /// What a rule of this statistic looks at.
    pub(super) fn of_statistic(statistic: Statistic) -> Self {
        match statistic {
            Statistic::Average => Self::Average,
            Statistic::Sum => Self::Total,
            Statistic::Max => Self::Maximum,
            Statistic::Min => Self::Minimum,
            Statistic::Count => Self::Count,
        }
    }

    /// Whether a longer sample has a higher value of the same metric.
    pub(super) fn adds_up(self) -> bool {
        matches!(self, Self::Total | Self::Count)
    }

    /// What [`Self::over`] is.
    pub(super) fn word_over(self) -> &'static str {
        match self {
            Self::Average => "mean",
            Self::Total | Self::Count => "sum",
            Self::Maximum => "highest",
            Self::Minimum => "lowest",
        }
    }

    /// The value for several series of the same minute, such as one for each instance.
    pub(super) fn over(self, values: &[f64]) -> f64 {
        match self {
            Self::Average => values.iter().sum::<f64>() / values.len() as f64,
            Self::Total | Self::Count => values.iter().sum(),
            Self::Maximum => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Minimum => values.iter().copied().fold(f64::INFINITY, f64::min),
        }
    }
}

/// A column's heading as the portal writes it, in two: `CPU Percentage (Avg), plan` is the average of
/// `CPU Percentage`.
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
