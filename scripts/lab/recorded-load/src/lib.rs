//! Loads and other metrics over time: recordings of Azure, of `lab load`, and in tables, and built-in loads.
//!
//! | module | does |
//! | --- | --- |
//! | [`source`], [`shape`] | opens a file, standard input, or a built-in load |
//! | [`read`], [`options`] | recognises a file by its content |
//! | [`azure`] | the JSON of `az monitor metrics list` |
//! | [`table`], [`columns`], [`time_column`] | CSV, the portal's export, the table of `az`: finds the header, reads the rows |
//! | [`run`] | a run saved by `lab load` or `lab demo` |
//! | [`recording`], [`series`], [`factor`] | turns samples of metrics into a load |
//! | [`name`], [`timestamp`] | names of metrics and columns, times |
//! | [`recorded`] | the data of the file that a load keeps |
//! | [`metric_column`] | the samples of a metric as rules use them |

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use run_record::format::exact_span;

mod azure;
mod columns;
mod factor;
pub mod metric_column;
mod name;
mod options;
mod read;
mod recorded;
mod recording;
mod run;
mod series;
mod shape;
mod source;
mod table;
mod time_column;
mod timestamp;

pub use options::ReadOptions;
pub use recorded::{Metric, MetricSample, Note, NoteKind, Span, Start};
pub use run::Measured;
pub use shape::named;
pub use source::{Source, metrics, text};

use recorded::Recorded;

/// More rows than a year has minutes.
const MOST_STEPS: usize = 1_000_000;
/// A leap year.
const LONGEST_SECONDS: u64 = 366 * 86_400;
/// The capacity of ten thousand instances. This limit detects a mistyped unit.
const MOST_PERCENT: f64 = 1_000_000.0;

/// The load from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Step {
    /// Seconds from the start of the simulation.
    pub at_seconds: u64,
    /// In percent of the capacity of one instance: 250 occupies two and a half instances.
    pub percent: f64,
}

/// A load over time, which is constant between steps. The last step only marks the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    name: String,
    /// Whether the name already describes the load.
    described: bool,
    steps: Vec<Step>,
    recorded: Recorded,
}

impl Load {
    /// A load with these steps, the first at second 0.
    ///
    /// # Errors
    /// One sentence if the steps are not a valid load.
    pub fn new(name: impl Into<String>, steps: Vec<Step>) -> anyhow::Result<Self> {
        for (index, step) in steps.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| steps[before].at_seconds);
            check_percent(step.percent)
                .and_then(|()| check_order(before, step.at_seconds))
                .with_context(|| format!("step {}", index + 1))?;
        }
        ensure!(
            steps.len() >= 2,
            "a load needs at least two rows, because the last row only marks the end: for example, 0,80 and 3600,80"
        );
        Ok(Self {
            name: name.into(),
            described: false,
            steps,
            recorded: Recorded::default(),
        })
    }

    /// A load whose name already describes it.
    pub(crate) fn described(name: &str, steps: Vec<Step>) -> Self {
        Self {
            name: name.to_owned(),
            described: true,
            steps,
            recorded: Recorded::default(),
        }
    }

    /// The name in the output.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A short description.
    pub fn describe(&self) -> String {
        if self.described {
            return self.name.clone();
        }
        // The last step has no load.
        let loads = self.steps.iter().rev().skip(1).map(|step| step.percent);
        let (lowest, highest) = loads.fold((f64::INFINITY, 0.0_f64), |(lowest, highest), load| {
            (lowest.min(load), highest.max(load))
        });
        let length = exact_span(self.seconds());
        // Compared as rounded, because that is how they are printed.
        if format!("{lowest:.0}") == format!("{highest:.0}") {
            format!("{}: {length}, {lowest:.0}%", self.name)
        } else {
            format!(
                "{}: {length}, between {lowest:.0} and {highest:.0}%",
                self.name
            )
        }
    }

    /// The steps in order, at least two.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The end in seconds.
    pub fn seconds(&self) -> u64 {
        self.steps.last().map_or(0, |last| last.at_seconds)
    }

    /// The time of second 0; `None` if the load is given in seconds from its start.
    pub fn start(&self) -> Option<Start> {
        self.recorded.start
    }

    /// All metrics of the file that are not the load, by their recorded name.
    pub fn metrics(&self) -> &BTreeMap<String, Metric> {
        &self.recorded.metrics
    }

    /// The metric with this name. Case, spaces, and punctuation are ignored, because `az` prints a metric's display
    /// name (`Memory Percentage`) in tables and its name (`MemoryPercentage`) in JSON.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.recorded.metrics.get(name).or_else(|| {
            let key = name::key(name);
            let mut all = self.recorded.metrics.iter();
            all.find(|(other, _)| name::key(other) == key)
                .map(|(_, metric)| metric)
        })
    }

    /// The recorded instance counts in order, each with the second from which it applies. Empty if none were
    /// recorded.
    pub fn counts(&self) -> &[(u64, u32)] {
        &self.recorded.counts
    }

    /// The recorded instance count at a second: the last sample before or at it.
    pub fn count_at(&self, second: u64) -> Option<u32> {
        let counts = &self.recorded.counts;
        let after = counts.partition_point(|(at_seconds, _)| *at_seconds <= second);
        after.checked_sub(1).map(|index| counts[index].1)
    }

    /// When the recorded CPU was 99% or more. The true load is unknown there; it was at least that high.
    pub fn saturated(&self) -> &[Span] {
        &self.recorded.saturated
    }

    /// When samples of the load are missing. It keeps its last value there (before the first sample, the first
    /// value).
    pub fn gaps(&self) -> &[Span] {
        &self.recorded.gaps
    }

    /// The assumptions about the file, and warnings.
    pub fn notes(&self) -> &[Note] {
        &self.recorded.notes
    }
}

/// Checks whether this value can be a load.
fn check_percent(percent: f64) -> anyhow::Result<()> {
    ensure!(
        percent.is_finite() && (0.0..=MOST_PERCENT).contains(&percent),
        "a load of {percent} is not between 0 and {MOST_PERCENT} percent of one instance"
    );
    Ok(())
}

/// Checks whether a row with this second may follow the previous one.
fn check_order(before: Option<u64>, at_seconds: u64) -> anyhow::Result<()> {
    match before {
        None => ensure!(
            at_seconds == 0,
            "the first row must be for second 0, not {at_seconds}"
        ),
        Some(before) => ensure!(
            at_seconds > before,
            "second {at_seconds} does not come after {before}, the one before"
        ),
    }
    ensure!(
        at_seconds <= LONGEST_SECONDS,
        "second {at_seconds} is more than 366 days after the start"
    );
    Ok(())
}

/// A part of a file for an error message: short, on one line, without control characters.
fn quoted(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(40)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    format!("\"{shown}\"")
}
