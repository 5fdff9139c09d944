//! `lab tune`: the binary as a user calls it, and its output in `lab simulate`.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::scratch::{Scratch, text};
use crate::simulate::{BUILT_IN, path, record};

fn run(arguments: &[&str], threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("tune")
        .args(arguments)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap()
}

fn said(arguments: &[&str]) -> String {
    let output = run(arguments, "2");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

fn tuned(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json", "-"]].concat();
    serde_json::from_str(&said(&arguments)).unwrap()
}

/// One sentence on standard error, exit code 2, nothing on standard output.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments, "2");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

/// The values that both commands report for a rule set: overload, cost, instance-hours, actions.
fn numbers(tuned: &Value) -> [Value; 4] {
    [
        "overloaded_minutes",
        "cost_per_month",
        "instance_hours",
        "actions",
    ]
    .map(|name| tuned[name].clone())
}

fn simulated(file: &str, load: &str) -> [Value; 4] {
    let record = record(&["--autoscale", file, "--load", load], "");
    let verdict = &record["verdict"];
    [
        verdict["overloaded_minutes"].clone(),
        record["cost"][0]["per_month"].clone(),
        verdict["instance_hours"].clone(),
        verdict["actions"].clone(),
    ]
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn the_written_rules_have_the_printed_numbers_and_beat_the_present_ones() {
    let folder = Scratch::new();
    let present = folder.write("present.json", BUILT_IN);
    let present = path(&present);
    for load in ["daily", "spike", "step", "ramp"] {
        let out = folder.join(&format!("{load}.json"));
        let out = path(&out);
        let options = [
            "--autoscale",
            present,
            "--load",
            load,
            "--candidates",
            "120",
            "--out",
            out,
        ];
        let record = tuned(&options);
        assert_eq!(record["keep_present"], false, "{load}");
        assert_eq!(
            numbers(&record["recommended"]),
            simulated(out, load),
            "{load}"
        );
        assert_eq!(
            numbers(&record["present"]),
            simulated(present, load),
            "{load}"
        );
        let [before, after] = [&record["present"], &record["recommended"]];
        let of = |name: &str| (number(&before[name]), number(&after[name]));
        let (overload, cost) = (of("overloaded_minutes"), of("cost_per_month"));
        let beats = overload.1 < overload.0 && cost.1 <= cost.0
            || cost.1 < cost.0 && overload.1 <= overload.0;
        assert!(beats, "{load}: {overload:?}, {cost:?}");
        assert_eq!(
            (&after["flaps"], &after["overshoots"]),
            (&json!(0), &json!(0)),
            "{load}"
        );
    }
}

#[test]
fn the_written_rules_have_no_fault() {
    let folder = Scratch::new();
    for load in ["daily", "spike"] {
        let out = folder.join(&format!("{load}.json"));
        said(&["--load", load, "--candidates", "500", "--out", path(&out)]);
        let rules = Command::new(env!("CARGO_BIN_EXE_lab"))
            .args(["rules", path(&out), "--json", "-"])
            .output()
            .unwrap();
        let record: Value = serde_json::from_slice(&rules.stdout).unwrap();
        assert_eq!(record["faults"], json!([]), "{load}");
        assert_eq!(rules.status.code(), Some(0), "{load}");
    }
}

#[test]
fn a_bare_profile_stays_one_that_the_stack_reads() {
    let folder = Scratch::new();
    let out = folder.join("out.json");
    said(&[
        "--load",
        "spike",
        "--candidates",
        "100",
        "--out",
        path(&out),
    ]);
    let written: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let before: Value = serde_json::from_str(BUILT_IN).unwrap();
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&written), names(&before));
    for (part, of) in [
        ("capacity", "/capacity"),
        ("trigger", "/rules/0/metricTrigger"),
        ("action", "/rules/1/scaleAction"),
    ] {
        let names = |value: &Value| names(value.pointer(of).unwrap());
        assert_eq!(names(&written), names(&before), "{part}");
    }
    assert_eq!(written["name"], before["name"]);
    assert!(written["capacity"]["minimum"].is_string());
}

#[test]
fn the_seed_and_the_number_of_rule_sets_decide_the_result() {
    let with = |threads: &str, seed: &str| {
        let options = ["--load", "step", "--candidates", "150", "--seed", seed];
        let printed = run(&options, threads).stdout;
        let record = run(&[&options[..], &["--json", "-"]].concat(), threads).stdout;
        (text(&printed), text(&record))
    };
    let one = with("1", "5");
    assert_eq!(one, with("2", "5"));
    assert_ne!(one, with("1", "6"));
    assert!(
        one.0
            .ends_with("Tried 150 rule sets; --seed 5 --candidates 150 repeats this result.\n")
    );
}

#[test]
fn the_present_rules_are_kept_and_written_if_nothing_beats_them() {
    let folder = Scratch::new();
    let quiet = folder.write("quiet.csv", "seconds,load\n0,10\n3600,10\n");
    let present = folder.write("present.json", BUILT_IN);
    let out = folder.join("out.json");
    let options = [
        "--autoscale",
        path(&present),
        "--load",
        path(&quiet),
        "--candidates",
        "100",
        "--out",
        path(&out),
    ];
    assert!(said(&options).starts_with("Keep the present rules (overload 0.0 min, 73.73 USD a month, 0 actions): none of the 100 rule sets"));
    let setting = |file| record(&["--autoscale", file], "")["setting"].clone();
    assert_eq!(setting(path(&out)), setting(path(&present)));
    assert_eq!(tuned(&options)["keep_present"], true);
}

