//! The fleet of `lab up` with all its samples (`GET /admin/lab/fleet`).

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;

use load::client::Client;
use load::connection::Route;
use load::request::get;
use load::target::Target;

const TIMEOUT: Duration = Duration::from_secs(5);

/// The fleet at one moment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LabFleet {
    /// Since the lab's start.
    pub(super) azure_seconds: f64,
    pub(super) evaluate_seconds: f64,
    pub(super) metric_lag_seconds: f64,
    pub(super) provision_seconds: f64,
    /// On Elastic Premium, where new instances are pre-warmed.
    pub(super) prewarmed_seconds: Option<f64>,
    /// As an ARM document.
    pub(super) profile: serde_json::Value,
    pub(super) capacity: Capacity,
    /// The wanted number of instances.
    pub(super) count: u32,
    /// The number of ready instances.
    pub(super) ready: u32,
    pub(super) cpu_limit: CpuLimit,
    pub(super) actions: Vec<Action>,
    /// On Elastic Premium.
    pub(super) site: Option<Site>,
    pub(super) samples: Vec<Sample>,
}

/// The site on Elastic Premium.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Site {
    /// Restarts of the app after a change of its configuration.
    pub(super) restarts: u32,
    /// Requests that were in flight at the restarts.
    pub(super) interrupted_requests: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Capacity {
    pub(super) minimum: u32,
    pub(super) maximum: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CpuLimit {
    /// CPUs of each instance.
    pub(super) cpus: f64,
    pub(super) enforced: bool,
    pub(super) how: String,
}

/// A change of the count.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Action {
    pub(super) azure_seconds: f64,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) source: String,
}

/// One Azure minute.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sample {
    /// When it ended.
    pub(super) azure_seconds: f64,
    /// Average of the ready instances; null if there was none.
    pub(super) cpu_percent: Option<f64>,
    /// The number of ready instances.
    pub(super) ready: u32,
}

/// Reads the fleet of the `lab up` at this address.
///
/// # Errors
/// One sentence for the user.
pub(super) async fn read(target: &Target) -> anyhow::Result<LabFleet> {
    let addresses = target.addresses().await?;
    let mut client = Client::new(Route::plain(addresses, TIMEOUT));
    let reply = client.send(&get(target, "/admin/lab/fleet")).await;
    let reply = reply.map_err(|(_, reason)| anyhow!("lab up does not respond: {reason}"))?;
    serde_json::from_slice(&reply.body).context("lab up does not describe its fleet")
}
