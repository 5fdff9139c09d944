//! The connection pools of either engine.

use super::lease::Lease;
use super::postgres;
use super::session::Session;
use super::sqlite::Sqlite;
use crate::store::Error;

/// The store. Both engines run the same statements where their dialects agree.
#[derive(Debug, Clone)]
pub enum Store {
    /// A server that all instances share.
    Postgres(postgres::Server),
    /// One file, for one machine.
    Sqlite(Sqlite),
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
    pub(in crate::store) async fn reader(&self) -> Result<Session, Error> {
        Ok(match self {
            Self::Postgres(server) => Session::Postgres(server.session().await?),
            Self::Sqlite(sqlite) => Session::Sqlite(Lease::of(&sqlite.readers).await?),
        })
    }

    /// A connection for operations that also write.
    pub(in crate::store) async fn writer(&self) -> Result<Session, Error> {
        Ok(match self {
            Self::Postgres(server) => Session::Postgres(server.session().await?),
            Self::Sqlite(sqlite) => Session::Sqlite(Lease::of(&sqlite.writer).await?),
        })
    }

    /// The connection for the task that writes visits. PostgreSQL has a separate one, so that reads and background
    /// tasks do not delay it. SQLite has one writer for everything.
    pub(in crate::store) async fn visit_writer(&self) -> Result<Session, Error> {
        match self {
            Self::Postgres(server) => Ok(Session::Postgres(server.visit_writer().await?)),
            Self::Sqlite(_) => self.writer().await,
        }
    }

    /// The connection for heartbeats. PostgreSQL has a separate one, so that load does not delay them. SQLite has one
    /// writer for everything.
    pub(in crate::store) async fn heartbeat_writer(&self) -> Result<Session, Error> {
        match self {
            Self::Postgres(server) => Ok(Session::Postgres(server.heartbeat_writer().await?)),
            Self::Sqlite(_) => self.writer().await,
        }
    }

    /// Returns after the database has run a statement.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn ping(&self) -> Result<(), Error> {
        self.reader().await?.ping().await
    }

    /// Closes all connections. Statements in progress finish first.
    pub(in crate::store) async fn close(&self) {
        match self {
            Self::Postgres(server) => {
                server.pool.close().await;
                server.visits.close().await;
                server.heartbeats.close().await;
            }
            Self::Sqlite(sqlite) => {
                sqlite.readers.close().await;
                sqlite.writer.close().await;
            }
        }
    }
}
