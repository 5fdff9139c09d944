//! What only SQLite needs: one writer, several readers, and a file that must exist.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::store::Error;

/// How long a process waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);

/// Connections for reading. In WAL mode, reads never wait for the writer.
const READERS: u32 = 4;

/// A database file and its connections.
#[derive(Debug, Clone)]
pub struct Sqlite {
    /// One connection: SQLite has one writer at a time, and this queue is fairer than polling its lock.
    pub(in crate::store) writer: SqlitePool,
    /// The connections for reading.
    pub(in crate::store) readers: SqlitePool,
    pub(in crate::store) path: PathBuf,
}

impl Sqlite {
    /// Prepares the connections. None is opened yet.
    pub(in crate::store) fn lazy(path: &Path, acquire_timeout: Duration) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode only FULL makes a commit durable before it returns.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        // Testing whether a local file still exists before each use would only cost time.
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

    /// Returns when the file at the path is no longer the current one. Checks at the interval `every`.
    pub(in crate::store) async fn replaced(&self, every: Duration) {
        let opened = file_id(&self.path).await;
        let mut turn = tokio::time::interval(every);
        while opened.is_some() && file_id(&self.path).await == opened {
            turn.tick().await;
        }
    }

    /// Creates the file's folder and runs `work` while no other process does the same for this file.
    ///
    /// SQLite's own locks do not cover switching to WAL mode, or the time between a migration's check and its change.
    pub(in crate::store) async fn alone<T>(
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

/// Takes the lock file next to the database. The lock is released when the file is closed, also by a crash.
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
