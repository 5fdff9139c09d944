//! What the tasks of one worker share: its connections and its statistics.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

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
    /// The latency of requests due before this is not recorded.
    warm_up: Duration,
    pub(super) stats: RefCell<Stats>,
    /// Open connections that are not in use; the last used is taken first, so that no more stay open than are needed.
    idle: RefCell<Vec<Connection>>,
    /// Requests in flight.
    pub(super) in_flight: Cell<u64>,
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

    /// Sends a request of this kind and counts its outcome. Whether it was no failure.
    pub(super) async fn perform(&self, kind: usize, intended: Instant) -> bool {
        self.in_flight.set(self.in_flight.get() + 1);
        let late = intended.elapsed();
        let request = self.workload.request(kind);
        let response = timeout(self.workload.timeout, self.exchange(request)).await;
        let (outcome, instance) = match response {
            Ok(Ok(response)) => (
                self.workload.outcome(kind, response.status),
                response.instance,
            ),
            Ok(Err(failure)) => (Outcome::Failed(failure), None),
            Err(_) => (Outcome::Failed(Failure::TimedOut), None),
        };
        self.in_flight.set(self.in_flight.get() - 1);
        let succeeded = !matches!(outcome, Outcome::Failed(_));
        let due = intended.saturating_duration_since(self.begun);
        self.stats.borrow_mut().record(&Sample {
            kind,
            intended: due,
            late,
            latency: intended.elapsed(),
            measured: due >= self.warm_up,
            outcome,
            instance,
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
        });
    }

    async fn exchange(&self, request: &Encoded) -> Result<Response, Failure> {
        let mut connection = match self.open_idle().await {
            Some(connection) => connection,
            None => {
                let connecting = self.workload.route.connect().await;
                connecting.map_err(|(failure, _)| failure)?
            }
        };
        let response = connection.send(request, |_| ()).await?;
        self.idle.borrow_mut().push(connection);
        Ok(response)
    }

    async fn open_idle(&self) -> Option<Connection> {
        loop {
            let mut connection = self.idle.borrow_mut().pop()?;
            if connection.is_open().await {
                return Some(connection);
            }
        }
    }
}
