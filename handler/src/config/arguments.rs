//! The command line. The comments are the help text, which is not Markdown.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use axum::http::HeaderName;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::scaling_arguments::ScalingArguments;
use crate::domain::{AddressPolicy, TrustedProxies};
use crate::observe::telemetry::LogFormat;
use crate::store::{Migrate, Pooler};

/// A visit log that runs as an Azure Functions custom handler.
///
/// The Functions host starts it and forwards requests to it. If you start it yourself, it serves the same API on
/// 127.0.0.1. Every setting is a flag or an environment variable of the same name; a flag takes precedence.
#[derive(Debug, Parser)]
#[command(name = "handler", version)]
pub struct Cli {
    /// What to do. Without a command it serves requests.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub(super) arguments: Arguments,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Update the database schema and exit
    Migrate,
    /// Create the app's role and database on an Azure server, update the schema, and exit
    ///
    /// Connect as an Entra administrator of the server, with the PG variables. PGDATABASE is the app's database
    /// [default: elastic_visits]. Existing objects stay unchanged. The role may only read and write, so the app then
    /// runs with DATABASE_AUTH=entra and MIGRATE=off. With FUNCTIONS_CUSTOMHANDLER_PORT set, it repeats failed
    /// attempts for ten minutes, serves its progress at /health, and runs until it is stopped.
    Provision(AppRole),
}

/// The app's role.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AppRole {
    /// Name of the app's role, which is also the app's PGUSER
    #[arg(id = "app_role", long = "app-role", env = "APP_ROLE", value_name = "NAME", value_parser = role_name)]
    pub name: String,

    /// Object id (principal id) of the app's managed identity
    #[arg(
        id = "app_object_id",
        long = "app-object-id",
        env = "APP_OBJECT_ID",
        value_name = "UUID"
    )]
    pub object_id: uuid::Uuid,
}

/// The server truncates longer names, and reserves names that begin with pg_ or azure_.
fn role_name(name: &str) -> Result<String, String> {
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > 63 || name.chars().any(char::is_control) {
        return Err("a role's name has 1 to 63 bytes, and no control characters".to_owned());
    }
    if lower.starts_with("pg_")
        || lower.starts_with("azure_")
        || ["public", "none"].contains(&lower.as_str())
    {
        return Err("this name is reserved by the server".to_owned());
    }
    Ok(name.to_owned())
}

