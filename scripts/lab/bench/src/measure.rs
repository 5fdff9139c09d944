//! One measurement: a load on one or more servers, its rate, its latency, and its cost.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::results::{Limit, Metric};
use super::server::{Server, route};
use super::{Bench, Group, WARM_UP};
use load::failure::Failure;
use load::generator::{HEAD_START, Progress, Settings, generate};
use load::request::{get, post};
use load::schedule::Schedule;
use load::stages::Stages;
use load::stats::Stats;
use load::target::Target;
use load::workload::Workload;

/// Between two readings of the memory of a loaded process.
const READING: Duration = Duration::from_millis(200);

/// A request, and the status that counts as a success.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) request: Request<Bytes>,
    pub(super) expected: StatusCode,
}

pub(super) fn visit() -> Call {
    Call {
        request: post(&anywhere(), "/api/visit", ""),
        expected: StatusCode::CREATED,
    }
}

pub(super) fn listing() -> Call {
    call("/api/visits")
}

pub(super) fn call(endpoint: &str) -> Call {
    Call {
        request: get(&anywhere(), endpoint),
        expected: StatusCode::OK,
    }
}

/// For the Host header, which none of these servers reads.
pub(super) fn anywhere() -> Target {
    Target::parse("http://127.0.0.1").expect("it is a URL")
}

/// Requests without a response, which may or may not be processed.
pub(super) fn unanswered(stats: &Stats) -> u64 {
    let without_response = stats
        .errors
        .iter()
        .filter(|(failure, _)| !matches!(failure, Failure::Status(_) | Failure::NotStarted));
    without_response.map(|(_, count)| count).sum::<u64>() + stats.cut_off
}

/// Sends one kind of request to the servers, from one thread.
pub(super) async fn load(
    call: &Call,
    servers: &[&Server],
    schedule: Schedule,
    warm_up: Duration,
    max_in_flight: usize,
) -> anyhow::Result<Stats> {
    let addresses = servers.iter().map(|server| server.address).collect();
    let workload = Workload::single(route(addresses), &call.request, Some(call.expected));
    let settings = Settings {
        schedule,
        threads: 1,
        max_in_flight,
        warm_up,
    };
    let begun = std::time::Instant::now() + HEAD_START;
    let (never, progress) = (
        CancellationToken::new(),
        watch::Sender::new(Progress::default()),
    );
    let results = generate(workload, settings, begun, &never, &progress).await?;
    Ok(results.total)
}

/// One measurement in a closed loop: each connection sends its next request when the last one has ended.
pub(super) struct Measurement<'a> {
    group: Group,
    name: &'a str,
    limit: Option<Limit>,
    call: &'a Call,
    connections: u32,
}

impl<'a> Measurement<'a> {
    pub(super) fn new(group: Group, name: &'a str, call: &'a Call, connections: u32) -> Self {
        Self {
            group,
            name,
            limit: None,
            call,
            connections,
        }
    }

    pub(super) fn beside(self, limit: Option<Limit>) -> Self {
        Self { limit, ..self }
    }
}

impl Bench {
    /// Loads one or more servers of the same kind, adds the row, and returns the rate. The visits go to `database`.
    pub(super) async fn load(
        &mut self,
        measurement: Measurement<'_>,
        servers: &[&Server],
        database: Option<&str>,
    ) -> anyhow::Result<f64> {
        let schedule = Schedule::Users {
            stages: Stages::constant(measurement.connections.into(), WARM_UP + self.window),
            think: Duration::ZERO..=Duration::ZERO,
        };
        let records = measurement.call.expected == StatusCode::CREATED;
        let written_before = match database {
            Some(_) if records => Some(self.postgres.written().await?),
            _ => None,
        };
        let before = (cpu(servers)?, self.postgres.cpu()?);
        let (stats, memory) = tokio::join!(
            load(measurement.call, servers, schedule, WARM_UP, 1),
            self.most_memory(servers)
        );
        let (stats, memory) = (stats?, memory?);
        let server_cpu = cpu(servers)?.saturating_sub(before.0);
        let postgres_cpu = self.postgres.cpu()?.saturating_sub(before.1);

        let answered = stats.counts.sent - unanswered(&stats);
        let rate = count(stats.latency.len()) / self.window.as_secs_f64();
        let quantile = |quantile| millis(stats.latency.value_at_quantile(quantile));
        let mut values = vec![
            (Metric::Rate, rate),
            (Metric::P50Ms, quantile(0.5)),
            (Metric::P99Ms, quantile(0.99)),
            (Metric::ProcessUs, per_request(server_cpu, answered)),
            (Metric::ClientUs, per_request(stats.cpu, answered)),
            (Metric::MemoryMb, memory),
            (Metric::Failures, count(stats.counts.failed)),
        ];
        if let Some(database) = database {
            values.push((Metric::PostgresUs, per_request(postgres_cpu, answered)));
            if let Some(before) = written_before {
                let now = self.postgres.written().await?;
                let transactions = count((now.transactions - before.transactions).max(1));
                let wal_bytes = count(now.wal_bytes - before.wal_bytes);
                values.push((Metric::PerCommit, count(stats.counts.ok) / transactions));
                values.push((Metric::WalBytes, wal_bytes / count(answered.max(1))));
                self.databases
                    .add(database, stats.counts.ok, unanswered(&stats));
            }
        }
        self.record(
            measurement.group,
            measurement.name,
            measurement.limit,
            &values,
        );
        Ok(rate)
    }

    /// The most memory that the servers use together during a measurement.
    async fn most_memory(&self, servers: &[&Server]) -> anyhow::Result<f64> {
        let end = Instant::now() + WARM_UP + self.window;
        let mut most: f64 = 0.0;
        while Instant::now() + READING < end {
            sleep_until(Instant::now() + READING).await;
            let now: anyhow::Result<Vec<f64>> =
                servers.iter().map(|server| server.memory()).collect();
            most = most.max(now?.iter().sum());
        }
        Ok(most)
    }

    /// Adds a row's values of this round, and prints them.
    pub(super) fn record(
        &mut self,
        group: Group,
        name: &str,
        limit: Option<Limit>,
        values: &[(Metric, f64)],
    ) {
        let mut line = name.to_owned();
        for (metric, unit) in [
            (Metric::Rate, "/s"),
            (Metric::P99Ms, " ms p99"),
            (Metric::PostgresUs, " us PostgreSQL"),
            (Metric::PerCommit, " a commit"),
            (Metric::TimeMs, " ms"),
            (Metric::MemoryMb, " MB"),
            (Metric::Count, " requests"),
            (Metric::Failures, " failed"),
        ] {
            if let Some((_, value)) = values.iter().find(|(shown, _)| *shown == metric) {
                line.push_str(&format!("  {value:.1}{unit}"));
            }
        }
        self.say(&line);
        self.results.record(group, name, limit, values);
    }
}

fn cpu(servers: &[&Server]) -> anyhow::Result<Duration> {
    servers.iter().map(|server| server.cpu()).sum()
}

/// CPU per answered request, in microseconds.
pub(super) fn per_request(cpu: Duration, answered: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / count(answered.max(1))
}

pub(super) fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

pub(super) fn count(number: u64) -> f64 {
    number as f64
}
