//! Reading rule files: every form results in the same setting, and findings and problems name their place.

use serde_json::json;

use super::*;

/// A setting with one rule on the CPU, and its file.
fn setting() -> Value {
    json!({
        "name": "s", "enabled": true,
        "targetResourceUri": "/subscriptions/x/resourceGroups/r/providers/Microsoft.Web/serverfarms/p",
        "profiles": [built_in()],
    })
}

fn read(file: &Value) -> RuleFile {
    with_options(&file.to_string(), ReadOptions::default())
}

fn with_options(text: &str, options: ReadOptions<'_>) -> RuleFile {
    match RuleFile::read(text, options) {
        Ok(file) => file,
        Err(refusal) => panic!("refused: {refusal}\n{text}"),
    }
}

fn refused(file: &Value) -> Refusal {
    Setting::parse(&file.to_string()).expect_err("this file must be refused")
}

/// The setting with the value at `pointer` replaced.
fn altered(pointer: &str, value: Value) -> Value {
    let mut file = setting();
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    file.pointer_mut(parent).expect("it is there")[field] = value;
    file
}

fn trigger(field: &str) -> String {
    format!("/profiles/0/rules/0/metricTrigger/{field}")
}

fn action(field: &str) -> String {
    format!("/profiles/0/rules/0/scaleAction/{field}")
}

#[test]
fn the_built_in_rules_have_the_documented_values() {
    let file = read(&built_in());
    assert_eq!(file.findings, []);
    let [profile] = file.setting.profiles.as_slice() else {
        panic!("one profile")
    };
    let capacity = profile.capacity;
    assert_eq!(
        (capacity.minimum, capacity.maximum, capacity.default),
        (1, 3, 1)
    );
    let [out, inward] = profile.rules.as_slice() else {
        panic!("two rules")
    };
    for rule in [out, inward] {
        let spans = (rule.time_window, rule.cooldown, rule.time_grain);
        assert_eq!(spans, (minutes(5), minutes(5), MINUTE));
        assert_eq!(rule.change, Change::Count(1));
        let how = (rule.statistic, rule.time_aggregation);
        assert_eq!(how, (Statistic::Average, Aggregation::Average));
    }
    let condition = (out.operator, out.threshold, out.direction);
    assert_eq!(
        condition,
        (Operator::GreaterThan, 70.0, Direction::Increase)
    );
    let condition = (inward.operator, inward.threshold, inward.direction);
    assert_eq!(condition, (Operator::LessThan, 30.0, Direction::Decrease));
    assert!(file.setting.metrics[0].fleet_cpu);
    assert_eq!(taken(FAST).profiles[0].rules[0].time_window, minutes(2));
}

#[test]
fn a_written_setting_reads_back() {
    for text in [BUILT_IN, FAST] {
        let setting = taken(text);
        assert_eq!(parsed(&setting.to_arm()), setting);
    }
    let calendar = json!({"profiles": [
        profile_with(&json!({"fixedDate": {"timeZone": "W. Europe Standard Time", "start": "2026-12-24T18:00:00", "end": "2026-12-27T06:00:00"}})),
        profile_with(&json!({"recurrence": {"frequency": "Week", "schedule":
            {"timeZone": "E. Europe Standard Time", "days": ["Monday", "Friday"], "hours": [8, 20], "minutes": [0, 30]}}})),
        profile_with(&json!({"name": "{\"name\":\"default\",\"for\":\"office\"}"})),
    ]});
    let setting = parsed(&calendar);
    assert_eq!(parsed(&setting.to_arm()).profiles, setting.profiles);
    assert_eq!(setting.profiles[2].title(), "default (after office)");
}

fn profile_with(fields: &Value) -> Value {
    let mut profile = built_in();
    for (name, value) in fields.as_object().expect("fields") {
        profile[name] = value.clone();
    }
    profile
}

