//! `lab replay`, and the logs that `lab simulate --evaluations` writes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Map, Value, json};

use crate::scratch::{Scratch, text};

/// From Microsoft's page "Diagnostic settings in autoscale" (learn.microsoft.com, azure-monitor/autoscale,
/// autoscale-resource-log-schema), section "Rule evaluation". Of the results that the page lists, the one that fits.
const DOCUMENTED_RULE: &str = r#"{
  "time": "2018-09-10 18:12:00.6132593",
  "resourceId": "/SUBSCRIPTIONS/BA13C41D-C957-4774-8A37-092D62ACFC85/RESOURCEGROUPS/AUTOSCALETRACKING12042017/PROVIDERS/MICROSOFT.INSIGHTS/AUTOSCALESETTINGS/DEFAULTSETTING",
  "operationName": "ScaleRuleEvaluation",
  "category": "AutoscaleEvaluations",
  "correlationId": "e8f67045-f381-445d-bc2d-eeff81ec0d77",
  "property": {
    "targetResourceId": "/subscriptions/d45c994a-809b-4cb3-a952-e75f8c488d23/resourceGroups/RingAhoy/providers/Microsoft.Web/serverfarms/ringahoy",
    "metricName": "Percentage CPU",
    "metricNamespace": "",
    "timeGrain": "00:01:00",
    "timeGrainStatistic": "Average",
    "timeWindow": "00:10:00",
    "timeAggregationType": "Average",
    "operator": "GreaterThan",
    "threshold": 70,
    "observedValue": 25,
    "estimateScaleResult": "NotTriggered"
  }
}"#;

/// From the same page, sections "Metric evaluation", "Profile cool-down evaluation" (with one of its two directions),
/// "Instance count evaluation" and "Profile evaluation" (with one of its three operations).
const DOCUMENTED_OTHERS: &str = r#"
{"time":"2018-09-10 18:12:00.6132593","operationName":"DefaultProfileEvaluation","category":"AutoscaleEvaluations","correlationId":"e8f67045-f381-445d-bc2d-eeff81ec0d77","property":{"profile":"defaultProfile","profileSelected":true}}
{"time":"2018-09-10 18:12:00.6132593","operationName":"ScaleRuleCooldownEvaluation","category":"AutoscaleEvaluations","correlationId":"e8f67045-f381-445d-bc2d-eeff81ec0d77","property":{"selectedProfile":"defaultProfile","scaleDirection":"Increase","lastScaleActionTime":"2018-09-10 18:08:00.6132593","cooldown":"00:30:00","evaluationTime":"2018-09-10 18:11:00.6132593","skipRuleEvaluationForCooldown":true}}
{"time":"2018-09-10 18:12:00.6132593","operationName":"MetricEvaluation","category":"AutoscaleEvaluations","correlationId":"e8f67045-f381-445d-bc2d-eeff81ec0d77","property":{"metricName":"Percentage CPU","metricNamespace":"","timeGrain":"00:01:00","timeGrainStatistic":"Average","startTime":"2018-09-10 18:00:00.43833793","endTime":"2018-09-10 18:10:00.43833793","data":[0.33333333333333331,0.16666666666666666,1.0,0.33333333333333331,2.0,0.16666666666666666,9.5]}}
{"time":"2018-09-10 18:12:00.6132593","operationName":"InstanceCountEvaluation","category":"AutoscaleEvaluations","correlationId":"e8f67045-f381-445d-bc2d-eeff81ec0d77","property":{"currentInstanceCount":20,"minimumInstanceCount":15,"maximumInstanceCount":30,"defaultInstanceCount":20}}
"#;

