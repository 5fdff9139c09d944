//! What only PostgreSQL needs: how to connect, and how a connection may be used.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, Postgres};

use super::deadline::{ACQUIRE_TIMEOUT, within};
use super::lease::Lease;
use crate::azure::identity::{Endpoint, Token, Tokens};
use crate::store::Error;

/// Whether a pooler between this program and the server shares the server's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pooler {
    /// PgBouncer's transaction pooling. Two transactions may run in different sessions of the server, so no statement
    /// is prepared by name, and every operation is one explicit transaction.
    Transaction,
}

/// The server, and how to log in.
#[derive(Debug, Clone)]
pub struct PostgresTarget {
    /// For everything but the schema.
    pub connect: PgConnectOptions,
    /// For the schema's migrations. They hold a session lock, so they never go through a pooler.
    pub migrate: PgConnectOptions,
    /// The pooler that `connect` leads to, if there is one.
    pub pooler: Option<Pooler>,
    /// How to log in.
    pub auth: Auth,
}

/// How to log in to the server.
#[derive(Debug, Clone)]
pub enum Auth {
    /// With the password among the options.
    Password,
    /// With an Entra access token instead; `None` if the platform sets no endpoint.
    Entra(Option<Endpoint>),
}

impl Auth {
    /// Fetches a token for a command that runs only briefly, if tokens are used.
    pub(crate) async fn token(&self) -> Result<Option<Token>, Error> {
        let Self::Entra(endpoint) = self else {
            return Ok(None);
        };
        let tokens = Tokens::new(endpoint.clone());
        tokens.fetch(|_| ()).await.map_err(Error::NoToken)?;
        Ok(tokens.current())
    }
}

/// A connection that has been idle for longer than this is tested before use. The test costs a round trip, which only
/// a request without others around it pays. Right after its last use, a connection is rarely cut.
pub(in crate::store) const TRUSTED_IDLE: Duration = Duration::from_millis(50);

/// A server and the pools of connections to it.
#[derive(Debug, Clone)]
pub struct Server {
    /// For everything except visits and heartbeats.
    pub(in crate::store) pool: PgPool,
    /// One connection for the task that writes visits.
    pub(in crate::store) visits: PgPool,
    /// One connection for the heartbeats.
    pub(in crate::store) heartbeats: PgPool,
    migrate: Box<PgConnectOptions>,
    pooler: Option<Pooler>,
    /// With `DATABASE_AUTH=entra`: the tokens that new connections use as their password.
    pub(in crate::store) tokens: Option<Tokens>,
}

