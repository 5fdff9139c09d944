//! What only SQLite needs: one writer, several readers, and a file that must exist.

use std::fs::TryLockError;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::store::Error;

/// How long a process waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);

/// How often a process tries to take the lock that another process holds while it prepares the file.
const LOCK_RETRY: Duration = Duration::from_millis(50);

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
    /// The file whose schema is ready.
    file: Arc<OnceLock<FileId>>,
}

/// Device and inode.
type FileId = (u64, u64);

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
            file: Arc::default(),
        }
    }

    /// Remembers the file at the path, whose schema is ready. Call this before the first visit: a connection that is opened
    /// later creates a new file at the path if there is none.
    ///
    /// # Errors
    /// When the file's identity cannot be read. A file that does not exist any more is not an error: it counts as
    /// [`replaced`](Self::replaced).
    pub(in crate::store) async fn remember_file(&self) -> Result<(), Error> {
        match file_id(&self.path).await {
            Ok(id) => {
                let _ = self.file.set(id);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(sqlx::Error::Io(error).into()),
        }
        Ok(())
    }

    /// Returns when the file at the path is no longer the one that was remembered. Checks at the interval `every`.
    pub(in crate::store) async fn replaced(&self, every: Duration) {
        let mut turn = tokio::time::interval(every);
        while let Some(remembered) = self.file.get() {
            match file_id(&self.path).await {
                Ok(found) if found != *remembered => return,
                Err(error) if error.kind() == ErrorKind::NotFound => return,
                // Another error says nothing about the file.
                _ => turn.tick().await,
            };
        }
    }

    /// Creates the file's folder and runs `work`, which prepares the file, while no other process does the same for this
    /// file.
    ///
    /// SQLite's own locks do not cover switching to WAL mode, or the time between a migration's check and its change.
    pub(in crate::store) async fn prepare<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let _lock = lock_beside(&self.path).await.map_err(sqlx::Error::Io)?;
        work.await
    }
}

/// The file at `path`.
async fn file_id(path: &Path) -> std::io::Result<FileId> {
    let metadata = tokio::fs::metadata(path).await?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Takes the lock file next to the database. The lock is released when the file is closed, also by a crash.
async fn lock_beside(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = tokio::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(name)
        .await?
        .into_std()
        .await;
    // A thread that waits for the lock could not be stopped, and the process could not end before the lock is free.
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_RETRY).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_a_later_connection_created_is_another_file() {
        let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        let sqlite = Sqlite::lazy(&folder.join("visits.db"), BUSY_TIMEOUT);
        let created = async {
            sqlx::query("create table visits (id integer)")
                .execute(&sqlite.writer)
                .await?;
            Ok(())
        };
        sqlite.prepare(created).await.expect("it is created");
        sqlite.remember_file().await.expect("the file is there");
        std::fs::remove_file(&sqlite.path).expect("it was created");
        drop(sqlite.readers.acquire().await.expect("it is created again"));
        assert!(sqlite.path.exists());
        let replaced = sqlite.replaced(Duration::from_millis(1));
        let noticed = tokio::time::timeout(BUSY_TIMEOUT, replaced).await;
        noticed.expect("the check ends");
        std::fs::remove_dir_all(folder).expect("the folder is there");
    }
}
