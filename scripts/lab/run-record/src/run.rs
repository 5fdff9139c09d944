//! The record of a run: `lab load` and `lab demo` write it as JSON, and the report page shows it.
//!
//! Times are seconds since the run began, on the wall clock of the machine that generated the load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::comparison::{Comparison, RequestOutcome};
use crate::format::Clock;
use crate::simulation::SimulationRecord;

/// A run from its first request to its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// The command, such as `lab demo` or `lab load`.
    pub title: String,
    /// The address of the target, without query, user, or key.
    pub target: String,
    /// RFC 3339.
    pub started: String,
    /// Whether the run was simulated by `lab simulate`: nothing was started or sent, and the seconds are Azure's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// The duration of the run.
    pub seconds: f64,
    /// The number of Azure seconds per second: 1 in Azure, 60 in a demonstration.
    pub time_scale: f64,
    /// The active rules, in the form of `/api/instances`; null if unknown.
    pub rules: serde_json::Value,
    /// The active limits (`minimum`, `maximum`, `default`), in the form of `/api/instances`; null if unknown.
    pub capacity: serde_json::Value,
    /// The complete rule file, if the target returns it.
    pub profile: serde_json::Value,
    /// The planned load, in words.
    pub plan: Vec<String>,
    /// Counts over the whole run.
    pub requests: Requests,
    /// One entry per second.
    pub load: Vec<LoadSecond>,
    /// The fleet, with one entry for each sample that was read.
    pub samples: Vec<FleetSample>,
    /// Changes of the wanted count.
    pub actions: Vec<Action>,
    /// Every instance that was seen.
    pub instances: Vec<InstanceRecord>,
    /// Requests answered, by instance id.
    pub per_instance: BTreeMap<String, u64>,
    /// The answers to "did autoscaling work?" and to the given conditions.
    pub verdict: Verdict,
    /// Notes for the reader: what was left out, and what could not be measured.
    pub notes: Vec<String>,
    /// Additional data of a simulation; null for a real run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulation: Option<SimulationRecord>,
    /// The same load with the other rule file, if a simulation compares two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Box<Run>>,
    /// What the same load does on fleets of a fixed size, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

impl Run {
    /// What became of its requests.
    pub fn request_outcome(&self) -> RequestOutcome {
        let requests = &self.requests;
        RequestOutcome {
            sent: requests.sent,
            failed: requests.failed,
            refused: requests.errors.get("503").copied().unwrap_or_default(),
            p99_ms: requests.latency_ms.p99,
        }
    }

    /// Successful requests per second over the whole run; `None` if it has no length.
    pub fn ok_per_second(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.requests.ok as f64 / self.seconds)
    }

    /// The most ready instances at a time; `None` without a sample of the fleet.
    pub fn most_ready(&self) -> Option<u32> {
        self.samples.iter().map(|sample| sample.ready).max()
    }

    /// Instances wanted times Azure hours, from its start to its end; `None` without a sample of the fleet.
    pub fn instance_hours(&self) -> Option<f64> {
        let (first, last) = (self.samples.first()?, self.samples.last()?);
        // Each count holds until the next sample; the first one since the start, the last one to the end.
        let spans = self.samples.windows(2);
        let between = |pair: &[FleetSample]| f64::from(pair[0].wanted) * (pair[1].at - pair[0].at);
        let seconds = f64::from(first.wanted) * first.at
            + spans.map(between).sum::<f64>()
            + f64::from(last.wanted) * (self.seconds - last.at).max(0.0);
        Some(seconds.max(0.0) * Clock::new(self.time_scale).scale() / 3_600.0)
    }
}

/// Counts over the whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requests {
    /// Requests begun.
    pub sent: u64,
    /// Answered as the scenario expects.
    pub ok: u64,
    /// Refused, wrong, or unanswered.
    pub failed: u64,
    /// Stress runs that were refused because one was in progress; they count as neither ok nor failed.
    pub busy: u64,
    /// Failures by kind, such as `503` or `connection refused`.
    pub errors: BTreeMap<String, u64>,
    /// By kind of request, such as `visit`.
    pub by_kind: BTreeMap<String, u64>,
    /// Responses by class of status, such as `2xx`; empty if each kind of request has only one successful status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, u64>,
    /// Latency of the successful requests, from the intended start.
    pub latency_ms: Percentiles,
}

/// Latency in milliseconds; null if there was no response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Percentiles {
    /// 50% took no longer.
    pub p50: Option<f64>,
    /// 95% took no longer.
    pub p95: Option<f64>,
    /// 99% took no longer.
    pub p99: Option<f64>,
    /// The longest latency.
    pub max: Option<f64>,
}

/// One second of load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadSecond {
    /// When it began.
    pub at: f64,
    /// Requests with an intended start in this second.
    pub sent: u64,
    /// Those of them that succeeded.
    pub ok: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Stress runs that were refused because one was in progress.
    pub busy: u64,
    /// Latency of the successful requests.
    pub latency_ms: Percentiles,
}

/// The fleet at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FleetSample {
    /// When.
    pub at: f64,
    /// The number of ready instances.
    pub ready: u32,
    /// The number of wanted instances; equal to `ready` if the target does not report it.
    pub wanted: u32,
    /// Average CPU of the ready instances.
    pub cpu_percent: Option<f64>,
    /// CPU by instance id.
    pub per_instance: BTreeMap<String, f64>,
    /// Requests answered since the run began, by instance id; empty if unknown. The difference of two samples shows
    /// how the requests were distributed while all instances were running.
    pub requests: BTreeMap<String, u64>,
}

/// A change of the wanted count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    /// When.
    pub at: f64,
    /// The count before.
    pub from: u32,
    /// The count after.
    pub to: u32,
    /// The reason.
    pub reason: String,
    /// What changed the count: `autoscaler` (the local one), `app` (its function Autoscale), `events` (event-driven
    /// scaling), `azure`, or `seen` if only the size of the fleet was observed.
    pub source: String,
}

/// An instance seen during the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceRecord {
    /// The id in `x-instance-id`.
    pub id: String,
    /// The handler's process, if it runs on this machine.
    pub pid: Option<u32>,
    /// When it was started; negative if before the run.
    pub started: f64,
    /// When it first became ready.
    pub ready: Option<f64>,
    /// When it ended; null while it runs.
    pub ended: Option<f64>,
    /// Requests that the balancer sent to it, or whose responses had its id.
    pub requests: u64,
}

/// The answers to "did autoscaling work?" and to the given conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// `worked`, `did not work`, `not asked` if the load required no scaling, or `cannot tell` if the run was too
    /// short or the fleet's CPU is unknown.
    pub autoscaling: String,
    /// One sentence each.
    pub reasons: Vec<String>,
    /// The conditions of `--expect`.
    pub expectations: Vec<Expectation>,
}

/// A condition and its result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expectation {
    /// The text of the condition, such as `p99<250ms`.
    pub condition: String,
    /// The measured value.
    pub measured: String,
    /// Whether the condition was met.
    pub held: bool,
}
