//! Counts and times requests, for `/api/metrics` and the heartbeats.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio_util::sync::CancellationToken;

use crate::domain::{Latencies, Latency};

/// The length of one time slice.
const TICK: Duration = Duration::from_secs(1);

/// The number of slices that latencies are summed over.
const LATENCY_WINDOW: usize = 60;
/// The number of slices that the request rate is averaged over.
const RATE_WINDOW: usize = 10;
/// The largest latency that is recorded as it is, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// Counts every request, and times all except stress runs, whose duration the caller chooses.
#[derive(Debug)]
pub struct Traffic {
    /// By the first digit of the status.
    requests: [AtomicU64; 5],
    /// Requests refused because too many were in flight.
    refused: AtomicU64,
    /// Requests that have begun and not yet ended.
    in_flight: AtomicU64,
    /// Locked for the duration of one `count`.
    timed: Mutex<Timed>,
    /// Locked by the ticking task, and by readers for the duration of one copy.
    window: Mutex<Window>,
}

/// Requests that were timed.
#[derive(Debug)]
struct Timed {
    /// Latencies since the last tick, in microseconds.
    current: Histogram<u64>,
    /// Latencies since the start, and their sum in microseconds.
    latencies: Latencies,
    sum_us: u64,
}

/// What was counted since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Requests answered, by the first digit of their status: 1xx to 5xx.
    pub requests: [u64; 5],
    /// Those of them that were refused because too many requests were in flight.
    pub refused: u64,
    /// Those that were timed.
    pub latencies: Latencies,
    /// The total time of these requests, in microseconds.
    pub latency_sum_us: u64,
}

#[derive(Debug)]
struct Window {
    /// One entry per tick, in order of time.
    ticks: VecDeque<Tick>,
    last_tick: Instant,
    last_total: u64,
    summary: Summary,
}

#[derive(Debug)]
struct Tick {
    length: Duration,
    requests: u64,
    latencies: Histogram<u64>,
}

/// Averages of the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Average over the last ten seconds.
    pub requests_per_second: f64,
    /// Over the last minute; `None` if there were no requests.
    pub latency: Option<Latency>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            requests: Default::default(),
            refused: AtomicU64::default(),
            in_flight: AtomicU64::default(),
            timed: Mutex::new(Timed {
                current: empty(),
                latencies: Latencies::default(),
                sum_us: 0,
            }),
            window: Mutex::new(Window {
                ticks: VecDeque::with_capacity(LATENCY_WINDOW),
                last_tick: Instant::now(),
                last_total: 0,
                summary: Summary::default(),
            }),
        }
    }
}

/// A request in flight, until this value is dropped.
#[derive(Debug)]
pub struct InFlight(Arc<Traffic>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Notes that a request has begun. It ends when the returned value is dropped, also if the client disconnects.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts a request that was refused because too many were in flight. It also counts as answered.
    pub fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that received this status; `latency` is `None` for a request that is not timed.
    pub fn count(&self, status: u16, latency: Option<Duration>) {
        let class = usize::from(status / 100).clamp(1, self.requests.len());
        self.requests[class - 1].fetch_add(1, Ordering::Relaxed);
        if let Some(latency) = latency {
            let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            let mut timed = lock(&self.timed);
            timed.current.saturating_record(us);
            timed.latencies.record(us);
            timed.sum_us = timed.sum_us.saturating_add(us);
        }
    }

    /// Requests answered since the start.
    pub fn total(&self) -> u64 {
        let counts = self.requests.iter();
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Everything counted since the start.
    pub fn totals(&self) -> Totals {
        let timed = lock(&self.timed);
        Totals {
            requests: std::array::from_fn(|class| self.requests[class].load(Ordering::Relaxed)),
            refused: self.refused.load(Ordering::Relaxed),
            latencies: timed.latencies.clone(),
            latency_sum_us: timed.sum_us,
        }
    }

    /// The averages as of the last tick.
    pub fn summary(&self) -> Summary {
        lock(&self.window).summary
    }

    /// Completes a time slice every second until it is stopped.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut turn = tokio::time::interval(TICK);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = turn.tick() => self.tick(Instant::now()),
            }
        }
    }

    fn tick(&self, now: Instant) {
        let total = self.total();
        let mut window = lock(&self.window);
        let mut latencies = match window.ticks.len() {
            // The oldest slice is removed, and its memory is used again.
            LATENCY_WINDOW => window
                .ticks
                .pop_front()
                .map_or_else(empty, |tick| tick.latencies),
            _ => empty(),
        };
        latencies.reset();
        std::mem::swap(&mut latencies, &mut lock(&self.timed).current);
        let tick = Tick {
            length: now.saturating_duration_since(window.last_tick),
            requests: total - window.last_total,
            latencies,
        };
        window.ticks.push_back(tick);
        window.last_tick = now;
        window.last_total = total;
        window.summary = summarize(&window.ticks);
    }
}

