//! The stand-in for the Azure Functions host.
use std::process::ExitCode;

/// Arguments of `lab up`.
#[derive(clap::Args)]
pub(crate) struct UpArgs {}

pub(crate) fn up(_args: UpArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
