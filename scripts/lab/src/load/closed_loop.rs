//! Callers who wait for their answer before they ask again.

use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::stages::Stages;
use super::worker::Worker;

/// Before the next try after a failure, so that a dead server does not make the callers spin.
const PAUSE: Duration = Duration::from_millis(10);

impl Worker {
    /// Sends out this worker's share of the users.
    pub(super) fn as_users(
        &self,
        stages: &Stages,
        think: &RangeInclusive<Duration>,
        desk: &Rc<Desk>,
        requests: &TaskTracker,
    ) {
        let stages = Rc::new(stages.clone());
        let highest = stages.highest();
        let mut number = self.number;
        #[expect(clippy::cast_precision_loss, reason = "100,000 at most")]
        while (number as f64) < highest {
            let user = User {
                number,
                desk: Rc::clone(desk),
                stages: Rc::clone(&stages),
                think: think.clone(),
                stop: self.stop.clone(),
            };
            requests.spawn_local(user.live());
            number += self.of;
        }
    }

    /// Sends out this worker's share of the callers, who share the requests between them.
    pub(super) fn as_callers(
        &self,
        count: u64,
        callers: u32,
        desk: &Rc<Desk>,
        requests: &TaskTracker,
    ) {
        let mut number = self.number;
        while number < u64::from(callers) {
            requests.spawn_local(call(Rc::clone(desk), count, self.stop.clone()));
            number += self.of;
        }
    }
}

async fn call(desk: Rc<Desk>, count: u64, stop: CancellationToken) {
    sleep_until(desk.begun.into()).await;
    while !stop.is_cancelled() {
        let number = desk.job.take();
        if number >= count {
            return;
        }
        let kind = desk.job.mix.kind(number);
        if !desk.perform(kind, Instant::now()).await {
            sleep(PAUSE).await;
        }
    }
}

/// Somebody who asks, reads and thinks, while there are to be so many users.
struct User {
    /// From 0: the user is there while the level is above it.
    number: u64,
    desk: Rc<Desk>,
    stages: Rc<Stages>,
    think: RangeInclusive<Duration>,
    stop: CancellationToken,
}

impl User {
    async fn live(self) {
        sleep_until(self.desk.begun.into()).await;
        let stop = self.stop.clone();
        let mut chance = Chance(self.number);
        let end = self.stages.duration();
        loop {
            let now = self.desk.begun.elapsed();
            #[expect(clippy::cast_precision_loss, reason = "100,000 at most")]
            let there = self.stages.rises_above(self.number as f64, now);
            let Some(there) = there.filter(|_| now < end) else {
                return;
            };
            if there > now {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep_until((self.desk.begun + there).into()) => continue,
                }
            }
            let kind = self.desk.job.mix.kind(self.desk.job.take());
            self.desk.perform(kind, Instant::now()).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(chance.between(&self.think)) => {}
            }
        }
    }
}

/// Numbers without a pattern, the same for the same user in every run (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    #[expect(clippy::cast_precision_loss, reason = "a 53 bit number is exact")]
    fn between(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        *range.start() + (*range.end() - *range.start()).mul_f64(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_think_for_any_time_in_the_range() {
        let range = Duration::from_secs(1)..=Duration::from_secs(3);
        let mut chance = Chance(7);
        let times: Vec<f64> = (0..10_000)
            .map(|_| chance.between(&range).as_secs_f64())
            .collect();
        assert!(times.iter().all(|time| (1.0..=3.0).contains(time)));
        let mean = times.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 2.0).abs() < 0.05, "{mean}");
        assert!(times.iter().any(|time| *time < 1.1) && times.iter().any(|time| *time > 2.9));
        let second = Duration::from_secs(1);
        assert_eq!(chance.between(&(second..=second)), second);
    }
}
