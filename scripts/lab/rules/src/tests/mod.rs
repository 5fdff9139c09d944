//! Settings with a fault or a hint, and similar ones without; bands and pairs compared with the engine.

#![allow(clippy::unwrap_used)]

mod bands;
mod calendar;
mod conditions;
mod flapping;
mod habits;

use std::time::Duration;

use autoscale::{ReadOptions, RuleFile};
use serde_json::{Value, json};

use crate::Rules;
use crate::check::{Delays, Remark, Remarks, check};

/// Monday, 2026-01-05.
const NOW: i64 = 1_767_571_200;

fn rule(direction: &str, operator: &str, threshold: impl Into<Value>) -> Value {
    json!({
        "metricTrigger": {
            "metricName": "CpuPercentage",
            "metricNamespace": "microsoft.web/serverfarms",
            "timeGrain": "PT1M",
            "statistic": "Average",
            "timeWindow": "PT5M",
            "timeAggregation": "Average",
            "operator": operator,
            "threshold": threshold.into(),
        },
        "scaleAction": {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": "PT10M"},
    })
}

fn out(threshold: impl Into<Value>) -> Value {
    rule("Increase", "GreaterThan", threshold)
}

fn inward(threshold: impl Into<Value>) -> Value {
    rule("Decrease", "LessThan", threshold)
}

/// A rule with one changed field, of its trigger or of its action.
fn with(mut rule: Value, field: &str, value: impl Into<Value>) -> Value {
    let part = match rule["scaleAction"].get(field) {
        Some(_) => "scaleAction",
        None => "metricTrigger",
    };
    rule[part][field] = value.into();
    rule
}

fn profile(minimum: u32, maximum: u32, rules: &[Value]) -> Value {
    // A default above the minimum causes no hint.
    let default = (minimum + 1).min(maximum);
    json!({
        "name": "p",
        "capacity": {"minimum": minimum, "maximum": maximum, "default": default},
        "rules": rules,
    })
}

fn setting(profiles: &[Value]) -> Value {
    json!({"enabled": true, "profiles": profiles})
}

fn read(file: &Value) -> Rules {
    let file = RuleFile::read(&file.to_string(), ReadOptions::default()).unwrap();
    Rules::new(file, String::new(), String::new())
}

fn checked(file: &Value) -> Remarks {
    let delays = Delays {
        metric_lag: Duration::from_secs(180),
        provision: Duration::from_secs(120),
    };
    check(&read(file), delays, NOW)
}

fn codes(remarks: &[Remark]) -> Vec<&'static str> {
    remarks.iter().map(|remark| remark.code).collect()
}

fn faults(file: &Value) -> Vec<&'static str> {
    codes(&checked(file).faults)
}

fn hints(file: &Value) -> Vec<&'static str> {
    codes(&checked(file).hints)
}

#[test]
fn the_rules_of_the_project_have_no_fault() {
    let built_in = serde_json::from_str(autoscale::BUILT_IN).unwrap();
    assert!(faults(&built_in).is_empty());
    assert_eq!(
        hints(&built_in),
        ["default_is_minimum", "short_cooldown", "short_cooldown"]
    );
}

#[test]
fn rules_far_apart_with_long_cooldowns_have_neither_fault_nor_hint() {
    let bare = profile(1, 3, &[out(70), inward(30)]);
    let remarks = checked(&bare);
    assert!(
        remarks.faults.is_empty() && remarks.hints.is_empty(),
        "{remarks:?}"
    );
    let remarks = checked(&setting(&[bare]));
    assert!(
        remarks.faults.is_empty() && remarks.hints.is_empty(),
        "{remarks:?}"
    );
}

#[test]
fn places_are_those_of_the_file() {
    let bad = profile(1, 3, &[out(50), inward(30)]);
    let place = |file: &Value| checked(file).faults[0].place.clone();
    assert_eq!(place(&bad), "rules[0]");
    assert_eq!(
        place(&setting(std::slice::from_ref(&bad))),
        "profiles[0].rules[0]"
    );
    let resource = json!({"value": [{"name": "s", "properties": setting(&[bad])}]});
    assert_eq!(place(&resource), "value[0].properties.profiles[0].rules[0]");
}

#[test]
fn a_wrong_target_and_a_second_default_are_faults() {
    let mut site = setting(&[profile(1, 3, &[out(70), inward(30)])]);
    site["targetResourceUri"] =
        json!("/subscriptions/x/resourceGroups/r/providers/Microsoft.Web/sites/s");
    assert_eq!(faults(&site), ["wrong_target"]);
    let two = setting(&[profile(1, 2, &[]), profile(1, 3, &[])]);
    assert_eq!(faults(&two), ["second_default"]);
}

#[test]
fn other_findings_of_the_reader_are_hints() {
    let mut missing = setting(&[profile(1, 3, &[out(70), inward(30)])]);
    missing.as_object_mut().unwrap().remove("enabled");
    let mut first = out(70);
    first["metricTrigger"]
        .as_object_mut()
        .unwrap()
        .remove("metricNamespace");
    missing["profiles"][0]["rules"][0] = first;
    assert_eq!(hints(&missing), ["enabled_missing", "namespace_missing"]);
    assert!(faults(&missing).is_empty());
}
