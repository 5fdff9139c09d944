//! What only PostgreSQL needs: how to connect, and what a connection may be used for.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, Postgres};

use super::deadline::{ACQUIRE_TIMEOUT, within};
use super::lease::Lease;
use crate::azure::identity::{Endpoint, Token, Tokens};
use crate::store::Error;

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
    /// What proves who is connecting.
    pub auth: Auth,
}

/// What proves to the server who is connecting.
#[derive(Debug, Clone)]
pub enum Auth {
    /// The password among the options.
    Password,
    /// An Entra access token in its place; no endpoint where the platform names none.
    Entra(Option<Endpoint>),
}

impl Auth {
    /// A token fetched for a command that ends soon, where tokens are used.
    pub(crate) async fn token(&self) -> Result<Option<Token>, Error> {
        let Self::Entra(endpoint) = self else {
            return Ok(None);
        };
        let tokens = Tokens::new(endpoint.clone());
        tokens.fetch(|_| ()).await.map_err(Error::NoToken)?;
        Ok(tokens.current())
    }
}

/// A connection that has been idle for longer is asked whether it is still there: asking costs a round trip,
/// which only a lone request pays. Right after its last use it would hardly have been cut.
pub(in crate::store) const TRUSTED_IDLE: Duration = Duration::from_millis(50);

/// A server and the connections to it.
#[derive(Debug, Clone)]
pub struct Server {
    /// For everything else.
    pub(in crate::store) pool: PgPool,
    /// One connection, for the task that writes visits.
    pub(in crate::store) visits: PgPool,
    /// One connection, for the heartbeats.
    pub(in crate::store) heartbeats: PgPool,
    migrate: Box<PgConnectOptions>,
    pooler: Option<Pooler>,
    /// With `DATABASE_AUTH=entra`: what stands in the password's place, of every new connection.
    pub(in crate::store) tokens: Option<Tokens>,
}

impl Server {
    /// Prepares the connections; nothing is opened yet.
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

    /// Has every connection from now on log in with this token; those that are open stay.
    pub(in crate::store) fn use_token(&self, token: &Token) {
        for pool in [&self.pool, &self.visits, &self.heartbeats] {
            let options = PgConnectOptions::clone(&pool.connect_options());
            pool.set_connect_options(options.password(token.secret()));
        }
    }

    /// The way to change the schema, with the active token.
    pub(in crate::store) fn migrate_options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::clone(&self.migrate);
        match self.tokens.as_ref().and_then(Tokens::current) {
            Some(token) => options.password(token.secret()),
            None => options,
        }
    }

    /// Connects once, outside the pool. The pool would retry until its deadline and then report only a timeout; this
    /// reports the cause at once.
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

    /// A connection for as many operations as the caller likes, one after the other.
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
            // Boxed, so that only servers with tokens carry the room that this takes.
            Some(tokens) => Box::pin(with_token(tokens, pool)).await,
        }
    }
}

/// A refused token is asked for anew and tried once more: the identity may have been made anew, or the token
/// withdrawn before its end.
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

/// SQLSTATE class 28, invalid authorization: a wrong password, or none.
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("28"))
}

/// A connection in use, with what a pooler asks of it.
#[derive(Debug)]
pub(in crate::store) struct Session {
    lease: Lease<Postgres>,
    pooler: Option<Pooler>,
    in_transaction: bool,
}

impl Session {
    /// Begins an operation, as a transaction where a pooler wants one. Statements that must see or change
    /// something together ask for one in any case.
    pub(in crate::store) async fn begin(&mut self, transaction: bool) -> Result<(), sqlx::Error> {
        let connection = self.lease.begin();
        self.in_transaction = transaction || self.pooler.is_some();
        if self.in_transaction {
            sqlx::raw_sql("begin").execute(connection).await?;
        }
        Ok(())
    }

    /// Whether a statement may be prepared by name: not where the next transaction may meet another of the
    /// server's sessions.
    pub(in crate::store) fn names_statements(&self) -> bool {
        self.pooler.is_none()
    }

    /// The connection of the operation that has begun.
    pub(in crate::store) fn connection(&mut self) -> &mut PgConnection {
        self.lease.connection()
    }

    /// Runs statements that are a transaction of their own, from `begin` to its end, in one message.
    pub(in crate::store) async fn run_alone(&mut self, sql: String) -> Result<(), sqlx::Error> {
        let connection = self.lease.begin();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(connection)
            .await?;
        self.lease.done();
        Ok(())
    }

    /// Makes durable what the operation did.
    pub(in crate::store) async fn end(&mut self) -> Result<(), sqlx::Error> {
        if self.in_transaction {
            sqlx::raw_sql("commit").execute(self.connection()).await?;
        }
        self.lease.done();
        Ok(())
    }
}