#[test]
fn every_form_of_a_setting_gives_the_same_profiles() {
    let expected = Setting::built_in().profiles;
    let setting = setting();
    let resource =
        json!({"id": "/x", "type": "microsoft.insights/autoscalesettings", "properties": setting});
    let template =
        |resources: Value| json!({"$schema": "s", "parameters": {}, "resources": resources});
    let deployment = json!({"type": "Microsoft.Resources/deployments", "properties": {"template": template(json!([resource]))}});
    let child = json!({"type": "Microsoft.Web/serverfarms", "resources": [resource]});
    let state = json!({"format_version": "1.0", "values": {"root_module": {"child_modules": [{"resources": [
        {"type": "azurerm_monitor_autoscale_setting", "name": "x", "values": terraform()}]}]}}});
    let activity = json!({"properties": {"ActiveAutoscaleProfile": pascal(&built_in())}});
    for file in [
        built_in(),
        setting.clone(),
        json!([setting]),
        json!({"value": [resource]}),
        resource.clone(),
        template(json!([{"type": "Microsoft.Web/serverfarms"}, resource])),
        template(json!({"plan": {"type": "Microsoft.Web/serverfarms"}, "scale": resource})),
        template(json!([deployment])),
        template(json!([child])),
        state,
        activity,
    ] {
        assert_eq!(read(&file).setting.profiles, expected, "{file}");
    }
}

/// The built-in profile in the form of Terraform's provider.
fn terraform() -> Value {
    let rule = |operator: &str, threshold: u32, direction: &str| {
        json!({
            "metric_trigger": [{
                "metric_name": "CpuPercentage", "metric_namespace": "microsoft.web/serverfarms", "metric_resource_id": "/p",
                "operator": operator, "statistic": "Average", "threshold": threshold, "time_aggregation": "Average",
                "time_grain": "PT1M", "time_window": "PT5M", "dimensions": [], "divide_by_instance_count": null,
            }],
            "scale_action": [{"cooldown": "PT5M", "direction": direction, "type": "ChangeCount", "value": 1}],
        })
    };
    json!({
        "enabled": true, "target_resource_id": "/p", "predictive": [], "notification": [],
        "profile": [{
            "name": "cpu-70-30", "capacity": [{"default": 1, "maximum": 3, "minimum": 1}], "fixed_date": [], "recurrence": [],
            "rule": [rule("GreaterThan", 70, "Increase"), rule("LessThan", 30, "Decrease")],
        }],
    })
}

/// The same with the keys of the activity log.
fn pascal(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let renamed = fields.iter().map(|(name, value)| {
                let name = match name.as_str() {
                    "metricName" => "Name",
                    "metricNamespace" => "Namespace",
                    other => other,
                };
                let (first, rest) = name.split_at(1);
                (first.to_uppercase() + rest, pascal(value))
            });
            Value::Object(renamed.collect())
        }
        Value::Array(items) => items.iter().map(pascal).collect(),
        other => other.clone(),
    }
}

#[test]
fn comments_trailing_commas_a_byte_order_mark_and_any_case_are_read() {
    let text = format!(
        "\u{feff}// rules\n{{ \"Profiles\": [ {} , ], /* more */ \"ENABLED\": \"true\", }}",
        built_in()
    );
    assert_eq!(taken(&text).profiles, Setting::built_in().profiles);
}

#[test]
fn durations_and_counts_are_read_as_tools_print_them() {
    let mut file = setting();
    file["profiles"][0]["capacity"] = json!({"minimum": 2, "maximum": "1000", "default": 7.0});
    file["profiles"][0]["rules"][0]["metricTrigger"]["timeWindow"] = json!("0:10:00");
    file["profiles"][0]["rules"][0]["metricTrigger"]["threshold"] = json!("70.5");
    let setting = read(&file).setting;
    let capacity = setting.profiles[0].capacity;
    assert_eq!(
        (capacity.minimum, capacity.default, capacity.maximum),
        (2, 7, 1_000)
    );
    assert_eq!(setting.profiles[0].rules[0].time_window, minutes(10));
    assert_eq!(setting.profiles[0].rules[0].threshold, 70.5);
}

#[test]
fn every_enumeration_of_the_schema_is_read_in_any_case() {
    let names = |field: &str| match field {
        "statistic" => Statistic::NAMES.map(|(name, _)| name).to_vec(),
        "timeAggregation" => Aggregation::NAMES.map(|(name, _)| name).to_vec(),
        _ => Operator::NAMES.map(|(name, _)| name).to_vec(),
    };
    for field in ["statistic", "timeAggregation", "operator"] {
        for name in names(field) {
            for spelling in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
                let written = read(&altered(&trigger(field), json!(spelling)))
                    .setting
                    .to_arm();
                assert_eq!(
                    written["profiles"][0]["rules"][0]["metricTrigger"][field],
                    json!(name)
                );
            }
        }
    }
}

