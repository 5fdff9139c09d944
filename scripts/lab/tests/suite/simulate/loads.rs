//! Each form of load in the command, and calendars across the change to daylight saving time.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{path, record, refused, said};
use crate::scratch::Scratch;

/// 2026-01-05 at 8 o'clock, plus this many minutes.
fn eight(minutes: usize) -> String {
    format!("2026-01-05T{:02}:{:02}:00Z", 8 + minutes / 60, minutes % 60)
}

/// When, from, to, cause.
fn actions(record: &Value) -> Value {
    let actions = record["actions"].as_array().unwrap().iter();
    let figures = actions.map(|action| {
        json!([
            action["at_seconds"],
            action["from"],
            action["to"],
            action["cause"]
        ])
    });
    figures.collect()
}

fn notes(record: &Value) -> String {
    record["load"]["notes"].to_string()
}

/// Half an hour of 80% on one instance, then 20%.
fn cpu(minute: usize) -> u32 {
    if minute < 30 { 80 } else { 20 }
}

/// The expected result with the built-in rules. At 0:35, the window has two minutes of 40 and three of 20%.
fn expected() -> Value {
    json!([
        [60, 1, 2, "rule"],
        [360, 2, 3, "rule"],
        [900, 3, 2, "rule"],
        [2_100, 2, 1, "rule"]
    ])
}

#[test]
fn the_json_of_az_is_a_load() {
    let series = |instance: &str, share: f64| {
        let data: Vec<Value> = (0..60)
            .map(|minute| json!({"timeStamp": eight(minute), "average": f64::from(cpu(minute)) * share}))
            .collect();
        let name = json!({"localizedValue": "Instance", "value": "Instance"});
        json!({"data": data, "metadatavalues": [{"name": name, "value": instance}]})
    };
    let metrics = |series: Value| {
        json!({"cost": 59, "interval": "PT1M", "namespace": "Microsoft.Web/serverfarms", "value": [{
            "name": {"localizedValue": "CPU Percentage", "value": "CpuPercentage"},
            "timeseries": series, "type": "Microsoft.Insights/metrics", "unit": "Percent",
        }]})
    };
    let mut whole = series("", 1.0);
    whole["metadatavalues"] = json!([]);
    let alone = record(&["--load", "-"], &metrics(json!([whole])).to_string());
    assert_eq!(actions(&alone), expected());
    assert!(
        notes(&alone).contains("CpuPercentage times 1 instance, the rules' default"),
        "{alone}"
    );
    // Two instances at half of it have the same load.
    let halves = metrics(json!([series("RD1", 0.5), series("RD2", 0.5)])).to_string();
    let split = record(&["--load", "-"], &halves);
    assert_eq!(actions(&split), expected());
    assert_eq!(split["fit"]["minutes"], 60);
    let said = said(&["--load", "-"], &halves);
    for line in [
        "start   Mon 2026-01-05 08:00, UTC",
        "note    The load is the mean CpuPercentage times the number of values of Instance with a sample, each counted as one \
         instance: 2 instances.",
    ] {
        assert!(said.lines().any(|found| found == line), "{said}");
    }
}

#[test]
fn the_tables_of_az_and_of_the_portal_are_loads() {
    let mut az = String::from(
        "Timestamp            Name            Average\n-------------------  --------------  ---------\n",
    );
    let mut portal = String::from(
        "\u{feff}\"Chart title:\",\"Avg CPU Percentage for plan\"\nGranularity,1 minute\n\n\"Timestamp (UTC)\",\"CPU Percentage (Avg)\"\n",
    );
    for minute in 0..60 {
        let _ = writeln!(
            az,
            "2026-01-05 08:{minute:02}:00  CPU Percentage  {}",
            cpu(minute)
        );
        let _ = writeln!(portal, "\"2026-01-05 08:{minute:02}\",\"{}\"", cpu(minute));
    }
    for text in [az, portal] {
        assert_eq!(
            actions(&record(&["--load", "-"], &text)),
            expected(),
            "{text}"
        );
    }
}

