//! The schema's migrations, and who may run them when.

use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Acquire, Connection, SqlSafeStr as _};

use super::{Error, Store};

/// Number, name, and the statements for either engine. Listed here rather than found by a macro of sqlx's,
/// which would compile both drivers a second time for the compiler's own use.
const MIGRATIONS: [(i64, &str, &str, &str); 1] = [(
    1,
    "init",
    include_str!("../../migrations/postgres/0001_init.sql"),
    include_str!("../../migrations/sqlite/0001_init.sql"),
)];

fn migrator(engine: fn(&'static str, &'static str) -> &'static str) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, name, postgres, sqlite)| {
        let sql = engine(postgres, sqlite).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Runs what is missing of the migrations, one instance at a time.
pub(super) async fn migrate(store: &Store) -> Result<(), Error> {
    match store {
        // sqlx takes a PostgreSQL advisory lock meanwhile.
        Store::Postgres(pool) => {
            let migrator = migrator(|postgres, _| postgres);
            migrator.run(pool).await.map_err(from_migration)
        }
        Store::Sqlite(sqlite) => {
            let migrator = migrator(|_, sqlite| sqlite);
            let run = async { migrator.run(&sqlite.writer).await.map_err(from_migration) };
            sqlite.alone(run).await
        }
    }
}

/// Whether all migrations this program knows have run; newer ones are somebody else's business.
pub(super) async fn check(store: &Store) -> Result<(), Error> {
    let applied = match store {
        Store::Postgres(pool) => applied(pool).await,
        Store::Sqlite(sqlite) => applied(&sqlite.readers).await,
    };
    let applied = match applied {
        Err(error) if is_missing_table(&error) => Vec::new(),
        other => other?,
    };
    let complete = MIGRATIONS
        .iter()
        .all(|(version, ..)| applied.contains(version));
    if complete {
        Ok(())
    } else {
        Err(Error::SchemaTooOld)
    }
}

/// Numbers of the migrations that have run.
async fn applied<'a, A>(pool: A) -> Result<Vec<i64>, Error>
where
    A: Acquire<'a>,
    <A::Connection as std::ops::Deref>::Target: sqlx::migrate::Migrate + Connection,
{
    let mut connection = pool.acquire().await?;
    let table = &Migrator::DEFAULT.table_name;
    let applied = connection
        .list_applied_migrations(table)
        .await
        .map_err(from_migration)?;
    Ok(applied
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

/// No table of migrations: none has run. PostgreSQL has a code for it, SQLite only words.
fn is_missing_table(error: &Error) -> bool {
    let (Error::Unavailable(Some(sqlx::Error::Database(cause)))
    | Error::Other(sqlx::Error::Database(cause))) = error
    else {
        return false;
    };
    cause.code().as_deref() == Some("42P01") || cause.message().starts_with("no such table")
}

fn from_migration(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => error.into(),
        other => Error::Other(sqlx::Error::Migrate(Box::new(other))),
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
