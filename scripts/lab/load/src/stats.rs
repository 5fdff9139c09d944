//! Counts and latencies of requests. Every worker has its own statistics and hands them over at intervals to be added
//! up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::{Counter, Histogram};
use http::StatusCode;

use super::failure::Failure;
use run_record::{Percentiles, Requests};

/// The most kinds of requests in a workload.
pub(super) const MOST_KINDS: usize = 4;
/// Statuses begin with 1 to 9; those from 600 are not standardised.
const STATUS_CLASSES: usize = 10;
/// More instances than any fleet has here. A server that invents ids must not fill the memory.
const MOST_INSTANCES: usize = 1_000;
/// The name under which further instances are counted.
const OTHER_INSTANCES: &str = "(others)";

/// Arrivals that are kept at most: 16 MiB.
const MOST_ARRIVALS: usize = 1 << 20;

/// Longer latencies count as this one: a day, in microseconds.
const LONGEST: u64 = 24 * 3_600 * 1_000_000;
/// Why a histogram accepts every value.
pub(super) const GROWS: &str = "it grows as it must";

/// How a request ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// With the expected status.
    Ok,
    /// The instance is already doing what the request asks.
    Busy,
    /// Another response, or none.
    Failed(Failure),
}

/// A request that has ended.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// An index into the workload's kinds.
    pub(super) kind: usize,
    /// When it should have started, since the run began.
    pub(super) intended: Duration,
    /// How late it was sent.
    pub(super) late: Duration,
    /// From the intended start to the end of the response.
    pub(super) latency: Duration,
    /// Whether its latency is recorded.
    pub(super) measured: bool,
    pub(super) outcome: Outcome,
    /// The instance that responded.
    pub(super) instance: Option<Arc<str>>,
    /// The status of the response, if statuses are counted.
    pub(super) status: Option<StatusCode>,
}

/// Sums of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that have ended, with or without a response.
    pub sent: u64,
    /// With the expected status.
    pub ok: u64,
    /// Refused, with a wrong response, or with no response.
    pub failed: u64,
    /// Refused by an instance that was already doing what was requested.
    pub busy: u64,
}

impl Counts {
    fn record(&mut self, outcome: &Outcome) {
        self.sent += 1;
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Busy => self.busy += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.ok += other.ok;
        self.failed += other.failed;
        self.busy += other.busy;
    }
}

/// Starts that were late for another reason than the timer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LateStarts {
    /// The limit of requests in flight was reached.
    pub(super) full: u64,
    /// There was room, but the worker was too slow.
    pub(super) slow: u64,
}

/// Statistics of requests, from one worker or from all.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Of all requests.
    pub counts: Counts,
    /// Failures by kind.
    pub errors: BTreeMap<Failure, u64>,
    pub(super) sent_by_kind: [u64; MOST_KINDS],
    pub(super) failed_by_kind: [u64; MOST_KINDS],
    /// Responses by the first digit of their status, where statuses are counted.
    statuses: [u64; STATUS_CLASSES],
    /// Latency of successful requests, in microseconds from the intended start.
    pub latency: Histogram<u64>,
    /// Latency of responses with 503, in microseconds from when the request was sent.
    pub refusals: Histogram<u64>,
    /// How late requests were sent, in microseconds.
    pub lateness: Histogram<u64>,
    pub(super) per_instance: BTreeMap<String, u64>,
    pub(super) late_starts: LateStarts,
    /// Requests in flight when the run was interrupted. They are not counted above.
    pub cut_off: u64,
    /// CPU time of the worker's thread.
    pub cpu: Duration,
    /// When the requests of a controlled rate should have started, in no order.
    pub(super) arrivals: Vec<Duration>,
    /// Seconds by their number.
    pub(super) seconds: BTreeMap<u64, Second>,
}

/// Requests that should have started in the same second.
#[derive(Clone, Debug)]
pub(super) struct Second {
    pub(super) counts: Counts,
    /// In microseconds, with two digits.
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

impl Default for Stats {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            errors: BTreeMap::new(),
            sent_by_kind: [0; MOST_KINDS],
            failed_by_kind: [0; MOST_KINDS],
            statuses: [0; STATUS_CLASSES],
            latency: microseconds(),
            refusals: microseconds(),
            lateness: microseconds(),
            per_instance: BTreeMap::new(),
            late_starts: LateStarts::default(),
            cut_off: 0,
            cpu: Duration::ZERO,
            arrivals: Vec::new(),
            seconds: BTreeMap::new(),
        }
    }
}

/// A histogram of microseconds, with three digits.
fn microseconds() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are possible")
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros())
        .unwrap_or(LONGEST)
        .min(LONGEST)
}