/// The flags, before they are checked.
#[derive(Args)]
pub struct Arguments {
    /// Port to listen on, always on 127.0.0.1; 0 chooses a free one [default: 8080]
    #[arg(
        long,
        visible_alias = "port",
        env = "FUNCTIONS_CUSTOMHANDLER_PORT",
        value_name = "PORT",
        global = true,
        help_heading = "Serving"
    )]
    pub(super) functions_customhandler_port: Option<u16>,

    /// PostgreSQL that stores the visits, as postgres://USER:PASSWORD@HOST/DATABASE
    ///
    /// Set it in the environment rather than as a flag, because other users of the machine can read flags. Without
    /// it, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, and PGSSLMODE have the same meaning as in libpq. If none
    /// of them is set, visits are stored in a SQLite file.
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_url: Option<String>,

    /// PostgreSQL host if DATABASE_URL is not set; the other PG variables complete it
    #[arg(
        long,
        env = "PGHOST",
        value_name = "HOST",
        global = true,
        help_heading = "Database"
    )]
    pub(super) pghost: Option<String>,

    /// The pooler that DATABASE_URL leads to, if any: PgBouncer with transaction pooling
    ///
    /// The app then prepares no named statements, and runs every operation as one transaction. It changes the schema
    /// through DATABASE_MIGRATE_URL, which bypasses the pooler.
    #[arg(
        long,
        env,
        value_enum,
        value_name = "MODE",
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_pooler: Option<Pooler>,

    /// PostgreSQL URL of the role that may change the schema, never through a pooler [default: DATABASE_URL]
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_migrate_url: Option<String>,

    /// How to log in to PostgreSQL
    ///
    /// With `entra`, PGUSER is the role of the app's identity, and the app always verifies the server's certificate:
    /// PGSSLMODE is then verify-full, and PGSSLROOTCERT adds authorities to trust.
    #[arg(
        long,
        env,
        value_enum,
        value_name = "PROOF",
        default_value_t,
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_auth: DatabaseAuth,

    /// Client id of the identity to use for tokens [default: the app's system-assigned identity]
    #[arg(
        long,
        env,
        value_name = "UUID",
        global = true,
        help_heading = "Database"
    )]
    pub(super) azure_client_id: Option<String>,

    /// Token endpoint, for DATABASE_AUTH=entra and for SCALER; set by the platform
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Database"
    )]
    pub(super) identity_endpoint: Option<String>,

    /// Secret for IDENTITY_ENDPOINT; set by the platform
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "SECRET",
        global = true,
        help_heading = "Database"
    )]
    pub(super) identity_header: Option<String>,

    /// Whether and how to encrypt the connection to PostgreSQL, with libpq's names
    #[arg(
        long,
        env = "PGSSLMODE",
        value_name = "MODE",
        global = true,
        help_heading = "Database"
    )]
    pub(super) pgsslmode: Option<String>,

    /// SQLite file if PostgreSQL is not configured [default: elastic-visits/visits.db in the user's data folder]
    ///
    /// Do not put it into the function app's folder: a new folder there restarts the Functions host.
    #[arg(
        long,
        env,
        value_name = "FILE",
        global = true,
        help_heading = "Database"
    )]
    pub(super) sqlite_path: Option<PathBuf>,

    /// Most connections to PostgreSQL, at least 3; visits and heartbeats have one each of their own
    ///
    /// This number times the maximum number of instances must stay below the server's limit: three instances with ten
    /// connections each fit the 35 that a B1ms server offers to users.
    #[arg(long, env, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(3..=1000), global = true, help_heading = "Database")]
    pub(super) database_pool_max: u32,

    /// What changes the database schema
    #[arg(
        long,
        env,
        value_enum,
        value_name = "WHO",
        default_value_t,
        global = true,
        help_heading = "Database"
    )]
    pub(super) migrate: Migrate,

    /// Days until visitor addresses are blanked and timeline data is deleted; visits are never deleted
    #[arg(long, env, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650), global = true, help_heading = "Privacy")]
    pub(super) retention_days: u16,

    /// How much of a visitor's address is stored
    #[arg(
        long,
        env,
        value_enum,
        value_name = "PART",
        default_value_t,
        global = true,
        help_heading = "Privacy"
    )]
    pub(super) visitor_ip: AddressPolicy,

    /// Header that holds the client's address, such as x-azure-socketip behind Azure Front Door
    ///
    /// It is read from the right, past TRUSTED_PROXIES. Name only a header that your own proxy always sets: a client
    /// can set any other header.
    #[arg(long, env, value_name = "NAME", default_value = "x-forwarded-for", value_parser = header_name, global = true, help_heading = "Privacy")]
    pub(super) client_ip_header: HeaderName,

    /// Networks of proxies to skip in that header, comma-separated [default: loopback, private, link-local]
    #[arg(
        long,
        env,
        value_name = "NETWORKS",
        global = true,
        help_heading = "Privacy"
    )]
    pub(super) trusted_proxies: Option<TrustedProxies>,

    /// Origins whose pages may call the API, comma-separated, or * for all [default: none]
    #[arg(
        long,
        env,
        value_name = "ORIGINS",
        default_value = "",
        hide_default_value = true,
        global = true,
        help_heading = "Serving"
    )]
    pub(super) cors_origins: String,

    /// Number of CPUs that counts as 100% [default: the cgroup's quota, or else the machine's CPUs]
    #[arg(long, env, value_name = "CPUS", value_parser = positive, global = true, help_heading = "Instance")]
    pub(super) instance_cpus: Option<f64>,

    /// Name of this instance if WEBSITE_INSTANCE_ID is not set [default: host name and process id]
    #[arg(long, env, value_name = "ID", global = true, help_heading = "Instance")]
    pub(super) instance_id: Option<String>,

    /// Azure's name for this instance; set by the platform. If it is set, SQLite is not used
    #[arg(long, env, value_name = "ID", global = true, help_heading = "Instance")]
    pub(super) website_instance_id: Option<String>,

    /// Seconds between two heartbeats; fractions are allowed
    ///
    /// With each heartbeat, the instance stores its status and reads the fleet commands. An instance that misses
    /// three heartbeats counts as lost.
    #[arg(long, env, value_name = "SECONDS", default_value_t = 5.0, value_parser = positive, global = true, help_heading = "Instance")]
    pub(super) heartbeat_seconds: f64,

    #[command(flatten)]
    pub(super) scaling: ScalingArguments,

    /// Longest stress run that a caller may wait for, in seconds
    #[arg(long, env, value_name = "SECONDS", default_value_t = 120.0, value_parser = positive, global = true, help_heading = "Load")]
    pub(super) stress_max_seconds: f64,

    /// CPU milliseconds that each visit uses in addition, so that ordinary traffic triggers the autoscale rules
    #[arg(long, env, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000), global = true, help_heading = "Load")]
    pub(super) visit_work: u32,

    /// Format of log lines [default: json in Azure, text elsewhere]
    #[arg(
        long,
        env,
        value_enum,
        value_name = "FORMAT",
        global = true,
        help_heading = "Logs"
    )]
    pub(super) log_format: Option<LogFormat>,

    /// Filter for log lines, such as `warn` or `handler=debug`
    #[arg(
        long,
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = "info",
        global = true,
        help_heading = "Logs"
    )]
    pub(super) log_filter: String,

    /// Trace collector that receives a span of each request, as http://HOST:4318 [default: none]
    ///
    /// Spans are sent by OTLP over HTTP, to /v1/traces below this address. OTEL_TRACES_SAMPLER,
    /// OTEL_RESOURCE_ATTRIBUTES, and the other variables that OpenTelemetry defines for its SDKs apply as well.
    #[arg(long, env, value_name = "URL", global = true, help_heading = "Traces")]
    pub(super) otel_exporter_otlp_endpoint: Option<String>,

    /// Headers to send to the collector, as NAME=VALUE,NAME=VALUE; values are percent-encoded
    ///
    /// Set it in the environment rather than as a flag, because other users of the machine can read flags.
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "HEADERS",
        default_value = "",
        hide_default_value = true,
        global = true,
        help_heading = "Traces"
    )]
    pub(super) otel_exporter_otlp_headers: String,

    /// Service name in traces
    #[arg(
        long,
        env,
        value_name = "NAME",
        default_value = "elastic-visits",
        global = true,
        help_heading = "Traces"
    )]
    pub(super) otel_service_name: String,
}

/// Omits the password when the arguments are printed.
impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arguments(***)")
    }
}

/// How to log in to PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DatabaseAuth {
    /// With the password of DATABASE_URL or PGPASSWORD.
    #[default]
    Password,
    /// With an Entra access token of the app's managed identity.
    Entra,
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    text.parse().map_err(|_| "not a header name".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    // Nobody needs more than a day. The limit also keeps durations within what the clock can add.
    if number.is_finite() && (0.01..=86_400.0).contains(&number) {
        Ok(number)
    } else {
        Err("must be from 0.01 to 86400".to_owned())
    }
}
