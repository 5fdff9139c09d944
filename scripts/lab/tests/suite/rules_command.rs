//! `lab rules`: its output, its JSON, and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::scratch::{Scratch, text};

const BUILT_IN: &str = include_str!("../../../../infra/autoscale.json");

fn rules(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("rules")
        .args(arguments)
        .output()
        .unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_rules_of_the_project_are_explained_and_have_no_fault() {
    let output = rules(&[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let said = text(&output.stdout);
    for line in [
        "cpu-70-30, when no other profile applies",
        "  1 to 3 instances, 1 by default",
        "  adds 1 when average CPU over 5 minutes is above 70%, cooldown 5 minutes",
        "    2 instances   below 60%: 1; 60 to 140%: stays; above 140%: 3",
        "hint default_is_minimum",
    ] {
        assert!(
            said.lines().any(|found| found == line),
            "{line:?} is not in\n{said}"
        );
    }
    assert!(
        said.lines()
            .next()
            .unwrap()
            .ends_with(": no faults, 3 hints"),
        "{said}"
    );
}

#[test]
fn a_template_is_written_in_a_form_that_the_stack_accepts() {
    let folder = Scratch::new();
    let example = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulate/examples");
        folder.join(name).to_str().unwrap().to_owned()
    };
    let template = example("template.json");
    let parameters = example("template.parameters.json");
    let out = folder.join("rules.json");
    let output = rules(&[&template, "--parameters", &parameters, "--out", path(&out)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(!written.contains("parameters("), "{written}");
    let setting: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(setting["profiles"][0]["capacity"]["maximum"], "5");
    // Nothing is lost, and the output is a file that produces the same output.
    let explained = |file: &str| {
        let output = rules(&[file, "--json", "-"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let again = folder.join("again.json");
    rules(&[path(&out), "--out", path(&again)]);
    assert_eq!(std::fs::read_to_string(&again).unwrap(), written);
    // A bare profile stays one.
    let bare = folder.write("bare.json", BUILT_IN);
    rules(&[path(&bare), "--out", path(&bare)]);
    let kept: Value = serde_json::from_slice(&std::fs::read(&bare).unwrap()).unwrap();
    let before: Value = serde_json::from_str(BUILT_IN).unwrap();
    assert_eq!(kept["capacity"], before["capacity"]);
    assert_eq!(explained(path(&bare))["faults"], json!([]));
}

#[test]
fn faults_make_the_exit_code_1() {
    let folder = Scratch::new();
    let file = folder.write(
        "close.json",
        BUILT_IN.replace("\"threshold\": 70", "\"threshold\": 50"),
    );
    let output = rules(&[path(&file)]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let said = text(&output.stdout);
    assert!(
        said.contains("\nfault flapping\n  rules[0]: flaps with rules[1]. "),
        "{said}"
    );
    assert!(
        said.contains("Set the scale-in threshold to at most 25%"),
        "{said}"
    );
}

#[test]
fn the_json_has_the_bands_faults_and_hints() {
    let folder = Scratch::new();
    let file = folder.write(
        "close.json",
        BUILT_IN.replace("\"threshold\": 70", "\"threshold\": 50"),
    );
    let written = folder.join("out.json");
    let output = rules(&[path(&file), "--json", path(&written)]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("fault flapping"));
    let printed = rules(&[path(&file), "--json", "-"]);
    assert_eq!(printed.status.code(), Some(1), "{printed:?}");
    let record: Value = serde_json::from_str(&text(&printed.stdout)).unwrap();
    let saved: Value = serde_json::from_slice(&std::fs::read(written).unwrap()).unwrap();
    assert_eq!(record, saved);
    assert_eq!(record["rules"], "close.json");
    let profile = &record["profiles"][0];
    assert_eq!(
        profile["capacity"],
        json!({"minimum": 1, "maximum": 3, "default": 1})
    );
    assert_eq!(profile["schedule"], "when no other profile applies");
    let mut band = profile["bands"][1].clone();
    band.as_object_mut().unwrap().remove("load");
    assert_eq!(
        band,
        json!({
            "count": 2,
            "from": 50.0,
            "to": 100.0,
            "below": 1,
            "above": 3,
            "ranges": [
                {"from": 0.0, "to": 50.0, "next": 1, "because": "scale_in"},
                {"from": 50.0, "to": 60.0, "next": 2, "because": "flapping"},
                {"from": 60.0, "to": 100.0, "next": 2, "because": "steady"},
                {"from": 100.0, "to": null, "next": 3, "because": "scale_out"},
            ],
        })
    );
    assert_eq!(record["faults"][0]["code"], "flapping");
    assert_eq!(record["faults"][0]["place"], "rules[0]");
    assert!(
        record["hints"]
            .as_array()
            .unwrap()
            .iter()
            .all(|hint| hint["message"] != "")
    );
}

#[test]
fn parameters_and_the_name_of_a_setting_are_taken() {
    let folder = Scratch::new();
    let rules_of = |name: &str, maximum: &str| {
        json!({
            "type": "Microsoft.Insights/autoscaleSettings",
            "name": name,
            "properties": {"enabled": true, "profiles": [
                {"name": "p", "capacity": {"minimum": "1", "maximum": maximum, "default": "1"}, "rules": []},
            ]},
        })
    };
    let template = json!({
        "parameters": {"most": {"type": "string"}},
        "resources": [rules_of("a", "[parameters('most')]"), rules_of("b", "2")],
    });
    let file = folder.write("template.json", template.to_string());
    let parameters = folder.write("parameters.json", r#"{"most": "7"}"#);
    let several = rules(&[path(&file)]);
    assert_eq!(several.status.code(), Some(2), "{several:?}");
    assert!(
        text(&several.stderr).contains("--setting NAME"),
        "{several:?}"
    );
    let one = rules(&[
        path(&file),
        "--setting",
        "a",
        "--parameters",
        path(&parameters),
    ]);
    assert_eq!(one.status.code(), Some(0), "{one:?}");
    assert!(text(&one.stdout).contains("1 to 7 instances"), "{one:?}");
}

#[test]
fn what_cannot_be_used_is_refused_with_a_sentence() {
    let folder = Scratch::new();
    let bicep = folder.write("main.bicep", "param location string\n");
    for arguments in [
        vec!["no/such/file.json"],
        vec![path(&bicep)],
        vec!["--setting", "a"],
    ] {
        let output = rules(&arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        assert_ne!(text(&output.stderr), "");
    }
}
