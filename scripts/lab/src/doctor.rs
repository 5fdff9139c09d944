//! What this machine has and what is missing.
use std::process::ExitCode;

/// Arguments of `lab doctor`.
#[derive(clap::Args)]
pub(crate) struct DoctorArgs {}

pub(crate) fn run(_args: DoctorArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
