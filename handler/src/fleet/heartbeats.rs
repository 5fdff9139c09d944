use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{Lifecycle, Orders, ShownRules};
use crate::domain::{Heartbeat, InstanceState, Interval, Report, Run};
use crate::observe::cpu_and_memory::{CpuSum, Gauge};
use crate::observe::traffic::{Totals, Traffic};
use crate::store::{Database, Error, Reply, STATEMENT_DEADLINE, is_roll_up_due, within};
use crate::stress::Stress;

/// While the database is unavailable, the next attempt follows after this time at the latest.
const RETRY: Duration = Duration::from_secs(1);
/// The most roll-ups in a row. The rest waits for the next heartbeat of any instance.
const ROLL_UPS: u32 = 3;
/// The first heartbeat after which an instance checks whether another one has the same name. An earlier run that
/// crashed counts as lost by then.
const CHECKS_NAME: u64 = 5;

/// Writes the heartbeats of this instance, and follows the fleet commands that it reads with them.
#[derive(Debug)]
pub struct HeartbeatTask {
    /// The database that all instances share.
    pub database: Database,
    /// The run of this instance.
    pub run: Run,
    /// The instance's name.
    pub instance_id: String,
    /// When the process began.
    pub started: Instant,
    /// Time between two heartbeats.
    pub interval: Duration,
    /// The instance's state.
    pub lifecycle: Lifecycle,
    /// CPU and memory.
    pub gauge: Gauge,
    /// Requests.
    pub traffic: Arc<Traffic>,
    /// Visits written.
    pub visits: Arc<AtomicU64>,
    /// The stress run.
    pub stress: Stress,
    /// The active rules.
    pub rules: ShownRules,
    /// Notified when this instance received a fleet command, so that it does not wait for its next heartbeat.
    pub order_given: Arc<Notify>,
}

/// The totals at a point in time. The difference of two snapshots is a sample.
#[derive(Debug)]
struct Snapshot {
    at: Instant,
    cpu: CpuSum,
    totals: Totals,
}

/// What the task keeps from one heartbeat to the next.
#[derive(Debug)]
struct TaskState {
    beats: u64,
    /// Whether the name has been checked.
    name_checked: bool,
    last_sample: Option<Snapshot>,
    orders: Orders,
    heartbeat: FailureLog,
    roll_up: FailureLog,
}

/// Logs when an operation begins to fail, and when it succeeds again.
#[derive(Debug)]
struct FailureLog {
    name: &'static str,
    fails: bool,
}

