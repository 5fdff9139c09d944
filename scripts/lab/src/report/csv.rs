//! The run as a table: one row a second, for a spreadsheet.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::run::{FleetSample, LoadSecond, Run};

/// One row for every second of load or of the fleet's samples, for every sample where there was no load, the header first, lines ended as RFC 4180 wants.
///
/// The fleet's columns hold the last sample known at the end of the second; what is not known stays empty. There is a
/// column for each of the first hundred instances, by id; the record itself has them all.
pub(crate) fn csv(run: &Run) -> String {
    let ids: Vec<&String> = run
        .samples
        .iter()
        .flat_map(|sample| sample.per_instance.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(INSTANCES)
        .collect();
    let mut text = String::from(
        "second,azure_minute,sent,ok,failed,busy,p50_ms,p95_ms,p99_ms,max_ms,instances_wanted,instances_ready,cpu_percent",
    );
    for id in &ids {
        let _ = write!(text, ",{}", field(&format!("cpu_percent {id}")));
    }
    text.push_str("\r\n");

    let clock = super::words::Clock::new(run.time_scale);
    let mut load = run.load.iter().peekable();
    let mut samples = run.samples.iter().peekable();
    let mut fleet: Option<&FleetSample> = None;
    for second in 0..seconds(run) {
        let end = second as f64 + 1.0;
        // In a simulation of days, nothing happens between its samples.
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
        let _ = write!(
            text,
            "{second},{},",
            number(Some(clock.minutes(second as f64)))
        );
        text.push_str(&load_columns(now));
        text.push_str(&fleet_columns(fleet, &ids));
        text.push_str("\r\n");
    }
    text
}

/// Columns of instances at most.
const INSTANCES: usize = 100;
/// Rows at most: eleven days. A record with a later time in it has a mistake in it.
const ROWS: u64 = 1_000_000;

/// As many as there are seconds with anything in them.
fn seconds(run: &Run) -> u64 {
    let last = run
        .load
        .last()
        .map(|second| second.at)
        .into_iter()
        .chain(run.samples.last().map(|sample| sample.at));
    last.filter(|at| at.is_finite() && *at >= 0.0)
        .map(|at| at.floor() as u64 + 1)
        .max()
        .unwrap_or(0)
        .min(ROWS)
}

fn load_columns(second: Option<&LoadSecond>) -> String {
    let Some(second) = second else {
        return ",,,,,,,,".to_owned();
    };
    let LoadSecond {
        sent,
        ok,
        failed,
        busy,
        latency_ms: ms,
        ..
    } = second;
    format!(
        "{sent},{ok},{failed},{busy},{},{},{},{},",
        number(ms.p50),
        number(ms.p95),
        number(ms.p99),
        number(ms.max)
    )
}

fn fleet_columns(sample: Option<&FleetSample>, ids: &[&String]) -> String {
    let Some(sample) = sample else {
        return ",".repeat(2 + ids.len());
    };
    let mut text = format!(
        "{},{},{}",
        sample.wanted,
        sample.ready,
        number(sample.cpu_percent)
    );
    for id in ids {
        let _ = write!(text, ",{}", number(sample.per_instance.get(*id).copied()));
    }
    text
}

/// With three decimals at most.
fn number(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => {
            let text = format!("{value:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => String::new(),
    }
}

/// Quoted where a reader would split it. One that begins a formula gets an apostrophe before it: a spreadsheet runs those.
fn field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::run::Percentiles;

    #[test]
    fn one_row_a_second_with_the_last_sample_known() {
        let run = Run {
            time_scale: 60.0,
            load: vec![
                LoadSecond {
                    at: 0.0,
                    sent: 10,
                    ok: 9,
                    failed: 1,
                    latency_ms: Percentiles {
                        p50: Some(1.23456),
                        ..Percentiles::default()
                    },
                    ..LoadSecond::default()
                },
                LoadSecond {
                    at: 2.0,
                    sent: 5,
                    ok: 5,
                    ..LoadSecond::default()
                },
            ],
            samples: vec![FleetSample {
                at: 1.2,
                ready: 1,
                wanted: 2,
                cpu_percent: Some(80.0),
                per_instance: [("lab,1".to_owned(), 80.0)].into(),
                ..FleetSample::default()
            }],
            ..Run::default()
        };
        assert_eq!(
            csv(&run),
            "second,azure_minute,sent,ok,failed,busy,p50_ms,p95_ms,p99_ms,max_ms,instances_wanted,instances_ready,\
             cpu_percent,\"cpu_percent lab,1\"\r\n\
             0,0,10,9,1,0,1.235,,,,,,,\r\n\
             1,1,,,,,,,,,2,1,80,80\r\n\
             2,2,5,5,0,0,,,,,2,1,80,80\r\n"
        );
    }

    #[test]
    fn every_row_has_as_many_columns() {
        let run = Run {
            load: vec![LoadSecond::default()],
            samples: vec![FleetSample {
                at: 3.0,
                per_instance: [("a".to_owned(), 1.0), ("b".to_owned(), 2.0)].into(),
                ..FleetSample::default()
            }],
            ..Run::default()
        };
        let text = csv(&run);
        let columns: BTreeSet<usize> = text.lines().map(|line| line.split(',').count()).collect();
        assert_eq!((text.lines().count(), columns.len()), (5, 1), "{text}");
    }

    #[test]
    fn an_empty_run_is_a_header() {
        assert_eq!(csv(&Run::default()).lines().count(), 1);
    }
}
