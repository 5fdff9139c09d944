//! Compares the bands with the engine, load by load.

use std::time::Duration;

use autoscale::{Decision, History, Minute, Outcome, Setting, evaluate};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{inward, out, profile, read, rule, with};
use crate::bands::{Band, bands, examined};
use crate::view::{Load, View};

fn described(file: &Value) -> Vec<String> {
    let rules = read(file);
    let views = View::all(&rules.setting.metrics, &rules.setting.profiles[0]);
    let (bands, _) = bands(&views[0]);
    bands.iter().map(|band| band.describe("%")).collect()
}

#[test]
fn each_count_stays_between_its_thresholds() {
    assert_eq!(
        described(&profile(1, 3, &[out(70), inward(30)])),
        [
            "below 70%: stays; above 70%: 2",
            "below 60%: 1; 60 to 140%: stays; above 140%: 3",
            "below 90%: 2; 90 to 210%: stays; above 210%: stays (maximum)",
        ]
    );
}

#[test]
fn ranges_kept_only_by_the_flapping_check_are_marked() {
    assert_eq!(
        described(&profile(1, 2, &[out(50), inward(30)]))[1],
        "below 50%: 1; 50 to 60%: stays (flapping check); 60 to 100%: stays; above 100%: stays (maximum)"
    );
}

#[test]
fn a_scale_in_rule_that_prevents_the_scale_in_is_marked() {
    assert_eq!(
        described(&profile(1, 2, &[out(70), inward(30), inward(10)]))[1],
        "below 20%: 1; 20 to 60%: stays (not all scale-in rules are true); 60 to 140%: stays; above 140%: stays (maximum)"
    );
}

#[test]
fn no_instance_has_no_sample() {
    let bands = described(&profile(0, 2, &[out(70), inward(30)]));
    // Without a sample, the count moves up to the default.
    assert_eq!(bands[0], "at any load: 1");
    // Any load, however small, is infinite for zero instances.
    assert_eq!(
        bands[1],
        "below 30%: stays (flapping check); 30 to 70%: stays; above 70%: 2"
    );
}

#[test]
fn a_metric_that_all_rules_divide_is_a_load() {
    let queue = |rule: Value| {
        with(
            with(rule, "metricName", "Messages"),
            "dividePerInstance",
            true,
        )
    };
    let rules = read(&profile(1, 2, &[queue(out(100)), queue(inward(20))]));
    let views = View::all(&rules.setting.metrics, &rules.setting.profiles[0]);
    assert_eq!(views[0].load, Load::Divided(0));
    assert_eq!(
        bands(&views[0]).0[1].describe(""),
        "below 40: 1; 40 to 200: stays; above 200: stays (maximum)"
    );
    let plain = read(&profile(
        1,
        2,
        &[with(out(80), "metricName", "MemoryPercentage")],
    ));
    assert!(View::all(&plain.setting.metrics, &plain.setting.profiles[0]).is_empty());
}

#[test]
fn at_most_twenty_counts_have_bands() {
    let rules = read(&profile(2, 1_000, &[out(70), inward(30)]));
    let views = View::all(&rules.setting.metrics, &rules.setting.profiles[0]);
    let (bands, left_out) = bands(&views[0]);
    assert_eq!((bands.len(), left_out), (20, 979));
    assert_eq!((bands[0].count, bands[19].count), (2, 21));
}

/// The decision of an evaluation after an hour of this load.
pub(super) fn decided(setting: &Setting, count: u32, load: f64) -> Decision {
    let cpu = (load / f64::from(count)).min(100.0);
    let minute = |minute: u64| Minute::even(Duration::from_secs(60 * minute), cpu, count);
    let metrics = vec![(1..=60).map(minute).collect(); setting.metrics.len()];
    let until = Duration::from_secs(60 * 60);
    let history = History {
        metrics: &metrics,
        until,
    };
    evaluate(
        (&setting.profiles[0], &setting.metrics),
        history,
        count,
        None,
        until,
    )
}

fn any_rule() -> impl Strategy<Value = Value> {
    let operators = prop::sample::select(vec![
        "Equals",
        "NotEquals",
        "GreaterThan",
        "GreaterThanOrEqual",
        "LessThan",
        "LessThanOrEqual",
    ]);
    let statistics = prop::sample::select(vec!["Average", "Min", "Max", "Sum", "Count"]);
    let aggregations = prop::sample::select(vec![
        "Average", "Minimum", "Maximum", "Total", "Count", "Last",
    ]);
    let directions = prop::sample::select(vec!["Increase", "Decrease", "None"]);
    let changes = prop::sample::select(vec![
        ("ChangeCount", 1),
        ("ChangeCount", 3),
        ("PercentChangeCount", 50),
        ("ExactCount", 2),
        ("ExactCount", 4),
        ("ServiceAllowedNextValue", 1),
    ]);
    let grains = prop::sample::select(vec![("PT1M", "PT5M"), ("PT5M", "PT15M"), ("PT1M", "PT1M")]);
    let thresholds = prop_oneof![3 => 0_u32..=110, 1 => 100_u32..=2_000];
    let parts = (
        operators,
        statistics,
        aggregations,
        directions,
        changes,
        grains,
        thresholds,
    );
    (parts, any::<bool>()).prop_map(|(parts, divided)| {
        let (operator, statistic, aggregation, direction, (kind, value), grain, threshold) = parts;
        let mut rule = rule(direction, operator, threshold);
        for (field, value) in [
            ("statistic", json!(statistic)),
            ("timeAggregation", json!(aggregation)),
            ("timeGrain", json!(grain.0)),
            ("timeWindow", json!(grain.1)),
            ("dividePerInstance", json!(divided)),
            ("type", json!(kind)),
            ("value", json!(value.to_string())),
        ] {
            rule = with(rule, field, value);
        }
        rule
    })
}

fn next(band: &Band, load: f64) -> u32 {
    let range = band
        .ranges
        .iter()
        .find(|range| range.span.to.is_none_or(|to| load < to));
    range.unwrap().next
}

proptest! {
    #[test]
    fn bands_agree_with_the_engine(
        rules in prop::collection::vec(any_rule(), 1..4),
        minimum in 1_u32..3,
        more in 0_u32..5,
        loads in prop::collection::vec(0.01_f64..900.0, 40),
    ) {
        let rules = read(&profile(minimum, minimum + more, &rules));
        let views = View::all(&rules.setting.metrics, &rules.setting.profiles[0]);
        prop_assert_eq!(views.len(), 1);
        let (bands, _) = bands(&views[0]);
        prop_assert_eq!(bands.len(), examined(&views[0]).count());
        for band in &bands {
            let ends = || band.ranges.iter().filter_map(|range| range.span.to);
            for load in &loads {
                // At the boundary itself, rounding decides.
                if ends().any(|end| (end - load).abs() < 1e-3) {
                    continue;
                }
                let decision = decided(&rules.setting, band.count, *load);
                prop_assert_eq!(next(band, *load), decision.to, "{} at {}: {:?}", band.count, load, band);
                prop_assert!(!matches!(decision.outcome, Outcome::Limited | Outcome::CoolingDown(_)));
            }
        }
    }
}
