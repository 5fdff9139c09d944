//! `lab up`: the function app behind the emulator of the Azure Functions host, with a fleet of instances.

use std::convert::Infallible;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use fleet::{Fixtures, Fleet, FleetArgs, Options, Owner};
use functions_host::{
    Calendar, Changes, Console, Ending, FunctionApp, Grace, ServeOptions, Served, Severity,
    TimerStatuses, Unavailable,
};
use processes::launch::LaunchArgs;
use processes::signals::Signals;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Core Tools' `StartHostAction.cs`.
const PORT: u16 = 7071;
/// The exit code after one crash too many of the handler.
const CRASHED: u8 = 3;
/// What answers still under way get after the handler has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// What requests in flight get before the host starts again (`WebJobsScriptHostService.cs`).
const BEFORE_RESTART: Duration = Duration::from_secs(10);

/// A change so soon after the app was started may be the handler's own. It includes what requests in flight get.
const SOON: Duration = Duration::from_secs(30);
/// After so many of them in a row, the user is told.
const SOON_IN_A_ROW: u32 = 3;

/// Why the app runs no longer.
enum Outcome {
    /// This watched file or folder has changed.
    Changed(PathBuf),
    /// A signal came.
    Stopped,
    /// The handler has failed too often; the text tells about the last time.
    Crashed(String),
}

/// Arguments of `lab up`.
#[derive(clap::Args)]
pub struct UpArgs {
    /// Port to listen on; 0 picks a free one [default: Host.LocalHttpPort of local.settings.json, or 7071]
    #[arg(short, long, value_name = "PORT")]
    port: Option<u16>,

    /// Address to listen on; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    address: IpAddr,

    /// Folder with host.json and the function folders
    #[arg(long, default_value = "target/app", value_name = "FOLDER")]
    script_root: PathBuf,

    /// Ask for keys as Azure does; they are made at start and printed
    #[arg(long)]
    enable_auth: bool,

    /// Load these functions only, separated by spaces; names in any case
    #[arg(long, value_name = "NAME", num_args = 1..)]
    functions: Vec<String>,

    /// Allow pages of these origins to call the app, separated by commas; * for all [default: Host.CORS of
    /// local.settings.json]
    #[arg(long, value_name = "ORIGINS")]
    cors: Option<String>,

    /// Allow these pages to send cookies and credentials
    #[arg(long)]
    cors_credentials: bool,

    /// Start again when host.json, a function.json or another watched file changes, as the host does
    #[arg(long, conflicts_with = "events")]
    watch: bool,

    /// PostgreSQL to use, `postgres://USER:PASSWORD@HOST/NAME`; passed to the handler, never printed
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// At the end send the handler SIGTERM and give it this long; the real host just kills it
    #[arg(long, value_name = "SECONDS")]
    sigterm: Option<u64>,

    /// Make what is not emulated an error. With a trigger that nothing listens to, an input, an output, a function that
    /// cannot be loaded, or a storage account that is missing, end with exit code 1; fail an invocation whose output is
    /// not delivered
    #[arg(long)]
    strict: bool,

    /// Show every line of the handler and what the host does; without it, standard output of the handler of Elastic Visits
    /// appears only where it names a problem
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    fleet: FleetArgs,

    #[command(flatten)]
    launch: LaunchArgs,
}

/// Runs the function app until it is told to stop or its handler has crashed too often.
pub fn up(args: &UpArgs) -> anyhow::Result<ExitCode> {
    if let Some(outcome) = args.launch.run() {
        return outcome;
    }
    // Before the files are read: no change in between is missed.
    let changes = args.watch.then(|| Changes::watch(&args.script_root));
    let changes = changes.transpose()?;
    let (function_app, options) = read(args)?;
    if args.strict && function_app.faults().next().is_some() {
        for fault in function_app.faults() {
            eprintln!("lab: {}", terminal::printable(fault));
        }
        return Ok(ExitCode::FAILURE);
    }
    // As func start does with the handler of any app.
    let console = Console::open(args.verbose, !function_app.is_own());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(keep_up(args, function_app, options, changes, &console));
    runtime.shutdown_timeout(Duration::from_millis(200));
    console.flush();
    outcome
}

/// Reads the app and the rules.
fn read(args: &UpArgs) -> anyhow::Result<(FunctionApp, Options)> {
    let options = args.fleet.options()?;
    let function_app = FunctionApp::read(&args.script_root, &args.functions)?;
    if let Some(port) = function_app.fixed_port()
        && !options.single()
    {
        bail!(
            "host.json gives the handler a fixed port (customHandler.port {port}), so only one instance can run; add --max 1, or remove the port and let the handler listen on FUNCTIONS_CUSTOMHANDLER_PORT"
        );
    }
    Ok((function_app, options))
}

