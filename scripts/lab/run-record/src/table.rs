//! The run as a table for a spreadsheet, with one row per second.

use std::collections::BTreeSet;

use crate::format::Clock;
use crate::run::{FleetSample, LoadSecond, Run};

/// The columns before the instances' columns.
const COLUMNS: [&str; 13] = [
    "second",
    "azure_minute",
    "sent",
    "ok",
    "failed",
    "busy",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "instances_wanted",
    "instances_ready",
    "cpu_percent",
];
/// The most columns of instances.
const INSTANCES: usize = 100;
/// The most rows: eleven days. A record with a later time contains a mistake.
const ROWS: u64 = 1_000_000;

/// One row for each second with load or a sample of the fleet, and for each second between them. A simulation has
/// rows only for its samples.
///
/// The fleet's columns contain the last sample before the end of the second; unknown values stay empty. There is one
/// column for each of the first hundred instances, by id. Lines end as RFC 4180 requires.
pub fn csv(run: &Run) -> String {
    let ids: BTreeSet<&String> = run
        .samples
        .iter()
        .flat_map(|sample| sample.per_instance.keys())
        .collect();
    let ids: Vec<&String> = ids.into_iter().take(INSTANCES).collect();
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let instances = ids.iter().map(|id| format!("cpu_percent {}", plain(id)));
    let mut write = |row: Vec<String>| {
        table
            .write_record(row)
            .expect("every row has the columns of the first");
    };
    write(
        COLUMNS
            .map(str::to_owned)
            .into_iter()
            .chain(instances)
            .collect(),
    );

    let clock = Clock::new(run.time_scale);
    let mut load = run.load.iter().peekable();
    let mut samples = run.samples.iter().peekable();
    let mut fleet: Option<&FleetSample> = None;
    for second in 0..seconds(run) {
        let end = second as f64 + 1.0;
        // In a simulation of several days, nothing happens between its samples.
        if run.simulated && samples.peek().is_none_or(|next| next.at >= end) {
            continue;
        }
        let mut now = None;
        while let Some(next) = load.next_if(|next| next.at < end) {
            now = Some(next);
        }
        while let Some(next) = samples.next_if(|next| next.at < end) {
            fleet = Some(next);
        }
        let mut row = vec![
            second.to_string(),
            number(Some(clock.minutes(second as f64))),
        ];
        row.extend(load_columns(now));
        row.extend(fleet_columns(fleet));
        row.extend(
            ids.iter()
                .map(|id| number(fleet.and_then(|fleet| fleet.per_instance.get(*id).copied()))),
        );
        write(row);
    }
    let bytes = table.into_inner().expect("a vector takes every byte");
    String::from_utf8(bytes).expect("every cell is a string")
}

/// The number of seconds up to the last entry.
fn seconds(run: &Run) -> u64 {
    let last = run.load.last().map(|second| second.at);
    let last = last
        .into_iter()
        .chain(run.samples.last().map(|sample| sample.at));
    // A number that does not fit becomes the nearest possible one.
    let seconds = last
        .filter(|at| *at >= 0.0)
        .map(|at| (at.floor() as u64).saturating_add(1));
    seconds.max().unwrap_or(0).min(ROWS)
}

fn load_columns(second: Option<&LoadSecond>) -> [String; 8] {
    let Some(second) = second else {
        return Default::default();
    };
    let ms = second.latency_ms;
    let [sent, ok, failed, busy] =
        [second.sent, second.ok, second.failed, second.busy].map(|count| count.to_string());
    let [p50, p95, p99, max] = [ms.p50, ms.p95, ms.p99, ms.max].map(number);
    [sent, ok, failed, busy, p50, p95, p99, max]
}

fn fleet_columns(sample: Option<&FleetSample>) -> [String; 3] {
    sample.map_or(Default::default(), |sample| {
        [
            sample.wanted.to_string(),
            sample.ready.to_string(),
            number(sample.cpu_percent),
        ]
    })
}

/// Writes at most three decimals.
fn number(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => {
            let text = format!("{value:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => String::new(),
    }
}

/// Removes control characters, because a terminal that shows the file would interpret them.
fn plain(id: &str) -> String {
    id.replace(char::is_control, "\u{fffd}")
}
