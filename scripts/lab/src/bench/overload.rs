//! Ten times what a handler can do: what it takes, what it refuses, and how soon it is itself again.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::connection::{Connection, Request};
use super::open_loop::{OpenLoop, Outcome};
use super::register::{Load, count, millis, visit};
use super::results::Metric;
use super::{Bench, Group, names};

/// CPU milliseconds burnt per visit, so that capacity is small and known.
const VISIT_WORK: &str = "20";
/// How long the overload lasts.
pub(super) const WINDOW: Duration = Duration::from_secs(30);
/// How long recovery is watched.
pub(super) const AFTERWARDS: Duration = Duration::from_secs(5);
/// Requests that may be under way at a time.
const CONNECTIONS: usize = 512;
/// Enough to keep two CPUs busy, and too few to be refused.
const CAPACITY_CONNECTIONS: usize = 4;
const FACTOR: f64 = 10.0;
const PROBES_PER_S: f64 = 20.0;
const PROBE_CONNECTIONS: usize = 4;
/// A visit that takes longer is not normal service.
const NORMAL: Duration = Duration::from_millis(100);

impl Bench {
    pub(super) async fn overload(&mut self) -> anyhow::Result<()> {
        let database = self.register("overload", 0).await?;
        let mut command = self.handler_on(&database);
        command.env("VISIT_WORK", VISIT_WORK);
        let subject = self.start_handler(command).await?;
        let visit = visit();
        let load = Load::new(
            Group::Overload,
            names::CAPACITY,
            &visit,
            CAPACITY_CONNECTIONS,
        );
        let capacity = self.load(load, &[&subject], Some(&database)).await?.rate();

        let flood = OpenLoop {
            address: subject.address,
            request: visit.clone(),
            connections: CONNECTIONS,
            rate: capacity * FACTOR,
            window: WINDOW,
        };
        let probes = OpenLoop {
            request: Request::get("/health/live"),
            connections: PROBE_CONNECTIONS,
            rate: PROBES_PER_S,
            ..flood.clone()
        };
        let connection = Connection::to(subject.address);
        let (began, begin) = oneshot::channel();
        let meanwhile = async {
            // Where it never began, the flood says why.
            let begin =
                Instant::from_std(begin.await.unwrap_or_else(|_| Instant::now().into_std()));
            let (nobody, _) = oneshot::channel();
            tokio::join!(
                probes.run(nobody),
                watch_recovery(connection, &visit, begin + WINDOW)
            )
        };
        let (flood, (probes, afterwards)) = tokio::join!(flood.run(began), meanwhile);
        let (flood, probes) = (flood?, probes?);
        self.ledger
            .add_counts(&database, flood.created, flood.unanswered);
        let created = afterwards.iter().filter(|visit| visit.created);
        self.ledger.add_counts(&database, created.count() as u64, 0);
        self.note_overload(&flood, &probes, recovered_after(&afterwards));
        subject.stop().await
    }

    fn note_overload(&mut self, flood: &Outcome, probes: &Outcome, recovery: Duration) {
        let group = Group::Overload;
        let offered = [
            (Metric::Rate, rate(flood.offered)),
            (Metric::Count, count(flood.offered)),
        ];
        self.note(group, names::OFFERED, None, &offered);
        for (name, latency) in [
            (names::ACCEPTED, &flood.accepted),
            (names::SHED, &flood.shed),
        ] {
            let values = [
                (Metric::Rate, rate(latency.len())),
                (Metric::P50Ms, millis(latency.value_at_quantile(0.5))),
                (Metric::P99Ms, millis(latency.value_at_quantile(0.99))),
                (Metric::Count, count(latency.len())),
            ];
            // Nothing shed has no latency.
            let values = if latency.is_empty() {
                &values[3..]
            } else {
                &values[..]
            };
            self.note(group, name, None, values);
        }
        let neither = flood.unsent + flood.unanswered + flood.other.len();
        let values = [(Metric::Count, count(neither))];
        self.note(group, names::NEITHER, None, &values);
        let lateness = millis(flood.lateness.value_at_quantile(0.99));
        let values = [(Metric::P99Ms, lateness)];
        self.note(group, "how late the client sent", None, &values);
        let values = [
            (Metric::Rate, rate(probes.accepted.len())),
            (
                Metric::P50Ms,
                millis(probes.accepted.value_at_quantile(0.5)),
            ),
            (
                Metric::P99Ms,
                millis(probes.accepted.value_at_quantile(0.99)),
            ),
            (
                Metric::Failures,
                count(probes.offered - probes.accepted.len()),
            ),
        ];
        self.note(group, names::PROBES_OVERLOAD, None, &values);
        let recovery = recovery.as_secs_f64() * 1_000.0;
        self.note(group, names::RECOVERY, None, &[(Metric::TimeMs, recovery)]);
    }
}

/// A visit after the overload.
struct Visit {
    /// Since the end of the overload.
    answered: Duration,
    took: Duration,
    created: bool,
}

/// One visit after the other, from the end of the overload on.
async fn watch_recovery(mut connection: Connection, request: &Request, end: Instant) -> Vec<Visit> {
    sleep_until(end).await;
    let mut visits = Vec::new();
    while end.elapsed() < AFTERWARDS {
        let asked = Instant::now();
        let answer = connection.ask(request).await;
        let created = answer.is_ok_and(|answer| answer.status == 201);
        visits.push(Visit {
            answered: end.elapsed(),
            took: asked.elapsed(),
            created,
        });
        if !created {
            sleep_until(Instant::now() + Duration::from_millis(10)).await;
        }
    }
    visits
}

/// When the last visit was answered that was refused or slow; no time at all where there was none.
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
