//! The command: its output, its files, and its error messages.

use std::process::Command;
use std::time::Instant;

use autoscale::Setting;
use serde_json::{Value, json};

use super::{BUILT_IN, EIGHTY, FAST, path, record, refused, said};
use crate::scratch::{Scratch, text};

#[test]
fn the_json_contains_the_agreed_values() {
    let record = record(&["--load", "-"], EIGHTY);
    let actions: Vec<Value> = record["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| json!([action["at_seconds"], action["from"], action["to"]]))
        .collect();
    assert_eq!(
        Value::from(actions),
        json!([[60, 1, 2], [360, 2, 3], [900, 3, 2]])
    );
    assert_eq!(
        record["actions"][0]["reason"],
        "average CPU over 5 minutes 80.0% is above 70%: out from 1 to 2"
    );
    assert_eq!(record["verdict"]["verdict"], "overshoot");
    assert_eq!(record["verdict"]["overshoots"], 1);
    assert_eq!(record["verdict"]["flaps"], 0);
    // 60 s of 1, 300 s of 2, 540 s of 3, then 2 to the end.
    let hours = (60.0 + 600.0 + 1_620.0 + 2.0 * 2_700.0) / 3_600.0;
    assert!((record["verdict"]["instance_hours"].as_f64().unwrap() - hours).abs() < 1e-9);
    assert_eq!(record["samples"].as_array().unwrap().len(), 60);
    assert_eq!(
        record["samples"][6],
        json!({"at_seconds": 420, "load": 80.0, "cpu_percent": 40.0, "ready": 2, "count": 3})
    );
    // The setting in the record is itself a rule file.
    let written = Setting::parse(&record["setting"].to_string()).unwrap();
    assert_eq!(written, Setting::built_in());
}

#[test]
fn the_table_has_time_event_instances_and_cpu() {
    let said = said(&["--load", "-"], EIGHTY);
    for line in [
        "    time   instances     CPU    event",
        " 0:01:00   1 of 2 ready  80%    average CPU over 5 minutes 80.0% is above 70%: out from 1 to 2",
        " 0:03:00   2             40%    2 ready",
        " 0:15:00   2             40%    average CPU over 5 minutes 29.3% is below 30%: in from 3 to 2",
        " 0:02:00   1 of 2 ready  80%    average CPU over 5 minutes 80.0% is above 70%, but its cooldown ends in 4 minutes: stays at 2",
        " 1:00:00   2             40%    end",
        "verdict             overshoot",
        "overshoot           1",
    ] {
        assert!(
            said.lines().any(|found| found == line),
            "{line:?} is not in\n{said}"
        );
    }
    assert!(
        said.contains("P0v3 a month") && said.contains("always 3: 221"),
        "{said}"
    );
}

#[test]
fn every_built_in_load_is_simulated_and_described_alike() {
    let help = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["simulate", "--help"])
        .output()
        .unwrap();
    let help = text(&help.stdout)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for name in ["step", "ramp", "spike", "daily"] {
        let record = record(&["--load", name], "");
        let described = record["load"]["name"].as_str().unwrap();
        let (told, figures) = described.split_once(": ").unwrap();
        assert_eq!(told, name);
        assert!(
            help.contains(figures),
            "--help says otherwise than {described}"
        );
        assert!(
            !record["actions"].as_array().unwrap().is_empty(),
            "{name} asks for nothing"
        );
    }
    assert_eq!(record(&[], ""), record(&["--load", "step"], ""));
}

