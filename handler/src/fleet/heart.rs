use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{Orders, Pulse};
use crate::domain::{Heartbeat, InstanceState, Limits, Report, Run, Stretch};
use crate::observe::cpu_and_memory::{CpuSum, Gauge};
use crate::observe::traffic::{Totals, Traffic};
use crate::store::{Database, Error, Reply, STATEMENT_DEADLINE, is_roll_up_due, within};
use crate::stress::Stress;

/// While the database is away the next attempt comes no later than this.
const RETRY: Duration = Duration::from_secs(1);
/// Roll-ups in a row; what is still left then waits for the next heartbeat, anybody's.
const ROLL_UPS: u32 = 3;
/// The first heartbeat after which an instance checks whether another one has its name. By then an earlier run of it
/// that crashed counts as lost.
const CHECKS_NAME: u64 = 5;

/// Tells the fleet of this instance with every heartbeat, and hears the orders to it.
#[derive(Debug)]
pub struct Heart {
    /// Where the fleet meets.
    pub database: Database,
    /// Which run of the instance this is.
    pub run: Run,
    /// The instance's name.
    pub instance_id: String,
    /// When the process began.
    pub started: Instant,
    /// Time between two heartbeats.
    pub interval: Duration,
    /// Where the instance is in its life.
    pub pulse: Pulse,
    /// CPU and memory.
    pub gauge: Gauge,
    /// Requests.
    pub traffic: Arc<Traffic>,
    /// Visits written.
    pub visits: Arc<AtomicU64>,
    /// The stress run.
    pub stress: Stress,
    /// What the rules in force allow.
    pub limits: Option<Limits>,
    /// Rung by whoever gave an order here, so that this instance need not wait for its next heartbeat.
    pub order_given: Arc<Notify>,
}

/// What the last heartbeat that was written with a sample knew.
#[derive(Debug)]
struct Mark {
    at: Instant,
    cpu: CpuSum,
    totals: Totals,
}

/// What a heart remembers from one heartbeat to the next.
#[derive(Debug)]
struct Memory {
    beats: u64,
    /// Whether the name has been checked.
    name_checked: bool,
    mark: Option<Mark>,
    orders: Orders,
    heartbeat: Concern,
    roll_up: Concern,
}

/// What may fail on its own, and is logged when that begins and when it ends.
#[derive(Debug)]
struct Concern {
    name: &'static str,
    fails: bool,
}

