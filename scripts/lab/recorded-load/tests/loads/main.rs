//! Loads from files, as `--load` reads them, only through [`Load::read`]. The files were written for these tests in
//! the form that the tools write.

#![allow(clippy::unwrap_used)]

mod aggregations;
mod azure;
mod hostile;
mod named_columns;
mod refused;
mod saved_run;
mod tables;

use recorded_load::{Load, Note, NoteKind, ReadOptions};

/// Reads with the default count of 2.
fn load(text: &str) -> Load {
    load_with(text, &[])
}

fn load_with(text: &str, rule_metrics: &[&str]) -> Load {
    let options = ReadOptions {
        instances: 2,
        rule_metrics,
        ..ReadOptions::default()
    };
    Load::read("test", text, &options).unwrap_or_else(|error| panic!("{error:#}"))
}

fn refused(text: &str) -> String {
    let error = Load::read("test", text, &ReadOptions::default());
    let text = format!("{:#}", error.unwrap_err());
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// Seconds and percent of each step.
fn steps(load: &Load) -> Vec<(u64, f64)> {
    let steps = load.steps().iter();
    steps.map(|step| (step.at_seconds, step.percent)).collect()
}

fn values(load: &Load, metric: &str) -> Vec<(u64, Option<f64>)> {
    let metric = load.metric(metric).unwrap();
    let samples = metric.samples().iter();
    samples
        .map(|sample| (sample.at_seconds, sample.value))
        .collect()
}

fn spans(spans: &[recorded_load::Span]) -> Vec<(u64, u64)> {
    spans
        .iter()
        .map(|span| (span.from_seconds, span.to_seconds))
        .collect()
}

fn noted(load: &Load, kind: NoteKind) -> Vec<&str> {
    let notes = load.notes().iter();
    notes
        .filter(|note| note.kind == kind)
        .map(|Note { text, .. }| text.as_str())
        .collect()
}

fn assumed(load: &Load) -> Vec<&str> {
    noted(load, NoteKind::Assumed)
}

fn warned(load: &Load) -> Vec<&str> {
    noted(load, NoteKind::Warning)
}
