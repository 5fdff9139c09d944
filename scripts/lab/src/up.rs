//! `lab up`: the function app behind the emulator of the Azure Functions host, with a fleet of instances.
//!
//! | module | does |
//! | --- | --- |
//! | [`args`] | the arguments, and the app and the rules that they select |
//! | [`session`] | state that is kept as long as `lab up` runs, and one run of the app |

mod args;
mod session;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fleet::Options;
use functions_host::{Changes, Console, FunctionApp, KeyRing, TimerStatuses};
use processes::signals::Signals;

pub use args::UpArgs;
use session::{Outcome, Session};

/// Core Tools' `StartHostAction.cs`.
const PORT: u16 = 7071;
/// The exit code after one crash too many of the handler.
const CRASHED: u8 = 3;
/// A change so soon after the start of the app may be the handler's own. The time includes the wait for requests in
/// flight.
const SOON: Duration = Duration::from_secs(30);
/// After this many of them in a row, a message is printed.
const SOON_IN_A_ROW: u32 = 3;

/// Runs the function app until it is stopped or its handler has crashed too often.
pub fn up(args: &UpArgs) -> anyhow::Result<ExitCode> {
    if let Some(outcome) = args.launch.run() {
        return outcome;
    }
    let script_root = args.script_root()?;
    // Before the files are read, so that no change in between is missed.
    let changes = args.watch.then(|| Changes::watch(&script_root));
    let changes = changes.transpose()?;
    let (function_app, options) = args.read(&script_root)?;
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
    let outcome = runtime.block_on(keep_up(
        args,
        &script_root,
        function_app,
        options,
        changes,
        &console,
    ));
    runtime.shutdown_timeout(Duration::from_millis(200));
    console.flush();
    outcome
}

/// Runs the app, and again after each change if its files are watched.
async fn keep_up(
    args: &UpArgs,
    script_root: &Path,
    mut function_app: FunctionApp,
    mut options: Options,
    changes: Option<Changes>,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let port = args.port.or(function_app.local_host.port);
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
        keys: args.enable_auth.then(KeyRing::default),
    };
    let mut soon_changes = 0;
    loop {
        let changes = session.changes.as_ref();
        let is_watching = changes.is_some_and(|changes| changes.cover(&function_app));
        if changes.is_some() && !is_watching {
            let text = "--watch watches nothing, because host.json says fileWatchingEnabled: false";
            console.warn(text);
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
                    console.warn(text);
                }
            }
            Outcome::Changed(_) => soon_changes = 0,
            Outcome::Stopped => return Ok(ExitCode::SUCCESS),
            Outcome::Crashed(reason) if is_watching => {
                let failed = format!("The handler failed three times within 30 minutes; {reason}");
                let text = format_args!("{failed}; waiting for the app's files to change");
                console.error(text);
                if !session.wait(vec![failed]).await? {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Outcome::Crashed(reason) => {
                console.flush();
                let reason = terminal::without_error_numbers(&reason);
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
            let read = args.read(script_root).and_then(|(function_app, options)| {
                function_app.check_port()?;
                Ok((function_app, options))
            });
            let reasons = match read {
                Ok((read, _)) if args.strict && read.faults().next().is_some() => {
                    for fault in read.faults() {
                        console.error(fault);
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
                    console.error(text);
                    vec![format!("{error:#}")]
                }
            };
            if !session.wait(reasons).await? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}