fn lab(arguments: &[&str]) -> Output {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_lab"));
    lab.args(arguments).output().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The output of `lab replay --json -`, with this exit code.
fn told(log: &Path, rules: &Path, code: i32) -> Value {
    let output = lab(&[
        "replay",
        path(log),
        "--autoscale",
        path(rules),
        "--json",
        "-",
    ]);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The output of `lab replay`, with this exit code.
fn said(log: &Path, rules: &Path, code: i32) -> String {
    let output = lab(&["replay", path(log), "--autoscale", path(rules)]);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = [text(&output.stdout), text(&output.stderr)].concat();
    assert!(!said.contains("NaN"), "{said}");
    said
}

fn trigger(metric: &str, window: &str, operator: &str, threshold: u32) -> Value {
    json!({
        "metricName": metric,
        "metricNamespace": "",
        "metricResourceUri": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/plan",
        "timeGrain": "PT1M", "statistic": "Average", "timeWindow": window, "timeAggregation": "Average",
        "operator": operator, "threshold": threshold,
    })
}

fn action(direction: &str, value: u32, cooldown: &str) -> Value {
    json!({"direction": direction, "type": "ChangeCount", "value": value.to_string(), "cooldown": cooldown})
}

/// Several rules for each direction on two metrics, unequal cooldowns, and other limits from 9 to 17 o'clock.
fn calendar() -> Value {
    let rules = json!([
        {"metricTrigger": trigger("CpuPercentage", "PT5M", "GreaterThan", 60), "scaleAction": action("Increase", 1, "PT20M")},
        {"metricTrigger": trigger("MemoryPercentage", "PT10M", "GreaterThan", 80), "scaleAction": action("Increase", 2, "PT5M")},
        {"metricTrigger": trigger("CpuPercentage", "PT10M", "LessThan", 45), "scaleAction": action("Decrease", 1, "PT5M")},
        {"metricTrigger": trigger("MemoryPercentage", "PT10M", "LessThan", 70), "scaleAction": action("Decrease", 1, "PT10M")},
    ]);
    let from = |hour: u32| {
        json!({"frequency": "Week", "schedule": {
            "timeZone": "W. Europe Standard Time",
            "days": ["Monday", "Tuesday"], "hours": [hour], "minutes": [0],
        }})
    };
    let profile = |name: &str, minimum: u32, recurrence: Value| {
        json!({
            "name": name,
            "capacity": {"minimum": minimum.to_string(), "default": minimum.to_string(), "maximum": "8"},
            "rules": rules,
            "recurrence": recurrence,
        })
    };
    json!({
        "name": "calendar",
        "properties": {
            "enabled": true,
            "targetResourceUri": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/plan",
            "profiles": [
                profile("{\"name\":\"default\",\"for\":\"office hours\"}", 1, from(17)),
                profile("office hours", 3, from(9)),
                {"name": "default", "capacity": {"minimum": "1", "default": "1", "maximum": "8"}, "rules": rules},
            ],
        },
    })
}

/// One evaluation a minute.
const EVALUATIONS: u32 = 660;

/// The load and another metric from 5 to 16 o'clock in UTC, two hours earlier than in Berlin; some cells are empty.
fn day() -> String {
    let mut rows = "timestamp,load,MemoryPercentage\n".to_owned();
    for minute in 300..300 + EVALUATIONS {
        let load = 40 + minute * 7 % 360;
        let memory = match minute % 240 {
            0..30 => String::new(),
            _ => (50 + minute / 3 % 45).to_string(),
        };
        rows += &format!(
            "2026-03-30T{:02}:{:02}:00Z,{load},{memory}\n",
            minute / 60,
            minute % 60
        );
    }
    rows
}

/// A log of the calendar's rules, and the rules.
fn logged(folder: &Scratch) -> (Vec<Map<String, Value>>, std::path::PathBuf) {
    let rules = folder.write("rules.json", calendar().to_string());
    let load = folder.write("load.csv", day());
    let log = folder.join("log.json");
    let with_log = lab(&[
        "simulate",
        "--load",
        path(&load),
        "--autoscale",
        path(&rules),
        "--evaluations",
        path(&log),
        "--json",
        "-",
    ]);
    assert_eq!(with_log.status.code(), Some(0), "{with_log:?}");
    let without = lab(&[
        "simulate",
        "--load",
        path(&load),
        "--autoscale",
        path(&rules),
        "--json",
        "-",
    ]);
    assert!(
        with_log.stdout == without.stdout,
        "the log changes the result"
    );
    (
        serde_json::from_slice(&std::fs::read(log).unwrap()).unwrap(),
        rules,
    )
}

#[test]
fn a_log_of_the_simulation_agrees() {
    let folder = Scratch::new();
    let (rows, rules) = logged(&folder);
    let told = told(&folder.join("log.json"), &rules, 0);
    assert_eq!(told["agreement"], 1.0);
    for number in ["evaluations", "compared", "agreeing", "counts"] {
        assert_eq!(told[number], EVALUATIONS, "{number}");
    }
    // The log contains every value that may be wrong.
    for (column, value) in [
        ("Profile", json!("office hours")),
        ("SkipRuleEvaluationForCooldown", json!(true)),
        ("EstimateScaleResult", json!("Unknown")),
        ("EstimateScaleResult", json!("Triggered")),
        ("ShouldUpdateInstance", json!(true)),
        ("OperationName", json!("RecurrentProfileEvaluation")),
    ] {
        assert!(
            rows.iter().any(|row| row.get(column) == Some(&value)),
            "{column} {value}"
        );
    }
    let said = said(&folder.join("log.json"), &rules, 0);
    assert!(
        said.contains("agreement   100.0%: 660 of 660 evaluations\n"),
        "{said}"
    );
}

#[test]
fn one_altered_observation_is_found() {
    let folder = Scratch::new();
    let (rows, rules) = logged(&folder);
    let triggered = |row: &Map<String, Value>| {
        row.get("EstimateScaleResult") == Some(&json!("Triggered"))
            && row["Operator"] == "GreaterThan"
    };
    let place = rows.iter().rposition(triggered).unwrap();
    // One value is below the threshold, the other still above it: the rule's result shows the first, the samples the
    // second.
    for (value, kind) in [(1.0, "rule_result"), (99.5, "observed_value")] {
        let mut altered = rows.clone();
        altered[place]["ObservedValue"] = json!(value);
        let log = folder.write("altered.json", json!(altered).to_string());
        let told = told(&log, &rules, 1);
        assert_eq!(told["disagreements"], json!({kind: 1}));
        assert_eq!(told["agreeing"], EVALUATIONS - 1);
        assert_eq!(
            told["first"]["correlation_id"],
            rows[place]["CorrelationId"]
        );
        let said = said(&log, &rules, 1);
        for part in [
            "agreement   99.8%",
            "First disagreement: 2026-03-30 ",
            "\n  log   ",
            "\n  lab   ",
        ] {
            assert!(said.contains(part), "{part:?} is not in\n{said}");
        }
    }
}

/// The rows of a log.
type Rows = Vec<Map<String, Value>>;

#[test]
fn each_kind_of_disagreement_has_its_count() {
    let folder = Scratch::new();
    let (rows, rules) = logged(&folder);
    let with = |alter: &dyn Fn(&mut Rows)| {
        let mut altered = rows.clone();
        alter(&mut altered);
        told(
            &folder.write("altered.json", json!(altered).to_string()),
            &rules,
            1,
        )
    };
    let find = |rows: &[Map<String, Value>], column: &str, value: Value| {
        rows.iter()
            .rposition(|row| row.get(column) == Some(&value))
            .unwrap()
    };
    let told = with(&|rows| {
        let place = find(rows, "ShouldUpdateInstance", json!(true));
        // Above the maximum.
        rows[place]["NewInstanceCount"] = json!(9);
    });
    assert_eq!(told["disagreements"], json!({"count": 1}));
    assert!(
        told["first"]["log"].as_str().unwrap().contains(" to 9: "),
        "{told}"
    );

    let told = with(&|rows| {
        let place = find(rows, "SkipRuleEvaluationForCooldown", json!(true));
        rows[place]["SkipRuleEvaluationForCooldown"] = json!(false);
    });
    assert_eq!(told["disagreements"], json!({"cooldown": 1}));

    let told = with(&|rows| {
        for row in rows {
            if row.get("Threshold") == Some(&json!(60.0)) {
                row["Threshold"] = json!(65.0);
            }
        }
    });
    let disagreements = told["disagreements"].as_object().unwrap();
    assert_eq!(disagreements.keys().collect::<Vec<_>>(), ["unknown_rule"]);

    let told = with(&|rows| {
        let id = rows[rows.len() / 2]["CorrelationId"].clone();
        rows.retain(|row| {
            row["CorrelationId"] != id || row["OperationName"] != "InstanceUpdateEvaluation"
        });
    });
    assert_eq!(told["disagreements"], json!({"incomplete": 1}));

    let told = with(&|rows| {
        for row in rows {
            if row.get("MaximumInstanceCount") == Some(&json!(8))
                && row["CurrentInstanceCount"] == 4
            {
                row.insert("MaximumInstanceCount".to_owned(), json!(30));
            }
        }
    });
    assert!(
        told["disagreements"]["limits"].as_u64().unwrap() > 0,
        "{told}"
    );

    let other: Value =
        serde_json::from_str(&calendar().to_string().replace("office hours", "night")).unwrap();
    let told = self::told(
        &folder.join("log.json"),
        &folder.write("other.json", other.to_string()),
        1,
    );
    assert!(
        told["disagreements"]["unknown_profile"].as_u64().unwrap() > 400,
        "{told}"
    );
    let early: Value = serde_json::from_str(&calendar().to_string().replace("[9]", "[8]")).unwrap();
    let told = self::told(
        &folder.join("log.json"),
        &folder.write("early.json", early.to_string()),
        1,
    );
    assert_eq!(told["disagreements"], json!({"profile": 60}));
}

#[test]
fn the_first_and_the_last_evaluation_may_be_cut_off() {
    let folder = Scratch::new();
    let (mut rows, rules) = logged(&folder);
    rows.pop();
    let told = told(
        &folder.write("cut.json", json!(rows).to_string()),
        &rules,
        0,
    );
    assert_eq!(told["not_compared"], json!({"cut_off": 1}));
    assert_eq!(told["counts"], EVALUATIONS - 1);
}

/// The text of a value, as in exports where everything is text.
fn as_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_form_of_the_log_has_the_same_result() {
    let folder = Scratch::new();
    let (rows, rules) = logged(&folder);
    let expected = told(&folder.join("log.json"), &rules, 0);
    let columns: Vec<&String> = {
        let all: std::collections::BTreeSet<&String> = rows.iter().flat_map(Map::keys).collect();
        all.into_iter().collect()
    };

    // As az prints it: a flat list in which everything is text.
    let flat: Vec<Value> = rows
        .iter()
        .map(|row| {
            let cell = |column: &&String| {
                (
                    (*column).clone(),
                    json!(row.get(*column).map(as_text).unwrap_or_default()),
                )
            };
            let mut flat: Map<String, Value> = columns.iter().map(cell).collect();
            flat.insert("TableName".to_owned(), json!("PrimaryResult"));
            Value::from(flat)
        })
        .collect();
    // The response of the API.
    let lists: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|column| row.get(*column).cloned().unwrap_or_default())
                .collect()
        })
        .collect();
    let named: Vec<Value> = columns
        .iter()
        .map(|column| json!({"name": column, "type": "string"}))
        .collect();
    let tables = json!({"tables": [{"name": "PrimaryResult", "columns": named, "rows": lists}]});
    // The portal's export.
    let quoted = |text: String| format!("\"{}\"", text.replace('"', "\"\""));
    let mut csv = "\u{feff}".to_owned();
    let head = |column: &&String| match column.as_str() {
        "TimeGenerated" => "TimeGenerated [UTC]".to_owned(),
        column => column.to_owned(),
    };
    csv += &columns.iter().map(head).collect::<Vec<_>>().join(",");
    for row in &rows {
        let cells = columns
            .iter()
            .map(|column| quoted(row.get(*column).map(as_text).unwrap_or_default()));
        csv += &format!("\r\n{}", cells.collect::<Vec<_>>().join(","));
    }
    // The records of a storage account.
    let records: Vec<Value> = rows.iter().map(record).collect();
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let texts: Vec<Value> = records
        .iter()
        .map(|record| {
            let mut record = record.clone();
            let property = record.as_object_mut().unwrap().remove("property").unwrap();
            record["properties"] = json!(property.to_string());
            record
        })
        .collect();

    for (name, text) in [
        ("flat list", json!(flat).to_string()),
        ("tables", tables.to_string()),
        ("CSV", csv),
        ("records", json!({"records": records}).to_string()),
        ("lines", lines.join("\n")),
        ("properties in a text", json!(texts).to_string()),
    ] {
        let mut told = told(&folder.write("log.json", text), &rules, 0);
        assert_eq!(told["counts"], EVALUATIONS, "{name}");
        told["notes"] = expected["notes"].clone();
        assert_eq!(told, expected, "{name}");
    }
}