impl Heart {
    /// Sends heartbeats until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            // The fleet knows that this instance is gone, and no heartbeat follows that one.
            () = self.live() => stop.cancelled().await,
        }
    }

    async fn live(&self) {
        let mut memory = Memory::new(self.stress.clone());
        let mut states = self.pulse.states();
        // Before that there is nowhere to tell anything.
        self.database.ready().await;
        let mut turn = tokio::time::interval(self.interval);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = turn.tick() => {
                    // Nobody may ever ask; it could be asked.
                    if memory.mark.is_some() {
                        self.pulse.enter(InstanceState::Live);
                    }
                }
                Ok(()) = states.changed() => {}
                () = self.order_given.notified() => {
                    self.hear(&mut memory).await;
                    continue;
                }
            }
            let state = *states.borrow_and_update();
            self.turn(state, &mut memory, &mut turn).await;
            if state == InstanceState::Gone && !memory.heartbeat.fails {
                return;
            }
        }
    }

    /// A heartbeat, and what follows from it.
    async fn turn(&self, state: InstanceState, memory: &mut Memory, turn: &mut Interval) {
        let reply = match self.beat(state, memory).await {
            Ok(reply) => reply,
            Err(error) => {
                memory.heartbeat.note_failure(&error);
                turn.reset_after(self.interval.min(RETRY));
                return;
            }
        };
        memory.heartbeat.note_success();
        self.pulse.note_told(state);
        let now = reply.heard.now;
        memory.orders.follow(reply.heard).await;
        // Whoever is about to end leaves the rest to others.
        if state > InstanceState::Live {
            return;
        }
        if is_roll_up_due(now, reply.rolled_up, self.interval) {
            match self.roll_up().await {
                Ok(()) => memory.roll_up.note_success(),
                Err(error) => memory.roll_up.note_failure(&error),
            }
        }
        if memory.beats >= CHECKS_NAME && !memory.name_checked {
            memory.name_checked = self.check_name().await.is_ok();
        }
    }

    async fn beat(&self, state: InstanceState, memory: &mut Memory) -> Result<Reply, Error> {
        memory.beats += 1;
        let mark = self.mark();
        let since = self.stretch(&mark, memory.mark.as_ref(), state);
        let is_sampled = since.is_some() || memory.mark.is_none();
        let beat = Heartbeat {
            run: self.run,
            instance_id: self.instance_id.clone(),
            state,
            up: self.started.elapsed(),
            interval: self.interval,
            number: memory.beats,
            report: self.report(&mark, since.as_ref()),
            since,
        };
        let store = self.database.store().await?;
        let reply = within(STATEMENT_DEADLINE, store.beat(&beat, memory.orders.seen())).await?;
        if is_sampled {
            memory.mark = Some(mark);
        }
        Ok(reply)
    }

    fn mark(&self) -> Mark {
        Mark {
            at: Instant::now(),
            cpu: self.gauge.read().sum,
            totals: self.traffic.totals(),
        }
    }

    /// What happened since the last sample. A heartbeat out of turn, told for the state's sake, is too soon for one:
    /// what it would say will be part of the next.
    fn stretch(&self, mark: &Mark, last: Option<&Mark>, state: InstanceState) -> Option<Stretch> {
        let last = last?;
        let length = mark.at.saturating_duration_since(last.at);
        if length < self.interval / 2 && state != InstanceState::Gone {
            return None;
        }
        let requests = |totals: &Totals| totals.requests.iter().sum::<u64>();
        let cpu = mark.cpu.mean_since(last.cpu);
        Some(Stretch {
            length,
            cpu_percent: cpu.unwrap_or_else(|| self.gauge.read().cpu_percent),
            requests: requests(&mark.totals).saturating_sub(requests(&last.totals)),
            latencies: mark.totals.latencies.since(&last.totals.latencies),
        })
    }

    fn report(&self, mark: &Mark, since: Option<&Stretch>) -> Report {
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
            requests: mark.totals.requests,
            refused: mark.totals.refused,
            in_flight: self.traffic.in_flight(),
            latencies: mark.totals.latencies.clone(),
            latency_sum_us: mark.totals.latency_sum_us,
            process_cpu_ms: u64::try_from(reading.process_cpu.as_millis()).unwrap_or(u64::MAX),
            rss_bytes: reading.rss_bytes,
            threads: reading.threads as u64,
            connections: self.database.connections(),
            limits: self.limits,
        }
    }

    /// Looks at the orders between two heartbeats.
    async fn hear(&self, memory: &mut Memory) {
        let heard = async {
            let store = self.database.store().await?;
            within(STATEMENT_DEADLINE, store.orders(memory.orders.seen())).await
        };
        match heard.await {
            Ok(heard) => memory.orders.follow(heard).await,
            Err(error) => tracing::debug!(%error, "orders not read; the next heartbeat tells them"),
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

impl Memory {
    fn new(stress: Stress) -> Self {
        Self {
            beats: 0,
            name_checked: false,
            mark: None,
            orders: Orders::new(stress),
            heartbeat: Concern::new("heartbeat"),
            roll_up: Concern::new("roll-up"),
        }
    }
}

impl Concern {
    fn new(name: &'static str) -> Self {
        Self { name, fails: false }
    }

    /// Logs the first failure, not every one.
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
    use crate::domain::Moment;
    use crate::store::{Migrate, Target};

    #[tokio::test]
    async fn a_failed_heartbeat_only_delays_the_check_of_the_name() {
        let path = std::env::temp_dir().join(format!("heartbeats-{}.db", std::process::id()));
        let database = Database::new(&Target::Sqlite(path.clone()), 10, Migrate::Auto);
        database.clone().open(CancellationToken::new()).await;
        let stress = Stress::new(1.0, false);
        let mut heart = Heart {
            database: Database::new(&Target::NotConfigured, 10, Migrate::Auto),
            run: Run::new(Moment::now(), 1),
            instance_id: "one".to_owned(),
            started: Instant::now(),
            interval: Duration::from_secs(5),
            pulse: Pulse::default(),
            gauge: Gauge::default(),
            traffic: Arc::default(),
            visits: Arc::default(),
            stress: stress.clone(),
            limits: None,
            order_given: Arc::default(),
        };
        let mut memory = Memory::new(stress);
        let mut turn = tokio::time::interval(heart.interval);
        for _ in 0..CHECKS_NAME {
            heart
                .turn(InstanceState::Live, &mut memory, &mut turn)
                .await;
        }
        assert!(memory.heartbeat.fails && !memory.name_checked);
        heart.database = database.clone();
        heart
            .turn(InstanceState::Live, &mut memory, &mut turn)
            .await;
        assert!(!memory.heartbeat.fails && memory.name_checked);
        database.close().await;
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
