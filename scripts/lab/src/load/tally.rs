//! What came of the requests. Every worker keeps its own and hands it over now and then; they are added up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::{Counter, Histogram};

use super::failure::Failure;
use super::mix::Kind;
use crate::report::run::{Percentiles, Requests};

/// More instances than any fleet here has; a server that invents ids must not fill the memory.
const MOST_INSTANCES: usize = 1_000;
/// What is counted for instances beyond that.
const OTHER_INSTANCES: &str = "(others)";

/// Longer latencies count as this one: a day, in microseconds.
const LONGEST: u64 = 24 * 3_600 * 1_000_000;
/// Why a histogram takes every value.
pub(super) const GROWS: &str = "it grows as it must";

/// How a request ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// As wanted.
    Ok,
    /// A stress run was under way already.
    Busy,
    /// Another answer, or none.
    Failed(Failure),
}

/// A request that is over.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) kind: Kind,
    /// When it should have started, since the run began.
    pub(super) intended: Duration,
    /// From then to the end of the answer.
    pub(super) latency: Duration,
    pub(super) ending: Ending,
    /// Who answered.
    pub(super) instance: Option<Arc<str>>,
}

/// Sums over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) ok: u64,
    pub(super) failed: u64,
    pub(super) busy: u64,
}

impl Counts {
    fn note(&mut self, ending: &Ending) {
        self.sent += 1;
        match ending {
            Ending::Ok => self.ok += 1,
            Ending::Busy => self.busy += 1,
            Ending::Failed(_) => self.failed += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.ok += other.ok;
        self.failed += other.failed;
        self.busy += other.busy;
    }
}

/// Starts that were late for a reason other than the timer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lateness {
    /// As many requests were in flight as may be.
    pub(super) full: u64,
    /// There was room, and yet the worker did not get to it in time.
    pub(super) slow: u64,
}

/// What came of requests, from one worker or from all.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) errors: BTreeMap<Failure, u64>,
    pub(super) sent_by_kind: [u64; 4],
    pub(super) failed_by_kind: [u64; 4],
    /// Of those answered as wanted, in microseconds.
    pub(super) latency: Histogram<u64>,
    pub(super) per_instance: BTreeMap<String, u64>,
    pub(super) lateness: Lateness,
    /// Under way when the run was broken off, and not counted above.
    pub(super) cut_off: u64,
    /// What the worker's thread used.
    pub(super) cpu: Duration,
    /// By their number.
    pub(super) seconds: BTreeMap<u64, Second>,
}

/// Requests that should have started in the same second.
#[derive(Clone, Debug)]
pub(super) struct Second {
    pub(super) counts: Counts,
    /// Microseconds, to two digits.
    pub(super) latency: Histogram<u32>,
}

impl Default for Second {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            latency: Histogram::new(2).expect("two digits are possible"),
        }
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            errors: BTreeMap::new(),
            sent_by_kind: [0; 4],
            failed_by_kind: [0; 4],
            latency: Histogram::new(3).expect("three digits are possible"),
            per_instance: BTreeMap::new(),
            lateness: Lateness::default(),
            cut_off: 0,
            cpu: Duration::ZERO,
            seconds: BTreeMap::new(),
        }
    }
}

impl Tally {
    pub(super) fn note(&mut self, sample: &Sample) {
        let second = self.seconds.entry(sample.intended.as_secs()).or_default();
        second.counts.note(&sample.ending);
        self.counts.note(&sample.ending);
        self.sent_by_kind[sample.kind as usize] += 1;
        match &sample.ending {
            Ending::Ok => {
                let micros = u64::try_from(sample.latency.as_micros()).unwrap_or(u64::MAX);
                let micros = micros.min(LONGEST);
                second.latency.record(micros).expect(GROWS);
                self.latency.record(micros).expect(GROWS);
            }
            Ending::Busy => {}
            Ending::Failed(failure) => {
                *self.errors.entry(*failure).or_default() += 1;
                self.failed_by_kind[sample.kind as usize] += 1;
            }
        }
        if let Some(instance) = &sample.instance {
            self.answered_by(instance, 1);
        }
    }

    fn answered_by(&mut self, instance: &str, count: u64) {
        if let Some(sum) = self.per_instance.get_mut(instance) {
            *sum += count;
            return;
        }
        let room = self.per_instance.len() < MOST_INSTANCES;
        let name = if room { instance } else { OTHER_INSTANCES };
        *self.per_instance.entry(name.to_owned()).or_default() += count;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.sent == 0
    }

    /// Adds another one, but for its seconds.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts.add(other.counts);
        for (failure, count) in &other.errors {
            *self.errors.entry(*failure).or_default() += count;
        }
        for kind in Kind::ALL.map(|kind| kind as usize) {
            self.sent_by_kind[kind] += other.sent_by_kind[kind];
            self.failed_by_kind[kind] += other.failed_by_kind[kind];
        }
        self.latency.add(&other.latency).expect(GROWS);
        for (instance, count) in &other.per_instance {
            self.answered_by(instance, *count);
        }
        self.lateness.full += other.lateness.full;
        self.lateness.slow += other.lateness.slow;
        self.cut_off += other.cut_off;
        self.cpu += other.cpu;
    }

    /// For the record of the run.
    pub(super) fn requests(&self) -> Requests {
        let errors = self.errors.iter();
        let kinds = Kind::ALL.into_iter().zip(self.sent_by_kind);
        Requests {
            sent: self.counts.sent,
            ok: self.counts.ok,
            failed: self.counts.failed,
            busy: self.counts.busy,
            errors: errors
                .map(|(kind, count)| (kind.to_string(), *count))
                .collect(),
            by_kind: kinds
                .filter(|(_, count)| *count > 0)
                .map(|(kind, count)| (kind.name().to_owned(), count))
                .collect(),
            latency_ms: percentiles(&self.latency),
        }
    }
}

/// Of microseconds, in milliseconds.
pub(super) fn percentiles<C: Counter>(latency: &Histogram<C>) -> Percentiles {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let at = |value: u64| (!latency.is_empty()).then_some(value as f64 / 1_000.0);
    let quantile = |quantile| at(latency.value_at_quantile(quantile).min(latency.max()));
    Percentiles {
        p50: quantile(0.50),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: at(latency.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(intended: u64, latency: u64, ending: Ending) -> Sample {
        Sample {
            kind: Kind::Visit,
            intended: Duration::from_millis(intended),
            latency: Duration::from_millis(latency),
            ending,
            instance: Some(format!("i{}", intended % 2).into()),
        }
    }

    fn tally(samples: &[Sample]) -> Tally {
        let mut tally = Tally::default();
        for sample in samples {
            tally.note(sample);
        }
        tally
    }

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let samples: Vec<Sample> = (1..=1_000).map(|n| sample(0, n, Ending::Ok)).collect();
        let latency = tally(&samples).requests().latency_ms;
        for (measured, exact) in [
            (latency.p50, 500.0),
            (latency.p95, 950.0),
            (latency.p99, 990.0),
            (latency.max, 1_000.0),
        ] {
            let measured = measured.expect("answers");
            assert!(
                (measured / exact - 1.0_f64).abs() < 0.002,
                "{measured} is not {exact}"
            );
        }
    }

    #[test]
    fn invented_instances_do_not_fill_the_memory() {
        let mut tally = Tally::default();
        for number in 0..MOST_INSTANCES + 500 {
            tally.answered_by(&number.to_string(), 1);
        }
        assert_eq!(tally.per_instance.len(), MOST_INSTANCES + 1);
        assert_eq!(tally.per_instance[OTHER_INSTANCES], 500);
    }
}
