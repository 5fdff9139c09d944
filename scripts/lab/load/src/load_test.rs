//! A load on a target, from the first request to the record of the run.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use http::StatusCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Reply};
use super::connection::Route;
use super::duration;
use super::failure::Failure;
use super::fleet::Fleet;
use super::generator::{HEAD_START, Progress, Settings, generate};
use super::mix::{Key, Kind, Mix};
use super::poller::Poller;
use super::request::{get, post};
use super::schedule::Schedule;
use super::target::{Target, is_this_machine};
use super::workload::Workload;
use run_record::{Expectation, Run};

/// A stress run that no app accepts, so that nothing happens on one that requires no key.
const NO_STRESS: &str = r#"{"duration":-1,"wait":false}"#;
/// How long the fleet's state may take; the load does not wait for it.
const FLEET_TIMEOUT: Duration = Duration::from_secs(5);
/// Clocks that differ by less are taken for equal: a Date header has whole seconds.
const SAME_CLOCK: Duration = Duration::from_secs(3);

/// What load is put on what.
#[derive(Clone, Debug)]
pub struct LoadTest {
    /// The app.
    pub target: Target,
    /// When requests start.
    pub schedule: Schedule,
    /// What is requested.
    pub mix: Mix,
    /// For stress, where the app is protected.
    pub key: Option<Key>,
    /// How long a response may take.
    pub timeout: Duration,
    /// The most requests in flight at a time.
    pub max_in_flight: usize,
    /// Threads that send.
    pub threads: usize,
    /// PEM certificates to trust besides the usual ones.
    pub cacert: Option<PathBuf>,
}

impl LoadTest {
    /// With the default limits.
    pub fn new(target: Target, schedule: Schedule, mix: Mix) -> Self {
        Self {
            target,
            schedule,
            mix,
            key: None,
            timeout: Duration::from_secs(30),
            max_in_flight: 2_000,
            threads: usual_threads(),
            cacert: None,
        }
    }

    /// Connects to the target, finds out whether it requires a key, and reads the state of its fleet.
    ///
    /// # Errors
    /// One sentence for the user, when it does not respond or there is nothing left to send.
    pub async fn connect(mut self) -> anyhow::Result<Connected> {
        let addresses = self.target.addresses().await?;
        let (route, first) = self.first_response(&addresses).await?;
        let mut notes = self.target.remarks.clone();
        if self.key.is_some() && !self.target.secure && !is_this_machine(&addresses) {
            notes.push(format!(
                "The key goes to {} without encryption.",
                self.target
            ));
        }
        let status = first.status();
        if status.is_redirection() {
            let to = first.head.location.as_deref();
            bail!(
                "{} answers {} and sends callers to {}; redirects are not followed, give that address",
                self.target,
                status.as_u16(),
                to.unwrap_or("another address")
            );
        }
        if !status.is_success() {
            notes.push(format!(
                "GET {} was answered {} before the load: is this Elastic Visits?",
                self.target.path(Kind::Metrics.path()),
                status.as_u16()
            ));
        }
        if self.mix.has(Kind::Stress) && self.refuses_stress(&route).await {
            let why = if self.key.is_some() {
                "the key was refused"
            } else {
                "the app requires a key and there is none (FUNCTIONS_KEY)"
            };
            self.mix = self.mix.without(Kind::Stress).ok_or_else(|| {
                anyhow!("nothing can be sent: {why}, and the mix has stress only")
            })?;
            notes.push(format!(
                "The stress share was skipped, the others took its place: {why}."
            ));
        }
        let clock = first.date().map_or(time::Duration::ZERO, clock_difference);
        if !clock.is_zero() {
            notes.push(format!(
                "This machine's clock is {} {} the target's; the times of this run are the target's.",
                duration::describe(clock.unsigned_abs()),
                if clock.is_negative() { "ahead of" } else { "behind" }
            ));
        }
        let client = Client::new(route.with_timeout(FLEET_TIMEOUT));
        let mut poller = Poller::new(self.target.clone(), client);
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

    /// The response of the first address that gives one.
    async fn first_response(&self, addresses: &[SocketAddr]) -> anyhow::Result<(Route, Reply)> {
        let request = get(&self.target, Kind::Metrics.path());
        let mut failed = None;
        for address in addresses {
            let cacert = self.cacert.as_deref();
            let route = Route::new(&self.target, vec![*address], cacert, self.timeout)?;
            match Client::new(route.clone()).send(&request).await {
                Ok(reply) => return Ok((route, reply)),
                Err(reason) => failed = Some(reason),
            }
        }
        let (failure, reason) = failed.expect("there is an address");
        let advice = match failure {
            Failure::Tls => "if its certificate is your own, name the CA's file with --cacert",
            Failure::NotHttp => "is it http:// or https://?",
            _ => "is it running, and is the address right?",
        };
        bail!("{} cannot be loaded: {reason}; {advice}", self.target)
    }

    async fn refuses_stress(&self, route: &Route) -> bool {
        let mut request = post(&self.target, Kind::Stress.path(), NO_STRESS);
        if let Some(key) = &self.key {
            request
                .headers_mut()
                .insert("x-functions-key", key.header());
        }
        let reply = Client::new(route.clone()).send(&request).await;
        reply.is_ok_and(|reply| {
            matches!(
                reply.status(),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            )
        })
    }
}

/// How far the target's clock is ahead of this machine's; zero where they may be equal.
fn clock_difference(date: OffsetDateTime) -> time::Duration {
    let difference = date - OffsetDateTime::now_utc();
    if difference.unsigned_abs() < SAME_CLOCK {
        return time::Duration::ZERO;
    }
    difference
}

/// Half of the CPUs, as the target may be on the same machine.
pub(super) fn usual_threads() -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (cpus / 2).clamp(1, 4)
}

/// A target that responds.
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
    /// What was noticed; also part of the record later.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The load while it runs.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// The fleet as it was last seen, before and while the load runs.
    pub fn fleet(&self) -> watch::Receiver<Fleet> {
        self.fleet.subscribe()
    }

    /// Puts the load on and follows the fleet, until the schedule is over or `stop` is cancelled. The record has no
    /// verdict yet.
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
        let mix = test.mix.clone();
        let workload = Workload::of_app(&test.target, self.route, mix, test.key.as_ref());
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
            plan: vec![
                test.schedule.describe(),
                format!("Mix: {}", test.mix.describe()),
            ],
            notes: self.notes,
            ..Run::default()
        };
        results.record(&mut run);
        self.fleet.borrow().record(&mut run);
        let [visits, failed_visits] = results.requests_of(Kind::Visit as usize);
        Ok(Finished {
            run,
            visits,
            failed_visits,
        })
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// Its record, without a verdict.
    pub run: Run,
    /// Visits sent.
    visits: u64,
    /// Those that were not answered 201.
    failed_visits: u64,
}

impl Finished {
    /// Whether every visit was answered 201.
    pub fn every_visit_created(&self) -> Expectation {
        Expectation {
            condition: "every visit is 201".to_owned(),
            measured: format!("{} of {}", self.visits - self.failed_visits, self.visits),
            held: self.failed_visits == 0 && self.visits > 0,
        }
    }
}
