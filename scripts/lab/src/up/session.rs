//! State that is kept as long as `lab up` runs, and one run of the app.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use fleet::{Fixtures, Fleet, Options, Owner};
use functions_host::{
    Calendar, Changes, Console, Ending, FunctionApp, Grace, KeyRing, ServeOptions, Served,
    TimerStatuses, Unavailable,
};
use processes::signals::Signals;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::args::UpArgs;

/// How long responses in progress may take after the handler has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// How long requests in flight may take before the host restarts (`WebJobsScriptHostService.cs`).
const BEFORE_RESTART: Duration = Duration::from_secs(10);

/// Why a run of the app ended.
pub(super) enum Outcome {
    /// This watched file or folder has changed.
    Changed(PathBuf),
    /// On a signal.
    Stopped,
    /// The handler has failed too often; the text describes the last failure.
    Crashed(String),
}

/// State that is kept as long as `lab up` runs, across restarts of the app.
pub(super) struct Session<'a> {
    pub(super) args: &'a UpArgs,
    pub(super) console: &'a Console,
    pub(super) listener: Arc<TcpListener>,
    pub(super) signals: Signals,
    /// With `--watch` only.
    pub(super) changes: Option<Changes>,
    /// The time for rules and timers, which starts with the app.
    pub(super) calendar: Option<Arc<dyn Calendar>>,
    pub(super) timers: TimerStatuses,
    /// With `--enable-auth`.
    pub(super) keys: Option<KeyRing>,
}

impl Session<'_> {
    /// Responds without the app, with these reasons, until a file changes. Returns false if a signal came first.
    pub(super) async fn wait(&mut self, reasons: Vec<String>) -> anyhow::Result<bool> {
        let address = self
            .listener
            .local_addr()
            .context("the listener has no address")?;
        let host = Arc::new(Unavailable::new(address, self.keys.as_ref(), reasons));
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let server = tokio::spawn(functions_host::serve(
            Arc::clone(&self.listener),
            self.console.clone(),
            stop.clone(),
            connections.clone(),
            move |request, _| {
                let host = Arc::clone(&host);
                async move { Ok::<_, Infallible>(host.respond(request)) }
            },
        ));
        let has_changed = tokio::select! {
            _ = changed(&mut self.changes) => true,
            _ = self.signals.next() => false,
        };
        drain(&stop, &connections, LAST_ANSWERS).await;
        let _ = server.await;
        Ok(has_changed)
    }

    /// Runs the app until it ends, or until a watched file changes.
    pub(super) async fn run(
        &mut self,
        options: Options,
        function_app: FunctionApp,
    ) -> anyhow::Result<Outcome> {
        let (args, console) = (self.args, self.console);
        let address = self
            .listener
            .local_addr()
            .context("the listener has no address")?;
        let mut fixtures = Fixtures::new(options, self.calendar.as_deref(), console).await?;
        let serve_options = ServeOptions {
            address,
            keys: self.keys.clone(),
            is_strict: args.strict,
            cors: args.cors.clone(),
            cors_credentials: args.cors_credentials,
            database_url: args.database_url.clone(),
            timers: self.timers.clone(),
            banner: fixtures.words(),
        };
        let Served {
            app,
            plan,
            backends,
        } = function_app.serve(serve_options, console, fleet::balancer())?;
        let (fleet, ends) = Fleet::new(backends, &fixtures);
        let fleet = Arc::new(fleet);
        let platform = fixtures.take_platform();
        let owner = Owner::new(fixtures, ends, Arc::clone(&app), plan);
        let stop = CancellationToken::new();
        let calendar = owner.calendar();
        self.calendar = Some(Arc::clone(&calendar));
        let timers = tokio::spawn(functions_host::run_timers(
            Arc::clone(&app),
            calendar,
            stop.clone(),
        ));
        let mut owner = tokio::spawn(owner.run());
        let connections = TaskTracker::new();
        let platform = platform.map(|platform| {
            let (stop, connections) = (stop.clone(), connections.clone());
            let serving = platform.serve(Arc::clone(&fleet), console.clone(), stop, connections);
            tokio::spawn(serving)
        });
        let responder = (Arc::clone(&app), Arc::clone(&fleet));
        let server = tokio::spawn(functions_host::serve(
            Arc::clone(&self.listener),
            console.clone(),
            stop.clone(),
            connections.clone(),
            move |request, peer| {
                let (app, fleet) = responder.clone();
                async move {
                    let lab = |request| fleet::answer_admin(&fleet, request);
                    Ok::<_, Infallible>(functions_host::respond(&app, request, peer, lab).await)
                }
            },
        ));

        let mut cause = None;
        let ended = tokio::select! {
            ended = &mut owner => ended,
            never = app.announce() => match never {},
            path = changed(&mut self.changes) => {
                console.info(format_args!("{} has changed; starting again", path.display()));
                cause = Some(path);
                // Requests in the meantime wait for the next start.
                drain(&stop, &connections, BEFORE_RESTART).await;
                fleet.stop(Grace::Kill).await;
                owner.await
            }
            _ = self.signals.next() => {
                console.plain("Stopping");
                stop.cancel();
                let grace = args.sigterm.map(|seconds| Grace::Term(Duration::from_secs(seconds)));
                fleet.stop(grace.unwrap_or(Grace::Kill)).await;
                tokio::select! {
                    ended = &mut owner => ended,
                    _ = self.signals.next() => {
                        fleet.stop(Grace::Kill).await;
                        owner.await
                    }
                }
            }
        };
        drain(&stop, &connections, LAST_ANSWERS).await;
        let _ = server.await;
        if let Some(platform) = platform {
            let _ = platform.await;
        }
        timers.await.context("the timers failed")?;
        let ending = ended.context("the fleet's owner failed")?;
        Ok(match (cause, ending) {
            (Some(path), _) => Outcome::Changed(path),
            (None, Ending::Stopped) => Outcome::Stopped,
            (None, Ending::Crashed(reason)) => Outcome::Crashed(reason),
        })
    }
}

/// Accepts no more connections, and waits for the responses in progress, but no longer than `limit`.
async fn drain(stop: &CancellationToken, connections: &TaskTracker, limit: Duration) {
    stop.cancel();
    connections.close();
    let _ = tokio::time::timeout(limit, connections.wait()).await;
}

/// Waits for a watched file to change.
async fn changed(changes: &mut Option<Changes>) -> PathBuf {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
    }
}
