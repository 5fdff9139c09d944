//! Callers that wait for a response before they send the next request.

use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dispatcher::Dispatcher;
use super::stages::Stages;
use super::worker::Worker;

/// The pause after a failure, so that callers do not retry a stopped server in a busy loop.
const PAUSE: Duration = Duration::from_millis(10);

impl Worker {
    /// Runs this worker's share of the users.
    pub(super) fn as_users(
        &self,
        stages: &Stages,
        think: &RangeInclusive<Duration>,
        dispatcher: &Rc<Dispatcher>,
        requests: &TaskTracker,
    ) {
        let stages = Rc::new(stages.clone());
        let highest = stages.highest();
        let mut number = self.number;
        while (number as f64) < highest {
            let user = User {
                number,
                dispatcher: Rc::clone(dispatcher),
                stages: Rc::clone(&stages),
                think: think.clone(),
                stop: self.stop.clone(),
            };
            requests.spawn_local(user.live());
            number += self.of;
        }
    }

    /// Runs this worker's share of the callers, who share all requests.
    pub(super) fn as_callers(
        &self,
        count: u64,
        callers: u32,
        dispatcher: &Rc<Dispatcher>,
        requests: &TaskTracker,
    ) {
        let mut number = self.number;
        while number < u64::from(callers) {
            requests.spawn_local(call(Rc::clone(dispatcher), count, self.stop.clone()));
            number += self.of;
        }
    }
}

async fn call(dispatcher: Rc<Dispatcher>, count: u64, stop: CancellationToken) {
    sleep_until(dispatcher.begun.into()).await;
    while !stop.is_cancelled() {
        let number = dispatcher.workload.take();
        if number >= count {
            return;
        }
        let kind = dispatcher.workload.kind(number);
        if !dispatcher.perform(kind, Instant::now()).await {
            sleep(PAUSE).await;
        }
    }
}

/// A user who sends a request, reads the response, and pauses, while the level is above the user's number.
struct User {
    /// From 0. The user exists while the level is above it.
    number: u64,
    dispatcher: Rc<Dispatcher>,
    stages: Rc<Stages>,
    think: RangeInclusive<Duration>,
    stop: CancellationToken,
}

impl User {
    async fn live(self) {
        sleep_until(self.dispatcher.begun.into()).await;
        let stop = self.stop.clone();
        // The sequence is the same for the same user in every run.
        let mut random = fastrand::Rng::with_seed(self.number);
        let end = self.stages.duration();
        loop {
            let now = self.dispatcher.begun.elapsed();
            let there = self.stages.rises_above(self.number as f64, now);
            let Some(there) = there.filter(|_| now < end) else {
                return;
            };
            if there > now {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep_until((self.dispatcher.begun + there).into()) => continue,
                }
            }
            let workload = &self.dispatcher.workload;
            let kind = workload.kind(workload.take());
            let succeeded = self.dispatcher.perform(kind, Instant::now()).await;
            let (shortest, longest) = (*self.think.start(), *self.think.end());
            let mut pause = shortest + (longest - shortest).mul_f64(random.f64());
            if !succeeded {
                pause = pause.max(PAUSE);
            }
            if pause.is_zero() && !stop.is_cancelled() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }
}