fn summarize(ticks: &VecDeque<Tick>) -> Summary {
    let recent = || ticks.iter().rev().take(RATE_WINDOW);
    let seconds: f64 = recent().map(|tick| tick.length.as_secs_f64()).sum();
    let requests: u64 = recent().map(|tick| tick.requests).sum();
    let mut all = empty();
    for tick in ticks {
        // Both have the same bounds, so every value fits.
        let _ = all.add(&tick.latencies);
    }
    let milliseconds = |quantile: f64| all.value_at_quantile(quantile) as f64 / 1_000.0;
    Summary {
        requests_per_second: if seconds > 0.0 {
            requests as f64 / seconds
        } else {
            0.0
        },
        latency: (!all.is_empty()).then(|| Latency {
            p50: milliseconds(0.50),
            p95: milliseconds(0.95),
            p99: milliseconds(0.99),
        }),
    }
}

/// Two significant digits are enough for a percentile on a dashboard, and need a few kilobytes.
fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 2).expect("the bounds are valid")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The lock cannot be poisoned in the middle of a change, because no change panics.
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_up_the_last_seconds() {
        let traffic = Traffic::default();
        let start = Instant::now();
        traffic.tick(start);
        assert_eq!(traffic.summary().latency, None);
        for ms in 1..=100 {
            traffic.count(201, Some(Duration::from_millis(ms)));
        }
        traffic.count(429, None);
        traffic.tick(start + Duration::from_secs(1));
        assert_eq!(traffic.total(), 101);
        let latency = traffic.summary().latency.expect("requests were timed");
        assert!((49.0..52.0).contains(&latency.p50), "{latency:?}");
        assert!((98.0..101.0).contains(&latency.p99), "{latency:?}");
        let totals = traffic.totals();
        assert_eq!(totals.requests, [0, 100, 0, 1, 0]);
        assert_eq!(totals.latencies.count(), 100);
        assert_eq!(totals.latency_sum_us, 5_050_000);
    }

    #[test]
    fn counts_requests_in_flight() {
        let traffic = Arc::new(Traffic::default());
        let (one, other) = (traffic.begin(), traffic.begin());
        assert_eq!(traffic.in_flight(), 2);
        drop(one);
        traffic.count_refused();
        assert_eq!((traffic.in_flight(), traffic.totals().refused), (1, 1));
        drop(other);
        assert_eq!(traffic.in_flight(), 0);
    }

    #[test]
    fn discards_what_is_older_than_its_window() {
        let traffic = Traffic::default();
        let start = Instant::now();
        traffic.count(200, Some(Duration::from_millis(5)));
        for second in 1..=u64::try_from(LATENCY_WINDOW).expect("a small number") + 1 {
            traffic.tick(start + Duration::from_secs(second));
        }
        assert_eq!(
            traffic.summary(),
            Summary {
                requests_per_second: 0.0,
                latency: None
            }
        );
        assert_eq!(traffic.total(), 1);
    }
}
