//! Entry point of the function app: settings, then migrate, provision or serve.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use handler::azure::{provisioning, role_step};
use handler::config::{self, AppRole, Command, Config, LISTEN_ADDRESS};
use handler::observe::telemetry;
use handler::service::{self, Service};
use handler::shutdown;
use tokio::net::TcpListener;

/// musl's own allocator takes a lock per allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator requests huge pages, and each thread would touch some, which wastes 16 MB. On a system without
    // this call, only that memory is lost.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let outcome = match config::load() {
        Ok((Some(Command::Migrate), config)) => migrate(&config),
        Ok((Some(Command::Provision(role)), config)) => provision(&config, &role),
        Ok((None, config)) => serve(config),
        Err(code) => return code,
    };
    outcome.map_or_else(
        |error| {
            eprintln!("handler: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

#[tokio::main(flavor = "current_thread")]
async fn migrate(config: &Config) -> anyhow::Result<()> {
    let migrated = service::migrate(config).await;
    let db_type =
        migrated.map_err(|error| anyhow!("the schema was not changed: {}", error.with_cause()))?;
    println!("{db_type} schema is up to date");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn provision(config: &Config, role: &AppRole) -> anyhow::Result<()> {
    if config.is_hosted {
        let _flush = telemetry::log(config.log_format, &config.log_filter, &config.instance_id)?;
        let signalled = shutdown::signalled().context("signals cannot be received")?;
        return role_step::serve(config, role, signalled).await;
    }
    let report = |line| println!("{line}");
    Ok(provisioning::provision(&config.target, &role.name, role.object_id, report).await?)
}

#[tokio::main]
async fn serve(config: Config) -> anyhow::Result<()> {
    // Dropped last, so that all log lines are written.
    let _flush = telemetry::log(config.log_format, &config.log_filter, &config.instance_id)?;
    // Before the port is open, so that no signal is missed after that.
    let signalled = shutdown::signalled().context("signals cannot be received")?;
    let listener = TcpListener::bind((LISTEN_ADDRESS, config.port))
        .await
        .with_context(|| format!("cannot listen on {LISTEN_ADDRESS}:{}", config.port))?;
    let service = Service::start(config)?;
    service
        .serve(listener, signalled)
        .await
        .context("serving ended")
}
