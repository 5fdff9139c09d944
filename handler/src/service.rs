//! The running instance: its background tasks, and the order in which it starts and stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::azure::arm::Arm;
use crate::config::Config;
use crate::domain::{InstanceState, Run, Timestamp};
use crate::fleet::{HeartbeatTask, Lifecycle, Scaler, ShownRules};
use crate::http::{self, Api, App, Instance, Overload};
use crate::observe::cpu_and_memory::{Gauge, Sampler};
use crate::observe::telemetry::Spans;
use crate::observe::traffic::Traffic;
use crate::store::{self, Database, Recorder, Retention, SharedReads, WriteProbe};
use crate::stress::Stress;
use crate::tasks::Tasks;

/// How long requests in flight may take after the instance was told to stop.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long the background tasks and the database may take after that.
const STOP_DEADLINE: Duration = Duration::from_secs(3);
/// How long it may take to report to the fleet that this instance is about to end, and that it has ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// Owns the background tasks and ends them.
#[derive(Debug)]
pub struct Service {
    app: Arc<App>,
    tasks: Tasks,
}

impl Service {
    /// Starts the background tasks. The database may be unavailable; a task opens it as soon as possible.
    ///
    /// # Errors
    /// When the system's CPU and memory cannot be read, or settings of the OpenTelemetry SDK are wrong.
    pub fn start(config: Config) -> anyhow::Result<Self> {
        let started = Instant::now();
        let tasks = Tasks::default();
        let stop = tasks.stop_token();
        let sampler = Sampler::new(config.instance_cpus)?;
        let cpus = sampler.cpus();
        let database = Database::new(&config.target, config.pool_max, config.migrate);
        let spans = Spans::start(
            config.collector.as_ref(),
            &config.instance_id,
            config.in_azure,
        )?;
        let scaler = config.scaler.as_ref().map(|scaler| {
            let arm = Arm::new(&scaler.endpoint, &scaler.site, scaler.identity.clone());
            Scaler::new(
                database.clone(),
                config.rules_clock,
                scaler.rules.clone(),
                arm,
            )
        });
        // The app's own scaler applies the rules that it read at the start.
        let file = config.autoscale_file.clone().filter(|_| scaler.is_none());
        let app = Arc::new(App {
            rules: ShownRules::new(config.autoscale.clone(), file),
            scaler,
            instance: Instance::new(&config.instance_id),
            reads: SharedReads::new(&database, &tasks, config.scaler.is_some()),
            recorder: Recorder::start(
                database.clone(),
                config.instance_id.clone(),
                spans.clone(),
                &tasks,
            ),
            spans,
            stress: Stress::new(sampler.stress_cpus(), sampler.stress_yields()),
            order_given: Arc::new(Notify::new()),
            lifecycle: Lifecycle::default(),
            gauge: Gauge::default(),
            traffic: Arc::new(Traffic::default()),
            overload: Overload::new(cpus, config.visit_work),
            started,
            api: Api::new()?,
            tasks: tasks.clone(),
            database,
            config,
        });
        let heartbeat = app.config.heartbeat;
        let database = || app.database.clone();
        tasks.spawn("access token", database().keep_token(stop.clone()));
        tasks.spawn("database", database().keep_open(heartbeat, stop.clone()));
        let sampler = sampler.run(app.gauge.clone(), heartbeat, stop.clone());
        tasks.spawn("CPU and memory", sampler);
        tasks.spawn("traffic", Arc::clone(&app.traffic).run(stop.clone()));
        // The low bits of a random UUID are random.
        let chance = Uuid::new_v4().as_u128() as u32;
        let heartbeats = HeartbeatTask {
            database: app.database.clone(),
            run: Run::new(Timestamp::now(), chance),
            instance_id: app.instance.id.clone(),
            started,
            interval: heartbeat,
            lifecycle: app.lifecycle.clone(),
            gauge: app.gauge.clone(),
            traffic: Arc::clone(&app.traffic),
            visits: app.recorder.written(),
            stress: app.stress.clone(),
            rules: app.rules.clone(),
            order_given: Arc::clone(&app.order_given),
        };
        tasks.spawn("heartbeat", heartbeats.run(stop.clone()));
        let write_probe = WriteProbe {
            database: app.database.clone(),
            interval: heartbeat,
            first: chance,
        };
        tasks.spawn("write probe", write_probe.run(stop.clone()));
        let retention = Retention {
            database: app.database.clone(),
            keep_addresses: app.config.keep_addresses,
        };
        tasks.spawn("retention", retention.run(stop));
        Ok(Self { app, tasks })
    }

