//! Overload protection: visits over a bound receive 503 at once, so that the other visits are served in time.
//!
//! Only requests that wait for the database can pile up, so only these are bounded: visits, their listing, and the
//! fleet. The probes, the metrics of one instance, and stopping a stress run are never refused, and respond
//! immediately at any load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Error;
use crate::stress::burn_cpu;

/// The most visits in flight, and the most requests for pages of visits. A waiting request uses only its buffers, and
/// a database that keeps pace completes this many within a tenth of a second.
const IN_FLIGHT: usize = 2_048;

/// The most requests for the fleet's data in flight. Equal requests share a query, and nobody needs more dashboards
/// open at one time.
const WATCHING: usize = 512;

/// CPU time of the visits that may wait for each CPU. With a lower value, a short stall of the machine would refuse
/// visits at an ordinary load. With a higher value, accepted visits would wait too long under overload.
const WAITING_WORK: Duration = Duration::from_millis(70);

/// Refused requests are logged at most once a second.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Bounds on what may be in flight at once.
#[derive(Debug)]
pub struct Overload {
    visits: Semaphore,
    /// A separate bound, so that many reads do not block visits.
    reads: Semaphore,
    /// A separate bound, so that the fleet can be observed while there are many visits or reads.
    watchers: Semaphore,
    /// Visits that use CPU or wait for it.
    work_places: Semaphore,
    /// The number of visits that use CPU at a time is the number of CPUs of the instance.
    work: Arc<Semaphore>,
    started: Instant,
    shed: AtomicU64,
    logged_ms: AtomicU64,
}

impl Overload {
    /// For an instance with this many CPUs, whose visits use `work` of CPU time each.
    pub fn new(cpus: f64, work: Duration) -> Self {
        // A fraction of a CPU counts as a whole one: the system grants it in slices of 100 ms, so visits must be able
        // to wait between them.
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

    /// Admits a visit until the permit is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once if the bound is reached.
    pub(super) fn admit_visit(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.visits.try_acquire().map_err(|_| Error::Overloaded)
    }

    /// Admits a request for a page of visits until the permit is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once if the bound is reached.
    pub(super) fn admit_read(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.reads.try_acquire().map_err(|_| Error::Overloaded)
    }

    /// Admits a request for the fleet's data until the permit is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once if the bound is reached.
    pub(super) fn admit_watcher(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.watchers.try_acquire().map_err(|_| Error::Overloaded)
    }

    /// Uses the CPU time that `VISIT_WORK` sets for a visit.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too much work is already waiting.
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

    /// Counts a refused request, and logs refused requests at intervals.
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
