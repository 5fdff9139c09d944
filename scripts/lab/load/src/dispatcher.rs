//! The state that the tasks of one worker share: its connections and its statistics.

use std::cell::{Cell, RefCell};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use super::connection::Connection;
use super::failure::Failure;
use super::request::Encoded;
use super::response::Response;
use super::stats::{Outcome, Sample, Stats};
use super::workload::Workload;

/// Sends the requests of one worker. Its tasks run in one thread, and none holds a borrow while it waits.
pub(super) struct Dispatcher {
    pub(super) workload: Arc<Workload>,
    /// When the run began.
    pub(super) begun: Instant,
    /// The latency of requests that are due before this is not recorded.
    warm_up: Duration,
    pub(super) stats: RefCell<Stats>,
    /// Open connections that are not in use. The last used one is taken first, so that no more than needed stay open.
    idle: RefCell<Vec<Timed>>,
    /// Requests in flight.
    pub(super) in_flight: Cell<u64>,
}

/// A connection with the timer of its requests. The timer is not reset for every request: it may fire too early, and
/// only then is the time checked.
struct Timed {
    connection: Connection,
    timer: Pin<Box<Sleep>>,
}

impl Dispatcher {
    pub(super) fn new(workload: Arc<Workload>, begun: Instant, warm_up: Duration) -> Rc<Self> {
        Rc::new(Self {
            workload,
            begun,
            warm_up,
            stats: RefCell::default(),
            idle: RefCell::default(),
            in_flight: Cell::new(0),
        })
    }

    /// Sends a request of this kind and counts its outcome. Returns whether it did not fail.
    pub(super) async fn perform(&self, kind: usize, intended: Instant) -> bool {
        self.in_flight.set(self.in_flight.get() + 1);
        let sent = Instant::now();
        let request = self.workload.request(kind);
        let (outcome, instance, status) = match self.exchange(request, sent).await {
            Ok(response) => (
                self.workload.outcome(kind, response.status),
                response.instance,
                self.workload.counted(kind, response.status),
            ),
            Err(failure) => (Outcome::Failed(failure), None, None),
        };
        self.in_flight.set(self.in_flight.get() - 1);
        let succeeded = !matches!(outcome, Outcome::Failed(_));
        let due = intended.saturating_duration_since(self.begun);
        self.stats.borrow_mut().record(&Sample {
            kind,
            intended: due,
            late: sent.saturating_duration_since(intended),
            latency: intended.elapsed(),
            measured: due >= self.warm_up,
            outcome,
            instance,
            status,
        });
        succeeded
    }

    /// Counts a request that was never started.
    pub(super) fn give_up(&self, kind: usize, intended: Duration) {
        self.stats.borrow_mut().record(&Sample {
            kind,
            intended,
            late: Duration::ZERO,
            latency: Duration::ZERO,
            measured: false,
            outcome: Outcome::Failed(Failure::NotStarted),
            instance: None,
            status: None,
        });
    }

    async fn exchange(&self, request: &Encoded, sent: Instant) -> Result<Response, Failure> {
        let limit = self.workload.route.timeout;
        let Timed {
            mut connection,
            mut timer,
        } = match self.open_idle().await {
            Some(timed) => timed,
            None => Timed {
                connection: {
                    let connecting = self.workload.route.connect().await;
                    connecting.map_err(|(failure, _)| failure)?
                },
                timer: Box::pin(sleep(limit)),
            },
        };
        let response = {
            let mut sending = pin!(connection.send(request, |_| ()));
            loop {
                tokio::select! {
                    biased;
                    response = &mut sending => break response?,
                    () = timer.as_mut() => {
                        if sent.elapsed() >= limit {
                            return Err(Failure::TimedOut);
                        }
                        timer.as_mut().reset((sent + limit).into());
                    }
                }
            }
        };
        self.idle.borrow_mut().push(Timed { connection, timer });
        Ok(response)
    }

    async fn open_idle(&self) -> Option<Timed> {
        loop {
            let mut timed = self.idle.borrow_mut().pop()?;
            if timed.connection.is_open().await {
                return Some(timed);
            }
        }
    }
}
