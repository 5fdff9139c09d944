//! A thread that sends its share of the requests.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::{Desk, Job};
use super::schedule::Schedule;
use super::tally::Tally;

/// How often the tally is handed over.
const HAND_OVER: Duration = Duration::from_millis(200);
/// How long answers are waited for when the run is broken off.
const FAREWELL: Duration = Duration::from_secs(2);

/// One of the threads that share the load evenly.
pub(super) struct Worker {
    /// From 0.
    pub(super) number: u64,
    /// How many there are.
    pub(super) of: u64,
    pub(super) job: Arc<Job>,
    pub(super) schedule: Schedule,
    /// The most requests in flight at a time, of this worker.
    pub(super) room: usize,
    pub(super) begun: Instant,
    pub(super) tallies: mpsc::Sender<Tally>,
    /// Nothing is started any more once it is cancelled.
    pub(super) stop: CancellationToken,
}

impl Worker {
    /// Works until the schedule is over and everything is answered, or until it is stopped.
    ///
    /// # Errors
    /// When the thread has no runtime or no timer.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start a load worker")?;
        LocalSet::new().block_on(&runtime, self.work())
    }

    async fn work(self) -> anyhow::Result<()> {
        let desk = Desk::new(Arc::clone(&self.job), self.begun);
        let handing_over = hand_over(Rc::clone(&desk), self.tallies.clone());
        let handing_over = tokio::task::spawn_local(handing_over);
        let requests = TaskTracker::new();
        match &self.schedule {
            Schedule::Rate(stages) => self.at_rate(stages, &desk, &requests).await?,
            Schedule::Controlled(rate) => self.at_command(rate.clone(), &desk, &requests).await?,
            Schedule::Users { stages, think } => self.as_users(stages, think, &desk, &requests),
            Schedule::Fixed {
                requests: count,
                callers,
            } => self.as_callers(*count, *callers, &desk, &requests),
        }
        requests.close();
        let broken_off = async {
            self.stop.cancelled().await;
            sleep(FAREWELL).await;
        };
        tokio::select! {
            () = requests.wait() => {}
            () = broken_off => {}
        }
        handing_over.abort();
        let mut rest = desk.tally.take();
        rest.cut_off = desk.in_flight.get();
        rest.cpu = Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
        // Nobody listens any more when the program ends.
        let _ = self.tallies.send(rest).await;
        Ok(())
    }
}

/// Hands the tally over now and then; what finds no room waits for the next time.
async fn hand_over(desk: Rc<Desk>, tallies: mpsc::Sender<Tally>) {
    let mut ticks = interval(HAND_OVER);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !desk.tally.borrow().is_empty()
            && let Ok(room) = tallies.try_reserve()
        {
            room.send(desk.tally.take());
        }
    }
}