#[test]
fn a_constraint_that_the_present_rules_violate_is_fulfilled_if_possible() {
    let fulfilled = tuned(&[
        "--load",
        "step",
        "--candidates",
        "200",
        "--max-overload-minutes",
        "6",
    ]);
    assert!(number(&fulfilled["present"]["overloaded_minutes"]) > 6.0);
    assert!(number(&fulfilled["recommended"]["overloaded_minutes"]) <= 6.0);
    let options = ["--load", "step", "--candidates", "200", "--max-cost", "10"];
    let said = said(&options);
    assert!(
        said.contains("they break a constraint, but none of the 200 rule sets tried fulfils all"),
        "{said}"
    );
    assert!(said.contains("breaks --max-cost"), "{said}");
}

#[test]
fn kept_values_do_not_change() {
    let record = tuned(&[
        "--load",
        "step",
        "--candidates",
        "200",
        "--keep",
        "thresholds,limits",
    ]);
    let changes = record["changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    for change in changes {
        let place = change["place"].as_str().unwrap();
        assert!(
            !place.contains("threshold") && !place.contains("capacity"),
            "{place}"
        );
    }
}

#[test]
fn a_spike_that_is_too_short_is_reported() {
    let said = said(&["--load", "spike", "--candidates", "100"]);
    assert!(
        said.contains("Scaling out cannot help in 5.0 of the 5.0 minutes of overload"),
        "{said}"
    );
}

#[test]
fn the_winner_is_replayed_on_a_period_that_was_not_searched() {
    let folder = Scratch::new();
    let out = folder.join("out.json");
    let record = tuned(&[
        "--load",
        "step",
        "--validate",
        "ramp",
        "--candidates",
        "100",
        "--out",
        path(&out),
    ]);
    let validation = &record["validation"];
    assert_eq!(
        numbers(&validation["recommended"]),
        simulated(path(&out), "ramp")
    );
    let said = said(&[
        "--load",
        "step",
        "--validate",
        "ramp",
        "--candidates",
        "100",
    ]);
    let conclusion = validation["conclusion"].as_str().unwrap();
    let conclusion = format!("Validation: {conclusion}. The load: ");
    assert!(said.contains(&conclusion), "{said}");
}

#[test]
fn a_setting_with_a_calendar_and_another_metric_keeps_the_rest() {
    let profile: Value = serde_json::from_str(BUILT_IN).unwrap();
    let mut night = profile.clone();
    night["name"] = json!("night");
    night["recurrence"] = json!({
        "frequency": "Week",
        "schedule": {"timeZone": "UTC", "days": ["Monday"], "hours": [20], "minutes": [0]},
    });
    night["rules"][0]["metricTrigger"]["metricName"] = json!("HttpQueueLength");
    let setting = json!({
        "name": "fleet", "enabled": true, "targetResourceUri": "/subscriptions/x/plan", "profiles": [profile, night],
    });
    let folder = Scratch::new();
    let file = folder.write("setting.json", setting.to_string());
    let out = folder.join("out.json");
    let options = [
        "--autoscale",
        path(&file),
        "--load",
        "daily",
        "--candidates",
        "80",
        "--out",
        path(&out),
    ];
    let tuned = tuned(&options);
    assert_eq!(
        numbers(&tuned["recommended"]),
        simulated(path(&out), "daily")
    );
    let written: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    for part in ["name", "enabled", "targetResourceUri"] {
        assert_eq!(written[part], setting[part], "{part}");
    }
    let other = |setting: &Value| setting["profiles"][1]["rules"][0]["metricTrigger"].clone();
    assert_eq!(other(&written)["metricName"], "HttpQueueLength");
    assert_eq!(
        number(&other(&written)["threshold"]),
        number(&other(&setting)["threshold"])
    );
    assert_eq!(written["profiles"][1]["recurrence"], night["recurrence"]);
    assert!(tuned["findings"].to_string().contains("no_data"));
}

#[test]
fn a_load_that_was_read_with_the_default_count_keeps_that_count() {
    let folder = Scratch::new();
    let rows: String = (0..60)
        .map(|minute| format!("{},{}\n", minute * 60, if minute < 30 { 20 } else { 95 }))
        .collect();
    let load = folder.write("cpu.csv", format!("seconds,CpuPercentage\n{rows}"));
    let out = folder.join("out.json");
    let options = [
        "--load",
        path(&load),
        "--candidates",
        "200",
        "--max-overload-minutes",
        "0",
        "--out",
        path(&out),
    ];
    assert_eq!(
        numbers(&tuned(&options)["recommended"]),
        simulated(path(&out), path(&load))
    );
}

#[test]
fn what_cannot_be_used_is_refused() {
    let folder = Scratch::new();
    let nowhere = folder.join("none/out.json");
    let all = "thresholds,windows,steps,cooldowns,limits";
    for (arguments, complaint) in [
        (
            &["--load", "step", "--keep", all][..],
            "nothing is left to search",
        ),
        (&["--load", "none.csv"], "is neither a built-in load"),
        (&["--load", "step", "--keep", "names"], "invalid value"),
        (&["--load", "step", "--max-cost", "NaN"], "a number from 0"),
        (
            &["--load", "step", "--candidates", "0"],
            "a whole number from 1",
        ),
        (&[], "--load <LOAD>"),
        (
            &[
                "--load",
                "step",
                "--candidates",
                "1",
                "--out",
                path(&nowhere),
            ],
            "there is no folder",
        ),
    ] {
        let sentence = refused(arguments);
        assert!(sentence.contains(complaint), "{arguments:?}: {sentence}");
    }
}
