//! Levels over time, in the notation of `--stages`.

use std::time::Duration;

use load::stages::{Stages, Unit};

fn stages(text: &str) -> Stages {
    Stages::parse(text).expect(text).1
}

fn milliseconds(stages: &Stages, count: f64) -> Option<u128> {
    stages.reaches(count).map(|at| at.as_millis())
}

#[test]
fn stages_are_read() {
    let (unit, read) = Stages::parse("30s:20/s, 1m:20/s,10s: 0/s").expect("stages");
    assert_eq!(unit, Unit::RequestsPerSecond);
    assert_eq!(read.duration(), Duration::from_secs(100));
    assert_eq!(read.highest(), 20.0);
    assert_eq!(read.area(), 300.0 + 1_200.0 + 100.0);
    assert_eq!(
        read.describe(unit),
        "from 0/s to 20/s over 30 s, then 20/s for 1 min, then from 20/s to 0/s over 10 s"
    );
    let (unit, read) = Stages::parse("0s:3users,1m:3users").expect("stages");
    assert_eq!(unit, Unit::Users);
    assert_eq!(read.describe(unit), "3 users for 1 min");
}

#[test]
fn wrong_stages_are_refused() {
    for (text, part) in [
        ("", "not a stage"),
        ("30s", "not a stage"),
        ("30s:20", "not a stage"),
        ("30s:x/s", "not a stage"),
        ("30:20/s", "not a duration"),
        ("30s:20/s,", "not a stage"),
        ("30s:-1/s", "from 0 to"),
        ("30s:inf/s", "from 0 to"),
        ("30s:NaN/s", "from 0 to"),
        ("30s:2000000/s", "from 0 to"),
        ("1s:1/s,1s:1users", "count the same"),
        ("0s:20/s", "send nothing"),
        ("30s:0/s", "send nothing"),
        ("20h:1/s,20h:1/s", "24 hours"),
    ] {
        let said = Stages::parse(text).expect_err(text);
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn a_constant_rate_starts_requests_evenly() {
    let constant = Stages::constant(4.0, Duration::from_secs(2));
    let starts: Vec<_> = (0..9)
        .map(|count| milliseconds(&constant, f64::from(count)))
        .collect();
    let expected = [0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750].map(Some);
    assert_eq!(starts[..8], expected);
    assert_eq!(starts[8], None);
}

#[test]
fn a_ramp_starts_requests_closer_and_closer() {
    // After t seconds, 5 t^2 requests have started.
    let ramp = stages("2s:20/s");
    assert_eq!(milliseconds(&ramp, 0.0), Some(0));
    assert_eq!(milliseconds(&ramp, 5.0), Some(1_000));
    assert_eq!(milliseconds(&ramp, 19.9999), Some(1_999));
    assert_eq!(milliseconds(&ramp, 20.0), None);
    // With a ramp down, the last one starts before the end.
    let both = stages("2s:20/s,2s:0/s");
    assert_eq!(milliseconds(&both, 35.0), Some(3_000));
    assert!(milliseconds(&both, 39.0).expect("the last") < 4_000);
    // Periods without load are skipped.
    let pause = stages("0s:1/s,2s:1/s,0s:0/s,5s:0/s,0s:1/s,2s:1/s");
    assert_eq!(milliseconds(&pause, 1.0), Some(1_000));
    assert_eq!(milliseconds(&pause, 2.0), Some(7_000));
}

#[test]
fn starts_never_go_back() {
    let stages = stages("1s:100/s,1s:3/s,0s:50/s,1s:50/s,2s:0/s");
    let mut before = Duration::ZERO;
    let mut count = 0.0;
    while let Some(at) = stages.reaches(count) {
        assert!(at >= before && at <= stages.duration(), "{count}: {at:?}");
        before = at;
        count += 1.0;
    }
    assert_eq!(count, stages.area().ceil());
}

#[test]
fn the_level_and_the_time_of_crossing_a_bound() {
    let stages = stages("10s:100users,5s:100users,10s:0users,0s:50users,1s:50users");
    let second = Duration::from_secs;
    assert_eq!(stages.level(second(5)), 50.0);
    assert_eq!(stages.level(second(12)), 100.0);
    assert_eq!(stages.level(second(20)), 50.0);
    assert_eq!(stages.level(second(25)), 50.0);
    assert_eq!(stages.level(second(99)), 50.0);
    let above = |bound, from| stages.rises_above(bound, from).map(|at| at.as_millis());
    assert_eq!(above(0.0, second(0)), Some(0));
    assert_eq!(above(50.0, second(0)), Some(5_000));
    assert_eq!(above(99.0, second(11)), Some(11_000));
    assert_eq!(above(30.0, second(24)), Some(25_000));
    assert_eq!(above(60.0, second(24)), None);
    assert_eq!(above(100.0, second(0)), None);
    // At the time of the crossing, the level is already above the bound.
    let crossing = stages.rises_above(50.0, second(0)).expect("a crossing");
    assert!(stages.level(crossing) > 50.0);
}
