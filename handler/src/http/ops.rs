//! `GET /health`, `GET /health/live`, `GET /api/metrics`

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::error::Problem;
use crate::domain::{Latency, Timestamp};
use crate::store;

/// Whether this instance and its database work.
#[derive(Serialize, ToSchema)]
struct HealthReport {
    /// `healthy` or `unhealthy`.
    #[schema(pattern = "^(un)?healthy$")]
    status: &'static str,
    #[schema(format = DateTime)]
    timestamp: String,
    instance_id: String,
    /// `connected` if the database responds, even if it cannot record visits; otherwise `disconnected`.
    #[schema(pattern = "^(dis)?connected$")]
    database: &'static str,
    /// `postgresql`, `sqlite`, or `none` if nothing is configured.
    #[schema(pattern = "^(postgresql|sqlite|none)$")]
    db_type: &'static str,
    /// `production` in Azure, `development` elsewhere.
    #[schema(pattern = "^(production|development)$")]
    environment: &'static str,
    version: &'static str,
    #[schema(minimum = 0)]
    uptime_seconds: f64,
    /// What is wrong, and what to do; only when unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

/// Report whether the instance and its database work
///
/// Responds within 2 seconds. At each heartbeat interval, the instance tests with a visit that is rolled back whether the
/// database can record visits. Do not use this path for the platform's health check, because a database outage would
/// fail it on every instance at once. Use /health/live.
#[utoipa::path(
    method(get, head), path = "/health", operation_id = "Health", tag = "operations",
    responses(
        (status = 200, description = "The database responds and can record visits", body = HealthReport),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database does not respond or cannot record visits, or a background task of the instance has ended", body = HealthReport),
    )
)]
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let health = app.database.health().await;
    let database = match health.outcome {
        Ok(()) | Err(store::Error::WritesRefused(_)) => "connected",
        Err(_) => "disconnected",
    };
    let failure = app.tasks.failure().map(|failure| failure.to_string());
    let error = failure.or_else(|| health.outcome.err().map(|error| error.to_string()));
    let (code, status) = match error {
        None => (StatusCode::OK, "healthy"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let report = HealthReport {
        status,
        timestamp: Timestamp::now().rfc3339(),
        instance_id: app.instance.id.clone(),
        database,
        db_type: health.db_type,
        environment: if app.config.in_azure {
            "production"
        } else {
            "development"
        },
        version: super::VERSION,
        uptime_seconds: (app.started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0,
        error,
    };
    (code, Json(report)).into_response()
}

/// The process is running.
#[derive(Serialize, ToSchema)]
struct Alive {
    /// `alive`
    status: &'static str,
    instance_id: String,
}

/// Report that the process is running
///
/// Uses no database. This is the path for the platform's health check.
#[utoipa::path(
    method(get, head), path = "/health/live", operation_id = "Live", tag = "operations",
    responses(
        (status = 200, description = "The process is running", body = Alive),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn live(State(app): State<Arc<App>>) -> Response {
    Json(Alive {
        status: "alive",
        instance_id: app.instance.id.clone(),
    })
    .into_response()
}

/// This instance, as of the last second.
#[derive(Serialize, ToSchema)]
struct InstanceMetrics {
    /// CPU over the instance's share.
    #[schema(minimum = 0, maximum = 100)]
    cpu_percent: f64,
    /// Memory of the same scope.
    #[schema(minimum = 0, maximum = 100)]
    memory_percent: f64,
    #[schema(format = DateTime)]
    timestamp: String,
    instance_id: String,
    /// Requests answered since the start; probes are not counted.
    #[schema(minimum = 0)]
    requests_total: u64,
    /// Average over the last ten seconds.
    #[schema(minimum = 0)]
    requests_per_second: f64,
    /// Over the last minute, without stress runs.
    latency_ms: LatencyMs,
    process: ProcessUse,
    db_pool: PoolState,
    stress: StressState,
}

/// Percentiles in milliseconds; null if there were no requests in that time.
#[derive(Serialize, ToSchema)]
pub(super) struct LatencyMs {
    #[schema(minimum = 0, required = true)]
    pub(super) p50: Option<f64>,
    #[schema(minimum = 0, required = true)]
    pub(super) p95: Option<f64>,
    #[schema(minimum = 0, required = true)]
    pub(super) p99: Option<f64>,
}

impl From<Option<Latency>> for LatencyMs {
    fn from(latency: Option<Latency>) -> Self {
        Self {
            p50: latency.map(|latency| latency.p50),
            p95: latency.map(|latency| latency.p95),
            p99: latency.map(|latency| latency.p99),
        }
    }
}

/// What this process uses.
#[derive(Serialize, ToSchema)]
struct ProcessUse {
    /// CPU over the instance's share.
    #[schema(minimum = 0, maximum = 100)]
    cpu_percent: f64,
    /// Resident memory.
    #[schema(minimum = 0)]
    rss_bytes: u64,
    #[schema(minimum = 0)]
    threads: usize,
}

/// Connections to the database.
#[derive(Serialize, ToSchema)]
struct PoolState {
    #[schema(minimum = 0)]
    size: u32,
    #[schema(minimum = 0)]
    idle: u32,
    #[schema(minimum = 0)]
    max: u32,
}

/// The stress run on an instance.
#[derive(Serialize, ToSchema)]
pub(super) struct StressState {
    running: bool,
    #[schema(minimum = 0)]
    remaining_seconds: f64,
}

impl From<Option<Duration>> for StressState {
    fn from(remaining: Option<Duration>) -> Self {
        Self {
            running: remaining.is_some(),
            remaining_seconds: remaining
                .map_or(0.0, |left| (left.as_secs_f64() * 10.0).round() / 10.0),
        }
    }
}

/// Show this instance's CPU, memory, traffic and pool
///
/// Returns the last reading of a background sampler immediately.
#[utoipa::path(
    get, path = "/api/metrics", operation_id = "Metrics", tag = "operations",
    responses(
        (status = 200, description = "As of the last second", body = InstanceMetrics),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let reading = app.gauge.read();
    let summary = app.traffic.summary();
    let pool = app.database.connections();
    Json(InstanceMetrics {
        cpu_percent: reading.cpu_percent,
        memory_percent: reading.memory_percent,
        timestamp: Timestamp::now().rfc3339(),
        instance_id: app.instance.id.clone(),
        requests_total: app.traffic.total(),
        requests_per_second: (summary.requests_per_second * 100.0).round() / 100.0,
        latency_ms: summary.latency.into(),
        process: ProcessUse {
            cpu_percent: reading.process_cpu_percent,
            rss_bytes: reading.rss_bytes,
            threads: reading.threads,
        },
        db_pool: PoolState {
            size: pool.size,
            idle: pool.idle,
            max: pool.max,
        },
        stress: app.stress.remaining().into(),
    })
    .into_response()
}
