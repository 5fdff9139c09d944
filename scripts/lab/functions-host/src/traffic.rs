//! The number of requests, and their latency.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::lock::lock;

/// Rate and percentiles cover this many seconds.
const WINDOW: usize = 10;
/// Slower than functionTimeout allows.
const SLOWEST_MICROS: u64 = 60 * 60 * 1_000_000;
/// Values have a precision of one percent.
const DIGITS: u8 = 2;

/// Counters of all requests.
pub struct Traffic {
    requests: AtomicU64,
    micros: AtomicU64,
    /// Never held across an await, and only for some tens of nanoseconds by a request.
    second: Mutex<Histogram<u64>>,
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    requests: u64,
    micros: u64,
}

impl Totals {
    /// Requests since `before`, and their mean latency in milliseconds.
    pub fn since(self, before: Self) -> (u64, Option<f64>) {
        let requests = self.requests.saturating_sub(before.requests);
        let micros = self.micros.saturating_sub(before.micros);
        let mean = (requests > 0).then(|| micros as f64 / requests as f64 / 1e3);
        (requests, mean)
    }
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Self {
            requests: AtomicU64::new(0),
            micros: AtomicU64::new(0),
            second: Mutex::new(empty()),
        }
    }

    /// Counts an invocation from its arrival to the head of its response.
    pub(crate) fn answered(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        lock(&self.second).saturating_record(micros);
    }

    /// The present counts.
    pub fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            micros: self.micros.load(Ordering::Relaxed),
        }
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, SLOWEST_MICROS, DIGITS).expect("the bounds are in order")
}

/// The last seconds, in order.
#[derive(Default)]
pub struct Recent(VecDeque<(Histogram<u64>, Duration)>);

/// Rate and latency of the last seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Completed requests.
    pub requests_per_second: f64,
    /// From the arrival of a request to the head of its response.
    pub latency_ms: Percentiles,
}

/// Latency in milliseconds; null if there were no responses.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    p50: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
    p99: Option<f64>,
}

impl Recent {
    /// Closes a slice of time with this length.
    pub fn advance(&mut self, traffic: &Traffic, took: Duration) {
        let fresh = if self.0.len() == WINDOW {
            let (mut oldest, _) = self.0.pop_front().expect("it is full");
            oldest.reset();
            oldest
        } else {
            empty()
        };
        let second = std::mem::replace(&mut *lock(&traffic.second), fresh);
        self.0.push_back((second, took));
    }

    /// Rate and latency of all of them.
    pub fn pace(&self) -> Pace {
        let mut all = empty();
        let mut span = Duration::ZERO;
        for (second, took) in &self.0 {
            all.add(second).expect("their bounds are the same");
            span += *took;
        }
        let quantile = |part| (!all.is_empty()).then(|| all.value_at_quantile(part) as f64 / 1e3);
        Pace {
            requests_per_second: if span.is_zero() {
                0.0
            } else {
                all.len() as f64 / span.as_secs_f64()
            },
            latency_ms: Percentiles {
                p50: quantile(0.50),
                p95: quantile(0.95),
                p99: quantile(0.99),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_covers_the_last_seconds() {
        let traffic = Traffic::new();
        let mut recent = Recent::default();
        let second = Duration::from_secs(1);
        let begin = traffic.totals();
        for _ in 0..100 {
            traffic.answered(Duration::from_millis(2));
        }
        recent.advance(&traffic, second);
        recent.advance(&traffic, second);
        let pace = recent.pace();
        assert!((pace.requests_per_second - 50.0).abs() < 1e-9);
        let median = pace.latency_ms.p50.expect("there were requests");
        assert!((1.98..2.02).contains(&median), "{median}");
        let (requests, mean) = traffic.totals().since(begin);
        assert_eq!((requests, mean), (100, Some(2.0)));

        for _ in 0..WINDOW {
            recent.advance(&traffic, second);
        }
        assert!(recent.pace().latency_ms.p95.is_none());
        assert_eq!(recent.0.len(), WINDOW);
    }
}
