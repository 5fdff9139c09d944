//! The display during the load, and the summary after it.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::duration;
use super::fleet::Fleet;
use super::generator::Progress;
use super::schedule::Schedule;
use super::target::Target;
use run_record::format::{clock, latency};
use run_record::{Percentiles, Run};

/// The interval of progress lines without a terminal.
const SELDOM: Duration = Duration::from_secs(10);

/// Progress on standard error: a bar and a live line on a terminal, otherwise a plain line at intervals.
pub(super) struct Console {
    /// Hidden without a terminal.
    bar: ProgressBar,
    /// Whether the bar shows requests instead of time.
    counts: bool,
    said: Duration,
}

impl Console {
    pub(super) fn open(schedule: &Schedule) -> Self {
        let (counts, length) = match schedule {
            Schedule::Fixed { requests, .. } => (true, *requests),
            other => (false, millis(other.duration().unwrap_or_default())),
        };
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template("{prefix} {bar:40} {percent:>3}%\n{wide_msg}");
        bar.set_style(style.expect("the template is right").progress_chars("=> "));
        Self {
            bar,
            counts,
            said: Duration::ZERO,
        }
    }

    pub(super) fn show(&mut self, live: &Progress, fleet: &Fleet) {
        let line = line(live, fleet);
        let time = clock(live.elapsed);
        if !self.bar.is_hidden() {
            self.bar.set_position(if self.counts {
                live.requests.sent
            } else {
                millis(live.elapsed)
            });
            self.bar.set_prefix(time);
            self.bar.set_message(line);
        } else if live.elapsed >= self.said + SELDOM {
            self.said = live.elapsed;
            eprintln!("{time}  {line}");
        }
    }

    /// Prints a sentence above the bar.
    pub(super) fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    pub(super) fn close(&self) {
        self.bar.finish_and_clear();
    }
}

fn line(live: &Progress, fleet: &Fleet) -> String {
    let Percentiles { p50, p95, p99, .. } = live.latency_ms;
    let [p50, p95, p99] = [p50, p95, p99].map(latency);
    let (rate, failed) = (live.rate, live.requests.failed);
    let mut line = format!("{rate:.1}/s  p50 {p50}  p95 {p95}  p99 {p99}  failed {failed}");
    if !live.requests.errors.is_empty() {
        let _ = write!(line, " ({})", kinds(&live.requests.errors));
    }
    if live.requests.busy > 0 {
        let _ = write!(line, "  busy {}", live.requests.busy);
    }
    if let Some(state) = fleet.state() {
        let _ = write!(line, "  instances {}", state.ready);
    }
    line
}

fn kinds<'a>(counts: impl IntoIterator<Item = (&'a String, &'a u64)>) -> String {
    let counts = counts.into_iter();
    let told = counts.map(|(kind, count)| format!("{kind}: {count}"));
    told.collect::<Vec<_>>().join(", ")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The run in a few lines. Kinds of requests are left out if there is only one, which the plan names.
