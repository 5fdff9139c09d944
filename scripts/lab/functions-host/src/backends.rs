//! The backends: handler processes that take requests, and the requests in flight at each.
//!
//! The code that starts and stops the processes publishes the set of backends, and also supplies the function that
//! chooses one of them for a request.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Notify, watch};

use super::throttle::{Full, Limits, Permit, Queue, Waiting};
use super::worker::Worker;

/// Chooses the process for a request. Its arguments are the number of processes, and a function that returns the
/// requests in flight at one of them, or `None` if that process must not be chosen. Returns the index of the chosen
/// process.
pub type Choose = Box<dyn Fn(usize, &dyn Fn(usize) -> Option<u32>) -> Option<usize> + Send + Sync>;

/// The longest time between a process's closed sockets and its end.
const DYING: Duration = Duration::from_millis(500);

/// The request counters of one instance, for all of its processes.
#[derive(Default, Serialize)]
pub struct InstanceLoad {
    /// The instance's name: `INSTANCE_ID`.
    pub id: String,
    /// Requests sent to the instance.
    requests: AtomicU64,
    /// Requests in flight.
    outstanding: AtomicU32,
    /// Set when the instance gets no more requests.
    #[serde(skip)]
    draining: AtomicBool,
    #[serde(skip)]
    drained: Notify,
    /// Created by the first request, if there are limits.
    #[serde(skip)]
    queue: OnceLock<Queue>,
}

impl InstanceLoad {
    /// The counters of the instance with this name, all zero.
    pub fn new(id: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            ..Self::default()
        })
    }

    /// Requests in flight.
    pub fn outstanding(&self) -> u32 {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Waits until no request is in flight. Only for an instance that is no longer in the set of backends.
    pub async fn drained(&self) {
        // Either this code sees that the last request has ended, or the code that ends it sees this flag.
        self.draining.store(true, Ordering::SeqCst);
        while self.outstanding.load(Ordering::SeqCst) > 0 {
            self.drained.notified().await;
        }
    }
}

/// The permit of a request to run at an instance with limits, until this is dropped.
pub(crate) struct Admission {
    load: Arc<InstanceLoad>,
    _permit: Permit,
}

/// One process of an instance that takes requests.
pub struct Backend {
    /// The counters of its instance.
    pub load: Arc<InstanceLoad>,
    /// The process.
    pub worker: Arc<Worker>,
}

impl Backend {
    /// A process of the instance with these counters.
    pub fn new(load: Arc<InstanceLoad>, worker: Arc<Worker>) -> Arc<Self> {
        Arc::new(Self { load, worker })
    }

    /// Counts a request to this process.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.load.outstanding.fetch_add(1, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }
}

/// A request to one process. It counts as in flight until this is dropped.
pub(crate) struct InFlight(Arc<Backend>);

impl InFlight {
    pub(crate) fn worker(&self) -> &Arc<Worker> {
        &self.0.worker
    }

    /// Counts a request that was sent to the process.
    pub(crate) fn sent(&self) {
        self.0.load.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let load = &self.0.load;
        if load.outstanding.fetch_sub(1, Ordering::SeqCst) == 1
            && load.draining.load(Ordering::SeqCst)
        {
            load.drained.notify_one();
        }
    }
}

/// The processes that take requests.
pub enum BackendSet {
    /// These processes.
    Open(Vec<Arc<Backend>>),
    /// None, now or later.
    Closed,
}

impl BackendSet {
    fn backends(&self) -> &[Arc<Backend>] {
        match self {
            Self::Open(backends) => backends,
            Self::Closed => &[],
        }
    }

    /// Whether there is no process, but one may come.
    fn is_waiting(&self) -> bool {
        matches!(self, Self::Open(backends) if backends.is_empty())
    }

    /// The place of an instance in the list.
    fn place_of(&self, load: &Arc<InstanceLoad>) -> Option<usize> {
        let mut backends = self.backends().iter();
        backends.position(|backend| Arc::ptr_eq(&backend.load, load))
    }

    /// The process of an instance.
    fn of(&self, instance: &str) -> Option<&Arc<Backend>> {
        let mut backends = self.backends().iter();
        backends.find(|backend| backend.load.id == instance)
    }
}

/// No process was ready in time, or none will be.
#[derive(Debug, thiserror::Error)]
#[error("no handler is ready")]
pub(crate) struct Unavailable;

