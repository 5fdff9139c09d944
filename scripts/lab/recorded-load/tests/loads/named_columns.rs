//! CSV with named columns.

use recorded_load::{Load, ReadOptions, Start};

use super::{assumed, load, load_with, spans, steps, values, warned};

const EIGHT: i64 = 1_767_600_000;

#[test]
fn seconds_and_load_with_and_without_a_header() {
    let rows = "0,80\n# a note\n\n60, 120 \n3600,120\n";
    for header in [
        "",
        "seconds,load\n",
        "\u{feff}Seconds, \"LOAD\"\r\n",
        "# mine\n\nseconds,load\n",
    ] {
        let load = load(&format!("{header}{rows}"));
        assert_eq!(
            steps(&load),
            [(0, 80.0), (60, 120.0), (3_600, 120.0)],
            "{header:?}"
        );
        assert_eq!(load.start(), None);
        assert!(load.notes().is_empty() && load.counts().is_empty());
        assert_eq!(load.describe(), "test: 1 h, between 80 and 120%");
    }
    assert_eq!(
        steps(&load("load;seconds\n12,5;0\n20;60\n")),
        [(0, 12.5), (60, 20.0)]
    );
    assert_eq!(
        steps(&load("load\tseconds\n12.5\t0\n20\t60\n")),
        [(0, 12.5), (60, 20.0)]
    );
}

#[test]
fn columns_come_in_any_order_and_case() {
    let text = "\
Instances,MemoryPercentage,TIMESTAMP,cpupercentage
2,70,2026-01-05T08:00:00+00:00,50
2,,2026-01-05T08:01:00+00:00,60
3,72,2026-01-05T08:02:00+00:00,
3,73,2026-01-05T09:03:00+01:00,40
3,74,2026-01-05T08:04:00+00:00,40
";
    let load = load(text);
    assert_eq!(load.start(), Some(Start::Utc(EIGHT)));
    assert_eq!(
        steps(&load),
        [
            (0, 100.0),
            (60, 120.0),
            (180, 120.0),
            (240, 120.0),
            (300, 120.0)
        ]
    );
    assert_eq!(spans(load.gaps()), [(120, 180)]);
    assert_eq!(load.counts().len(), 5);
    assert_eq!(load.count_at(119), Some(2));
    let memory = load.metric("MemoryPercentage").unwrap();
    assert_eq!(
        [0, 59, 60, 119, 120].map(|second| memory.at(second)),
        [Some(70.0), Some(70.0), None, None, Some(72.0)]
    );
    assert_eq!(
        assumed(&load),
        ["The load is cpupercentage times Instances: 2 to 3 instances."]
    );
}

#[test]
fn every_name_of_the_cpu_and_the_count_is_known() {
    for cpu in [
        "CpuPercentage",
        "Percentage CPU",
        "cpu_percent",
        "CPU Percentage",
        "cpu",
    ] {
        for count in ["instances", "count", "ObservedCapacity", "instance_count"] {
            let load = load(&format!("seconds,{cpu},{count}\n0,50,3\n60,50,3\n"));
            assert_eq!(steps(&load), [(0, 150.0), (60, 150.0)], "{cpu} {count}");
        }
    }
}

#[test]
fn seconds_with_metrics_hold_until_the_next_row() {
    let text = "seconds,load,HttpQueueLength\n0,80,5\n60,,\n600,90,7\n1200,90,7\n";
    let load = load(text);
    assert_eq!(steps(&load), [(0, 80.0), (600, 90.0), (1_200, 90.0)]);
    assert_eq!(spans(load.gaps()), [(60, 600)]);
    let queue = load.metric("httpqueuelength").unwrap();
    assert_eq!(
        [59, 60, 599, 600, 1_199].map(|second| queue.at(second)),
        [Some(5.0), None, None, Some(7.0), Some(7.0)]
    );
}