impl Server {
    /// Prepares the connections. None is opened yet.
    pub(in crate::store) fn lazy(target: &PostgresTarget, pool_max: u32) -> Self {
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
            pool: pool(pool_max.saturating_sub(2).max(1)),
            visits: pool(1),
            heartbeats: pool(1),
            migrate: Box::new(target.migrate.clone()),
            pooler: target.pooler,
            tokens: match &target.auth {
                Auth::Password => None,
                Auth::Entra(endpoint) => Some(Tokens::new(endpoint.clone())),
            },
        }
    }

    /// Makes all new connections log in with this token. Open connections stay.
    pub(in crate::store) fn use_token(&self, token: &Token) {
        for pool in [&self.pool, &self.visits, &self.heartbeats] {
            let options = PgConnectOptions::clone(&pool.connect_options());
            pool.set_connect_options(options.password(token.secret()));
        }
    }

    /// The options for changing the schema, with the active token.
    pub(in crate::store) fn migrate_options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::clone(&self.migrate);
        match self.tokens.as_ref().and_then(Tokens::current) {
            Some(token) => options.password(token.secret()),
            None => options,
        }
    }

    /// Connects once, outside the pool, and reports the cause of a failure at once. The pool would retry until its
    /// deadline and then report only a timeout.
    pub(in crate::store) async fn try_connect(
        &self,
        options: impl Fn() -> PgConnectOptions,
        deadline: Duration,
    ) -> Result<(), Error> {
        let number = match &self.tokens {
            Some(tokens) => tokens.ready().await.map_err(Error::NoToken)?,
            None => 0,
        };
        let connected = within(deadline, async {
            let connection = PgConnection::connect_with(&options()).await?;
            Ok(connection.close().await?)
        });
        match (connected.await, &self.tokens) {
            (Err(Error::Unavailable(Some(cause))), Some(tokens)) if is_refusal(&cause) => {
                tokens.note_refusal(number);
                Err(Error::TokenRefused)
            }
            (outcome, _) => outcome,
        }
    }

    /// A connection for any number of operations, one after the other.
    pub(in crate::store) async fn session(&self) -> Result<Session, Error> {
        self.session_of(&self.pool).await
    }

    /// The connection of the task that writes visits.
    pub(in crate::store) async fn visit_writer(&self) -> Result<Session, Error> {
        self.session_of(&self.visits).await
    }

    /// The connection of the heartbeats.
    pub(in crate::store) async fn heartbeat_writer(&self) -> Result<Session, Error> {
        self.session_of(&self.heartbeats).await
    }

    async fn session_of(&self, pool: &PgPool) -> Result<Session, Error> {
        Ok(Session {
            lease: self.lease_of(pool).await?,
            pooler: self.pooler,
            in_transaction: false,
        })
    }

    async fn lease_of(&self, pool: &PgPool) -> Result<Lease<Postgres>, Error> {
        match &self.tokens {
            None => Ok(Lease::of(pool).await?),
            // Boxed, so that only servers with tokens pay for its size.
            Some(tokens) => Box::pin(with_token(tokens, pool)).await,
        }
    }
}

/// After a refusal, it fetches another token and tries once more: the identity may have been created again, or the
/// token may have been revoked before it expired.
async fn with_token(tokens: &Tokens, pool: &PgPool) -> Result<Lease<Postgres>, Error> {
    let number = tokens.number();
    match Lease::of(pool).await {
        Err(error) if is_refusal(&error) => {
            tokens.another(number).await?;
            Lease::of(pool).await.map_err(|error| {
                if is_refusal(&error) {
                    Error::TokenRefused
                } else {
                    error.into()
                }
            })
        }
        other => Ok(other?),
    }
}

/// SQLSTATE class 28, invalid authorization: a wrong or missing password.
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("28"))
}

/// A connection in use, with the behaviour that a pooler requires.
#[derive(Debug)]
pub(in crate::store) struct Session {
    lease: Lease<Postgres>,
    pooler: Option<Pooler>,
    in_transaction: bool,
}

impl Session {
    /// Begins an operation, as a transaction if a pooler requires one. Statements that must be consistent with each
    /// other set `transaction` in any case.
    pub(in crate::store) async fn begin(&mut self, transaction: bool) -> Result<(), sqlx::Error> {
        let connection = self.lease.begin();
        self.in_transaction = transaction || self.pooler.is_some();
        if self.in_transaction {
            sqlx::raw_sql("begin").execute(connection).await?;
        }
        Ok(())
    }

    /// Whether a statement may be prepared by name. With a pooler it may not, because the next transaction may run in
    /// another session of the server.
    pub(in crate::store) fn names_statements(&self) -> bool {
        self.pooler.is_none()
    }

    /// The connection of the operation that has begun.
    pub(in crate::store) fn connection(&mut self) -> &mut PgConnection {
        self.lease.connection()
    }

    /// Runs statements that form a complete transaction, from `begin` to its end, in one message.
    pub(in crate::store) async fn run_alone(&mut self, sql: String) -> Result<(), sqlx::Error> {
        let connection = self.lease.begin();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(connection)
            .await?;
        self.lease.done();
        Ok(())
    }

    /// Commits the operation.
    pub(in crate::store) async fn end(&mut self) -> Result<(), sqlx::Error> {
        if self.in_transaction {
            sqlx::raw_sql("commit").execute(self.connection()).await?;
        }
        self.lease.done();
        Ok(())
    }
}
