//! The data that a load keeps from its file.

use std::collections::BTreeMap;

use autoscale::Statistic;

use super::name::adds_up;

const MINUTE: f64 = 60.0;

/// The time of second 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Unix seconds.
    Utc(i64),
    /// The file has no offset: seconds since 1970-01-01T00:00 on a local clock.
    Local(i64),
}

/// A span of seconds, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// The first second of it.
    pub from_seconds: u64,
    /// The first second after it.
    pub to_seconds: u64,
}

impl Span {
    /// The total length of spans.
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
    /// The recorded value; `None` if it is missing.
    pub value: Option<f64>,
}

/// A recorded metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub(super) samples: Vec<MetricSample>,
    pub(super) lasts_seconds: Option<u64>,
    /// The statistic of the samples.
    pub(super) statistic: Statistic,
    /// The same metric with other statistics.
    pub(super) others: Vec<Self>,
}

impl Metric {
    /// Its samples, in order.
    pub fn samples(&self) -> &[MetricSample] {
        &self.samples
    }

    /// How long a sample applies: the usual distance between samples. `None` in a file of seconds, where it applies
    /// until the next row.
    pub fn lasts_seconds(&self) -> Option<u64> {
        self.lasts_seconds
    }

    /// The value at a second: that of the latest sample, as long as it applies. `None` if the sample is missing.
    pub fn at(&self, second: u64) -> Option<f64> {
        self.holding(second).map(|(value, _)| value)
    }

    /// The same metric with this statistic, if it was recorded.
    pub(crate) fn of_statistic(&self, statistic: Statistic) -> Option<&Self> {
        let mut all = std::iter::once(self).chain(&self.others);
        all.find(|one| one.statistic == statistic)
    }

    /// The value for the minute that begins at a second. For a total or a count, it is the minute's part of the
    /// sample.
    pub(crate) fn in_minute(&self, second: u64) -> Option<f64> {
        let (value, lasts) = self.holding(second)?;
        Some(match lasts {
            Some(lasts) if adds_up(self.statistic) => value * MINUTE / lasts as f64,
            _ => value,
        })
    }

    /// The value at a second, and how long its sample applies, if that is known.
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

/// A remark for the reader of the outcome.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// The kind of the note.
    pub kind: NoteKind,
    /// A sentence.
    pub text: String,
}

/// The kind of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteKind {
    /// Something that the file does not contain.
    Assumed,
    /// Something that makes the outcome less certain.
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

/// The data recorded with a load; empty for a load that is not a recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Recorded {
    pub(super) start: Option<Start>,
    pub(super) metrics: BTreeMap<String, Metric>,
    pub(super) counts: Vec<(u64, u32)>,
    pub(super) saturated: Vec<Span>,
    pub(super) gaps: Vec<Span>,
    pub(super) notes: Vec<Note>,
}

/// Adds a span to the previous ones. A span that follows immediately extends the last one.
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
