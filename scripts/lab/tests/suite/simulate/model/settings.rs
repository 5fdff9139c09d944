//! Any setting, load and platform, and the files with the same content.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::calendar::{AUTUMN, DAY, Local, SPRING, When};
use super::plain::{Platform, Profile, Row, Rule};

/// The metrics of the rules: the CPU of the instances, another one of the same plan, one of another resource.
pub(super) const METRICS: [&str; 3] = ["CpuPercentage", "MemoryPercentage", "ActiveMessages"];
const PLAN: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Web/serverfarms/p";
const QUEUE: &str =
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.ServiceBus/namespaces/orders";
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// A setting, a load and the assumptions about the platform.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) profiles: Vec<Profile>,
    zone: &'static str,
    pub(super) rows: Vec<Row>,
    pub(super) platform: Platform,
    pub(super) start: i64,
}

fn any_span(least: i64, most: i64) -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => (least..most).prop_map(|seconds| seconds / 60 * 60),
        1 => least..most,
    ]
}

fn any_change() -> impl Strategy<Value = (&'static str, i64)> {
    prop_oneof![
        3 => (0..4_i64).prop_map(|by| ("ChangeCount", by)),
        1 => (1..150_i64).prop_map(|by| ("PercentChangeCount", by)),
        1 => (0..12_i64).prop_map(|to| ("ExactCount", to)),
        1 => Just(("ServiceAllowedNextValue", 1)),
    ]
}

/// How samples become a value. Most cases are common.
fn any_reading() -> impl Strategy<Value = (&'static str, &'static str, bool)> {
    let usual = Just(("Average", "Average", false));
    let any = (
        select(vec!["Average", "Min", "Max", "Sum", "Count"]),
        select(vec![
            "Average", "Minimum", "Maximum", "Total", "Count", "Last",
        ]),
        prop::bool::weighted(0.3),
    );
    prop_oneof![usual, any]
}

fn any_threshold() -> impl Strategy<Value = f64> {
    let whole = prop_oneof![4 => 0..100_u32, 1 => 0..30_u32, 1 => 0..700_u32];
    // A whole number, which may be a value, or a number that cannot be one.
    (whole, any::<bool>())
        .prop_map(|(whole, between)| f64::from(whole) + if between { 0.123_456 } else { 0.0 })
}

prop_compose! {
    fn any_rule()(
        metric in prop_oneof![3 => Just(0_usize), 1 => Just(1), 1 => Just(2)],
        (statistic, aggregation, divide) in any_reading(),
        grain in prop_oneof![3 => Just(60_i64), 1 => select(vec![300_i64, 900, 1_800, 3_600])],
        window in prop_oneof![4 => any_span(60, 900), 1 => any_span(60, 7_200)],
        operator in select(vec![
            "Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual",
        ]),
        usual in prop::bool::weighted(0.8),
        threshold in any_threshold(),
        direction in prop_oneof![4 => Just("Increase"), 4 => Just("Decrease"), 1 => Just("None")],
        (change, value) in any_change(),
        cooldown in prop_oneof![4 => any_span(60, 900), 1 => any_span(60, 7_200)],
    ) -> Rule {
        let operator = match direction {
            "Increase" if usual => "GreaterThan",
            "Decrease" if usual => "LessThan",
            _ => operator,
        };
        Rule {
            metric, statistic, grain, window, aggregation, operator, threshold, divide, direction, change, value, cooldown,
        }
    }
}

/// A rule as in most settings: a mean compared with a threshold that a load reaches. Some use the sum over the
/// instances.
fn usual_rule() -> impl Strategy<Value = Rule> {
    let statistic = prop_oneof![
        6 => Just(("Average", 1.0)),
        2 => Just(("Sum", 3.0)),
        // One value of each instance.
        1 => Just(("Count", 0.1)),
    ];
    (any_rule(), any::<bool>(), 20..90_u32, 10..70_u32, statistic).prop_map(
        |(rule, out, above, below, (statistic, times))| {
            let (direction, operator, threshold) = match out {
                true => ("Increase", "GreaterThan", above),
                false => ("Decrease", "LessThan", below),
            };
            Rule {
                metric: if rule.metric == 2 { 1 } else { 0 },
                statistic,
                aggregation: "Average",
                divide: false,
                operator,
                threshold: f64::from(threshold) * times,
                direction,
                ..rule
            }
        },
    )
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    let mixed = (vec(usual_rule(), 1..4), vec(any_rule(), 0..3));
    // All on a metric with missing samples.
    let missing = usual_rule().prop_map(|rule| Rule { metric: 1, ..rule });
    prop_oneof![
        1 => Just(Vec::new()),
        4 => vec(missing, 1..5),
        5 => vec(any_rule(), 1..7),
        5 => vec(usual_rule(), 1..6),
        5 => mixed.prop_map(|(usual, any)| [usual, any].concat()),
    ]
}

/// A time on the clocks of Berlin near a change.
fn any_local(change: i64) -> impl Strategy<Value = Local> {
    (-6..30_i64, select(vec![0, 15, 30, 45, 59]))
        .prop_map(move |(hour, minute)| Local(change * DAY + hour * 3_600 + minute * 60))
}

