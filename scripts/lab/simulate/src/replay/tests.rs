//! A simulation's log agrees with the engine for all rules and loads. Hostile logs do no harm. The command itself is
//! tested in the lab's suite.
#![allow(clippy::unwrap_used)]

use ::rules::Rules;
use autoscale::{RuleFile, Setting};
use proptest::prelude::*;
use proptest::sample::select;
use recorded_load::{Load, ReadOptions};
use serde_json::{Value, json};

use super::log::Log;
use super::outcome::Outcome;
use crate::evaluations;
use crate::{Model, Scenario};

fn setting(value: &Value) -> Setting {
    let file = RuleFile::read(&value.to_string(), autoscale::ReadOptions::default());
    file.unwrap_or_else(|refusal| panic!("{refusal:?}")).setting
}

fn outcome(setting: &Setting, log: &str) -> Value {
    let log = Log::parse(log, &setting.name).unwrap();
    let rules = Rules {
        setting: setting.clone(),
        findings: Vec::new(),
        places: Vec::new(),
        source: String::new(),
        name: String::new(),
    };
    let outcome = Outcome::of(&log, "log.json", &rules);
    // The description must not fail.
    let _ = outcome.describe();
    serde_json::to_value(outcome).unwrap()
}

fn log(setting: &Setting, load: &str) -> String {
    let names: Vec<&str> = setting
        .metrics
        .iter()
        .map(|metric| metric.name.as_str())
        .collect();
    let options = ReadOptions {
        instances: 1,
        rule_metrics: &names,
        ..ReadOptions::default()
    };
    let scenario = Scenario {
        setting,
        load: &Load::read("load.csv", load, &options).unwrap(),
        model: Model::DEFAULT,
        // Sunday, 2026-03-29T00:00 in UTC: one hour before daylight saving time begins in Europe.
        start: 1_774_742_400,
    };
    String::from_utf8(evaluations::log(&scenario).unwrap()).unwrap()
}

prop_compose! {
    fn rule()(
        out in any::<bool>(),
        metric in select(vec!["CpuPercentage", "MemoryPercentage", "HttpQueueLength"]),
        window in select(vec!["PT5M", "PT10M", "PT1M", "PT15M"]),
        grain in select(vec!["PT1M", "PT1M", "PT5M"]),
        statistic in select(vec!["Average", "Average", "Max", "Sum", "Count"]),
        aggregation in select(vec!["Average", "Average", "Maximum", "Total", "Last"]),
        operator in select(vec!["GreaterThan", "LessThan", "GreaterThanOrEqual", "LessThanOrEqual", "NotEquals"]),
        natural in any::<bool>(),
        threshold in 10..90_u32,
        divided in any::<bool>(),
        change in select(vec![("ChangeCount", 1..4_u32), ("PercentChangeCount", 10..100), ("ExactCount", 1..6)])
            .prop_flat_map(|(kind, values)| (Just(kind), values)),
        cooldown in select(vec!["PT1M", "PT5M", "PT10M", "PT20M"]),
    ) -> Value {
        let operator = match (natural, out) {
            (true, true) => "GreaterThan",
            (true, false) => "LessThan",
            _ => operator,
        };
        json!({
            "metricTrigger": {
                "metricName": metric,
                "metricNamespace": "microsoft.web/serverfarms",
                "metricResourceUri": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/plan",
                "timeGrain": grain,
                "statistic": statistic,
                "timeWindow": window,
                "timeAggregation": aggregation,
                "operator": operator,
                "threshold": threshold,
                "dividePerInstance": divided,
            },
            "scaleAction": {
                "direction": match (change.0, natural, out) {
                    ("ExactCount", true, _) => "None",
                    (_, _, true) => "Increase",
                    (_, _, false) => "Decrease",
                },
                "type": change.0,
                "value": change.1.to_string(),
                "cooldown": cooldown,
            },
        })
    }
}

prop_compose! {
    fn profile()(
        minimum in 1..3_u32,
        more in 0..3_u32,
        most in 0..4_u32,
        rules in prop::collection::vec(rule(), 0..5),
    ) -> Value {
        json!({
            "capacity": {
                "minimum": minimum.to_string(),
                "default": (minimum + more).to_string(),
                "maximum": (minimum + more + most).to_string(),
            },
            "rules": rules,
        })
    }
}

prop_compose! {
    /// A default profile, hours of the day in a zone with daylight saving time, and a fixed span.
    fn setting_file()(
        mut profiles in prop::collection::vec(profile(), 1..4),
        hours in (0..23_u32, 0..59_u32),
    ) -> Value {
        let schedules = [
            json!({}),
            json!({"recurrence": {"frequency": "Week", "schedule": {
                "timeZone": "W. Europe Standard Time",
                "days": ["Sunday"], "hours": [hours.0], "minutes": [hours.1],
            }}}),
            json!({"fixedDate": {
                "timeZone": "UTC", "start": "2026-03-29T01:10:00", "end": "2026-03-29T01:40:00",
            }}),
        ];
        for (index, (profile, schedule)) in profiles.iter_mut().zip(schedules).enumerate() {
            profile["name"] = json!(format!("profile {index}"));
            profile.as_object_mut().unwrap().extend(schedule.as_object().unwrap().clone());
        }
        json!({
            "name": "rules",
            "enabled": true,
            "targetResourceUri": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/plan",
            "profiles": profiles,
        })
    }
}

