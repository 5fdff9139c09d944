//! Measurements of whole processes: memory, start, the host emulator.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use http::{Method, StatusCode};
use tokio::time::sleep;

use super::measure::{Measurement, anywhere, call, count, listing, visit};
use super::postgres::at_database;
use super::results::{Limit, Metric, median};
use super::server::{Server, clean, client, route};
use super::{Bench, Group, WARM_UP, names};
use load::request::{Encoded, get, post};

/// Connections that are open and idle.
const IDLE_CONNECTIONS: usize = 10_000;
/// How often each start is measured in a round.
const STARTS: usize = 5;
/// The time until the remaining work of a start is done.
const SETTLED: Duration = Duration::from_secs(1);

impl Bench {
    pub(super) async fn memory(&mut self) -> anyhow::Result<()> {
        self.database("memory", 0).await?;
        let server = self.on_postgres("memory").await?;
        sleep(SETTLED).await;
        let values = [(Metric::MemoryMb, server.memory()?)];
        self.record(Group::Memory, names::MEMORY_IDLE, None, &values);

        let live = Encoded::from(&call("/health/live").request);
        let route = route(vec![server.address]);
        let mut open = Vec::with_capacity(IDLE_CONNECTIONS);
        for _ in 0..IDLE_CONNECTIONS {
            let Ok(mut connection) = route.connect().await else {
                break;
            };
            // One request each, so that the server has allocated everything for the connection.
            match connection.send(&live, |_| ()).await {
                Ok(response) if response.status.is_success() => open.push(connection),
                _ => break,
            }
        }
        sleep(SETTLED).await;
        let name = format!("memory, {IDLE_CONNECTIONS} open idle connections");
        let values = [
            (Metric::MemoryMb, server.memory()?),
            (Metric::Count, count(open.len() as u64)),
            (
                Metric::Failures,
                count((IDLE_CONNECTIONS - open.len()) as u64),
            ),
        ];
        self.record(Group::Memory, &name, None, &values);
        drop(open);
        server.stop().await
    }

    pub(super) async fn starts(&mut self) -> anyhow::Result<()> {
        self.database("starts", 0).await?;
        for name in [names::START_SQLITE, names::START_POSTGRES] {
            let mut times = Vec::new();
            // The first start of a round also creates a file, or reads programs from disk.
            for start in 0..=STARTS {
                let server = if name == names::START_SQLITE {
                    self.on_sqlite("starts.db").await?
                } else {
                    self.on_postgres("starts").await?
                };
                if start > 0 {
                    times.push(server.start.as_secs_f64() * 1_000.0);
                }
                server.stop().await?;
            }
            let time = median(&times).unwrap_or_default();
            self.record(Group::Start, name, None, &[(Metric::TimeMs, time)]);
        }
        Ok(())
    }

