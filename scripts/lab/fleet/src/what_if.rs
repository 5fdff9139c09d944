//! Explains the active rules, simulates other rules with the load just seen, and applies them to the running fleet.
//!
//! A setting can have any form of a rule file. The reader of rule files reads it, and the simulator runs it.

use std::sync::Arc;
use std::time::Duration;

use autoscale::Setting;
use functions_host::{Body, empty, refusal};
use http::{Response, StatusCode};
use recorded_load::{Load, Measured, Span, metric_column};
use rules::{Delays, Explanation, Rules};
use serde_json::{Value, json};
use simulate::{Model, Scenario, Verdict, simulate};
use time::OffsetDateTime;

use super::Fleet;
use super::options::HostingPlan;
use super::scaler::is_same;
use super::snapshot::{Sample, Snapshot};

/// The shortest load for a simulation, in minutes: the default rules average five minutes.
const LEAST_MINUTES: u64 = 5;
const MINUTE: u64 = 60;
/// The name of rules that are not from a file.
const NAME: &str = "the active rules";

/// An error response: its status and its reason. Without a reason, it has no body.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    reason: Option<String>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into());
        Self { status, reason }
    }

    pub(super) fn input(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// There is no such endpoint, instance, or emulated platform.
    pub(super) fn unknown() -> Self {
        let (status, reason) = (StatusCode::NOT_FOUND, None);
        Self { status, reason }
    }

    /// The fleet has ended.
    pub(super) fn ended() -> Self {
        let reason = "The app is stopping or restarting; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    }

    pub(super) fn response(self) -> Response<Body> {
        match self.reason {
            None => empty(self.status),
            Some(reason) => refusal(self.status, &reason),
        }
    }
}

/// Returns the active rules, and whether they can be simulated and changed.
pub(super) async fn active(fleet: &Fleet) -> Result<Value, Refused> {
    let snapshot = fleet.snapshot().await.ok_or_else(Refused::ended)?;
    in_background(move || {
        let rules = written(snapshot.setting());
        let load = snapshot.load();
        Ok(json!({
            "setting": snapshot.setting().to_arm(),
            "profile": snapshot.constants.rules.active,
            "most_instances": snapshot.constants.most_instances,
            "explanation": snapshot.explain(&rules),
            "minutes_seen": snapshot.minutes_seen(),
            "cannot_rehearse": load.err().and_then(|refused| refused.reason),
            "cannot_apply": snapshot.fixed(),
        }))
    })
    .await
}

/// Simulates another setting and the active rules under the load just seen, and returns both results.
pub(super) async fn rehearse(fleet: &Fleet, body: &[u8]) -> Result<Value, Refused> {
    let snapshot = fleet.snapshot().await.ok_or_else(Refused::ended)?;
    let body = body.to_vec();
    in_background(move || {
        let changed = snapshot.read(&body)?;
        let (load, start) = snapshot.load()?;
        let model = snapshot.model();
        let outcome = |setting: &Setting| {
            let scenario = Scenario {
                setting,
                load: &load,
                model,
                start,
            };
            let simulation = simulate(&scenario);
            let verdict = Verdict::on(&simulation, setting, &model);
            let counts = simulation.minutes.iter().map(|minute| minute.count);
            json!({
                "counts": counts.collect::<Vec<_>>(),
                "actions": simulation.actions,
                "verdict": verdict.verdict,
                "reasons": verdict.reasons,
                "overloaded_minutes": verdict.overloaded_minutes,
                "instance_hours": verdict.instance_hours,
            })
        };
        let minutes = 0..load.seconds() / MINUTE;
        let seen = minutes.map(|minute| load.count_at(minute * MINUTE));
        let minutes_of = |spans| Span::total(spans).div_ceil(MINUTE);
        Ok(json!({
            "minutes": load.seconds() / MINUTE,
            "from_azure_seconds": snapshot.began(),
            "seen": seen.collect::<Vec<_>>(),
            // In these minutes every instance was fully busy, so the load may have been higher.
            "saturated_minutes": minutes_of(load.saturated()),
            "missing_minutes": minutes_of(load.gaps()),
            "not_recorded": unrecorded(&changed.setting),
            "active": outcome(snapshot.setting()),
            "changed": outcome(&changed.setting),
            "explanation": snapshot.explain(&changed),
        }))
    })
    .await
}

/// Uses another setting from the next evaluation on.
pub(super) async fn apply(fleet: &Fleet, body: &[u8]) -> Result<Value, Refused> {
    let snapshot = fleet.snapshot().await.ok_or_else(Refused::ended)?;
    if let Some(reason) = snapshot.fixed() {
        return Err(Refused::new(StatusCode::CONFLICT, reason));
    }
    let body = body.to_vec();
    let changed = in_background(move || snapshot.read(&body)).await?;
    let applied = fleet.apply(Arc::new(changed.setting)).await;
    applied
        .ok_or_else(Refused::ended)?
        .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")))?;
    active(fleet).await
}

/// Runs `work` on a separate thread, so that other requests do not wait for it.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Refused::ended()))
}

/// The rules in the form of a file, so that findings can name their places in it.
fn written(setting: &Setting) -> Rules {
    Rules::parse(&setting.to_arm().to_string(), NAME).expect("what is written can be read")
}

