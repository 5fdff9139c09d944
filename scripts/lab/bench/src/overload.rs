//! Ten times the capacity of a handler: what it accepts, what it refuses, and when service is normal again.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::measure::{Call, Measurement, call, count, load, millis, unanswered, visit};
use super::results::Metric;
use super::server::client;
use super::{Bench, Group, names};
use load::client::Client;
use load::schedule::Schedule;
use load::stages::Stages;
use load::stats::Stats;

/// CPU milliseconds per visit, so that the capacity is small and known.
const VISIT_WORK: &str = "20";
/// How long the overload lasts.
pub(super) const WINDOW: Duration = Duration::from_secs(30);
/// How long the recovery is measured.
pub(super) const AFTERWARDS: Duration = Duration::from_secs(5);
/// The most requests in flight.
const CONNECTIONS: usize = 512;
/// Enough to use two CPUs fully, but too few to be refused.
const CAPACITY_CONNECTIONS: u32 = 4;
const FACTOR: f64 = 10.0;
const PROBES_PER_S: f64 = 20.0;
const PROBE_CONNECTIONS: usize = 4;
/// A visit that takes longer is not normal service.
const NORMAL: Duration = Duration::from_millis(100);

impl Bench {
    pub(super) async fn overload(&mut self) -> anyhow::Result<()> {
        let database = "overload";
        self.database(database, 0).await?;
        let mut command = self.handler_on(database);
        command.env("VISIT_WORK", VISIT_WORK);
        let server = self.start_handler(command).await?;
        let servers = [&server];
        let visit = visit();
        let group = Group::Overload;
        let name = "capacity: closed loop, 4 conn";
        let capacity = Measurement::new(group, name, &visit, CAPACITY_CONNECTIONS);
        let capacity = self.load(capacity, &servers, Some(database)).await?;

        let at = |rate| Schedule::Rate(Stages::constant(rate, WINDOW));
        let (flood, probes) = (at(capacity * FACTOR), at(PROBES_PER_S));
        let at_once = Duration::ZERO;
        let probe = call("/health/live");
        let end = Instant::now() + WINDOW;
        let (flood, probes, afterwards) = tokio::join!(
            load(&visit, &servers, flood, at_once, CONNECTIONS),
            load(&probe, &servers, probes, at_once, PROBE_CONNECTIONS),
            watch_recovery(client(server.address), &visit, end)
        );
        let (flood, probes) = (flood?, probes?);
        let created = afterwards.iter().filter(|visit| visit.created).count() as u64;
        let acknowledged = flood.counts.ok + created;
        self.databases
            .add(database, acknowledged, unanswered(&flood));
        self.record_overload(&flood, &probes, recovered_after(&afterwards));
        server.stop().await
    }

    fn record_overload(&mut self, flood: &Stats, probes: &Stats, recovery: Duration) {
        let group = Group::Overload;
        let offered = flood.counts.sent;
        let values = [
            (Metric::Rate, rate(offered)),
            (Metric::Count, count(offered)),
        ];
        self.record(group, "offered: open loop, ten times that", None, &values);
        for (name, latency) in [
            (names::ACCEPTED, &flood.latency),
            (names::SHED, &flood.refusals),
        ] {
            let values = [
                (Metric::Rate, rate(latency.len())),
                (Metric::P50Ms, millis(latency.value_at_quantile(0.5))),
                (Metric::P99Ms, millis(latency.value_at_quantile(0.99))),
                (Metric::Count, count(latency.len())),
            ];
            // If nothing was refused, there is no latency.
            let values = if latency.is_empty() {
                &values[3..]
            } else {
                &values[..]
            };
            self.record(group, name, None, values);
        }
        let neither = offered - flood.counts.ok - flood.refusals.len();
        let values = [(Metric::Count, count(neither))];
        self.record(group, names::NEITHER, None, &values);
        let lateness = millis(flood.lateness.value_at_quantile(0.99));
        let values = [(Metric::P99Ms, lateness)];
        self.record(group, "how late the client sent", None, &values);
        let latency = |quantile| millis(probes.latency.value_at_quantile(quantile));
        let values = [
            (Metric::Rate, rate(probes.counts.ok)),
            (Metric::P50Ms, latency(0.5)),
            (Metric::P99Ms, latency(0.99)),
            (Metric::Failures, count(probes.counts.failed)),
        ];
        self.record(group, names::PROBES_OVERLOAD, None, &values);
        let recovery = recovery.as_secs_f64() * 1_000.0;
        self.record(group, names::RECOVERY, None, &[(Metric::TimeMs, recovery)]);
    }
}

/// A visit after the overload.
struct Visit {
    /// Since the end of the overload.
    answered: Duration,
    took: Duration,
    created: bool,
}

/// Sends one visit after the other, starting at the end of the overload.
async fn watch_recovery(mut client: Client, visit: &Call, end: Instant) -> Vec<Visit> {
    sleep_until(end).await;
    let mut visits = Vec::new();
    while end.elapsed() < AFTERWARDS {
        let sent = Instant::now();
        let reply = client.send(&visit.request).await;
        let created = reply.is_ok_and(|reply| reply.status() == visit.expected);
        visits.push(Visit {
            answered: end.elapsed(),
            took: sent.elapsed(),
            created,
        });
        if !created {
            sleep(Duration::from_millis(10)).await;
        }
    }
    visits
}

/// When the last refused or slow visit was answered; zero if there was none.
fn recovered_after(visits: &[Visit]) -> Duration {
    let abnormal = |visit: &&Visit| !visit.created || visit.took > NORMAL;
    let last = visits.iter().rfind(abnormal);
    last.map_or(Duration::ZERO, |visit| visit.answered)
}

fn rate(requests: u64) -> f64 {
    count(requests) / WINDOW.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(answered: u64, took: u64, created: bool) -> Visit {
        Visit {
            answered: Duration::from_millis(answered),
            took: Duration::from_millis(took),
            created,
        }
    }

    #[test]
    fn service_is_normal_after_the_last_refused_or_slow_visit() {
        assert_eq!(recovered_after(&[]), Duration::ZERO);
        let normal = [visit(20, 20, true), visit(40, 20, true)];
        assert_eq!(recovered_after(&normal), Duration::ZERO);
        let disturbed = [
            visit(1, 1, false),
            visit(150, 140, true),
            visit(170, 20, true),
        ];
        assert_eq!(recovered_after(&disturbed), Duration::from_millis(150));
    }
}