/// Why no instance admits a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdmitted {
    #[error(transparent)]
    Full(#[from] Full),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The set of backends, from the host's view.
pub(crate) struct Backends {
    set: watch::Receiver<BackendSet>,
    choose: Choose,
    timeout: Duration,
    /// Requests that wait for a process, if there are limits: no more than an instance holds.
    waiting: OnceLock<Queue>,
}

impl Backends {
    /// No backends yet, and the sender that publishes them. Requests wait up to `timeout` for one.
    pub(crate) fn new(choose: Choose, timeout: Duration) -> (Self, watch::Sender<BackendSet>) {
        let (sender, set) = watch::channel(BackendSet::Open(Vec::new()));
        let backends = Self {
            set,
            choose,
            timeout,
            waiting: OnceLock::new(),
        };
        (backends, sender)
    }

    /// Assigns a request to a process as soon as there is one, if possible not to `avoided`, and to the instance that
    /// admitted it.
    pub(crate) async fn assign(
        &self,
        avoided: Option<&Worker>,
        admission: Option<&Admission>,
    ) -> Result<InFlight, Unavailable> {
        match self.choose(avoided, admission) {
            Some(in_flight) => Ok(in_flight),
            None => self.wait(|| self.choose(avoided, admission)).await,
        }
    }

    /// Waits until a process can be chosen.
    async fn wait<T>(&self, choose: impl Fn() -> Option<T>) -> Result<T, Unavailable> {
        let mut set = self.set.clone();
        let chosen = async {
            loop {
                let news = set.wait_for(|set| !set.is_waiting()).await;
                if matches!(*news.map_err(|_| Unavailable)?, BackendSet::Closed) {
                    return Err(Unavailable);
                }
                if let Some(chosen) = choose() {
                    return Ok(chosen);
                }
            }
        };
        let chosen = tokio::time::timeout(self.timeout, chosen).await;
        chosen.unwrap_or(Err(Unavailable))
    }

    /// Chooses an instance for a request, and waits until the request may run there. If the instance takes no requests any
    /// more, chooses again.
    pub(crate) async fn admit(&self, limits: Limits) -> Result<Admission, NotAdmitted> {
        loop {
            let (load, waiting) = match self.enter(limits) {
                Some(entered) => entered?,
                None => {
                    let waiting = self.waiting.get_or_init(|| Queue::new(limits));
                    let _outstanding = waiting.enter()?;
                    self.wait(|| self.enter(limits)).await??
                }
            };
            let permit = waiting.permit().await.map_err(|_| Unavailable)?;
            if self.set.borrow().place_of(&load).is_some() {
                return Ok(Admission {
                    load,
                    _permit: permit,
                });
            }
        }
    }

    /// Adds a request to the queue of the instance with the fewest requests, including those that wait there.
    fn enter(&self, limits: Limits) -> Option<Result<(Arc<InstanceLoad>, Waiting), Full>> {
        let set = self.set.borrow();
        let backends = set.backends();
        let queue = |place: usize| {
            let load = &backends[place].load;
            load.queue.get_or_init(|| Queue::new(limits))
        };
        let outstanding =
            |place: usize| Some(u32::try_from(queue(place).outstanding()).unwrap_or(u32::MAX));
        let place = (self.choose)(backends.len(), &outstanding)?;
        let entered = queue(place).enter();
        Some(entered.map(|entered| (Arc::clone(&backends[place].load), entered)))
    }

    /// Assigns a request to the process of an instance. If no instance has a process, waits for one, because the
    /// instance may be starting its handler again.
    pub(crate) async fn assign_to(&self, instance: &str) -> Result<InFlight, Unavailable> {
        let mut set = self.set.clone();
        let any = set.wait_for(|set| !set.is_waiting());
        match tokio::time::timeout(self.timeout, any).await {
            Ok(Ok(set)) => set.of(instance).map(Backend::begin).ok_or(Unavailable),
            _ => Err(Unavailable),
        }
    }

    /// The instance that has taken requests for the longest time, as soon as there is one; `None` if there will be
    /// none.
    pub(crate) async fn first(&self) -> Option<String> {
        let mut set = self.set.clone();
        let set = set.wait_for(|set| !set.is_waiting()).await.ok()?;
        set.backends()
            .first()
            .map(|backend| backend.load.id.clone())
    }

    /// Waits until an instance takes no requests although others do, or until no instance will.
    pub(crate) async fn left(&self, instance: &str) {
        let mut set = self.set.clone();
        // Fails if no one publishes backends any more.
        let _ = set
            .wait_for(|set| !set.is_waiting() && set.of(instance).is_none())
            .await;
    }

    /// Whether an instance with a broken connection has ended, instead of starting its handler again.
    pub(crate) async fn is_replaced(&self, instance: &str) -> bool {
        let mut set = self.set.clone();
        match set.wait_for(|set| !set.is_waiting()).await {
            Ok(set) => set.of(instance).is_none(),
            Err(_) => true,
        }
    }

    /// Counts the request while it holds the set. So after a new set is published, no request begins on an instance
    /// that is not in it.
    fn choose(&self, avoided: Option<&Worker>, admission: Option<&Admission>) -> Option<InFlight> {
        let set = self.set.borrow();
        let backends = set.backends();
        let avoided = avoided.filter(|_| backends.len() > 1);
        let outstanding = |place: usize| {
            let backend = &backends[place];
            avoided
                .is_none_or(|worker| backend.worker.id != worker.id)
                .then(|| backend.load.outstanding())
        };
        let place = admission
            .and_then(|admission| set.place_of(&admission.load))
            .filter(|place| outstanding(*place).is_some())
            .or_else(|| (self.choose)(backends.len(), &outstanding))?;
        Some(backends[place].begin())
    }

    /// The number of processes that take requests.
    pub(crate) fn open(&self) -> usize {
        self.set.borrow().backends().len()
    }

    /// Whether requests are no longer served.
    pub(crate) fn closed(&self) -> bool {
        matches!(*self.set.borrow(), BackendSet::Closed)
    }

    /// Waits briefly until a process that broke off a connection is no longer a backend. A client that gets the
    /// error and retries then waits for the next process instead of one that is about to end. (The real host
    /// takes up to 1.85 s for such a response, because it tries to connect again.)
    pub(crate) async fn wait_until_gone(&self, worker: &Worker) {
        let mut set = self.set.clone();
        let gone = set.wait_for(|set| {
            set.backends()
                .iter()
                .all(|backend| backend.worker.id != worker.id)
        });
        let _ = tokio::time::timeout(DYING, gone).await;
    }
}

#[cfg(test)]
#[path = "backends_tests.rs"]
mod tests;