impl HeartbeatTask {
    /// Sends heartbeats until it is stopped.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            // The fleet knows that this instance is gone, so no further heartbeat follows.
            () = self.live() => stop.cancelled().await,
        }
    }

    async fn live(&self) {
        let mut task = TaskState::new(self.stress.clone());
        let mut states = self.lifecycle.states();
        // No heartbeat can be written before that.
        self.database.ready().await;
        let mut timer = time::interval(self.interval);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = timer.tick() => {
                    // The instance can serve, even if it has not received a request yet.
                    if task.last_sample.is_some() {
                        self.lifecycle.enter(InstanceState::Live);
                    }
                }
                Ok(()) = states.changed() => {}
                () = self.order_given.notified() => {
                    self.read_orders(&mut task).await;
                    continue;
                }
            }
            let state = *states.borrow_and_update();
            self.send_heartbeat(state, &mut task, &mut timer).await;
            if state == InstanceState::Gone && !task.heartbeat.fails {
                return;
            }
        }
    }

    /// Writes a heartbeat, follows the fleet commands that come back, and rolls up if it is time.
    async fn send_heartbeat(
        &self,
        state: InstanceState,
        task: &mut TaskState,
        timer: &mut time::Interval,
    ) {
        self.rules.refresh().await;
        let reply = match self.beat(state, task).await {
            Ok(reply) => reply,
            Err(error) => {
                task.heartbeat.note_failure(&error);
                timer.reset_after(self.interval.min(RETRY));
                return;
            }
        };
        task.heartbeat.note_success();
        self.lifecycle.note_reported(state);
        let now = reply.new_orders.now;
        task.orders.follow(reply.new_orders).await;
        // An instance that is about to end leaves the rest to the other instances.
        if state > InstanceState::Live {
            return;
        }
        if is_roll_up_due(now, reply.rolled_up, self.interval) {
            match self.roll_up().await {
                Ok(()) => task.roll_up.note_success(),
                Err(error) => task.roll_up.note_failure(&error),
            }
        }
        if task.beats >= CHECKS_NAME && !task.name_checked {
            task.name_checked = self.check_name().await.is_ok();
        }
    }

    async fn beat(&self, state: InstanceState, task: &mut TaskState) -> Result<Reply, Error> {
        task.beats += 1;
        let snapshot = self.snapshot();
        let since = self.interval_since(&snapshot, task.last_sample.as_ref(), state);
        let is_sampled = since.is_some() || task.last_sample.is_none();
        let beat = Heartbeat {
            run: self.run,
            instance_id: self.instance_id.clone(),
            state,
            up: self.started.elapsed(),
            interval: self.interval,
            number: task.beats,
            report: self.report(&snapshot, since.as_ref()),
            since,
        };
        let store = self.database.store().await?;
        let reply = within(STATEMENT_DEADLINE, store.beat(&beat, task.orders.seen())).await;
        self.database.note_heartbeat(&reply);
        let reply = reply?;
        if is_sampled {
            task.last_sample = Some(snapshot);
        }
        Ok(reply)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            at: Instant::now(),
            cpu: self.gauge.read().sum,
            totals: self.traffic.totals(),
        }
    }

    /// The activity since the last sample. A heartbeat that only reports a new state is too early for a sample: its
    /// time is part of the next one.
    fn interval_since(
        &self,
        snapshot: &Snapshot,
        last: Option<&Snapshot>,
        state: InstanceState,
    ) -> Option<Interval> {
        let last = last?;
        let length = snapshot.at.saturating_duration_since(last.at);
        if length < self.interval / 2 && state != InstanceState::Gone {
            return None;
        }
        let requests = |totals: &Totals| totals.requests.iter().sum::<u64>();
        let cpu = snapshot.cpu.mean_since(last.cpu);
        Some(Interval {
            length,
            cpu_percent: cpu.unwrap_or_else(|| self.gauge.read().cpu_percent),
            requests: requests(&snapshot.totals).saturating_sub(requests(&last.totals)),
            latencies: snapshot.totals.latencies.since(&last.totals.latencies),
        })
    }

    fn report(&self, snapshot: &Snapshot, since: Option<&Interval>) -> Report {
        let reading = self.gauge.read();
        let summary = self.traffic.summary();
        let remaining = self.stress.remaining();
        Report {
            cpu_percent: since.map_or(reading.cpu_percent, |since| since.cpu_percent),
            memory_percent: reading.memory_percent,
            requests_per_second: summary.requests_per_second,
            latency: summary.latency,
            visits_recorded: self.visits.load(Ordering::Relaxed),
            stress_remaining_ms: remaining
                .map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            requests: snapshot.totals.requests,
            refused: snapshot.totals.refused,
            in_flight: self.traffic.in_flight(),
            latencies: snapshot.totals.latencies.clone(),
            latency_sum_us: snapshot.totals.latency_sum_us,
            process_cpu_ms: u64::try_from(reading.process_cpu.as_millis()).unwrap_or(u64::MAX),
            rss_bytes: reading.rss_bytes,
            threads: reading.threads as u64,
            connections: self.database.connections(),
            limits: self.rules.limits(),
            write_problem: self.database.refusal().map(str::to_owned),
        }
    }

    /// Reads the fleet commands between two heartbeats.
    async fn read_orders(&self, task: &mut TaskState) {
        let new_orders = async {
            let store = self.database.store().await?;
            within(STATEMENT_DEADLINE, store.orders(task.orders.seen())).await
        };
        match new_orders.await {
            Ok(new_orders) => task.orders.follow(new_orders).await,
            Err(error) => {
                tracing::debug!(%error, "fleet commands not read; the next heartbeat reads them");
            }
        }
    }

    async fn roll_up(&self) -> Result<(), Error> {
        let store = self.database.store().await?;
        for _ in 0..ROLL_UPS {
            if !within(STATEMENT_DEADLINE, store.roll_up()).await? {
                break;
            }
        }
        Ok(())
    }

    /// Warns if another process has this instance's name.
    async fn check_name(&self) -> Result<(), Error> {
        let store = self.database.store().await?;
        let check = store.has_namesake(&self.instance_id, self.run);
        if within(STATEMENT_DEADLINE, check).await? {
            let instance_id = &self.instance_id;
            tracing::warn!(
                instance_id,
                "another process has this instance's name, and the fleet shows only one of them: give each its own INSTANCE_ID"
            );
        }
        Ok(())
    }
}

impl TaskState {
    fn new(stress: Stress) -> Self {
        Self {
            beats: 0,
            name_checked: false,
            last_sample: None,
            orders: Orders::new(stress),
            heartbeat: FailureLog::new("heartbeat"),
            roll_up: FailureLog::new("roll-up"),
        }
    }
}

impl FailureLog {
    fn new(name: &'static str) -> Self {
        Self { name, fails: false }
    }

    /// Logs the first failure of a series, not every one.
    fn note_failure(&mut self, error: &Error) {
        if !self.fails {
            tracing::warn!(
                reason = error.with_cause(),
                "{} failed, trying again",
                self.name
            );
        }
        self.fails = true;
    }

    fn note_success(&mut self) {
        if self.fails {
            tracing::info!("{} works again", self.name);
        }
        self.fails = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::{Migrate, Target};

    #[tokio::test]
    async fn a_failed_heartbeat_only_delays_the_check_of_the_name() {
        let path = std::env::temp_dir().join(format!("heartbeats-{}.db", std::process::id()));
        let database = Database::new(&Target::Sqlite(path.clone()), 10, Migrate::Auto);
        database.clone().open(CancellationToken::new()).await;
        let stress = Stress::new(1.0, false);
        let mut heartbeats = HeartbeatTask {
            database: Database::new(&Target::NotConfigured, 10, Migrate::Auto),
            run: Run::new(Timestamp::now(), 1),
            instance_id: "one".to_owned(),
            started: Instant::now(),
            interval: Duration::from_secs(5),
            lifecycle: Lifecycle::default(),
            gauge: Gauge::default(),
            traffic: Arc::default(),
            visits: Arc::default(),
            stress: stress.clone(),
            rules: ShownRules::new(None, None),
            order_given: Arc::default(),
        };
        let mut task = TaskState::new(stress);
        let mut timer = time::interval(heartbeats.interval);
        for _ in 0..CHECKS_NAME {
            heartbeats
                .send_heartbeat(InstanceState::Live, &mut task, &mut timer)
                .await;
        }
        assert!(task.heartbeat.fails && !task.name_checked);
        heartbeats.database = database.clone();
        heartbeats
            .send_heartbeat(InstanceState::Live, &mut task, &mut timer)
            .await;
        assert!(!task.heartbeat.fails && task.name_checked);
        database.close().await;
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