/// Each of these files contains something that is not documented, or that is not applied.
#[test]
fn findings_name_their_place_and_the_code() {
    let site = "/subscriptions/x/resourceGroups/r/providers/Microsoft.Web/sites/s";
    let scale_set =
        "/subscriptions/x/resourceGroups/r/providers/Microsoft.Compute/virtualMachineScaleSets/v";
    let queue = "/subscriptions/x/resourceGroups/r/providers/Microsoft.ServiceBus/namespaces/n";
    let dimension = json!([{"DimensionName": "Instance", "Operator": "Equals", "Values": ["x"]}]);
    for (file, code, place) in [
        (altered("/enabled", json!(false)), "disabled", "enabled"),
        (
            altered("/enabled", Value::Null),
            "enabled_missing",
            "enabled",
        ),
        (
            altered(
                "/predictiveAutoscalePolicy",
                json!({"scaleMode": "ForecastOnly"}),
            ),
            "predictive",
            "predictiveAutoscalePolicy.scaleMode",
        ),
        (
            altered("/targetResourceUri", json!(site)),
            "wrong_target",
            "targetResourceUri",
        ),
        (
            altered("/targetResourceUri", json!(scale_set)),
            "wrong_target",
            "profiles[0].rules[0].metricTrigger.metricName",
        ),
        (
            altered(&trigger("metricNamespace"), json!("")),
            "namespace_missing",
            "profiles[0].rules[0].metricTrigger.metricNamespace",
        ),
        (
            altered(&trigger("metricResourceUri"), json!(queue)),
            "other_resource",
            "profiles[0].rules[0].metricTrigger.metricResourceUri",
        ),
        (
            altered(&trigger("dimensions"), dimension),
            "dimensions",
            "profiles[0].rules[0].metricTrigger.dimensions",
        ),
        (
            altered(&trigger("dividePerInstance"), json!(true)),
            "divided",
            "profiles[0].rules[0].metricTrigger.dividePerInstance",
        ),
        (
            altered(&trigger("timeGrain"), json!("PT5M")),
            "grain",
            "profiles[0].rules[0].metricTrigger.timeGrain",
        ),
        (
            altered(&trigger("timeGrain"), json!("PT15M")),
            "short_window",
            "profiles[0].rules[0].metricTrigger.timeWindow",
        ),
        (
            altered(&trigger("timeGrain"), json!("PT90S")),
            "out_of_bounds",
            "profiles[0].rules[0].metricTrigger.timeGrain",
        ),
        (
            altered(&trigger("timeWindow"), json!("PT13H")),
            "out_of_bounds",
            "profiles[0].rules[0].metricTrigger.timeWindow",
        ),
        (
            altered(&trigger("statistic"), json!("Sum")),
            "sum",
            "profiles[0].rules[0].metricTrigger.statistic",
        ),
        (
            altered(&trigger("statistic"), Value::Null),
            "missing",
            "profiles[0].rules[0].metricTrigger.statistic",
        ),
        (
            altered(&trigger("metricNam"), json!("x")),
            "unknown_field",
            "profiles[0].rules[0].metricTrigger.metricNam",
        ),
        (
            altered(&action("type"), json!("PercentChangeCount")),
            "percentage",
            "profiles[0].rules[0].scaleAction.type",
        ),
        (
            altered(&action("type"), json!("ServiceAllowedNextValue")),
            "next_allowed",
            "profiles[0].rules[0].scaleAction.type",
        ),
        (
            altered(&action("direction"), json!("None")),
            "no_direction",
            "profiles[0].rules[0].scaleAction.direction",
        ),
        (
            altered("/profiles/0/capacity/minimum", json!("0")),
            "minimum_zero",
            "profiles[0].capacity.minimum",
        ),
        (
            altered("/profiles/0/capacity/default", json!("9")),
            "out_of_bounds",
            "profiles[0].capacity.default",
        ),
        (
            altered("/profiles", json!([built_in(), built_in()])),
            "second_default",
            "profiles[1]",
        ),
        (
            altered(
                "/profiles/0/fixedDate",
                json!({"start": "2026-01-01T00:00:00", "end": "2027-01-02T00:00:00"}),
            ),
            "out_of_bounds",
            "profiles[0].fixedDate",
        ),
        (
            altered(
                "/profiles/0/recurrence",
                json!({"frequency": "[variables('often')]", "schedule":
                    {"timeZone": "UTC", "days": ["Monday"], "hours": [8], "minutes": [0]}}),
            ),
            "frequency",
            "profiles[0].recurrence.frequency",
        ),
    ] {
        let found = read(&file).findings;
        let finding = found
            .iter()
            .find(|finding| finding.code == code && finding.place == place);
        assert!(
            finding.is_some(),
            "{code} at {place} is not among {found:#?}"
        );
    }
    assert_eq!(read(&setting()).findings, []);
}

