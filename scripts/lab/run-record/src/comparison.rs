//! The load of a run on fleets of a fixed size, with real processes or in the simulator.

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
    /// The price of an instance; null if it is unknown.
    pub price: Option<InstancePrice>,
}

/// The result of the load on one fleet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FleetOutcome {
    /// The number of instances. For the autoscaled fleet, the largest number.
    pub instances: u32,
    /// The billed instance-hours: the wanted number of instances times Azure hours.
    pub instance_hours: f64,
    /// The results of the requests; null in a simulation.
    pub requests: Option<RequestOutcome>,
    /// Minutes in which the load exceeded the ready instances; null if requests were sent.
    pub overloaded_minutes: Option<f64>,
}

/// The results of the requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestOutcome {
    /// Requests sent.
    pub sent: u64,
    /// Requests that failed for any reason.
    pub failed: u64,
    /// The failed requests that received 503.
    pub refused: u64,
    /// The p99 of the successful requests, in milliseconds; null if none succeeded.
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
