//! CPU load on demand: SHA-512 on separate threads.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha512};
use tokio::sync::watch;
use uuid::Uuid;

use crate::domain::{StressPlan, Timestamp};

/// Hashes between two checks of the clock: some tens of microseconds.
const BATCH: u64 = 64;
/// The longest sleep of a thread that is ahead of its rate, before it checks whether it should stop.
const LONGEST_NAP: Duration = Duration::from_millis(10);
/// A thread with less than a whole CPU works for its part of each slice and sleeps for the rest. The slices are
/// shorter than the periods of a CPU quota, so that the quota is never used up before the end of a period.
const SLICE: Duration = Duration::from_millis(10);
/// A thread that got less CPU time than its part catches up on this much time at most.
const MADE_UP_FOR: Duration = Duration::from_secs(1);
/// The lowest priority that a thread can have without a privilege (nice value).
const NICE: i32 = 19;

/// Runs stress runs on this instance, at most one at a time.
#[derive(Debug, Clone)]
pub struct Stress {
    threads: usize,
    /// The fraction of time that each thread works, up to 1.
    duty: f64,
    /// Whether the threads run below normal priority.
    yields: bool,
    /// Locked only for short accesses.
    running: Arc<Mutex<Option<Arc<Running>>>>,
}

#[derive(Debug)]
struct Running {
    id: Uuid,
    began: Instant,
    began_at: Timestamp,
    deadline: Instant,
    cancelled: AtomicBool,
    operations: AtomicU64,
    threads_left: AtomicUsize,
    finished: watch::Sender<Option<Outcome>>,
}

/// A run that is in progress. Dropping it ends the run, unless it was [detached](Self::detach).
#[derive(Debug)]
pub struct Run {
    running: Arc<Running>,
    detached: bool,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The number of hashes by all threads.
    pub operations: u64,
    /// How long it actually took.
    pub took: Duration,
    /// Whether it was ended early.
    pub stopped: bool,
}

/// Another run is in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stress run is in progress")]
pub struct Busy {
    /// The time until it ends.
    pub remaining: Duration,
}

impl Stress {
    /// A run uses `cpus` CPUs, on as many threads. If it `yields`, it uses only CPU time that nothing else needs: it
    /// runs below normal priority and never catches up on time that it did not get.
    pub fn new(cpus: f64, yields: bool) -> Self {
        let threads = (cpus.ceil() as usize).clamp(1, 1_024);
        let duty = (cpus / threads as f64).min(1.0);
        Self {
            threads,
            duty,
            yields,
            running: Arc::new(Mutex::new(None)),
        }
    }

    /// Starts a run.
    ///
    /// # Errors
    /// [`Busy`] while another run lasts, or when the system cannot create a thread.
    pub fn start(&self, plan: StressPlan) -> Result<Run, Busy> {
        let began = Instant::now();
        let mut slot = lock(&self.running);
        if let Some(other) = slot.as_ref() {
            return Err(Busy {
                remaining: other.deadline.saturating_duration_since(began),
            });
        }
        let running = Arc::new(Running {
            id: Uuid::new_v4(),
            began,
            began_at: Timestamp::now(),
            deadline: began + plan.duration,
            cancelled: AtomicBool::new(false),
            operations: AtomicU64::new(0),
            threads_left: AtomicUsize::new(self.threads),
            finished: watch::Sender::new(None),
        });
        for thread in 0..self.threads {
            let share = plan
                .intensity
                .map(|rate| share_of(rate, thread, self.threads));
            let (worker, engine) = (Arc::clone(&running), self.clone());
            let spawned = std::thread::Builder::new()
                .name("stress".to_owned())
                .spawn(move || {
                    if engine.yields {
                        // Without the lower priority the run still works, but it affects other work more.
                        let _ = rustix::process::setpriority_process(None, NICE);
                    }
                    worker.burn(share, engine.duty, engine.yields);
                    engine.leave(&worker, 1);
                });
            if let Err(error) = spawned {
                tracing::error!(%error, "cannot create a thread for the stress run");
                running.cancelled.store(true, Ordering::Relaxed);
                *slot = Some(Arc::clone(&running));
                drop(slot);
                self.leave(&running, self.threads - thread);
                return Err(Busy {
                    remaining: Duration::from_secs(1),
                });
            }
        }
        *slot = Some(Arc::clone(&running));
        Ok(Run {
            running,
            detached: false,
        })
    }

