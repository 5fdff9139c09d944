//! The arguments of `lab up`, and the app and the rules that they select.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::bail;
use fleet::{FleetArgs, Options};
use functions_host::FunctionApp;
use processes::launch::LaunchArgs;

/// The folder in which `lab assemble` creates the project's own app.
const ASSEMBLED: &str = "target/app";

/// Arguments of `lab up`.
#[derive(clap::Args)]
pub struct UpArgs {
    /// Port to listen on; 0 picks a free one [default: Host.LocalHttpPort of local.settings.json, or 7071]
    #[arg(short, long, value_name = "PORT")]
    pub(super) port: Option<u16>,

    /// Address to listen on; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub(super) address: IpAddr,

    /// Folder with host.json and the function folders [default: the current folder where it is a function app, else
    /// target/app, which lab assemble creates]
    #[arg(long, value_name = "FOLDER")]
    script_root: Option<PathBuf>,

    /// Ask for keys as Azure does; they are made at start and printed
    #[arg(long)]
    pub(super) enable_auth: bool,

    /// Load these functions only, separated by spaces; names in any case
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(super) functions: Vec<String>,

    /// Allow pages of these origins to call the app, separated by commas; * for all [default: Host.CORS of
    /// local.settings.json]
    #[arg(long, value_name = "ORIGINS")]
    pub(super) cors: Option<String>,

    /// Allow these pages to send cookies and credentials
    #[arg(long)]
    pub(super) cors_credentials: bool,

    /// Start again when host.json, a function.json or another watched file changes, as the host does
    #[arg(long, conflicts_with = "events")]
    pub(super) watch: bool,

    /// PostgreSQL to use, `postgres://USER:PASSWORD@HOST/NAME`; passed to the handler, never printed
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(super) database_url: Option<String>,

    /// At the end send the handler SIGTERM and give it this long; the real host just kills it
    #[arg(long, value_name = "SECONDS")]
    pub(super) sigterm: Option<u64>,

    /// Make what is not emulated an error. With a trigger that nothing listens to, an input, an output, a function that
    /// cannot be loaded, or a storage account that is missing, end with exit code 1; fail an invocation whose output is
    /// not delivered
    #[arg(long)]
    pub(super) strict: bool,

    /// Show every line of the handler and what the host does; without it, standard output of an app that lab assemble laid
    /// out appears only where it names a problem
    #[arg(short, long)]
    pub(super) verbose: bool,

    #[command(flatten)]
    pub(super) fleet: FleetArgs,

    #[command(flatten)]
    pub(super) launch: LaunchArgs,
}

impl UpArgs {
    /// The folder of the function app.
    ///
    /// # Errors
    /// One sentence with the folders that were tried, if there is no app.
    pub(super) fn script_root(&self) -> anyhow::Result<PathBuf> {
        match &self.script_root {
            Some(folder) => Ok(folder.clone()),
            None => functions_host::find_app(".".as_ref(), ASSEMBLED.as_ref()),
        }
    }

    /// Reads the app in this folder, and the rules.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn read(&self, script_root: &Path) -> anyhow::Result<(FunctionApp, Options)> {
        let function_app = FunctionApp::read(script_root, &self.functions)?;
        function_app.check_cors(self.cors.as_deref(), self.cors_credentials)?;
        let options = self.fleet.options(!function_app.is_own())?;
        if let Some(port) = function_app.fixed_port()
            && !options.single()
        {
            bail!(
                "host.json gives the handler a fixed port (customHandler.port {port}), so only one instance can run; add --max 1, or remove the port and let the handler listen on FUNCTIONS_CUSTOMHANDLER_PORT"
            );
        }
        Ok((function_app, options))
    }
}
