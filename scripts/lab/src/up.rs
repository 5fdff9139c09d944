//! `lab up`: the function app behind the emulator of the Azure Functions host, with a fleet of instances.

use std::convert::Infallible;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use fleet::{Fixtures, Fleet, FleetArgs, Options, Owner};
use functions_host::{Console, Ending, FunctionApp, Grace, ServeOptions, Served};
use processes::launch::LaunchArgs;
use processes::signals::Signals;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The exit code after one crash too many of the handler.
const CRASHED: u8 = 3;
/// What answers still under way get after the handler has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Arguments of `lab up`.
#[derive(clap::Args)]
pub struct UpArgs {
    /// Port to listen on; 0 picks a free one
    #[arg(short, long, default_value_t = 7071, value_name = "PORT")]
    port: u16,

    /// Address to listen on; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    address: IpAddr,

    /// Folder with host.json and the function folders
    #[arg(long, default_value = "target/app", value_name = "FOLDER")]
    script_root: PathBuf,

    /// Ask for keys as Azure does; they are made at start and printed
    #[arg(long)]
    enable_auth: bool,

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

    /// Show every line of the handler and what the host does
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    fleet: FleetArgs,

    #[command(flatten)]
    launch: LaunchArgs,
}

/// Runs the function app until it is told to stop or its handler has crashed too often.
pub fn up(args: UpArgs) -> anyhow::Result<ExitCode> {
    if let Some(outcome) = args.launch.run() {
        return outcome;
    }
    let options = args.fleet.options()?;
    let function_app = FunctionApp::read(&args.script_root)?;
    if args.strict && function_app.faults().next().is_some() {
        for fault in function_app.faults() {
            eprintln!("lab: {}", terminal::printable(fault));
        }
        return Ok(ExitCode::FAILURE);
    }
    let console = Console::open(args.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(run(args, options, function_app, &console));
    runtime.shutdown_timeout(Duration::from_millis(200));
    console.flush();
    outcome
}

async fn run(
    args: UpArgs,
    options: Options,
    function_app: FunctionApp,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let listener = functions_host::listen(args.address, args.port).await?;
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    let mut fixtures = Fixtures::new(options, console).await?;
    let serve_options = ServeOptions {
        address,
        requires_keys: args.enable_auth,
        is_strict: args.strict,
        database_url: args.database_url,
        banner: fixtures.words(),
    };
    let Served {
        app,
        plan,
        backends,
    } = function_app.serve(serve_options, console, fleet::balancer());
    let (fleet, ends) = Fleet::new(backends, &fixtures);
    let fleet = Arc::new(fleet);
    let platform = fixtures.take_platform();
    let owner = Owner::new(fixtures, ends, Arc::clone(&app), plan);
    let stop = CancellationToken::new();
    let calendar = owner.calendar();
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
        listener,
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

    let ended = tokio::select! {
        ended = &mut owner => ended,
        never = app.announce() => match never {},
        _ = signals.next() => {
            console.plain("Stopping");
            stop.cancel();
            fleet.stop(args.sigterm.map_or(Grace::Kill, |seconds| Grace::Term(Duration::from_secs(seconds)))).await;
            tokio::select! {
                ended = &mut owner => ended,
                _ = signals.next() => {
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
    match ended.context("the fleet's owner failed")? {
        Ending::Stopped => Ok(ExitCode::SUCCESS),
        Ending::Crashed(reason) => {
            console.flush();
            eprintln!(
                "lab: the handler failed three times within 30 minutes, so this instance ends; {reason}"
            );
            Ok(ExitCode::from(CRASHED))
        }
    }
}