/// What lasts as long as `lab up`, however often the app starts again.
struct Session<'a> {
    args: &'a UpArgs,
    console: &'a Console,
    listener: Arc<TcpListener>,
    signals: Signals,
    /// With `--watch` only.
    changes: Option<Changes>,
    /// The time that rules and timers follow; it starts with the app.
    calendar: Option<Arc<dyn Calendar>>,
    timers: TimerStatuses,
}

/// Runs the app, again and again where its files are watched.
async fn keep_up(
    args: &UpArgs,
    mut function_app: FunctionApp,
    mut options: Options,
    changes: Option<Changes>,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let port = args.port.or(function_app.local_host().port);
    let listener = functions_host::listen(args.address, port.unwrap_or(PORT)).await?;
    function_app.check_port()?;
    let mut session = Session {
        args,
        console,
        listener: Arc::new(listener),
        signals,
        changes,
        calendar: None,
        timers: TimerStatuses::default(),
    };
    let mut soon_changes = 0;
    loop {
        let changes = session.changes.as_ref();
        let is_watching = changes.is_some_and(|changes| changes.cover(&function_app));
        if changes.is_some() && !is_watching {
            let text = "--watch watches nothing, because host.json says fileWatchingEnabled: false";
            console.host(Severity::Warning, text);
        }
        let started = Instant::now();
        match session.run(options, function_app).await? {
            Outcome::Changed(path) if started.elapsed() < SOON => {
                soon_changes += 1;
                if soon_changes == SOON_IN_A_ROW {
                    let text = format_args!(
                        "The app has started again {SOON_IN_A_ROW} times in a row, each time within {SOON:?}, now because {} changed; if the handler creates or changes it, let it use a folder outside the app's folder",
                        path.display()
                    );
                    console.host(Severity::Warning, text);
                }
            }
            Outcome::Changed(_) => soon_changes = 0,
            Outcome::Stopped => return Ok(ExitCode::SUCCESS),
            Outcome::Crashed(reason) if is_watching => {
                let failed = format!("The handler failed three times within 30 minutes; {reason}");
                let text = format_args!("{failed}; waiting for the app's files to change");
                console.host(Severity::Error, text);
                if !session.wait(vec![failed]).await? {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Outcome::Crashed(reason) => {
                console.flush();
                eprintln!(
                    "lab: the handler failed three times within 30 minutes, so this instance ends; {reason}"
                );
                return Ok(ExitCode::from(CRASHED));
            }
        }
        loop {
            if let Some(changes) = &session.changes {
                changes.begin();
            }
            let read = read(args).and_then(|(function_app, options)| {
                function_app.check_port()?;
                Ok((function_app, options))
            });
            let reasons = match read {
                Ok((read, _)) if args.strict && read.faults().next().is_some() => {
                    for fault in read.faults() {
                        console.host(Severity::Error, fault);
                    }
                    read.faults().map(str::to_owned).collect()
                }
                Ok(read) => {
                    (function_app, options) = read;
                    break;
                }
                Err(error) => {
                    let text = format_args!(
                        "The app cannot be served: {error:#}; waiting for its files to change"
                    );
                    console.host(Severity::Error, text);
                    vec![format!("{error:#}")]
                }
            };
            if !session.wait(reasons).await? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

impl Session<'_> {
    /// Answers without the app, for these reasons, until a file changes; false where a signal came first.
    async fn wait(&mut self, reasons: Vec<String>) -> anyhow::Result<bool> {
        let address = self
            .listener
            .local_addr()
            .context("the listener has no address")?;
        let host = Arc::new(Unavailable::new(address, self.args.enable_auth, reasons));
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
        stop.cancel();
        connections.close();
        let _ = tokio::time::timeout(LAST_ANSWERS, connections.wait()).await;
        let _ = server.await;
        Ok(has_changed)
    }

    /// Runs the app until it ends, or until a watched file changes.
    async fn run(
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
            requires_keys: args.enable_auth,
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
                    console.host(
                    Severity::Information,
                    format_args!("{} has changed; starting again", path.display()),
                );
                cause = Some(path);
                // Requests that come meanwhile wait for the next start.
                stop.cancel();
                connections.close();
                let _ = tokio::time::timeout(BEFORE_RESTART, connections.wait()).await;
                fleet.stop(Grace::Kill).await;
                owner.await
            }
            _ = self.signals.next() => {
                console.plain("Stopping");
                stop.cancel();
                fleet.stop(args.sigterm.map_or(Grace::Kill, |seconds| Grace::Term(Duration::from_secs(seconds)))).await;
                tokio::select! {
                    ended = &mut owner => ended,
                    _ = self.signals.next() => {
                        fleet.stop(Grace::Kill).await;
                        owner.await
                    }
                }
            }
        };
        stop.cancel();
        connections.close();
        let _ = tokio::time::timeout(LAST_ANSWERS, connections.wait()).await;
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

/// Waits for a watched file to change.
async fn changed(changes: &mut Option<Changes>) -> PathBuf {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
    }
}
