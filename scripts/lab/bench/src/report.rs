//! The output: a table for people and JSON for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use run_record::format::decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::Group;
use super::databases::Databases;
use super::results::{Metric, Results, Row, median};
use super::targets::{Bound, Verdict};

/// The conditions of the run, for the head of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Setting {
    pub(crate) rounds: u32,
    /// The length of a measurement.
    #[serde(rename = "seconds_per_measurement")]
    pub(crate) seconds: f64,
    pub(crate) cpus: usize,
    /// The load average before the run; above half a CPU, other programs were running.
    pub(crate) load_before: Option<f64>,
    pub(crate) server: String,
    /// When it began, RFC 3339.
    pub(crate) begun: String,
    pub(crate) took_seconds: f64,
}

/// All columns except the last one.
const COLUMNS: [(&str, Metric); 11] = [
    ("per s", Metric::Rate),
    ("p50 ms", Metric::P50Ms),
    ("p99 ms", Metric::P99Ms),
    ("process us", Metric::ProcessUs),
    ("postgres us", Metric::PostgresUs),
    ("client us", Metric::ClientUs),
    ("a commit", Metric::PerCommit),
    ("WAL B", Metric::WalBytes),
    ("MB", Metric::MemoryMb),
    ("ms", Metric::TimeMs),
    ("requests", Metric::Count),
];

/// Medians over the rounds, one line per row; `failed` is the sum.
pub(crate) fn table(results: &Results) -> String {
    let mut lines = vec![heading()];
    let mut group: Option<Group> = None;
    for row in &results.rows {
        if group != Some(row.group) {
            group = Some(row.group);
            lines.push(vec![row.group.title().to_owned()]);
        }
        lines.push(cells(results, row));
    }
    let mut text = aligned(&lines);
    text.push_str(
        "\nMedians over the rounds; rates count successful requests only. CPU is per answered request, `process us` that\n\
         of the server. `a commit` is the number of visits that a transaction recorded; `WAL B` is the write-ahead log of one\n\
         visit. `to limit` is the row's rate (for a lone visit: its p50) over that of the row named beside\n\
         it, of the same round.\n",
    );
    text
}

fn heading() -> Vec<String> {
    let columns = COLUMNS.iter().map(|(title, _)| *title);
    std::iter::once("")
        .chain(columns)
        .chain(["failed", "to limit", ""])
        .map(str::to_owned)
        .collect()
}

fn cells(results: &Results, row: &Row) -> Vec<String> {
    let cell = |metric: &Metric| {
        let values = row.values.get(metric)?;
        median(values).map(number)
    };
    let figures = COLUMNS
        .iter()
        .map(|(_, metric)| cell(metric).unwrap_or_default());
    let failed = row.values.get(&Metric::Failures);
    let failed = failed.map(|values| number(values.iter().sum()));
    let ratio = results.ratio_to_limit(row);
    let limit = row.limit.as_ref().map(|limit| limit.row.clone());
    std::iter::once(format!("  {}", row.name))
        .chain(figures)
        .chain([
            failed.unwrap_or_default(),
            ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            limit.filter(|_| ratio.is_some()).unwrap_or_default(),
        ])
        .collect()
}

/// Each target with its value.
pub(crate) fn targets(verdicts: &[Verdict]) -> String {
    let mut lines = vec![
        ["target", "expected", "measured", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    for verdict in verdicts {
        let wanted = match verdict.bound {
            Bound::AtLeast(least) => format!(">= {}", number(least)),
            Bound::AtMost(most) => format!("<= {}", number(most)),
        };
        let figure = verdict.figure.map(number).unwrap_or_default();
        lines.push(vec![
            verdict.target.to_owned(),
            wanted,
            figure,
            verdict.word().to_owned(),
        ]);
    }
    aligned(&lines)
}

/// The rows and the acknowledged visits.
pub(crate) fn databases(databases: &Databases) -> String {
    let titles = [
        "database",
        "filled",
        "acknowledged",
        "unanswered",
        "rows",
        "total",
        "",
    ];
    let mut lines = vec![titles.map(str::to_owned).to_vec()];
    let shown = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    for database in &databases.0 {
        lines.push(vec![
            database.name.clone(),
            database.filled.to_string(),
            database.acknowledged.to_string(),
            database.unanswered.to_string(),
            shown(database.rows),
            shown(database.total),
            if database.is_exact() {
                "equal"
            } else {
                "DIFFERENT"
            }
            .to_owned(),
        ]);
    }
    aligned(&lines)
}

/// At least three significant digits, thousands in groups.
fn number(value: f64) -> String {
    match value {
        10.0..100.0 => format!("{value:.1}"),
        f64::MIN_POSITIVE..10.0 => format!("{value:.2}"),
        _ => decimal(value),
    }
}

/// Aligns words in the first and the last column to the left, and numbers to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter(|line| line.len() > 1);
        cells
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut written = String::new();
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            let _ = match column {
                0 => write!(written, "{cell:width$}"),
                _ if column + 1 == columns => write!(written, "  {cell}"),
                _ => write!(written, "  {cell:>width$}"),
            };
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

/// All results, including the values of the single rounds.
pub(crate) fn json(
    setting: &Setting,
    results: &Results,
    verdicts: &[Verdict],
    databases: &Databases,
) -> Value {
    let rows = results.rows.iter().map(|row| {
        let medians = row.values.iter();
        let medians = medians.map(|(metric, values)| (metric, median(values)));
        json!({
            "group": row.group,
            "name": row.name,
            "median": medians.collect::<BTreeMap<_, _>>(),
            "rounds": row.values,
            "limit": row.limit,
            "ratio_to_limit": results.ratio_to_limit(row),
        })
    });
    let targets = verdicts.iter().map(|verdict| {
        json!({
            "target": verdict.target,
            "bound": verdict.bound,
            "figure": verdict.figure,
            "verdict": verdict.word(),
        })
    });
    let mut report = json!(setting);
    report["rows"] = rows.collect();
    report["targets"] = targets.collect();
    report["databases"] = json!(databases.0);
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Limit;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234.4, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-1_234.0, "-1,234"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_row_shows_the_ratio_to_its_limit() {
        let mut results = Results::default();
        results.record(Group::Limits, "limit", None, &[(Metric::Rate, 10_000.0)]);
        let values = [
            (Metric::Rate, 25_000.0),
            (Metric::P99Ms, 4.25),
            (Metric::Failures, 0.0),
        ];
        results.record(Group::Visits, "visits", Limit::rate("limit"), &values);
        let text = table(&results);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[2], ["limit", "10,000"]);
        assert_eq!(lines[4], ["visits", "25,000", "4.25", "0", "2.50", "limit"]);

        let setting = Setting {
            rounds: 1,
            seconds: 1.0,
            cpus: 2,
            load_before: None,
            server: String::new(),
            begun: String::new(),
            took_seconds: 1.0,
        };
        let report = json(&setting, &results, &[], &Databases::default());
        assert_eq!(report.pointer("/rows/1/median/p99_ms"), Some(&json!(4.25)));
        assert_eq!(report.pointer("/rows/1/ratio_to_limit"), Some(&json!(2.5)));
    }
}