    pub(super) async fn probes(&mut self) -> anyhow::Result<()> {
        self.database("probes", 0).await?;
        let server = self.on_postgres("probes").await?;
        let live = call("/health/live");
        let idle = Measurement::new(Group::Probes, names::PROBES_IDLE, &live, 8);
        self.load(idle, &[&server], None).await?;

        let seconds = (WARM_UP + self.window).as_secs_f64() + 5.0;
        let run = format!(r#"{{"duration": {seconds}, "wait": false}}"#);
        let mut client = client(server.address);
        let failed = |(_, reason)| anyhow!("the stress run failed: {reason}");
        let run = post(&anywhere(), "/api/stress", &run);
        let status = client.send(&run).await.map_err(failed)?.status();
        if status != StatusCode::ACCEPTED {
            bail!("the stress run was answered {status}");
        }
        let beside = Measurement::new(Group::Probes, names::PROBES_STRESS, &live, 8);
        self.load(beside, &[&server], None).await?;
        let mut stop = get(&anywhere(), "/api/stress");
        *stop.method_mut() = Method::DELETE;
        client.send(&stop).await.map_err(failed)?;
        server.stop().await
    }

    pub(super) async fn lab_up(&mut self) -> anyhow::Result<()> {
        let database = "lab_up";
        self.database(database, names::SMALL).await?;
        let direct = self.on_postgres(database).await?;
        let pair = [(names::LISTING_DIRECT, None), (names::VISITS_DIRECT, None)];
        self.pair(Group::LabUp, pair, direct, database).await?;

        let host = self.emulated("premium-v3", database).await?;
        let pair = [
            (names::LISTING_LAB_UP, Limit::rate(names::LISTING_DIRECT)),
            (names::VISITS_LAB_UP, Limit::rate(names::VISITS_DIRECT)),
        ];
        self.pair(Group::LabUp, pair, host, database).await
    }

    /// The cost of the rules' evaluation by the app: once a second here, once a minute in Azure.
    pub(super) async fn scaler(&mut self) -> anyhow::Result<()> {
        let database = "scaler";
        self.database(database, names::SMALL).await?;
        let without = self.emulated("premium-v3", database).await?;
        let pair = [
            (names::LISTING_UNSCALED, None),
            (names::VISITS_UNSCALED, None),
        ];
        self.pair(Group::Scaler, pair, without, database).await?;

        let with = self.emulated("elastic-premium", database).await?;
        let pair = [
            (names::LISTING_SCALED, Limit::rate(names::LISTING_UNSCALED)),
            (names::VISITS_SCALED, Limit::rate(names::VISITS_UNSCALED)),
        ];
        self.pair(Group::Scaler, pair, with, database).await?;
        let evaluations = self.postgres.evaluations(database).await?;
        if evaluations == 0 {
            bail!(
                "the app has evaluated no rules; log: {}",
                self.log("lab_up").display()
            );
        }
        Ok(())
    }

    /// `lab up` with one instance, which then has no CPU limit, like the direct one. An Azure minute lasts a second.
    async fn emulated(&self, plan: &str, database: &str) -> anyhow::Result<Server> {
        let app = self.folder.join(plan);
        self.assemble(plan, &app).await?;
        let mut command = clean(&self.programs.lab);
        command
            .args([
                "up",
                "--max",
                "1",
                "--time-scale",
                "60",
                "--plan",
                plan,
                "--script-root",
            ])
            .arg(app)
            .env("DATABASE_URL", self.postgres.url(database));
        Server::start(command, &listing().request, &self.log("lab_up")).await
    }

    /// Listing and visits at 64 connections, on a separate process.
    async fn pair(
        &mut self,
        group: Group,
        [of_listing, of_visits]: [(&str, Option<Limit>); 2],
        server: Server,
        database: &str,
    ) -> anyhow::Result<()> {
        for ((name, limit), call) in [(of_listing, listing()), (of_visits, visit())] {
            let measurement = Measurement::new(group, name, &call, 64).beside(limit);
            self.load(measurement, &[&server], Some(database)).await?;
        }
        server.stop().await
    }

    pub(super) async fn pooler(&mut self) -> anyhow::Result<()> {
        // As many connections as the handler has, so that only PgBouncer makes a difference.
        let pooler = match self.postgres.pooler(10).await {
            Ok(pooler) => pooler,
            Err(error) => {
                self.say(&format!("without the pooler: {error:#}"));
                return Ok(());
            }
        };
        let database = "pooler";
        self.database(database, names::SMALL).await?;
        let direct = self.on_postgres(database).await?;
        let pair = [
            (names::LISTING_UNPOOLED, None),
            (names::VISITS_UNPOOLED, None),
        ];
        self.pair(Group::Pooler, pair, direct, database).await?;

        let mut command = self.handler_on(database);
        command
            .env("DATABASE_URL", at_database(pooler.url(), database))
            .env("DATABASE_POOLER", "transaction")
            .env("MIGRATE", "off");
        let pooled = self.start_handler(command).await?;
        let pair = [
            (names::LISTING_POOLED, Limit::rate(names::LISTING_UNPOOLED)),
            (names::VISITS_POOLED, Limit::rate(names::VISITS_UNPOOLED)),
        ];
        self.pair(Group::Pooler, pair, pooled, database).await
    }

    /// Assembles a separate function app, because `target/app` may be in use.
    async fn assemble(&self, plan: &str, app: &Path) -> anyhow::Result<()> {
        let mut command = clean(&self.programs.lab);
        command
            .args(["assemble", "--plan", plan, "--into"])
            .arg(app);
        command.arg("--root").arg(&self.root);
        command.arg("--handler").arg(&self.programs.handler);
        let output = command.output().await.context("cannot run lab")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("lab assemble failed: {}", said.trim());
        }
        Ok(())
    }
}
