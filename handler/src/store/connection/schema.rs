//! The schema's migrations, and when they run.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::pools::Store;
use super::session::{Session, on_either};
use crate::store::Error;

/// How long one attempt to connect may take.
const CONNECT_DEADLINE: Duration = Duration::from_millis(1_800);

/// Number, name, and the statements for either engine. They are listed here because sqlx's macro, which would find
/// them, compiles both drivers a second time for the compiler's own use.
const MIGRATIONS: [(i64, &str, &str, &str); 1] = [(
    1,
    "init",
    include_str!("../../../migrations/postgres/0001_init.sql"),
    include_str!("../../../migrations/sqlite/0001_init.sql"),
)];

fn migrator(engine: fn(&'static str, &'static str) -> &'static str) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, name, postgres, sqlite)| {
        let sql = engine(postgres, sqlite).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // Migrations that a later version added are not an error.
    migrator.set_ignore_missing(true);
    migrator
}

/// Runs the missing migrations, one instance at a time.
pub(in crate::store) async fn migrate(store: &Store) -> Result<(), Error> {
    match store {
        Store::Postgres(server) => {
            let options = || server.migrate_options();
            server.try_connect(options, CONNECT_DEADLINE).await?;
            migrate_postgres(options()).await
        }
        Store::Sqlite(sqlite) => {
            let migrator = migrator(|_, sqlite| sqlite);
            let run = async { migrator.run(&sqlite.writer).await.map_err(from_migration) };
            sqlite.prepare(run).await.map_err(|error| match error {
                Error::OtherSchema => Error::OtherFile,
                other => other,
            })
        }
    }
}

/// Runs the missing migrations over a separate connection. sqlx takes a session lock for this, so the connection must
/// not go through a pooler.
pub(crate) async fn migrate_postgres(options: PgConnectOptions) -> Result<(), Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_DEADLINE)
        .connect_lazy_with(options);
    let migrator = migrator(|postgres, _| postgres);
    let migrated = migrator.run(&pool).await.map_err(from_migration);
    pool.close().await;
    migrated
}

const APPLIED: &str = "select version, checksum from _sqlx_migrations where success";

/// Whether all migrations of this program have run, with the same statements. There may be later ones.
pub(in crate::store) async fn check(store: &Store) -> Result<(), Error> {
    if let Store::Postgres(server) = store {
        let options = || PgConnectOptions::clone(&server.pool.connect_options());
        server.try_connect(options, CONNECT_DEADLINE).await?;
    }
    let mut session = store.reader().await?;
    let applied = match applied(&mut session).await {
        Err(error) if is_missing_table(&error) => HashMap::new(),
        other => other?,
    };
    let migrator = match store {
        Store::Postgres(_) => migrator(|postgres, _| postgres),
        Store::Sqlite(_) => migrator(|_, sqlite| sqlite),
    };
    for known in migrator.iter() {
        match applied.get(&known.version) {
            Some(checksum) if *checksum == *known.checksum => {}
            Some(_) if matches!(store, Store::Sqlite(_)) => return Err(Error::OtherFile),
            Some(_) => return Err(Error::OtherSchema),
            None => return Err(Error::SchemaTooOld),
        }
    }
    Ok(())
}

/// Number and checksum of the migrations that have run.
async fn applied(session: &mut Session) -> Result<HashMap<i64, Vec<u8>>, Error> {
    on_either!(session, connection => {
        let rows: Result<Vec<(i64, Vec<u8>)>, _> =
            sqlx::query_as(APPLIED).persistent(false).fetch_all(connection).await;
        rows.map(|rows| rows.into_iter().collect())
    })
}

/// Whether the error means that the migrations table is missing, so that none has run. PostgreSQL has a code for it,
/// SQLite only a message.
fn is_missing_table(error: &Error) -> bool {
    let (Error::Unavailable(Some(sqlx::Error::Database(cause)))
    | Error::Other(Some(sqlx::Error::Database(cause)))) = error
    else {
        return false;
    };
    cause.code().as_deref() == Some("42P01") || cause.message().starts_with("no such table")
}

fn from_migration(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => error.into(),
        // The migration has run with other statements.
        MigrateError::VersionMismatch(_) => Error::OtherSchema,
        other => Error::Other(Some(sqlx::Error::Migrate(Box::new(other)))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_migration_file_is_listed_for_both_engines() {
        let listed: Vec<String> = MIGRATIONS
            .iter()
            .map(|(version, name, ..)| format!("{version:04}_{name}.sql"))
            .collect();
        for engine in ["postgres", "sqlite"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(engine);
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .expect("the folder is there")
                .map(|file| {
                    file.expect("readable")
                        .file_name()
                        .into_string()
                        .expect("plain names")
                })
                .collect();
            files.sort_unstable();
            assert_eq!(files, listed, "{engine}");
        }
    }
}
