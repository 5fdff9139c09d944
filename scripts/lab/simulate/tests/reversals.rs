//! Overshoots and flapping: actions that were undone although the load did not require it.

use autoscale::Setting;
use recorded_load::{Load, Step};
use simulate::{Model, Scenario, Verdict, simulate};

/// The number of overshoots and flaps, with loads that start at these minutes.
fn reversals(loads: &[(u64, f64)]) -> (usize, usize) {
    let steps = loads.iter().map(|(minute, percent)| Step {
        at_seconds: minute * 60,
        percent: *percent,
    });
    let load = Load::new("test", steps.collect()).expect("a load");
    let setting = Setting::built_in();
    let simulation = simulate(&Scenario {
        setting: &setting,
        load: &load,
        model: Model::DEFAULT,
        start: 0,
    });
    let verdict = Verdict::on(&simulation, &setting, &Model::DEFAULT);
    (verdict.overshoots, verdict.flaps)
}

#[test]
fn a_third_instance_for_a_load_below_one_instance_is_an_overshoot() {
    assert_eq!(reversals(&[(0, 80.0), (60, 80.0)]), (1, 0));
}

#[test]
fn noise_hides_no_overshoot() {
    let noisy: Vec<(u64, f64)> = (0..=60)
        .map(|minute| (minute, 80.0 + (minute * 7 % 11) as f64 - 5.0))
        .collect();
    assert_eq!(reversals(&noisy), (1, 0));
}

#[test]
fn a_load_that_rose_and_fell_in_between_is_not_an_overshoot() {
    let up = (0..60).map(|minute| (minute, 4.0 * minute as f64));
    let down = (60..=180_u64).map(|minute| (minute, 4.0 * 120_u64.saturating_sub(minute) as f64));
    assert_eq!(reversals(&up.chain(down).collect::<Vec<_>>()), (0, 0));
}

#[test]
fn a_past_spike_is_not_an_overshoot() {
    assert_eq!(
        reversals(&[(0, 30.0), (30, 250.0), (35, 30.0), (95, 30.0)]),
        (0, 0)
    );
}

#[test]
fn equal_days_are_not_flapping() {
    let days: Vec<(u64, f64)> = (0..6)
        .map(|half| (half * 720, if half % 2 == 0 { 40.0 } else { 150.0 }))
        .collect();
    assert_eq!(reversals(&days), (0, 0));
}