/// Metrics without recorded samples. In a simulation, rules on them have no values.
fn unrecorded(setting: &Setting) -> Vec<String> {
    let others = setting.metrics.iter().filter(|metric| !metric.fleet_cpu);
    others.map(metric_column::name).collect()
}

impl Snapshot {
    fn setting(&self) -> &Setting {
        &self.constants.rules.setting
    }

    /// The reason why the rules cannot be changed here, if there is one.
    fn fixed(&self) -> Option<&'static str> {
        if self.constants.plan == HostingPlan::ElasticPremium {
            return Some(
                "On Elastic Premium the app applies the rules that it read at its start. To use others, stop lab up and \
                 start it again with --autoscale FILE",
            );
        }
        self.constants.single.then_some(
            "This app was started with one instance at most, so that no rules apply. Start lab up again with --max 2 or \
             more",
        )
    }

    /// Reads a setting that may be applied here.
    fn read(&self, body: &[u8]) -> Result<Rules, Refused> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Refused::input("The body is not UTF-8; send the setting as JSON"))?;
        let rules = Rules::parse(text, "the changed rules")
            .map_err(|refusal| Refused::input(format!("The setting cannot be used: {refusal}")))?;
        let known = written(self.setting()).findings;
        let outside = |code| ["out_of_bounds", "too_many", "minimum_zero"].contains(&code);
        let new = rules.findings.iter().find(|finding| {
            outside(finding.code) && known.iter().all(|known| known.message != finding.message)
        });
        if let Some(finding) = new {
            return Err(Refused::input(format!(
                "{}: {} A file is read like that; here, correct the value",
                finding.place, finding.message
            )));
        }
        let most = self.constants.most_instances;
        for (profile, place) in rules.setting.profiles.iter().zip(&rules.places) {
            let maximum = profile.capacity.maximum;
            if maximum > most {
                let cpus = self.constants.cpu_limit.cpus;
                let place = [place.profile.as_str(), "capacity.maximum"];
                let place = place.iter().filter(|part| !part.is_empty()).copied();
                return Err(Refused::input(format!(
                    "{}: is {maximum}, and at most {most} instances of {cpus} CPUs fit this machine. Choose {most} or \
                     fewer, or start lab up with --max {maximum}",
                    place.collect::<Vec<_>>().join(".")
                )));
            }
        }
        let measured = &self.setting().metrics;
        let mut metrics = rules.setting.metrics.iter();
        let unknown = metrics.find(|metric| measured.iter().all(|known| !is_same(metric, known)));
        if let Some(metric) = unknown {
            return Err(Refused::input(format!(
                "Rules on {} need samples that are not taken here. Start lab up with these rules in a file: --autoscale FILE",
                metric_column::name(metric)
            )));
        }
        Ok(rules)
    }

    fn explain(&self, rules: &Rules) -> Explanation {
        let delays = Delays {
            metric_lag: self.constants.metric_lag,
            provision: self.constants.provision,
        };
        let now = OffsetDateTime::now_utc().unix_timestamp();
        Explanation::of(rules, delays, now)
    }

    /// The delays of the emulated platform, in whole seconds.
    fn model(&self) -> Model {
        Model {
            metric_lag_seconds: self.constants.metric_lag.as_secs(),
            provision_seconds: self.constants.provision.as_secs(),
            evaluate_seconds: self.constants.evaluate.as_secs().max(1),
        }
    }

    /// The start of the first recorded minute, in Azure seconds.
    fn began(&self) -> f64 {
        let first = self.samples.front();
        first.map_or(0.0, |sample| {
            (sample.azure_seconds - MINUTE as f64).max(0.0)
        })
    }

    /// The number of minutes with a sample of the CPU.
    fn minutes_seen(&self) -> usize {
        let samples = self.samples.iter();
        samples
            .filter(|sample| sample.load_percent.is_some())
            .count()
    }

    /// The load just seen, and its start on the rules' calendar.
    fn load(&self) -> Result<(Load, i64), Refused> {
        let seen = self.minutes_seen();
        let began = self.began();
        if (seen as u64) < LEAST_MINUTES {
            let minutes =
                |count: u64| format!("{count} Azure minute{}", if count == 1 { "" } else { "s" });
            return Err(Refused::new(
                StatusCode::CONFLICT,
                format!(
                    "A simulation needs {} of load, and {} been seen so far. Try again later",
                    minutes(LEAST_MINUTES),
                    minutes(seen as u64) + if seen == 1 { " has" } else { " have" },
                ),
            ));
        }
        let measured = |sample: &Arc<Sample>| {
            let instances = u32::try_from(sample.per_instance.len()).unwrap_or(u32::MAX);
            Measured {
                ended: sample.azure_seconds - began,
                cpu_percent: sample
                    .load_percent
                    .map(|load| load / f64::from(instances.max(1))),
                ready: instances,
                wanted: sample.count,
            }
        };
        let load = Load::measured("the load just seen", self.samples.iter().map(measured), 0.0)
            .map_err(|error| Refused::new(StatusCode::CONFLICT, format!("{error:#}")))?;
        let start = self
            .constants
            .clock
            .calendar(Duration::from_secs_f64(began));
        Ok((load, start.unix_timestamp()))
    }
}
