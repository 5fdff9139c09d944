//! The record of a run: what `lab load` and `lab demo` write as JSON, and what the report page shows.
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
    /// What was run, such as `lab demo` or `lab load`.
    pub title: String,
    /// The address that the load went to, without query, user or key.
    pub target: String,
    /// RFC 3339.
    pub started: String,
    /// Whether nothing was started and nothing sent, as `lab simulate` does it; its seconds are then Azure's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// How long it took.
    pub seconds: f64,
    /// Azure seconds that one second stands for: 1 in Azure, 60 in a demonstration.
    pub time_scale: f64,
    /// The rules in force, as `/api/instances` gives them; null where none are known.
    pub rules: serde_json::Value,
    /// The bounds in force (`minimum`, `maximum`, `default`), as `/api/instances` gives them; null where not known.
    pub capacity: serde_json::Value,
    /// The rule file as it stands, where the target tells it.
    pub profile: serde_json::Value,
    /// The load that was meant to be put on, in words.
    pub plan: Vec<String>,
    /// Counts over the whole run.
    pub requests: Requests,
    /// One entry a second.
    pub load: Vec<LoadSecond>,
    /// The fleet, one entry for each sample that was read.
    pub samples: Vec<FleetSample>,
    /// Changes of the wanted count.
    pub actions: Vec<Action>,
    /// Every instance seen.
    pub instances: Vec<InstanceRecord>,
    /// Requests answered, by instance id.
    pub per_instance: BTreeMap<String, u64>,
    /// Answers to "did autoscaling work?" and to the conditions asked for.
    pub verdict: Verdict,
    /// What a reader should know: what was left out, what could not be measured.
    pub notes: Vec<String>,
    /// What a simulation knows beyond this; null for a real run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulation: Option<SimulationRecord>,
    /// The same load under the other rule file, where a simulation compares two.
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
    /// Answered as the scenario wants it.
    pub ok: u64,
    /// Refused, wrong or unanswered.
    pub failed: u64,
    /// Stress runs refused because one was under way; neither ok nor failed.
    pub busy: u64,
    /// Failures by kind, such as `503` or `connection refused`.
    pub errors: BTreeMap<String, u64>,
    /// By kind of request, such as `visit`.
    pub by_kind: BTreeMap<String, u64>,
    /// Responses by class of status, such as `2xx`; empty where each kind of request has one status of success.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, u64>,
    /// Latency of those answered as wanted, from the intended start.
    pub latency_ms: Percentiles,
}

/// Latency in milliseconds; null where nothing was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Percentiles {
    /// Half took no longer.
    pub p50: Option<f64>,
    /// 95 % took no longer.
    pub p95: Option<f64>,
    /// 99 % took no longer.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

/// One second of load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadSecond {
    /// When it began.
    pub at: f64,
    /// Requests whose intended start lies in it.
    pub sent: u64,
    /// Those of them that were answered as wanted.
    pub ok: u64,
    /// Those that were not.
    pub failed: u64,
    /// Stress runs refused because one was under way.
    pub busy: u64,
    /// Latency of those answered as wanted.
    pub latency_ms: Percentiles,
}

/// The fleet at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FleetSample {
    /// When.
    pub at: f64,
    /// Instances that serve.
    pub ready: u32,
    /// Instances wanted; the same as `ready` where the target does not tell.
    pub wanted: u32,
    /// Mean CPU of those that serve.
    pub cpu_percent: Option<f64>,
    /// CPU by instance id.
    pub per_instance: BTreeMap<String, f64>,
    /// Requests answered since the run began, by instance id; empty where not known. What was shared out while all
    /// were up is the difference of two of these.
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
    /// Why.
    pub reason: String,
    /// Who did so: `autoscaler` (the local one), `app` (its function Autoscale), `events` (event-driven scaling), `azure`, or
    /// `seen` where only the fleet's size was watched.
    pub source: String,
}

/// An instance seen during the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceRecord {
    /// As in `x-instance-id`.
    pub id: String,
    /// The handler's process, where it runs on this machine.
    pub pid: Option<u32>,
    /// When it was started; negative before the run.
    pub started: f64,
    /// When it served first.
    pub ready: Option<f64>,
    /// When it ended; null while it runs.
    pub ended: Option<f64>,
    /// Requests that the balancer gave it, or that carried its id.
    pub requests: u64,
}

/// Answers to "did autoscaling work?" and to the conditions asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// `worked`, `did not work`, `not asked` where the load needed no scaling, or `cannot tell` where the run was too
    /// short or the fleet's CPU not known.
    pub autoscaling: String,
    /// One sentence each.
    pub reasons: Vec<String>,
    /// Conditions of `--expect`.
    pub expectations: Vec<Expectation>,
}

/// A condition and whether it held.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expectation {
    /// As written, such as `p99<250ms`.
    pub condition: String,
    /// What was measured.
    pub measured: String,
    /// Whether it held.
    pub held: bool,
}
