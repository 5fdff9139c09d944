//! The register's store: PostgreSQL, or SQLite when no database is configured.
//!
//! - [`Database`]: opens the store in the background and tells whether it can be used
//! - [`Recorder`]: group commit, the only way a visit is written
//! - [`SharedReads`]: concurrent reads of the same page share a query
//! - [`Store`]: the connections of either engine; one method per operation
//! - [`Retention`]: deletes what is past its time, and blanks old addresses
//! - [`Store::beat`], [`Store::roll_up`]: heartbeats, and the timeline made of them

use std::time::Duration;

use crate::domain::{Heartbeat, Run, StressPlan};

mod database;
mod error;
mod fleet;
mod heartbeat;
mod lease;
mod postgres;
mod prune;
mod recorder;
mod retention;
mod roll_up;
mod schema;
mod session;
mod shared_reads;
mod sqlite;

pub use database::{Database, Health, Migrate, Target};
pub use error::Error;
pub use fleet::RollCall;
pub use heartbeat::{Heard, Reply};
use lease::Lease;
pub use postgres::{Auth, Pooler, PostgresTarget};
pub use recorder::Recorder;
pub use retention::Retention;
pub use roll_up::is_due as is_roll_up_due;
pub(crate) use schema::migrate_postgres;
use session::Session;
pub use shared_reads::{Shared, SharedReads};

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

    /// The connection of the task that writes visits: its alone on PostgreSQL, so that neither reads nor background
    /// tasks can keep it waiting. SQLite has one writer for everything.
    async fn visit_writer(&self) -> Result<Session, Error> {
        match self {
            Self::Postgres(server) => Ok(Session::Postgres(server.visit_writer().await?)),
            Self::Sqlite(_) => self.writer().await,
        }
    }

    /// The connection of the heartbeats: theirs alone on PostgreSQL, so that no load keeps them from it. On
    /// SQLite the one that writes, for which whoever comes first waits least.
    async fn heart(&self) -> Result<Session, Error> {
        match self {
            Self::Postgres(server) => Ok(Session::Postgres(server.heart().await?)),
            Self::Sqlite(_) => self.writer().await,
        }
    }

    /// Answers once the database has run a statement.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn ping(&self) -> Result<(), Error> {
        self.reader().await?.ping().await
    }

    /// Gives the fleet an order that is active until the next one: to run this plan, or without a plan to stop. A stop
    /// takes the place of the stop before it, so that repeated stops do not add rows.
    ///
    /// # Errors
    /// When the database cannot be used; the order is then not given.
    pub async fn place_order(&self, plan: Option<StressPlan>) -> Result<i64, Error> {
        self.writer().await?.place_order(plan).await
    }

    /// What counts of the orders after the one with this id; see [`Heard`]. Without an id only the last order.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn orders(&self, after: Option<i64>) -> Result<Heard, Error> {
        self.reader().await?.orders(after).await
    }

    /// Writes a heartbeat; hears of the orders after the one with this id, or of the one in force.
    ///
    /// # Errors
    /// When the database cannot be used; the heartbeat may be written nevertheless.
    pub async fn beat(&self, beat: &Heartbeat, last_order: Option<i64>) -> Result<Reply, Error> {
        self.heart().await?.beat(beat, last_order).await
    }

    /// Whether another run has heartbeats under this name, which must be an instance's alone.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn has_namesake(&self, instance_id: &str, run: Run) -> Result<bool, Error> {
        self.heart().await?.has_namesake(instance_id, run).await
    }

    /// Makes slices of the timeline of some of the samples whose time has come; tells whether there may be more.
    /// Does nothing while another instance is at it.
    ///
    /// # Errors
    /// When the database cannot be used; nothing was changed then.
    pub async fn roll_up(&self) -> Result<bool, Error> {
        roll_up::roll_up(self).await
    }

    /// Ends all connections; statements under way finish first.
    async fn close(&self) {
        match self {
            Self::Postgres(server) => {
                server.pool.close().await;
                server.visits.close().await;
                server.heart.close().await;
            }
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
