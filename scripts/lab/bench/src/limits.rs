//! What PostgreSQL and axum can do on this machine with as little of our code as possible.

use anyhow::Context as _;
use serde::Deserialize;

use super::measure::{Measurement, call};
use super::results::Metric;
use super::server::{Server, clean, output};
use super::{Bench, Group, names, postgres};

/// The output of the example `single_insert`.
#[derive(Deserialize)]
struct SingleInserts {
    inserts: f64,
    seconds: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Bench {
    pub(super) async fn limits(&mut self) -> anyhow::Result<()> {
        self.pgbench().await?;
        self.sqlx_inserts().await?;
        self.empty_route().await
    }

    async fn pgbench(&mut self) -> anyhow::Result<()> {
        let before = self.postgres.cpu()?;
        let single = self
            .postgres
            .pgbench(&self.folder, postgres::SINGLE_INSERT, 64, 1, self.window)
            .await?;
        let cpu = self.postgres.cpu()? - before;
        let window = self.window.as_secs_f64().ceil().max(1.0);
        let values = [
            (Metric::Rate, single.rows_per_s),
            // pgbench reports no other latency without a log.
            (Metric::P50Ms, single.latency_ms),
            (
                Metric::PostgresUs,
                cpu.as_secs_f64() * 1e6 / (single.rows_per_s * window),
            ),
        ];
        self.record(Group::Limits, names::SINGLE_INSERTS, None, &values);

        let batched = self
            .postgres
            .pgbench(
                &self.folder,
                postgres::BATCHED_INSERT,
                8,
                postgres::BATCH,
                self.window,
            )
            .await?;
        let values = [
            (Metric::Rate, batched.rows_per_s),
            (Metric::P50Ms, batched.latency_ms),
        ];
        let name = "pgbench inserts of 100 rows, 8 clients";
        self.record(Group::Limits, name, None, &values);
        Ok(())
    }

    async fn sqlx_inserts(&mut self) -> anyhow::Result<()> {
        let mut command = clean(&self.programs.single_insert);
        command
            .arg(self.window.as_secs_f64().to_string())
            .env("DATABASE_URL", self.postgres.url(postgres::LIMITS));
        let said = output(command, "single_insert").await?;
        let single: SingleInserts =
            serde_json::from_str(&said).context("cannot understand single_insert")?;
        let values = [
            (Metric::Rate, single.inserts / single.seconds),
            (Metric::P50Ms, single.p50_us / 1_000.0),
            (Metric::P99Ms, single.p99_us / 1_000.0),
        ];
        self.record(Group::Limits, names::SQLX_INSERT, None, &values);
        Ok(())
    }

    async fn empty_route(&mut self) -> anyhow::Result<()> {
        let call = call("/");
        let command = clean(&self.programs.empty_route);
        let log = self.log("empty_route");
        let server = Server::start(command, &call.request, &log).await?;
        for connections in [1, 64, 512] {
            let name = names::empty_route(connections);
            let measurement = Measurement::new(Group::Limits, &name, &call, connections);
            self.load(measurement, &[&server], None).await?;
        }
        server.stop().await
    }
}
