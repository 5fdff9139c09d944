//! Visits and listing, on PostgreSQL at several sizes and on SQLite.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until};

use super::closed_loop::{ClosedLoop, Tally};
use super::connection::{Connection, Request};
use super::limits::per_request;
use super::results::{Limit, Metric};
use super::subject::{Subject, clean};
use super::{Bench, Group, WARM_UP, names};

pub(super) const CONNECTIONS: [usize; 3] = [1, 64, 512];

/// Registers below this are made anew for every round, so that they are small when it begins.
const KEPT_FROM: u64 = 100_000;

/// Between two looks at the memory of a loaded process.
const LOOK: Duration = Duration::from_millis(200);

/// One measurement with the closed loop.
pub(super) struct Load<'a> {
    group: Group,
    name: &'a str,
    limit: Option<Limit>,
    request: &'a Request,
    connections: usize,
}

impl<'a> Load<'a> {
    pub(super) fn new(
        group: Group,
        name: &'a str,
        request: &'a Request,
        connections: usize,
    ) -> Self {
        Self {
            group,
            name,
            limit: None,
            request,
            connections,
        }
    }

    pub(super) fn beside(self, limit: Option<Limit>) -> Self {
        Self { limit, ..self }
    }
}

/// The part of a page that counting needs.
#[derive(Deserialize)]
struct Page {
    total_visits: u64,
    recent_visits: Vec<serde::de::IgnoredAny>,
    next_before: Option<i64>,
}

pub(super) fn visit() -> Request {
    Request::post("/api/visit", "")
}

pub(super) fn listing() -> Request {
    Request::get("/api/visits")
}

impl Bench {
    pub(super) async fn visits(&mut self) -> anyhow::Result<()> {
        for rows in self.sizes.clone() {
            let database = if rows < KEPT_FROM {
                format!("visits_{}_{}", names::size(rows), self.round)
            } else {
                format!("visits_{}", names::size(rows))
            };
            let database = self.register(&database.to_lowercase(), rows).await?;
            let subject = self.on_postgres(&database).await?;
            // Listing first, while the register has the size it is named for.
            for connections in CONNECTIONS {
                let name = names::listing(connections, rows);
                let request = listing();
                let load = Load::new(Group::Visits, &name, &request, connections)
                    .beside(Limit::rate(names::empty_route(connections)));
                self.load(load, &[&subject], Some(&database)).await?;
            }
            for connections in CONNECTIONS {
                let name = names::visits(connections, rows);
                let limit = match connections {
                    1 => Limit::p50(names::SQLX_INSERT),
                    _ => Limit::rate(names::SINGLE_INSERTS),
                };
                let request = visit();
                let load = Load::new(Group::Visits, &name, &request, connections).beside(limit);
                self.load(load, &[&subject], Some(&database)).await?;
            }
            subject.stop().await?;
        }
        Ok(())
    }

    pub(super) async fn sqlite(&mut self) -> anyhow::Result<()> {
        let register = format!("SQLite, round {}", self.round);
        self.ledger.open(&register, 0);
        let subject = self.on_sqlite(&format!("visits_{}.db", self.round)).await?;
        let (visit, listing) = (visit(), listing());
        let load = Load::new(Group::Sqlite, "POST /api/visit, 64 conn", &visit, 64);
        self.load(load, &[&subject], Some(&register)).await?;
        let limit = Limit::rate(names::empty_route(64));
        let load = Load::new(Group::Sqlite, "GET /api/visits, 64 conn", &listing, 64).beside(limit);
        self.load(load, &[&subject], None).await?;
        let (rows, total) = count_pages(&subject).await?;
        self.ledger.count(&register, rows, total);
        subject.stop().await
    }

    /// Loads one or more processes of the same kind, and notes the row. The visits are `register`'s.
    pub(super) async fn load(
        &mut self,
        load: Load<'_>,
        subjects: &[&Subject],
        register: Option<&str>,
    ) -> anyhow::Result<Tally> {
        let client = ClosedLoop {
            addresses: subjects.iter().map(|subject| subject.address).collect(),
            request: load.request.clone(),
            connections: load.connections,
            warm_up: WARM_UP,
            window: self.window,
        };
        let before = (cpu(subjects)?, self.cluster.cpu()?);
        let (tally, memory) = tokio::join!(client.run(), self.most_memory(subjects));
        let (tally, memory) = (tally?, memory?);
        let subject_cpu = cpu(subjects)?.saturating_sub(before.0);
        let postgres_cpu = self.cluster.cpu()?.saturating_sub(before.1);

        let quantile = |quantile| millis(tally.latency.value_at_quantile(quantile));
        let mut values = vec![
            (Metric::Rate, tally.rate()),
            (Metric::P50Ms, quantile(0.5)),
            (Metric::P99Ms, quantile(0.99)),
            (Metric::ProcessUs, per_request(subject_cpu, tally.answered)),
            (
                Metric::ClientUs,
                per_request(tally.client_cpu, tally.answered),
            ),
            (Metric::MemoryMb, memory),
            (Metric::Failures, count(tally.failures())),
        ];
        if let Some(register) = register {
            values.push((
                Metric::PostgresUs,
                per_request(postgres_cpu, tally.answered),
            ));
            self.ledger.add(register, &tally);
        }
        self.note(load.group, load.name, load.limit, &values);
        Ok(tally)
    }

