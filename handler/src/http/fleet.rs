//! `GET /api/instances`, `GET /api/timeline`

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;
use super::ops::{LatencyMs, StressState};
use super::query::Query;
use super::scaler::FleetScaler;
use super::writes;
use super::{App, Error};
use crate::domain::{
    CountChange, Event, InstanceState, LONGEST_MINUTES, Member, Run, Slice, Timeline, Timestamp,
    shown_runs,
};
use crate::store::FleetListing;
use autoscale::{self, Profile, RuleSummary, Setting};

/// The default span of a timeline.
const DEFAULT_MINUTES: i64 = 30;

/// The fleet as of each instance's last heartbeat.
#[derive(Serialize, ToSchema)]
struct Fleet {
    /// Instances whose state is `live`.
    #[schema(minimum = 0)]
    live: usize,
    /// Bounds on the number of instances, of the profile that applies now; null if nothing scales.
    #[schema(inline, required = true)]
    capacity: Option<Capacity>,
    /// The rules of the profile that applies now; null if nothing scales.
    #[schema(required = true)]
    rules: Option<Vec<RuleSummary>>,
    /// The app's own scaler, which applies these rules on Elastic Premium; null if the app does not scale itself.
    #[schema(required = true)]
    scaler: Option<FleetScaler>,
    /// The most recent first, then those that have ended; these stay listed for ten minutes.
    #[schema(max_items = 5000)]
    instances: Vec<FleetInstance>,
}

/// Bounds on the number of instances.
#[derive(Serialize, ToSchema)]
struct Capacity {
    /// The minimum.
    #[schema(minimum = 0)]
    minimum: u32,
    /// The maximum.
    #[schema(minimum = 0)]
    maximum: u32,
    /// The number at the start, and while the metric cannot be read.
    #[schema(minimum = 0)]
    default: u32,
}

impl From<autoscale::Capacity> for Capacity {
    fn from(capacity: autoscale::Capacity) -> Self {
        Self {
            minimum: capacity.minimum,
            maximum: capacity.maximum,
            default: capacity.default,
        }
    }
}

/// An instance as of its last heartbeat.
#[derive(Serialize, ToSchema)]
struct FleetInstance {
    instance_id: String,
    /// `starting` until its first response or second heartbeat; `live`; `draining` after it was told to stop; `gone` after
    /// it has ended; `lost` after it missed three heartbeats without draining.
    #[schema(pattern = "^(starting|live|draining|gone|lost)$")]
    state: &'static str,
    #[schema(format = DateTime)]
    started_at: String,
    /// The time of its last heartbeat.
    #[schema(format = DateTime)]
    last_seen: String,
    version: String,
    /// CPU over the instance's share since the previous heartbeat.
    #[schema(minimum = 0, maximum = 100)]
    cpu_percent: f64,
    /// Memory of the same scope.
    #[schema(minimum = 0, maximum = 100)]
    memory_percent: f64,
    /// Average over the last ten seconds.
    #[schema(minimum = 0)]
    requests_per_second: f64,
    /// Over the last minute, without stress runs.
    latency_ms: LatencyMs,
    /// Visits it has written since its start.
    #[schema(minimum = 0)]
    visits_recorded: u64,
    stress: StressState,
    /// Why it could not record visits, in one sentence; null if it could.
    #[schema(required = true)]
    write_problem: Option<String>,
}

impl FleetInstance {
    fn of(member: &Member, now: Timestamp, write_problem: Option<String>) -> Self {
        let report = &member.report;
        let stress = report.stress_remaining_ms.map(Duration::from_millis);
        Self {
            instance_id: member.instance_id.clone(),
            state: member.state_at(now).as_str(),
            started_at: member.started.rfc3339(),
            last_seen: member.last_seen.rfc3339(),
            version: member.version.clone(),
            cpu_percent: percent(report.cpu_percent),
            memory_percent: percent(report.memory_percent),
            requests_per_second: round(report.requests_per_second.max(0.0), 100.0),
            latency_ms: report.latency.into(),
            visits_recorded: report.visits_recorded,
            stress: stress.into(),
            write_problem,
        }
    }
}

