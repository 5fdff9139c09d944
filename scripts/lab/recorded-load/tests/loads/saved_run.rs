//! Runs saved by `lab load` and `lab demo`.

use recorded_load::Start;
use run_record::{FleetSample, Run};

use super::{assumed, load, refused, spans, steps};

fn run(time_scale: f64, samples: &[(f64, u32, u32, Option<f64>)]) -> String {
    let run = Run {
        title: "lab load".to_owned(),
        started: "2026-01-05T08:00:00Z".to_owned(),
        time_scale,
        samples: samples
            .iter()
            .map(|&(at, ready, wanted, cpu_percent)| FleetSample {
                at,
                ready,
                wanted,
                cpu_percent,
                ..FleetSample::default()
            })
            .collect(),
        ..Run::default()
    };
    serde_json::to_string_pretty(&run).unwrap()
}

#[test]
fn a_sample_covers_the_time_before_it() {
    let samples = [
        (0.0, 1, 1, Some(50.0)),
        (1.0, 1, 1, Some(60.0)),
        (2.0, 1, 2, Some(100.0)),
        (3.0, 2, 2, None),
        (4.0, 2, 2, Some(70.0)),
    ];
    let scaled = load(&run(60.0, &samples));
    assert_eq!(
        steps(&scaled),
        [(0, 60.0), (60, 100.0), (180, 140.0), (240, 140.0)]
    );
    assert_eq!(scaled.start(), Some(Start::Utc(1_767_600_000)));
    assert_eq!(scaled.counts(), [(0, 1), (60, 2)]);
    assert_eq!(spans(scaled.saturated()), [(60, 120)]);
    assert_eq!(spans(scaled.gaps()), [(120, 180)]);
    assert!(assumed(&scaled)[0].contains("a second of the run stands for 60 s"));
    assert_eq!(load(&run(1.0, &samples)).seconds(), 4);
}

#[test]
fn a_run_without_a_fleet_is_refused() {
    assert!(refused(&run(1.0, &[])).contains("no samples of the fleet"));
    assert!(refused(&run(1.0, &[(1.0, 1, 1, None)])).contains("no sample of the fleet has a CPU"));
    assert!(refused(&run(60.0, &[(1e300, 1, 1, Some(1.0))])).contains("more than 366 days"));
    assert!(refused(&run(1.0, &[(60.0, 1, 1, Some(1e9))])).contains("is not between 0"));
}