#[test]
fn a_saved_run_is_a_load() {
    let samples: Vec<Value> = (0..=60)
        .map(|minute: usize| {
            json!({"at": minute * 60, "ready": 1, "wanted": 1, "cpu_percent": cpu(minute.saturating_sub(1))})
        })
        .collect();
    let run = run_record::Run {
        title: "lab load".to_owned(),
        started: eight(0),
        time_scale: 1.0,
        ..run_record::Run::default()
    };
    let mut run = serde_json::to_value(run).unwrap();
    let sample = serde_json::to_value(run_record::FleetSample::default()).unwrap();
    let whole = samples.iter().map(|values| {
        let mut whole = sample.clone();
        for (name, value) in values.as_object().unwrap() {
            whole[name] = value.clone();
        }
        whole
    });
    run["samples"] = whole.collect();
    let record = record(&["--load", "-"], &run.to_string());
    assert_eq!(actions(&record), expected());
    assert_eq!(record["fit"]["minutes"], 60);
}

/// A recording of the simulation itself: CPU and counts, minute by minute.
fn recording(simulated: &Value) -> Vec<(String, f64, u64)> {
    let samples = simulated["samples"].as_array().unwrap().iter().enumerate();
    samples
        .map(|(minute, sample)| {
            let cpu = sample["cpu_percent"].as_f64().unwrap();
            (eight(minute), cpu, sample["count"].as_u64().unwrap())
        })
        .collect()
}

fn csv(recording: &[(String, f64, u64)]) -> String {
    let mut text = String::from("timestamp,CpuPercentage,instances\n");
    for (time, cpu, count) in recording {
        let _ = writeln!(text, "{time},{cpu},{count}");
    }
    text
}

#[test]
fn recorded_counts_show_how_well_the_simulation_fits() {
    // The instances are ready at once, so that the load follows from the CPU and the counts.
    let arguments = ["--load", "-", "--provision-seconds", "0"];
    let simulated = record(&arguments, "seconds,load\n0,80\n1800,20\n3600,20\n");
    assert_eq!(simulated["fit"], Value::Null);
    let mut recording = recording(&simulated);
    let again = record(&arguments, &csv(&recording));
    assert_eq!(actions(&again), actions(&simulated));
    assert_eq!(
        again["fit"],
        json!({"minutes": 60, "same": 60, "low_confidence": 0, "first_difference": null})
    );
    let told =
        "Fit: in 60 of 60 minutes (100.0%) the simulation has the recorded number of instances.";
    assert!(said(&arguments, &csv(&recording)).contains(told));

    // The same load on twice the instances, in the minute from 0:20 on.
    let (_, cpu, count) = &mut recording[20];
    (*cpu, *count) = (*cpu / 2.0, *count * 2);
    let count = *count;
    let other = record(&arguments, &csv(&recording));
    assert_eq!(
        other["fit"],
        json!({"minutes": 60, "same": 59, "low_confidence": 0, "first_difference": {
            "at_seconds": 21 * 60, "recorded": count, "simulated": count / 2,
        }})
    );
    let said = said(&arguments, &csv(&recording));
    let told = format!(
        "first difference at 0:21:00: recorded {count}, simulated {}",
        count / 2
    );
    assert!(said.contains(&told), "{said}");
}

#[test]
fn minutes_at_100_percent_have_a_low_confidence() {
    let minutes: Vec<(String, f64, u64)> = (0..30)
        .map(|minute| {
            (
                eight(minute),
                if (10..14).contains(&minute) {
                    100.0
                } else {
                    50.0
                },
                1,
            )
        })
        .collect();
    let record = record(&["--load", "-"], &csv(&minutes));
    assert_eq!(record["fit"]["low_confidence"], 4);
    assert!(notes(&record).contains("99% or more for 4 min"), "{record}");
    let said = said(&["--load", "-"], &csv(&minutes));
    assert!(
        said.contains("4 minutes were recorded near 100% CPU and are uncertain"),
        "{said}"
    );
}

fn memory_rules() -> &'static str {
    include_str!("cases/mem.json")
}

