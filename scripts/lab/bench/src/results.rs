//! The measured values: rows with one value per round.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Group;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    /// Successful requests, rows or rule sets a second.
    Rate,
    /// Latencies, in milliseconds.
    P50Ms,
    P99Ms,
    /// CPU of one request, in microseconds: of the server, of the database, of the load generator.
    ProcessUs,
    PostgresUs,
    ClientUs,
    /// Requests that one transaction of the database recorded.
    PerCommit,
    /// Write-ahead log of one request, in bytes.
    WalBytes,
    /// In megabytes.
    MemoryMb,
    /// A duration, in milliseconds.
    TimeMs,
    /// Requests.
    Count,
    /// Requests without the expected response.
    Failures,
}

/// The row that a row is compared with, measured in the same round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) row: String,
    pub(crate) metric: Metric,
}

impl Limit {
    pub(crate) fn rate(row: impl Into<String>) -> Option<Self> {
        Some(Self {
            row: row.into(),
            metric: Metric::Rate,
        })
    }

    pub(crate) fn p50(row: impl Into<String>) -> Option<Self> {
        Some(Self {
            row: row.into(),
            metric: Metric::P50Ms,
        })
    }
}

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) group: Group,
    pub(crate) name: String,
    pub(crate) limit: Option<Limit>,
    /// In the order of the rounds.
    pub(crate) values: BTreeMap<Metric, Vec<f64>>,
}

/// All rows, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
}

impl Results {
    /// Adds one round's values to a row.
    pub(crate) fn record(
        &mut self,
        group: Group,
        name: &str,
        limit: Option<Limit>,
        values: &[(Metric, f64)],
    ) {
        let at = self.rows.iter().position(|row| row.name == name);
        let at = at.unwrap_or_else(|| {
            self.rows.push(Row {
                group,
                name: name.to_owned(),
                limit,
                values: BTreeMap::new(),
            });
            self.rows.len() - 1
        });
        for (metric, value) in values {
            let values = self.rows[at].values.entry(*metric);
            values.or_default().push(*value);
        }
    }

    fn values(&self, name: &str, metric: Metric) -> Option<&[f64]> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        row.values.get(&metric).map(Vec::as_slice)
    }

    /// The median of a metric over the rounds.
    pub(crate) fn median(&self, name: &str, metric: Metric) -> Option<f64> {
        median(self.values(name, metric)?)
    }

    /// The median of the rounds' ratios, because a disturbance in a round affects both of its values.
    pub(crate) fn ratio(&self, name: &str, to: &str, metric: Metric) -> Option<f64> {
        let (these, those) = (self.values(name, metric)?, self.values(to, metric)?);
        let ratios: Vec<f64> = these.iter().zip(those).map(|(a, b)| a / b).collect();
        median(&ratios)
    }

    /// The ratio of a row to its limit.
    pub(crate) fn ratio_to_limit(&self, row: &Row) -> Option<f64> {
        let limit = row.limit.as_ref()?;
        self.ratio(&row.name, &limit.row, limit.metric)
    }
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(sorted[middle - 1], upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_calculated_per_round() {
        let mut results = Results::default();
        for (visits, limit) in [(10.0, 5.0), (30.0, 10.0), (2.0, 2.0)] {
            results.record(Group::Limits, "limit", None, &[(Metric::Rate, limit)]);
            results.record(
                Group::Visits,
                "visits",
                Limit::rate("limit"),
                &[(Metric::Rate, visits)],
            );
        }
        assert_eq!(results.median("visits", Metric::Rate), Some(10.0));
        assert_eq!(results.ratio("visits", "limit", Metric::Rate), Some(2.0));
        assert_eq!(results.ratio_to_limit(&results.rows[1]), Some(2.0));
        assert_eq!(results.ratio_to_limit(&results.rows[0]), None);
        assert_eq!(results.ratio("visits", "absent", Metric::Rate), None);
    }
}
