//! The forms of files that contain settings.

use serde_json::{Map, json};

use super::*;
use crate::document::{Candidate, Found, candidates};

fn found(root: &Value) -> Found {
    candidates(root, &Map::new())
}

fn found_with(root: &Value, given: &Value) -> Found {
    candidates(root, given.as_object().expect("it is an object"))
}

/// The only candidate, and no notes.
fn only(root: &Value) -> Candidate {
    let mut found = found(root);
    assert_eq!(found.notes, [], "{root}");
    assert_eq!(found.candidates.len(), 1, "{root}");
    found.candidates.remove(0)
}

fn notes(root: &Value) -> Vec<(String, String)> {
    found(root).notes
}

fn profile_of(minimum: &str) -> Value {
    json!({"capacity": {"minimum": minimum, "maximum": "3", "default": "1"}, "name": "p", "rules": []})
}

fn resource(minimum: &str) -> Value {
    json!({"type": "Microsoft.Insights/autoscaleSettings", "name": "s", "properties": {"profiles": [profile_of(minimum)]}})
}

/// The minimum of the first profile of each candidate.
fn minimums(found: &Found) -> Vec<&str> {
    let mut minimums = Vec::new();
    for candidate in &found.candidates {
        let minimum = candidate.value.pointer("/profiles/0/capacity/minimum");
        minimums.push(minimum.and_then(Value::as_str).expect("each has a profile"));
    }
    minimums
}

#[test]
fn profiles_settings_and_resources_are_found() {
    let bare = profile_of("1");
    let setting = json!({"name": "s", "enabled": true, "profiles": [bare]});
    let wrapped = json!({"properties": {"name": "s", "profiles": [bare]}});
    let rest = json!({"id": "/x", "name": "s", "type": "microsoft.INSIGHTS/autoscalesettings", "properties": {"profiles": [bare]}});
    // The form of `az monitor autoscale show`.
    let shown = json!({"autoscaleSettingResourceName": "s", "id": "/x", "name": "s", "profiles": [bare],
        "type": "Microsoft.Insights/autoscaleSettings"});
    let upper = json!({"Properties": {"Name": "s", "Profiles": [bare]}});

    let candidate = only(&bare);
    assert_eq!(
        (
            candidate.name,
            &*candidate.path,
            candidate.is_setting,
            &candidate.value
        ),
        (None, "", false, &bare)
    );
    for (file, path) in [
        (&setting, ""),
        (&wrapped, "properties"),
        (&rest, "properties"),
        (&shown, ""),
        (&upper, "Properties"),
    ] {
        let candidate = only(file);
        assert_eq!(
            (candidate.name.as_deref(), &*candidate.path),
            (Some("s"), path),
            "{file}"
        );
        assert!(candidate.is_setting);
        let value = if path.is_empty() { file } else { &file[path] };
        assert_eq!(&candidate.value, value);
    }
    // Lists in the forms of `az` and of REST.
    for file in [&setting, &wrapped, &rest, &shown] {
        assert_eq!(
            only(&json!([file])).path,
            format!("[0]{}", dotted(&only(file).path))
        );
        assert_eq!(
            only(&json!({"value": [file]})).path,
            format!("value[0]{}", dotted(&only(file).path))
        );
    }
    let several = found(
        &json!({"value": [resource("1"), {"type": "Microsoft.Web/sites", "properties": {"profiles": []}}, resource("2")]}),
    );
    assert_eq!(minimums(&several), ["1", "2"]);
    assert_eq!(several.candidates[1].path, "value[2].properties");
}

fn dotted(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!(".{path}")
    }
}

