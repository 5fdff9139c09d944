//! The running instance: its background tasks, and the order in which it starts and stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::Config;
use crate::domain::{InstanceState, Limits, Moment, Run};
use crate::fleet::{Heart, Pulse};
use crate::http::{self, App, Instance, Overload};
use crate::store::{self, Database, Recorder, Retention, SharedReads};
use crate::stress::Stress;
use crate::system::{Gauge, Sampler};
use crate::telemetry::Spans;
use crate::traffic::Traffic;

/// How long requests in flight may take once the instance is told to stop.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long the background tasks and the database may take after that.
const STOP_DEADLINE: Duration = Duration::from_secs(3);
/// How long the fleet may take to be told that this instance is about to end, and that it has.
const FAREWELL: Duration = Duration::from_secs(1);

/// Owns every task it spawned, and ends them all.
#[derive(Debug)]
pub struct Service {
    app: Arc<App>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Service {
    /// Starts the background tasks. The database may be away: it is opened when it can be.
    ///
    /// # Errors
    /// When the system's CPU and memory cannot be read, or settings of the OpenTelemetry SDK are wrong.
    pub fn start(config: Config) -> anyhow::Result<Self> {
        let started = Instant::now();
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let sampler = Sampler::new(config.instance_cpus)?;
        let cpus = sampler.cpus();
        let database = Database::new(&config.target, config.pool_max, config.migrate);
        let spans = Spans::start(
            config.collector.as_ref(),
            &config.instance_id,
            config.in_azure,
        )?;
        let app = Arc::new(App {
            instance: Instance::new(&config.instance_id),
            reads: SharedReads::new(&database, &tasks),
            recorder: Recorder::start(
                database.clone(),
                config.instance_id.clone(),
                spans.clone(),
                &tasks,
            ),
            spans,
            stress: Stress::new(sampler.stress_cpus(), sampler.stress_yields()),
            order_given: Arc::new(Notify::new()),
            pulse: Pulse::default(),
            gauge: Gauge::default(),
            traffic: Arc::new(Traffic::default()),
            overload: Overload::new(cpus, config.visit_work),
            started,
            openapi: http::openapi().to_json()?.into(),
            database,
            config,
        });
        tasks.spawn(app.database.clone().keep_token(stop.clone()));
        tasks.spawn(app.database.clone().open(stop.clone()));
        let heartbeat = app.config.heartbeat;
        tasks.spawn(sampler.run(app.gauge.clone(), heartbeat, stop.clone()));
        tasks.spawn(Arc::clone(&app.traffic).run(stop.clone()));
        // The low bits of a random UUID are random.
        let chance = Uuid::new_v4().as_u128() as u32;
        let heart = Heart {
            database: app.database.clone(),
            run: Run::new(Moment::now(), chance),
            instance_id: app.instance.id.clone(),
            started,
            interval: heartbeat,
            pulse: app.pulse.clone(),
            gauge: app.gauge.clone(),
            traffic: Arc::clone(&app.traffic),
            visits: app.recorder.written(),
            stress: app.stress.clone(),
            limits: app.config.autoscale.as_ref().map(|profile| Limits {
                minimum: profile.capacity.minimum,
                maximum: profile.capacity.maximum,
            }),
            order_given: Arc::clone(&app.order_given),
        };
        tasks.spawn(heart.run(stop.clone()));
        let retention = Retention {
            database: app.database.clone(),
            keep_addresses: app.config.keep_addresses,
        };
        tasks.spawn(retention.run(stop.clone()));
        Ok(Self { app, tasks, stop })
    }

    /// The routes, for whoever serves them.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.app))
    }

    /// The store, for whoever waits until it is ready.
    pub fn database(&self) -> &Database {
        &self.app.database
    }

    /// Serves until `shutdown` tells why to end; then finishes what is in flight and stops everything.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = &'static str>,
    ) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        let begun = CancellationToken::new();
        let stress = self.app.stress.clone();
        let pulse = self.app.pulse.clone();
        let shutdown = async {
            let signal = shutdown.await;
            tracing::info!(signal, "stopping");
            pulse.announce(InstanceState::Draining, FAREWELL).await;
            // A run nobody should wait for any longer: its caller gets what was done.
            stress.stop(Moment::now()).await;
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
                tracing::warn!(seconds = DRAIN_DEADLINE.as_secs(), "requests still in flight are given up");
            }
        }
        self.stop().await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Ends the background tasks and the connections to the database, and sends the last spans.
    pub async fn stop(self) {
        let Self { app, tasks, stop } = self;
        app.stress.stop(Moment::now()).await;
        app.pulse.announce(InstanceState::Gone, FAREWELL).await;
        stop.cancel();
        tasks.close();
        let database = app.database.clone();
        let spans = app.spans.clone();
        // The recorder's task ends once nobody can hand it a visit any more.
        drop(app);
        let stopped = async {
            tasks.wait().await;
            database.close().await;
        };
        if tokio::time::timeout(STOP_DEADLINE, stopped).await.is_err() {
            tracing::warn!("the database connections could not be closed in time");
        }
        // The SDK's own thread is waited for.
        let flushed = tokio::task::spawn_blocking(move || spans.flush()).await;
        debug_assert!(flushed.is_ok(), "flushing does not panic");
    }
}

/// Brings the database schema up to date; tells which kind of database it is.
///
/// # Errors
/// When the database cannot be used or a migration fails.
pub async fn migrate(config: &Config) -> Result<&'static str, store::Error> {
    let database = Database::new(&config.target, config.pool_max, config.migrate);
    database.migrate_now().await?;
    database.close().await;
    Ok(database.db_type())
}
