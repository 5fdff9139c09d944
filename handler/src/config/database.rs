//! The database, and how to reach it.

use std::path::PathBuf;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::arguments::{Arguments, Command, DatabaseAuth};
use crate::azure::identity::{Endpoint, Resource};
use crate::store::{Auth, Migrate, Pooler, PostgresTarget, STATEMENT_DEADLINE, Target};

/// The database for the visits, from the settings.
///
/// # Errors
/// One sentence that names the setting but not its value, which may contain a password.
pub(super) fn target(
    arguments: &Arguments,
    in_azure: bool,
    command: Option<&Command>,
) -> Result<Target, String> {
    let server = match (set(&arguments.database_url), set(&arguments.pghost)) {
        (Some(url), _) => parse("DATABASE_URL", &url)?,
        (None, Some(host)) => PgConnectOptions::new().host(&host),
        (None, None) if in_azure => return Ok(Target::NotConfigured),
        (None, None) if arguments.database_auth == DatabaseAuth::Entra => {
            return Err("DATABASE_AUTH=entra requires PostgreSQL: set PGHOST".to_owned());
        }
        (None, None) if matches!(command, Some(Command::Provision(_))) => {
            return Err("set PGHOST to the server on which to create the app's role".to_owned());
        }
        (None, None) if arguments.database_pooler.is_some() => {
            return Err("DATABASE_POOLER requires PostgreSQL: set DATABASE_URL".to_owned());
        }
        (None, None) => return sqlite(arguments),
    };
    let migrate = match set(&arguments.database_migrate_url) {
        Some(url) => parse("DATABASE_MIGRATE_URL", &url)?,
        None if arguments.database_pooler.is_none() => server.clone(),
        None if arguments.migrate == Migrate::Off && command != Some(&Command::Migrate) => {
            server.clone()
        }
        None => {
            return Err(
                "the schema cannot be changed through a pooler: set DATABASE_MIGRATE_URL to the server itself, \
                 or MIGRATE=off"
                    .to_owned(),
            );
        }
    };
    let auth = auth(arguments, in_azure)?;
    let protected = |options: PgConnectOptions, url: &Option<String>| match auth {
        Auth::Password => Ok(options),
        Auth::Entra(_) => verified(options, arguments.pgsslmode.as_deref(), url.as_deref()),
    };
    let server = protected(server, &arguments.database_url)?;
    let migrate = match set(&arguments.database_migrate_url) {
        Some(_) => protected(migrate, &arguments.database_migrate_url)?,
        None => protected(migrate, &arguments.database_url)?,
    };
    let connect = match arguments.database_pooler {
        // PgBouncer refuses start-up parameters that it does not track.
        Some(Pooler::Transaction) => server.extra_float_digits(None),
        None => server.options(session_settings()),
    };
    Ok(Target::Postgres(Box::new(PostgresTarget {
        connect: named(connect),
        migrate: named(migrate),
        pooler: arguments.database_pooler,
        auth,
    })))
}

/// In Azure, `/health` reports a missing endpoint, as it reports a missing database. An app that exits at once would
/// only be restarted again and again, without a reason.
fn auth(arguments: &Arguments, in_azure: bool) -> Result<Auth, String> {
    if arguments.database_auth == DatabaseAuth::Password {
        return Ok(Auth::Password);
    }
    let Some(endpoint) = identity(arguments, Resource::Database)? else {
        if in_azure {
            return Ok(Auth::Entra(None));
        }
        return Err(
            "DATABASE_AUTH=entra requires IDENTITY_ENDPOINT and IDENTITY_HEADER, which Azure sets where the app has an \
             identity; elsewhere use a password"
                .to_owned(),
        );
    };
    Ok(Auth::Entra(Some(endpoint)))
}

/// The platform's token endpoint for the app's identity; `None` if it is not set.
pub(super) fn identity(
    arguments: &Arguments,
    resource: Resource,
) -> Result<Option<Endpoint>, String> {
    let Some(url) = set(&arguments.identity_endpoint) else {
        return Ok(None);
    };
    let header = set(&arguments.identity_header).unwrap_or_default();
    let client_id = set(&arguments.azure_client_id);
    Endpoint::new(resource, &url, &header, client_id.as_deref()).map(Some)
}

/// Anyone who has the token can act as the app, so it is sent only to a verified server.
fn verified(
    options: PgConnectOptions,
    mode: Option<&str>,
    url: Option<&str>,
) -> Result<PgConnectOptions, String> {
    if options.get_socket().is_some() || options.get_host().starts_with('/') {
        return Err("DATABASE_AUTH=entra requires a server name, not a socket".to_owned());
    }
    let is_said = mode.is_some_and(|mode| !mode.is_empty())
        || url.is_some_and(|url| url.contains("sslmode=") || url.contains("ssl-mode="));
    match options.get_ssl_mode() {
        PgSslMode::VerifyFull => Ok(options),
        PgSslMode::Prefer if !is_said => Ok(options.ssl_mode(PgSslMode::VerifyFull)),
        _ => Err(
            "with DATABASE_AUTH=entra PGSSLMODE must be verify-full, which is the default: a token may go to no other \
             server"
                .to_owned(),
        ),
    }
}

