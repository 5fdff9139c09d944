//! The instances: starts, replaces, drains, and removes them, and puts them into service. Only the fleet's owner task
//! changes them.

use std::sync::Arc;
use std::time::Duration;

use functions_host::{
    App, Backend, BackendSet, CRASH_LIMIT, Ending, Grace, Instance, Plan, Worker,
};
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::KillOutcome;
use super::member::{LifecycleChange, LifecycleEvent, Member, News, Report, Stage, attend};
use super::share::Share;
use super::snapshot::InstanceView;

/// How long before the end of an instance's provisioning its process is started, so that it is ready by then.
const START_AHEAD: Duration = Duration::from_secs(2);
/// The longest time of a request, after which Azure's front end gives up (Azure Functions documentation, "Function
/// app timeout duration").
const DRAIN: Duration = Duration::from_secs(230);
/// The time from SIGTERM to SIGKILL when an instance is removed.
const TERMINATION: Duration = Duration::from_secs(10);
/// The longest of the pauses (1 s, 2 s, 4 s, and so on) before an ended instance is replaced.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The number of ended instances that always stay listed.
const ENDED_KEPT: usize = 50;

pub(super) struct Instances {
    app: Arc<App>,
    /// The plan of every instance.
    plan: Plan,
    pub(super) share: Share,
    /// Whether there is never more than one instance. In that case the host's own rules restart its handler.
    single: bool,
    backends: watch::Sender<BackendSet>,
    reports: mpsc::Sender<Report>,
    tasks: TaskTracker,
    /// Ends the wait for draining instances.
    stopping: CancellationToken,
    pub(super) members: Vec<Member>,
    any_was_ready: bool,
    early_deaths: u32,
    pub(super) pending_events: Vec<LifecycleEvent>,
}

impl Instances {
    pub(super) fn new(
        app: Arc<App>,
        plan: Plan,
        share: Share,
        single: bool,
        backends: watch::Sender<BackendSet>,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self {
            app,
            plan,
            share,
            single,
            backends,
            reports,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            members: Vec::new(),
            any_was_ready: false,
            early_deaths: 0,
            pending_events: Vec::new(),
        }
    }

