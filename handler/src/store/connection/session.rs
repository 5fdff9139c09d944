//! A connection in use, of either engine, and the operations on it.

use sqlx::Sqlite;

use super::lease::Lease;
use super::postgres;
use crate::domain::Timestamp;
use crate::store::Error;

/// Runs one operation on the connection of either engine.
macro_rules! on_either {
    ($session:expr, $connection:ident => $call:expr) => {
        match $session {
            $crate::store::connection::session::Session::Postgres(session) => {
                session.begin(false).await?;
                let $connection = session.connection();
                let outcome = $call?;
                session.end().await?;
                Ok::<_, Error>(outcome)
            }
            $crate::store::connection::session::Session::Sqlite(lease) => {
                let $connection = lease.begin();
                let outcome = $call?;
                lease.done();
                Ok(outcome)
            }
        }
    };
}
pub(in crate::store) use on_either;

/// A connection from one of the pools. Several operations may use it, one after the other.
#[derive(Debug)]
pub(in crate::store) enum Session {
    Postgres(postgres::Session),
    Sqlite(Lease<Sqlite>),
}

/// The database's current time.
pub(in crate::store) const POSTGRES_CLOCK: &str =
    "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now_ms";
/// The same for SQLite.
pub(in crate::store) const SQLITE_CLOCK: &str =
    "select cast(unixepoch('subsec') * 1000 as integer) as now_ms";

impl Session {
    /// Whether a frequent statement may be prepared by name. Other statements never are.
    pub(in crate::store) fn names_statements(&self) -> bool {
        match self {
            Self::Postgres(session) => session.names_statements(),
            Self::Sqlite(_) => true,
        }
    }

    /// See [`super::pools::Store::ping`].
    pub(in crate::store) async fn ping(&mut self) -> Result<(), Error> {
        on_either!(self, connection => sqlx::raw_sql("select 1").execute(connection).await.map(|_| ()))
    }

    /// The database's current time. All times of the fleet use this one clock.
    pub(in crate::store) async fn clock(&mut self) -> Result<Timestamp, Error> {
        let sql = match self {
            Self::Postgres(_) => POSTGRES_CLOCK,
            Self::Sqlite(_) => SQLITE_CLOCK,
        };
        on_either!(self, connection => {
            let now = sqlx::query_scalar(sql).persistent(false).fetch_one(connection).await;
            now.map(Timestamp::from_millis)
        })
    }
}
