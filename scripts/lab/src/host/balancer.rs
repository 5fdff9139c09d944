//! Chooses the backend of a request: the one with the fewest requests in flight, and in turn among equals.
//!
//! A backend is one handler process. Whoever starts and stops the processes publishes the set of backends.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::worker::Worker;

/// How long a process may take from closing its sockets to its end.
const DYING: Duration = Duration::from_millis(500);

/// The request counters of one instance, whichever of its processes serves.
pub(crate) struct InstanceLoad {
    /// The instance's name: `INSTANCE_ID`.
    pub(crate) id: String,
    outstanding: AtomicU32,
    requests: AtomicU64,
    /// Set once the instance gets no more requests.
    draining: AtomicBool,
    drained: Notify,
}

impl InstanceLoad {
    pub(crate) fn new(id: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            outstanding: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
        })
    }

    /// Requests in flight.
    pub(crate) fn outstanding(&self) -> u32 {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Requests that the instance was sent.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Waits until no request is in flight. Only for an instance that is no longer in the set of backends.
    pub(crate) async fn drained(&self) {
        // Either this sees that the last request has ended, or whoever ends it sees this flag.
        self.draining.store(true, Ordering::SeqCst);
        while self.outstanding.load(Ordering::SeqCst) > 0 {
            self.drained.notified().await;
        }
    }
}

/// One process of an instance that takes requests.
pub(crate) struct Backend {
    pub(crate) load: Arc<InstanceLoad>,
    pub(crate) worker: Arc<Worker>,
}

impl Backend {
    pub(crate) fn new(load: Arc<InstanceLoad>, worker: Arc<Worker>) -> Arc<Self> {
        Arc::new(Self { load, worker })
    }

    /// Counts a request to this process.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.load.outstanding.fetch_add(1, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }
}

/// A request to one process; it counts as in flight until this is dropped.
pub(crate) struct InFlight(Arc<Backend>);

impl InFlight {
    pub(crate) fn worker(&self) -> &Arc<Worker> {
        &self.0.worker
    }

    /// Counts a request that has reached the process.
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
pub(crate) enum BackendSet {
    Open(Vec<Arc<Backend>>),
    /// None, and none will.
    Closed,
}

impl BackendSet {
    fn backends(&self) -> &[Arc<Backend>] {
        match self {
            Self::Open(backends) => backends,
            Self::Closed => &[],
        }
    }
}

/// No process was ready in time, or none will be.
#[derive(Debug)]
pub(crate) struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no handler is ready")
    }
}

/// Distributes requests.
pub(crate) struct Balancer {
    set: watch::Receiver<BackendSet>,
    /// Where the next search begins, so that equals take turns.
    next: AtomicUsize,
    timeout: Duration,
}

impl Balancer {
    /// A balancer, and the sender that publishes its backends. Requests wait for a backend up to `timeout`.
    pub(crate) fn new(timeout: Duration) -> (Self, watch::Sender<BackendSet>) {
        let (sender, set) = watch::channel(BackendSet::Open(Vec::new()));
        let balancer = Self {
            set,
            next: AtomicUsize::new(0),
            timeout,
        };
        (balancer, sender)
    }

    /// Assigns a request to a process as soon as there is one; to another one than `avoided` if possible.
    pub(crate) async fn assign(&self, avoided: Option<&Worker>) -> Result<InFlight, Unavailable> {
        if let Some(in_flight) = self.choose(avoided) {
            return Ok(in_flight);
        }
        let end = tokio::time::Instant::now().checked_add(self.timeout);
        let mut set = self.set.clone();
        loop {
            let news = set.wait_for(|set| match set {
                BackendSet::Open(backends) => !backends.is_empty(),
                BackendSet::Closed => true,
            });
            let open = match end {
                Some(end) => tokio::time::timeout_at(end, news).await,
                None => Ok(news.await),
            };
            match open {
                Ok(Ok(set)) if matches!(*set, BackendSet::Open(_)) => {}
                _ => return Err(Unavailable),
            }
            if let Some(in_flight) = self.choose(avoided) {
                return Ok(in_flight);
            }
        }
    }

