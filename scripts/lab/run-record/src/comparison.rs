//! What the load of a run does on fleets of a fixed size: with real processes, or by the simulator.

use serde::{Deserialize, Serialize};

use crate::format::Clock;
use crate::run::{FleetSample, Run};

/// The autoscaled fleet beside fleets of a fixed size, under the same load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// Whether the simulator computed the outcomes; otherwise real processes served the same requests.
    pub simulated: bool,
    /// How long the load lasted, in Azure hours.
    pub hours: f64,
    /// The autoscaled fleet.
    pub autoscaled: FleetOutcome,
    /// The fleets of a fixed size, the smallest first.
    pub fixed: Vec<FleetOutcome>,
    /// What an instance costs; null where no price is known.
    pub price: Option<InstancePrice>,
}

/// What became of the load on a fleet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FleetOutcome {
    /// How many instances there are; of the autoscaled fleet, the most.
    pub instances: u32,
    /// Instances wanted times Azure hours: what is paid for.
    pub instance_hours: f64,
    /// What became of the requests; null in a simulation.
    pub requests: Option<RequestOutcome>,
    /// Minutes in which the load was more than the ready instances could carry; null where requests were sent.
    pub overloaded_minutes: Option<f64>,
}

/// What became of the requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestOutcome {
    /// Requests sent.
    pub sent: u64,
    /// Requests that failed for any reason.
    pub failed: u64,
    /// Those of them that got 503.
    pub refused: u64,
    /// 99% of the successful ones took no longer, in milliseconds; null where none was successful.
    pub p99_ms: Option<f64>,
}

/// The list price of an instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstancePrice {
    /// Such as `P0v3`.
    pub plan: String,
    /// Such as `USD`.
    pub currency: String,
    /// One instance for one hour.
    pub per_hour: f64,
}

impl RequestOutcome {
    /// What became of the requests of a run.
    pub fn of(run: &Run) -> Self {
        let requests = &run.requests;
        Self {
            sent: requests.sent,
            failed: requests.failed,
            refused: requests.errors.get("503").copied().unwrap_or_default(),
            p99_ms: requests.latency_ms.p99,
        }
    }
}

/// Instances wanted times Azure hours, from the start of the run to its end; `None` without a sample of the fleet.
pub fn instance_hours(run: &Run) -> Option<f64> {
    let (first, last) = (run.samples.first()?, run.samples.last()?);
    let spans = run.samples.windows(2);
    // Each count holds until the next sample; the first one since the start, the last one to the end.
    let between = |pair: &[FleetSample]| f64::from(pair[0].wanted) * (pair[1].at - pair[0].at);
    let seconds = f64::from(first.wanted) * first.at
        + spans.map(between).sum::<f64>()
        + f64::from(last.wanted) * (run.seconds - last.at).max(0.0);
    Some(seconds.max(0.0) * Clock::new(run.time_scale).scale() / 3_600.0)
}
