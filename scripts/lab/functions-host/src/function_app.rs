//! A function app: read from its folder, and then served.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{anyhow, bail};
use tokio::sync::watch;

use super::app::App;
use super::backends::{BackendSet, Backends, Choose};
use super::banner::Banner;
use super::console::Console;
use super::cors::Cors;
use super::cross_site::Policy;
use super::environment::Environment;
use super::extension_bundle;
use super::function::{self, Function};
use super::handler_route;
use super::instance::CRASH_LIMIT;
use super::keys::{Access, KeyRing, Keys};
use super::local_settings::{LocalHost, LocalSettings};
use super::offline::Offline;
use super::plan::Plan;
use super::route::Table;
use super::settings::{FOLDER, Settings};
use super::timer::Statuses;
use super::traffic::Traffic;
use super::unsupported;

/// The file with which `lab assemble` marks the folder of Elastic Visits. It isn't deployed.
pub const MARKER: &str = ".lab-assembled";

/// The content of a function app's folder.
pub struct FunctionApp {
    script_root: String,
    environment: Environment,
    /// The start options, unless the command line overrides them.
    pub local_host: LocalHost,
    pub(crate) settings: Settings,
    table: Table,
    problems: Vec<String>,
    /// Features that the functions use but the emulator does not have.
    unsupported: Vec<String>,
}

/// How a function app is served.
pub struct ServeOptions {
    /// The listen address.
    pub address: SocketAddr,
    /// The required keys; `None` if no keys are required.
    pub keys: Option<KeyRing>,
    /// Whether an invocation fails if its outputs are not delivered.
    pub is_strict: bool,
    /// Origins whose pages may call the app, separated by commas, and whether they may send cookies. `None`: as in
    /// `local.settings.json`.
    pub cors: Option<String>,
    /// Whether these pages may send cookies, even if `local.settings.json` does not allow it.
    pub cors_credentials: bool,
    /// Passed to the handler as `DATABASE_URL`.
    pub database_url: Option<String>,
    /// The past and the next runs of timers, kept across restarts of the app.
    pub timers: Statuses,
    /// Further lines of the banner, each with a label and a text.
    pub banner: Vec<(&'static str, String)>,
}

/// A function app that is served as soon as backends are published.
pub struct Served {
    /// The data that its requests need.
    pub app: Arc<App>,
    /// The data that its instances need to start.
    pub plan: Plan,
    /// Publishes the processes that take requests.
    pub backends: watch::Sender<BackendSet>,
}

impl FunctionApp {
    /// Reads `host.json`, `local.settings.json` and the function folders. `only` contains the names of the functions
    /// to load. If it is empty, `host.json` decides.
    ///
    /// # Errors
    /// One sentence if the app cannot be used. A single unusable function is not an error.
    pub fn read(script_root: &Path, only: &[String]) -> anyhow::Result<Self> {
        let script_root = script_root.canonicalize().map_err(|_| {
            anyhow!(
                "the script root {} does not exist or cannot be opened; {FOLDER}",
                script_root.display()
            )
        })?;
        let local = LocalSettings::read(&script_root)?;
        let mut environment = Environment::load(&script_root, &local);
        // StartHostAction.cs, UpdateEnvironmentVariables.
        for (index, name) in only.iter().enumerate() {
            environment.set(&format!("AzureFunctionsJobHost__functions__{index}"), name);
        }
        let mut settings = Settings::read(&script_root, &environment)?;
        let (mut functions, mut problems) = function::load(&script_root, &environment)?;
        let mut unknown = Vec::new();
        // HttpWorkerFunctionProvider.cs
        if !settings.handler.routes.is_empty() {
            if let Some(function) = functions.first() {
                bail!(
                    "the app has the function folder {} and also routes in host.json (customHandler.http.routes, or a configurationProfile that has them); the host takes only one of the two, so remove the folders or the routes",
                    function.name
                );
            }
            let refused;
            (functions, refused) = handler_route::functions(&settings.handler.routes, &environment);
            problems.extend(refused);
        }
        if let Some(names) = &settings.functions {
            unknown = keep(names, &mut functions);
        }
        let (table, refused) = Table::build(functions, &settings.route_prefix)?;
        problems.extend(refused);
        if table.functions.is_empty() {
            problems.append(&mut unknown);
            return Err(unusable(&script_root, &problems));
        }
        settings.warnings.append(&mut unknown);
        settings.warnings.extend(local.warnings);
        let mut unsupported = unsupported::sentences(&table.functions, &environment);
        unsupported.extend(extension_bundle::sentences(
            settings.extension_bundle.as_ref(),
            &table.functions,
            &script_root,
        ));
        Ok(Self {
            script_root: script_root.display().to_string(),
            unsupported,
            environment,
            local_host: local.host,
            settings,
            table,
            problems,
        })
    }

    /// Differences from Azure, one sentence each: functions that cannot be loaded, triggers without a listener,
    /// inputs that are not read, outputs that are not delivered, a missing storage account.
    pub fn faults(&self) -> impl Iterator<Item = &str> {
        let faults = self.problems.iter().chain(&self.unsupported);
        faults.map(String::as_str)
    }

    /// Whether it is Elastic Visits, as `lab assemble` lays it out.
    pub fn is_own(&self) -> bool {
        Path::new(&self.script_root).join(MARKER).is_file()
    }

    /// The handler's port in `host.json`. There can then be only one handler.
    pub fn fixed_port(&self) -> Option<u16> {
        self.settings.handler.port
    }

