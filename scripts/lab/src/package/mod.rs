//! `lab assemble` and `lab package`: the function app folder and the deployable zip.
//!
//! The Functions host looks for function folders only directly below the script root, so the repository itself cannot
//! be one. The folder is assembled here, the same for `lab up`, `func start` and Azure.
//!
//! | module | does |
//! | --- | --- |
//! | [`layout`] | the files of the folder; writes it |
//! | [`build`] | builds the static handler with cargo |
//! | [`elf`] | checks whether a binary runs in Azure |
//! | [`archive`] | writes the zip |

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use fleet::HostingPlan;

mod archive;
mod build;
mod elf;
mod layout;

pub(crate) use build::TARGET;
use layout::Layout;

/// The default place of the folder below the project.
const APP: &str = "target/app";
const ZIP: &str = "target/elastic-visits.zip";

/// The app that prepares the database: the folder of its host.json and functions, and the names of its folder and
/// zip.
const ROLE_STEP: &str = "infra/role-step";
const ROLE_STEP_APP: &str = "target/role-step";
const ROLE_STEP_ZIP: &str = "target/elastic-visits-role-step.zip";

/// The function app folder, for both commands.
#[derive(clap::Args)]
struct AppArgs {
    /// Function app folder to create [default: target/app below the root]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Hosting plan of the app
    #[arg(long, value_enum, default_value_t)]
    plan: HostingPlan,
    /// Project folder, which contains host.json and functions/
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

impl AppArgs {
    /// Writes the folder with this handler. Returns its path and its files.
    fn write(&self, handler: &Path) -> anyhow::Result<(PathBuf, Layout)> {
        let layout = Layout::read(&self.root, handler, self.plan)?;
        let into = self.into.clone();
        let into = into.unwrap_or_else(|| self.root.join(APP));
        layout.write(&into)?;
        Ok((into, layout))
    }
}

/// Arguments of `lab assemble`.
#[derive(clap::Args)]
pub struct AssembleArgs {
    /// Handler binary to include
    #[arg(long, value_name = "PATH")]
    handler: PathBuf,
    #[command(flatten)]
    app: AppArgs,
}

/// Arguments of `lab package`.
#[derive(clap::Args)]
pub struct PackageArgs {
    /// Pack this static x86-64 Linux binary instead of building one
    #[arg(long, value_name = "PATH", conflicts_with = "profile")]
    binary: Option<PathBuf>,
    /// Cargo profile of the build: release is smaller and faster, quick builds sooner
    #[arg(long, value_parser = ["release", "quick"], default_value = "release")]
    profile: String,
    /// Zip file to create [default: target/elastic-visits.zip below the root]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    app: AppArgs,
}

/// Creates the function app folder.
///
/// # Errors
/// One sentence for the user if this is not possible.
pub fn assemble(args: &AssembleArgs) -> anyhow::Result<ExitCode> {
    args.app.write(&args.handler)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the deployable zip, and the zip of the role step, which `scripts/deploy` runs once to prepare the database.
///
/// # Errors
/// One sentence for the user if this is not possible.
pub fn package(args: PackageArgs) -> anyhow::Result<ExitCode> {
    let root = &args.app.root;
    layout::check_root(root)?;
    let binary = match args.binary {
        Some(binary) => binary,
        None => build::static_handler(root, &args.profile)?,
    };
    let handler =
        std::fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    check_runs_in_azure(&binary, &handler)?;

    let (folder, layout) = args.app.write(&binary)?;
    let output = args.output.unwrap_or_else(|| root.join(ZIP));
    let size = archive::write(&layout, &output)?;
    println!(
        "{}: {} functions, handler {}",
        folder.display(),
        layout.functions(),
        megabytes(handler.len() as u64)
    );
    println!("{}: {}", output.display(), megabytes(size));
    if root.join(ROLE_STEP).is_dir() {
        let layout = Layout::read_role_step(&root.join(ROLE_STEP), &binary)?;
        layout.write(&root.join(ROLE_STEP_APP))?;
        let output = root.join(ROLE_STEP_ZIP);
        let size = archive::write(&layout, &output)?;
        println!("{}: {}", output.display(), megabytes(size));
    }
    println!(
        "To deploy it: az functionapp deployment source config-zip -g GROUP -n APP --src {}",
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn check_runs_in_azure(binary: &Path, content: &[u8]) -> anyhow::Result<()> {
    elf::check(content).map_err(|fault| {
        anyhow!(
            "{} {fault}; Azure needs a static x86-64 Linux executable: leave --binary out to have one built, or \
             build it with --target {}",
            binary.display(),
            TARGET
        )
    })
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