/// A row of the table as a record.
fn record(row: &Map<String, Value>) -> Value {
    let mut record = json!({"property": {}});
    for (column, value) in row {
        let name = match column.as_str() {
            "TimeGenerated" => "time",
            "AutoscaleMetricName" => "metricName",
            "MetricTimeGrain" => "timeGrain",
            "MetricStartTime" => "startTime",
            "MetricEndTime" => "endTime",
            "MetricData" => "data",
            "SelectedAutoscaleProfile" => "selectedProfile",
            "InstanceUpdateReason" => "reason",
            other => &(other[..1].to_lowercase() + &other[1..]),
        };
        let value = match name {
            "data" => serde_json::from_str(value.as_str().unwrap()).unwrap(),
            _ => value.clone(),
        };
        match name {
            "time" | "operationName" | "category" | "correlationId" | "resourceId" => {
                record[name] = value;
            }
            name => record["property"][name] = value,
        }
    }
    record
}

/// Rules that fit the records of Microsoft's page.
fn documented_rules(folder: &Scratch) -> std::path::PathBuf {
    let setting = json!({
        "name": "DefaultSetting",
        "enabled": true,
        "profiles": [{
            "name": "defaultProfile",
            "capacity": {"minimum": "15", "default": "20", "maximum": "30"},
            "rules": [{
                "metricTrigger": trigger("Percentage CPU", "PT10M", "GreaterThan", 70),
                "scaleAction": action("Increase", 1, "PT30M"),
            }],
        }],
    });
    folder.write("documented.json", setting.to_string())
}