/// Azure requires the resource of every metric.
#[test]
fn a_setting_is_written_with_the_resource_of_each_metric() {
    let file = json!([setting()]);
    let written = read(&file).setting.to_arm();
    let trigger = &written["profiles"][0]["rules"][0]["metricTrigger"];
    assert_eq!(trigger["metricResourceUri"], setting()["targetResourceUri"]);
    assert_eq!(read(&written).setting, read(&file).setting);
}

#[test]
fn the_cpu_of_another_plan_is_not_the_cpu_of_the_fleet() {
    let other = "/subscriptions/x/resourceGroups/r/providers/Microsoft.Web/serverfarms/q";
    let metrics = read(&altered(&trigger("metricResourceUri"), json!(other)))
        .setting
        .metrics;
    assert_eq!(metrics.len(), 2);
    assert!(!metrics[0].fleet_cpu && metrics[1].fleet_cpu);
    let own = "/SUBSCRIPTIONS/x/resourceGroups/r/providers/Microsoft.Web/serverFarms/p";
    let metrics = read(&altered(&trigger("metricResourceUri"), json!(own)))
        .setting
        .metrics;
    assert_eq!(metrics.len(), 1);
}

#[test]
fn all_problems_are_reported_at_once_with_their_place_and_what_is_accepted() {
    let mut file = setting();
    let rule = &mut file["profiles"][0]["rules"][0];
    rule["metricTrigger"]["operator"] = json!(">");
    rule["metricTrigger"]["threshold"] = json!("high");
    rule["scaleAction"]["cooldown"] = json!(5);
    file["profiles"][0]["capacity"]["maximum"] = Value::Null;
    let problems = refused(&file).problems;
    let places: Vec<&str> = problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(
        places,
        [
            "profiles[0].capacity.maximum",
            "profiles[0].rules[0].metricTrigger.operator",
            "profiles[0].rules[0].metricTrigger.threshold",
            "profiles[0].rules[0].scaleAction.cooldown",
        ]
    );
    assert!(
        problems[1].message.contains("GreaterThanOrEqual"),
        "{}",
        problems[1]
    );
}

#[test]
fn the_value_of_a_parameter_is_used_and_required() {
    let template = |default: Value| {
        let mut setting = setting();
        setting["profiles"][0]["capacity"]["minimum"] = json!("[parameters('min')]");
        json!({
            "parameters": {"min": default},
            "resources": [{"type": "Microsoft.Insights/autoscaleSettings", "name": "[concat('a', parameters('env'))]",
                "location": "[resourceGroup().location]", "properties": setting}],
        })
        .to_string()
    };
    let minimum = |file: RuleFile| file.setting.profiles[0].capacity.minimum;
    let with_default = template(json!({"type": "string", "defaultValue": "2"}));
    assert_eq!(
        minimum(with_options(&with_default, ReadOptions::default())),
        2
    );
    for parameters in [
        r#"{"min": 3}"#,
        r#"{"parameters": {"MIN": {"value": "3"}}}"#,
    ] {
        let options = ReadOptions {
            parameters: Some(parameters),
            ..ReadOptions::default()
        };
        assert_eq!(minimum(with_options(&with_default, options)), 3);
    }
    let without = template(json!({"type": "string"}));
    let refusal = Setting::parse(&without).expect_err("no value").to_string();
    assert!(
        refusal.contains("resources[0].properties.profiles[0].capacity.minimum")
            && refusal.contains("[parameters('min')]")
            && refusal.contains("--parameters"),
        "{refusal}"
    );
}