    /// Checks that the handler can listen on the port in `host.json`. Otherwise the host does not start
    /// (`HttpWorkerOptionsSetup.cs`, `Validate`). Call it while the app's own port is in use, so that the two differ.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn check_port(&self) -> anyhow::Result<()> {
        if let Some(port) = self.fixed_port() {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
                anyhow!(
                    "the handler cannot listen on port {port}, which host.json gives to it (customHandler.port): {error}; stop the other program, choose another port, or remove it to get a free one"
                )
            })?;
        }
        Ok(())
    }

    /// Checks the CORS options of the command line and `local.settings.json` together.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn check_cors(&self, origins: Option<&str>, credentials: bool) -> anyhow::Result<()> {
        let (origins, credentials) = self.cors(origins, credentials);
        Cors::new(&origins, credentials).map(drop)
    }

    /// Origins, and whether their pages may send cookies.
    fn cors(&self, origins: Option<&str>, credentials: bool) -> (String, bool) {
        let origins = origins.unwrap_or(&self.local_host.cors).to_owned();
        (origins, credentials || self.local_host.cors_credentials)
    }

    /// Prints the banner and the problems. `choose` chooses the process of each request.
    ///
    /// # Errors
    /// One sentence for CORS options that are not possible.
    pub fn serve(
        mut self,
        options: ServeOptions,
        console: &Console,
        choose: Choose,
    ) -> anyhow::Result<Served> {
        let address = options.address;
        let is_own = self.is_own();
        let (origins, credentials) = self.cors(options.cors.as_deref(), options.cors_credentials);
        let (cors, cors_warnings) = Cors::new(&origins, credentials)?;
        let base_url = format!("http://{}", reachable(address));
        let access = if let Some(ring) = &options.keys {
            Access::Keyed(Keys::new(ring, &self.table.functions))
        } else {
            let app_origins = self.environment.var("CORS_ORIGINS").unwrap_or_default();
            Access::Open(Policy::new(address, &format!("{app_origins},{origins}")))
        };
        Banner {
            url: &base_url,
            is_own,
            script_root: &self.script_root,
            has_postgres: options.database_url.is_some()
                || self.environment.var("DATABASE_URL").is_some(),
            exposed: !address.ip().is_loopback(),
            fleet: options.banner,
        }
        .print(&self.table, &access, console);
        for warning in self.settings.warnings.iter().chain(&cors_warnings) {
            console.warn(warning);
        }
        for problem in &self.problems {
            console.error(problem);
        }
        for sentence in &self.unsupported {
            console.warn(sentence);
        }
        let offline = Offline::new(self.script_root.as_ref());
        let plan = self.plan(&base_url, options.database_url);
        // WorkerFunctionInvoker.cs: three restarts and the start itself.
        let patience = plan.initialization_timeout.saturating_mul(CRASH_LIMIT + 1);
        let (backends, publisher) = Backends::new(choose, patience);
        let app = App {
            settings: self.settings,
            table: self.table,
            access,
            cors,
            backends,
            offline,
            traffic: Traffic::new(),
            console: console.clone(),
            started: Instant::now(),
            id: uuid::Uuid::new_v4().simple().to_string(),
            base_url,
            warmed: AtomicBool::new(false),
            timers: options.timers,
            is_strict: options.is_strict,
        };
        Ok(Served {
            app: Arc::new(app),
            plan,
            backends: publisher,
        })
    }

    /// What an instance needs. Its variables are those that this process adds to its own environment, as `func start`
    /// does.
    fn plan(&mut self, base_url: &str, database_url: Option<String>) -> Plan {
        let environment = &mut self.environment;
        environment.add("WEBSITE_HOSTNAME", base_url.trim_start_matches("http://"));
        if let Some(url) = database_url {
            environment.set("DATABASE_URL", &url);
        }
        Plan {
            command: self.settings.handler.description.command(environment),
            variables: environment.added().to_vec(),
            is_own: self.is_own(),
            script_root: self.script_root.clone(),
            initialization_timeout: self.settings.handler.initialization_timeout,
            port: self.settings.handler.port,
            function_timeout: self.settings.function_timeout,
            groups: Vec::new(),
            crash_limit: CRASH_LIMIT,
        }
    }
}

/// The error for an app without a usable function, with all reasons, one per line.
fn unusable(script_root: &Path, reasons: &[String]) -> anyhow::Error {
    let script_root = script_root.display();
    if reasons.is_empty() {
        return anyhow!(
            "{script_root} contains no usable function; a function is a folder directly below it with a function.json, or a route in host.json (customHandler.http.routes, or a configurationProfile that has one); {FOLDER}"
        );
    }
    let reasons: String = reasons
        .iter()
        .map(|reason| format!("\n  {reason}"))
        .collect();
    anyhow!("{script_root} contains no usable function:{reasons}")
}

/// Keeps the functions with these names, in any case (`FunctionMetadataManager.cs`, `ApplyAllowList`), and returns a
/// sentence for each name without a function.
fn keep(names: &[String], functions: &mut Vec<Function>) -> Vec<String> {
    let is = |function: &Function, name: &String| function.name.eq_ignore_ascii_case(name);
    let unknown = names
        .iter()
        .filter(|name| !functions.iter().any(|function| is(function, name)))
        .map(|name| {
            format!("There is no function {name:?}, which the list of functions to load names")
        })
        .collect();
    functions.retain(|function| names.iter().any(|name| is(function, name)));
    unknown
}

/// The address at which this machine reaches the listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}
