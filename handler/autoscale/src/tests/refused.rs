//! Rule files that are refused.

use serde_json::json;

use super::*;

fn refusal(file: &Value) -> String {
    Profile::parse(&file.to_string())
        .expect_err("this file must be refused")
        .to_string()
}

#[test]
fn each_refusal_names_the_place_and_what_is_accepted() {
    let trigger = "/rules/1/metricTrigger";
    let action = "/rules/1/scaleAction";
    let at = |parent: &str, field: &str| format!("{parent}/{field}");
    for (file, place, hint) in [
        (
            with(&at(trigger, "metricName"), json!("MemoryPercentage")),
            "rules[1].metricTrigger.metricName",
            "CpuPercentage",
        ),
        (
            with(
                &at(trigger, "metricNamespace"),
                json!("microsoft.web/sites"),
            ),
            "rules[1].metricTrigger.metricNamespace",
            "serverfarms",
        ),
        (
            with(&at(trigger, "dividePerInstance"), json!(true)),
            "rules[1].metricTrigger.dividePerInstance",
            "false",
        ),
        (
            adding(
                trigger,
                "dimensions",
                json!([{"DimensionName": "Instance"}]),
            ),
            "rules[1].metricTrigger.dimensions",
            "none",
        ),
        (
            with(&at(trigger, "timeGrain"), json!("PT5M")),
            "rules[1].metricTrigger.timeGrain",
            "PT1M",
        ),
        (
            with(&at(trigger, "timeWindow"), json!("PT59S")),
            "rules[1].metricTrigger.timeWindow",
            "PT12H",
        ),
        (
            with(&at(trigger, "timeWindow"), json!("PT12H1S")),
            "rules[1].metricTrigger.timeWindow",
            "PT12H",
        ),
        (
            with(&at(trigger, "timeWindow"), json!(5)),
            "rules[1].metricTrigger.timeWindow",
            "text",
        ),
        (
            with(&at(trigger, "statistic"), json!("Maximum")),
            "rules[1].metricTrigger.statistic",
            "Max",
        ),
        (
            with(&at(trigger, "timeAggregation"), json!("Max")),
            "rules[1].metricTrigger.timeAggregation",
            "Maximum",
        ),
        (
            with(&at(trigger, "operator"), json!(">")),
            "rules[1].metricTrigger.operator",
            "GreaterThan",
        ),
        (
            with(&at(trigger, "threshold"), json!("high")),
            "rules[1].metricTrigger.threshold",
            "number",
        ),
        (
            adding(trigger, "metricNam", json!(1)),
            "rules[1].metricTrigger.metricNam",
            "metricName",
        ),
        (
            adding(trigger, "TimeWindow", json!("PT5M")),
            "rules[1].metricTrigger.TimeWindow",
            "is written `timeWindow`",
        ),
        (
            with(&at(action, "type"), json!("ServiceAllowedNextValue")),
            "rules[1].scaleAction.type",
            "ChangeCount",
        ),
        (
            with(&at(action, "direction"), json!("None")),
            "rules[1].scaleAction.direction",
            "Increase",
        ),
        (
            with(&at(action, "value"), json!("0")),
            "rules[1].scaleAction.value",
            "from 1 to 1000",
        ),
        (
            with(&at(action, "value"), json!("1.5")),
            "rules[1].scaleAction.value",
            "whole number",
        ),
        (
            with(&at(action, "value"), json!(-1)),
            "rules[1].scaleAction.value",
            "whole number",
        ),
        (
            with(&at(action, "value"), json!("[parameters('step')]")),
            "rules[1].scaleAction.value",
            "template expression",
        ),
        (
            with(&at(action, "cooldown"), json!("PT30S")),
            "rules[1].scaleAction.cooldown",
            "PT1M",
        ),
        (
            with(&at(action, "cooldown"), json!("P8D")),
            "rules[1].scaleAction.cooldown",
            "P7D",
        ),
        (
            with("/capacity/maximum", json!("1001")),
            "capacity.maximum",
            "1000",
        ),
        (
            with("/capacity/minimum", json!("0")),
            "capacity.minimum",
            "from 1",
        ),
        (
            with("/capacity/minimum", json!("4")),
            "capacity.maximum",
            "minimum of 4",
        ),
        (
            with("/capacity/default", json!("4")),
            "capacity.default",
            "maximum 3",
        ),
        (
            adding("", "fixedDate", json!({"start": "x"})),
            "fixedDate",
            "calendar",
        ),
        (
            adding("", "recurrence", json!({})),
            "recurrence",
            "calendar",
        ),
        (adding("", "rulez", json!([])), "rulez", "rules"),
        (with("/rules", json!({})), "rules", "list"),
        (with("/rules/1", json!([])), "rules[1]", "object"),
        (
            with(
                "/rules",
                Value::Array(vec![built_in()["rules"][0].clone(); 11]),
            ),
            "rules",
            "up to 10",
        ),
    ] {
        let refusal = refusal(&file);
        let place = format!("{place}: ");
        assert!(
            refusal.starts_with(&place) && refusal.contains(hint),
            "{refusal}"
        );
    }
}

