//! Pairs of rules that flap.

use autoscale::Outcome;
use proptest::prelude::*;
use serde_json::Value;

use super::bands::decided;
use super::{checked, faults, inward, out, profile, read, rule, with};

fn cpu(minimum: u32, maximum: u32, above: impl Into<Value>, below: impl Into<Value>) -> Value {
    profile(minimum, maximum, &[out(above), inward(below)])
}

#[test]
fn thresholds_that_are_too_close_flap() {
    for (above, below) in [(50, 30), (80, 60), (70, 70), (70, 36)] {
        assert_eq!(
            faults(&cpu(1, 3, above, below)),
            ["flapping"],
            "{above} {below}"
        );
    }
    for (above, below) in [(70, 30), (70, 35), (80, 40)] {
        assert!(
            faults(&cpu(1, 3, above, below)).is_empty(),
            "{above} {below}"
        );
    }
}

#[test]
fn the_fault_contains_the_counts_the_loads_and_a_remedy() {
    let found = checked(&cpu(1, 3, 50, 30)).faults.remove(0);
    assert_eq!(
        found.message,
        "flaps with rules[1]. At a load from 50 to 60% of one instance, 1 instance scales out to 2, because average CPU \
         over 5 minutes is above 50%. With 2, all scale-in rules are true under the same load: rules[1] sees 25 to 30% \
         (average CPU over 5 minutes is below 30%). Only Azure's flapping check, which is an estimate, keeps the larger \
         count."
    );
    assert_eq!(
        found.remedy,
        "Set the scale-in threshold to at most 25%, or the scale-out threshold to at least 60%."
    );
    assert!(faults(&cpu(1, 3, 50, 25)).is_empty() && faults(&cpu(1, 3, 60, 30)).is_empty());
}

#[test]
fn if_both_thresholds_are_included_the_same_value_fires_both() {
    let rules = |below: u32| {
        let out = rule("Increase", "GreaterThanOrEqual", 80);
        profile(1, 3, &[out, rule("Decrease", "LessThanOrEqual", below)])
    };
    let found = checked(&rules(60)).faults.remove(0);
    assert_eq!(found.remedy, "Set the scale-in threshold to below 40%.");
    assert!(faults(&rules(39)).is_empty());
}

#[test]
fn a_large_step_out_comes_back_under_the_same_load() {
    let out = with(out(50), "value", "4");
    let found = checked(&profile(1, 5, &[out, inward(20)])).faults;
    assert!(
        found[0].message.ends_with("The count goes down again."),
        "{found:?}"
    );
}

#[test]
fn each_pair_is_one_fault() {
    let far = with(out(90), "value", "2");
    assert_eq!(
        faults(&profile(1, 8, &[out(80), far, inward(70)])),
        ["flapping", "flapping"]
    );
}

#[test]
fn rules_on_other_metrics_do_not_hide_a_pair() {
    let memory = with(out(80), "metricName", "MemoryPercentage");
    let found = checked(&profile(1, 3, &[memory.clone(), out(50), inward(30)]))
        .faults
        .remove(0);
    assert_eq!(found.place, "rules[1]");
    assert!(
        found.message.contains("all scale-in rules on this metric"),
        "{}",
        found.message
    );
    assert!(faults(&profile(1, 3, &[memory, out(70), inward(30)])).is_empty());
}

#[test]
fn a_divided_metric_flaps_like_cpu() {
    let queue = |rule: Value| {
        with(
            with(rule, "metricName", "Messages"),
            "dividePerInstance",
            true,
        )
    };
    let found = checked(&profile(1, 4, &[queue(out(100)), queue(inward(80))]))
        .faults
        .remove(0);
    assert!(
        found.message.contains("With Messages from 100 to 160,"),
        "{}",
        found.message
    );
    assert_eq!(
        found.remedy,
        "Set the scale-in threshold to at most 50, or the scale-out threshold to at least 160."
    );
    assert!(faults(&profile(1, 4, &[queue(out(100)), queue(inward(50))])).is_empty());
}

#[test]
fn a_fixed_count_does_not_flap() {
    assert!(faults(&cpu(2, 2, 50, 40)).is_empty());
}

proptest! {
    /// All boundaries of loads are whole numbers here, so the halves between them cover every span.
    #[test]
    fn a_fault_is_found_if_the_engine_would_scale_in_again(
        above in 1_u32..100,
        below in 1_u32..100,
        step in 1_u32..4,
        minimum in 1_u32..3,
        more in 1_u32..4,
    ) {
        let file = profile(
            minimum,
            minimum + more,
            &[with(out(above), "value", step.to_string()), inward(below)],
        );
        let setting = read(&file).setting;
        let undone = |count: u32, load: f64| {
            let first = decided(&setting, count, load);
            let second = decided(&setting, first.to, load);
            matches!(first.outcome, Outcome::ScaledOut(_))
                && matches!(
                    second.outcome,
                    Outcome::ScaledIn(_) | Outcome::ScaledInLess(_) | Outcome::Flapping(_)
                )
        };
        let flaps = (minimum..=minimum + more)
            .any(|count| (0..100 * (minimum + more)).any(|load| undone(count, f64::from(load) + 0.5)));
        prop_assert_eq!(faults(&file), if flaps { vec!["flapping"] } else { Vec::new() });
    }
}