prop_compose! {
    /// Two hours of the load and of two metrics, with empty cells.
    fn load()(
        rows in prop::collection::vec(
            (0..400_u32, prop::option::weighted(0.8, 0..100_u32), prop::option::weighted(0.8, 0..200_u32)),
            12..25,
        ),
    ) -> String {
        let cell = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut text = "seconds,load,MemoryPercentage,HttpQueueLength\n".to_owned();
        for (index, (load, memory, queue)) in rows.into_iter().enumerate() {
            text += &format!("{},{load},{},{}\n", index * 300, cell(memory), cell(queue));
        }
        text
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_log_of_the_simulation_agrees_and_one_altered_observation_is_found(
        file in setting_file(),
        load in load(),
        chosen in any::<prop::sample::Index>(),
        added in select(vec![-1_000.0, -1.5, 0.5, 1_000.0]),
    ) {
        let setting = setting(&file);
        let log = log(&setting, &load);
        let told = outcome(&setting, &log);
        prop_assert_eq!(&told["disagreements"], &json!({}), "{}", told);
        prop_assert_eq!(&told["not_compared"], &json!({}), "{}", told);
        prop_assert_eq!(&told["counts"], &told["evaluations"]);

        let mut rows: Vec<Value> = serde_json::from_str(&log).unwrap();
        let mut observed: Vec<&mut Value> =
            rows.iter_mut().filter(|row| row.get("ObservedValue").is_some()).collect();
        prop_assume!(!observed.is_empty());
        let row = chosen.index(observed.len());
        let id = observed[row]["CorrelationId"].clone();
        let value = observed[row]["ObservedValue"].as_f64().unwrap();
        observed[row]["ObservedValue"] = json!(value + added);
        let told = outcome(&setting, &json!(rows).to_string());
        let found = told["found"].as_array().unwrap();
        prop_assert_eq!(found.len(), 1, "{}", told);
        prop_assert_eq!(&found[0]["correlation_id"], &id);
    }

    #[test]
    fn a_damaged_log_does_no_harm(
        load in load(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
        replaced in select(vec![
            ("\"CurrentInstanceCount\":", "\"CurrentInstanceCount\":4294967295,\"x\":"),
            ("\"MinimumInstanceCount\":", "\"MinimumInstanceCount\":900,\"x\":"),
            ("\"CoolDown\":", "\"CoolDown\":1e308,\"x\":"),
            ("\"MetricData\":\"[", "\"MetricData\":\"[1e308,-1e308,null,"),
            ("T00:", "T99:"),
            ("2026-", "9999-"),
            ("2026-", "-009999-"),
            ("\"ObservedValue\":", "\"ObservedValue\":\"NaN\",\"x\":"),
            ("\"CorrelationId\":", "\"y\":"),
            ("\"Operator\":", "\"property\":{\"property\":{\"property\":[[[[[[[[]]]]]]]]}},\"Operator\":"),
        ]),
    ) {
        let setting = Setting::built_in();
        let whole = log(&setting, &load);
        let texts = [
            whole.replace(replaced.0, replaced.1),
            whole[..cut.index(whole.len())].to_owned(),
            {
                let mut bytes = whole.clone().into_bytes();
                for (place, byte) in &places {
                    let place = place.index(bytes.len());
                    bytes[place] = *byte;
                }
                String::from_utf8_lossy(&bytes).into_owned()
            },
        ];
        for text in texts {
            if Log::parse(&text, "").is_ok() {
                let _ = outcome(&setting, &text);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*", json in "[\\[\\]{}:,\"a-z0-9 ]*") {
        for text in [text, json] {
            let _ = Log::parse(&text, "");
        }
    }
}

/// A row in memory takes many times the space of its text.
#[test]
fn a_row_of_more_than_a_mebibyte_is_refused() {
    let list = format!("[{}0]", "0,".repeat(600_000));
    for text in [
        format!("[{{\"x\":{list}}}]"),
        format!("{{\"x\":{list}}}"),
        format!("{{\"tables\":[{{\"columns\":[],\"rows\":[{list}]}}]}}"),
    ] {
        let refused = Log::parse(&text, "").expect_err("it is too long");
        assert!(
            format!("{refused:#}").contains("longer than"),
            "{refused:#}"
        );
    }
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{\"a\":", "{\"property\":", "{\"tables\":[{\"rows\":"] {
        assert!(Log::parse(&open.repeat(100_000), "").is_err(), "{open}");
    }
}