#[test]
fn the_decision_on_a_rule_of_microsofts_page_is_repeated() {
    let folder = Scratch::new();
    let rules = documented_rules(&folder);
    let agreed = told(&folder.write("rule.json", DOCUMENTED_RULE), &rules, 0);
    assert_eq!(
        (&agreed["rule_results"], &agreed["counts"]),
        (&json!(1), &json!(0))
    );
    let other = DOCUMENTED_RULE.replace("NotTriggered", "Triggered");
    let told = told(&folder.write("rule.json", other), &rules, 1);
    assert_eq!(told["disagreements"], json!({"rule_result": 1}));
    assert_eq!(told["first"]["lab"], "NotTriggered: not 25 > 70");
    assert_eq!(
        told["first"]["correlation_id"],
        "e8f67045-f381-445d-bc2d-eeff81ec0d77"
    );
}

/// The records of the page are examples of their forms. Together they contradict each other, which is found.
#[test]
fn the_records_of_microsofts_page_are_read() {
    let folder = Scratch::new();
    let rules = documented_rules(&folder);
    let told = told(&folder.write("PT1H.json", DOCUMENTED_OTHERS), &rules, 0);
    // All rules wait, so nothing happens.
    assert_eq!((&told["rows"], &told["counts"]), (&json!(4), &json!(1)));
    let all = folder.write(
        "PT1H.json",
        format!("{DOCUMENTED_RULE}\n{DOCUMENTED_OTHERS}"),
    );
    let told = self::told(&all, &rules, 1);
    assert_eq!(
        told["disagreements"],
        json!({"cooldown": 1, "observed_value": 1})
    );
}

