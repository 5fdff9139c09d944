//! A load on a target, from the first request to the record of the run.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use bytes::Bytes;
use http::{Request, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Reply};
use super::connection::Route;
use super::custom_request::describe;
use super::duration;
use super::failure::Failure;
use super::fleet::Fleet;
use super::generator::{HEAD_START, Progress, Settings, generate};
use super::mix::{Key, Kind, Mix};
use super::poller::{LAB_FLEET, Poller};
use super::request::{get, post};
use super::schedule::Schedule;
use super::target::{Target, advice, is_this_machine};
use super::workload::Workload;
use run_record::{Expectation, Run};

/// A stress run that every app refuses, so that nothing happens if no key is required.
const NO_STRESS: &str = r#"{"duration":-1,"wait":false}"#;
/// The most bytes of a response of any app. They are counted but not stored.
const LARGEST_BODY: u64 = 100 * 1024 * 1024;
/// How long reading the fleet's state may take. The load does not wait for it.
const FLEET_TIMEOUT: Duration = Duration::from_secs(5);
/// The notes for a fleet that is not known.
const UNLISTED_BY_APP: &str = "The target did not list its instances (GET /api/instances), so only x-instance-id was counted.";
const UNLISTED: &str = "The target doesn't tell the number and CPU of its instances: it isn't lab up, or FUNCTIONS_KEY isn't its master key.";
/// Clocks with a smaller difference count as equal, because a Date header has whole seconds.
const SAME_CLOCK: Duration = Duration::from_secs(3);

/// The requests of the load.
#[derive(Clone, Debug)]
pub enum Content {
    /// The endpoints of Elastic Visits.
    Visits(Mix),
    /// One request of any app, including its key.
    Custom(Box<Request<Bytes>>),
}

/// A load and its target.
#[derive(Clone, Debug)]
pub struct LoadTest {
    /// The app.
    pub target: Target,
    /// When requests start.
    pub schedule: Schedule,
    /// What is requested.
    pub content: Content,
    /// The key, for an app that requires one.
    pub key: Option<Key>,
    /// How long a response may take.
    pub timeout: Duration,
    /// The most requests in flight at a time.
    pub max_in_flight: usize,
    /// Threads that send.
    pub threads: usize,
    /// PEM certificates to trust in addition to the usual ones.
    pub cacert: Option<PathBuf>,
}

impl LoadTest {
    /// A load test with the default limits.
    pub fn new(target: Target, schedule: Schedule, mix: Mix) -> Self {
        Self {
            target,
            schedule,
            content: Content::Visits(mix),
            key: None,
            timeout: Duration::from_secs(30),
            max_in_flight: 2_000,
            threads: usual_threads(),
            cacert: None,
        }
    }

    /// Connects to the target, determines whether it requires a key, and reads the state of its fleet.
    ///
    /// # Errors
    /// One sentence for the user if it does not respond, or if nothing is left to send.
    pub async fn connect(mut self) -> anyhow::Result<Connected> {
        let addresses = self.target.addresses().await?;
        let first = match &self.content {
            Content::Visits(_) => get(&self.target, Kind::Metrics.path()),
            Content::Custom(_) => self.lab_request(),
        };
        let (route, first) = self.first_response(&addresses, &first).await?;
        let mut notes = self.target.remarks.clone();
        if self.key.is_some() && !self.target.secure && !is_this_machine(&addresses) {
            notes.push(format!(
                "The key goes to {} without encryption.",
                self.target
            ));
        }
        if let Content::Visits(mix) = &self.content {
            let mix = self.possible(mix, &route, &first, &mut notes).await?;
            self.content = Content::Visits(mix);
        }
        let clock = first.date().map_or(time::Duration::ZERO, clock_difference);
        if !clock.is_zero() {
            notes.push(format!(
                "This machine's clock is {} {} the target's; the times of this run are the target's.",
                duration::describe(clock.unsigned_abs()),
                if clock.is_negative() { "ahead of" } else { "behind" }
            ));
        }
        let mut fleet_route = route.clone();
        fleet_route.timeout = FLEET_TIMEOUT;
        let (lab, app) = match &self.content {
            Content::Visits(_) => {
                let app = get(&self.target, "/api/instances");
                (get(&self.target, LAB_FLEET), Some(app))
            }
            Content::Custom(_) => (self.lab_request(), None),
        };
        let mut poller = Poller::new(Client::new(fleet_route), lab, app);
        let progress = watch::Sender::new(Progress::default());
        let fleet = watch::Sender::new(Fleet::default());
        poller.poll(Instant::now(), &progress, &fleet).await;
        Ok(Connected {
            test: self,
            route,
            notes,
            clock,
            poller,
            progress,
            fleet,
        })
    }

