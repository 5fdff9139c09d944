//! Generates the load: starts the workers and adds up their statistics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::schedule::Schedule;
use super::series::Series;
use super::stats::Stats;
use super::worker::Worker;
use super::workload::Workload;
use run_record::{LoadSecond, Percentiles, Requests, Run};

/// The time between the start of the workers and of the load, so that no worker begins late.
pub const HEAD_START: Duration = Duration::from_millis(20);
/// How often the progress is reported.
const REPORT: Duration = Duration::from_millis(250);
/// The rate and the latency in the progress cover this much time.
const RECENT: Duration = Duration::from_secs(5);

/// The settings of the load generator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// When requests start.
    pub schedule: Schedule,
    /// The number of sending threads.
    pub threads: usize,
    /// The most requests in flight at a time.
    pub max_in_flight: usize,
    /// The latency of requests that are due in this first period is not recorded.
    pub warm_up: Duration,
}

/// The progress of the load.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The time since the run began.
    pub elapsed: Duration,
    /// Requests that have ended.
    pub requests: Requests,
    /// Requests that ended in the last five seconds, per second.
    pub rate: f64,
    /// Latency of the last seconds.
    pub latency_ms: Percentiles,
    /// Responses by instance.
    pub per_instance: BTreeMap<String, u64>,
}

/// The results of a load.
pub struct Results {
    took: Duration,
    /// Counts and latencies of all requests.
    pub total: Stats,
    seconds: Vec<LoadSecond>,
    settings: Settings,
    workload: Arc<Workload>,
}

/// Runs the load until it ends or is stopped, and reports its progress.
///
/// # Errors
/// When a worker cannot be started, or fails.
pub async fn generate(
    workload: Workload,
    settings: Settings,
    begun: Instant,
    stop: &CancellationToken,
    progress: &watch::Sender<Progress>,
) -> anyhow::Result<Results> {
    let workload = Arc::new(workload);
    let threads = settings.threads.max(1);
    let (stats, mut handed_over) = mpsc::channel(4 * threads);
    let mut ends = Vec::with_capacity(threads);
    for number in 0..threads {
        let share = settings.max_in_flight / threads
            + usize::from(number < settings.max_in_flight % threads);
        let worker = Worker {
            number: number as u64,
            of: threads as u64,
            workload: Arc::clone(&workload),
            schedule: settings.schedule.clone(),
            room: share.max(1),
            begun,
            warm_up: settings.warm_up,
            stats: stats.clone(),
            stop: stop.clone(),
        };
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || {
                // The receiver no longer exists when the program ends.
                let _ = end.send(worker.run());
            })
            .context("cannot start a load worker")?;
        ends.push(ended);
    }
    drop(stats);

    let mut series = Series::default();
    let mut ticks = interval(REPORT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut past = VecDeque::from([(Duration::ZERO, 0)]);
    loop {
        tokio::select! {
            stats = handed_over.recv() => match stats {
                Some(stats) => series.add(stats),
                None => break,
            },
            _ = ticks.tick() => {
                let now = begun.elapsed();
                progress.send_replace(report(&series, &workload, now, &mut past));
            }
        }
    }
    let took = begun.elapsed();
    progress.send_replace(report(&series, &workload, took, &mut past));
    for end in ends {
        end.await.map_err(|_| anyhow!("a load worker failed"))??;
    }
    Ok(Results {
        took,
        seconds: series.seconds(),
        total: series.total,
        settings,
        workload,
    })
}

/// Reports the progress. `past` has the number of ended requests over time.
fn report(
    series: &Series,
    workload: &Workload,
    now: Duration,
    past: &mut VecDeque<(Duration, u64)>,
) -> Progress {
    let total = &series.total;
    past.push_back((now, total.counts.sent));
    while past.len() > 2 && past[1].0 + RECENT <= now {
        past.pop_front();
    }
    let (since, before) = past[0];
    let span = now.saturating_sub(since).as_secs_f64();
    let rate = if span > 0.0 {
        (total.counts.sent - before) as f64 / span
    } else {
        0.0
    };
    Progress {
        elapsed: now,
        requests: total.requests(&workload.names()),
        rate,
        latency_ms: series.recent(now, RECENT.as_secs()),
        per_instance: total.per_instance.clone(),
    }
}

impl Results {
    /// Writes the results into the record of a run.
    pub(super) fn record(&self, run: &mut Run) {
        run.seconds = self.took.as_secs_f64();
        run.requests = self.total.requests(&self.workload.names());
        run.load.clone_from(&self.seconds);
        run.per_instance.clone_from(&self.total.per_instance);
        run.notes.extend(self.notes());
    }

    /// Remarks about the numbers.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let total = &self.total;
        if self.settings.schedule.is_closed_loop() {
            notes.push(
                "The load was a closed loop: callers waited for their responses, so a slow target got less load, and \
                 latency counts from when each request was sent."
                    .to_owned(),
            );
        } else {
            notes.push(
                "The load was an open loop: latency counts from when each request should have started.".to_owned(),
            );
        }
        let room = self.settings.max_in_flight;
        if total.late_starts.full > 0 {
            notes.push(format!(
                "{room} requests were in flight at times (--max-in-flight), so that {} started late; their latency \
                 counts from when they should have started.",
                total.late_starts.full
            ));
        }
        if total.late_starts.slow > 0 {
            notes.push(format!(
                "This machine did not keep up: {} requests started more than 50 ms late although fewer than {room} \
                 were in flight. Their latency is in part its own.",
                total.late_starts.slow
            ));
        }
        let threads = u32::try_from(self.settings.threads).unwrap_or(u32::MAX);
        let busy = total.cpu.as_secs_f64() / f64::from(threads);
        if busy > 0.9 * self.took.as_secs_f64() && self.took > Duration::from_secs(1) {
            notes.push(format!(
                "The {} threads of the load generator were busy all the time: it may have been the limit, and not the \
                 target. --threads gives it more.",
                self.settings.threads
            ));
        }
        if let Some(count) = total.errors.get(&Failure::NotStarted) {
            notes.push(format!(
                "{count} requests could not be started before the load was over and count as failed."
            ));
        }
        if total.cut_off > 0 {
            notes.push(format!(
                "{} requests were in flight when the run was interrupted; they are not counted.",
                total.cut_off
            ));
        }
        notes
    }
}