#[test]
fn what_cannot_be_used_is_refused_in_one_sentence() {
    let folder = Scratch::new();
    let rules = documented_rules(&folder);
    let other = DOCUMENTED_RULE
        .replace("DEFAULTSETTING", "OTHER")
        .replace("e8f67045", "00000000");
    let twice = format!("{DOCUMENTED_RULE}{}", other.replace("OTHER", "THIRD"));
    for (log, complaint) in [
        ("", "it is empty"),
        ("[]", "it has no row of an evaluation"),
        (
            "{\"records\":[{\"operationName\":\"InstanceScaleAction\"}]}",
            "it has no row of an evaluation",
        ),
        ("[{\"a\":1}", "line 1 column"),
        (
            "a,b\n1,2\n",
            "names the columns OperationName and CorrelationId",
        ),
        (
            "OperationName,CorrelationId,Profile,ProfileSelected\nDefaultProfileEvaluation,1,defaultProfile,true\n",
            "nothing in the log",
        ),
        (&twice.replace("DEFAULTSETTING", "FOURTH"), "of 2 settings"),
    ] {
        let said = said(&folder.write("log", log), &rules, 2);
        assert!(said.contains(complaint), "{complaint:?} is not in {said:?}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let said = said(&folder.join("nowhere"), &rules, 2);
    assert!(said.contains("cannot be read"), "{said}");
    // Of several settings, the one with the name of the rules is used.
    told(&folder.write("log", twice), &rules, 0);
}

#[test]
fn a_log_that_would_be_too_long_is_refused() {
    let folder = Scratch::new();
    let log = folder.join("log.json");
    let output = lab(&[
        "simulate",
        "--load",
        "daily",
        "--evaluate-seconds",
        "1",
        "--evaluations",
        path(&log),
    ]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("raise --evaluate-seconds to 2 or"),
        "{output:?}"
    );
    assert!(!log.exists());
}