/// List the fleet's instances
///
/// Every instance returns the whole fleet, as of each instance's last heartbeat.
#[utoipa::path(
    get, path = "/api/instances", operation_id = "Instances", tag = "fleet",
    responses(
        (status = 200, description = "As of each instance's last heartbeat", body = Fleet),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or too many requests are in flight", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn instances(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let _place = app.overload.admit_watcher()?;
    let fleet_listing = app.reads.instances().await?;
    Ok(json(
        fleet_listing.body(|found| render(&fleet(found, &app))),
    ))
}

fn fleet(found: &FleetListing, app: &App) -> Fleet {
    let (now, config) = (found.now, &app.config);
    let setting = app.rules.setting();
    let active = setting.as_deref().and_then(|setting| {
        let profile = setting.active(config.rules_clock.unix_seconds(now))?;
        Some((setting, &setting.profiles[profile]))
    });
    let live = |member: &&Member| member.state_at(now) == InstanceState::Live;
    let summaries = |(setting, profile): (&Setting, &Profile)| {
        let rules = profile.rules.iter();
        rules.map(|rule| rule.summary(&setting.metrics)).collect()
    };
    Fleet {
        live: found.members.iter().filter(live).count(),
        capacity: active.map(|(_, profile)| profile.capacity.into()),
        rules: active.map(summaries),
        scaler: found.scaler.as_ref().map(FleetScaler::of),
        instances: found
            .members
            .iter()
            .map(|member| FleetInstance::of(member, now, writes::problem(member, app)))
            .collect(),
    }
}

/// The fleet over time.
#[derive(Serialize, ToSchema)]
struct FleetTimeline {
    /// The length of a point.
    #[schema(minimum = 1)]
    bucket_seconds: u64,
    /// The oldest first, without gaps; the last one may be incomplete.
    #[schema(max_items = 720)]
    points: Vec<Point>,
    /// The oldest first.
    #[schema(max_items = 2000)]
    events: Vec<FleetEvent>,
}

/// The fleet during one point; nulls if no instance sent a heartbeat.
#[derive(Serialize, ToSchema)]
struct Point {
    /// When the point begins.
    #[schema(format = DateTime)]
    timestamp: String,
    /// The most instances with heartbeats at one time.
    #[schema(minimum = 1, required = true)]
    instances: Option<u32>,
    /// Average over the instances.
    #[schema(minimum = 0, maximum = 100, required = true)]
    cpu_percent: Option<f64>,
    /// All instances together.
    #[schema(minimum = 0, required = true)]
    requests_per_second: Option<f64>,
    /// Of all instances' requests together, without stress runs.
    latency_ms: LatencyMs,
    /// CPU by instance, for the twenty most recent ones of the whole timeline.
    per_instance: BTreeMap<String, f64>,
}

/// An instance was added to the fleet, or is no longer part of it; or the app's own scaler wants another number.
#[derive(Serialize, ToSchema)]
struct FleetEvent {
    #[schema(format = DateTime)]
    timestamp: String,
    /// Of an instance: `joined`; `left` when it ended; `lost` when it stopped sending heartbeats without draining. Of the
    /// fleet, where the app scales itself: `scaled_out` or `scaled_in`.
    #[serde(rename = "type")]
    #[schema(pattern = "^(joined|left|lost|scaled_out|scaled_in)$")]
    kind: &'static str,
    /// Which instance; absent for an event of the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instance_id: Option<String>,
    /// The instances wanted before; only for an event of the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, nullable = false)]
    from: Option<u32>,
    /// The instances wanted from then on; only for an event of the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, nullable = false)]
    to: Option<u32>,
    /// The reason, in one sentence with the numbers; only for an event of the fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl FleetEvent {
    fn of_instance(event: &Event) -> Self {
        Self {
            timestamp: event.at.rfc3339(),
            kind: event.kind.as_str(),
            instance_id: Some(event.instance_id.clone()),
            from: None,
            to: None,
            reason: None,
        }
    }

