//! The parts of Prometheus' text format 0.0.4 that this app needs.

use std::time::Duration;

/// The `HELP` and `TYPE` lines of a metric.
pub(super) fn head(name: &str, kind: &str, help: &str) -> String {
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

/// One series, with `labels` in addition to the instance's id.
pub(super) fn line(
    text: &mut String,
    name: &str,
    instance_id: &str,
    labels: &[(&str, &str)],
    value: &str,
) {
    let id = ("instance_id", instance_id);
    series(text, name, std::iter::once(&id).chain(labels), value);
}

/// One series of the whole fleet.
pub(super) fn fleet_line(text: &mut String, name: &str, labels: &[(&str, &str)], value: &str) {
    series(text, name, labels, value);
}

fn series<'a>(
    text: &mut String,
    name: &str,
    labels: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
    value: &str,
) {
    text.push_str(name);
    let mut separator = '{';
    for (label, content) in labels {
        text.push(separator);
        text.push_str(label);
        text.push_str("=\"");
        escape(text, content);
        text.push('"');
        separator = ',';
    }
    if separator == ',' {
        text.push('}');
    }
    text.push(' ');
    text.push_str(value);
    text.push('\n');
}

/// Appends a label's value with the three characters escaped that the format reserves.
fn escape(text: &mut String, value: &str) {
    for char in value.chars() {
        match char {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

/// A duration in seconds, without rounding.
pub(super) fn seconds(duration: Duration) -> String {
    let (whole, micros) = (duration.as_secs(), duration.subsec_micros());
    if micros == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{micros:06}")
    }
}

/// A percentage as 0 to 1.
pub(super) fn ratio(percent: f64) -> String {
    // The shortest text of the number, which has at most four decimals.
    ((percent.clamp(0.0, 100.0) * 100.0).round() / 10_000.0).to_string()
}