#[test]
fn other_metrics_are_replayed_as_recorded() {
    let folder = Scratch::new();
    let rules = folder.write("memory.json", memory_rules());
    let arguments = ["--autoscale", path(&rules), "--load", "-"];
    for name in [
        "MemoryPercentage",
        "Memory Percentage (Avg)",
        "memorypercentage",
    ] {
        let mut text = format!("timestamp,CpuPercentage,instances,{name}\n");
        for minute in 0..90 {
            let memory = match minute {
                0..30 => "50",
                30..60 => "90",
                _ => "",
            };
            let _ = writeln!(text, "{},20,1,{memory}", eight(minute));
        }
        let record = record(&arguments, &text);
        // At 0:36, the window has two minutes of 50 and three of 90%. The metric does not fall when instances are
        // added.
        assert_eq!(
            actions(&record),
            json!([[2_160, 1, 2, "rule"], [2_460, 2, 3, "rule"]]),
            "{name}"
        );
        assert_eq!(record["findings"], json!([]), "{name}");
        // The last minute with a sample ends at 1:00 and is in the window until 1:07.
        let missing = record["stood_still"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["cause"] == "metric_missing");
        assert_eq!(missing.unwrap()["at_seconds"], 68 * 60, "{name}");
    }
    let without = record(&arguments, "seconds,load\n0,20\n5400,20\n");
    assert_eq!(actions(&without), json!([]));
    assert!(without["findings"].to_string().contains("\"no_data\""));
}

/// A metric that is missing from the start brings the fleet to its default.
#[test]
fn without_any_metric_the_count_rises_to_the_default() {
    let folder = Scratch::new();
    let rules = json!({"enabled": true, "profiles": [
        {"name": "by day", "capacity": {"minimum": "1", "maximum": "5", "default": "3"}, "rules": [
            serde_json::from_str::<Value>(memory_rules()).unwrap()["rules"][0],
        ], "recurrence": {"frequency": "Week", "schedule": {"timeZone": "UTC", "days": ["Monday"], "hours": [1], "minutes": [0]}}},
        {"name": "by night", "capacity": {"minimum": "1", "maximum": "1", "default": "1"}, "rules": [],
         "recurrence": {"frequency": "Week", "schedule": {"timeZone": "UTC", "days": ["Monday"], "hours": [0], "minutes": [0]}}},
    ]});
    let file = folder.write("rules.json", rules.to_string());
    let arguments = [
        "--autoscale",
        path(&file),
        "--load",
        "-",
        "--start",
        "2026-01-05T00:30Z",
    ];
    let record = record(&arguments, "seconds,load\n0,20\n3600,20\n");
    assert_eq!(actions(&record), json!([[1_800, 1, 3, "default"]]));
    assert_eq!(record["actions"][0]["profile"], "by day");
}

/// Two to three in the morning, otherwise one; on 29 March three from 5 to 6 o'clock.
fn calendar() -> Value {
    let weekly = |hour: u32, minute: u32| {
        json!({"frequency": "Week", "schedule": {
            "timeZone": "W. Europe Standard Time", "days": ["Sunday"], "hours": [hour], "minutes": [minute],
        }})
    };
    let capacity = |minimum: &str, maximum: &str| json!({"minimum": minimum, "maximum": maximum, "default": minimum});
    json!({
        "enabled": true,
        "targetResourceUri": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Web/serverfarms/p",
        "profiles": [
            {"name": r#"{"name":"Auto created default","for":"Morning"}"#, "capacity": capacity("1", "1"), "rules": [],
             "recurrence": weekly(4, 0)},
            {"name": "Morning", "capacity": capacity("2", "3"), "rules": [], "recurrence": weekly(2, 30)},
            {"name": "Spring", "capacity": capacity("3", "3"), "rules": [], "fixedDate": {
                "timeZone": "W. Europe Standard Time", "start": "2026-03-29T05:00:00", "end": "2026-03-29T06:00:00",
            }},
        ],
    })
}

const EIGHT_HOURS: &str = "seconds,load\n0,50\n28800,50\n";

