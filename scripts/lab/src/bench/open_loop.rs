//! Load in an open loop: requests start at a fixed rate, whether or not earlier ones are answered.
//!
//! A request that starts late because all connections are busy is timed from when it should have started, so
//! an overloaded server cannot hide its queue in the client.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout_at};

use super::closed_loop::{latencies, micros, on_own_thread};
use super::connection::{Connection, Request};

/// How long answers still under way at the end are waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How late the last requests may start: a busy machine wakes nobody to the millisecond.
const GRACE: Duration = Duration::from_millis(500);

/// What to load, and how.
#[derive(Clone, Debug)]
pub struct OpenLoop {
    /// Where to.
    pub address: SocketAddr,
    /// Sent again and again.
    pub request: Request,
    /// The most requests under way at a time.
    pub connections: usize,
    /// Requests a second.
    pub rate: f64,
    /// For how long.
    pub window: Duration,
}

/// What came back, by how the server answered.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Requests that should have started.
    pub offered: u64,
    /// Those that no connection was free for until the end.
    pub unsent: u64,
    /// Sent, and no answer.
    pub unanswered: u64,
    /// 2xx, in microseconds from the intended start.
    pub accepted: Histogram<u64>,
    /// 201 among them.
    pub created: u64,
    /// 503, in microseconds from when the request was sent.
    pub shed: Histogram<u64>,
    /// Any other status, timed like 503.
    pub other: Histogram<u64>,
    /// How late requests were sent, in microseconds; the client's own share in the figures above.
    pub lateness: Histogram<u64>,
}

impl OpenLoop {
    /// Runs the load in a thread of its own; ends when every request that was sent has its answer. Whoever
    /// wants to know when the first one starts, with all connections open, is told by `began`.
    ///
    /// # Errors
    /// When the connections cannot be opened.
    pub async fn run(self, began: oneshot::Sender<Instant>) -> anyhow::Result<Outcome> {
        on_own_thread(|| self.load(began)).await
    }

    async fn load(self, began: oneshot::Sender<Instant>) -> anyhow::Result<Outcome> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            let mut connection = Connection::to(self.address);
            let opened = connection.open().await;
            opened.with_context(|| format!("cannot connect to {}", self.address))?;
            connections.push(connection);
        }
        let schedule = Arc::new(Schedule::new(self.rate, self.window));
        // Nobody need listen.
        let _ = began.send(schedule.begin);
        let outcome = Arc::new(Mutex::new(Outcome {
            offered: schedule.starts,
            unsent: 0,
            unanswered: 0,
            accepted: latencies(),
            created: 0,
            shed: latencies(),
            other: latencies(),
            lateness: latencies(),
        }));
        let mut tasks = JoinSet::new();
        for connection in connections {
            let (request, schedule) = (self.request.clone(), Arc::clone(&schedule));
            tasks.spawn(keep_to(schedule, connection, request, Arc::clone(&outcome)));
        }
        let all_answered = async { while tasks.join_next().await.is_some() {} };
        let gave_up = timeout_at((schedule.end() + PATIENCE).into(), all_answered).await;

        let mut outcome = outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if gave_up.is_err() {
            outcome.unanswered += tasks.len() as u64;
        }
        outcome.unsent = outcome.offered - outcome.lateness.len();
        Ok(outcome)
    }
}

/// Takes one start after the other until there are none, or their time is over.
async fn keep_to(
    schedule: Arc<Schedule>,
    mut connection: Connection,
    request: Request,
    outcome: Arc<Mutex<Outcome>>,
) {
    while let Some(intended) = schedule.next() {
        sleep_until(intended.into()).await;
        let sent = Instant::now();
        if sent > schedule.end() + GRACE {
            return;
        }
        let answer = connection.ask(&request).await;
        let now = Instant::now();
        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.lateness.saturating_record(micros(sent - intended));
        match answer {
            Ok(answer) if answer.is_success() => {
                outcome.created += u64::from(answer.status == 201);
                outcome.accepted.saturating_record(micros(now - intended));
            }
            Ok(answer) if answer.status == 503 => {
                outcome.shed.saturating_record(micros(now - sent));
            }
            Ok(_) => outcome.other.saturating_record(micros(now - sent)),
            Err(_) => outcome.unanswered += 1,
        }
    }
}

/// When requests should start.
#[derive(Debug)]
struct Schedule {
    begin: Instant,
    rate: f64,
    window: Duration,
    /// How many there are.
    starts: u64,
    /// How many have been taken.
    taken: AtomicU64,
}

impl Schedule {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number of requests, not negative"
    )]
    fn new(rate: f64, window: Duration) -> Self {
        Self {
            begin: Instant::now(),
            rate,
            window,
            starts: (rate * window.as_secs_f64()) as u64,
            taken: AtomicU64::new(0),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn next(&self) -> Option<Instant> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        (number < self.starts)
            .then(|| self.begin + Duration::from_secs_f64(number as f64 / self.rate))
    }

    fn end(&self) -> Instant {
        self.begin + self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_evenly_spaced_and_end_with_the_window() {
        let schedule = Schedule::new(4.0, Duration::from_secs(2));
        let starts: Vec<u128> = std::iter::from_fn(|| schedule.next())
            .map(|start| (start - schedule.begin).as_millis())
            .collect();
        assert_eq!(starts, [0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750]);
        assert_eq!(schedule.next(), None);
    }
}