    /// The time until the run in progress ends, if there is one.
    pub fn remaining(&self) -> Option<Duration> {
        let slot = lock(&self.running);
        slot.as_ref()
            .map(|run| run.deadline.saturating_duration_since(Instant::now()))
    }

    /// Ends the run in progress if it began before `before`, and waits for its threads. Returns how many runs were
    /// ended.
    pub async fn stop(&self, before: Timestamp) -> usize {
        let running = lock(&self.running).clone();
        let Some(running) = running.filter(|run| run.began_at <= before) else {
            return 0;
        };
        running.cancelled.store(true, Ordering::Relaxed);
        let _ = running.finished.subscribe().wait_for(Option::is_some).await;
        1
    }

    /// Called by each thread when it ends. The last thread marks the instance as free and sends the outcome.
    fn leave(&self, running: &Arc<Running>, threads: usize) {
        if running.threads_left.fetch_sub(threads, Ordering::AcqRel) > threads {
            return;
        }
        *lock(&self.running) = None;
        running.finished.send_replace(Some(Outcome {
            operations: running.operations.load(Ordering::Relaxed),
            took: running.began.elapsed(),
            stopped: running.cancelled.load(Ordering::Relaxed) && Instant::now() < running.deadline,
        }));
    }
}

impl Run {
    /// The run's id, as `stress_id` shows it.
    pub fn id(&self) -> Uuid {
        self.running.id
    }

    /// Lets the run continue without this value, until its time is over or it is stopped.
    pub fn detach(mut self) {
        self.detached = true;
    }

    /// Waits for the end of the run. Dropping the future ends the run.
    pub async fn finished(self) -> Outcome {
        let mut finished = self.running.finished.subscribe();
        let outcome = finished
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|outcome| *outcome);
        outcome.expect("the last thread sends the outcome, and `self` keeps the sender")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.detached {
            self.running.cancelled.store(true, Ordering::Relaxed);
        }
    }
}

impl Running {
    /// Hashes until the deadline, at `rate` hashes per second or as fast as possible, but for no more than the
    /// fraction `duty` of the time.
    fn burn(&self, rate: Option<u64>, duty: f64, yields: bool) {
        let began_with = thread_cpu_time();
        let mut given_up = Duration::ZERO;
        let mut digest = Sha512::digest(b"elastic visits");
        let mut done: u64 = 0;
        loop {
            let now = Instant::now();
            if now >= self.deadline || self.cancelled.load(Ordering::Relaxed) {
                return;
            }
            let rest = if yields {
                rest_of_slice(now - self.began, duty)
            } else {
                let used = thread_cpu_time() - began_with + given_up;
                given_up += too_far_behind(now - self.began, used, duty);
                rest_of_share(now - self.began, used, duty)
            };
            if let Some(rest) = rest {
                std::thread::sleep(rest.min(self.deadline - now));
                continue;
            }
            let due = rate.map_or(u64::MAX, |rate| due(rate, now - self.began));
            let batch = due.saturating_sub(done).min(BATCH);
            if batch == 0 {
                std::thread::sleep(LONGEST_NAP.min(self.deadline - now));
                continue;
            }
            for _ in 0..batch {
                digest = Sha512::digest(digest);
            }
            // The optimiser must not remove the chain of hashes, although its result is not used.
            std::hint::black_box(&digest);
            done += batch;
            self.operations.fetch_add(batch, Ordering::Relaxed);
        }
    }
}