#[test]
fn calendars_follow_the_change_of_the_clocks() {
    let folder = Scratch::new();
    let file = folder.write("calendar.json", calendar().to_string());
    let file = path(&file);
    let from = |start: &str, zone: &str| {
        record(
            &[
                "--autoscale",
                file,
                "--load",
                "-",
                "--start",
                start,
                "--timezone",
                zone,
            ],
            EIGHT_HOURS,
        )
    };
    // Clocks go from 02:00 to 03:00, so 02:30 is 03:30, two and a half hours after midnight, and 04:00 is half an hour later.
    let spring = json!([
        [9_000, 1, 2, "profile"],
        [10_800, 2, 1, "profile"],
        [14_400, 1, 3, "profile"],
        [18_000, 3, 1, "profile"],
    ]);
    let record = from("2026-03-29T00:00", "Europe/Berlin");
    assert_eq!(actions(&record), spring);
    let names: Vec<&Value> = record["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| &action["profile"])
        .collect();
    let companion = "Auto created default (after Morning)";
    assert_eq!(names, ["Morning", companion, "Spring", companion]);
    assert_eq!(record["findings"], json!([]));
    for (start, zone) in [
        ("2026-03-28T23:00", "UTC"),
        ("2026-03-28T23:00Z", "Europe/Berlin"),
        ("2026-03-29T00:00:00+01:00", "UTC"),
        ("2026-03-29T00:00", "W. Europe Standard Time"),
    ] {
        assert_eq!(actions(&from(start, zone)), spring, "{start} {zone}");
    }
    // Clocks show 02:30 twice: the first one counts, and 04:00 is two and a half hours later.
    assert_eq!(
        actions(&from("2026-10-25T00:00", "Europe/Berlin")),
        json!([[9_000, 1, 2, "profile"], [18_000, 2, 1, "profile"]])
    );
    let arguments = [
        "--autoscale",
        file,
        "--load",
        "-",
        "--start",
        "2026-03-29T00:00",
    ];
    let said = said(&arguments, EIGHT_HOURS);
    for line in [
        "start   Sun 2026-03-29 00:00, W. Europe Standard Time (Europe/Berlin)",
        "        Morning, every Sunday at 02:30, W. Europe Standard Time (Europe/Berlin): 2 to 3 instances, 2 by default",
        " 2:30:00   1 of 2 ready  50%    1 is outside the limits 2 to 3: set to 2",
    ] {
        assert!(
            said.lines().any(|found| found == line),
            "{line:?} is not in\n{said}"
        );
    }
}

#[test]
fn a_calendar_starts_with_the_load_or_on_a_monday() {
    let folder = Scratch::new();
    let file = folder.write("calendar.json", calendar().to_string());
    let arguments = ["--autoscale", path(&file), "--load", "-"];
    // Times without an offset are those of the calendar's zone.
    let mut local = String::from("timestamp,load\n");
    let mut utc = local.clone();
    for hour in [0, 1, 3, 4, 5, 6, 7] {
        let _ = writeln!(local, "2026-03-29 {hour:02}:00,50");
    }
    for hour in [23, 24, 25, 26, 27, 28, 29] {
        let _ = writeln!(utc, "2026-03-{}T{:02}:00Z,50", 28 + hour / 24, hour % 24);
    }
    let expected = json!([
        [9_000, 1, 2, "profile"],
        [10_800, 2, 1, "profile"],
        [14_400, 1, 3, "profile"],
        [18_000, 3, 1, "profile"],
    ]);
    for text in [&local, &utc] {
        assert_eq!(actions(&record(&arguments, text)), expected, "{text}");
    }
    // In New York, the same hours are after the change in Berlin.
    let elsewhere = [&arguments[..], &["--timezone", "America/New_York"]].concat();
    assert_ne!(actions(&record(&elsewhere, &local)), expected);

    let assumed = record(&arguments, EIGHT_HOURS);
    assert_eq!(actions(&assumed), json!([]));
    let finding = &assumed["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["kind"]),
        (&json!("start"), &json!("assumed"))
    );
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("Mon 2026-01-05 00:00, W. Europe Standard Time (Europe/Berlin)"),
        "{message}"
    );
    assert!(finding["remedy"].as_str().unwrap().contains("--start"));
    // Without a calendar, the time does not matter.
    assert_eq!(record(&["--load", "-"], EIGHT_HOURS)["findings"], json!([]));
}

#[test]
fn the_message_about_a_wrong_header_contains_the_right_one() {
    let refusal = refused(&["--load", "-"], "time,percent\n2026-01-05T08:00,1\n");
    for part in [
        "seconds or timestamp",
        "CpuPercentage with instances",
        "2026-01-05T08:00:00Z,62.5,2",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
}

#[test]
fn a_fleet_without_instances_and_load_has_a_readable_cpu() {
    let folder = Scratch::new();
    let rules = json!({"name": "none", "capacity": {"minimum": "0", "maximum": "1", "default": "0"}, "rules": []});
    let rules = folder.write("none.json", rules.to_string());
    let said = said(
        &["--autoscale", path(&rules), "--load", "-"],
        "seconds,load\n0,0\n3600,0\n",
    );
    assert!(!said.contains("NaN"), "{said}");
}
