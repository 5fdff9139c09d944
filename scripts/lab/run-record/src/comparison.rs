//! What the load of a run does on fleets of a fixed size: with real processes, or by the simulator.

use serde::{Deserialize, Serialize};

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
