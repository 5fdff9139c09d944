//! Entry point of the function app: start, serve, drain.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use handler::config::{Cli, Command, Config, LISTEN_ADDRESS};
use handler::service::Service;
use handler::store::Database;
use handler::{shutdown, telemetry};
use tokio::net::TcpListener;

/// musl's own allocator takes a lock per allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A wrong setting (sysexits.h: `EX_USAGE`).
const USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let (command, config) = match settings() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let outcome = match command {
        Some(Command::Migrate) => migrate(&config).await,
        None => serve(config).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handler: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn settings() -> Result<(Option<Command>, Config), ExitCode> {
    let cli = Cli::try_parse().map_err(|error| {
        // Help and version are errors to the parser only; a closed output is nobody's fault.
        let _ = error.print();
        if error.use_stderr() {
            ExitCode::from(USAGE)
        } else {
            ExitCode::SUCCESS
        }
    })?;
    let command = cli.command;
    let config = cli.config().map_err(|sentence| {
        eprintln!("handler: {sentence}");
        ExitCode::from(USAGE)
    })?;
    Ok((command, config))
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let database = Database::new(&config.target, config.pool_max, config.migrate);
    database
        .migrate_now()
        .await
        .context("the schema was not changed")?;
    println!("{} schema is up to date", database.db_type());
    database.close().await;
    Ok(())
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // Dropped last: what is still to be logged is then written.
    let _flush = telemetry::start(config.log_format, &config.log_filter)?;
    // Before anything is told the port: whoever sends a signal then is heard.
    let signalled = shutdown::signalled().context("signals cannot be received")?;
    let listener = TcpListener::bind((LISTEN_ADDRESS, config.port))
        .await
        .with_context(|| format!("cannot listen on {LISTEN_ADDRESS}:{}", config.port))?;
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    let service = Service::start(config.clone())?;
    tracing::info!(%address, instance_id = config.instance_id, version = env!("CARGO_PKG_VERSION"), "serving");
    let shutdown = async {
        let signal = signalled.await;
        tracing::info!(signal, "stopping");
    };
    service
        .serve(listener, shutdown)
        .await
        .context("serving ended")?;
    tracing::info!("stopped");
    Ok(())
}
