//! A private PostgreSQL server for runs and tests.
use std::process::ExitCode;

/// Arguments of `lab postgres`.
#[derive(clap::Args)]
pub(crate) struct PostgresArgs {}

pub(crate) fn run(_args: PostgresArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
