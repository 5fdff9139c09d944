//! `GET /metrics`, in Prometheus' text format 0.0.4
//! (prometheus.io: Exposition formats, Metric and label naming).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::error::Problem;
use super::exposition::{head, line, ratio, seconds};
use super::{App, Error, scaler, writes};
use crate::domain::{InstanceState, Limits, Member, Timestamp};
use crate::store::FleetListing;

const TEXT_FORMAT: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The bounds of the exposed latency buckets, in the form that a scraper reads and in microseconds. They are a fourth
/// of the stored bounds, because a scraper stores one series for each.
const SHOWN_BOUNDS: [(&str, u64); 14] = [
    ("0.0005", 500),
    ("0.001", 1_000),
    ("0.0025", 2_500),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.025", 25_000),
    ("0.05", 50_000),
    ("0.1", 100_000),
    ("0.25", 250_000),
    ("0.5", 500_000),
    ("1", 1_000_000),
    ("2.5", 2_500_000),
    ("5", 5_000_000),
    ("10", 10_000_000),
];

/// The most lost instances that are listed, the last ones: in a crash loop each has a new name.
const LOST_SHOWN: usize = 20;

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Expose the whole fleet's metrics
///
/// The counters of every instance that is not gone, as of its last heartbeat. Every instance returns the same series, so
/// scrape one address of the app and not each instance. If the database is unavailable, only `elastic_visits_database_up`
/// is returned, with the value 0. It is also 0 if the database responds but cannot record visits.
#[utoipa::path(
    get, path = "/metrics", operation_id = "PrometheusMetrics", tag = "fleet",
    responses(
        (status = 200, description = "Prometheus text format 0.0.4", body = String, content_type = "text/plain"),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many requests are in flight", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let _place = app.overload.admit_watcher()?;
    let text = match app.reads.exposition().await.map_err(Error::from) {
        Ok(fleet_listing) => fleet_listing.body(|found| exposition(found, &app).into()),
        // This instance could only return its own series, perhaps with later numbers than the other instances return.
        // Series that end are better than counters that appear to decrease.
        Err(Error::Unavailable(_)) => writes::unreachable(&app.instance.id).into(),
        Err(error) => return Err(error),
    };
    Ok(([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response())
}

/// The metrics as text, with the instances in the order of their names so that scrapes are easy to compare.
fn exposition(found: &FleetListing, app: &App) -> String {
    let mut members: Vec<&Member> = found
        .members
        .iter()
        .filter(|member| !member.state_at(found.now).has_ended())
        .collect();
    let mut lost: Vec<&Member> = found
        .members
        .iter()
        .filter(|member| member.state_at(found.now) == InstanceState::Lost)
        .collect();
    lost.sort_by_key(|member| std::cmp::Reverse(member.last_seen));
    lost.truncate(LOST_SHOWN);
    members.sort_by(|one, other| one.instance_id.cmp(&other.instance_id));
    let mut text = Exposition {
        text: String::with_capacity(members.len() * 5_000 + 4_000),
        members,
    };
    text.instances();
    text.lost(&lost);
    text.limits();
    text.traffic();
    text.processes();
    text.text += &writes::exposition(&text.members, app);
    text.connections();
    if let Some(report) = &found.scaler {
        text.text += &scaler::exposition(report, found.now);
    }
    text.text
}

struct Exposition<'a> {
    text: String,
    members: Vec<&'a Member>,
}

impl Exposition<'_> {
    fn instances(&mut self) {
        let name = "elastic_visits_instance_info";
        self.head(
            name,
            "gauge",
            "The program's version on an instance; always 1.",
        );
        self.each(|text, member| {
            line(
                text,
                name,
                &member.instance_id,
                &[("version", &member.version)],
                "1",
            );
        });

        let name = "elastic_visits_instance_state";
        self.head(name, "gauge", "Whether an instance is in this state.");
        let states = [
            InstanceState::Starting,
            InstanceState::Live,
            InstanceState::Draining,
        ];
        self.each(|text, member| {
            for state in states {
                let value = if member.state == state { "1" } else { "0" };
                line(
                    text,
                    name,
                    &member.instance_id,
                    &[("state", state.as_str())],
                    value,
                );
            }
        });
        self.one(
            "elastic_visits_instance_start_time_seconds",
            "gauge",
            "When the instance's process began, in seconds since 1970.",
            |member| seconds_since_1970(member.started),
        );
        self.one(
            "elastic_visits_heartbeat_timestamp_seconds",
            "gauge",
            "When the instance's last heartbeat was written, in seconds since 1970.",
            |member| seconds_since_1970(member.last_seen),
        );
        self.one(
            "elastic_visits_heartbeat_interval_seconds",
            "gauge",
            "Time between two heartbeats of the instance.",
            |member| seconds(member.heartbeat),
        );
        self.one(
            "elastic_visits_heartbeats_total",
            "counter",
            "Heartbeats of the instance since its start.",
            |member| member.beats.to_string(),
        );
    }

    fn lost(&mut self, lost: &[&Member]) {
        let name = "elastic_visits_instance_lost";
        self.head(
            name,
            "gauge",
            "An instance that stopped sending heartbeats without draining; 1 for ten minutes.",
        );
        for member in lost {
            line(&mut self.text, name, &member.instance_id, &[], "1");
        }
    }

    fn limits(&mut self) {
        let mut limit = |name: &str, help: &str, value: fn(Limits) -> u32| {
            self.head(name, "gauge", help);
            self.each(|text, member| {
                if let Some(limits) = member.report.limits {
                    let value = value(limits).to_string();
                    line(text, name, &member.instance_id, &[], &value);
                }
            });
        };
        limit(
            "elastic_visits_capacity_minimum_instances",
            "The fewest instances that the rules allow, as the instance knows them.",
            |limits| limits.minimum,
        );
        limit(
            "elastic_visits_capacity_maximum_instances",
            "The most instances that the rules allow, as the instance knows them.",
            |limits| limits.maximum,
        );
    }

    fn traffic(&mut self) {
        self.one(
            "elastic_visits_visits_recorded_total",
            "counter",
            "Visits that the instance has written since its start.",
            |member| member.report.visits_recorded.to_string(),
        );

        let name = "elastic_visits_http_requests_total";
        self.head(
            name,
            "counter",
            "Requests answered since the instance's start, by class of status; probes are not counted.",
        );
        self.each(|text, member| {
            for (class, count) in STATUS_CLASSES.iter().zip(member.report.requests) {
                line(
                    text,
                    name,
                    &member.instance_id,
                    &[("status", class)],
                    &count.to_string(),
                );
            }
        });

        self.one(
            "elastic_visits_http_requests_refused_total",
            "counter",
            "Requests answered with 503 because too many were in flight; part of the requests answered.",
            |member| member.report.refused.to_string(),
        );
        self.one(
            "elastic_visits_http_requests_in_flight",
            "gauge",
            "Requests in flight when the heartbeat was written; probes are not counted.",
            |member| member.report.in_flight.to_string(),
        );

        let name = "elastic_visits_http_request_duration_seconds";
        self.head(
            name,
            "histogram",
            "How long answers took, without probes and stress runs.",
        );
        let bucket = format!("{name}_bucket");
        self.each(|text, member| {
            let report = &member.report;
            let count = report.latencies.count().to_string();
            for (bound, us) in SHOWN_BOUNDS {
                let within = report.latencies.within(Duration::from_micros(us));
                line(
                    text,
                    &bucket,
                    &member.instance_id,
                    &[("le", bound)],
                    &within.to_string(),
                );
            }
            line(
                text,
                &bucket,
                &member.instance_id,
                &[("le", "+Inf")],
                &count,
            );
            let sum = seconds(Duration::from_micros(report.latency_sum_us));
            line(text, &format!("{name}_sum"), &member.instance_id, &[], &sum);
            line(
                text,
                &format!("{name}_count"),
                &member.instance_id,
                &[],
                &count,
            );
        });
    }

    fn processes(&mut self) {
        self.one(
            "elastic_visits_cpu_ratio",
            "gauge",
            "CPU over the instance's share since the heartbeat before, 0 to 1.",
            |member| ratio(member.report.cpu_percent),
        );
        self.one(
            "elastic_visits_memory_ratio",
            "gauge",
            "Memory of the same scope, 0 to 1.",
            |member| ratio(member.report.memory_percent),
        );
        self.one(
            "elastic_visits_process_cpu_seconds_total",
            "counter",
            "CPU time of the instance's process.",
            |member| seconds(Duration::from_millis(member.report.process_cpu_ms)),
        );
        self.one(
            "elastic_visits_process_resident_memory_bytes",
            "gauge",
            "Resident memory of the instance's process.",
            |member| member.report.rss_bytes.to_string(),
        );
        self.one(
            "elastic_visits_process_threads",
            "gauge",
            "Threads of the instance's process.",
            |member| member.report.threads.to_string(),
        );

        self.one(
            "elastic_visits_stress_running",
            "gauge",
            "Whether a stress run is in progress on the instance.",
            |member| u8::from(member.report.stress_remaining_ms.is_some()).to_string(),
        );
        self.one(
            "elastic_visits_stress_remaining_seconds",
            "gauge",
            "What is left of the stress run in progress, or 0.",
            |member| {
                let left = member.report.stress_remaining_ms.unwrap_or(0);
                seconds(Duration::from_millis(left))
            },
        );
    }

    fn connections(&mut self) {
        let name = "elastic_visits_db_connections";
        self.head(name, "gauge", "Open connections to the database, by state.");
        self.each(|text, member| {
            let connections = member.report.connections;
            let used = connections.size.saturating_sub(connections.idle);
            line(
                text,
                name,
                &member.instance_id,
                &[("state", "idle")],
                &connections.idle.to_string(),
            );
            line(
                text,
                name,
                &member.instance_id,
                &[("state", "used")],
                &used.to_string(),
            );
        });
        self.one(
            "elastic_visits_db_connections_max",
            "gauge",
            "The most connections to the database that the instance may open.",
            |member| member.report.connections.max.to_string(),
        );
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.text.push_str(&head(name, kind, help));
    }

    fn each(&mut self, mut lines: impl FnMut(&mut String, &Member)) {
        for member in &self.members {
            lines(&mut self.text, member);
        }
    }

    /// A metric with one series for each instance.
    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Fn(&Member) -> String) {
        self.head(name, kind, help);
        self.each(|text, member| line(text, name, &member.instance_id, &[], &value(member)));
    }
}

fn seconds_since_1970(timestamp: Timestamp) -> String {
    seconds(timestamp.since(Timestamp::from_millis(0)))
}
