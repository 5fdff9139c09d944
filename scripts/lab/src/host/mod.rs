//! `lab up`: an emulator of the Azure Functions host with a custom handler in proxying mode.
//!
//! In the order in which a start, and then a request, meets them:
//!
//! | module | does |
//! | --- | --- |
//! | [`environment`], [`configuration`], [`settings`] | variables, `local.settings.json`, `host.json` |
//! | [`function`], [`retry`], [`template`], [`route`], [`keys`] | function folders, the table of routes, who may call |
//! | [`cross_site`] | requests of foreign web pages, refused while no keys are required |
//! | [`plan`], [`instance`], [`process`], [`cgroup`], [`readiness`], [`console`] | keeps a handler running; relays its output |
//! | [`listener`], [`server`], [`path`] | connections, and the path of one request |
//! | [`admin`], [`proxy`], [`invoke`], [`payload`] | who answers: the host, the handler as it is, the JSON protocol |
//! | [`balancer`], [`dispatch`], [`worker`], [`pool`], [`handler_stream`] | the handler process of a request, and the connections to it |
//! | [`exchange`], [`request_body`], [`body`], [`traffic`] | timeouts, streams in both directions, latency |
//! | [`fleet`] | 1 to N instances, the autoscaler; uses the modules above, which do not know it |
//!
//! The emulator does what the host's source does; comments name the host's files. Known differences: no file watching,
//! no upgraded connections, no forwarding mode, no CORS, and no wait for a result that the real host would never see
//! (see [`app::Failure::Null`]).

mod admin;
mod app;
mod balancer;
mod banner;
mod body;
pub(crate) mod cgroup;
mod configuration;
mod console;
mod cross_site;
mod dispatch;
mod environment;
mod exchange;
mod fleet;
mod function;
mod handler_stream;
mod instance;
mod invoke;
mod keys;
mod listener;
mod path;
mod payload;
mod plan;
mod pool;
mod process;
mod proxy;
mod readiness;
mod request_body;
mod retry;
mod route;
mod server;
mod settings;
mod template;
mod traffic;
mod worker;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use app::App;
use balancer::Balancer;
use banner::Banner;
use console::{Console, Severity};
use cross_site::Policy;
use environment::Environment;
use fleet::{Fixtures, Fleet, FleetArgs, Options, Owner};
use instance::{CRASH_LIMIT, Ending};
use keys::{Access, Keys};
use plan::Plan;
use process::Grace;
use route::Table;
use settings::Settings;
use traffic::Traffic;

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

    /// Show every line of the handler and what the host does
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    fleet: FleetArgs,

    /// Become the handler of this lab process (lab starts itself so)
    #[arg(long, hide = true, value_name = "PID")]
    exec_handler: Option<i32>,

    /// Control groups that the handler joins before it starts
    #[arg(long, hide = true, value_name = "FOLDER")]
    join_group: Vec<PathBuf>,

    #[arg(last = true, hide = true)]
    handler_command: Vec<OsString>,
}