    /// Requests the fleet of `lab up`, with a key because it may require the master key. No function of any app has
    /// this path, so the request has no effect on another server.
    fn lab_request(&self) -> Request<Bytes> {
        let mut request = get(&self.target, LAB_FLEET);
        let key = self.key.as_ref().map(Key::header);
        request.headers_mut().extend(key);
        request
    }

    /// The part of the mix that Elastic Visits accepts, according to its first response and one about stress.
    async fn possible(
        &self,
        mix: &Mix,
        route: &Route,
        first: &Reply,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Mix> {
        let status = first.status();
        if status.is_redirection() {
            let to = first.head.location.as_deref();
            bail!(
                "{} returns {} and redirects to {}; redirects are not followed, so give that address",
                self.target,
                status.as_u16(),
                to.unwrap_or("another address")
            );
        }
        let is_ours = serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(&first.body);
        if !status.is_success() || is_ours.is_err() {
            notes.push(format!(
                "GET {} was answered {}{} before the load: is this Elastic Visits? To load another app, give a path of it \
                 with --path.",
                self.target.path(Kind::Metrics.path()),
                status.as_u16(),
                if status.is_success() { " without a JSON object" } else { "" }
            ));
        }
        if !mix.has(Kind::Stress) || !self.refuses_stress(route).await {
            return Ok(mix.clone());
        }
        let why = if self.key.is_some() {
            "the key was refused"
        } else {
            "the app requires a key and there is none (FUNCTIONS_KEY)"
        };
        let rest = mix.without(Kind::Stress);
        let rest =
            rest.ok_or_else(|| anyhow!("nothing can be sent: {why}, and the mix has stress only"))?;
        notes.push(format!(
            "The stress share was skipped, the others took its place: {why}."
        ));
        Ok(rest)
    }

    /// The first successful response of any of the addresses.
    async fn first_response(
        &self,
        addresses: &[SocketAddr],
        request: &Request<Bytes>,
    ) -> anyhow::Result<(Route, Reply)> {
        let mut failed = None;
        for address in addresses {
            let cacert = self.cacert.as_deref();
            let route = Route::new(&self.target, vec![*address], cacert, self.timeout)?;
            match Client::new(route.clone()).send(request).await {
                Ok(reply) => return Ok((route, reply)),
                Err(reason) => failed = Some(reason),
            }
        }
        let (failure, reason) = failed.expect("there is an address");
        let advice = match failure {
            Failure::Tls => "if its certificate is your own, name the CA's file with --cacert",
            Failure::NotHttp => "is it http:// or https://?",
            _ => advice(addresses),
        };
        bail!("{} cannot be loaded: {reason}; {advice}", self.target)
    }

    async fn refuses_stress(&self, route: &Route) -> bool {
        let mut request = post(&self.target, Kind::Stress.path(), NO_STRESS);
        let key = self.key.as_ref().map(Key::header);
        request.headers_mut().extend(key);
        let reply = Client::new(route.clone()).send(&request).await;
        let refusals = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        reply.is_ok_and(|reply| refusals.contains(&reply.status()))
    }
}

/// How far the target's clock is ahead of this machine's; zero if they may be equal.
fn clock_difference(date: OffsetDateTime) -> time::Duration {
    let difference = date - OffsetDateTime::now_utc();
    if difference.unsigned_abs() < SAME_CLOCK {
        return time::Duration::ZERO;
    }
    difference
}

/// Half of the CPUs, because the target may run on the same machine.
pub(super) fn usual_threads() -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (cpus / 2).clamp(1, 4)
}

