//! `lab doctor`: a result for each tool, within a limited time, and an exit code for scripts.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::scratch::{Scratch, eventually, text};

fn doctor(path: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("doctor")
        .env("PATH", path)
        .output()
        .unwrap()
}

/// The row of one tool, and the line below it.
fn row(output: &Output, name: &str) -> (String, String) {
    let said = text(&output.stdout);
    let mut lines = said
        .lines()
        .skip_while(|line| !line.contains(name))
        .map(str::to_owned);
    (lines.next().unwrap(), lines.next().unwrap_or_default())
}

#[test]
fn on_an_empty_machine_the_output_says_what_to_install() {
    let nothing = Scratch::new();
    let output = doctor(nothing.path().to_str().unwrap());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let (rust, remedy) = row(&output, "Rust");
    assert!(rust.starts_with('✗') && rust.contains("missing"), "{rust}");
    assert!(remedy.contains("rustup"), "{remedy}");
    let (func, remedy) = row(&output, "func");
    assert!(
        func.starts_with('–') && func.contains("running on the real host"),
        "{func}"
    );
    assert!(remedy.contains("azure-functions-core-tools@4"), "{remedy}");
    assert!(text(&output.stdout).contains("scripts/run    cannot work without Rust, C compiler"));
}

#[test]
fn a_hanging_program_does_not_delay_the_result() {
    let programs = Scratch::new();
    for name in ["func", "az", "docker", "pulumi"] {
        programs.write_executable(name, "#!/bin/sh\nexec sleep 600\n");
    }
    let begun = Instant::now();
    let output = doctor(&format!("{}:/usr/bin:/bin", programs.path().display()));
    assert!(
        begun.elapsed() < Duration::from_secs(300),
        "it waited for a program that does not answer"
    );
    assert!(
        row(&output, "func").0.contains("no answer in 2 s"),
        "{output:?}"
    );
    assert!(
        row(&output, "Docker").0.contains("engine does not answer"),
        "{output:?}"
    );
}

#[test]
fn versions_are_read_and_compared() {
    let programs = Scratch::new();
    programs.write_executable(
        "rustc",
        "#!/bin/sh\necho 'rustc 1.94.0 (0000000 2026-01-01)'\n",
    );
    programs.write_executable(
        "cargo",
        "#!/bin/sh\necho 'cargo 1.94.0 (0000000 2026-01-01)'\n",
    );
    programs.write_executable("node", "#!/bin/sh\necho v22.1.0\n");
    programs.write_executable("func", "#!/bin/sh\necho 4.15.1\n");
    // On a busy machine, even these programs may need more than 2 s.
    let output = eventually("the programs respond in time", || {
        Some(doctor(programs.path().to_str().unwrap()))
            .filter(|output| !text(&output.stdout).contains("no answer in 2 s"))
    });
    assert!(
        row(&output, "Rust").0.contains("1.94.0, not 1.95"),
        "{output:?}"
    );
    assert!(
        row(&output, "Node.js")
            .0
            .starts_with("✓ Node.js            22.1.0 "),
        "{output:?}"
    );
    assert!(row(&output, "func").0.contains("4.15.1"), "{output:?}");
}

#[test]
fn the_table_fits_a_terminal() {
    let output = doctor("");
    for line in text(&output.stdout)
        .lines()
        .filter(|line| !line.starts_with("      "))
    {
        assert!(line.chars().count() <= 110, "{line}");
    }
}
