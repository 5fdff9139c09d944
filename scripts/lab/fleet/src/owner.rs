//! The task that owns the fleet. Only this task changes it. [`site`] has its work on Elastic Premium, and [`apply`] changes
//! the rules.

mod apply;
mod site;

use std::sync::Arc;
use std::time::Duration;

use functions_host::{
    App, Calendar, Console, Ending, Grace, Pace, Plan, Recent, Totals, timestamp,
};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::clock::{Clock, wall};
use super::elastic_premium::Site;
use super::fixtures::Fixtures;
use super::instances::Instances;
use super::live;
use super::member::Report;
use super::record::Record;
use super::scaler::{self, Scaler};
use super::snapshot::{ActiveRules, Constants, CpuLimit, Sample, Snapshot, rounded};
use super::timeline::Second;
use super::{Command, Ends, KillOutcome};

const SECOND: Duration = Duration::from_secs(1);
const AZURE_MINUTE: Duration = Duration::from_secs(60);
/// How long ended instances stay listed, in Azure time.
const LISTED: Duration = Duration::from_secs(10 * 60);

/// The owner of the fleet: the only task that changes it.
pub struct Owner {
    clock: Clock,
    wanted: u32,
    /// On Elastic Premium, the site and not the scaler determines the number of instances.
    site: Option<Site>,
    instances: Instances,
    scaler: Scaler,
    record: Record,
    commands: mpsc::Receiver<Command>,
    reports: mpsc::Receiver<Report>,
    constants: Arc<Constants>,
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
    console: Console,
    /// Whether the status line is shown.
    watched: bool,
    /// The active rules, for the handlers.
    rules_file: NamedTempFile,
    app: Arc<App>,
    recent: Recent,
    pace: Pace,
    /// Counts at the end of the last Azure minute.
    totals: Totals,
    /// Counts at the end of the last second.
    second_totals: Totals,
    /// The last beat of each clock: a second, an Azure minute, an evaluation.
    second: Instant,
    minute: u32,
    evaluation: u32,
}

impl Owner {
    /// The owner of a fleet that is still empty. Its clock starts now.
    pub fn new(fixtures: Fixtures, ends: Ends, app: Arc<App>, mut plan: Plan) -> Self {
        for (name, value) in fixtures.variables() {
            plan.set(name, value);
        }
        let Fixtures {
            options,
            share,
            events,
            rules: rules_file,
            ..
        } = fixtures;
        let clock = Clock::start(options.time_scale, options.calendar.start);
        let (name, value) = clock.variable();
        plan.set(name, value);
        let console = app.console.clone();
        let (single, site) = (options.single(), options.site());
        let most_instances = share.most_instances(options.setting.maximum());
        let scaler = Scaler::new(
            options.setting,
            options.replayed,
            options.metric_lag,
            clock.calendar(Duration::ZERO).unix_timestamp(),
        );
        let constants = Constants {
            plan: options.plan,
            time_scale: options.time_scale,
            started_at: timestamp(clock.started_at),
            evaluate: options.evaluate,
            metric_lag: options.metric_lag,
            provision: options.provision,
            prewarmed_seconds: site.as_ref().map(|site| site.prewarmed().as_secs_f64()),
            rules: ActiveRules::of(&scaler),
            most_instances,
            single,
            cpu_limit: CpuLimit {
                cpus: share.cpus,
                enforced: share.enforced(),
                how: share.how(),
            },
            clock,
        };
        // More reports than the instances can send while the owner is busy.
        let (reporters, reports) = mpsc::channel(64);
        let seen = console.terminal && !single;
        Self {
            watched: seen,
            rules_file,
            console: console.clone(),
            clock,
            wanted: site
                .as_ref()
                .map_or(scaler.profile().capacity.default, Site::count),
            site,
            instances: Instances::new(
                Arc::clone(&app),
                plan,
                share,
                single,
                ends.backends,
                reporters,
            ),
            scaler,
            record: Record::new(clock, console, events, single),
            commands: ends.commands,
            reports,
            constants: Arc::new(constants),
            snapshot: ends.snapshot,
            totals: app.traffic.totals(),
            second_totals: app.traffic.totals(),
            app,
            recent: Recent::default(),
            pace: Pace::default(),
            second: Instant::now(),
            minute: 0,
            evaluation: 0,
        }
    }

