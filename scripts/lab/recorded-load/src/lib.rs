//! Loads and other metrics over time: recordings of Azure, of `lab load` and of tables, and loads that come with the program.
//!
//! | module | does |
//! | --- | --- |
//! | [`source`], [`shape`] | opens a file, standard input, or a load that comes with the program |
//! | [`read`], [`options`] | recognizes a file by its content |
//! | [`azure`] | the JSON of `az monitor metrics list` |
//! | [`table`], [`columns`], [`time_column`] | CSV, the portal's export, the table of `az`: finds the header, reads the rows |
//! | [`run`] | a run saved by `lab load` or `lab demo` |
//! | [`recording`], [`series`], [`factor`] | turns samples of metrics into a load |
//! | [`name`], [`timestamp`] | names of metrics and columns, times |
//! | [`recorded`] | what a load keeps of its file |
//! | [`metric_column`] | the samples of a metric as rules see them |

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

/// More rows than a year of minutes have.
const MOST_STEPS: usize = 1_000_000;
/// A leap year.
const LONGEST_SECONDS: u64 = 366 * 86_400;
/// What ten thousand instances can do; a mistyped unit is found so.
const MOST_PERCENT: f64 = 1_000_000.0;

/// From a moment on, this load.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Step {
    /// Seconds from the start of the simulation.
    pub at_seconds: u64,
    /// In percent of what one instance can do: 250 keeps two and a half instances busy.
    pub percent: f64,
}

/// A load over time: constant from each step to the next. The last step only ends it.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    name: String,
    /// Whether the name says what the load is.
    described: bool,
    steps: Vec<Step>,
    recorded: Recorded,
}

impl Load {
    /// A load of these steps, the first at second 0.
    ///
    /// # Errors
    /// One sentence, where the steps do not make a load.
    pub fn new(name: impl Into<String>, steps: Vec<Step>) -> anyhow::Result<Self> {
        for (index, step) in steps.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| steps[before].at_seconds);
            check_percent(step.percent)
                .and_then(|()| check_order(before, step.at_seconds))
                .with_context(|| format!("step {}", index + 1))?;
        }
        ensure!(
            steps.len() >= 2,
            "a load needs two rows at least, as the last one only says when it ends, such as 0,80 and 3600,80"
        );
        Ok(Self {
            name: name.into(),
            described: false,
            steps,
            recorded: Recorded::default(),
        })
    }

    /// A load whose name already says what it is.
    pub(crate) fn described(name: &str, steps: Vec<Step>) -> Self {
        Self {
            name: name.to_owned(),
            described: true,
            steps,
            recorded: Recorded::default(),
        }
    }

    /// What it is called in the output.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in a few words.
    pub fn describe(&self) -> String {
        if self.described {
            return self.name.clone();
        }
        // The last step puts nothing on.
        let loads = self.steps.iter().rev().skip(1).map(|step| step.percent);
        let (lowest, highest) = loads.fold((f64::INFINITY, 0.0_f64), |(lowest, highest), load| {
            (lowest.min(load), highest.max(load))
        });
        let length = exact_span(self.seconds());
        // Rounded, as it is printed.
        if format!("{lowest:.0}") == format!("{highest:.0}") {
            format!("{}: {length}, {lowest:.0} %", self.name)
        } else {
            format!(
                "{}: {length}, between {lowest:.0} and {highest:.0} %",
                self.name
            )
        }
    }

    /// Its steps, in order; two at least.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// When it ends.
    pub fn seconds(&self) -> u64 {
        self.steps.last().map_or(0, |last| last.at_seconds)
    }

    /// The time of second 0; `None` where the load is in seconds from its start.
    pub fn start(&self) -> Option<Start> {
        self.recorded.start
    }

    /// Every metric of the file that does not drive the load, by its name as recorded.
    pub fn metrics(&self) -> &BTreeMap<String, Metric> {
        &self.recorded.metrics
    }

    /// The metric of this name; case, spaces and punctuation do not matter, as `az` prints a metric's display name
    /// (`Memory Percentage`) in tables and its name (`MemoryPercentage`) in JSON.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.recorded.metrics.get(name).or_else(|| {
            let key = name::key(name);
            let mut all = self.recorded.metrics.iter();
            all.find(|(other, _)| name::key(other) == key)
                .map(|(_, metric)| metric)
        })
    }

    /// Recorded instance counts, in order: from that second on, that count. Empty where none were recorded.
    pub fn counts(&self) -> &[(u64, u32)] {
        &self.recorded.counts
    }

    /// The recorded instance count at a second: the latest sample that is not later.
    pub fn count_at(&self, second: u64) -> Option<u32> {
        let counts = &self.recorded.counts;
        let after = counts.partition_point(|(at_seconds, _)| *at_seconds <= second);
        after.checked_sub(1).map(|index| counts[index].1)
    }

    /// When the recorded CPU was 99 % or more: the true load is not known there, only that it was not lower.
    pub fn saturated(&self) -> &[Span] {
        &self.recorded.saturated
    }

    /// When samples of the load are missing; it keeps its last value there (before the first sample, the first value).
    pub fn gaps(&self) -> &[Span] {
        &self.recorded.gaps
    }

    /// What was assumed of the file, and what a reader should be warned of.
    pub fn notes(&self) -> &[Note] {
        &self.recorded.notes
    }
}

/// Whether this can be a load.
fn check_percent(percent: f64) -> anyhow::Result<()> {
    ensure!(
        percent.is_finite() && (0.0..=MOST_PERCENT).contains(&percent),
        "a load of {percent} is not between 0 and {MOST_PERCENT} percent of one instance"
    );
    Ok(())
}

/// Whether a row of this second may come after the one before.
fn check_order(before: Option<u64>, at_seconds: u64) -> anyhow::Result<()> {
    match before {
        None => ensure!(
            at_seconds == 0,
            "the first row must be for second 0, as the simulation begins there, not {at_seconds}"
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

/// A piece of a file for an error message: short, on one line, without control characters.
fn quoted(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(40)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    format!("\"{shown}\"")
}
