//! What happens when more visits come than can be served: those over a bound get 503 at once, so that the
//! others are served in time.
//!
//! Only what piles up is bounded, which is what waits for the database: visits, their listing, the fleet. The probes,
//! the metrics of one instance and above all stopping a stress run answer at once whatever the load, and are never refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Error;
use crate::stress::burn_cpu;

/// Visits that may be in flight, and as many requests for pages of visits. Meanwhile a request holds no more than its
/// buffers, and a database that keeps pace answers this many within a tenth of a second.
const IN_FLIGHT: usize = 2_048;

/// Requests that look at the fleet and may be under way. Those who want the same share a query, and nobody needs more
/// pages open at once.
const WATCHING: usize = 512;

/// CPU time of the visits that may wait for each CPU. With less, visits are refused at an ordinary load when the machine
/// stalls for a moment; with more, accepted visits wait too long under overload.
const WAITING_WORK: Duration = Duration::from_millis(70);

/// At most one line a second about refused requests.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Bounds on what may be under way at once.
#[derive(Debug)]
pub struct Overload {
    visits: Semaphore,
    /// Places of their own, so that a flood of reads takes none from visits.
    reads: Semaphore,
    /// Places of their own, so that a flood of visits or reads can be watched.
    watchers: Semaphore,
    /// Visits that burn CPU or wait to.
    work_places: Semaphore,
    /// As many visits burn CPU at a time as the instance has CPUs.
    work: Arc<Semaphore>,
    started: Instant,
    shed: AtomicU64,
    logged_ms: AtomicU64,
}

impl Overload {
    /// For an instance with this many CPUs, whose visits burn `work` each.
    pub fn new(cpus: f64, work: Duration) -> Self {
        // A share of a CPU counts as a whole one: it is given in slices of 100 ms, and needs the room between them.
        let cpus = (cpus.ceil() as usize).max(1);
        let waiting = WAITING_WORK.as_micros() / work.as_micros().max(1_000);
        let waiting = usize::try_from(waiting).unwrap_or(1).max(1);
        Self {
            visits: Semaphore::new(IN_FLIGHT),
            reads: Semaphore::new(IN_FLIGHT),
            watchers: Semaphore::new(WATCHING),
            work_places: Semaphore::new(cpus * (1 + waiting)),
            work: Arc::new(Semaphore::new(cpus)),
            started: Instant::now(),
            shed: AtomicU64::new(0),
            logged_ms: AtomicU64::new(0),
        }
    }

    /// Lets a visit in, until the place is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once, when all places are taken.
    pub(super) fn admit_visit(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.visits.try_acquire().map_err(|_| Error::Overloaded)
    }

    /// Lets a request for a page of visits in, until the place is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once, when all places are taken.
    pub(super) fn admit_read(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.reads.try_acquire().map_err(|_| Error::Overloaded)
    }

    /// Lets a request that looks at the fleet in, until the place is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once, when all places are taken.
    pub(super) fn admit_watcher(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.watchers.try_acquire().map_err(|_| Error::Overloaded)
    }

    /// Burns what `VISIT_WORK` asks of a visit.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when more would wait than can be worked off in time.
    pub(super) async fn work(&self, work: Duration) -> Result<(), Error> {
        if work.is_zero() {
            return Ok(());
        }
        let Ok(_place) = self.work_places.try_acquire() else {
            return Err(Error::Overloaded);
        };
        let Ok(permit) = Arc::clone(&self.work).acquire_owned().await else {
            return Ok(());
        };
        let burnt = tokio::task::spawn_blocking(move || {
            burn_cpu(work);
            drop(permit);
        });
        // Only a panic could fail it, and the visit does not depend on it.
        let _ = burnt.await;
        Ok(())
    }

    /// Counts a refused request; says so in the log now and then.
    pub(super) fn note_shed(&self) {
        self.shed.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.logged_ms.load(Ordering::Relaxed);
        let due = u64::try_from(LOG_EVERY.as_millis()).unwrap_or(u64::MAX);
        if now.saturating_sub(last) < due && last > 0 {
            return;
        }
        let taken =
            self.logged_ms
                .compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_ok() {
            let requests = self.shed.swap(0, Ordering::Relaxed);
            tracing::warn!(requests, "overloaded: requests refused");
        }
    }
}
