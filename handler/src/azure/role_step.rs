//! `handler provision` under the Functions host: provisions, and serves its progress until it is stopped.
//!
//! | route | returns |
//! | --- | --- |
//! | `GET /health` | 200 with [`Progress`], whatever the state |
//!
//! A deployment starts it on a site of its own inside the virtual network, follows `/health`, and deletes the site
//! (`scripts/deploy`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::provisioning::{self, ProvisionError};
use crate::config::{AppRole, Config, LISTEN_ADDRESS};
use crate::http;

/// How long failed attempts are repeated: PostgreSQL accepts a new administrator only after some minutes.
const PATIENCE: Duration = Duration::from_secs(600);
/// The pause after the first failed attempt. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How many lines `/health` shows at most, the last ones.
const LINES: usize = 50;

/// What the role step is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    /// Attempts continue.
    Running,
    /// The database is ready for the app.
    Done,
    /// No further attempt follows. The last line holds the reason.
    Failed,
}

/// The body of `/health`. It holds no secret: provisioning reports names and errors only.
#[derive(Debug, Clone, Serialize)]
struct Progress {
    state: Phase,
    attempt: u32,
    lines: Vec<String>,
}

/// The progress, shared by the work and the server. The lock is never held over `.await`.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Progress>>);

impl Shared {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Progress {
            state: Phase::Running,
            attempt: 0,
            lines: Vec::new(),
        })))
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn report(&self, line: String) {
        tracing::info!("{line}");
        self.change(|progress| {
            if progress.lines.len() == LINES {
                progress.lines.remove(0);
            }
            progress.lines.push(line);
        });
    }

    fn now(&self) -> Progress {
        let progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        progress.clone()
    }
}

/// Provisions while it serves, then serves until `shutdown` returns the signal's name. A failure does not end the
/// process, because the Functions host would start it again and the reason would be lost.
///
/// # Errors
/// When the port cannot be listened on.
pub async fn serve(
    config: &Config,
    role: &AppRole,
    shutdown: impl Future<Output = &'static str>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind((LISTEN_ADDRESS, config.port))
        .await
        .with_context(|| format!("cannot listen on {LISTEN_ADDRESS}:{}", config.port))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    let progress = Shared::new();
    let router = Router::new()
        .route("/health", get(health))
        .with_state(progress.clone());
    let stop = CancellationToken::new();
    let ended = async {
        let signal = shutdown.await;
        tracing::info!(signal, "stopping");
        stop.cancel();
    };
    let work = async {
        // What was done until a signal stays, and the next attempt finds it.
        tokio::select! {
            () = provision(config, role, &progress) => {}
            () = stop.cancelled() => {}
        }
    };
    tokio::join!(http::serve(listener, router, stop.clone()), ended, work);
    Ok(())
}

async fn health(State(progress): State<Shared>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Json(progress.now()))
}

async fn provision(config: &Config, role: &AppRole, progress: &Shared) {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        progress.change(|progress| progress.attempt += 1);
        let report = |line| progress.report(line);
        let attempt =
            provisioning::provision(&config.target, &role.name, role.object_id, report).await;
        let Err(error) = attempt else {
            progress.change(|progress| progress.state = Phase::Done);
            return;
        };
        progress.report(error.to_string());
        if !may_pass(&error) || Instant::now() + pause > deadline {
            progress.change(|progress| progress.state = Phase::Failed);
            return;
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Whether the same attempt may succeed later: the server may be starting, and logins, tokens and administrators become
/// known only after some minutes. A wrong setting stays wrong.
fn may_pass(error: &ProvisionError) -> bool {
    matches!(error, ProvisionError::Store(_))
}
