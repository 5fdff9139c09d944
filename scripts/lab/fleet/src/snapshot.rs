//! The fleet at one moment, for `GET /admin/lab/fleet`. The fleet's owner task makes it, and everything else reads
//! it.
//!
//! Times `at` are RFC 3339 in UTC; `azure_seconds` count Azure time from the start.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use autoscale::{Capacity, RuleSummary, Setting};
use functions_host::{InstanceLoad, Percentiles, timestamp};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio::time::Instant;

use super::clock::{Clock, wall};
use super::elastic_premium::SiteView;
use super::options::HostingPlan;
use super::scaler::Scaler;

/// The parts that rarely change.
#[derive(Clone, Serialize)]
pub(super) struct Constants {
    pub(super) plan: HostingPlan,
    pub(super) time_scale: f64,
    pub(super) started_at: String,
    #[serde(rename = "evaluate_seconds", serialize_with = "seconds")]
    pub(super) evaluate: Duration,
    #[serde(rename = "metric_lag_seconds", serialize_with = "seconds")]
    pub(super) metric_lag: Duration,
    #[serde(rename = "provision_seconds", serialize_with = "seconds")]
    pub(super) provision: Duration,
    /// The same for a pre-warmed instance on Elastic Premium; otherwise null.
    pub(super) prewarmed_seconds: Option<f64>,
    #[serde(flatten)]
    pub(super) rules: ActiveRules,
    pub(super) cpu_limit: CpuLimit,
    /// More instances of their share do not fit this machine.
    #[serde(skip)]
    pub(super) most_instances: u32,
    /// Whether the fleet was started with one instance at most.
    #[serde(skip)]
    pub(super) single: bool,
    #[serde(skip)]
    pub(super) clock: Clock,
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    span.as_secs_f64().serialize(serializer)
}

/// The profile that applies.
#[derive(Clone, Serialize)]
pub(super) struct ActiveRules {
    /// The profile in the schema of Azure Resource Manager.
    profile: Value,
    rules: Vec<RuleSummary>,
    capacity: Capacity,
    /// With all its profiles.
    #[serde(skip)]
    pub(super) setting: Arc<Setting>,
    /// The index of the profile.
    #[serde(skip)]
    pub(super) active: usize,
}

impl ActiveRules {
    pub(super) fn of(scaler: &Scaler) -> Self {
        let (profile, setting) = (scaler.profile(), &scaler.setting);
        let rules = profile.rules.iter();
        Self {
            profile: profile.to_arm(&setting.metrics),
            rules: rules.map(|rule| rule.summary(&setting.metrics)).collect(),
            capacity: profile.capacity,
            setting: Arc::clone(setting),
            active: scaler.active,
        }
    }
}

#[derive(Clone, Serialize)]
pub(super) struct CpuLimit {
    pub(super) cpus: f64,
    pub(super) enforced: bool,
    pub(super) how: String,
}

/// The fleet in the last state that its owner published.
#[derive(Serialize)]
pub(crate) struct Snapshot {
    #[serde(flatten)]
    pub(super) constants: Arc<Constants>,
    pub(super) paused: bool,
    /// Only on Elastic Premium; otherwise null.
    pub(super) site: Option<SiteView>,
    pub(super) count: u32,
    pub(super) ready: usize,
    pub(super) instances: Vec<InstanceView>,
    pub(super) metric: Option<Metric>,
    pub(super) last_decision: Option<Arc<DecisionView>>,
    pub(super) actions: VecDeque<Arc<Action>>,
    #[serde(skip)]
    pub(super) samples: VecDeque<Arc<Sample>>,
    pub(super) latency_ms: Percentiles,
    pub(super) requests_per_second: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Starting,
    Ready,
    Draining,
    Exited,
}

#[derive(Clone, Serialize)]
pub(super) struct InstanceView {
    /// Its counters are read when the snapshot is written.
    #[serde(flatten)]
    pub(super) load: Arc<InstanceLoad>,
    pub(super) pid: Option<u32>,
    pub(super) state: State,
    pub(super) started_at: String,
    pub(super) ready_at: Option<String>,
    pub(super) ended_at: Option<String>,
    pub(super) cpu_percent: Option<f64>,
    pub(super) restarts: u32,
    pub(super) ending: Option<String>,
}

#[derive(Clone, Serialize)]
pub(super) struct Metric {
    pub(super) at: String,
    pub(super) azure_seconds: f64,
    pub(super) cpu_percent: Option<f64>,
}

/// The result of the last evaluation.
#[derive(Serialize)]
pub(super) struct DecisionView {
    pub(super) at: String,
    pub(super) azure_seconds: f64,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) action: &'static str,
    pub(super) reason: String,
    pub(super) cooldown_left_seconds: f64,
    pub(super) readings: Vec<ReadingView>,
}

#[derive(Serialize)]
pub(super) struct ReadingView {
    /// The index of the rule.
    pub(super) rule: usize,
    pub(super) value: Option<f64>,
    pub(super) fires: bool,
}

/// What changed the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    /// The local autoscaler.
    Autoscaler,
    /// The app, through a change of its configuration.
    App,
    /// Event-driven scaling.
    Events,
}

/// A change of the count.
#[derive(Serialize)]
pub(super) struct Action {
    pub(super) at: String,
    pub(super) azure_seconds: f64,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) source: Source,
    pub(super) reason: String,
}

/// One Azure minute.
#[derive(Clone, Serialize)]
pub(super) struct Sample {
    pub(super) azure_seconds: f64,
    pub(super) at: String,
    pub(super) cpu_percent: Option<f64>,
    /// The number of instances at the end of the minute.
    pub(super) ready: usize,
    pub(super) count: u32,
    pub(super) per_instance: BTreeMap<String, f64>,
    pub(super) requests: u64,
    /// The average latency.
    pub(super) latency_ms: Option<f64>,
    /// What the instances used together over the minute, in percent of what one can do.
    #[serde(skip)]
    pub(super) load_percent: Option<f64>,
}

/// The snapshot as a response, with the time of the response.
#[derive(Serialize)]
pub(crate) struct Answer<'a> {
    #[serde(flatten)]
    snapshot: &'a Snapshot,
    now: String,
    azure_seconds: f64,
    /// The time of the rules' calendar.
    calendar: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<&'a VecDeque<Arc<Sample>>>,
}

impl Snapshot {
    /// The response, with or without the samples.
    pub(crate) fn answer(&self, samples: bool) -> Answer<'_> {
        let now = Instant::now();
        let clock = self.constants.clock;
        let azure = clock.azure(now);
        Answer {
            snapshot: self,
            now: timestamp(wall(now)),
            azure_seconds: rounded(azure.as_secs_f64()),
            calendar: timestamp(clock.calendar(azure)),
            samples: samples.then_some(&self.samples),
        }
    }
}

/// Rounds to a tenth, because nothing here is measured more precisely.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