#[test]
fn overload_and_the_time_to_capacity_are_measured() {
    let verdict = &record(&["--load", "step"], "")["verdict"];
    // 150% from minute 10. The second instance is requested at 17 and ready at 19.
    assert_eq!(verdict["time_to_capacity_seconds"], 540);
    assert_eq!(verdict["overloaded_minutes"], 9.0);
    assert_eq!(verdict["verdict"], "overloaded");
    let spike = record(&["--load", "spike"], "");
    assert_eq!(
        spike["shortages"],
        json!([{"from_seconds": 1800, "to_seconds": 2100, "ended_by": "load"}])
    );
    // The instance that the spike required became ready after it.
    assert_eq!(spike["verdict"]["time_to_capacity_seconds"], 480);
    let idle = record(
        &["--load", "-"],
        "0,50
3600,50
",
    );
    assert_eq!(idle["verdict"]["time_to_capacity_seconds"], Value::Null);
    assert_eq!(idle["verdict"]["verdict"], "good");
    let never = record(&["--load", "-"], "0,400\n3600,400\n");
    assert_eq!(
        never["shortages"],
        json!([{"from_seconds": 0, "to_seconds": 3600, "ended_by": "nothing"}])
    );
    let reasons = never["verdict"]["reasons"].to_string();
    assert!(
        reasons.contains("the maximum of 3 instances does not suffice for a load of 400%"),
        "{reasons}"
    );
}