#[test]
fn several_settings_are_named() {
    let mut other = setting();
    other["name"] = json!("other");
    other["profiles"][0]["capacity"]["maximum"] = json!("9");
    let list = json!([setting(), other]).to_string();
    let refusal = Setting::parse(&list).expect_err("two").to_string();
    assert!(
        refusal.contains("s, other") && refusal.contains("--setting"),
        "{refusal}"
    );
    let named = |name| {
        let options = ReadOptions {
            setting: Some(name),
            ..ReadOptions::default()
        };
        RuleFile::read(&list, options).map(|file| file.setting.maximum())
    };
    assert_eq!(named("OTHER"), Ok(9));
    assert!(named("none").is_err());
}

#[test]
fn a_fixed_date_of_one_year_is_accepted() {
    let dates = json!({"start": "2026-01-01T00:00:00", "end": "2027-01-01T00:00:00"});
    assert_eq!(read(&altered("/profiles/0/fixedDate", dates)).findings, []);
}

#[test]
fn a_language_that_must_be_compiled_first_is_named_with_its_command() {
    for (name, text, command) in [
        (
            "main.bicep",
            "resource a 'Microsoft.Insights/autoscaleSettings@2022-10-01' = {\n}",
            "az bicep build",
        ),
        (
            "main.tf",
            "resource \"azurerm_monitor_autoscale_setting\" \"a\" {\n}",
            "terraform show -json",
        ),
    ] {
        let options = ReadOptions {
            file_name: Some(name),
            ..ReadOptions::default()
        };
        let refusal = RuleFile::read(text, options)
            .expect_err("not JSON")
            .to_string();
        assert!(refusal.contains(command), "{refusal}");
    }
}

#[test]
fn file_contents_cannot_control_the_terminal() {
    let file = altered(&trigger("metricName"), json!("Queue\u{1b}[31m\nLength"));
    let setting = read(&file).setting;
    let words = setting.profiles[0].rules[0].describe(&setting.metrics);
    assert!(!words.contains(char::is_control), "{words:?}");
    let refusal = refused(&altered(&trigger("operator"), json!("\u{1b}[31m")));
    assert!(!refusal.problems[0].message.contains(char::is_control));
}

/// Bicep and exports write such IDs. They cannot be evaluated without the resource group.
#[test]
fn an_expression_without_a_value_is_the_scaled_resource() {
    let id = "[concat(resourceGroup().id, '/providers/Microsoft.Web/serverfarms/p')]";
    for pointer in [
        "/targetResourceUri".to_owned(),
        trigger("metricResourceUri"),
    ] {
        let metrics = read(&altered(&pointer, json!(id))).setting.metrics;
        assert!(
            metrics.iter().all(|metric| metric.fleet_cpu),
            "{pointer}: {metrics:?}"
        );
    }
}

#[test]
fn items_of_a_copy_loop_are_missing() {
    let mut file = setting();
    let profile = file["profiles"][0].as_object_mut().expect("a profile");
    profile.remove("rules");
    profile.insert(
        "copy".to_owned(),
        json!([{"name": "rules", "count": 2, "input": {}}]),
    );
    let problem = refused(&file).problems.remove(0);
    assert_eq!(problem.place, "profiles[0].rules");
    assert!(
        problem.message.contains("az monitor autoscale show"),
        "{problem}"
    );
}

#[test]
fn an_expression_in_the_place_of_an_object_is_named() {
    let expression = "[parameters('missing')]";
    for place in [
        "profiles[0]",
        "profiles[0].capacity",
        "profiles[0].rules[1]",
    ] {
        let pointer = place.replace(['[', '.'], "/").replace(']', "");
        let mut file = setting();
        *file
            .pointer_mut(&format!("/{pointer}"))
            .expect("it is there") = json!(expression);
        let problem = refused(&file).problems.remove(0);
        assert_eq!(problem.place, place);
        assert!(problem.message.contains(expression), "{problem}");
    }
}

#[test]
fn the_place_distinguishes_settings_with_the_same_name() {
    let mut other = setting();
    other["profiles"][0]["capacity"]["maximum"] = json!("9");
    let list = json!([setting(), other]).to_string();
    let chosen = |name| {
        let options = ReadOptions {
            setting: Some(name),
            ..ReadOptions::default()
        };
        RuleFile::read(&list, options).map(|file| file.setting.maximum())
    };
    let refusal = chosen("s").expect_err("two have the name").to_string();
    assert!(refusal.contains("[0], [1]"), "{refusal}");
    assert_eq!(chosen("[1]"), Ok(9));
}
