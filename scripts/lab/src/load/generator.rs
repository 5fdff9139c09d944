//! Puts the load on: starts the workers, adds up what they hand over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::desk::Job;
use super::failure::Failure;
use super::ledger::Ledger;
use super::mix::Kind;
use super::schedule::Schedule;
use super::tally::Tally;
use super::worker::Worker;
use crate::report::run::{LoadSecond, Percentiles, Run};

/// From the start of the workers to that of the load, so that none of them begins late.
pub(crate) const HEAD_START: Duration = Duration::from_millis(20);
/// How often the live figures are made.
const FIGURES: Duration = Duration::from_millis(250);
/// How much of the past the live figures are of.
const RECENT: Duration = Duration::from_secs(5);

/// How the load is put on.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) schedule: Schedule,
    /// Threads that send.
    pub(super) threads: usize,
    /// The most requests in flight at a time.
    pub(super) max_in_flight: usize,
}

/// What is known while the load is on.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Since the run began.
    pub elapsed: Duration,
    /// Requests that are over, answered or not.
    pub sent: u64,
    /// Answered as wanted.
    pub ok: u64,
    /// Refused, wrong or unanswered.
    pub failed: u64,
    /// Stress runs refused because one was under way.
    pub busy: u64,
    /// Failures by kind.
    pub errors: BTreeMap<String, u64>,
    /// Requests that ended in the last five seconds, per second.
    pub rate: f64,
    /// Latency of the last seconds.
    pub latency_ms: Percentiles,
    /// Answers by instance.
    pub per_instance: BTreeMap<String, u64>,
}

/// What came of the load.
#[derive(Debug)]
pub(super) struct Outcome {
    /// When the first request was due.
    started: OffsetDateTime,
    took: Duration,
    total: Tally,
    seconds: Vec<LoadSecond>,
    order: Order,
}

/// Runs the load to its end, or until it is stopped, and tells `live` how it goes.
///
/// # Errors
/// When a worker cannot be started, or fails.
pub(super) async fn generate(
    job: Job,
    order: Order,
    begun: Instant,
    stop: &CancellationToken,
    live: &watch::Sender<Live>,
) -> anyhow::Result<Outcome> {
    let started = OffsetDateTime::now_utc() + begun.saturating_duration_since(Instant::now());
    let job = Arc::new(job);
    let threads = order.threads.max(1);
    let (tallies, mut handed_over) = mpsc::channel(4 * threads);
    let mut ends = Vec::with_capacity(threads);
    for number in 0..threads {
        let share =
            order.max_in_flight / threads + usize::from(number < order.max_in_flight % threads);
        let worker = Worker {
            number: number as u64,
            of: threads as u64,
            job: Arc::clone(&job),
            schedule: order.schedule.clone(),
            room: share.max(1),
            begun,
            tallies: tallies.clone(),
            stop: stop.clone(),
        };
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || {
                // Nobody waits any more when the program ends.
                let _ = end.send(worker.run());
            })
            .context("cannot start a load worker")?;
        ends.push(ended);
    }
    drop(tallies);

    let mut ledger = Ledger::default();
    let mut ticks = interval(FIGURES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut past = VecDeque::from([(Duration::ZERO, 0)]);
    loop {
        tokio::select! {
            tally = handed_over.recv() => match tally {
                Some(tally) => ledger.add(tally),
                None => break,
            },
            _ = ticks.tick() => {
                live.send_replace(figures(&ledger, begun.elapsed(), &mut past));
            }
        }
    }
    let took = begun.elapsed();
    live.send_replace(figures(&ledger, took, &mut past));
    for end in ends {
        end.await.map_err(|_| anyhow!("a load worker failed"))??;
    }
    Ok(Outcome {
        started,
        took,
        seconds: ledger.seconds(),
        total: ledger.total,
        order,
    })
}

/// The live figures; `past` holds when how many requests had ended.
fn figures(ledger: &Ledger, now: Duration, past: &mut VecDeque<(Duration, u64)>) -> Live {
    let total = &ledger.total;
    past.push_back((now, total.counts.sent));
    while past.len() > 2 && past[1].0 + RECENT <= now {
        past.pop_front();
    }
    let (since, before) = past[0];
    let span = now.saturating_sub(since).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = if span > 0.0 {
        (total.counts.sent - before) as f64 / span
    } else {
        0.0
    };
    let requests = total.requests();
    Live {
        elapsed: now,
        sent: requests.sent,
        ok: requests.ok,
        failed: requests.failed,
        busy: requests.busy,
        errors: requests.errors,
        rate,
        latency_ms: ledger.recent(now, RECENT.as_secs()),
        per_instance: total.per_instance.clone(),
    }
}

impl Outcome {
    /// Visits sent, and those of them that were not answered 201.
    pub(super) fn visits(&self) -> [u64; 2] {
        let visit = Kind::Visit as usize;
        [
            self.total.sent_by_kind[visit],
            self.total.failed_by_kind[visit],
        ]
    }

    /// Puts it into the record of a run.
    pub(super) fn record(&self, run: &mut Run) {
        run.started = self
            .started
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default();
        run.seconds = self.took.as_secs_f64();
        run.requests = self.total.requests();
        run.load.clone_from(&self.seconds);
        run.per_instance.clone_from(&self.total.per_instance);
        run.notes.extend(self.notes());
    }

    /// What a reader of the figures must know.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let total = &self.total;
        if self.order.schedule.is_closed_loop() {
            notes.push(
                "The load was a closed loop: callers waited for their answers, so a slow target got less load, and \
                 latency counts from when each request was sent."
                    .to_owned(),
            );
        } else {
            notes.push(
                "The load was an open loop: latency counts from when each request should have started.".to_owned(),
            );
        }
        let room = self.order.max_in_flight;
        if total.lateness.full > 0 {
            notes.push(format!(
                "{room} requests were in flight at times (--max-in-flight), so that {} started late; their latency \
                 counts from when they should have started.",
                total.lateness.full
            ));
        }
        if total.lateness.slow > 0 {
            notes.push(format!(
                "This machine did not keep up: {} requests started more than 50 ms late although fewer than {room} \
                 were in flight. Their latency is in part its own.",
                total.lateness.slow
            ));
        }
        let threads = u32::try_from(self.order.threads).unwrap_or(u32::MAX);
        let busy = total.cpu.as_secs_f64() / f64::from(threads);
        if busy > 0.9 * self.took.as_secs_f64() && self.took > Duration::from_secs(1) {
            notes.push(format!(
                "The {} threads of the load generator were busy all the time: it may have been the limit, and not the \
                 target. --threads gives it more.",
                self.order.threads
            ));
        }
        if let Some(count) = total.errors.get(&Failure::NotStarted) {
            notes.push(format!(
                "{count} requests could not be started before the load was over and count as failed."
            ));
        }
        if total.cut_off > 0 {
            notes.push(format!(
                "{} requests were under way when the run was broken off; they are not counted.",
                total.cut_off
            ));
        }
        notes
    }
}
