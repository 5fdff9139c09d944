//! Which database, and how it is reached.

use std::path::PathBuf;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use super::arguments::{Arguments, Command};
use crate::store::{Migrate, Pooler, PostgresTarget, STATEMENT_DEADLINE, Target};

/// Where the register is kept, from the settings.
///
/// # Errors
/// One sentence that names the setting; never its value, which may hold a password.
pub(super) fn target(
    arguments: &Arguments,
    in_azure: bool,
    command: Option<Command>,
) -> Result<Target, String> {
    let server = match (set(&arguments.database_url), set(&arguments.pghost)) {
        (Some(url), _) => parse("DATABASE_URL", &url)?,
        (None, Some(host)) => PgConnectOptions::new().host(&host),
        (None, None) if in_azure => return Ok(Target::NotConfigured),
        (None, None) if arguments.database_pooler.is_some() => {
            return Err("DATABASE_POOLER needs a PostgreSQL: set DATABASE_URL".to_owned());
        }
        (None, None) => return sqlite(arguments),
    };
    let migrate = match set(&arguments.database_migrate_url) {
        Some(url) => parse("DATABASE_MIGRATE_URL", &url)?,
        None if arguments.database_pooler.is_none() => server.clone(),
        None if arguments.migrate == Migrate::Off && command != Some(Command::Migrate) => {
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
    let connect = match arguments.database_pooler {
        // The pooler refuses settings that it does not follow.
        Some(Pooler::Transaction) => server.extra_float_digits(None),
        None => server.options(session_limits()),
    };
    Ok(Target::Postgres(Box::new(PostgresTarget {
        connect: named(connect),
        migrate: named(migrate),
        pooler: arguments.database_pooler,
    })))
}

/// Nobody waits any longer for a statement that took this long; the server may not go on with it, nor hold the
/// locks of a transaction whose client was cut off.
fn session_limits() -> [(&'static str, String); 2] {
    let limit = format!("{}ms", STATEMENT_DEADLINE.as_millis() + 1_000);
    [
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

/// The parser's own message may repeat the URL, and with it the password.
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
            .ok_or_else(|| "no home folder to keep the register in: set SQLITE_PATH".to_owned()),
    }
}

/// The user's data folder, as the XDG base directory specification has it.
fn data_folder() -> Option<PathBuf> {
    let set = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    set.or_else(|| std::env::home_dir().map(|home| home.join(".local").join("share")))
}