#[test]
fn templates_are_searched_everywhere() {
    let list = json!({"resources": [{"type": "Microsoft.Web/serverfarms", "name": "plan"}, resource("1")]});
    assert_eq!(only(&list).path, "resources[1].properties");
    let symbols =
        json!({"languageVersion": "2.0", "resources": {"a": resource("1"), "b": {"type": "x/y"}}});
    assert_eq!(only(&symbols).path, "resources.a.properties");
    let inside = json!({"resources": [{"type": "Microsoft.Web/serverfarms", "name": "plan", "condition": false, "resources": [
        {"type": "providers/autoscaleSettings", "name": "[concat('plan', '/Microsoft.Insights/', 'own')]",
            "properties": {"profiles": [profile_of("1")]}}]}]});
    let candidate = only(&inside);
    assert_eq!(candidate.path, "resources[0].resources[0].properties");
    assert_eq!(candidate.name.as_deref(), Some("own"));
    let nested = json!({"resources": [{"type": "Microsoft.Resources/deployments", "properties": {"template": {"resources": [resource("1")]}}}]});
    assert_eq!(
        only(&nested).path,
        "resources[0].properties.template.resources[0].properties"
    );
    // The form in which the REST API and `az` export a template.
    let exported = json!({"template": list});
    assert_eq!(only(&exported).path, "template.resources[1].properties");
    let deployment = json!({"id": "/x", "type": "Microsoft.Resources/deployments", "properties": {"template": list}});
    assert_eq!(
        only(&deployment).path,
        "properties.template.resources[1].properties"
    );
}

#[test]
fn parameters_have_their_defaults_or_given_values() {
    let mut file = json!({"parameters": {"min": {"type": "string", "defaultValue": "1"}}, "resources": [resource("[parameters('min')]")]});
    assert_eq!(only(&file).value["profiles"][0], profile_of("1"));
    let given = found_with(&file, &json!({"Min": "2"}));
    assert_eq!(minimums(&given), ["2"]);

    file["parameters"]["min"] = json!({"type": "string"});
    let candidate = only(&file);
    assert_eq!(candidate.unresolved.len(), 1);
    assert_eq!(
        candidate.unresolved[0].path,
        "resources[0].properties.profiles[0].capacity.minimum"
    );
    assert!(candidate.unresolved[0].reason.contains("--parameters"));
    assert_eq!(
        candidate.value["profiles"][0],
        profile_of("[parameters('min')]")
    );

    // A profile that was copied from a template, with values for it.
    let alone = found_with(&profile_of("[parameters('min')]"), &json!({"min": "4"}));
    assert_eq!(alone.candidates[0].value, profile_of("4"));
    // The parameters of an exported deployment. Values from outside take precedence.
    let deployment = json!({"properties": {"parameters": {"min": {"type": "String", "value": "5"}}, "template": file}});
    assert_eq!(minimums(&found(&deployment)), ["5"]);
    assert_eq!(
        minimums(&found_with(&deployment, &json!({"min": "6"}))),
        ["6"]
    );
}

#[test]
fn a_given_parameter_that_no_template_declares_is_reported() {
    let note = |name: &str| {
        let sentence =
            "is in the parameter file, and no template declares it; check its spelling".to_owned();
        (format!("parameters.{name}"), sentence)
    };
    let template = json!({
        "parameters": {"min": {"type": "string", "defaultValue": "1"}, "unused": {"type": "string"}},
        "resources": [resource("[parameters('min')]")],
    });
    let given = json!({"MIN": "2", "unused": "x", "minn": "3"});
    assert_eq!(found_with(&template, &given).notes, [note("minn")]);
    let deployment = json!({"properties": {"template": template}});
    assert_eq!(found_with(&deployment, &given).notes, [note("minn")]);
    // A part of a template declares nothing, but uses the value.
    let part = profile_of("[parameters('min')]");
    assert_eq!(
        found_with(&part, &given).notes,
        [note("minn"), note("unused")]
    );
    // Without a setting, there is only the note that describes the file.
    assert_eq!(found_with(&json!({"resources": []}), &given).notes.len(), 1);
}

#[test]
fn nested_deployments_have_the_scope_that_they_choose() {
    let template = |scope: Value| {
        json!({
            "parameters": {"min": {"type": "string", "defaultValue": "1"}},
            "variables": {"step": "2"},
            "resources": [{"type": "microsoft.resources/DEPLOYMENTS", "properties": {
                "expressionEvaluationOptions": {"scope": scope},
                "parameters": {"min": {"value": "[concat(parameters('min'), variables('step'))]"}, "from": {"reference": {}}},
                "template": {
                    "parameters": {"min": {"type": "string"}, "other": {"type": "string"}},
                    "variables": {"step": "9"},
                    "resources": [resource("[concat(parameters('min'), '-', variables('step'))]"), resource("[parameters('from')]"),
                        resource("[parameters('other')]")],
                },
            }}],
        })
    };
    assert_eq!(minimums(&found(&template(json!("Inner"))))[0], "12-9");
    assert_eq!(minimums(&found(&template(json!("outer"))))[0], "1-2");
    assert_eq!(minimums(&found(&template(json!(null))))[0], "1-2");
    // Values from outside belong to the outer template, unless the inner one has no value.
    let given = found_with(&template(json!("inner")), &json!({"min": "3"}));
    assert_eq!(minimums(&given)[0], "32-9");
    let reason = |index: usize| given.candidates[index].unresolved[0].reason.clone();
    assert_eq!(
        reason(1),
        "uses a secret of a key vault; pass the parameter `from` with --parameters FILE"
    );
    assert_eq!(
        reason(2),
        "uses the parameter `other`, which has no value; pass the parameter `other` with --parameters FILE"
    );
    let given = found_with(
        &template(json!("inner")),
        &json!({"from": "4", "other": "5", "min": "3"}),
    );
    assert_eq!(minimums(&given), ["32-9", "4", "5"]);
    assert_eq!(given.notes, []);
}