    /// The instances that count towards the wanted number: those that neither drain nor have ended.
    fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.counts())
    }

    pub(super) fn ready(&self) -> usize {
        self.members.iter().filter(|member| member.ready()).count()
    }

    pub(super) fn views(&self) -> Vec<InstanceView> {
        self.members.iter().map(Member::view).collect()
    }

    /// When the next action is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.members.iter().filter_map(Member::due).min()
    }

    /// Starts or removes instances until there are `wanted`. New instances get no requests before `traffic_from`.
    pub(super) fn resize(&mut self, wanted: u32, traffic_from: Instant, now: Instant) {
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let start = traffic_from
            .checked_sub(START_AHEAD)
            .map_or(now, |start| start.max(now));
        for _ in self.active().count()..wanted {
            self.members.push(Member::new(start, traffic_from, 0));
        }
        let mut places: Vec<usize> = (0..self.members.len())
            .filter(|place| self.members[*place].counts())
            .collect();
        places.sort_by_key(|place| self.members[*place].removal_order(*place));
        let surplus = places.len().saturating_sub(wanted);
        for place in places.into_iter().take(surplus) {
            self.remove(place, now);
        }
        self.advance(now);
    }

    /// Removes an instance: it gets no new requests, completes those in flight, and stops.
    fn remove(&mut self, place: usize, now: Instant) {
        let counter = self.counter(place, &self.counters());
        let member = &mut self.members[place];
        let Some(instance) = member.instance().cloned() else {
            member.end(now, "no longer needed".to_owned());
            self.happened(place, LifecycleChange::Ended);
            return;
        };
        if member.ready() {
            member.meter.stop(now, counter);
        }
        member.stage = Stage::Draining(instance.clone());
        let load = Arc::clone(&member.load);
        self.happened(place, LifecycleChange::Draining);
        // This is before the wait for the last request, so that no further request begins.
        self.publish_backends();
        let stopping = self.stopping.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                // In that case the fleet stops all its instances.
                () = stopping.cancelled() => return,
                _ = tokio::time::timeout(DRAIN, load.drained()) => {}
            }
            instance.stop(Grace::Term(TERMINATION)).await;
        });
    }

    /// Does what is due: starts processes, and puts ready instances into service.
    pub(super) fn advance(&mut self, now: Instant) {
        for place in 0..self.members.len() {
            let due = self.members[place].due().is_some_and(|due| due <= now);
            match &self.members[place].stage {
                Stage::Awaited { .. } if due => self.start(place),
                Stage::Provisioning(instance, worker) if due => {
                    let (instance, worker) = (instance.clone(), Arc::clone(worker));
                    self.serve(place, instance, worker, now);
                }
                _ => {}
            }
        }
    }

    fn start(&mut self, place: usize) {
        let member = &mut self.members[place];
        let id = member.id().to_owned();
        member.group = self.share.group(&id).unwrap_or_else(|error| {
            self.app.console.error(format_args!(
                "{id} runs without a CPU limit, because its control group cannot be created: {error}"
            ));
            None
        });
        let mut plan = self.plan.clone();
        let console = if self.single {
            self.app.console.clone()
        } else {
            self.app.console.about(&id)
        };
        plan.crash_limit = if self.single { CRASH_LIMIT } else { 1 };
        plan.groups = member
            .group
            .as_ref()
            .map(|group| group.folders.clone())
            .unwrap_or_default();
        plan.set("INSTANCE_ID", id);
        let instance = Instance::launch(plan, console);
        self.tasks.spawn(attend(
            instance.clone(),
            Arc::clone(&member.load),
            Arc::clone(&self.app),
            !self.single,
            self.reports.clone(),
        ));
        member.stage = Stage::Starting(instance);
        member.started_at = OffsetDateTime::now_utc();
        self.happened(place, LifecycleChange::Started);
    }

    /// Handles an instance's report. Returns an ending if the whole fleet must end.
    pub(super) fn take(&mut self, report: Report, wanted: u32, now: Instant) -> Option<Ending> {
        let place = self
            .members
            .iter()
            .position(|member| member.id() == report.id)?;
        match report.news {
            News::Serves(worker) => self.serves(place, worker, now),
            News::Away => self.away(place, now),
            News::Ended(ending) => return self.ended(place, ending, wanted, now),
        }
        None
    }

    fn serves(&mut self, place: usize, worker: Arc<Worker>, now: Instant) {
        let member = &mut self.members[place];
        if member.process.is_some() {
            member.restarts += 1;
        }
        member.process = u32::try_from(worker.process).ok();
        let Some(instance) = member.instance().cloned() else {
            return;
        };
        match member.stage {
            Stage::Draining(_) => {}
            _ if now < member.traffic_from => member.stage = Stage::Provisioning(instance, worker),
            _ => self.serve(place, instance, worker, now),
        }
    }

    fn serve(&mut self, place: usize, instance: Instance, worker: Arc<Worker>, now: Instant) {
        let counter = self.counter(place, &self.counters());
        let member = &mut self.members[place];
        let process = member.process.unwrap_or_default();
        let backend = Backend::new(Arc::clone(&member.load), worker);
        member.stage = Stage::Ready(instance, backend);
        member.meter.start(now, counter);
        member.ready_since = Some(now);
        member.ready_at.get_or_insert_with(OffsetDateTime::now_utc);
        self.any_was_ready = true;
        self.happened(place, LifecycleChange::Ready { process });
        self.publish_backends();
    }

    fn away(&mut self, place: usize, now: Instant) {
        let counter = self.counter(place, &self.counters());
        let member = &mut self.members[place];
        match &member.stage {
            Stage::Ready(instance, _) => {
                let instance = instance.clone();
                member.meter.stop(now, counter);
                member.stage = Stage::Restarting(instance);
                member.cpu_percent = None;
                self.happened(place, LifecycleChange::Away);
                self.publish_backends();
            }
            Stage::Provisioning(instance, _) => member.stage = Stage::Starting(instance.clone()),
            _ => {}
        }
    }

    fn ended(&mut self, place: usize, ending: Ending, wanted: u32, now: Instant) -> Option<Ending> {
        // This is rare: its last report was that no process responds.
        self.away(place, now);
        let member = &mut self.members[place];
        if let Some(group) = member.group.take() {
            self.tasks.spawn(group.remove());
        }
        let draining = matches!(member.stage, Stage::Draining(_));
        let reason = match &ending {
            Ending::Stopped if draining => "scaled in".to_owned(),
            Ending::Stopped => "stopped".to_owned(),
            Ending::Crashed(reason) => reason.clone(),
        };
        let proved = member.proved(now);
        let (deaths, traffic_from) = (member.deaths, member.traffic_from);
        member.end(now, reason.clone());
        if draining || ending == Ending::Stopped {
            self.happened(place, LifecycleChange::Ended);
            return None;
        }
        if !self.any_was_ready {
            self.early_deaths += 1;
        }
        let hopeless = !self.any_was_ready && self.early_deaths >= CRASH_LIMIT;
        if self.single || hopeless {
            let pause = None;
            self.happened(place, LifecycleChange::Died { reason, pause });
            return Some(ending);
        }
        let deaths = if proved { 1 } else { deaths + 1 };
        let missing = self.active().count() < usize::try_from(wanted).unwrap_or(usize::MAX);
        let pause = missing.then(|| pause_before_replacing(deaths));
        if let Some(pause) = pause {
            let start = now + pause;
            self.members
                .push(Member::new(start, traffic_from.max(start), deaths));
        }
        self.happened(place, LifecycleChange::Died { reason, pause });
        None
    }

    /// Publishes the processes that take requests to the balancer.
    fn publish_backends(&self) {
        let backends = self
            .members
            .iter()
            .filter_map(|member| match &member.stage {
                Stage::Ready(_, backend) => Some(Arc::clone(backend)),
                _ => None,
            });
        self.backends
            .send_replace(BackendSet::Open(backends.collect()));
    }

    fn happened(&mut self, place: usize, what: LifecycleChange) {
        let id = self.members[place].id().to_owned();
        self.pending_events.push(LifecycleEvent { id, what });
    }

    pub(super) fn kill(&self, id: &str) -> KillOutcome {
        match self.members.iter().find(|member| member.id() == id) {
            None => KillOutcome::Unknown,
            Some(member) => match member.instance() {
                Some(instance) if instance.kill() => KillOutcome::Killed,
                _ => KillOutcome::NotRunning,
            },
        }
    }

    /// Restarts the process of every instance that has one, all at once. Returns the number of requests in flight,
    /// which fail.
    pub(super) fn restart(&mut self) -> u32 {
        let mut in_flight = 0;
        for member in &self.members {
            let worker = match &member.stage {
                Stage::Ready(_, backend) => &backend.worker,
                Stage::Provisioning(_, worker) => worker,
                _ => continue,
            };
            in_flight += member.load.outstanding();
            worker.restart("The platform restarts the app after a change of its configuration");
        }
        in_flight
    }

    /// Removes instances from the list that ended before this moment, except for the last ones.
    pub(super) fn forget(&mut self, before: Instant) {
        let ended = self.members.iter().filter(|member| member.exited()).count();
        let mut surplus = ended.saturating_sub(ENDED_KEPT);
        self.members.retain(|member| {
            let forgotten = surplus > 0 && member.ended.is_some_and(|at| at < before);
            surplus -= usize::from(forgotten);
            !forgotten
        });
    }

    /// Stops every instance.
    pub(super) fn stop(&mut self, grace: Grace, now: Instant) {
        self.stopping.cancel();
        self.backends.send_replace(BackendSet::Closed);
        for place in 0..self.members.len() {
            if let Some(instance) = self.members[place].instance().cloned() {
                self.tasks.spawn(async move { instance.stop(grace).await });
            } else if !self.members[place].exited() {
                self.members[place].end(now, "stopped".to_owned());
            }
        }
    }

    pub(super) fn gone(&self) -> bool {
        self.members.iter().all(Member::exited)
    }

    /// Waits until all parts of the instances have been removed, including their control groups.
    pub(super) async fn cleared(self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn pause_before_replacing(deaths: u32) -> Duration {
    let doubled = 1_u64
        .checked_shl(deaths.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Duration::from_secs(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let seconds: Vec<u64> = (1..=8)
            .map(|deaths| pause_before_replacing(deaths).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(pause_before_replacing(200), LONGEST_PAUSE);
    }
}
