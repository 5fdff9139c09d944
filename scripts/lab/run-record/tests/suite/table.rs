//! The record as a table with one row per second.

use std::collections::BTreeSet;

use run_record::{FleetSample, LoadSecond, Percentiles, Run, csv};

#[test]
fn one_row_per_second_with_the_last_known_sample() {
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
fn extreme_times_and_control_characters_in_names_do_no_harm() {
    let sample = |at| FleetSample {
        at,
        per_instance: [("\u{1b}[31m\u{9b}2J".to_owned(), 1.0)].into(),
        ..FleetSample::default()
    };
    let run = Run {
        simulated: true,
        samples: vec![sample(0.0), sample(1e300)],
        ..Run::default()
    };
    let text = csv(&run);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        text.contains("cpu_percent \u{fffd}[31m\u{fffd}2J"),
        "{text}"
    );
}

#[test]
fn an_empty_run_is_only_a_header() {
    assert_eq!(csv(&Run::default()).lines().count(), 1);
}