    /// Counts the request while it holds the set: once a new set is published, no request begins on an instance that
    /// is not in it.
    fn choose(&self, avoided: Option<&Worker>) -> Option<InFlight> {
        let set = self.set.borrow();
        let backends = set.backends();
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let avoided = avoided.filter(|_| backends.len() > 1);
        (0..backends.len())
            .map(|step| &backends[start.wrapping_add(step) % backends.len()])
            .filter(|backend| avoided.is_none_or(|worker| backend.worker.id != worker.id))
            // The first of equals.
            .min_by_key(|backend| backend.load.outstanding())
            .map(Backend::begin)
    }

    /// How many processes take requests.
    pub(crate) fn open(&self) -> usize {
        self.set.borrow().backends().len()
    }

    /// Whether no more requests are answered.
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

    /// Waits for the first backend, without a limit.
    pub(crate) async fn ready(&self) {
        let mut set = self.set.clone();
        let first = set.wait_for(|set| !set.backends().is_empty());
        if first.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(id: &str) -> Arc<Backend> {
        Backend::new(InstanceLoad::new(id.to_owned()), Worker::nobody(id))
    }

    fn balancer(ids: &[&str]) -> (Balancer, watch::Sender<BackendSet>, Vec<Arc<Backend>>) {
        let backends: Vec<_> = ids.iter().map(|id| backend(id)).collect();
        let (balancer, sender) = Balancer::new(Duration::from_secs(60));
        sender.send_replace(BackendSet::Open(backends.clone()));
        (balancer, sender, backends)
    }

    fn taken(balancer: &Balancer, avoided: Option<&Worker>) -> InFlight {
        balancer.choose(avoided).expect("somebody is there")
    }

    #[tokio::test]
    async fn equals_take_turns() {
        let (balancer, _sender, backends) = balancer(&["a", "b", "c"]);
        for _ in 0..30 {
            balancer
                .assign(None)
                .await
                .expect("somebody is there")
                .sent();
        }
        for backend in backends {
            assert_eq!(backend.load.requests(), 10);
        }
    }

    #[test]
    fn the_least_loaded_comes_first() {
        let (balancer, _sender, backends) = balancer(&["a", "b", "c"]);
        let held: Vec<_> = (0..6).map(|_| taken(&balancer, None)).collect();
        assert!(
            backends
                .iter()
                .all(|backend| backend.load.outstanding() == 2)
        );
        let (of_a, rest): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|in_flight| in_flight.0.load.id == "a");
        drop(of_a);
        for _ in 0..2 {
            let in_flight = taken(&balancer, None);
            assert_eq!(in_flight.0.load.id, "a");
            std::mem::forget(in_flight);
        }
        drop(rest);
    }

    #[test]
    fn an_avoided_process_is_taken_only_where_it_is_the_last() {
        let (balancer, sender, backends) = balancer(&["a", "b"]);
        for _ in 0..10 {
            assert_eq!(taken(&balancer, Some(&backends[0].worker)).0.load.id, "b");
        }
        sender.send_replace(BackendSet::Open(vec![Arc::clone(&backends[0])]));
        assert_eq!(taken(&balancer, Some(&backends[0].worker)).0.load.id, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_wait_for_an_instance_but_not_for_ever() {
        let (balancer, sender, _) = balancer(&[]);
        assert!(balancer.assign(None).await.is_err());
        let arrival = async {
            tokio::time::sleep(Duration::from_secs(59)).await;
            sender.send_replace(BackendSet::Open(vec![backend("a")]));
        };
        let (in_flight, ()) = tokio::join!(balancer.assign(None), arrival);
        assert_eq!(in_flight.expect("it came in time").0.load.id, "a");
        sender.send_replace(BackendSet::Closed);
        assert!(balancer.assign(None).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_drained_instance_has_answered_everything() {
        let (balancer, sender, backends) = balancer(&["a"]);
        let requests = [taken(&balancer, None), taken(&balancer, None)];
        sender.send_replace(BackendSet::Open(Vec::new()));
        let returned = async {
            for in_flight in requests {
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(in_flight);
            }
        };
        let begin = tokio::time::Instant::now();
        tokio::join!(backends[0].load.drained(), returned);
        assert_eq!(begin.elapsed().as_secs(), 2);
        backends[0].load.drained().await;
    }
}