impl Stats {
    pub(super) fn record(&mut self, sample: &Sample) {
        let second = self.seconds.entry(sample.intended.as_secs()).or_default();
        second.counts.record(&sample.outcome);
        self.counts.record(&sample.outcome);
        self.sent_by_kind[sample.kind] += 1;
        if sample.measured {
            self.lateness.record(micros(sample.late)).expect(GROWS);
        }
        match &sample.outcome {
            Outcome::Ok if sample.measured => {
                let micros = micros(sample.latency);
                second.latency.record(micros).expect(GROWS);
                self.latency.record(micros).expect(GROWS);
            }
            Outcome::Ok | Outcome::Busy => {}
            Outcome::Failed(failure) => {
                *self.errors.entry(*failure).or_default() += 1;
                self.failed_by_kind[sample.kind] += 1;
                if *failure == Failure::Status(503) {
                    let micros = micros(sample.latency.saturating_sub(sample.late));
                    self.refusals.record(micros).expect(GROWS);
                }
            }
        }
        if let Some(status) = sample.status {
            self.statuses[usize::from(status.as_u16() / 100)] += 1;
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

    /// Adds other statistics, except for the seconds.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts.add(other.counts);
        for (failure, count) in &other.errors {
            *self.errors.entry(*failure).or_default() += count;
        }
        for kind in 0..MOST_KINDS {
            self.sent_by_kind[kind] += other.sent_by_kind[kind];
            self.failed_by_kind[kind] += other.failed_by_kind[kind];
        }
        for (class, count) in other.statuses.iter().enumerate() {
            self.statuses[class] += count;
        }
        for (mine, others) in [
            (&mut self.latency, &other.latency),
            (&mut self.refusals, &other.refusals),
            (&mut self.lateness, &other.lateness),
        ] {
            mine.add(others).expect(GROWS);
        }
        for (instance, count) in &other.per_instance {
            self.answered_by(instance, *count);
        }
        self.late_starts.full += other.late_starts.full;
        self.late_starts.slow += other.late_starts.slow;
        self.cut_off += other.cut_off;
        self.cpu += other.cpu;
        self.arrive(&other.arrivals);
    }

    /// Keeps when requests should have started, as far as there is room.
    pub(super) fn arrive(&mut self, arrivals: &[Duration]) {
        let room = MOST_ARRIVALS.saturating_sub(self.arrivals.len());
        self.arrivals.extend(arrivals.iter().take(room));
    }

    /// The counts for the record of the run, with the names of the kinds.
    pub(super) fn requests(&self, names: &[&str]) -> Requests {
        let errors = self.errors.iter();
        let kinds = names.iter().zip(self.sent_by_kind);
        let statuses = self.statuses.iter().enumerate();
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
                .map(|(name, count)| ((*name).to_owned(), count))
                .collect(),
            statuses: statuses
                .filter(|(_, count)| **count > 0)
                .map(|(class, count)| (format!("{class}xx"), *count))
                .collect(),
            latency_ms: percentiles(&self.latency),
        }
    }
}

/// Percentiles of microseconds, in milliseconds.
pub(super) fn percentiles<C: Counter>(latency: &Histogram<C>) -> Percentiles {
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
pub(super) mod tests {
    use super::*;

    /// A visit that was due after `intended` milliseconds and took `latency`.
    pub(crate) fn sample(intended: u64, latency: u64, outcome: Outcome) -> Sample {
        Sample {
            kind: 0,
            intended: Duration::from_millis(intended),
            late: Duration::ZERO,
            latency: Duration::from_millis(latency),
            measured: true,
            outcome,
            instance: Some(format!("i{}", intended % 2).into()),
            status: None,
        }
    }

    pub(crate) fn stats(samples: &[Sample]) -> Stats {
        let mut stats = Stats::default();
        for sample in samples {
            stats.record(sample);
        }
        stats
    }

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let samples: Vec<Sample> = (1..=1_000).map(|n| sample(0, n, Outcome::Ok)).collect();
        let latency = percentiles(&stats(&samples).latency);
        for (measured, exact) in [
            (latency.p50, 500.0),
            (latency.p95, 950.0),
            (latency.p99, 990.0),
            (latency.max, 1_000.0),
        ] {
            let measured = measured.expect("responses");
            assert!(
                (measured / exact - 1.0_f64).abs() < 0.002,
                "{measured} is not {exact}"
            );
        }
    }

    #[test]
    fn a_refusal_counts_from_when_it_was_sent() {
        let refused = Sample {
            late: Duration::from_millis(400),
            ..sample(0, 410, Outcome::Failed(Failure::Status(503)))
        };
        let warm_up = Sample {
            measured: false,
            ..sample(0, 10, Outcome::Ok)
        };
        let stats = stats(&[refused, warm_up]);
        assert_eq!(
            stats.refusals.max(),
            stats.refusals.highest_equivalent(10_000)
        );
        assert_eq!((stats.counts.ok, stats.latency.len()), (1, 0));
    }

    #[test]
    fn invented_instances_do_not_fill_the_memory() {
        let mut stats = Stats::default();
        for number in 0..MOST_INSTANCES + 500 {
            stats.answered_by(&number.to_string(), 1);
        }
        assert_eq!(stats.per_instance.len(), MOST_INSTANCES + 1);
        assert_eq!(stats.per_instance[OTHER_INSTANCES], 500);
    }
}