#[test]
fn a_loop_under_constant_load_is_called_flapping() {
    // The scale-out rule uses the lowest minute of half an hour. While the window contains three instances, the
    // flapping check allows the removal of the second one, and half an hour later two more are added.
    let mut rules: Value = serde_json::from_str(BUILT_IN).unwrap();
    rules["rules"][0]["metricTrigger"]["timeAggregation"] = json!("Minimum");
    rules["rules"][0]["metricTrigger"]["timeWindow"] = json!("PT30M");
    rules["rules"][0]["scaleAction"]["value"] = json!("2");
    rules["rules"][1]["metricTrigger"]["threshold"] = json!(45);
    let folder = Scratch::new();
    let file = folder.write("rules.json", rules.to_string());
    let record = record(
        &["--autoscale", path(&file), "--load", "-"],
        "0,80\n14400,80\n",
    );
    let counts = record["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["to"].as_u64().unwrap());
    assert_eq!(counts.take(6).collect::<Vec<_>>(), [3, 2, 1, 3, 2, 1]);
    assert_eq!(record["verdict"]["verdict"], "flapping");
    // Each return from one to three undoes two scale-ins.
    let outs = record["verdict"]["scale_outs"].as_u64().unwrap();
    assert_eq!(record["verdict"]["flaps"], 2 * (outs - 1));
}

#[test]
fn two_rule_files_are_compared() {
    let arguments = ["--load", "step", "--compare", FAST];
    let both = record(&arguments, "");
    assert_eq!(both["rules"], "infra/autoscale.json");
    assert_eq!(both["compared"]["rules"], "autoscale.fast.json");
    assert_eq!(both["actions"], record(&["--load", "step"], "")["actions"]);
    assert_eq!(
        both["compared"]["actions"],
        record(&["--load", "step", "--autoscale", FAST], "")["actions"]
    );
    let said = said(&arguments, "");
    assert!(
        said.contains("time to capacity    9 min                         7 min"),
        "{said}"
    );
    assert!(
        said.contains(" 0:17:00   1 -> 2                      2 -> 3"),
        "{said}"
    );
}

#[test]
fn assumptions_about_the_platform_can_be_set() {
    let instant = [
        "--metric-lag",
        "0",
        "--provision-seconds",
        "0",
        "--evaluate-seconds",
        "30",
    ];
    let record = record(&[&["--load", "-"], &instant[..]].concat(), EIGHTY);
    assert_eq!(
        record["model"],
        json!({"metric_lag_seconds": 0, "provision_seconds": 0, "evaluate_seconds": 30})
    );
    // The windows contain the first load from the start.
    assert_eq!(record["actions"][0]["at_seconds"], 30);
}

#[test]
fn custom_prices_can_be_used() {
    let folder = Scratch::new();
    let prices = json!({"as_of": "2030-01-02", "source": "mine", "currency": "EUR", "region": "here",
        "hours_per_month": 100, "plans": [{"name": "X1", "about": "an example", "per_instance_hour": 2}]});
    let file = folder.write("prices.json", prices.to_string());
    let arguments = ["--load", "-", "--prices", path(&file)];
    let steady = "0,50\n3600,50\n";
    let cost = &record(&arguments, steady)["cost"];
    assert_eq!(
        *cost,
        json!([{"plan": "X1", "per_month": 200.0, "always_minimum": 200.0, "always_maximum": 600.0}])
    );
    let said = said(&arguments, steady);
    assert!(
        said.contains("X1 a month          200 EUR (always 1: 200, always 3: 600)"),
        "{said}"
    );
    assert!(said.contains("at prices of 2030-01-02 for here"), "{said}");
}

#[test]
fn the_record_is_written_completely_or_not_at_all() {
    let folder = Scratch::new();
    let file = folder.join("out.json");
    said(&["--load", "daily", "--json", path(&file)], "");
    let record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(record["samples"].as_array().unwrap().len(), 1_440);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.join("no such folder/out.json");
    let refusal = refused(&["--json", path(&nowhere)], "");
    assert!(refusal.starts_with("lab: there is no folder "), "{refusal}");
}

#[test]
fn a_day_is_simulated_quickly() {
    let begun = Instant::now();
    said(&["--load", "daily"], "");
    // A value for the reader: a test cannot know the speed of a machine.
    println!("24 simulated hours took {:?}", begun.elapsed());
    let mut rules: Value = serde_json::from_str(BUILT_IN).unwrap();
    rules["capacity"]["maximum"] = json!("1000");
    for rule in [0, 1] {
        rules["rules"][rule]["scaleAction"]["type"] = json!("PercentChangeCount");
        rules["rules"][rule]["scaleAction"]["value"] = json!("50");
    }
    let folder = Scratch::new();
    let file = folder.write("thousand.json", rules.to_string());
    let mut load = String::from("seconds,load\n");
    for minute in 0..=1_440_u32 {
        let height =
            45_000.0 - 44_000.0 * (f64::from(minute) / 1_440.0 * std::f64::consts::TAU).cos();
        load += &format!("{},{height:.1}\n", minute * 60);
    }
    let begun = Instant::now();
    let record = record(
        &[
            "--autoscale",
            path(&file),
            "--load",
            "-",
            "--evaluate-seconds",
            "1",
        ],
        &load,
    );
    println!(
        "24 hours of 1,000 instances, evaluated every second, took {:?}",
        begun.elapsed()
    );
    assert!(record["verdict"]["most_instances"].as_u64().unwrap() > 900);
}

#[test]
fn the_page_shows_the_simulation_and_no_requests() {
    let folder = Scratch::new();
    let load = folder.write("monday.csv", EIGHTY);
    let page = folder.join("monday.html");
    let json = folder.join("monday.json");
    said(
        &[
            "--load",
            path(&load),
            "--html",
            path(&page),
            "--json",
            path(&json),
            "--compare",
            FAST,
        ],
        "",
    );
    let html = std::fs::read_to_string(&page).unwrap();
    for expected in [
        "Both rule files have the same overload and cost</h1>",
        "<p>These rules overshoot.</p>",
        "<dt>Overloaded: the same</dt>",
        "Why nothing changed: autoscale.fast.json",
        "average CPU over 5 minutes 80.0% is above 70%: out from 1 to 2",
        "monday.csv: 1 h, 80%",
        "P0v3: 157 USD for a month",
        "href=\"./monday.json\"",
    ] {
        assert!(html.contains(expected), "{expected} is not in the page");
    }
    // Nothing was sent, the load is not a record of the page, and its folder must not be visible.
    for unexpected in [
        "<dt>Requests</dt>",
        ">Successful/s<",
        "href=\"monday.csv\"",
        path(folder.path()),
    ] {
        assert!(!html.contains(unexpected), "{unexpected} is in the page");
    }
}
