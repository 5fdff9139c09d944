//! What PostgreSQL and axum can do on this machine with as little of ours as possible.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::connection::Request;
use super::register::Load;
use super::results::Metric;
use super::subject::{Subject, clean};
use super::{Bench, Group, cluster, names};

/// What the example `single_insert` prints.
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
        let before = self.cluster.cpu()?;
        let single = self
            .cluster
            .single_inserts(&self.folder, 64, self.window)
            .await?;
        let cpu = self.cluster.cpu()? - before;
        let window = self.window.as_secs_f64().ceil().max(1.0);
        let values = [
            (Metric::Rate, single.rows_per_s),
            // All that pgbench tells without a log of its own.
            (Metric::P50Ms, single.latency_ms),
            (
                Metric::PostgresUs,
                cpu.as_secs_f64() * 1e6 / (single.rows_per_s * window),
            ),
        ];
        self.note(Group::Limits, names::SINGLE_INSERTS, None, &values);

        let batched = self
            .cluster
            .batched_inserts(&self.folder, 8, self.window)
            .await?;
        let values = [
            (Metric::Rate, batched.rows_per_s),
            (Metric::P50Ms, batched.latency_ms),
        ];
        self.note(Group::Limits, names::BATCHED_INSERTS, None, &values);
        Ok(())
    }

    async fn sqlx_inserts(&mut self) -> anyhow::Result<()> {
        let mut command = clean(&self.programs.single_insert);
        command
            .arg(self.window.as_secs_f64().to_string())
            .env("DATABASE_URL", self.cluster.url(cluster::LIMITS))
            .kill_on_drop(true);
        let output = command.output().await.context("cannot run single_insert")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("single_insert failed: {}", said.trim());
        }
        let single: SingleInserts =
            serde_json::from_slice(&output.stdout).context("cannot understand single_insert")?;
        let values = [
            (Metric::Rate, single.inserts / single.seconds),
            (Metric::P50Ms, single.p50_us / 1_000.0),
            (Metric::P99Ms, single.p99_us / 1_000.0),
        ];
        self.note(Group::Limits, names::SQLX_INSERT, None, &values);
        Ok(())
    }

    async fn empty_route(&mut self) -> anyhow::Result<()> {
        let request = Request::get("/");
        let command = clean(&self.programs.empty_route);
        let log = self.log("empty_route");
        let subject = Subject::start(command, "--port", &request, &log).await?;
        for connections in [1, 64, 512] {
            let name = names::empty_route(connections);
            let load = Load::new(Group::Limits, &name, &request, connections);
            self.load(load, &[&subject], None).await?;
        }
        subject.stop().await
    }
}

/// CPU per answered request, in microseconds.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn per_request(cpu: Duration, answered: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / answered.max(1) as f64
}
