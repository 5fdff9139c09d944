//! A load on a target, from the first look at it to the record of the run.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::connection::Route;
use super::desk::Job;
use super::duration;
use super::failure::Failure;
use super::fleet::Fleet;
use super::generator::{HEAD_START, Live, Order, generate};
use super::look::Look;
use super::mix::{Key, Kind, Mix};
use super::request::{Encoded, ask_for};
use super::schedule::Schedule;
use super::target::{Target, is_this_machine};
use crate::report::run::{Expectation, Run};

/// A stress run that no app accepts, so that nothing happens on one that asks for no key.
const NO_STRESS: &str = r#"{"duration":-1,"wait":false}"#;

/// What load is put on what.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The app.
    pub target: Target,
    /// When requests start.
    pub schedule: Schedule,
    /// What they ask for.
    pub mix: Mix,
    /// For stress, where the app is protected.
    pub key: Option<Key>,
    /// How long an answer may take.
    pub patience: Duration,
    /// The most requests in flight at a time.
    pub max_in_flight: usize,
    /// Threads that send.
    pub threads: usize,
    /// PEM certificates to trust besides the usual ones.
    pub cacert: Option<PathBuf>,
}

impl Trial {
    /// With the usual patience and limits.
    pub fn new(target: Target, schedule: Schedule, mix: Mix) -> Self {
        Self {
            target,
            schedule,
            mix,
            key: None,
            patience: Duration::from_secs(30),
            max_in_flight: 2_000,
            threads: usual_threads(),
            cacert: None,
        }
    }

    /// Looks whether the target answers, and whether it asks for a key.
    ///
    /// # Errors
    /// One sentence for the user, when it does not answer or there is nothing left to send.
    pub async fn reach(mut self) -> anyhow::Result<Reached> {
        let addresses = self.target.addresses().await?;
        let (route, answer) = self.first_answer(&addresses).await?;
        let mut notes = self.target.remarks.clone();
        if self.key.is_some() && !self.target.secure && !is_this_machine(&addresses) {
            notes.push(format!(
                "The key goes to {} without encryption.",
                self.target
            ));
        }
        if answer.status.is_redirection() {
            let to = answer
                .location
                .unwrap_or_else(|| "another address".to_owned());
            bail!(
                "{} answers {} and sends callers to {to}; redirects are not followed, give that address",
                self.target,
                answer.status.as_u16()
            );
        }
        if !answer.status.is_success() {
            notes.push(format!(
                "GET {} was answered {} before the load: is this Elastic Visits?",
                self.target.path(Kind::Metrics.path()),
                answer.status.as_u16()
            ));
        }
        if self.mix.has(Kind::Stress) && self.refuses_stress(&route).await {
            let why = if self.key.is_some() {
                "the key was refused"
            } else {
                "the app asks for a key and there is none (FUNCTIONS_KEY)"
            };
            self.mix = self.mix.without(Kind::Stress).ok_or_else(|| {
                anyhow!("nothing can be sent: {why}, and the mix has stress only")
            })?;
            notes.push(format!(
                "The stress share was skipped, the others took its place: {why}."
            ));
        }
        Ok(Reached {
            trial: self,
            route,
            notes,
        })
    }

    /// The first of the addresses at which somebody answers.
    async fn first_answer(&self, addresses: &[SocketAddr]) -> anyhow::Result<(Route, Answer)> {
        let mut reasons = Vec::new();
        for address in addresses {
            let route = Route::new(
                &self.target,
                *address,
                self.cacert.as_deref(),
                self.patience,
            )?;
            let request = ask_for(&self.target, Kind::Metrics.path());
            let looking = exchange(&route, &request);
            match timeout(self.patience, looking).await {
                Ok(Ok(answer)) => return Ok((route, answer)),
                Ok(Err(reason)) => reasons.push(reason),
                Err(_) => {
                    let waited = duration::describe(self.patience);
                    reasons.push((Failure::TimedOut, format!("no answer within {waited}")));
                }
            }
        }
        let (failure, reason) = reasons.pop().expect("there is an address");
        let advice = match failure {
            Failure::Tls => "if its certificate is your own, name the CA's file with --cacert",
            Failure::NotHttp => "is it http:// or https://?",
            _ => "is it running, and is the address right?",
        };
        bail!("{} cannot be loaded: {reason}; {advice}", self.target)
    }

    async fn refuses_stress(&self, route: &Route) -> bool {
        let mut request = ask_for(&self.target, Kind::Stress.path());
        *request.method_mut() = Method::POST;
        *request.body_mut() = Bytes::from_static(NO_STRESS.as_bytes());
        let headers = request.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(key) = &self.key {
            headers.insert("x-functions-key", key.header());
        }
        let answer = timeout(self.patience, exchange(route, &request)).await;
        let status = answer.ok().and_then(|answer| Some(answer.ok()?.status));
        matches!(
            status,
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        )
    }
}

/// Half of the CPUs, as the target may be on the same machine.
pub(super) fn usual_threads() -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (cpus / 2).clamp(1, 4)
}

async fn exchange(route: &Route, request: &Request<Bytes>) -> Result<Answer, (Failure, String)> {
    let mut connection = route.connect().await?;
    let answer = connection.ask(&Encoded::from(request), |_| ()).await;
    answer.map_err(|failure| (failure, failure.to_string()))
}

/// A target that answers.
pub struct Reached {
    trial: Trial,
    route: Route,
    notes: Vec<String>,
}

impl Reached {
    /// What was noticed; also part of the record later.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Puts the load on and watches the fleet meanwhile, until the schedule is over or `stop` is cancelled. `live`
    /// and `fleet` are kept fresh. The record has no verdict yet.
    ///
    /// # Errors
    /// When a worker cannot be started, or fails.
    pub async fn run(
        self,
        stop: &CancellationToken,
        live: &watch::Sender<Live>,
        fleet: &watch::Sender<Fleet>,
    ) -> anyhow::Result<Ran> {
        let trial = self.trial;
        let order = Order {
            schedule: trial.schedule.clone(),
            threads: trial.threads.max(1),
            max_in_flight: trial.max_in_flight.max(1),
        };
        let job = Job::new(
            &trial.target,
            self.route.clone(),
            trial.mix.clone(),
            trial.key.as_ref(),
            trial.patience,
        );
        let begun = Instant::now() + HEAD_START;
        let look = Look::new(trial.target.clone(), self.route);
        let watching = look.watch(begun, trial.schedule.duration(), live.subscribe(), fleet);
        let outcome = tokio::select! {
            outcome = generate(job, order, begun, stop, live) => outcome?,
            () = watching => unreachable!("it never ends by itself"),
        };
        let mut run = Run {
            title: "lab load".to_owned(),
            target: trial.target.to_string(),
            plan: vec![
                trial.schedule.describe(),
                format!("Mix: {}", trial.mix.describe()),
            ],
            notes: self.notes,
            ..Run::default()
        };
        outcome.record(&mut run);
        fleet.borrow().record(&mut run);
        let [visits, failed] = outcome.visits();
        Ok(Ran {
            run,
            visits,
            failed_visits: failed,
        })
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Ran {
    /// Its record, without a verdict.
    pub run: Run,
    /// Visits sent.
    visits: u64,
    /// Those that were not answered 201.
    failed_visits: u64,
}

impl Ran {
    /// Whether every visit was answered 201.
    pub fn every_visit_created(&self) -> Expectation {
        Expectation {
            condition: "every visit is 201".to_owned(),
            measured: format!("{} of {}", self.visits - self.failed_visits, self.visits),
            held: self.failed_visits == 0 && self.visits > 0,
        }
    }
}
