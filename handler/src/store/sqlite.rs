//! What only SQLite does its own way: one writer, many readers, a file that must be there.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Row, SqlitePool};

use super::Error;
use crate::domain::{Arrival, KEY_LIFETIME, Moment, Receipt};

/// How long a process waits for another one's write before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);

/// Connections for reading; reads in WAL mode never wait for the writer.
const READERS: u32 = 4;

/// A database file and its connections.
#[derive(Debug, Clone)]
pub struct Sqlite {
    /// One connection: SQLite has one writer at a time, and queueing here is fairer than polling its lock.
    pub(super) writer: SqlitePool,
    /// The others.
    pub(super) readers: SqlitePool,
    pub(super) path: PathBuf,
}

impl Sqlite {
    /// Prepares the connections; nothing is opened yet.
    pub(super) fn lazy(path: &Path, acquire_timeout: Duration) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode only FULL makes a commit durable before it returns.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        // Asking a local file whether it is still there would only cost time.
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(acquire_timeout)
                .test_before_acquire(false)
        };
        Self {
            writer: pool().max_connections(1).connect_lazy_with(options.clone()),
            readers: pool().max_connections(READERS).connect_lazy_with(options),
            path: path.to_owned(),
        }
    }

    /// Returns when the file at the path is no longer the one that is there now; looks `every` so often.
    pub(super) async fn replaced(&self, every: Duration) {
        let opened = file_id(&self.path).await;
        let mut turn = tokio::time::interval(every);
        while opened.is_some() && file_id(&self.path).await == opened {
            turn.tick().await;
        }
    }

    /// Runs `work` while no other process does the same on this file, and with its folder in place.
    ///
    /// SQLite's own locks do not cover switching to WAL mode, nor a migration's check and its act.
    pub(super) async fn alone<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let path = self.path.clone();
        let lock = tokio::task::spawn_blocking(move || lock_beside(&path)).await;
        let _lock = lock
            .map_err(|_| Error::Unavailable(None))?
            .map_err(sqlx::Error::Io)?;
        work.await
    }
}

/// Device and inode of the file at `path`, if there is one.
async fn file_id(path: &Path) -> Option<(u64, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Takes the lock file beside the database; it is released when the file is closed, also by a crash.
fn lock_beside(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(name)?;
    file.lock()?;
    Ok(file)
}

/// The total, and the time by SQLite's clock.
const TOTAL: &str = "
    select coalesce(sum(visits), 0) as total, cast(unixepoch('subsec') * 1000 as integer) as now_ms
    from visit_counter";

const KNOWN_KEY: &str = "
    select visit_id, recorded_ms, instance_id
    from idempotency_keys
    where key_hash = $1 and recorded_ms > $2";

const INSERT_VISIT: &str = "
    insert into visits (recorded_ms, ip_address, instance_id)
    values ($1, $2, $3)
    returning id";

const REMEMBER_KEY: &str = "
    insert or replace into idempotency_keys (key_hash, visit_id, recorded_ms, instance_id)
    values ($1, $2, $3, $4)";

const COUNT: &str = "update visit_counter set visits = visits + $1 where slot = 0";

/// See [`super::session::Session::record`].
pub(super) async fn record(
    writer: &mut SqliteConnection,
    instance_id: &str,
    arrivals: &[Arrival],
) -> Result<Vec<Option<Receipt>>, Error> {
    // The write lock comes first, so nobody else can use a key between the look and the insert.
    let mut transaction = writer.begin_with("begin immediate").await?;
    let row = sqlx::query(TOTAL).fetch_one(&mut *transaction).await?;
    let before: i64 = row.try_get("total")?;
    let now = Moment::from_millis(row.try_get("now_ms")?);
    let mut receipts = Vec::with_capacity(arrivals.len());
    let mut counted = 0;
    for arrival in arrivals {
        let receipt = match earlier_visit(&mut transaction, arrival, now).await? {
            Some(earlier) => Receipt {
                total_visits: before + counted,
                ..earlier
            },
            None => {
                counted += 1;
                let id = insert(&mut transaction, instance_id, arrival, now).await?;
                Receipt {
                    id,
                    recorded: now,
                    instance_id: instance_id.to_owned(),
                    total_visits: before + counted,
                    replayed: false,
                }
            }
        };
        receipts.push(Some(receipt));
    }
    if counted > 0 {
        let updated = sqlx::query(COUNT)
            .bind(counted)
            .execute(&mut *transaction)
            .await?;
        // No visit may go uncounted: the transaction is rolled back.
        if updated.rows_affected() == 0 {
            let reason = "visit_counter has no such slot".to_owned();
            return Err(Error::Other(Some(sqlx::Error::InvalidArgument(reason))));
        }
    }
    transaction.commit().await?;
    Ok(receipts)
}

async fn earlier_visit(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    now: Moment,
) -> Result<Option<Receipt>, Error> {
    let Some(key) = &arrival.key else {
        return Ok(None);
    };
    let row = sqlx::query(KNOWN_KEY)
        .bind(&key.digest()[..])
        .bind(now.earlier(KEY_LIFETIME).millis())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Receipt {
        id: row.try_get("visit_id")?,
        recorded: Moment::from_millis(row.try_get("recorded_ms")?),
        instance_id: row.try_get("instance_id")?,
        total_visits: 0,
        replayed: true,
    }))
}

async fn insert(
    connection: &mut SqliteConnection,
    instance_id: &str,
    arrival: &Arrival,
    now: Moment,
) -> Result<i64, Error> {
    let id: i64 = sqlx::query_scalar(INSERT_VISIT)
        .bind(now.millis())
        .bind(&arrival.ip_address)
        .bind(instance_id)
        .fetch_one(&mut *connection)
        .await?;
    if let Some(key) = &arrival.key {
        sqlx::query(REMEMBER_KEY)
            .bind(&key.digest()[..])
            .bind(id)
            .bind(now.millis())
            .bind(instance_id)
            .execute(connection)
            .await?;
    }
    Ok(id)
}