fn any_when(change: i64) -> impl Strategy<Value = When> {
    let dates = (any_local(change), any_local(change))
        .prop_filter("an end after the start", |(one, other)| {
            one.unix() != other.unix()
        })
        // By the moment, because a skipped time comes after some later times.
        .prop_map(|(one, other)| match one.unix() < other.unix() {
            true => When::Dates(one, other),
            false => When::Dates(other, one),
        });
    let weekly = (
        subsequence((0..7).collect::<Vec<i64>>(), 1..=7),
        vec(prop_oneof![4 => 0..6_i64, 1 => 0..24_i64], 1..6),
        vec(select(vec![0_i64, 5, 15, 30, 45, 59]), 1..3),
    );
    let weekly = weekly.prop_map(|(mut days, hours, minutes)| {
        // Clocks change on a Sunday, so most of these profiles start on it.
        if days.len() > 1 && !days.contains(&6) {
            days.push(6);
        }
        When::Weekly {
            days,
            hours,
            minutes,
        }
    });
    prop_oneof![1 => Just(When::Default), 1 => dates, 3 => weekly]
}

prop_compose! {
    fn any_profile(change: i64)(
        when in any_when(change),
        bounds in [0..12_i64, 0..12_i64, 0..12_i64],
        from_one in prop::bool::weighted(0.7),
        rules in any_rules(),
    ) -> Profile {
        let mut bounds = bounds.map(|bound| bound.max(i64::from(from_one)));
        bounds.sort_unstable();
        let [minimum, default, maximum] = bounds;
        Profile { when, minimum, maximum, default, rules }
    }
}

fn any_profiles(change: i64) -> impl Strategy<Value = Vec<Profile>> {
    let with_default = any_profile(change).prop_map(|profile| {
        vec![Profile {
            when: When::Default,
            ..profile
        }]
    });
    prop_oneof![1 => with_default, 2 => vec(any_profile(change), 2..6)]
}

prop_compose! {
    fn any_rows()(
        rows in vec(
            (
                prop_oneof![4 => (1..50_i64).prop_map(|minutes| minutes * 60), 1 => 1..1_500_i64],
                prop_oneof![3 => 0..500_u32, 1 => 0..1_300_u32],
                [option::weighted(0.8, 0..101_u32), option::weighted(0.8, 0..500_u32)],
            ),
            2..12,
        ),
        lost in prop::bool::weighted(0.2),
    ) -> Vec<Row> {
        let mut at = 0;
        rows.into_iter().map(|(seconds, load, recorded)| {
            let recorded = if lost { [None, None] } else { recorded };
            let row = Row { at, load, recorded };
            at += seconds;
            row
        }).collect()
    }
}

prop_compose! {
    fn any_platform()(
        lag in prop_oneof![Just(180_i64), 0..400_i64],
        provision in prop_oneof![Just(120_i64), 0..400_i64],
        evaluate in prop_oneof![4 => Just(60_i64), 4 => 1..130_i64, 1 => 130..3_000_i64],
    ) -> Platform {
        Platform { lag, provision, evaluate }
    }
}

pub(super) fn any_case() -> impl Strategy<Value = Case> {
    let change = select(vec![SPRING, AUTUMN]);
    change.prop_flat_map(|change| {
        // In most cases, the clocks change during the load.
        let before = prop_oneof![6 => 0..12_000_i64, 1 => -864_000..864_000_i64];
        (
            any_profiles(change),
            select(vec!["W. Europe Standard Time", "Europe/Berlin"]),
            any_rows(),
            any_platform(),
            before,
        )
            .prop_map(move |(profiles, zone, rows, platform, before)| Case {
                profiles,
                zone,
                rows,
                platform,
                // Clocks change at 01:00 UTC.
                start: change * DAY + 3_600 - before,
            })
    })
}

impl Case {
    /// The setting as Azure writes it.
    pub(super) fn setting(&self) -> Value {
        let profiles = self.profiles.iter().enumerate().map(|(index, profile)| {
            let mut written = json!({
                "name": format!("profile {index}"),
                "capacity": {
                    "minimum": profile.minimum.to_string(),
                    "maximum": profile.maximum.to_string(),
                    "default": profile.default.to_string(),
                },
                "rules": profile.rules.iter().map(rule).collect::<Vec<_>>(),
            });
            match &profile.when {
                When::Default => {}
                When::Dates(from, to) => {
                    written["fixedDate"] =
                        json!({"timeZone": self.zone, "start": from.text(), "end": to.text()});
                }
                When::Weekly { days, hours, minutes } => {
                    let days: Vec<&str> = days.iter().map(|day| DAYS[*day as usize]).collect();
                    let schedule = json!({"timeZone": self.zone, "days": days, "hours": hours, "minutes": minutes});
                    written["recurrence"] = json!({"frequency": "Week", "schedule": schedule});
                }
            }
            written
        });
        json!({"name": "any", "enabled": true, "targetResourceUri": PLAN, "profiles": profiles.collect::<Vec<_>>()})
    }

    /// The load as CSV.
    pub(super) fn load(&self) -> String {
        let mut csv = String::from("seconds,load,MemoryPercentage,ActiveMessages\n");
        for row in &self.rows {
            let [memory, messages] = row
                .recorded
                .map(|value| value.map_or(String::new(), |value| value.to_string()));
            let _ = writeln!(csv, "{},{},{memory},{messages}", row.at, row.load);
        }
        csv
    }
}

fn rule(rule: &Rule) -> Value {
    json!({
        "metricTrigger": {
            "metricName": METRICS[rule.metric],
            "metricResourceUri": if rule.metric == 2 { QUEUE } else { PLAN },
            "timeGrain": format!("PT{}S", rule.grain),
            "statistic": rule.statistic,
            "timeWindow": format!("PT{}S", rule.window),
            "timeAggregation": rule.aggregation,
            "operator": rule.operator,
            "threshold": rule.threshold,
            "dividePerInstance": rule.divide,
        },
        "scaleAction": {
            "direction": rule.direction,
            "type": rule.change,
            "value": rule.value.to_string(),
            "cooldown": format!("PT{}S", rule.cooldown),
        },
    })
}
