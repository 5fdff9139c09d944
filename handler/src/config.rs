//! Every setting: a flag, and an environment variable of the same name.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use clap::FromArgMatches as _;

use crate::domain::{AddressPolicy, MIN_SECONDS, RulesClock, TrustedProxies};
use crate::observe::telemetry::{Collector, LogFormat, parse_headers};
use crate::store::{Migrate, Target};
use autoscale::Setting;

mod arguments;
mod database;
mod help;
mod scaler;
mod scaling_arguments;

pub use arguments::{AppRole, Arguments, Cli, Command, DatabaseAuth};
pub use scaler::ScalerConfig;
pub use scaling_arguments::{ScalerKind, ScalingArguments};

/// The checked settings, in the types that the program uses.
#[derive(Debug, Clone)]
pub struct Config {
    /// The port on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// Whether a port was given, which the Functions host does when it starts the program.
    pub is_hosted: bool,
    /// The database for the visits.
    pub target: Target,
    /// The most connections to PostgreSQL.
    pub pool_max: u32,
    /// Who changes the schema.
    pub migrate: Migrate,
    /// This instance's name: 1-64 characters of `A-Z a-z 0-9 . _ -`.
    pub instance_id: String,
    /// Whether this instance runs in Azure.
    pub in_azure: bool,
    /// The number of CPUs that counts as 100%, if set.
    pub instance_cpus: Option<f64>,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// The rules that scale the fleet, to show them; `None` if there are none.
    pub autoscale: Option<Setting>,
    /// The file that these rules are from, if any.
    pub autoscale_file: Option<PathBuf>,
    /// The clock that the rules use.
    pub rules_clock: RulesClock,
    /// The app's own scaler, if the app sets the number of instances itself.
    pub scaler: Option<ScalerConfig>,
    /// The longest waited stress run, in seconds.
    pub stress_max_seconds: f64,
    /// The header that holds the client's address.
    pub client_ip_header: HeaderName,
    /// Proxies to skip in that header.
    pub trusted_proxies: TrustedProxies,
    /// Origins whose pages may call the API.
    pub cors_origins: CorsOrigins,
    /// How much of an address is stored.
    pub visitor_ip: AddressPolicy,
    /// CPU time that each visit uses in addition.
    pub visit_work: Duration,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The filter for log lines.
    pub log_filter: String,
    /// Where trace spans are sent, if anywhere.
    pub collector: Option<Collector>,
    /// How long addresses and the timeline are kept.
    pub keep_addresses: Duration,
}

/// Origins whose pages may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Only the dashboard may call the API; it has the same origin.
    None,
    /// Pages of every origin.
    Any,
    /// Pages of these origins.
    List(Vec<HeaderValue>),
}

/// The default port.
const PORT: u16 = 8080;

/// The exit code for a wrong setting (sysexits.h: `EX_USAGE`).
const USAGE: u8 = 64;

/// Reads the settings of this process.
///
/// # Errors
/// The code to exit with, after the help or one sentence about a wrong setting has been printed.
pub fn load() -> Result<(Option<Command>, Config), ExitCode> {
    let matches = help::command_line().try_get_matches();
    let cli = matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| {
            // The parser returns help and version as errors. A failed write to a closed output is ignored.
            let _ = error.print();
            if error.use_stderr() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            }
        })?;
    let command = cli.command.clone();
    let config = cli.config().map_err(|sentence| {
        eprintln!("handler: {sentence}");
        ExitCode::from(USAGE)
    })?;
    Ok((command, config))
}

impl Cli {
    /// Checks what the parser cannot check.
    ///
    /// # Errors
    /// One sentence that names the setting, but not its value if that may contain a password.
    pub fn config(self) -> Result<Config, String> {
        let arguments = self.arguments;
        let azure_id = arguments
            .website_instance_id
            .as_deref()
            .filter(|id| !id.is_empty());
        let in_azure = azure_id.is_some();
        let default_format = if in_azure {
            LogFormat::Json
        } else {
            LogFormat::Text
        };
        if arguments.stress_max_seconds < MIN_SECONDS {
            return Err(format!("STRESS_MAX_SECONDS must be at least {MIN_SECONDS}"));
        }
        tracing_subscriber::EnvFilter::try_new(&arguments.log_filter)
            .map_err(|error| format!("RUST_LOG is not a log filter: {error}"))?;
        let rules = arguments.scaling.autoscale_profile.as_deref();
        let rules = rules.unwrap_or_default().trim();
        let autoscale = autoscale(rules)?;
        Ok(Config {
            scaler: scaler::scaler(&arguments, autoscale.as_ref())?,
            port: arguments.functions_customhandler_port.unwrap_or(PORT),
            is_hosted: arguments.functions_customhandler_port.is_some(),
            instance_id: instance_id(azure_id, arguments.instance_id.as_deref()),
            in_azure,
            target: database::target(&arguments, in_azure, self.command.as_ref())?,
            pool_max: arguments.database_pool_max,
            migrate: arguments.migrate,
            instance_cpus: arguments.instance_cpus,
            heartbeat: Duration::from_secs_f64(arguments.heartbeat_seconds),
            autoscale,
            autoscale_file: rules.strip_prefix('@').map(PathBuf::from),
            rules_clock: arguments.scaling.autoscale_clock.unwrap_or_default(),
            stress_max_seconds: arguments.stress_max_seconds,
            client_ip_header: arguments.client_ip_header,
            trusted_proxies: arguments.trusted_proxies.unwrap_or_default(),
            cors_origins: cors_origins(&arguments.cors_origins)?,
            visitor_ip: arguments.visitor_ip,
            visit_work: Duration::from_millis(arguments.visit_work.into()),
            log_format: arguments.log_format.unwrap_or(default_format),
            log_filter: arguments.log_filter,
            collector: match arguments.otel_exporter_otlp_endpoint.as_deref() {
                // An empty value counts as not set, as the OpenTelemetry specification requires.
                None | Some("") => None,
                Some(endpoint) => Some(Collector::new(
                    endpoint,
                    parse_headers(&arguments.otel_exporter_otlp_headers)?,
                    &arguments.otel_service_name,
                )?),
            },
            keep_addresses: Duration::from_secs(u64::from(arguments.retention_days) * 24 * 60 * 60),
        })
    }
}

