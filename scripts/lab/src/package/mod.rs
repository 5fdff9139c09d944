//! The function app folder and the deployable zip.
use std::process::ExitCode;

/// Arguments of `lab assemble`.
#[derive(clap::Args)]
pub(crate) struct AssembleArgs {}

/// Arguments of `lab package`.
#[derive(clap::Args)]
pub(crate) struct PackageArgs {}

pub(crate) fn assemble(_args: AssembleArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}

pub(crate) fn package(_args: PackageArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