    fn of_fleet(change: &CountChange) -> Self {
        Self {
            timestamp: change.at.rfc3339(),
            kind: match change.to > change.from {
                true => "scaled_out",
                false => "scaled_in",
            },
            instance_id: None,
            from: Some(change.from),
            to: Some(change.to),
            reason: Some(change.reason.clone()),
        }
    }
}

/// Show the fleet over time
///
/// Returns at most 720 points, for any span and any size of the fleet. No point is shorter than two heartbeats.
#[utoipa::path(
    get, path = "/api/timeline", operation_id = "Timeline", tag = "fleet",
    params(("minutes" = inline(Option<i64>), Query, description = "Minutes up to now [default: 30]", minimum = 1, maximum = 1440, nullable = false)),
    responses(
        (status = 200, description = "The fleet over the last minutes", body = FleetTimeline),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The parameter has an invalid value", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or too many requests are in flight", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn timeline(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Error> {
    let _place = app.overload.admit_watcher()?;
    let minutes = Query::of(&uri).whole("minutes", 1, LONGEST_MINUTES.into())?;
    let minutes = minutes.unwrap_or(DEFAULT_MINUTES).unsigned_abs();
    let timeline = app
        .reads
        .timeline(Duration::from_secs(minutes * 60))
        .await?;
    Ok(json(timeline.body(|found| render(&fleet_timeline(found)))))
}

fn fleet_timeline(found: &Timeline) -> FleetTimeline {
    let shown = shown_runs(&found.points);
    let names: HashMap<Run, &str> = found
        .names
        .iter()
        .filter(|(run, _)| shown.contains(run))
        .map(|(run, name)| (*run, name.as_str()))
        .collect();
    let starts = (0..).map(|point| found.grid.start.later(found.grid.bucket * point));
    FleetTimeline {
        bucket_seconds: found.grid.bucket.as_secs(),
        points: starts
            .zip(&found.points)
            .map(|(start, slice)| point(start, slice.as_ref(), &names))
            .collect(),
        events: events(found),
    }
}

/// The events in order of time, at most as many as there may be of both kinds.
fn events(found: &Timeline) -> Vec<FleetEvent> {
    let of_instances = found.events.iter().map(FleetEvent::of_instance);
    let of_fleet = found.changes.iter().map(FleetEvent::of_fleet);
    let mut events: Vec<FleetEvent> = of_instances.chain(of_fleet).collect();
    // Times of this form sort as text, and the sort is stable.
    events.sort_by(|one, other| one.timestamp.cmp(&other.timestamp));
    events
}

fn point(start: Timestamp, slice: Option<&Slice>, names: &HashMap<Run, &str>) -> Point {
    let cpu = slice.into_iter().flat_map(|slice| &slice.per_instance);
    let quantile = |part| slice.and_then(|slice| slice.latencies.quantile(part));
    Point {
        timestamp: start.rfc3339(),
        instances: slice.map(|slice| slice.instances),
        cpu_percent: slice.map(|slice| percent(slice.cpu_percent)),
        requests_per_second: slice.map(|slice| round(slice.requests_per_second, 100.0)),
        latency_ms: LatencyMs {
            p50: quantile(0.50),
            p95: quantile(0.95),
            p99: quantile(0.99),
        },
        per_instance: cpu
            .filter_map(|(run, cpu)| Some(((*names.get(run)?).to_owned(), percent(*cpu))))
            .collect(),
    }
}

/// Rounds to one decimal, as everywhere.
fn percent(number: f64) -> f64 {
    round(number.clamp(0.0, 100.0), 10.0)
}

fn round(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

/// A struct of strings and numbers always serialises.
fn render(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).unwrap_or_default().into()
}

fn json(body: Bytes) -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body,
    )
        .into_response()
}
