//! Settings that resemble real files, each with the expected output of the command. The files are in `cases/`.
//!
//! Times apply to the model's defaults: a metric lag of 180 s, ready after 120 s, evaluated every 60 s.

use serde_json::{Value, json};

use super::{path, record, refused, said};
use crate::scratch::Scratch;

fn case(name: &str) -> String {
    format!(
        "{}/tests/suite/simulate/cases/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(case(name)).unwrap()
}

/// Two hours of this load.
fn constant(percent: u32) -> String {
    format!("seconds,load\n0,{percent}\n7200,{percent}\n")
}

/// The output of the command for a setting under a constant load.
fn under(name: &str, percent: u32) -> Value {
    record(
        &["--autoscale", &case(name), "--load", "-"],
        &constant(percent),
    )
}

fn with_load(name: &str, load: &str) -> Value {
    record(&["--autoscale", &case(name), "--load", &case(load)], "")
}

/// Time, from and to of each action. All must be actions of a rule.
fn actions(record: &Value) -> Vec<[u64; 3]> {
    let actions = record["actions"].as_array().unwrap().iter();
    actions
        .map(|action| {
            assert_eq!(action["cause"], "rule", "{action}");
            ["at_seconds", "from", "to"].map(|name| action[name].as_u64().unwrap())
        })
        .collect()
}

/// The codes of the findings, without those of `expected`.
fn findings_but(record: &Value, expected: &[&str]) -> Vec<String> {
    let findings = record["findings"].as_array().unwrap().iter();
    let codes = findings.map(|finding| finding["code"].as_str().unwrap());
    codes
        .filter(|code| !expected.contains(code))
        .map(str::to_owned)
        .collect()
}

fn finding<'a>(record: &'a Value, code: &str) -> &'a Value {
    let mut findings = record["findings"].as_array().unwrap().iter();
    let found = findings.find(|finding| finding["code"] == code);
    found.unwrap_or_else(|| panic!("no finding {code}: {}", record["findings"]))
}

/// The first standstill with this cause.
fn stood_still<'a>(record: &'a Value, cause: &str) -> &'a Value {
    let mut reasons = record["stood_still"].as_array().unwrap().iter();
    let found = reasons.find(|reason| reason["cause"] == cause);
    found.unwrap_or_else(|| panic!("no {cause}: {}", record["stood_still"]))
}

fn profiles(record: &Value) -> &Value {
    let setting = &record["setting"];
    let profiles = setting
        .get("profiles")
        .or(setting["properties"].get("profiles"));
    profiles.unwrap_or_else(|| panic!("{setting}"))
}

fn limits(record: &Value) -> [&str; 3] {
    let capacity = &profiles(record)[0]["capacity"];
    ["minimum", "maximum", "default"].map(|name| capacity[name].as_str().unwrap())
}

#[test]
fn each_rule_waits_for_its_own_cooldown_since_the_last_action() {
    for (rules, load, expected) in [
        // Scale-in waits two hours, scale-out five minutes.
        (
            "cool-in2h.json",
            "spike-after-in.csv",
            &[[60, 2, 1], [2_160, 1, 2], [2_460, 2, 3], [2_760, 3, 4]][..],
        ),
        // The example of Azure's documentation: scale-out waits an hour, scale-in forty minutes.
        ("c6040.json", "docs.csv", &[[60, 1, 2], [2_460, 2, 1]]),
        // Scale-out waits a minute, scale-in an hour.
        (
            "cool-in1h.json",
            "short.csv",
            &[[60, 1, 2], [120, 2, 3], [180, 3, 4], [3_780, 4, 3]],
        ),
    ] {
        assert_eq!(actions(&with_load(rules, load)), expected, "{rules}");
    }
    let said = said(
        &[
            "--autoscale",
            &case("c6040.json"),
            "--load",
            &case("docs.csv"),
        ],
        "",
    );
    let waits = " 0:26:00   2             10%    average CPU over 5 minutes 24.0% is below 30%, \
                 but its cooldown ends in 15 minutes: stays at 2";
    assert!(said.lines().any(|line| line == waits), "{said}");
}

#[test]
fn the_first_load_was_there_before() {
    let record = under("w45.json", 100);
    // Of 45 minutes, so many are from before each evaluation.
    assert_eq!(actions(&record), [[60, 1, 2], [360, 2, 3], [660, 3, 4]]);
    let said = said(
        &["--autoscale", &case("w45.json"), "--load", "-"],
        &constant(100),
    );
    assert!(
        said.contains("; before the start, the first load applies\n"),
        "{said}"
    );
}

#[test]
fn a_sum_over_the_instances_does_not_grow_when_they_leave() {
    let record = under("sum.json", 45);
    assert_eq!(actions(&record), [[60, 2, 1]]);
    let finding = finding(&record, "sum");
    assert_eq!(finding["kind"], "assumed");
    assert_eq!(finding["place"], "rules[0].metricTrigger.statistic");
}

