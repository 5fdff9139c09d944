//! What is measured of whole processes: memory, start, the stand-in host, several instances.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::sleep;

use super::cluster::at_database;
use super::connection::{Connection, Request};
use super::register::{Load, count, listing, visit};
use super::results::{Limit, Metric, median};
use super::subject::{Subject, clean};
use super::{Bench, Group, WARM_UP, names};

/// Connections that are open and say nothing.
const IDLE_CONNECTIONS: usize = 10_000;
/// How often each start is timed in a round.
const STARTS: usize = 5;
/// Until what a start has left to do is done.
const SETTLED: Duration = Duration::from_secs(1);

impl Bench {
    pub(super) async fn memory(&mut self) -> anyhow::Result<()> {
        let database = self.register("memory", 0).await?;
        let subject = self.on_postgres(&database).await?;
        sleep(SETTLED).await;
        let values = [(Metric::MemoryMb, subject.memory()?)];
        self.note(Group::Memory, names::MEMORY_IDLE, None, &values);

        let live = Request::get("/health/live");
        let mut open = Vec::with_capacity(IDLE_CONNECTIONS);
        for _ in 0..IDLE_CONNECTIONS {
            let mut connection = Connection::to(subject.address);
            // One request each, so that the server has everything that belongs to a connection.
            match connection.ask(&live).await {
                Ok(answer) if answer.is_success() => open.push(connection),
                _ => break,
            }
        }
        sleep(SETTLED).await;
        let name = format!("memory, {IDLE_CONNECTIONS} open idle connections");
        let values = [
            (Metric::MemoryMb, subject.memory()?),
            (Metric::Count, count(open.len() as u64)),
            (
                Metric::Failures,
                count((IDLE_CONNECTIONS - open.len()) as u64),
            ),
        ];
        self.note(Group::Memory, &name, None, &values);
        drop(open);
        subject.stop().await
    }

    pub(super) async fn starts(&mut self) -> anyhow::Result<()> {
        let database = self.register("starts", 0).await?;
        for name in [names::START_SQLITE, names::START_POSTGRES] {
            let mut times = Vec::new();
            // The first one of a round finds a file to make, or programs to read from disk.
            for start in 0..=STARTS {
                let subject = if name == names::START_SQLITE {
                    self.on_sqlite("starts.db").await?
                } else {
                    self.on_postgres(&database).await?
                };
                if start > 0 {
                    times.push(subject.start.as_secs_f64() * 1_000.0);
                }
                subject.stop().await?;
            }
            let time = median(&times).unwrap_or_default();
            self.note(Group::Start, name, None, &[(Metric::TimeMs, time)]);
        }
        Ok(())
    }

    pub(super) async fn probes(&mut self) -> anyhow::Result<()> {
        let database = self.register("probes", 0).await?;
        let subject = self.on_postgres(&database).await?;
        let live = Request::get("/health/live");
        let load = Load::new(Group::Probes, names::PROBES_IDLE, &live, 8);
        self.load(load, &[&subject], None).await?;

        let seconds = (WARM_UP + self.window).as_secs_f64() + 5.0;
        let run = format!(r#"{{"duration": {seconds}, "wait": false}}"#);
        let mut operator = Connection::to(subject.address);
        let answer = operator.ask(&Request::post("/api/stress", &run)).await?;
        if answer.status != 202 {
            bail!("the stress run was answered {}", answer.status);
        }
        let load = Load::new(Group::Probes, names::PROBES_STRESS, &live, 8);
        self.load(load, &[&subject], None).await?;
        operator.ask(&Request::delete("/api/stress")).await?;
        subject.stop().await
    }

    pub(super) async fn lab_up(&mut self) -> anyhow::Result<()> {
        let database = self.register("lab_up", names::SMALL).await?;
        let direct = self.on_postgres(&database).await?;
        let pair = [(names::LISTING_DIRECT, None), (names::VISITS_DIRECT, None)];
        self.pair(Group::LabUp, pair, direct, &database).await?;

        let app = self.folder.join("app");
        self.assemble(&app).await?;
        let mut command = clean(&self.programs.lab);
        command
            // One instance, which alone has no CPU limit, as the direct one has none.
            .args(["up", "--max", "1", "--script-root"])
            .arg(app)
            .env("DATABASE_URL", self.cluster.url(&database));
        let log = self.log("lab_up");
        let host = Subject::start(command, "--port", &listing(), &log).await?;
        let pair = [
            (names::LISTING_LAB_UP, Limit::rate(names::LISTING_DIRECT)),
            (names::VISITS_LAB_UP, Limit::rate(names::VISITS_DIRECT)),
        ];
        self.pair(Group::LabUp, pair, host, &database).await
    }

    /// Listing and visits at 64 connections, on a process of their own.
    async fn pair(
        &mut self,
        group: Group,
        [of_listing, of_visits]: [(&str, Option<Limit>); 2],
        subject: Subject,
        database: &str,
    ) -> anyhow::Result<()> {
        for ((name, limit), request) in [(of_listing, listing()), (of_visits, visit())] {
            let load = Load::new(group, name, &request, 64).beside(limit);
            self.load(load, &[&subject], Some(database)).await?;
        }
        subject.stop().await
    }

    pub(super) async fn pooler(&mut self) -> anyhow::Result<()> {
        // As many connections as the handler has, so that the difference is PgBouncer's own.
        let pooler = match self.cluster.pooler(10).await {
            Ok(pooler) => pooler,
            Err(error) => {
                self.say(&format!("without the pooler: {error:#}"));
                return Ok(());
            }
        };
        let database = self.register("pooler", names::SMALL).await?;
        let direct = self.on_postgres(&database).await?;
        let pair = [
            (names::LISTING_UNPOOLED, None),
            (names::VISITS_UNPOOLED, None),
        ];
        self.pair(Group::Pooler, pair, direct, &database).await?;

        let mut command = self.handler_on(&database);
        command
            .env("DATABASE_URL", at_database(pooler.url(), &database))
            .env("DATABASE_POOLER", "transaction")
            .env("MIGRATE", "off");
        let pooled = self.start_handler(command).await?;
        let pair = [
            (names::LISTING_POOLED, Limit::rate(names::LISTING_UNPOOLED)),
            (names::VISITS_POOLED, Limit::rate(names::VISITS_UNPOOLED)),
        ];
        self.pair(Group::Pooler, pair, pooled, &database).await
    }

    /// Lays out a function app of its own: `target/app` may be in use.
    async fn assemble(&self, app: &Path) -> anyhow::Result<()> {
        let mut command = clean(&self.programs.lab);
        command.arg("assemble").arg("--into").arg(app);
        command.arg("--root").arg(&self.root);
        command.arg("--handler").arg(&self.programs.handler);
        let output = command.output().await.context("cannot run lab")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("lab assemble failed: {}", said.trim());
        }
        Ok(())
    }

    pub(super) async fn instances(&mut self) -> anyhow::Result<()> {
        let database = self.register("instances", 0).await?;
        let mut running: Vec<Subject> = Vec::new();
        for number in 1..=3 {
            running.push(self.on_postgres(&database).await?);
            let (name, request) = (names::instances(number), visit());
            let load = Load::new(Group::Instances, &name, &request, 64)
                .beside(Limit::rate(names::SINGLE_INSERTS));
            let subjects: Vec<&Subject> = running.iter().collect();
            self.load(load, &subjects, Some(&database)).await?;
        }
        for subject in running {
            subject.stop().await?;
        }
        Ok(())
    }
}
