//! `lab assemble` and `lab package`: the function app folder and the deployable zip.
//!
//! The Functions host looks for function folders only directly below the script root, so the repository itself cannot
//! be one. The folder is assembled here, the same for `lab up`, `func start` and Azure.
//!
//! | module | does |
//! | --- | --- |
//! | [`layout`] | says which file goes where; writes the folder |
//! | [`build`] | makes the static handler with cargo |
//! | [`elf`] | tells whether a binary runs in Azure |
//! | [`archive`] | writes the zip |

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use fleet::HostingPlan;

mod archive;
mod build;
mod elf;
mod layout;

use layout::Layout;

/// The default place of the folder below the project.
const APP: &str = "target/app";
const ZIP: &str = "target/elastic-visits.zip";

/// The app that prepares the database: the folder of its host.json and functions, and the names of its folder and
/// zip.
const ROLE_STEP: &str = "infra/role-step";
const ROLE_STEP_APP: &str = "target/role-step";
const ROLE_STEP_ZIP: &str = "target/elastic-visits-role-step.zip";

/// Arguments of `lab assemble`.
#[derive(clap::Args)]
pub struct AssembleArgs {
    /// The handler binary to put in
    #[arg(long, value_name = "PATH")]
    handler: PathBuf,
    /// The function app folder to write [default: target/app below the root]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The plan that it is for
    #[arg(long, value_enum, default_value_t)]
    plan: HostingPlan,
    /// The project: the folder with host.json and functions/
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// Arguments of `lab package`.
#[derive(clap::Args)]
pub struct PackageArgs {
    /// Pack this static x86-64 Linux binary instead of building one
    #[arg(long, value_name = "PATH", conflicts_with = "profile")]
    binary: Option<PathBuf>,
    /// Cargo profile to build with: release is smaller and faster, quick is built sooner
    #[arg(long, value_enum, default_value_t = build::Profile::Release)]
    profile: build::Profile,
    /// The zip to write [default: target/elastic-visits.zip below the root]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The function app folder to write [default: target/app below the root]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The plan that it is for
    #[arg(long, value_enum, default_value_t)]
    plan: HostingPlan,
    /// The project: the folder with host.json and functions/
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// Creates the function app folder.
///
/// # Errors
/// One sentence for the user if this is not possible.
pub fn assemble(args: AssembleArgs) -> anyhow::Result<ExitCode> {
    let layout = Layout::read(&args.root, &args.handler, args.plan)?;
    let into = args.into.unwrap_or_else(|| args.root.join(APP));
    layout.write(&into)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the deployable zip, and the zip of the role step, which `scripts/deploy` runs once to prepare the database.
///
/// # Errors
/// One sentence for the user if this is not possible.
pub fn package(args: PackageArgs) -> anyhow::Result<ExitCode> {
    layout::check_root(&args.root)?;
    let binary = match args.binary {
        Some(binary) => binary,
        None => build::static_handler(&args.root, args.profile)?,
    };
    check_runs_in_azure(&binary)?;

    let layout = Layout::read(&args.root, &binary, args.plan)?;
    let into = args.into.unwrap_or_else(|| args.root.join(APP));
    layout.write(&into)?;
    let output = args.output.unwrap_or_else(|| args.root.join(ZIP));
    let size = archive::write(&layout, &output)?;

    let handler = binary
        .metadata()
        .with_context(|| format!("cannot read {}", binary.display()))?
        .len();
    println!(
        "{}: {} functions, handler {}",
        into.display(),
        layout.functions(),
        megabytes(handler)
    );
    println!("{}: {}", output.display(), megabytes(size));
    if args.root.join(ROLE_STEP).is_dir() {
        let layout = Layout::read_role_step(&args.root.join(ROLE_STEP), &binary)?;
        layout.write(&args.root.join(ROLE_STEP_APP))?;
        let output = args.root.join(ROLE_STEP_ZIP);
        let size = archive::write(&layout, &output)?;
        println!("{}: {}", output.display(), megabytes(size));
    }
    println!(
        "deploy it with: az functionapp deployment source config-zip -g GROUP -n APP --src {}",
        output.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn check_runs_in_azure(binary: &Path) -> anyhow::Result<()> {
    let bytes =
        std::fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    match elf::check(&bytes) {
        Ok(()) => Ok(()),
        Err(fault) => bail!(
            "{} {fault}; Azure needs a static x86-64 Linux executable: leave --binary out to have one built, or \
             build it with --target {}",
            binary.display(),
            build::TARGET
        ),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
