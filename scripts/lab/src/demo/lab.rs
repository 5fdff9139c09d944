//! What `lab up` says of its fleet (`GET /admin/lab/fleet`).

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

/// A fleet of three over an hour of Azure's time is some tens of kilobytes.
const LARGEST: usize = 16 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// The fleet at one moment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LabFleet {
    pub(super) time_scale: f64,
    /// Since the lab's start.
    pub(super) azure_seconds: f64,
    pub(super) evaluate_seconds: f64,
    pub(super) metric_lag_seconds: f64,
    pub(super) provision_seconds: f64,
    /// As an ARM document.
    pub(super) profile: serde_json::Value,
    pub(super) capacity: Capacity,
    /// Instances wanted.
    pub(super) count: u32,
    /// Instances that serve.
    pub(super) ready: u32,
    pub(super) cpu_limit: CpuLimit,
    pub(super) instances: Vec<Instance>,
    pub(super) actions: Vec<Action>,
    pub(super) samples: Vec<Sample>,
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

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Instance {
    pub(super) state: String,
}

/// A change of the count.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Action {
    pub(super) azure_seconds: f64,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) reason: String,
}

/// One Azure minute.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sample {
    /// When it ended.
    pub(super) azure_seconds: f64,
    /// Mean over the instances that served; null without any.
    pub(super) cpu_percent: Option<f64>,
    /// Instances that served.
    pub(super) ready: u32,
    /// Requests answered in it.
    pub(super) requests: u64,
}

impl LabFleet {
    /// Instances that have not ended.
    pub(super) fn alive(&self) -> u32 {
        let alive = self
            .instances
            .iter()
            .filter(|instance| instance.state != "exited");
        u32::try_from(alive.count()).unwrap_or(u32::MAX)
    }
}

/// Asks one `lab up`.
pub(super) struct Lab {
    client: Client<HttpConnector, Empty<Bytes>>,
    address: http::Uri,
}

impl Lab {
    pub(super) fn at(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address: format!("{}/admin/lab/fleet", url.trim_end_matches('/')).parse()?,
        })
    }

    pub(super) async fn fleet(&self) -> anyhow::Result<LabFleet> {
        let asked = async {
            let answer = self.client.get(self.address.clone()).await?;
            let status = answer.status();
            if !status.is_success() {
                bail!("it answered {status}");
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!(error))?;
            Ok(serde_json::from_slice(&body.to_bytes())?)
        };
        tokio::time::timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| bail!("it did not answer within {PATIENCE:?}"))
            .context("lab up does not tell its fleet")
    }
}
