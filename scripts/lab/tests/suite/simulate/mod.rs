//! `lab simulate`: the binary as a user calls it, and its model compared with a simple second-by-second one.

mod cases;
mod command;
mod loads;
mod model;
mod refused;
mod rules;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::scratch::text;

pub(crate) const BUILT_IN: &str = include_str!("../../../../../infra/autoscale.json");
pub(crate) const FAST: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../infra/autoscale.fast.json"
);
pub(crate) const EIGHTY: &str = "seconds,load\n0,80\n3600,80\n";

fn simulate(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("simulate")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub(crate) fn said(arguments: &[&str], input: &str) -> String {
    let output = simulate(arguments, input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

pub(crate) fn record(arguments: &[&str], input: &str) -> Value {
    let arguments = [arguments, &["--json", "-"]].concat();
    serde_json::from_str(&said(&arguments, input)).unwrap()
}

/// One sentence on standard error, exit code 2, nothing on standard output.
pub(crate) fn refused(arguments: &[&str], input: &str) -> String {
    let output = simulate(arguments, input);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
