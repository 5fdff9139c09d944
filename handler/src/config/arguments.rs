//! The command line. Its comments are the help text, which is no Markdown.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use axum::http::HeaderName;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::scaling_arguments::ScalingArguments;
use crate::domain::{AddressPolicy, TrustedProxies};
use crate::observe::telemetry::LogFormat;
use crate::store::{Migrate, Pooler};

/// A visit register that runs as an Azure Functions custom handler.
///
/// The Functions host starts it and sends it the requests; started by hand it serves the same API on
/// 127.0.0.1. Every setting is a flag or an environment variable of the same name; a flag wins.
#[derive(Debug, Parser)]
#[command(name = "handler", version)]
pub struct Cli {
    /// What to do; serve requests if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub(super) arguments: Arguments,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Bring the database schema up to date and exit
    Migrate,
    /// Make the app's role and its database on an Azure server, bring the schema up to date, and exit
    ///
    /// Connect as an Entra administrator of the server, with the PG variables; PGDATABASE is the app's
    /// database [default: elastic_visits]. What is there already is left as it is. The role may read and
    /// write, and no more: the app then runs with DATABASE_AUTH=entra and MIGRATE=off. With
    /// FUNCTIONS_CUSTOMHANDLER_PORT set, it repeats failed attempts for ten minutes, serves its progress at
    /// /health, and runs until it is stopped.
    Provision(AppRole),
}

/// Whose role it is.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AppRole {
    /// Name of the app's role, which is the app's PGUSER
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

/// The server cuts longer names off, and keeps those that begin with pg_ or azure_ to itself.
fn role_name(name: &str) -> Result<String, String> {
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > 63 || name.chars().any(char::is_control) {
        return Err("a role's name has 1 to 63 bytes, and no control characters".to_owned());
    }
    if lower.starts_with("pg_")
        || lower.starts_with("azure_")
        || ["public", "none"].contains(&lower.as_str())
    {
        return Err("this name is the server's own".to_owned());
    }
    Ok(name.to_owned())
}