/// Uses `work` of CPU time on the calling thread, for `VISIT_WORK`.
pub fn burn_cpu(work: Duration) {
    let until = thread_cpu_time() + work;
    let mut digest = Sha512::digest(b"visit");
    while thread_cpu_time() < until {
        for _ in 0..BATCH {
            digest = Sha512::digest(digest);
        }
        std::hint::black_box(&digest);
    }
}

/// How long to sleep at this point of a run, if the working part of the slice is over.
fn rest_of_slice(elapsed: Duration, duty: f64) -> Option<Duration> {
    let slice = SLICE.as_nanos();
    let into_slice = elapsed.as_nanos() % slice;
    let over = duty < 1.0 && into_slice as f64 >= duty * slice as f64;
    over.then(|| Duration::from_nanos(u64::try_from(slice - into_slice).unwrap_or(0)))
}

/// CPU time of the calling thread.
fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// How long to sleep at this point of a run, if the thread has used its part of all slices so far.
fn rest_of_share(elapsed: Duration, used: Duration, duty: f64) -> Option<Duration> {
    let slices = elapsed.as_nanos() / SLICE.as_nanos() + 1;
    let end = SLICE * u32::try_from(slices).unwrap_or(u32::MAX);
    (duty < 1.0 && used >= end.mul_f64(duty)).then(|| end - elapsed)
}

/// CPU time that a thread did not get and does not catch up on.
fn too_far_behind(elapsed: Duration, used: Duration, duty: f64) -> Duration {
    elapsed
        .saturating_sub(MADE_UP_FOR)
        .mul_f64(duty)
        .saturating_sub(used)
}

/// The number of hashes that should have been made after `elapsed`.
fn due(rate: u64, elapsed: Duration) -> u64 {
    let due = u128::from(rate) * elapsed.as_micros() / 1_000_000;
    u64::try_from(due).unwrap_or(u64::MAX)
}

/// Splits a rate over threads so that the parts add up to it.
fn share_of(rate: u64, thread: usize, threads: usize) -> u64 {
    let (thread, threads) = (thread as u64, threads as u64);
    rate / threads + u64::from(thread < rate % threads)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for rate in [1, 2, 3, 1_000_003] {
            assert_eq!(
                (0..4).map(|thread| share_of(rate, thread, 4)).sum::<u64>(),
                rate
            );
        }
    }

    #[test]
    fn due_does_not_overflow() {
        assert_eq!(
            due(1_000_000_000_000_000, Duration::from_secs(3_600)),
            3_600_000_000_000_000_000
        );
        assert_eq!(due(100, Duration::from_millis(250)), 25);
    }

    #[test]
    fn a_thread_keeps_its_share_and_catches_up_within_a_second() {
        let ms = Duration::from_millis;
        assert_eq!(rest_of_share(ms(23), ms(7), 0.25), None);
        assert_eq!(rest_of_share(ms(23), ms(8), 0.25), Some(ms(7)));
        assert_eq!(rest_of_share(ms(23), ms(20), 1.0), None);
        assert_eq!(too_far_behind(ms(1_000), ms(0), 0.25), ms(0));
        assert_eq!(too_far_behind(ms(3_000), ms(100), 0.25), ms(400));
    }

    #[test]
    fn a_part_of_a_cpu_uses_a_part_of_each_slice() {
        let ms = Duration::from_millis;
        assert_eq!(rest_of_slice(ms(20), 0.25), None);
        assert_eq!(rest_of_slice(ms(22), 0.25), None);
        assert_eq!(rest_of_slice(ms(23), 0.25), Some(ms(7)));
        assert_eq!(rest_of_slice(ms(29), 1.0), None);
    }

    #[test]
    fn burnt_time_is_cpu_time() {
        let before = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        burn_cpu(Duration::from_millis(20));
        let after = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let spent =
            (after.tv_sec - before.tv_sec) * 1_000_000_000 + (after.tv_nsec - before.tv_nsec);
        assert!(spent >= 20_000_000, "{spent} ns");
    }
}