    /// The clock for the timers of functions.
    pub fn calendar(&self) -> Arc<dyn Calendar> {
        Arc::new(self.clock)
    }

    /// Runs the fleet until it is told to stop or must end.
    pub async fn run(mut self) -> Ending {
        let now = Instant::now();
        self.instances.resize(self.wanted, now, now);
        let (ending, grace) = loop {
            self.advance(Instant::now());
            let due = self.due();
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(Command::Kill(id, reply)) => {
                        let _ = reply.send(self.kill(&id));
                    }
                    Some(Command::Pause(paused, reply)) => {
                        self.pause(paused);
                        let _ = reply.send(());
                    }
                    Some(Command::Timeline(minutes, reply)) => {
                        let _ = reply.send(self.record.timeline.view(minutes));
                    }
                    Some(Command::Configure(change, reply)) => {
                        let _ = reply.send(self.configure(change, Instant::now()));
                    }
                    Some(Command::Apply(setting, reply)) => {
                        let _ = reply.send(self.apply(setting));
                    }
                    Some(Command::Stop(grace)) => break (Ending::Stopped, grace),
                    None => break (Ending::Stopped, Grace::Kill),
                },
                Some(report) = self.reports.recv() => {
                    if let Some(ending) = self.instances.take(report, self.wanted, Instant::now()) {
                        break (ending, Grace::Kill);
                    }
                }
                () = tokio::time::sleep_until(due) => {}
            }
        };
        self.shut_down(grace).await;
        ending
    }

    async fn shut_down(mut self, grace: Grace) {
        self.watched = false;
        self.console.status(String::new());
        self.instances.stop(grace, Instant::now());
        while !self.instances.gone() {
            tokio::select! {
                Some(command) = self.commands.recv() => match command {
                    Command::Stop(grace) => self.instances.stop(grace, Instant::now()),
                    Command::Kill(_, reply) => drop(reply.send(KillOutcome::NotRunning)),
                    Command::Pause(_, reply) => drop(reply.send(())),
                    // Their senders are notified that the fleet has ended.
                    Command::Configure(..) | Command::Timeline(..) | Command::Apply(..) => {}
                },
                Some(report) = self.reports.recv() => {
                    // An instance that ends now is not replaced.
                    self.instances.take(report, 0, Instant::now());
                }
            }
            self.publish();
        }
        self.instances.cleared().await;
        self.record.close();
    }

    fn kill(&mut self, id: &str) -> KillOutcome {
        let outcome = self.instances.kill(id);
        if outcome == KillOutcome::Killed {
            let text = format!("{id} is killed on request");
            self.record
                .ordered("kill", &text, &json!({ "instance": id }));
        }
        outcome
    }

    fn pause(&mut self, paused: bool) {
        if self.scaler.paused == paused {
            return;
        }
        self.scaler.paused = paused;
        let (name, text) = if paused {
            ("pause", "the autoscaler is paused")
        } else {
            ("resume", "the autoscaler has resumed")
        };
        self.record.ordered(name, text, &json!({}));
    }

    fn due(&self) -> Instant {
        let minute = self.clock.instant(AZURE_MINUTE * (self.minute + 1));
        let evaluation = self.constants.evaluate * (self.evaluation + 1);
        let restart = self.site.as_ref().and_then(Site::due);
        let next = [self.second + SECOND, minute, self.clock.instant(evaluation)];
        next.into_iter()
            .chain(self.instances.due())
            .chain(restart.map(|at| self.clock.instant(at)))
            .min()
            .expect("there are three")
    }

    /// Does what is due, and publishes the result.
    fn advance(&mut self, now: Instant) {
        self.instances.advance(now);
        let azure = self.clock.azure(now);
        // Beats that were missed because the machine slept or this process was stopped are not repeated. The sample
        // of the last minute is the average since the previous one, and there is one evaluation.
        self.restart_if_due(azure);
        let minute = beats(azure, AZURE_MINUTE);
        if minute > self.minute {
            self.minute = minute;
            self.sample(AZURE_MINUTE * minute, now);
        }
        let evaluation = beats(azure, self.constants.evaluate);
        if evaluation > self.evaluation {
            self.evaluation = evaluation;
            self.evaluate(self.constants.evaluate * evaluation, now);
        }
        if now - self.second >= SECOND {
            self.instances.measure(now);
            self.instances.take_second();
            self.close_second(now);
            self.follow_events(now);
            if let Some(before) = now.checked_sub(LISTED.div_f64(self.clock.scale)) {
                self.instances.forget(before);
            }
        }
        self.publish();
    }

    /// Completes a real second.
    fn close_second(&mut self, now: Instant) {
        let span = now - self.second;
        self.second = now;
        self.recent.advance(&self.app.traffic, span);
        self.pace = self.recent.pace();
        let totals = self.app.traffic.totals();
        let (requests, _) = totals.since(self.second_totals);
        self.second_totals = totals;
        self.record.timeline.passed(&Second {
            at: wall(now),
            ready: self.instances.ready(),
            cpu: self.instances.cpu_percent(),
            requests,
            span: span.as_secs_f64(),
            latency_ms: self.pace.latency_ms,
        });
    }

    /// Completes an Azure minute.
    fn sample(&mut self, end: Duration, now: Instant) {
        self.instances.measure(now);
        let used = self.instances.take_minute();
        let cpus = self.instances.share.cpus;
        let instances: Vec<_> = used.iter().map(|(_, used)| *used).collect();
        let minute = scaler::minute(end, &instances, cpus);
        let load_percent = self.load_percent(&instances, end);
        let totals = self.app.traffic.totals();
        let (requests, latency_ms) = totals.since(self.totals);
        self.totals = totals;
        let percent =
            |(id, used): (String, super::meter::Use)| Some((id, rounded(used.percent(cpus)?)));
        let sample = Sample {
            azure_seconds: end.as_secs_f64(),
            at: timestamp(wall(now)),
            cpu_percent: minute.map(|minute| rounded(minute.average)),
            ready: self.instances.ready(),
            count: self.wanted,
            per_instance: used.into_iter().filter_map(percent).collect(),
            requests,
            latency_ms: latency_ms.map(|latency| (latency * 100.0).round() / 100.0),
            load_percent,
        };
        self.record.sampled(end, sample);
        if let Some(minute) = minute {
            self.scaler.sample(minute);
        }
    }

    fn evaluate(&mut self, at: Duration, now: Instant) {
        if self.scaler.paused {
            return;
        }
        let from = self.wanted;
        if self
            .scaler
            .follow_calendar(self.clock.calendar(at).unix_timestamp())
        {
            Arc::make_mut(&mut self.constants).rules = ActiveRules::of(&self.scaler);
        }
        if self.site.is_some() {
            return;
        }
        let decision = self.scaler.evaluate(from, at);
        let rules = (self.scaler.profile(), &*self.scaler.setting);
        self.record.decided(rules, &decision, from, at);
        if decision.to != from {
            self.wanted = decision.to;
            let traffic_from = self.clock.instant(at + self.constants.provision);
            self.instances.resize(decision.to, traffic_from, now);
        }
    }

    /// Publishes events and the current state.
    fn publish(&mut self) {
        let ready = self.instances.ready();
        for event in std::mem::take(&mut self.instances.pending_events) {
            self.record.happened(event, self.wanted, ready);
        }
        let snapshot = Snapshot {
            constants: Arc::clone(&self.constants),
            paused: self.scaler.paused,
            site: self.site.as_ref().map(Site::view),
            count: self.wanted,
            ready,
            instances: self.instances.views(),
            metric: self.record.metric.clone(),
            last_decision: self.record.last_decision.clone(),
            actions: self.record.actions.clone(),
            samples: self.record.samples.clone(),
            latency_ms: self.pace.latency_ms,
            requests_per_second: rounded(self.pace.requests_per_second),
        };
        if self.watched {
            let thresholds = live::thresholds(&self.scaler);
            let left = self.scaler.cooldown_left(self.clock.azure(Instant::now()));
            self.console
                .status(live::line(&snapshot, &thresholds, left));
        }
        self.snapshot.send_replace(Some(Arc::new(snapshot)));
    }
}

/// The number of whole periods that have passed.
fn beats(passed: Duration, period: Duration) -> u32 {
    // One microsecond more, for a timer that fires exactly on time.
    let passed = passed + Duration::from_nanos(1_000);
    u32::try_from(passed.as_nanos() / period.as_nanos().max(1)).unwrap_or(u32::MAX)
}