#[test]
fn each_missing_field_is_named() {
    for (parent, fields) in [
        ("", vec!["capacity", "rules"]),
        ("/capacity", vec!["minimum", "maximum", "default"]),
        ("/rules/0", vec!["metricTrigger", "scaleAction"]),
        (
            "/rules/0/metricTrigger",
            vec![
                "metricName",
                "timeGrain",
                "statistic",
                "timeWindow",
                "timeAggregation",
                "operator",
                "threshold",
            ],
        ),
        (
            "/rules/0/scaleAction",
            vec!["direction", "type", "cooldown"],
        ),
    ] {
        for field in fields {
            let mut file = built_in();
            file.pointer_mut(parent)
                .expect("the built-in profile has it")
                .as_object_mut()
                .expect("the built-in profile has it")
                .remove(field);
            let refusal = refusal(&file);
            assert!(
                refusal.contains(&format!("{field}: is missing")),
                "{refusal}"
            );
        }
    }
}

#[test]
fn a_setting_that_azure_would_not_obey_so_is_refused() {
    let bare = built_in();
    let mut recurring = bare.clone();
    recurring["recurrence"] = json!({"frequency": "Week"});
    let other = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/other";
    let watching = adding("/rules/0/metricTrigger", "metricResourceUri", json!(other));
    for (file, expected) in [
        (
            json!({"enabled": false, "profiles": [bare]}),
            "enabled: is false",
        ),
        (
            json!({"enabled": "yes", "profiles": [bare]}),
            "enabled: is \"yes\"",
        ),
        (
            json!({"Enabled": false, "profiles": [bare]}),
            "Enabled: is written `enabled`",
        ),
        (json!({"profiles": []}), "profiles: is empty"),
        (
            json!({"profiles": [bare, bare]}),
            "profiles[1]: is a second default profile",
        ),
        (
            json!({"profiles": [bare, recurring]}),
            "profiles[1].recurrence: makes",
        ),
        (
            json!({"profiles": [recurring]}),
            "profiles[0].recurrence: makes",
        ),
        (
            json!({"profiles": [watching], "targetResourceUri": "/plan"}),
            "profiles[0].rules[0].metricTrigger.metricResourceUri",
        ),
        (
            json!({"profiles": [bare], "predictiveAutoscalePolicy": {"scaleMode": "Enabled"}}),
            "predictiveAutoscalePolicy.scaleMode",
        ),
        (
            json!({"type": "Microsoft.Web/sites", "properties": {"profiles": [bare]}}),
            "type: is \"Microsoft.Web/sites\"",
        ),
        (json!({"resources": []}), "resources: holds no"),
        (json!({"properties": {}}), "properties.profiles: is missing"),
        (json!({}), "it is no autoscale setting"),
        (json!([]), "it is a list, where an object"),
        (json!(null), "it is null, where an object"),
    ] {
        let refusal = refusal(&file);
        assert!(refusal.starts_with(expected), "{refusal}");
    }
    let template = json!({"resources": [{"type": "Microsoft.Insights/autoscaleSettings", "properties": {"profiles": [
        with("/rules/1/scaleAction/cooldown", json!("[parameters('cooldown')]"))]}}]});
    let refusal = refusal(&template);
    let place = "resources[0].properties.profiles[0].rules[1].scaleAction.cooldown";
    assert!(
        refusal.starts_with(&format!("{place}: is the template expression [parameters(")),
        "{refusal}"
    );
    let same = json!({"profiles": [watching], "targetResourceUri": other.to_uppercase(),
        "predictiveAutoscalePolicy": {"scaleMode": "Disabled"}});
    assert!(Profile::parse(&same.to_string()).is_ok());
}

#[test]
fn text_that_is_not_json_is_refused_with_line_and_column() {
    let refusal = Profile::parse("{\n  \"capacity\": {,\n")
        .expect_err("this text must be refused")
        .to_string();
    assert_eq!(
        refusal,
        "line 2, column 16: this is not JSON: key must be a string"
    );
    assert!(
        Profile::parse("")
            .expect_err("this text must be refused")
            .to_string()
            .contains("line 1, column 0")
    );
}

#[test]
fn deep_and_long_texts_are_refused() {
    let deep = "[".repeat(100_000);
    assert!(
        Profile::parse(&deep)
            .expect_err("this text must be refused")
            .to_string()
            .contains("recursion limit")
    );
    let long = " ".repeat(2 << 20);
    assert!(
        Profile::parse(&long)
            .expect_err("this text must be refused")
            .to_string()
            .contains("1 MiB")
    );
    let long_name = with(
        "/rules/0/metricTrigger/metricName",
        json!("x".repeat(100_000)),
    );
    assert!(refusal(&long_name).len() < 300);
}
