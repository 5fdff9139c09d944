//! The rule file that a command uses, which its output must name.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::BUILT_IN;
use crate::scratch::{Scratch, text};

/// The output of `lab simulate` when `program` runs in `folder`: the line about the rules, and the first rule.
fn rules(program: &Path, folder: &Path) -> (String, String) {
    let output = Command::new(program)
        .arg("simulate")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = text(&output.stdout);
    let mut lines = printed.lines().map(|line| line.trim_start().to_owned());
    (lines.next().unwrap(), lines.next().unwrap())
}

#[test]
fn the_rule_file_of_the_working_tree_takes_precedence_over_the_built_in_one() {
    let lab = Path::new(env!("CARGO_BIN_EXE_lab"));
    let folder = Scratch::new();
    let file = folder.write(
        "infra/autoscale.json",
        BUILT_IN.replace("\"threshold\": 70", "\"threshold\": 61"),
    );
    folder.write("a/b/c", "");
    let (named, rule) = rules(lab, folder.path());
    assert_eq!(
        named,
        "rules   infra/autoscale.json: 1 to 3 instances, 1 by default"
    );
    assert!(rule.contains("above 61%"), "{rule}");

    let (named, rule) = rules(lab, &folder.join("a/b"));
    assert_eq!(
        named,
        format!("rules   {}: 1 to 3 instances, 1 by default", file.display())
    );
    assert!(rule.contains("above 61%"), "{rule}");
}

#[test]
fn without_a_working_tree_the_compiled_in_rules_are_used() {
    let folder = Scratch::new();
    let lab = folder.join("lab");
    fs::copy(env!("CARGO_BIN_EXE_lab"), &lab).unwrap();
    let (named, rule) = rules(&lab, folder.path());
    assert_eq!(
        named,
        "rules   infra/autoscale.json, built in: 1 to 3 instances, 1 by default"
    );
    assert!(rule.contains("above 70%"), "{rule}");
}

#[test]
fn a_rule_file_of_the_working_tree_that_cannot_be_used_is_refused() {
    let folder = Scratch::new();
    folder.write("infra/autoscale.json", "{");
    let mut lab = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output = lab
        .arg("simulate")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = text(&output.stderr);
    assert!(
        error.starts_with("lab: the rule file infra/autoscale.json cannot be used: "),
        "{error}"
    );
}

#[test]
fn file_names_do_not_control_the_terminal() {
    let folder = Scratch::new();
    let rules = folder.write("a\u{1b}[31m\u{9b}2J.json", BUILT_IN);
    let load = folder.write("l\u{1b}]0;title\u{7}.csv", "0,80\n3600,80\n");
    let wrong = folder.write("wrong.csv", "0,80\n\u{1b}[31m,80\n");
    let simulate = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_lab"))
            .arg("simulate")
            .args(arguments)
            .output()
            .unwrap();
        text(&output.stdout) + &text(&output.stderr)
    };
    let (rules, load, wrong) = (
        rules.to_str().unwrap(),
        load.to_str().unwrap(),
        wrong.to_str().unwrap(),
    );
    for (arguments, part) in [
        (
            vec!["--autoscale", rules, "--load", load],
            "a\u{fffd}[31m\u{fffd}2J.json",
        ),
        (
            vec!["--load", load, "--json", "-"],
            "l\\u001b]0;title\\u0007.csv",
        ),
        (
            vec!["--autoscale", rules, "--json", "-"],
            "a\\u001b[31m\\u009b2J.json",
        ),
        (vec!["--autoscale", "no\u{1b}[31m"], "no\u{fffd}[31m"),
        (vec!["--load", wrong], "\" [31m\" is not a whole number"),
    ] {
        let printed = simulate(&arguments);
        assert!(
            !printed.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{printed:?}"
        );
        assert!(printed.contains(part), "{printed}");
    }
}
