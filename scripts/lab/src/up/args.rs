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

    /// Address to listen on; with 0.0.0.0, other machines can connect
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub(super) address: IpAddr,

    /// Folder with host.json and the function folders [default: the current folder where it is a function app, else
    /// target/app, which lab assemble creates]
    #[arg(long, value_name = "FOLDER")]
    script_root: Option<PathBuf>,

    /// Require keys as Azure does; they are generated and printed at the start
    #[arg(long)]
    pub(super) enable_auth: bool,

    /// Load only these functions, separated by spaces; case does not matter
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

    /// At the end, send the handler SIGTERM and wait this long before it is killed; the real host kills it at once
    #[arg(long, value_name = "SECONDS")]
    pub(super) sigterm: Option<u64>,

    /// Treat features that are not emulated as errors. A trigger without a listener, an input, an output, a function that
    /// cannot be loaded, or a missing storage account ends lab up with exit code 1. An invocation fails if its output is
    /// not delivered
    #[arg(long)]
    pub(super) strict: bool,

    /// Show all output of the handler and all events of the host; by default, standard output of an app that lab assemble
    /// created appears only if it reports a problem
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
