//! What only PostgreSQL does its own way: the way to the server, and what a connection may be used for.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection as _, PgPool, Postgres};

use super::Lease;
use super::database::ACQUIRE_TIMEOUT;

mod record;

pub(super) use record::record;

/// Whether something stands between this program and the server that shares its connections out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pooler {
    /// PgBouncer's transaction pooling: two transactions may meet two servers' sessions, so no statement is
    /// prepared by name and every operation is one explicit transaction.
    Transaction,
}

/// Where the server is, and who may do what.
#[derive(Debug, Clone)]
pub struct PostgresTarget {
    /// For everything but the schema.
    pub connect: PgConnectOptions,
    /// For the schema's migrations, which hold a lock of the session's: never through a pooler.
    pub migrate: PgConnectOptions,
    /// What `connect` leads to, if not to the server itself.
    pub pooler: Option<Pooler>,
}

/// A connection that has been idle for longer is asked whether it is still there: asking costs a round trip,
/// which only a lone request pays. Right after its last use it would hardly have been cut.
pub(super) const TRUSTED_IDLE: Duration = Duration::from_millis(50);

/// A server and the connections to it.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) pool: PgPool,
    /// One connection, for the heartbeats.
    pub(super) heart: PgPool,
    pub(super) migrate: Box<PgConnectOptions>,
    pooler: Option<Pooler>,
}

impl Server {
    /// Prepares the connections; nothing is opened yet.
    pub(super) fn lazy(target: &PostgresTarget, pool_max: u32) -> Self {
        let pool = |max_connections| {
            PgPoolOptions::new()
                .max_connections(max_connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        if meta.idle_for > TRUSTED_IDLE {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_lazy_with(target.connect.clone())
        };
        Self {
            pool: pool(pool_max.saturating_sub(1).max(1)),
            heart: pool(1),
            migrate: Box::new(target.migrate.clone()),
            pooler: target.pooler,
        }
    }

    /// A connection for as many operations as the caller likes, one after the other.
    pub(super) async fn session(&self) -> Result<Session, sqlx::Error> {
        self.session_of(&self.pool).await
    }

    /// The connection of the heartbeats.
    pub(super) async fn heart(&self) -> Result<Session, sqlx::Error> {
        self.session_of(&self.heart).await
    }

    async fn session_of(&self, pool: &PgPool) -> Result<Session, sqlx::Error> {
        Ok(Session {
            lease: Lease::of(pool).await?,
            pooler: self.pooler,
            in_transaction: false,
        })
    }
}

/// A connection in use, with what a pooler asks of it.
#[derive(Debug)]
pub(super) struct Session {
    lease: Lease<Postgres>,
    pooler: Option<Pooler>,
    in_transaction: bool,
}

impl Session {
    /// Begins an operation, as a transaction where a pooler wants one. Statements that must see or change
    /// something together ask for one in any case.
    pub(super) async fn begin(&mut self, transaction: bool) -> Result<(), sqlx::Error> {
        let connection = self.lease.begin();
        self.in_transaction = transaction || self.pooler.is_some();
        if self.in_transaction {
            sqlx::raw_sql("begin").execute(connection).await?;
        }
        Ok(())
    }

    /// Whether a statement may be prepared by name: not where the next transaction may meet another of the
    /// server's sessions.
    pub(super) fn names_statements(&self) -> bool {
        self.pooler.is_none()
    }

    /// The connection of the operation that has begun.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.lease.connection()
    }

    /// Makes durable what the operation did.
    pub(super) async fn end(&mut self) -> Result<(), sqlx::Error> {
        if self.in_transaction {
            sqlx::raw_sql("commit").execute(self.connection()).await?;
        }
        self.lease.done();
        Ok(())
    }
}