#[test]
fn the_rule_that_holds_scale_in_back_is_named() {
    let record = under("tworin.json", 20);
    assert_eq!(actions(&record), [[0; 3]; 0]);
    assert_eq!(
        record["stood_still"],
        json!([{
            "at_seconds": 60, "to_seconds": 7_200, "count": 4, "cause": "held_back", "rule": 2,
            "reason": "another scale-in rule fires, but average CPU over 5 minutes 5.0% is not below 5%: stays at 4",
        }])
    );
    let said = said(
        &["--autoscale", &case("tworin.json"), "--load", "-"],
        &constant(20),
    );
    for expected in [
        " 0:01:00   4              5%    another scale-in rule fires, but average CPU over 5 minutes 5.0% is not below 5%: stays at 4\n",
        "  A scale-in rule held scale-in back for 1 h 59 min, first at 0:01:00: another",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_maximum_that_limits_the_fleet_is_named() {
    let record = under("max.json", 246);
    assert_eq!(record["verdict"]["verdict"], "at maximum");
    assert_eq!(record["verdict"]["at_maximum_minutes"], 119.0);
    assert_eq!(record["verdict"]["overloaded_minutes"], 0.0);
    let still = stood_still(&record, "maximum");
    assert_eq!(still["rule"], 0);
    assert_eq!(
        still["reason"],
        "average CPU over 5 minutes 82.0% is above 75%, but 3 is the maximum"
    );
    let reasons = record["verdict"]["reasons"].to_string();
    assert!(
        reasons.contains("The maximum held the fleet back for 1 h 59 min"),
        "{reasons}"
    );
}

#[test]
fn the_flapping_check_names_its_rule_and_the_projected_value() {
    // Three instances with 50%: one is removed. With one instead of two, there would be 120%.
    let record = under("f8060.json", 150);
    assert_eq!(actions(&record), [[60, 3, 2]]);
    let still = stood_still(&record, "flapping");
    assert_eq!(
        (&still["at_seconds"], &still["rule"]),
        (&json!(360), &json!(0))
    );
    assert!(
        still["reason"]
            .as_str()
            .unwrap()
            .contains("would be 120.0%, at or above 80%")
    );
    let record = under("f8060.json", 180);
    assert_eq!(actions(&record), [[0; 3]; 0]);
    let still = stood_still(&record, "flapping");
    assert_eq!(
        (&still["at_seconds"], &still["rule"]),
        (&json!(60), &json!(0))
    );
    assert_eq!(
        still["reason"],
        "scale-in fires, but with 2 instead of 3 the average CPU over 5 minutes would be 90.0%, at or above 80%: \
         stays at 3 (flapping)"
    );
}

#[test]
fn a_cooldown_shorter_than_the_delay_is_the_first_advice() {
    let record = under("f5030.json", 60);
    assert_eq!(record["verdict"]["verdict"], "flapping");
    let reasons = record["verdict"]["reasons"].as_array().unwrap();
    let with = |part: &str| {
        let place = reasons
            .iter()
            .position(|reason| reason.as_str().unwrap().contains(part));
        place.unwrap_or_else(|| panic!("{part}: {reasons:?}"))
    };
    let advice = with("Make the cooldown at least that long");
    assert!(advice < with("further apart"), "{reasons:?}");
    let sentence = reasons[advice].as_str().unwrap();
    for part in [
        "5 min is over before",
        "takes 10 min",
        "3 min of metric lag",
        "a window of 5 min",
    ] {
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn wrong_and_missing_parts_are_findings() {
    for (name, code, place) in [
        ("site.json", "wrong_target", "targetResourceUri"),
        (
            "urimiss.json",
            "wrong_target",
            "profiles[0].rules[0].metricTrigger.metricName",
        ),
        (
            "urimiss.json",
            "namespace_missing",
            "profiles[0].rules[0].metricTrigger.metricNamespace",
        ),
        ("noenabled.json", "enabled_missing", "properties.enabled"),
    ] {
        let record = under(name, 50);
        let finding = finding(&record, code);
        assert_eq!(finding["kind"], "assumed", "{finding}");
        assert_eq!(finding["place"], place);
        assert_ne!(finding["remedy"], "", "{finding}");
        let said = said(&["--autoscale", &case(name), "--load", "-"], &constant(50));
        assert!(
            said.contains(&format!("finding assumed: {place}: ")),
            "{said}"
        );
    }
    // A bare profile has no such field.
    assert_eq!(
        findings_but(&under("max.json", 50), &["namespace_missing"]),
        [""; 0]
    );
}

/// The target is a scale set, so the setting must contain the namespace of scale sets.
#[test]
fn the_namespace_to_write_is_that_of_the_target() {
    let record = under("urimiss.json", 50);
    let remedy = finding(&record, "namespace_missing")["remedy"]
        .as_str()
        .unwrap();
    assert!(!remedy.contains("serverfarms"), "{remedy}");
}

#[test]
fn a_percentage_changes_at_least_one_instance() {
    let record = under("pct.json", 180);
    assert_eq!(actions(&record), [[60, 2, 3], [360, 3, 4]]);
    let message = finding(&record, "percentage")["message"].as_str().unwrap();
    assert!(
        message.contains("20% of 2 instances adds 1 or removes 1"),
        "{message}"
    );
}

#[test]
fn fields_of_other_writers_are_accepted() {
    let plain = [[60, 1, 2], [360, 2, 3]];
    let record = under("dims.json", 100);
    assert_eq!(actions(&record), plain);
    assert_eq!(findings_but(&record, &["namespace_missing"]), [""; 0]);

    // Samples of five minutes: at 0:06, the newest available one ended at 0:00.
    let record = under("grain.json", 100);
    assert_eq!(actions(&record), plain);
    assert_eq!(findings_but(&record, &["namespace_missing"]), ["grain"]);
    assert_eq!(
        profiles(&record)[0]["rules"][0]["metricTrigger"]["timeGrain"],
        "PT5M"
    );

    let record = under("timedelta.json", 100);
    assert_eq!(actions(&record), [[60, 1, 2]]);
    assert_eq!(
        profiles(&record)[0]["rules"][0]["scaleAction"]["cooldown"],
        "P1D"
    );

    let record = under("div.json", 150);
    // 100% on one instance; on two, 50 and then 37.5%.
    assert_eq!(actions(&record), [[60, 1, 2]]);
    assert_eq!(finding(&record, "divided")["kind"], "assumed");

    let record = under("predenabled.json", 50);
    assert_eq!(finding(&record, "predictive")["kind"], "ignored");
    let record = under("twoprof.json", 50);
    assert_eq!(finding(&record, "second_default")["place"], "profiles[1]");
}

#[test]
fn a_rule_without_a_direction_scales_to_its_count_from_both_sides() {
    let record = under("none_exact.json", 100);
    assert_eq!(actions(&record), [[60, 1, 2]]);
    assert_eq!(finding(&record, "no_direction")["kind"], "assumed");
    let folder = Scratch::new();
    let from_above = text_of("none_exact.json").replace("\"default\":\"1\"", "\"default\":\"3\"");
    let file = folder.write("above.json", from_above);
    let record = self::record(&["--autoscale", path(&file), "--load", "-"], &constant(300));
    assert_eq!(actions(&record), [[60, 3, 2]]);
}

#[test]
fn a_list_with_one_setting_is_accepted_and_one_of_several_must_be_selected() {
    for (name, expected) in [
        ("list.json", ["1", "3", "1"]),
        ("value.json", ["1", "3", "1"]),
        ("azlist.json", ["2", "10", "2"]),
        ("azshow.json", ["2", "10", "2"]),
    ] {
        let record = under(name, 50);
        assert_eq!(limits(&record), expected, "{name}");
        assert_eq!(record["findings"], json!([]), "{name}");
    }
    let folder = Scratch::new();
    for name in ["list.json", "value.json", "azlist.json"] {
        let mut file: Value = serde_json::from_str(&text_of(name)).unwrap();
        let list = file.get("value").is_some();
        let settings = if list { &mut file["value"] } else { &mut file };
        let mut other = settings[0].clone();
        other["name"] = json!("other");
        let inner = if other.get("properties").is_some() {
            &mut other["properties"]
        } else {
            &mut other
        };
        inner["profiles"][0]["capacity"]["maximum"] = json!("7");
        let first = settings[0]["name"].as_str().unwrap().to_owned();
        settings.as_array_mut().unwrap().push(other);
        let file = folder.write(name, file.to_string());
        let refusal = refused(&["--autoscale", path(&file)], "");
        let names = format!(
            "it contains 2 autoscale settings: {first}, other. Choose one with --setting NAME"
        );
        assert!(refusal.contains(&names), "{refusal}");
        let record = record(&["--autoscale", path(&file), "--setting", "Other"], "");
        assert_eq!(limits(&record)[1], "7", "{name}");
        let refusal = refused(&["--autoscale", path(&file), "--setting", "third"], "");
        assert!(
            refusal.contains("no autoscale setting named third"),
            "{refusal}"
        );
    }
}

/// `--setting` selects one of several settings in a file. The other file of a comparison contains one with another
/// name.
#[test]
fn a_setting_of_a_list_is_compared_with_another_file() {
    said(
        &[
            "--autoscale",
            &case("list.json"),
            "--setting",
            "s",
            "--compare",
            super::FAST,
        ],
        "",
    );
}

#[test]
fn templates_are_read() {
    for (name, expected, others) in [
        ("sym.json", ["1", "3", "1"], &["enabled_missing"][..]),
        ("nested.json", ["1", "3", "1"], &["enabled_missing"]),
        ("param.json", ["1", "3", "1"], &["enabled_missing"]),
        ("exporttpl.json", ["2", "10", "2"], &[]),
        ("comments.json", ["1", "3", "1"], &[]),
    ] {
        let record = under(name, 50);
        assert_eq!(limits(&record), expected, "{name}");
        assert_eq!(findings_but(&record, others), [""; 0], "{name}");
    }
    let enabled = &under("nested.json", 50);
    assert_eq!(
        finding(enabled, "enabled_missing")["place"],
        "resources[0].properties.template.resources[0].properties.enabled"
    );
}

#[test]
fn a_parameter_has_its_default_unless_a_file_gives_it() {
    let folder = Scratch::new();
    let file = case("param.json");
    for given in [
        json!({"min": "0"}),
        json!({"min": 0}),
        json!({"$schema": "s", "contentVersion": "1.0.0.0", "parameters": {"min": {"value": "0"}}}),
    ] {
        let parameters = folder.write("parameters.json", given.to_string());
        let record = record(
            &["--autoscale", &file, "--parameters", path(&parameters)],
            "",
        );
        assert_eq!(limits(&record), ["0", "3", "1"], "{given}");
    }
    let without = text_of("param.json").replace(",\"defaultValue\":\"1\"", "");
    let file = folder.write("without.json", without);
    let refusal = refused(&["--autoscale", path(&file)], "");
    for part in [
        "profiles[0].capacity.minimum",
        "[parameters('min')]",
        "--parameters",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
}

#[test]
fn a_metric_without_data_is_missing_and_the_run_continues() {
    let record = under("mem.json", 250);
    assert_eq!(actions(&record), [[0; 3]; 0]);
    let found = finding(&record, "no_data");
    assert_eq!(found["kind"], "cannot_be_simulated");
    assert_eq!(found["place"], "MemoryPercentage");
    assert!(
        found["remedy"]
            .as_str()
            .unwrap()
            .contains("az monitor metrics list"),
        "{found}"
    );
    assert_eq!(stood_still(&record, "metric_missing")["rule"], Value::Null);
    let said = said(
        &["--autoscale", &case("mem.json"), "--load", "-"],
        &constant(250),
    );
    assert!(
        said.contains("finding cannot be simulated: MemoryPercentage: "),
        "{said}"
    );
}

#[test]
fn steep_loads_are_followed_as_far_as_the_rules_allow() {
    // From 0:30 on ten times what one instance can do. At 0:37 four of the five minutes seen have 100%; the rule may act
    // again an hour later, when the load is over.
    let record = with_load("c6040.json", "so.csv");
    assert_eq!(actions(&record), [[2_220, 1, 2]]);
    assert_eq!(record["verdict"]["overloaded_minutes"], 60.0);
    // The same from 0:10 to 0:15. At 0:14 the two minutes seen have 20 and 100%, at 0:17 both have 100%. At 0:22 the five
    // minutes seen have 100, 20, 10, 10 and 10%, a mean of 30%.
    let record = with_load("exact.json", "burst.csv");
    assert_eq!(
        actions(&record),
        [[840, 1, 2], [1_020, 2, 3], [1_320, 3, 1]]
    );
    assert_eq!(record["verdict"]["overloaded_minutes"], 5.0);
}

#[test]
fn an_exact_count_is_reached_as_far_as_the_flapping_check_lets() {
    let record = under("exact.json", 100);
    assert_eq!(
        actions(&record),
        [
            [60, 1, 2],
            [240, 2, 3],
            [420, 3, 4],
            [600, 4, 5],
            [900, 5, 4],
            [1_200, 4, 3]
        ]
    );
    let reason = record["actions"][4]["reason"].as_str().unwrap();
    assert!(
        reason.contains("in from 5 to 4 and not to 1, where scale-out would follow"),
        "{reason}"
    );
    assert_eq!(stood_still(&record, "flapping")["at_seconds"], 1_500);
}

#[test]
fn thresholds_without_a_margin_flap() {
    let record = under("cam.json", 100);
    // A scale-in every two minutes, each before the last one shows.
    assert_eq!(
        actions(&record)[..5],
        [
            [60, 6, 5],
            [180, 5, 4],
            [300, 4, 3],
            [420, 3, 2],
            [540, 2, 1]
        ]
    );
    assert_eq!(record["verdict"]["verdict"], "flapping");
}
