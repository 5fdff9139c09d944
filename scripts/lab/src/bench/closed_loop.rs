//! Load in a closed loop: every connection sends its next request once the last one is answered.
//!
//! It shares the machine with what it measures, so it is lean: one thread, requests made beforehand, nothing
//! kept of an answer but its status and its time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout_at};

use super::connection::{Connection, Request};

/// How long answers still under way at the end are waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before the next try after a failure, so that a dead server does not make the client spin.
const PAUSE: Duration = Duration::from_millis(10);

/// What to load, and how.
#[derive(Clone, Debug)]
pub struct ClosedLoop {
    /// Connections go to these in turn.
    pub addresses: Vec<SocketAddr>,
    /// Sent again and again.
    pub request: Request,
    /// How many requests are under way at a time.
    pub connections: usize,
    /// Answers of this first time are not part of the rate and the latencies.
    pub warm_up: Duration,
    /// What is measured after it.
    pub window: Duration,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Answers inside the window, by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Latencies of the successful ones among them, in microseconds.
    pub latency: Histogram<u64>,
    /// All answers, also before and after the window.
    pub answered: u64,
    /// Those of them with 201.
    pub created: u64,
    /// Requests without an answer.
    pub unanswered: u64,
    /// How long the window was.
    pub window: Duration,
    /// What the client itself used, over all answers.
    pub client_cpu: Duration,
}

impl Tally {
    fn new(window: Duration) -> Self {
        Self {
            by_status: BTreeMap::new(),
            latency: latencies(),
            answered: 0,
            created: 0,
            unanswered: 0,
            window,
            client_cpu: Duration::ZERO,
        }
    }

    /// Successful answers inside the window.
    pub fn successes(&self) -> u64 {
        self.by_status.range(200..300).map(|(_, count)| count).sum()
    }

    /// Other answers inside the window, and requests without one.
    pub fn failures(&self) -> u64 {
        self.by_status.values().sum::<u64>() - self.successes() + self.unanswered
    }

    /// Successful answers a second.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn rate(&self) -> f64 {
        self.successes() as f64 / self.window.as_secs_f64()
    }

    fn answer(&mut self, status: u16, took: Duration, in_window: bool) {
        self.answered += 1;
        self.created += u64::from(status == 201);
        if in_window {
            *self.by_status.entry(status).or_default() += 1;
            if (200..300).contains(&status) {
                self.latency.saturating_record(micros(took));
            }
        }
    }
}

impl ClosedLoop {
    /// Runs the load in a thread of its own; ends when every request has its answer.
    ///
    /// # Errors
    /// When the connections cannot be opened.
    pub async fn run(self) -> anyhow::Result<Tally> {
        on_own_thread(|| self.load()).await
    }

    async fn load(self) -> anyhow::Result<Tally> {
        let mut connections = Vec::with_capacity(self.connections);
        for address in self.addresses.iter().cycle().take(self.connections) {
            let mut connection = Connection::to(*address);
            let opened = connection.open().await;
            opened.with_context(|| format!("cannot connect to {address}"))?;
            connections.push(connection);
        }
        let from = Instant::now() + self.warm_up;
        let until = from + self.window;
        let tally = Arc::new(Mutex::new(Tally::new(self.window)));
        let mut tasks = JoinSet::new();
        for connection in connections {
            let (request, tally) = (self.request.clone(), Arc::clone(&tally));
            tasks.spawn(keep_asking(connection, request, from, until, tally));
        }
        let all_answered = async { while tasks.join_next().await.is_some() {} };
        let gave_up = timeout_at((until + PATIENCE).into(), all_answered).await;

        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if gave_up.is_err() {
            tally.unanswered += tasks.len() as u64;
        }
        tally.client_cpu = thread_cpu();
        Ok(tally)
    }
}

async fn keep_asking(
    mut connection: Connection,
    request: Request,
    from: Instant,
    until: Instant,
    tally: Arc<Mutex<Tally>>,
) {
    let mut asked = Instant::now();
    while asked < until {
        let outcome = connection.ask(&request).await;
        let now = Instant::now();
        let failed = outcome.is_err();
        {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(answer) => {
                    tally.answer(answer.status, now - asked, (from..until).contains(&now));
                }
                Err(_) => tally.unanswered += 1,
            }
        }
        asked = now;
        if failed {
            sleep(PAUSE).await;
            asked = Instant::now();
        }
    }
}

/// Runs a future where nothing else of this program can delay it.
pub(super) async fn on_own_thread<W, T>(
    work: impl FnOnce() -> W + Send + 'static,
) -> anyhow::Result<T>
where
    W: Future<Output = anyhow::Result<T>>,
    T: Send + 'static,
{
    let (done, outcome) = oneshot::channel();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let outcome = runtime
            .context("cannot start the load client")
            .and_then(|runtime| runtime.block_on(work()));
        // Nobody waits any more when the benchmark was interrupted.
        let _ = done.send(outcome);
    };
    std::thread::Builder::new()
        .name("load".to_owned())
        .spawn(run)
        .context("cannot start the load client")?;
    outcome.await.context("the load client failed")?
}

/// One microsecond to two minutes, three digits.
pub(super) fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 3).expect("the bounds are in order")
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What this thread has used so far.
fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
