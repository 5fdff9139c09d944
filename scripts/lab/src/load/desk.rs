//! What the tasks of one worker share: its connections and its tally.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, header};
use tokio::time::timeout;

use super::answer::Answer;
use super::connection::{Connection, Route};
use super::failure::Failure;
use super::mix::{Judgement, Key, Kind, Mix};
use super::request::{Encoded, ask_for};
use super::tally::{Ending, Sample, Tally};
use super::target::Target;

/// What is sent, and where to; all workers have the same.
pub(super) struct Job {
    pub(super) route: Route,
    pub(super) mix: Mix,
    /// One of each kind, by number.
    requests: [Encoded; 4],
    /// How long an answer may take.
    pub(super) patience: Duration,
    /// Requests taken so far in a closed loop; their number decides the kind.
    taken: AtomicU64,
}

impl Job {
    pub(super) fn new(
        target: &Target,
        route: Route,
        mix: Mix,
        key: Option<&Key>,
        patience: Duration,
    ) -> Self {
        Self {
            route,
            mix,
            requests: Kind::ALL.map(|kind| request(target, kind, key)),
            patience,
            taken: AtomicU64::new(0),
        }
    }

    /// The number of the next request of a closed loop.
    pub(super) fn take(&self) -> u64 {
        self.taken.fetch_add(1, Ordering::Relaxed)
    }
}

fn request(target: &Target, kind: Kind, key: Option<&Key>) -> Encoded {
    let body = kind.body();
    let mut request = ask_for(target, kind.path());
    *request.method_mut() = kind.method();
    *request.body_mut() = Bytes::from_static(body.as_bytes());
    let headers = request.headers_mut();
    if !body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    if kind == Kind::Stress
        && let Some(key) = key
    {
        headers.insert("x-functions-key", key.header());
    }
    Encoded::from(&request)
}

/// What the tasks of one worker share. They run in one thread, and none holds a borrow while it waits.
pub(super) struct Desk {
    pub(super) job: Arc<Job>,
    /// When the run began.
    pub(super) begun: Instant,
    pub(super) tally: RefCell<Tally>,
    /// Open connections that nobody uses; the last used is taken first, so that no more stay open than are needed.
    idle: RefCell<Vec<Connection>>,
    /// Requests under way.
    pub(super) in_flight: Cell<u64>,
}

impl Desk {
    pub(super) fn new(job: Arc<Job>, begun: Instant) -> Rc<Self> {
        Rc::new(Self {
            job,
            begun,
            tally: RefCell::default(),
            idle: RefCell::default(),
            in_flight: Cell::new(0),
        })
    }

    /// Sends a request of this kind and notes what comes of it. Whether it was answered as wanted.
    pub(super) async fn perform(&self, kind: Kind, intended: Instant) -> bool {
        self.in_flight.set(self.in_flight.get() + 1);
        let request = &self.job.requests[kind as usize];
        let answer = timeout(self.job.patience, self.exchange(request)).await;
        let (ending, instance) = match answer {
            Ok(Ok(answer)) => {
                let ending = match kind.judge(answer.status) {
                    Judgement::Ok => Ending::Ok,
                    Judgement::Busy => Ending::Busy,
                    Judgement::Failed => Ending::Failed(Failure::Status(answer.status.as_u16())),
                };
                (ending, answer.instance)
            }
            Ok(Err(failure)) => (Ending::Failed(failure), None),
            Err(_) => (Ending::Failed(Failure::TimedOut), None),
        };
        self.in_flight.set(self.in_flight.get() - 1);
        let as_wanted = !matches!(ending, Ending::Failed(_));
        self.tally.borrow_mut().note(&Sample {
            kind,
            intended: intended.saturating_duration_since(self.begun),
            latency: intended.elapsed(),
            ending,
            instance,
        });
        as_wanted
    }

    /// Notes a request that never got its turn.
    pub(super) fn give_up(&self, kind: Kind, intended: Duration) {
        self.tally.borrow_mut().note(&Sample {
            kind,
            intended,
            latency: Duration::ZERO,
            ending: Ending::Failed(Failure::NotStarted),
            instance: None,
        });
    }

    async fn exchange(&self, request: &Encoded) -> Result<Answer, Failure> {
        let mut connection = match self.open_idle().await {
            Some(connection) => connection,
            None => {
                let connecting = self.job.route.connect().await;
                connecting.map_err(|(failure, _)| failure)?
            }
        };
        let answer = connection.ask(request, |_| ()).await?;
        self.idle.borrow_mut().push(connection);
        Ok(answer)
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
