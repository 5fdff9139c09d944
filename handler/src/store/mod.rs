//! The register's store: PostgreSQL, or SQLite when no database is configured.
//!
//! - [`Database`]: opens the store in the background and tells whether it can be used
//! - [`Recorder`]: group commit, the only way a visit is written
//! - [`SharedReads`]: concurrent reads of the same page share a query
//! - [`Store`]: the connections of either engine; one method per operation
//! - [`Retention`]: deletes expired keys and blanks old addresses

use std::time::Duration;

use crate::domain::{Moment, OrderKind, StressOrder};

mod database;
mod error;
mod lease;
mod postgres;
mod recorder;
mod retention;
mod schema;
mod session;
mod shared_reads;
mod sqlite;

pub use database::{Database, Health, Migrate, PoolUse, Target};
pub use error::Error;
use lease::Lease;
pub use postgres::{Pooler, PostgresTarget};
pub use recorder::Recorder;
pub use retention::Retention;
use session::Session;
pub use shared_reads::{SharedListing, SharedReads};

/// How long a statement of an ordinary request may take before it is answered 503.
pub const STATEMENT_DEADLINE: Duration = Duration::from_secs(3);

/// Both engines take the same statements wherever their dialects agree.
#[derive(Debug, Clone)]
pub enum Store {
    /// Shared by all instances.
    Postgres(postgres::Server),
    /// One file, for one machine.
    Sqlite(sqlite::Sqlite),
}

impl Store {
    /// `postgresql` or `sqlite`, as `/health` names them.
    pub const fn db_type(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgresql",
            Self::Sqlite(_) => "sqlite",
        }
    }

    /// A connection for operations that only read.
    async fn reader(&self) -> Result<Session, Error> {
        Ok(match self {
            Self::Postgres(server) => Session::Postgres(server.session().await?),
            Self::Sqlite(sqlite) => Session::Sqlite(Lease::of(&sqlite.readers).await?),
        })
    }

    /// A connection for operations that write as well.
    async fn writer(&self) -> Result<Session, Error> {
        Ok(match self {
            Self::Postgres(server) => Session::Postgres(server.session().await?),
            Self::Sqlite(sqlite) => Session::Sqlite(Lease::of(&sqlite.writer).await?),
        })
    }

    /// Answers once the database has run a statement.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn ping(&self) -> Result<(), Error> {
        self.reader().await?.ping().await
    }

    /// Gives the fleet an order; it is in force until the next one.
    ///
    /// # Errors
    /// When the database cannot be used; the order is then not given.
    pub async fn place_order(&self, ordered: Moment, kind: OrderKind) -> Result<i64, Error> {
        self.writer().await?.place_order(ordered, kind).await
    }

    /// The order in force, if one was ever given.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn newest_order(&self) -> Result<Option<StressOrder>, Error> {
        self.reader().await?.newest_order().await
    }

    /// The orders given after the one with this id, the oldest first; a hundred at most.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn orders_after(&self, id: i64) -> Result<Vec<StressOrder>, Error> {
        self.reader().await?.orders_after(id).await
    }

    /// Ends all connections; statements under way finish first.
    async fn close(&self) {
        match self {
            Self::Postgres(server) => server.pool.close().await,
            Self::Sqlite(sqlite) => {
                sqlite.readers.close().await;
                sqlite.writer.close().await;
            }
        }
    }
}

/// Gives up on a statement that takes longer than a caller may wait.
///
/// # Errors
/// [`Error::Slow`] at the deadline; the statement is dropped with its connection.
pub async fn within<T>(
    deadline: Duration,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(deadline, statement)
        .await
        .unwrap_or(Err(Error::Slow(deadline)))
}