/// A target that has responded.
pub struct Connected {
    test: LoadTest,
    route: Route,
    notes: Vec<String>,
    /// How far the target's clock is ahead of this machine's.
    clock: time::Duration,
    poller: Poller,
    progress: watch::Sender<Progress>,
    fleet: watch::Sender<Fleet>,
}

impl Connected {
    /// The notes so far. They later become part of the record.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The progress of the load.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// The last known state of the fleet, before and during the load.
    pub fn fleet(&self) -> watch::Receiver<Fleet> {
        self.fleet.subscribe()
    }

    /// Runs the load and follows the fleet, until the schedule ends or `stop` is cancelled. The record has no verdict
    /// yet.
    ///
    /// # Errors
    /// When a worker cannot be started, or fails.
    pub async fn run(self, stop: &CancellationToken) -> anyhow::Result<Finished> {
        let test = self.test;
        let settings = Settings {
            schedule: test.schedule.clone(),
            threads: test.threads.max(1),
            max_in_flight: test.max_in_flight.max(1),
            warm_up: Duration::ZERO,
        };
        let (workload, plan, unlisted) = match test.content {
            Content::Visits(mix) => {
                let plan = format!("Mix: {}", mix.describe());
                let key = test.key.as_ref();
                let workload = Workload::of_app(&test.target, self.route, mix, key);
                (workload, plan, UNLISTED_BY_APP)
            }
            Content::Custom(request) => {
                let mut route = self.route;
                route.largest_body = LARGEST_BODY;
                let workload = Workload::single(route, &request, None);
                (workload, describe(&request), UNLISTED)
            }
        };
        let begun = Instant::now() + HEAD_START;
        let started = OffsetDateTime::now_utc() + HEAD_START + self.clock;
        let length = test.schedule.duration();
        let length = length.or_else(|| test.schedule.requests().map(|_| Duration::ZERO));
        let polling = self
            .poller
            .watch(begun, length, &self.progress, &self.fleet);
        let results = tokio::select! {
            results = generate(workload, settings, begun, stop, &self.progress) => results?,
            () = polling => unreachable!("it never ends by itself"),
        };
        let mut run = Run {
            title: "lab load".to_owned(),
            target: test.target.to_string(),
            started: started.format(&Rfc3339).unwrap_or_default(),
            plan: vec![test.schedule.describe(), plan],
            notes: self.notes,
            ..Run::default()
        };
        results.record(&mut run);
        self.fleet.borrow().record(&mut run);
        if run.samples.is_empty() {
            run.notes.push(unlisted.to_owned());
        }
        let total = results.total;
        let visits = total.sent_by_kind[Kind::Visit as usize];
        let failed_visits = total.failed_by_kind[Kind::Visit as usize];
        let mut arrivals = total.arrivals;
        arrivals.sort_unstable();
        Ok(Finished {
            run,
            arrivals,
            visits,
            failed_visits,
        })
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its record, without a verdict.
    pub run: Run,
    /// When each request of a [`Schedule::Controlled`] should have started, in order.
    pub arrivals: Vec<Duration>,
    /// The number of visits sent.
    visits: u64,
    /// The number of those that did not receive 201.
    failed_visits: u64,
}

impl Finished {
    /// Whether every visit received 201.
    pub fn every_visit_created(&self) -> Expectation {
        Expectation {
            condition: "every visit is 201".to_owned(),
            measured: format!("{} of {}", self.visits - self.failed_visits, self.visits),
            held: self.failed_visits == 0 && self.visits > 0,
        }
    }
}
