//! Rules that change with the calendar, and rules on metrics that are not measured here.

use serde_json::{Value, json};

use super::scaling::app;
use super::view::{fleet, fleet_when};
use crate::support::{Root, eventually};

fn rule(metric: &str, operator: &str, threshold: u32, direction: &str) -> Value {
    json!({
        "metricTrigger": {
            "metricName": metric, "metricNamespace": "microsoft.web/serverfarms", "timeGrain": "PT1M",
            "statistic": "Average", "timeWindow": "PT5M", "timeAggregation": "Average", "operator": operator,
            "threshold": threshold,
        },
        "scaleAction": {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": "PT1M"},
    })
}

fn profile(name: &str, minimum: u32, threshold: u32, start: Option<u32>) -> Value {
    let mut profile = json!({
        "name": name,
        "capacity": {"minimum": minimum.to_string(), "maximum": "3", "default": minimum.to_string()},
        "rules": [
            rule("CpuPercentage", "GreaterThan", threshold, "Increase"),
            rule("CpuPercentage", "LessThan", 20, "Decrease"),
        ],
    });
    if let Some(hour) = start {
        profile["recurrence"] = json!({"frequency": "Week", "schedule": {
            "timeZone": "W. Europe Standard Time", "days": ["Monday"], "hours": [hour], "minutes": [0],
        }});
    }
    profile
}

#[test]
fn the_app_and_the_emulator_follow_the_same_calendar() {
    let root = app();
    let night = json!({"name": "night", "for": "office"}).to_string();
    let setting = json!({"enabled": true, "profiles": [
        profile("night", 1, 70, None),
        profile("office", 2, 60, Some(8)),
        profile(&night, 1, 70, Some(20)),
    ]});
    let file = root.files().join("calendar.json");
    std::fs::write(&file, setting.to_string()).unwrap();
    let host = root.up(&[
        "--autoscale",
        file.to_str().unwrap(),
        // Without an offset, the zone of the profiles applies: 06:35 in UTC.
        "--start",
        "2026-01-05T07:35",
        "--time-scale",
        "60",
        "--instance-cpus",
        "0.1",
    ]);
    let app = || host.get("/api/instances").json();
    let same = |fleet: &Value, app: &Value| {
        ["rules", "capacity"]
            .iter()
            .all(|part| fleet[*part] == app[*part])
    };
    let limits = |minimum: u32| json!({"minimum": minimum, "maximum": 3, "default": minimum});

    // 503 until the app has opened its database.
    let shown = eventually("the app shows its rules", || {
        Some(app()).filter(|app| app["capacity"].is_object())
    });
    let before = (fleet(&host), shown);
    let calendar = fleet(&host)["calendar"].as_str().unwrap().to_owned();
    assert!(
        ("2026-01-05T06:35".."2026-01-05T07:00").contains(&calendar.as_str()),
        "this machine took too long to start: {calendar}"
    );
    assert!(same(&before.0, &before.1), "{before:?}");
    assert_eq!(before.1["capacity"], limits(1));
    assert_eq!(before.1["rules"][0]["threshold"], 70.0);
    assert_eq!(before.0["count"], 1);

    let after = fleet_when(&host, "the office is open", |fleet| {
        fleet["capacity"] == limits(2)
    });
    assert!(after["calendar"].as_str().unwrap() >= "2026-01-05T07:00");
    let app = eventually("the app follows", || {
        Some(app()).filter(|app| app["capacity"] == limits(2))
    });
    assert!(same(&after, &app), "{after} {app}");
    assert_eq!(app["rules"][0]["threshold"], 60.0);
    // The profile's minimum needs no metric.
    fleet_when(&host, "two are wanted", |fleet| fleet["count"] == 2);
}

#[test]
fn a_metric_from_a_file_drives_the_fleet() {
    let root = Root::new();
    let rules = json!({
        "name": "memory",
        "capacity": {"minimum": "1", "maximum": "2", "default": "1"},
        "rules": [
            rule("MemoryPercentage", "GreaterThan", 80, "Increase"),
            rule("MemoryPercentage", "LessThan", 40, "Decrease"),
        ],
    });
    let file = root.files().join("memory.json");
    std::fs::write(&file, rules.to_string()).unwrap();
    let recorded = root.files().join("memory.csv");
    std::fs::write(
        &recorded,
        "seconds,Memory Percentage\n0,90\n3600,10\n86400,10\n",
    )
    .unwrap();
    let metric = format!("MemoryPercentage={}", recorded.display());
    let host = root.up(&[
        "--autoscale",
        file.to_str().unwrap(),
        "--metric",
        &metric,
        "--time-scale",
        "300",
    ]);
    host.line("MemoryPercentage is replayed from memory.csv for 24 hours");
    fleet_when(&host, "two are wanted", |fleet| fleet["count"] == 2);
    fleet_when(&host, "one is wanted", |fleet| fleet["count"] == 1);
    let view = fleet(&host);
    let reasons: Vec<&str> = view["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["reason"].as_str().unwrap())
        .collect();
    let [out, inward] = reasons.as_slice() else {
        panic!("{view}")
    };
    assert!(
        out.contains("MemoryPercentage") && out.contains("90"),
        "{out}"
    );
    assert!(
        inward.contains("MemoryPercentage") && inward.contains("below 40"),
        "{inward}"
    );
}