/// The active setting: JSON, `@FILE`, `none`, or the built-in one.
fn autoscale(setting: &str) -> Result<Option<Setting>, String> {
    let refused = |problem: String| format!("AUTOSCALE_PROFILE: {problem}");
    let text = match setting {
        "" => return Ok(Some(Setting::built_in())),
        "none" => return Ok(None),
        text if text.starts_with('@') => {
            let file = &text[1..];
            std::fs::read_to_string(file)
                .map_err(|error| refused(format!("cannot read {file}: {error}")))?
        }
        text if text.starts_with(['{', '[']) => text.to_owned(),
        _ => {
            return Err(refused(
                "give a rule file as JSON, @FILE, or none".to_owned(),
            ));
        }
    };
    let setting = Setting::parse(&text).map_err(|error| refused(error.to_string()))?;
    Ok(Some(setting))
}

fn cors_origins(list: &str) -> Result<CorsOrigins, String> {
    let mut origins = Vec::new();
    for entry in list
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
    {
        if entry == "*" {
            return Ok(CorsOrigins::Any);
        }
        // An origin is scheme, host, and port; an entry with a path would never match (RFC 6454).
        let host = entry
            .strip_prefix("https://")
            .or_else(|| entry.strip_prefix("http://"));
        let well_formed =
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@']));
        let value = HeaderValue::from_str(entry).ok().filter(|_| well_formed);
        origins.push(value.ok_or_else(|| {
            format!("CORS_ORIGINS: `{entry}` is not an origin such as https://example.org")
        })?);
    }
    Ok(if origins.is_empty() {
        CorsOrigins::None
    } else {
        CorsOrigins::List(origins)
    })
}

/// How many characters of Azure's instance id are kept. The id has 64 hexadecimal digits.
const AZURE_ID_LENGTH: usize = 12;
/// The longest instance id. The id is part of every response and of every row.
const ID_LENGTH: usize = 64;

fn instance_id(azure: Option<&str>, named: Option<&str>) -> String {
    let clean = |text: &str, length: usize| -> Option<String> {
        let id: String = text
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .take(length)
            .collect();
        (!id.is_empty()).then_some(id)
    };
    azure
        .and_then(|id| clean(id, AZURE_ID_LENGTH))
        .or_else(|| named.and_then(|id| clean(id, ID_LENGTH)))
        .unwrap_or_else(|| {
            let host = sysinfo::System::host_name().unwrap_or_default();
            let host = clean(&host, ID_LENGTH - 11).unwrap_or_else(|| "instance".to_owned());
            format!("{host}-{}", std::process::id())
        })
}

/// The listen address. Only the Functions host, on the same machine, may connect.
pub const LISTEN_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, String> {
        let all = ["handler", "--sqlite-path", "visits.db"]
            .iter()
            .chain(arguments);
        Cli::try_parse_from(all)
            .map_err(|error| error.to_string())?
            .config()
    }

    #[test]
    fn the_command_line_definition_is_valid() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn an_instance_id_is_a_valid_header_value() {
        let config = config(&["--instance-id", "naïve id\n2"]).expect("good settings");
        assert_eq!(config.instance_id, "na-ve-id-2");
    }

    #[test]
    fn origins_are_checked() {
        assert_eq!(
            config(&[]).expect("good settings").cors_origins,
            CorsOrigins::None
        );
        assert_eq!(
            config(&["--cors-origins", "*"])
                .expect("good settings")
                .cors_origins,
            CorsOrigins::Any
        );
        let list = config(&["--cors-origins", "https://a.example, http://b.example:8000"]);
        assert!(
            matches!(list.expect("good settings").cors_origins, CorsOrigins::List(list) if list.len() == 2)
        );
        assert!(config(&["--cors-origins", "https://a.example/"]).is_err());
        assert!(config(&["--cors-origins", "a.example"]).is_err());
    }

    #[test]
    fn rules_are_built_in_or_given_or_none() {
        let profile = |setting| {
            let config = config(&["--autoscale-profile", setting]);
            config.map(|config| config.autoscale)
        };
        let built_in = Setting::built_in();
        assert_eq!(profile(""), Ok(Some(built_in.clone())));
        assert_eq!(profile("none"), Ok(None));
        let text = built_in.to_arm().to_string();
        assert_eq!(profile(&text), Ok(Some(built_in)));
        for (bad, named) in [
            ("{}", "AUTOSCALE_PROFILE: "),
            ("nothing", "@FILE"),
            ("@/no/such/file", "/no/such/file"),
        ] {
            let sentence = profile(bad).expect_err("wrong");
            assert!(sentence.contains(named), "{sentence}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        for bad in [
            ["--instance-cpus", "0"],
            ["--heartbeat-seconds", "NaN"],
            ["--database-pool-max", "2"],
            ["--stress-max-seconds", "0.05"],
        ] {
            assert!(config(&bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            config(&["--heartbeat-seconds", "0.5"])
                .expect("good settings")
                .heartbeat,
            Duration::from_millis(500)
        );
    }
}