pub(super) fn summary(run: &Run, is_custom: bool) -> String {
    let requests = &run.requests;
    let Percentiles { p50, p95, p99, max } = requests.latency_ms;
    let mut text = format!("{}\n", run.target);
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10} {value}");
    };
    for (number, plan) in run.plan.iter().enumerate() {
        row(if number == 0 { "plan" } else { "" }, plan);
    }
    let seconds = Duration::try_from_secs_f64(run.seconds).unwrap_or_default();
    let rate = run.ok_per_second().unwrap_or_default();
    let mut counts = format!(
        "{} in {}: {} ok ({rate:.1}/s), {} failed",
        requests.sent,
        duration::describe(seconds),
        requests.ok,
        requests.failed
    );
    if !is_custom {
        let _ = write!(counts, ", {} busy", requests.busy);
    }
    row("requests", &counts);
    for (name, counts, is_shown) in [
        ("by kind", &requests.by_kind, !is_custom),
        ("statuses", &requests.statuses, true),
        ("failures", &requests.errors, true),
    ] {
        if is_shown && !counts.is_empty() {
            row(name, &kinds(counts));
        }
    }
    let [p50, p95, p99, max] = [p50, p95, p99, max].map(latency);
    let latencies = format!("p50 {p50}, p95 {p95}, p99 {p99}, max {max}");
    row("latency", &latencies);
    let mut answers: Vec<_> = run.per_instance.iter().collect();
    answers.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    if !answers.is_empty() {
        let more = answers.len().saturating_sub(10);
        let mut told = kinds(answers.into_iter().take(10));
        if more > 0 {
            let _ = write!(told, " and {more} more");
        }
        row("instances", &told);
    }
    for action in &run.actions {
        let time = clock(Duration::try_from_secs_f64(action.at).unwrap_or_default());
        let change = format!("{time} {} to {}: {}", action.from, action.to, action.reason);
        row("scaled", &change);
    }
    for note in &run.notes {
        row("note", note);
    }
    if !run.verdict.autoscaling.is_empty() {
        row("autoscaled", &run.verdict.autoscaling);
        for reason in &run.verdict.reasons {
            row("", reason);
        }
    }
    for expectation in &run.verdict.expectations {
        let held = if expectation.held { "passed" } else { "FAILED" };
        let (condition, measured) = (&expectation.condition, &expectation.measured);
        row("expected", &format!("{condition}: {held}, {measured}"));
    }
    text
}

/// Describes the load on a target that is not this machine, and asks for confirmation.
///
/// # Errors
/// When the user refuses, or there is no terminal.
pub(super) fn ask(target: &Target, schedule: &Schedule) -> anyhow::Result<()> {
    let will = announcement(target, schedule);
    if !std::io::stdin().is_terminal() {
        bail!("{will} The target is not this machine: add --yes to confirm.");
    }
    eprint!("{will} Continue? [y/N] ");
    std::io::stderr().flush().context("cannot ask")?;
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.context("cannot read the answer")?;
    if !matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        bail!("nothing was sent");
    }
    Ok(())
}

fn announcement(target: &Target, schedule: &Schedule) -> String {
    let about = match (schedule, schedule.requests()) {
        (Schedule::Users { .. }, Some(count)) => format!("up to {count} requests"),
        (_, Some(count)) => format!("{count} requests"),
        (_, None) => "requests".to_owned(),
    };
    let time = match schedule {
        Schedule::Controlled(_) => "at the rate that fills its instances".to_owned(),
        Schedule::Fixed { callers, .. } => format!("as fast as it responds, {callers} at a time"),
        other => other.duration().map_or_else(
            || "until it is stopped".to_owned(),
            |time| format!("over {}", duration::describe(time)),
        ),
    };
    format!("This sends {about} to {target}, {time}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::Stages;
    use run_record::Requests;

    #[test]
    fn the_announcement_contains_the_numbers() {
        let target = Target::parse("https://app.example/").expect("a target");
        let minute = Duration::from_secs(60);
        let rate = Schedule::Rate(Stages::constant(20.0, minute));
        assert_eq!(
            announcement(&target, &rate),
            "This sends 1200 requests to https://app.example, over 1 min."
        );
        let users = Schedule::Users {
            stages: Stages::constant(100.0, minute),
            think: Duration::from_secs(1)..=Duration::from_secs(3),
        };
        assert!(announcement(&target, &users).contains("up to 3000 requests"));
        let fixed = Schedule::Fixed {
            requests: 500,
            callers: 50,
        };
        assert!(
            announcement(&target, &fixed).contains("500 requests to https://app.example, as fast")
        );
    }

    #[test]
    fn the_live_line_contains_all_values() {
        let mut live = Progress {
            rate: 20.04,
            requests: Requests {
                failed: 3,
                busy: 2,
                ..Requests::default()
            },
            ..Progress::default()
        };
        live.requests.errors.insert("503".to_owned(), 3);
        live.latency_ms.p50 = Some(3.21);
        live.latency_ms.p99 = Some(123.4);
        assert_eq!(
            line(&live, &Fleet::default()),
            "20.0/s  p50 3.2 ms  p95 –  p99 123 ms  failed 3 (503: 3)  busy 2"
        );
        assert_eq!(clock(Duration::from_secs(3_725)), "62:05");
    }
}