    /// The routes, for the server.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.app))
    }

    /// The database, for callers that wait until it is ready.
    pub fn database(&self) -> &Database {
        &self.app.database
    }

    /// Serves until `shutdown` returns the reason to end, or until a background task fails. Then it completes the
    /// requests in flight and stops everything.
    ///
    /// # Errors
    /// When the listener has no address, or a background task failed.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = &'static str>,
    ) -> anyhow::Result<()> {
        let address = listener.local_addr()?;
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        let begun = CancellationToken::new();
        let stress = self.app.stress.clone();
        let lifecycle = self.app.lifecycle.clone();
        let tasks = self.tasks.clone();
        let shutdown = async {
            tokio::select! {
                signal = shutdown => tracing::info!(signal, "stopping"),
                failure = tasks.failed() => tracing::info!(reason = %failure, "stopping"),
            }
            lifecycle.announce(InstanceState::Draining, FAREWELL).await;
            // End a waited stress run early: its caller receives the result so far.
            stress.stop(Timestamp::now()).await;
            begun.cancel();
        };
        let serving = async {
            tokio::join!(
                http::serve(listener, self.router(), begun.clone()),
                shutdown
            );
        };
        let deadline = async {
            begun.cancelled().await;
            tokio::time::sleep(DRAIN_DEADLINE).await;
        };
        tokio::select! {
            () = serving => {}
            () = deadline => {
                tracing::warn!(seconds = DRAIN_DEADLINE.as_secs(), "requests are still in flight after the deadline and are aborted");
            }
        }
        self.stop().await;
        tracing::info!("stopped");
        match tasks.failure() {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    /// Ends the background tasks and the database connections, and exports the last spans.
    pub async fn stop(self) {
        let Self { app, tasks } = self;
        app.stress.stop(Timestamp::now()).await;
        app.lifecycle.announce(InstanceState::Gone, FAREWELL).await;
        tasks.stop();
        let database = app.database.clone();
        let spans = app.spans.clone();
        // The recorder's task ends when no sender of visits is left.
        drop(app);
        let stopped = async {
            tasks.stopped().await;
            database.close().await;
        };
        if tokio::time::timeout(STOP_DEADLINE, stopped).await.is_err() {
            tracing::warn!("the database connections could not be closed in time");
        }
        // This waits for the SDK's own thread.
        let flushed = tokio::task::spawn_blocking(move || spans.flush()).await;
        debug_assert!(flushed.is_ok(), "flushing does not panic");
    }
}

/// Updates the database schema. Returns the kind of database.
///
/// # Errors
/// When the database cannot be used or a migration fails.
pub async fn migrate(config: &Config) -> Result<&'static str, store::Error> {
    let database = Database::new(&config.target, config.pool_max, config.migrate);
    database.migrate_now().await?;
    database.close().await;
    Ok(database.db_type())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use clap::Parser as _;
    use sqlx::Connection as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::config::Cli;

    async fn get(router: &Router, path: &str) -> (u16, serde_json::Value) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 100_000)
            .await
            .expect("short");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn a_background_task_that_panics_ends_the_instance() {
        let folder = std::env::temp_dir().join(format!("service-{}", std::process::id()));
        let path = folder.join("visits.db").display().to_string();
        let config = Cli::try_parse_from(["handler", "--sqlite-path", &path])
            .expect("arguments")
            .config()
            .expect("settings");
        let service = Service::start(config).expect("starts");
        let (router, tasks) = (service.router(), service.tasks.clone());
        service.database().ready().await;
        assert_eq!(get(&router, "/health").await.0, 200);
        // The fleet can only be notified if it knows this instance.
        while get(&router, "/api/instances").await.1["live"] != 1 {}
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let serving = tokio::spawn(service.serve(listener, std::future::pending()));

        tasks.spawn("test", async { panic!("a test's own panic") });
        tasks.failed().await;
        let (status, health) = get(&router, "/health").await;
        assert_eq!(
            (status, health["status"].as_str()),
            (503, Some("unhealthy"))
        );
        assert_eq!(health["database"], "connected");
        let sentence = "the background task \"test\" panicked";
        assert_eq!(health["error"], sentence);
        assert_eq!(get(&router, "/health/live").await.0, 200);
        // The visit writer ends with the last router.
        drop(router);
        let served = serving.await.expect("no panic");
        assert_eq!(served.expect_err("it failed").to_string(), sentence);
        let mut database = sqlx::SqliteConnection::connect(&path).await.expect("opens");
        let state: String = sqlx::query_scalar("select state from instances")
            .fetch_one(&mut database)
            .await
            .expect("one instance");
        assert_eq!(state, "gone");
        database.close().await.expect("closes");
        std::fs::remove_dir_all(folder).expect("deleted");
    }
}