#[test]
fn a_module_passes_profiles_with_a_uri_that_has_no_value() {
    let mut profile = profile_of("2");
    profile["rules"] =
        json!([{"metricTrigger": {"metricResourceUri": "[reference('plan').outputs.id.value]"}}]);
    let file = json!({"resources": {"module": {"type": "Microsoft.Resources/deployments", "properties": {
        "expressionEvaluationOptions": {"scope": "inner"},
        "parameters": {"profiles": {"value": [profile]}},
        "template": {"parameters": {"profiles": {"type": "array"}}, "resources": [
            {"type": "Microsoft.Insights/autoscaleSettings", "name": "[uniqueString('x')]",
                "properties": {"name": "known", "profiles": "[parameters('profiles')]"}}]},
    }}}});
    let candidate = only(&file);
    assert_eq!(candidate.value["profiles"][0], profile);
    assert_eq!(candidate.name.as_deref(), Some("known"));
    let setting = "resources.module.properties.template.resources[0]";
    let paths: Vec<&str> = candidate
        .unresolved
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            format!("{setting}.name"),
            format!("{setting}.properties.profiles[0].rules[0].metricTrigger.metricResourceUri")
        ]
    );
}

#[test]
fn skipped_parts_and_assumptions_are_reported() {
    let with = |name: &str, value: Value| {
        let mut resource = resource("1");
        resource[name] = value;
        json!({"parameters": {"on": {"type": "bool", "defaultValue": false}}, "resources": [resource]})
    };
    for (file, count, path, sentence) in [
        (
            with("condition", json!(false)),
            0,
            "resources[0]",
            "is not deployed, because its condition is false",
        ),
        (
            with("condition", json!("[parameters('on')]")),
            0,
            "resources[0]",
            "is not deployed, because its condition is false",
        ),
        (
            with("condition", json!("[equals(environment().name, 'x')]")),
            1,
            "resources[0].condition",
            "uses the function environment, which is not evaluated here; the condition is assumed to be true",
        ),
        (
            with("copy", json!({"name": "c", "count": 3})),
            1,
            "resources[0].copy",
            "is a copy loop, which is not expanded here",
        ),
        (
            with("existing", json!(true)),
            0,
            "resources[0]",
            "exists outside the template",
        ),
        (
            json!({"resources": [{"type": "Microsoft.Resources/deployments", "properties": {"templateLink": {"uri": "u"}}}]}),
            0,
            "resources[0].properties.templateLink",
            "is a template outside the file",
        ),
        (
            json!({"resources": "[variables('r')]"}),
            0,
            "resources",
            "is not a list of resources that can be read here",
        ),
    ] {
        let found = found(&file);
        assert_eq!(found.candidates.len(), count, "{file}");
        assert_eq!(found.notes[0].0, path, "{file}");
        assert!(found.notes[0].1.starts_with(sentence), "{:?}", found.notes);
        // Without a setting, a second note describes the file.
        assert_eq!(found.notes.len(), 2 - count, "{file}");
    }
    let on = with("condition", json!("[not(parameters('on'))]"));
    assert_eq!(only(&on).name.as_deref(), Some("s"));
    let several = found(&Value::Array(vec![profile_of("1"); 1_001]));
    assert_eq!(several.candidates.len(), 1_000);
    assert_eq!(
        several.notes[0].1,
        "contains more than 1000 settings; the others are not read"
    );
}

