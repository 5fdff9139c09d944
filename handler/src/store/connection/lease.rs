//! A connection taken from a pool, and whether it is returned or closed.

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};

/// A connection in use.
///
/// A connection that is dropped during an operation is closed instead of returned to the pool: a statement may still
/// run on it, a transaction may be open, or the server may no longer accept writes.
#[derive(Debug)]
pub(in crate::store) struct Lease<DB: Database> {
    /// `None` only after the lease was dropped.
    connection: Option<PoolConnection<DB>>,
    /// Whether an operation has begun and not ended.
    unfinished: bool,
}

impl<DB: Database> Lease<DB> {
    pub(in crate::store) async fn of(pool: &Pool<DB>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: Some(pool.acquire().await?),
            unfinished: false,
        })
    }

    /// The connection, for an operation that must end with [`done`](Self::done).
    pub(in crate::store) fn begin(&mut self) -> &mut DB::Connection {
        self.unfinished = true;
        self.connection()
    }

    /// The connection of the operation that has begun.
    pub(in crate::store) fn connection(&mut self) -> &mut DB::Connection {
        self.connection.as_mut().expect("there until the drop")
    }

    /// Marks the operation as complete.
    pub(in crate::store) fn done(&mut self) {
        self.unfinished = false;
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        if self.unfinished {
            // After `detach` the pool does not wait for the connection; dropping it closes it.
            drop(self.connection.take().map(PoolConnection::detach));
        }
    }
}
