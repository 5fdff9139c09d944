//! A thread that sends its share of the requests.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dispatcher::Dispatcher;
use super::schedule::Schedule;
use super::stats::Stats;
use super::workload::Workload;

/// The interval at which the statistics are handed over.
const HAND_OVER: Duration = Duration::from_millis(200);
/// How long an interrupted run waits for responses.
const LAST_RESPONSES: Duration = Duration::from_secs(2);

/// One of the threads, which share the load evenly.
pub(super) struct Worker {
    /// The number of this worker, from 0.
    pub(super) number: u64,
    /// The number of workers.
    pub(super) of: u64,
    pub(super) workload: Arc<Workload>,
    pub(super) schedule: Schedule,
    /// The most requests of this worker that are in flight at a time.
    pub(super) room: usize,
    pub(super) begun: Instant,
    /// The latency of requests that are due in this period is not recorded.
    pub(super) warm_up: Duration,
    pub(super) stats: mpsc::Sender<Stats>,
    /// Nothing is started after it is cancelled.
    pub(super) stop: CancellationToken,
}

impl Worker {
    /// Works until the schedule has ended and all requests are complete, or until it is stopped.
    ///
    /// # Errors
    /// When the thread has no runtime or no timer.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .context("cannot start a load worker")?;
        runtime.block_on(self.work())
    }

    async fn work(self) -> anyhow::Result<()> {
        let workload = Arc::clone(&self.workload);
        let dispatcher = Dispatcher::new(workload, self.begun, self.warm_up);
        let handing_over = hand_over(Rc::clone(&dispatcher), self.stats.clone());
        let handing_over = tokio::task::spawn_local(handing_over);
        let requests = TaskTracker::new();
        match &self.schedule {
            Schedule::Rate(stages) => {
                let due = |count: u64| stages.reaches(count as f64);
                self.at_times(due, stages.duration(), &dispatcher, &requests)
                    .await?;
            }
            Schedule::Arrivals(times) => {
                let due = |count: u64| times.get(usize::try_from(count).ok()?).copied();
                let end = times.last().copied().unwrap_or_default();
                self.at_times(due, end, &dispatcher, &requests).await?;
            }
            Schedule::Controlled(rate) => {
                self.at_command(rate.clone(), &dispatcher, &requests)
                    .await?;
            }
            Schedule::Users { stages, think } => {
                self.as_users(stages, think, &dispatcher, &requests);
            }
            Schedule::Fixed {
                requests: count,
                callers,
            } => self.as_callers(*count, *callers, &dispatcher, &requests),
        }
        requests.close();
        let interrupted = async {
            self.stop.cancelled().await;
            sleep(LAST_RESPONSES).await;
        };
        tokio::select! {
            () = requests.wait() => {}
            () = interrupted => {}
        }
        handing_over.abort();
        let mut rest = dispatcher.stats.take();
        rest.cut_off = dispatcher.in_flight.get();
        rest.cpu = Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
        // The receiver no longer exists when the program ends.
        let _ = self.stats.send(rest).await;
        Ok(())
    }
}

/// Hands the statistics over at intervals. If there is no room, they wait for the next time.
async fn hand_over(dispatcher: Rc<Dispatcher>, stats: mpsc::Sender<Stats>) {
    let mut ticks = interval(HAND_OVER);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !dispatcher.stats.borrow().is_empty()
            && let Ok(room) = stats.try_reserve()
        {
            room.send(dispatcher.stats.take());
        }
    }
}
