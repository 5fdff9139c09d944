//! The messages of `lab demo` when it cannot run. The demonstration itself is a step of `scripts/test`.

use std::process::{Command, Output};

use crate::scratch::{Scratch, text};

fn demo(scratch: &Scratch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("demo")
        .args(arguments)
        .current_dir(scratch.path())
        .output()
        .unwrap()
}

#[track_caller]
fn refused(output: &Output, sentence: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said.contains(sentence), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn without_an_app_it_says_which_folder_is_missing() {
    let scratch = Scratch::new();
    let output = demo(&scratch, &["--script-root", "nowhere", "--out", "out"]);
    refused(&output, "lab up did not start: ");
    refused(&output, "nowhere");
    assert!(!scratch.join("out/run.json").exists());
    assert!(!scratch.join("out/report.html").exists());
}

#[test]
fn a_comparison_says_before_how_long_it_takes() {
    let scratch = Scratch::new();
    let arguments = [
        "--compare",
        "--time-scale",
        "120",
        "--script-root",
        "nowhere",
        "--out",
        "out",
    ];
    let output = demo(&scratch, &arguments);
    refused(&output, "lab up did not start: ");
    let said = text(&output.stdout);
    assert!(said.contains("All three runs take about 60 s."), "{said}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named_before_anything_starts() {
    let scratch = Scratch::new();
    scratch.write("file", "");
    let output = demo(&scratch, &["--out", "file/out"]);
    refused(&output, "the folder file/out cannot be created");
}

#[test]
fn an_impossible_time_scale_is_refused() {
    let scratch = Scratch::new();
    for pace in ["0", "0.5", "1000", "NaN", "fast"] {
        let output = demo(&scratch, &["--time-scale", pace]);
        refused(&output, "--time-scale");
        assert!(!scratch.join("target").exists());
    }
}

#[test]
fn files_of_an_earlier_run_do_not_count_as_results() {
    let scratch = Scratch::new();
    scratch.write("out/run.json", "old");
    scratch.write("out/report.html", "old");
    let output = demo(&scratch, &["--script-root", "nowhere", "--out", "out"]);
    refused(&output, "lab up did not start");
    assert!(!scratch.join("out/run.json").exists());
    assert!(!scratch.join("out/report.html").exists());
}
