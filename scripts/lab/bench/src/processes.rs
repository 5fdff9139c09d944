//! Measurements of whole processes: memory, start, the host emulator.

use std::path::Path;
use std::time::Duration;

use anyhow::{anyhow, bail, ensure};
use http::{Method, StatusCode};
use tokio::time::sleep;

use super::measure::{Measurement, anywhere, call, count, listing, visit};
use super::postgres::at_database;
use super::results::{Limit, Metric, median};
use super::server::{Server, clean, client, output, route};
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
        let (opened, failed) = (open.len(), IDLE_CONNECTIONS - open.len());
        let values = [
            (Metric::MemoryMb, server.memory()?),
            (Metric::Count, count(opened as u64)),
            (Metric::Failures, count(failed as u64)),
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
            bail!("the stress run returned {status}");
        }
        let name = "GET /health/live, 8 conn, stress run";
        let beside = Measurement::new(Group::Probes, name, &live, 8);
        self.load(beside, &[&server], None).await?;
        let mut stop = get(&anywhere(), "/api/stress");
        *stop.method_mut() = Method::DELETE;
        client.send(&stop).await.map_err(failed)?;
        server.stop().await
    }

    pub(super) async fn lab_up(&mut self) -> anyhow::Result<()> {
        let (group, database) = (Group::LabUp, "lab_up");
        self.database(database, names::SMALL).await?;
        let direct = self.on_postgres(database).await?;
        self.pair(group, names::DIRECT, None, direct, database)
            .await?;
        let host = self.emulated("premium-v3", database).await?;
        let beside = Some(names::DIRECT);
        self.pair(group, names::LAB_UP, beside, host, database)
            .await
    }

    /// The cost of the rules' evaluation by the app: once a second here, once a minute in Azure.
    pub(super) async fn scaler(&mut self) -> anyhow::Result<()> {
        let (group, database) = (Group::Scaler, "scaler");
        let (unscaled, scaled) = ("without the scaler", "one evaluation a second");
        self.database(database, names::SMALL).await?;
        let server = self.emulated("premium-v3", database).await?;
        self.pair(group, unscaled, None, server, database).await?;
        let server = self.emulated("elastic-premium", database).await?;
        self.pair(group, scaled, Some(unscaled), server, database)
            .await?;
        let evaluations = self.postgres.evaluations(database).await?;
        let log = self.log("lab_up");
        ensure!(
            evaluations > 0,
            "the app has evaluated no rules; log: {}",
            log.display()
        );
        Ok(())
    }

    /// `lab up` with one instance, which then has no CPU limit, like the direct one. An Azure minute lasts a second.
    async fn emulated(&self, plan: &str, database: &str) -> anyhow::Result<Server> {
        let app = self.folder.join(plan);
        self.assemble(plan, &app).await?;
        let mut command = clean(&self.programs.lab);
        command.args(["up", "--max", "1", "--time-scale", "60", "--plan", plan]);
        command.arg("--script-root").arg(app);
        command.env("DATABASE_URL", self.postgres.url(database));
        Server::start(command, &listing().request, &self.log("lab_up")).await
    }

    /// Listing and visits at 64 connections, on a separate process. `way` names how the requests reach the handler, and
    /// `beside` the way that it is compared with.
    async fn pair(
        &mut self,
        group: Group,
        way: &str,
        beside: Option<&str>,
        server: Server,
        database: &str,
    ) -> anyhow::Result<()> {
        for (endpoint, call) in [(names::LISTING, listing()), (names::VISITS, visit())] {
            let name = names::on_way(endpoint, way);
            let limit = beside.and_then(|other| Limit::rate(names::on_way(endpoint, other)));
            let measurement = Measurement::new(group, &name, &call, 64).beside(limit);
            self.load(measurement, &[&server], Some(database)).await?;
        }
        server.stop().await
    }

    pub(super) async fn pooler(&mut self) -> anyhow::Result<()> {
        // As many connections as the handler has, so that only PgBouncer makes a difference.
        let pooler = match self.postgres.pooler(10).await {
            Ok(pooler) => pooler,
            Err(error) => {
                self.say(&format!("skipping the pooler: {error:#}"));
                return Ok(());
            }
        };
        let (group, database) = (Group::Pooler, "pooler");
        let (unpooled, pooled) = ("no pooler", "PgBouncer");
        self.database(database, names::SMALL).await?;
        let server = self.on_postgres(database).await?;
        self.pair(group, unpooled, None, server, database).await?;

        let mut command = self.handler_on(database);
        command
            .env("DATABASE_URL", at_database(pooler.url(), database))
            .env("DATABASE_POOLER", "transaction")
            .env("MIGRATE", "off");
        let server = self.start_handler(command).await?;
        self.pair(group, pooled, Some(unpooled), server, database)
            .await
    }

    /// Assembles a separate function app, because `target/app` may be in use.
    async fn assemble(&self, plan: &str, app: &Path) -> anyhow::Result<()> {
        let mut command = clean(&self.programs.lab);
        command.args(["assemble", "--plan", plan]);
        command.arg("--into").arg(app);
        command.arg("--root").arg(&self.root);
        command.arg("--handler").arg(&self.programs.handler);
        output(command, "lab assemble").await?;
        Ok(())
    }
}
