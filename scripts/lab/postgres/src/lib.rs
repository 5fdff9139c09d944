//! `lab postgres`: runs a command together with a private PostgreSQL server.
//!
//! | module | does |
//! | --- | --- |
//! | [`binaries`] | finds an installed PostgreSQL |
//! | [`home`] | the folder of one server: permissions, lock, password |
//! | [`process`] | runs programs as the server's user, suspends them, and ends them |
//! | [`tools`] | creates the cluster, its role, and its database; starts the server |
//! | [`server`] | the running server: starts, stops, crashes, recovers |
//! | [`pooler`] | a PgBouncer in front of the server |

use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use processes::signals::Signals;
use rustix::process::{Signal, getpgrp};
use tokio::process::{Child, Command};

mod binaries;
mod home;
mod pooler;
mod process;
mod server;
mod tools;

pub use binaries::Binaries;
pub use pooler::Pooler;
pub use server::Server;

/// The role in the URL, and its database.
const NAME: &str = "visits";

/// The connections of the pooler of `lab postgres` to one database. There are so few that callers share them.
const POOL_SIZE: u16 = 4;

/// The command line options of `lab postgres`.
#[derive(clap::Args)]
#[command(after_help = "\
The server listens on a free port of 127.0.0.1 only, with a generated password. Its role `visits` owns the \
database `visits` and may create further databases. The server stops when COMMAND ends, and the exit code is \
COMMAND's.

With --pooler-env, a PgBouncer in transaction pooling mode also runs in front of the server, for all of its \
databases. COMMAND gets both URLs. This requires the package pgbouncer (apt-get install pgbouncer).

Example:
  lab postgres -- sh -c 'psql \"$DATABASE_URL\" -c \"select version()\"'")]
pub struct PostgresArgs {
    /// Keep the data in this folder between runs [default: a temporary folder, which is deleted afterwards]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Environment variable with the server's URL for COMMAND
    #[arg(long, value_name = "NAME", default_value = "DATABASE_URL")]
    env: String,
    /// Also start a connection pooler, with its URL for COMMAND in this environment variable
    #[arg(long, value_name = "NAME")]
    pooler_env: Option<String>,
    /// The command to run, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs the command while a server is running. The exit code is the command's.
///
/// # Errors
/// One sentence for the user if that is not possible.
#[tokio::main(flavor = "current_thread")]
pub async fn run(args: &PostgresArgs) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let mut database = tokio::select! {
        started = Database::start(args) => started?,
        // Dropping the start also ends everything that it has begun.
        code = signals.next() => return Ok(ExitCode::from(code)),
    };
    let outcome = run_command(args, &mut database, &mut signals).await;
    drop(database.pooler);
    database.server.stop().await?;
    outcome
}

/// The server and the pooler that run together with the command.
struct Database {
    server: Server,
    pooler: Option<Pooler>,
}

impl Database {
    async fn start(args: &PostgresArgs) -> anyhow::Result<Self> {
        let server = Server::start(args.data.as_deref()).await?;
        eprintln!("lab: {}", server.describe());
        let mut pooler = None;
        if args.pooler_env.is_some() {
            let started = Pooler::start(&server, POOL_SIZE).await?;
            eprintln!("lab: {}", started.describe());
            pooler = Some(started);
        }
        Ok(Self { server, pooler })
    }

    /// Returns the name of the program that has ended although nothing stopped it.
    async fn lost(&mut self) -> &'static str {
        let pooler = async {
            match &mut self.pooler {
                Some(pooler) => pooler.lost().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.server.lost() => "the PostgreSQL server",
            () = pooler => "PgBouncer",
        }
    }
}

async fn run_command(
    args: &PostgresArgs,
    database: &mut Database,
    signals: &mut Signals,
) -> anyhow::Result<ExitCode> {
    let (program, arguments) = args
        .command
        .split_first()
        .context("a command is required after `--`")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env(&args.env, database.server.url());
    if let (Some(name), Some(pooler)) = (&args.pooler_env, &database.pooler) {
        command.env(name, pooler.url());
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("lab: cannot run `{program}`: {error}");
            // The same exit codes as in a shell: 127 if there is no such command, 126 if it cannot be run.
            let is_missing = error.kind() == std::io::ErrorKind::NotFound;
            return Ok(ExitCode::from(if is_missing { 127 } else { 126 }));
        }
    };

    let mut lost = false;
    loop {
        tokio::select! {
            status = child.wait() => {
                return Ok(passed_through(status.with_context(|| format!("cannot wait for `{program}`"))?));
            }
            signal = signals.next_signal() => forward(signal, &child),
            what = database.lost(), if !lost => {
                lost = true;
                eprintln!("lab: {what} stopped by itself while `{program}` runs");
            }
        }
    }
}

fn passed_through(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt as _;

    let code = status.code();
    let code = code.unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Passes a signal on to the child, unless the terminal has already sent it to both: a child would treat a second
/// one as a request to end at once.
fn forward(signal: Signal, child: &Child) {
    if signal != Signal::TERM && in_foreground_of_a_terminal() {
        return;
    }
    process::signal(child, signal);
}

fn in_foreground_of_a_terminal() -> bool {
    std::fs::File::open("/dev/tty")
        .ok()
        .and_then(|terminal| rustix::termios::tcgetpgrp(terminal).ok())
        .is_some_and(|foreground| foreground == getpgrp())
}