/// Runs the function app until it is told to stop or its handler has crashed too often.
pub fn up(args: UpArgs) -> anyhow::Result<ExitCode> {
    if let Some(parent) = args.exec_handler {
        return process::become_handler(parent, &args.join_group, &args.handler_command);
    }
    let options = args.fleet.options()?;
    let script_root = args.script_root.canonicalize().with_context(|| {
        format!(
            "the script root {} does not exist; scripts/run makes target/app",
            args.script_root.display()
        )
    })?;
    let environment = Environment::load(&script_root)?;
    let settings = Settings::read(&script_root, &environment)?;
    let (functions, mut problems) = function::load(&script_root, &environment)?;
    let (table, refused) = Table::build(functions, &settings.route_prefix);
    problems.extend(refused);
    if table.functions.is_empty() {
        bail!(
            "{} holds no usable function; a function is a folder directly below it with a function.json{}",
            script_root.display(),
            problems
                .first()
                .map(|problem| format!(" ({problem})"))
                .unwrap_or_default()
        );
    }
    let console = Console::open(args.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let start = Start {
        script_root: script_root.display().to_string(),
        environment,
        settings,
        table,
        problems,
        console: console.clone(),
    };
    let outcome = runtime.block_on(run(args, options, start));
    runtime.shutdown_timeout(Duration::from_millis(200));
    console.flush();
    outcome
}

/// What was read before anything runs.
struct Start {
    script_root: String,
    environment: Environment,
    settings: Settings,
    table: Table,
    problems: Vec<String>,
    console: Console,
}

async fn run(args: UpArgs, options: Options, start: Start) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let console = start.console.clone();
    let listener = listen(args.address, args.port).await?;
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    let base_url = format!("http://{}", reachable(address));
    let fixtures = Fixtures::new(options, &console)?;

    let access = if args.enable_auth {
        Access::Keyed(Keys::generate(&start.table.functions))
    } else {
        let cors_origins = start.environment.var("CORS_ORIGINS").unwrap_or_default();
        Access::Open(Policy::new(address, cors_origins))
    };
    Banner {
        url: &base_url,
        script_root: &start.script_root,
        postgres: args.database_url.is_some() || start.environment.var("DATABASE_URL").is_some(),
        exposed: !address.ip().is_loopback(),
        verbose: args.verbose,
        fleet: fixtures.words(),
    }
    .print(&start.table, &access, &console);
    for warning in &start.settings.warnings {
        console.host(Severity::Warning, warning);
    }
    for problem in &start.problems {
        console.host(Severity::Error, problem);
    }

    let plan = plan(&start, &base_url, args.database_url);
    // WorkerFunctionInvoker.cs: three restarts and the start itself.
    let patience = plan.initialization_timeout.saturating_mul(CRASH_LIMIT + 1);
    let (balancer, backends) = Balancer::new(patience);
    let traffic = Arc::new(Traffic::new());
    let (fleet, ends) = Fleet::new(backends, Arc::clone(&traffic));
    let fleet = Arc::new(fleet);
    let app = Arc::new(App {
        settings: start.settings,
        table: start.table,
        access,
        balancer,
        traffic,
        console: console.clone(),
        started: Instant::now(),
        id: uuid::Uuid::new_v4().simple().to_string(),
        base_url: base_url.clone(),
        warmed: AtomicBool::new(false),
    });
    let mut owner = tokio::spawn(Owner::new(fixtures, ends, Arc::clone(&app), plan).run());
    let stop = CancellationToken::new();
    let connections = TaskTracker::new();
    let responder = (Arc::clone(&app), Arc::clone(&fleet));
    let server = tokio::spawn(listener::serve(
        listener,
        console.clone(),
        stop.clone(),
        connections.clone(),
        move |request| {
            let (app, fleet) = responder.clone();
            async move {
                let lab = |request| fleet::answer_admin(&fleet, request);
                server::respond(&app, request, lab).await
            }
        },
    ));

    let ended = tokio::select! {
        ended = &mut owner => ended,
        never = announce(&app) => match never {},
        () = signals.next() => {
            console.plain("Stopping");
            stop.cancel();
            fleet.stop(args.sigterm.map_or(Grace::Kill, |seconds| Grace::Term(Duration::from_secs(seconds)))).await;
            tokio::select! {
                ended = &mut owner => ended,
                () = signals.next() => {
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

async fn listen(ip: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(ip, port);
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("port {port} on {ip} is in use; stop the other program or choose another port with --port")
        }
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// Where this machine reaches the listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(loopback);
    }
    address
}

/// The handler's variables: what this process adds to its own environment, as `func start` does.
fn plan(start: &Start, base_url: &str, database_url: Option<String>) -> Plan {
    let mut environment = start.environment.clone();
    environment.add("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
    environment.add("AzureWebJobsScriptRoot", &start.script_root);
    environment.add("WEBSITE_HOSTNAME", base_url.trim_start_matches("http://"));
    let mut variables = environment.added().to_vec();
    if let Some(url) = database_url {
        variables.push(("DATABASE_URL".to_owned(), url));
    }
    Plan {
        command: start.settings.command.clone(),
        variables,
        script_root: start.script_root.clone(),
        initialization_timeout: start.settings.initialization_timeout,
        function_timeout: start.settings.function_timeout,
        groups: Vec::new(),
        crash_limit: CRASH_LIMIT,
    }
}

/// Says once that requests are answered; scripts wait for this line.
async fn announce(app: &App) -> std::convert::Infallible {
    app.balancer.ready().await;
    app.console.plain(format!("Ready: {}/", app.base_url));
    std::future::pending().await
}

/// The signals that end `lab up`.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
