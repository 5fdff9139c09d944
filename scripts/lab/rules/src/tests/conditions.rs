//! Conditions that can never be true, alone or together.

use super::{checked, faults, hints, inward, out, profile, rule, with};

#[test]
fn a_percentage_beyond_0_to_100_is_never_true() {
    for rule in [
        out(100),
        out(101),
        inward(0),
        rule("Increase", "GreaterThanOrEqual", 100.5),
    ] {
        let found = checked(&profile(1, 3, &[rule])).faults;
        assert_eq!(found[0].code, "never_true", "{found:?}");
        assert_eq!(found[0].place, "rules[0]");
    }
    for rule in [out(99), inward(1), rule("Decrease", "LessThanOrEqual", 0)] {
        assert!(faults(&profile(1, 3, &[rule])).is_empty());
    }
}

#[test]
fn other_metrics_than_percentages_may_have_any_value() {
    for rule in [
        with(out(200), "metricName", "HttpQueueLength"),
        with(out(200), "statistic", "Sum"),
        with(out(200), "timeAggregation", "Total"),
    ] {
        assert!(faults(&profile(1, 3, &[rule])).is_empty());
    }
}

#[test]
fn scale_in_rules_must_be_able_to_be_true_together() {
    let above = |threshold: u32| rule("Decrease", "GreaterThan", threshold);
    let found = checked(&profile(1, 3, &[out(90), inward(30), above(50)])).faults;
    assert_eq!((found.len(), found[0].code), (1, "never_scales_in"));
    assert_eq!(found[0].place, "rules[1]");
    assert!(found[0].message.contains("rules[2]"), "{found:?}");
    // With equal thresholds, no value fulfils both.
    assert_eq!(
        faults(&profile(1, 3, &[inward(30), above(30)])),
        ["never_scales_in"]
    );
    assert!(faults(&profile(1, 3, &[inward(30), above(10)])).is_empty());
    // With two metrics or two statistics, both may be true.
    let memory = with(above(50), "metricName", "MemoryPercentage");
    assert!(faults(&profile(1, 3, &[inward(30), memory])).is_empty());
    let highest = with(above(50), "statistic", "Max");
    assert!(faults(&profile(1, 3, &[inward(30), highest])).is_empty());
}

#[test]
fn a_stricter_scale_in_rule_decides() {
    let needless = |file| hints(&file).contains(&"scale_in_needs_all");
    let far = with(inward(10), "value", "2");
    let found = checked(&profile(1, 5, &[out(70), inward(30), far])).hints;
    let found = found
        .iter()
        .find(|hint| hint.code == "scale_in_needs_all")
        .unwrap();
    assert_eq!(found.place, "rules[1]");
    assert!(
        found.message.contains("rules[2] is stricter"),
        "{}",
        found.message
    );
    let memory = with(inward(10), "metricName", "MemoryPercentage");
    assert!(!needless(profile(1, 5, &[out(70), inward(30), memory])));
}

#[test]
fn a_percentage_divided_by_the_instances_is_a_hint() {
    let divided = |rule| hints(&profile(1, 3, &[rule])).contains(&"divided_percentage");
    assert!(divided(with(out(70), "dividePerInstance", true)));
    assert!(!divided(out(70)));
    let requests = with(out(70), "metricName", "Requests");
    assert!(!divided(with(requests, "dividePerInstance", true)));
}