#[test]
fn a_load_column_takes_precedence_over_the_cpu() {
    let load = load("seconds,load,CpuPercentage\n0,180,90\n60,180,90\n");
    assert_eq!(steps(&load), [(0, 180.0), (60, 180.0)]);
    assert_eq!(values(&load, "CpuPercentage")[0], (0, Some(90.0)));
}

#[test]
fn times_without_an_offset_are_local() {
    let text = "time,load\n2026-01-05 08:00,80\n2026-01-05 08:01:00,90\n";
    let local = load(text);
    assert_eq!(local.start(), Some(Start::Local(EIGHT)));
    assert_eq!(steps(&local), [(0, 80.0), (60, 90.0), (120, 90.0)]);
    assert!(assumed(&local)[0].contains("local times of the time zone of --timezone"));
    let options = ReadOptions {
        local: Some(&|seconds| seconds - 3_600),
        ..ReadOptions::default()
    };
    let placed = Load::read("test", text, &options).unwrap();
    assert_eq!(placed.start(), Some(Start::Utc(EIGHT - 3_600)));
    assert_eq!(steps(&placed), steps(&local));
}

#[test]
fn rows_out_of_order_are_sorted_and_repeated_ones_reported() {
    let text = "\
timestamp,load
2026-01-05T08:02:00Z,30
2026-01-05T08:01:00Z,20
2026-01-05T08:00:00Z,10
2026-01-05T08:02:00Z,35
";
    let load = load(text);
    assert_eq!(
        steps(&load),
        [(0, 10.0), (60, 20.0), (120, 35.0), (180, 35.0)]
    );
    assert_eq!(warned(&load).len(), 2);
    assert!(warned(&load)[0].contains("2 samples earlier"));
    assert!(warned(&load)[1].contains("repeat (1 sample)"));
}

#[test]
fn minutes_without_a_row_are_gaps() {
    let text = "\
timestamp,load
2026-01-05T08:00:00Z,10
2026-01-05T08:01:05Z,20
2026-01-05T08:02:00Z,30
2026-01-05T08:03:00Z,30
2026-01-05T08:07:00Z,40
";
    let load = load(text);
    assert_eq!(spans(load.gaps()), [(240, 420)]);
    assert_eq!(load.seconds(), 480);
}

#[test]
fn a_missing_count_keeps_the_last_value() {
    let load = load("seconds,cpu,instances\n0,50,\n60,50,2\n120,50,\n180,50,4\n240,50,4\n");
    assert_eq!(
        steps(&load),
        [
            (0, 100.0),
            (60, 100.0),
            (120, 100.0),
            (180, 200.0),
            (240, 200.0)
        ]
    );
    assert!(warned(&load)[0].contains("instances is missing in 2 samples"));
}

#[test]
fn minutes_at_100_percent_are_reported() {
    let mut text = "seconds,cpu,instances\n".to_owned();
    for (minute, cpu) in [50, 99, 100, 98, 100, 50].into_iter().enumerate() {
        text += &format!("{},{cpu},1\n", minute * 60);
    }
    let load = load(&text);
    assert_eq!(spans(load.saturated()), [(60, 180), (240, 300)]);
    assert!(warned(&load)[0].contains("99% or more for 3 min"));
    assert!(recorded_load::Span::contain(load.saturated(), 179));
    assert!(!recorded_load::Span::contain(load.saturated(), 180));
}

#[test]
fn a_file_with_only_a_metric_of_the_rules_is_a_load_of_zero() {
    let text = "timestamp,HttpQueueLength\n2026-01-05 08:00Z,5\n2026-01-05 08:01Z,6\n";
    let load = load_with(text, &["httpQueueLength"]);
    assert_eq!(steps(&load), [(0, 0.0), (120, 0.0)]);
    assert_eq!(
        values(&load, "HttpQueueLength"),
        [(0, Some(5.0)), (60, Some(6.0))]
    );
}

#[test]
fn one_sample_lasts_a_minute() {
    let load = load("timestamp,load\n2026-01-05T08:00:00Z,80\n");
    assert_eq!(steps(&load), [(0, 80.0), (60, 80.0)]);
}
