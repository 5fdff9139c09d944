//! The steps of `scripts/test`.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use super::{Project, Scratch, bare, repository, text};

#[test]
fn the_workflow_installs_the_packages_that_the_suite_names() {
    let output = bare("test", &["--packages"]);
    assert!(output.status.success(), "{output:?}");
    let named = text(&output.stdout);
    for package in [
        "chromium",
        "curl",
        "musl-tools",
        "prometheus",
        "prometheus-node-exporter",
        "python3-venv",
    ] {
        assert!(
            named.lines().any(|line| line == package),
            "{package} is not in {named}"
        );
    }
    let workflow = std::fs::read_to_string(repository().join(".github/workflows/ci.yml")).unwrap();
    let install: Vec<&str> = workflow
        .lines()
        .filter(|line| line.contains("apt-get install"))
        .collect();
    assert_eq!(install.len(), 2, "{install:?}");
    for line in install {
        assert!(
            line.contains("./scripts/test ") && line.contains("--packages | xargs"),
            "the workflow has no list of its own: {line}"
        );
        for package in named.lines() {
            assert!(!line.contains(package), "{package}");
        }
    }
}

#[test]
fn every_step_of_the_suite_is_in_its_plan() {
    let steps = std::fs::read_to_string(repository().join("scripts/suite/steps.sh")).unwrap();
    let defined: BTreeSet<&str> = steps
        .lines()
        .filter_map(|line| line.strip_prefix("step_")?.strip_suffix("() {"))
        .collect();
    let output = bare("test", &["--list"]);
    let listed = text(&output.stdout);
    assert_eq!(listed.split_whitespace().collect::<BTreeSet<_>>(), defined);
}

/// nextest reports no filter that selects nothing if another one in the same expression selects something.
#[test]
fn every_filter_of_the_suite_selects_a_test() {
    let tracked = Command::new("git")
        .args(["grep", "-hE", r"^\s*(async )?(fn|mod) ", "--", "*.rs"])
        .current_dir(repository())
        .output()
        .unwrap();
    let tests = text(&tracked.stdout);
    for file in ["scripts/suite/steps.sh", "scripts/suite/nextest.toml"] {
        let filters = std::fs::read_to_string(repository().join(file)).unwrap();
        let expressions = filters.split("test(/").skip(1);
        let names: Vec<&str> = expressions
            .flat_map(|rest| {
                let expression = rest.split("/)").next().unwrap_or_default();
                expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            })
            .filter(|name| !name.is_empty())
            .collect();
        assert!(!names.is_empty(), "{file}");
        for name in names {
            assert!(
                tests.contains(name),
                "{file}: no test has {name} in its name"
            );
        }
    }
}

#[test]
fn a_second_run_of_the_suite_in_the_same_folder_is_refused() {
    let project = Project::new();
    for script in [
        "test",
        "suite/plan.sh",
        "suite/needs.sh",
        "suite/steps.sh",
        "suite/schedule.sh",
    ] {
        let script = format!("scripts/{script}");
        let content = std::fs::read_to_string(repository().join(&script)).unwrap();
        project.0.write_executable(&script, &content);
    }
    let lock = project.0.join("target/test-run");
    let run = |process: u32| {
        std::fs::write(&lock, format!("{process}\n")).unwrap();
        project.script("test", "", &["--only", "format"])
    };
    project
        .0
        .write("target/test-logs/shell.log", "of the run that is not over");
    let output = run(std::process::id());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = text(&output.stderr);
    assert!(
        said.contains(&format!("another run (process {})", std::process::id())),
        "{said}"
    );
    assert!(lock.exists() && project.0.join("target/test-logs/shell.log").exists());

    let mut ended = Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let output = run(ended.id());
    assert!(
        output.status.success(),
        "the other run was killed: {output:?}"
    );
    assert!(
        text(&output.stdout).contains("result       time CPU time"),
        "{output:?}"
    );
    assert!(!lock.exists());
}

/// Runs lines of shell in the repository, with only the shell's own programs in PATH.
fn shell(lines: &str) -> Output {
    Command::new("/bin/sh")
        .args(["-ec", lines, "scripts/sh"])
        .current_dir(repository())
        .env("PATH", "/nonexistent")
        .output()
        .unwrap()
}

#[test]
fn without_a_real_host_its_step_reports_it_with_a_separate_exit_code() {
    let output = shell(". scripts/preamble.sh; . scripts/suite/steps.sh; step_real_host");
    assert_eq!(output.status.code(), Some(77), "{output:?}");
    let said = text(&output.stderr);
    assert!(
        said.contains("Not run") && said.contains("azure-functions-core-tools@4"),
        "{said}"
    );
}

#[test]
fn a_step_that_has_not_run_does_not_count_as_passed() {
    let project = Scratch::new();
    let script = "case $2 in real_host) exit 77 ;; *) exit 1 ;; esac";
    project.write_executable("scripts/test", &format!("#!/bin/sh\n{script}\n"));
    let lines = r#"
        root=$1 left_out=
        have() { command -v "$1" >/dev/null; }
        . scripts/suite/plan.sh
        selected='real_host shell'
        look_up() { lane=$1 after=; }
        . scripts/suite/schedule.sh
        run_steps
    "#;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-ec", lines, "sh"])
        .arg(project.path())
        .current_dir(repository());
    let output = command.output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for line in [
        "real_host    not run",
        "shell        FAILED",
        "0 passed, 2 failed or not run",
    ] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }
}