    /// The most memory that the processes together have in use while a measurement goes on.
    async fn most_memory(&self, subjects: &[&Subject]) -> anyhow::Result<f64> {
        let end = Instant::now() + WARM_UP + self.window;
        let mut most: f64 = 0.0;
        while Instant::now() + LOOK < end {
            sleep_until(Instant::now() + LOOK).await;
            let now: anyhow::Result<Vec<f64>> =
                subjects.iter().map(|subject| subject.memory()).collect();
            most = most.max(now?.iter().sum());
        }
        Ok(most)
    }

    /// Notes a row's figures of this round, and shows them.
    pub(super) fn note(
        &mut self,
        group: Group,
        name: &str,
        limit: Option<Limit>,
        values: &[(Metric, f64)],
    ) {
        let figure = |wanted| {
            let found = values.iter().find(|(metric, _)| *metric == wanted);
            found.map(|(_, value)| *value)
        };
        let mut said = name.to_owned();
        for (metric, unit) in [
            (Metric::Rate, "/s"),
            (Metric::P99Ms, " ms p99"),
            (Metric::TimeMs, " ms"),
            (Metric::MemoryMb, " MB"),
            (Metric::Count, " requests"),
            (Metric::Failures, " failed"),
        ] {
            if let Some(value) = figure(metric) {
                said.push_str(&format!("  {value:.1}{unit}"));
            }
        }
        self.say(&said);
        self.results.note(group, name, limit, values);
    }

    /// A register of this many rows, made unless it is there.
    pub(super) async fn register(&mut self, database: &str, rows: u64) -> anyhow::Result<String> {
        if !self.ledger.knows(database) {
            self.cluster.create(database).await?;
            let mut migrate = self.handler_on(database);
            let output = migrate.arg("migrate").output().await;
            let output = output.context("cannot run the handler")?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                bail!("handler migrate failed: {}", said.trim());
            }
            if rows > 0 {
                self.say(&format!(
                    "filling a register with {} rows",
                    names::size(rows)
                ));
                self.cluster.fill(database, rows).await?;
            }
            self.ledger.open(database, rows);
        }
        Ok(database.to_owned())
    }

    /// A handler with its settings as they are by default.
    pub(super) fn handler_on(&self, database: &str) -> Command {
        let mut command = clean(&self.programs.handler);
        command.env("DATABASE_URL", self.cluster.url(database));
        command
    }

    pub(super) async fn on_postgres(&self, database: &str) -> anyhow::Result<Subject> {
        self.start_handler(self.handler_on(database)).await
    }

    pub(super) async fn on_sqlite(&self, file: &str) -> anyhow::Result<Subject> {
        let mut command = clean(&self.programs.handler);
        command.env("SQLITE_PATH", self.folder.join(file));
        self.start_handler(command).await
    }

    pub(super) async fn start_handler(&self, command: Command) -> anyhow::Result<Subject> {
        Subject::start(command, "--port", &listing(), &self.log("handler")).await
    }

    /// Counts the rows of every register that is not counted yet.
    pub(super) async fn count_registers(&mut self) -> anyhow::Result<()> {
        let uncounted = self.ledger.accounts.iter();
        let uncounted: Vec<String> = uncounted
            .filter(|account| account.rows.is_none())
            .map(|account| account.database.clone())
            .collect();
        for database in uncounted {
            let (rows, total) = self.cluster.counts(&database).await?;
            self.ledger.count(&database, rows, total);
        }
        Ok(())
    }
}

/// The rows that the pages of a register show, and its total.
async fn count_pages(subject: &Subject) -> anyhow::Result<(u64, u64)> {
    let mut connection = Connection::to(subject.address);
    let mut rows = 0;
    let mut before = String::new();
    loop {
        let request = Request::get(&format!("/api/visits?limit=100{before}"));
        let answer = connection.ask(&request).await?;
        let page: Page = serde_json::from_slice(connection.body(&answer))
            .with_context(|| format!("a page of visits was answered {}", answer.status))?;
        rows += page.recent_visits.len() as u64;
        match page.next_before {
            Some(id) => before = format!("&before={id}"),
            None => return Ok((rows, page.total_visits)),
        }
    }
}

fn cpu(subjects: &[&Subject]) -> anyhow::Result<Duration> {
    subjects.iter().map(|subject| subject.cpu()).sum()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}
