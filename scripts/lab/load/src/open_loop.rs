//! Starts requests when they are due, whether or not earlier ones have ended.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::yield_now;
use tokio::time::timeout_at;
use tokio_util::task::TaskTracker;

use super::dispatcher::Dispatcher;
use super::schedule::Controlled;
use super::timer::Timer;
use super::worker::Worker;

/// How long after the end of the plan requests may still start.
const GRACE: Duration = Duration::from_secs(1);
/// A start that is delayed by more than this counts as late.
const LATE: Duration = Duration::from_millis(50);
/// After this many starts in a row, the requests in flight get a turn.
const BURST: u64 = 64;

impl Worker {
    /// Starts request number n at the time that `due_of` returns, until it returns `None`. Requests that could not be
    /// started by the end of the plan are given up.
    pub(super) async fn at_times(
        &self,
        due_of: impl Fn(u64) -> Option<Duration>,
        end: Duration,
        dispatcher: &Rc<Dispatcher>,
        requests: &TaskTracker,
    ) -> anyhow::Result<()> {
        let mut starts = self.starts(dispatcher, requests)?;
        let end = self.begun + end + GRACE;
        let mut count = self.number;
        // The time is checked here as well, because there is no wait if the worker itself is too slow.
        while let Some(due) = due_of(count).filter(|_| Instant::now() < end) {
            let intended = self.begun + due;
            let starting = timeout_at(end.into(), starts.start(count, intended));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                started = starting => match started {
                    Ok(started) => started?,
                    Err(_) => break,
                },
            }
            count += self.of;
        }
        let mut given_up = 0;
        while let Some(due) = due_of(count) {
            dispatcher.give_up(self.workload.kind(count), due);
            count += self.of;
            given_up += 1;
            if given_up % BURST == 0 {
                yield_now().await;
            }
        }
        Ok(())
    }

    /// Follows a rate that changes during the load, until its sender is dropped.
    pub(super) async fn at_command(
        &self,
        mut rate: watch::Receiver<f64>,
        dispatcher: &Rc<Dispatcher>,
        requests: &TaskTracker,
    ) -> anyhow::Result<()> {
        let mut starts = self.starts(dispatcher, requests)?;
        let mut level = Controlled::default();
        level.change(Duration::ZERO, *rate.borrow_and_update());
        let mut count = self.number;
        loop {
            let due = level.due(count);
            let starting = async {
                match due {
                    Some(due) => starts.start(count, self.begun + due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                changed = rate.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    level.change(self.begun.elapsed(), *rate.borrow_and_update());
                }
                started = starting => {
                    started?;
                    dispatcher.stats.borrow_mut().arrive(due.as_slice());
                    count += self.of;
                }
            }
        }
    }

    fn starts<'a>(
        &'a self,
        dispatcher: &'a Rc<Dispatcher>,
        requests: &'a TaskTracker,
    ) -> anyhow::Result<Starts<'a>> {
        Ok(Starts {
            dispatcher,
            requests,
            timer: Timer::new().context("cannot create a timer")?,
            room: Arc::new(Semaphore::new(self.room)),
            was_full: false,
            burst: 0,
        })
    }
}

/// Starts one request after the other.
struct Starts<'a> {
    dispatcher: &'a Rc<Dispatcher>,
    requests: &'a TaskTracker,
    timer: Timer,
    room: Arc<Semaphore>,
    /// Whether there was no room. Requests that were due since then are not made up for.
    was_full: bool,
    burst: u64,
}

impl Starts<'_> {
    /// Starts a request when it is due, or later if there is no room. If this is dropped, nothing is started.
    async fn start(&mut self, count: u64, intended: Instant) -> anyhow::Result<()> {
        self.timer
            .until(intended)
            .await
            .context("the timer failed")?;
        let place = self.place(intended).await;
        if intended.elapsed() >= LATE {
            let late_starts = &mut self.dispatcher.stats.borrow_mut().late_starts;
            let reason = if self.was_full {
                &mut late_starts.full
            } else {
                &mut late_starts.slow
            };
            *reason += 1;
        }
        let dispatcher = Rc::clone(self.dispatcher);
        let kind = dispatcher.workload.kind(count);
        self.requests.spawn_local(async move {
            dispatcher.perform(kind, intended).await;
            drop(place);
        });
        self.burst += 1;
        Ok(())
    }

    async fn place(&mut self, intended: Instant) -> OwnedSemaphorePermit {
        // Done before the request is started, because this may be dropped while it yields.
        if self.burst >= BURST {
            self.burst = 0;
            yield_now().await;
        }
        if intended.elapsed() < LATE {
            self.was_full = false;
        }
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            return place;
        }
        self.was_full = true;
        let waiting = Arc::clone(&self.room).acquire_owned();
        waiting.await.expect("nobody closes it")
    }
}