/// Nobody waits longer than this for a statement, so the server should neither continue with it nor keep the locks of
/// a transaction whose client disconnected.
///
/// Every statement here has one good plan whatever its parameters. By default the server would estimate that an
/// unknown `limit` returns a tenth of the visits, would prefer plans for the actual parameters, and so would plan
/// again each time.
fn session_settings() -> [(&'static str, String); 3] {
    let limit = format!("{}ms", STATEMENT_DEADLINE.as_millis() + 1_000);
    [
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("statement_timeout", limit.clone()),
        ("idle_in_transaction_session_timeout", limit),
    ]
}

fn named(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("elastic-visits")
        .disable_statement_logging()
}

fn set(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

/// The parser's own message may repeat the URL, which contains the password.
fn parse(setting: &str, url: &str) -> Result<PgConnectOptions, String> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(format!(
            "{setting} must begin with postgres://; for SQLite set SQLITE_PATH instead"
        ));
    }
    url.parse().map_err(|_| {
        format!("{setting} is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE")
    })
}

fn sqlite(arguments: &Arguments) -> Result<Target, String> {
    let given = arguments.sqlite_path.clone();
    match given.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => Ok(Target::Sqlite(path)),
        None => data_folder()
            .map(|folder| Target::Sqlite(folder.join("elastic-visits").join("visits.db")))
            .ok_or_else(|| {
                "there is no home folder for the SQLite file: set SQLITE_PATH".to_owned()
            }),
    }
}

/// The user's data folder, as the XDG base directory specification defines it.
fn data_folder() -> Option<PathBuf> {
    let set = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    set.or_else(|| std::env::home_dir().map(|home| home.join(".local").join("share")))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::config::Cli;
    use crate::observe::telemetry::LogFormat;

    const SERVER: [&str; 2] = ["--database-url", "postgres://app@db.example/visits"];

    fn parsed(arguments: &[&str]) -> Result<Target, String> {
        let all = ["handler"].iter().chain(arguments);
        let cli = Cli::try_parse_from(all).map_err(|error| error.to_string())?;
        cli.config().map(|config| config.target)
    }

    fn postgres(arguments: &[&str]) -> Result<PostgresTarget, String> {
        match parsed(&[&SERVER, arguments].concat())? {
            Target::Postgres(target) => Ok(*target),
            other => panic!("{other:?} instead of PostgreSQL"),
        }
    }

    #[test]
    fn no_error_message_contains_the_password() {
        for setting in ["--database-url", "--database-migrate-url"] {
            for url in [
                "mysql://user:hunter2@host/db",
                "postgres://user:hunter2@host:port/db",
            ] {
                let arguments = [&SERVER[..], &[setting, url]].concat();
                let arguments = match setting {
                    "--database-url" => &arguments[2..],
                    _ => &arguments,
                };
                let message = parsed(arguments).expect_err("a bad URL");
                let name = setting[2..].to_uppercase().replace('-', "_");
                assert!(
                    message.contains(&name) && !message.contains("hunter2"),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn in_azure_sqlite_is_not_a_fallback() {
        let id = "0a1b".repeat(16);
        let cli = Cli::try_parse_from(["handler", "--website-instance-id", &id]);
        let config = cli.expect("well formed").config().expect("good settings");
        assert!(matches!(config.target, Target::NotConfigured));
        assert_eq!(config.instance_id, "0a1b0a1b0a1b");
        assert_eq!(config.log_format, LogFormat::Json);
    }

    #[test]
    fn the_schema_is_never_changed_through_a_pooler() {
        let pooled = ["--database-pooler", "transaction"];
        let message = postgres(&pooled).expect_err("nowhere to migrate");
        assert!(message.contains("DATABASE_MIGRATE_URL"), "{message}");
        let message = postgres(&[&pooled[..], &["--migrate", "off", "migrate"]].concat());
        assert!(
            message
                .expect_err("the same")
                .contains("DATABASE_MIGRATE_URL")
        );

        let checked = postgres(&[&pooled[..], &["--migrate", "off"]].concat());
        assert_eq!(
            checked.expect("nothing to migrate").pooler,
            Some(Pooler::Transaction)
        );
        let direct = [
            "--database-migrate-url",
            "postgres://owner@direct.example/visits",
        ];
        let target = postgres(&[pooled, direct].concat()).expect("good settings");
        assert_eq!(target.migrate.get_host(), "direct.example");
        assert_eq!(target.connect.get_host(), "db.example");
    }

    #[test]
    fn a_pooler_gets_no_parameter_that_it_refuses() {
        let direct = postgres(&[]).expect("good settings").connect;
        let limits = direct.get_options().unwrap_or_default();
        assert!(limits.contains("statement_timeout=4000ms"), "{limits}");
        let pooled = postgres(&["--database-pooler", "transaction", "--migrate", "off"]);
        assert_eq!(pooled.expect("good settings").connect.get_options(), None);
    }

    #[test]
    fn a_pooler_needs_a_server() {
        let message = parsed(&[
            "--sqlite-path",
            "visits.db",
            "--database-pooler",
            "transaction",
        ]);
        let message = message.expect_err("there is no server");
        assert!(message.contains("DATABASE_URL"), "{message}");
    }
}
