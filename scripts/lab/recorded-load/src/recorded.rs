//! What a load keeps of the file that it was read from.

use std::collections::BTreeMap;

use autoscale::Statistic;

use super::name::Aggregation;

const MINUTE: f64 = 60.0;

/// The time of second 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Unix seconds.
    Utc(i64),
    /// The file gives no offset: seconds since 1970-01-01T00:00 on a local clock.
    Local(i64),
}

/// From a second on, up to but without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// The first second of it.
    pub from_seconds: u64,
    /// The first second after it.
    pub to_seconds: u64,
}

impl Span {
    /// How long spans are together.
    pub fn total(spans: &[Self]) -> u64 {
        spans
            .iter()
            .map(|span| span.to_seconds.saturating_sub(span.from_seconds))
            .sum()
    }

    /// Whether a second lies in one of these spans, which are in order.
    pub fn contain(spans: &[Self], second: u64) -> bool {
        let after = spans.partition_point(|span| span.from_seconds <= second);
        after
            .checked_sub(1)
            .is_some_and(|index| second < spans[index].to_seconds)
    }
}

/// A sample of a metric.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct MetricSample {
    /// When it begins.
    pub at_seconds: u64,
    /// As recorded; `None` where it is missing.
    pub value: Option<f64>,
}

/// A metric as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub(super) samples: Vec<MetricSample>,
    pub(super) lasts_seconds: Option<u64>,
    /// What the samples are of the values that they span.
    pub(super) aggregation: Aggregation,
    /// The same metric in other aggregations.
    pub(super) others: Vec<Self>,
}

impl Metric {
    /// Its samples, in order.
    pub fn samples(&self) -> &[MetricSample] {
        &self.samples
    }

    /// How long a sample holds: the usual distance between samples. `None`: until the next row, in a file of seconds.
    pub fn lasts_seconds(&self) -> Option<u64> {
        self.lasts_seconds
    }

    /// Its value at a second: that of the latest sample, as long as it holds. `None` where the sample is missing.
    pub fn at(&self, second: u64) -> Option<f64> {
        self.holding(second).map(|(value, _)| value)
    }

    /// What a rule of this statistic looks at, if it was recorded.
    pub(crate) fn of_statistic(&self, statistic: Statistic) -> Option<&Self> {
        let aggregation = Aggregation::of_statistic(statistic);
        let mut all = std::iter::once(self).chain(&self.others);
        all.find(|one| one.aggregation == aggregation)
    }

    /// Its value for the minute that begins at a second: of a total or a count, the minute's part of the sample.
    pub(crate) fn in_minute(&self, second: u64) -> Option<f64> {
        let (value, lasts) = self.holding(second)?;
        Some(match lasts {
            Some(lasts) if self.aggregation.adds_up() => value * MINUTE / lasts as f64,
            _ => value,
        })
    }

    /// The value at a second, and how long its sample holds, where that is known.
    fn holding(&self, second: u64) -> Option<(f64, Option<u64>)> {
        let after = self
            .samples
            .partition_point(|sample| sample.at_seconds <= second);
        let (before, next) = self.samples.split_at(after);
        let Some(lasts) = self.lasts_seconds else {
            let sample = before.last()?;
            let lasts = next.first().map(|next| next.at_seconds - sample.at_seconds);
            return Some((sample.value?, lasts));
        };
        let latest = before.iter().rev();
        latest
            .take_while(|sample| second - sample.at_seconds < lasts)
            .find_map(|sample| Some((sample.value?, Some(lasts))))
    }
}

/// Something that a reader of the outcome should know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// Of what kind it is.
    pub kind: NoteKind,
    /// A sentence.
    pub text: String,
}

/// Of what kind a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteKind {
    /// What the file does not say.
    Assumed,
    /// What makes the outcome less certain.
    Warning,
}

impl Note {
    pub(super) fn assumed(text: impl Into<String>) -> Self {
        Self {
            kind: NoteKind::Assumed,
            text: text.into(),
        }
    }

    pub(super) fn warning(text: impl Into<String>) -> Self {
        Self {
            kind: NoteKind::Warning,
            text: text.into(),
        }
    }
}

/// What was recorded with a load; empty for a load that is no recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Recorded {
    pub(super) start: Option<Start>,
    pub(super) metrics: BTreeMap<String, Metric>,
    pub(super) counts: Vec<(u64, u32)>,
    pub(super) saturated: Vec<Span>,
    pub(super) gaps: Vec<Span>,
    pub(super) notes: Vec<Note>,
}

/// Adds a span to those before it; one that follows at once makes the last one longer.
pub(super) fn extend(spans: &mut Vec<Span>, from_seconds: u64, to_seconds: u64) {
    if from_seconds >= to_seconds {
        return;
    }
    match spans.last_mut() {
        Some(last) if last.to_seconds >= from_seconds => {
            last.to_seconds = last.to_seconds.max(to_seconds);
        }
        _ => spans.push(Span {
            from_seconds,
            to_seconds,
        }),
    }
}