#[test]
fn terraform_state_and_plan_are_read() {
    let values = json!({"name": "t", "enabled": true, "profile": [{"name": "p", "capacity": [{"minimum": 1}]}]});
    let setting = json!({"address": "a", "mode": "managed", "type": "azurerm_monitor_autoscale_setting", "name": "s", "values": values});
    let other = json!({"type": "azurerm_service_plan", "values": {"name": "plan"}});
    let module = json!({"resources": [other, setting]});
    for (file, path) in [
        (
            json!({"format_version": "1.0", "values": {"root_module": module}}),
            "values.root_module.resources[1].values",
        ),
        (
            json!({"planned_values": {"root_module": {"resources": [other], "child_modules": [{}, {"child_modules": [module]}]}},
                "prior_state": {"values": {"root_module": module}}}),
            "planned_values.root_module.child_modules[1].child_modules[0].resources[1].values",
        ),
        (
            json!({"version": 4, "terraform_version": "1.9.0", "resources": [
                {"type": "azurerm_monitor_autoscale_setting", "instances": [{"attributes": values}]}]}),
            "resources[0].instances[0].attributes",
        ),
    ] {
        let candidate = only(&file);
        assert_eq!(
            (
                candidate.name.as_deref(),
                &*candidate.path,
                &candidate.value,
                candidate.is_setting
            ),
            (Some("t"), path, &values, true)
        );
    }
}

#[test]
fn profiles_of_the_activity_log_are_read_once() {
    let profile = json!({"Name": "p", "Capacity": {"Minimum": "1", "Maximum": "3", "Default": "1"}, "Rules": []});
    let text = json!(profile.to_string());
    for (file, path) in [
        (
            json!({"ActiveAutoscaleProfile": profile}),
            "ActiveAutoscaleProfile",
        ),
        (
            json!({"properties": {"activeAutoscaleProfile": text}}),
            "properties.activeAutoscaleProfile",
        ),
        (
            json!([{"properties": {"eventCategory": "Autoscale"}}, {"Properties": {"ActiveAutoscaleProfile": text}},
                {"properties": {"ActiveAutoscaleProfile": profile}}]),
            "[1].Properties.ActiveAutoscaleProfile",
        ),
    ] {
        let candidate = only(&file);
        assert_eq!(
            (&*candidate.path, &candidate.value, candidate.is_setting),
            (path, &profile, false)
        );
    }
    let broken = notes(&json!({"ActiveAutoscaleProfile": "{"}));
    assert_eq!(broken[0].0, "ActiveAutoscaleProfile");
    assert!(
        broken[0]
            .1
            .starts_with("is not the JSON text of a profile: ")
    );
}

#[test]
fn a_file_without_a_setting_is_described() {
    for (file, expected) in [
        (
            json!({}),
            "is not an autoscale setting; accepted: a profile",
        ),
        (json!("x"), "is not an object or a list;"),
        (json!([]), "is an empty list;"),
        (json!({"value": []}), "is an empty list;"),
        (json!([1]), "is a list without an autoscale setting;"),
        (
            json!({"value": [{"timeseries": []}]}),
            "is the output of `az monitor metrics list`, which is a load: pass it with --load;",
        ),
        (
            json!({"parameters": {"a": {"value": 1}}}),
            "is a parameter file: ",
        ),
        (
            json!({"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {}}),
            "is a parameter file: ",
        ),
        (
            json!({"type": "Microsoft.Web/serverfarms", "properties": {}}),
            "is a resource of the type Microsoft.Web/serverfarms, not",
        ),
        (
            json!({"resources": [{"type": "Microsoft.Web/serverfarms"}]}),
            "is a template without a resource of the type",
        ),
        (
            json!({"values": {"root_module": {}}, "terraform_version": "1"}),
            "is Terraform's state or plan without",
        ),
        (
            json!({"resource": {"azurerm_monitor_autoscale_setting": {}}}),
            "seems to be a Terraform configuration: ",
        ),
        (
            json!({"metricTrigger": {}, "scaleAction": {}}),
            "is a single rule: ",
        ),
        (
            json!({"properties": {"enabled": true}}),
            "is a resource without `profiles`",
        ),
    ] {
        let found = found(&file);
        assert_eq!(found.candidates, []);
        let (path, sentence) = found.notes.last().expect("there is a note");
        assert_eq!(path, "");
        assert!(sentence.starts_with(expected), "{file}: {sentence}");
    }
}