/// The flags, as given.
#[derive(Args)]
pub struct Arguments {
    /// Port to listen on, always on 127.0.0.1; 0 picks a free one [default: 8080]
    #[arg(
        long,
        visible_alias = "port",
        env = "FUNCTIONS_CUSTOMHANDLER_PORT",
        value_name = "PORT",
        global = true,
        help_heading = "Serving"
    )]
    pub(super) functions_customhandler_port: Option<u16>,

    /// PostgreSQL to keep the register in, as postgres://USER:PASSWORD@HOST/DATABASE
    ///
    /// Better set in the environment than as a flag, which other users of the machine can read. Without
    /// it PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE count as libpq names them; without
    /// those either, the register is a SQLite file.
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_url: Option<String>,

    /// PostgreSQL host, when no DATABASE_URL is given; the other PG variables go with it
    #[arg(
        long,
        env = "PGHOST",
        value_name = "HOST",
        global = true,
        help_heading = "Database"
    )]
    pub(super) pghost: Option<String>,

    /// What DATABASE_URL leads to, if not to the server itself: PgBouncer in transaction pooling
    ///
    /// No statement is then prepared by name, and every operation is one transaction. The schema is
    /// changed over DATABASE_MIGRATE_URL, past the pooler.
    #[arg(
        long,
        env,
        value_enum,
        value_name = "MODE",
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_pooler: Option<Pooler>,

    /// PostgreSQL as the role that may change the schema, never through a pooler [default: as DATABASE_URL]
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Database"
    )]
    pub(super) database_migrate_url: Option<String>,

    /// What proves to PostgreSQL who is connecting
    ///
    /// With `entra` PGUSER is the role of the app's identity, and the server's certificate is always verified:
    /// PGSSLMODE is verify-full then, and PGSSLROOTCERT names further authorities to trust.
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

    /// Which of the app's identities tokens are for [default: its system-assigned one]
    #[arg(
        long,
        env,
        value_name = "UUID",
        global = true,
        help_heading = "Database"
    )]
    pub(super) azure_client_id: Option<String>,

    /// Where the platform hands out tokens, for DATABASE_AUTH=entra and for SCALER; set by the platform
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "URL",
        global = true,
        help_heading = "Database"
    )]
    pub(super) identity_endpoint: Option<String>,

    /// The secret that goes with IDENTITY_ENDPOINT; set by the platform
    #[arg(
        long,
        env,
        hide_env_values = true,
        value_name = "SECRET",
        global = true,
        help_heading = "Database"
    )]
    pub(super) identity_header: Option<String>,

    /// Whether and how the connection to PostgreSQL is encrypted, as libpq names it
    #[arg(
        long,
        env = "PGSSLMODE",
        value_name = "MODE",
        global = true,
        help_heading = "Database"
    )]
    pub(super) pgsslmode: Option<String>,

    /// SQLite file, when no PostgreSQL is configured [default: elastic-visits/visits.db in the user's data folder]
    ///
    /// Never put it into the function app's folder: a new folder there restarts the Functions host.
    #[arg(
        long,
        env,
        value_name = "FILE",
        global = true,
        help_heading = "Database"
    )]
    pub(super) sqlite_path: Option<PathBuf>,

    /// The most connections to PostgreSQL; at least 3, of which visits and heartbeats keep one each
    ///
    /// Times the most instances it must stay below the server's limit: three instances of ten fit the 35
    /// that a B1ms server leaves to users.
    #[arg(long, env, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(3..=1000), global = true, help_heading = "Database")]
    pub(super) database_pool_max: u32,

    /// Who changes the database schema
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

    /// Days after which visitor addresses are blanked and the fleet's timeline ends; visits are never deleted
    #[arg(long, env, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650), global = true, help_heading = "Privacy")]
    pub(super) retention_days: u16,

    /// What the register keeps of a visitor's address
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
    /// Read from the right, past TRUSTED_PROXIES. Name only a header that a proxy of yours always sets: whoever sends
    /// the request can set any other.
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

    /// CPUs that 100 % means [default: the cgroup's quota, else the machine]
    #[arg(long, env, value_name = "CPUS", value_parser = positive, global = true, help_heading = "Instance")]
    pub(super) instance_cpus: Option<f64>,

    /// Name of this instance, where WEBSITE_INSTANCE_ID gives none [default: host name and process id]
    #[arg(long, env, value_name = "ID", global = true, help_heading = "Instance")]
    pub(super) instance_id: Option<String>,

    /// Azure's name of this instance; set by the platform, and then no SQLite file is used
    #[arg(long, env, value_name = "ID", global = true, help_heading = "Instance")]
    pub(super) website_instance_id: Option<String>,

    /// Seconds between two heartbeats to the fleet; fractions allowed
    ///
    /// Each writes what this instance does, and hears the orders to the fleet. An instance that misses three counts as lost.
    #[arg(long, env, value_name = "SECONDS", default_value_t = 5.0, value_parser = positive, global = true, help_heading = "Instance")]
    pub(super) heartbeat_seconds: f64,

    #[command(flatten)]
    pub(super) scaling: ScalingArguments,

    /// The longest stress run a caller may wait for, in seconds
    #[arg(long, env, value_name = "SECONDS", default_value_t = 120.0, value_parser = positive, global = true, help_heading = "Load")]
    pub(super) stress_max_seconds: f64,

    /// CPU milliseconds burnt per visit, so that ordinary traffic drives the autoscale rules
    #[arg(long, env, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000), global = true, help_heading = "Load")]
    pub(super) visit_work: u32,

    /// How log lines look [default: json in Azure, text elsewhere]
    #[arg(
        long,
        env,
        value_enum,
        value_name = "FORMAT",
        global = true,
        help_heading = "Logs"
    )]
    pub(super) log_format: Option<LogFormat>,

    /// Which log lines are written, e.g. `warn` or `handler=debug`
    #[arg(
        long,
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = "info",
        global = true,
        help_heading = "Logs"
    )]
    pub(super) log_filter: String,

    /// Collector of traces, as http://HOST:4318, to send a span of each request to [default: none are sent]
    ///
    /// By OTLP over HTTP, to /v1/traces below this address. OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES and the
    /// other variables that OpenTelemetry defines for its SDKs hold as well.
    #[arg(long, env, value_name = "URL", global = true, help_heading = "Traces")]
    pub(super) otel_exporter_otlp_endpoint: Option<String>,

    /// What the collector wants to know of the sender, as NAME=VALUE,NAME=VALUE; values percent-encoded
    ///
    /// Better set in the environment than as a flag, which other users of the machine can read.
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

    /// Name of the service in its traces
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

/// Keeps the password out of whatever prints the arguments.
impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arguments(***)")
    }
}

/// What proves to PostgreSQL who is connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DatabaseAuth {
    /// The password of DATABASE_URL or PGPASSWORD.
    #[default]
    Password,
    /// An Entra access token of the app's managed identity.
    Entra,
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    text.parse().map_err(|_| "not a header name".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    // A day bounds what can be meant; it also keeps durations within what the clock can add.
    if number.is_finite() && (0.01..=86_400.0).contains(&number) {
        Ok(number)
    } else {
        Err("must be from 0.01 to 86400".to_owned())
    }
}
