use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::deadline::{ACQUIRE_TIMEOUT, within};
use super::pools::Store;
use super::postgres::{PostgresTarget, Server};
use super::schema;
use super::sqlite::Sqlite;
use crate::azure::identity::Reason;
use crate::domain::Connections;
use crate::store::Error;

/// The deadline of `/health`'s query.
const HEALTH_DEADLINE: Duration = Duration::from_millis(1_900);
/// A schema change may take a while, but if it takes longer than this, an operator should run it.
const MIGRATION_DEADLINE: Duration = Duration::from_secs(10 * 60);
/// Waits between attempts to open the database. They double, and stay short enough that an attempt and a wait fit
/// into the 2 s in which the instance should recover.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LONGEST_RETRY: Duration = Duration::from_millis(250);

/// The database for the visits.
#[derive(Debug, Clone)]
pub enum Target {
    /// A PostgreSQL server.
    Postgres(Box<PostgresTarget>),
    /// A file on this machine.
    Sqlite(PathBuf),
    /// In Azure with no server configured. A file would be lost with the instance.
    NotConfigured,
}

/// What changes the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Migrate {
    /// Every instance when it starts, under a lock.
    #[default]
    Auto,
    /// `handler migrate`, run with a role that may change the schema. The instances only check it.
    Off,
}

/// Whether the database can be used.
#[derive(Debug)]
pub struct Health {
    /// `postgresql`, `sqlite`, or `none`.
    pub db_type: &'static str,
    /// Why the database cannot be used, if it cannot.
    pub outcome: Result<(), Error>,
}

/// The store, and whether its schema is ready.
///
/// The process serves as soon as it starts. A task of this type opens the database when it becomes available.
#[derive(Debug, Clone)]
pub struct Database {
    store: Option<Store>,
    migrate: Migrate,
    state: Arc<watch::Sender<State>>,
    writes: Arc<watch::Sender<Writes>>,
}

/// What is known about writing, in addition to whether the database responds.
#[derive(Debug, Clone, Copy, Default)]
struct Writes {
    /// Why the last write probe was refused.
    refusal: Option<&'static str>,
    /// Whether the last heartbeat did not commit in time. A write probe is rolled back, so it does not wait for a
    /// disk or a standby.
    commits_late: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The first attempt is in progress.
    Opening,
    /// The last attempt failed.
    Unavailable,
    /// `MIGRATE=off`, and the migrations have not run yet.
    SchemaTooOld,
    /// The schema was created by migrations that this program does not know.
    OtherSchema,
    OtherFile,
    /// The server refused the access token.
    TokenRefused,
    /// The SQLite file is no longer at its path. This state lasts until the process ends.
    FileReplaced,
    Ready,
}

impl Database {
    /// Prepares the connections. None is opened before [`open`](Self::open).
    pub fn new(target: &Target, pool_max: u32, migrate: Migrate) -> Self {
        let store = match target {
            Target::Postgres(target) => Some(Store::Postgres(Server::lazy(target, pool_max))),
            Target::Sqlite(path) => Some(Store::Sqlite(Sqlite::lazy(path, ACQUIRE_TIMEOUT))),
            Target::NotConfigured => None,
        };
        Self {
            store,
            migrate,
            state: Arc::new(watch::Sender::new(State::Opening)),
            writes: Arc::default(),
        }
    }

    /// The store, once its schema is ready. Waits briefly for the first attempt to open it, so that a request right
    /// after the start is served and not refused.
    ///
    /// # Errors
    /// The reason why it cannot be used now.
    pub async fn store(&self) -> Result<&Store, Error> {
        let store = self.store.as_ref().ok_or(Error::NotConfigured)?;
        let mut state = *self.state.borrow();
        if state == State::Opening {
            let mut states = self.state.subscribe();
            let opened = states.wait_for(|state| *state != State::Opening);
            // Still opening at the deadline, probably a long migration. Otherwise the wait cannot fail: the sender is
            // part of `self`.
            if let Ok(Ok(opened)) = tokio::time::timeout(ACQUIRE_TIMEOUT, opened).await {
                state = *opened;
            }
        }
        match state {
            State::Ready => Ok(store),
            State::SchemaTooOld => Err(Error::SchemaTooOld),
            State::OtherSchema => Err(Error::OtherSchema),
            State::OtherFile => Err(Error::OtherFile),
            State::TokenRefused => Err(Error::TokenRefused),
            State::FileReplaced => Err(Error::FileReplaced),
            State::Opening | State::Unavailable => Err(self
                .missing_token()
                .map_or(Error::Unavailable(None), Error::NoToken)),
        }
    }

    /// Why there is no token to open the database with, if a token is needed.
    fn missing_token(&self) -> Option<Reason> {
        match self.store.as_ref()? {
            Store::Postgres(server) => server.tokens.as_ref()?.missing(),
            Store::Sqlite(_) => None,
        }
    }

    /// `postgresql`, `sqlite`, or `none` when nothing is configured.
    pub fn db_type(&self) -> &'static str {
        self.store.as_ref().map_or("none", Store::db_type)
    }

    /// Queries the database; takes less than 2 s. A database that cannot record visits is not healthy: see
    /// [`refusal`](Self::refusal).
    pub async fn health(&self) -> Health {
        let answered = async {
            self.store().await?.ping().await?;
            self.refusal()
                .map_or(Ok(()), |reason| Err(Error::WritesRefused(reason)))
        };
        let outcome = within(HEALTH_DEADLINE, answered).await;
        Health {
            db_type: self.db_type(),
            outcome,
        }
    }

    /// Why visits could not be recorded at the last attempt, if they could not.
    pub fn refusal(&self) -> Option<&'static str> {
        let writes = *self.writes.borrow();
        let late = writes
            .commits_late
            .then_some("the database did not commit a heartbeat in time");
        writes.refusal.or(late)
    }

    /// Notes the result of a write probe. Logs when the reason changes, not every attempt.
    pub(in crate::store) fn note_probe(&self, outcome: &Result<(), Error>) {
        let refusal = outcome.as_ref().err().and_then(Error::refusal);
        if outcome.is_err() && refusal.is_none() {
            // The database could not be reached, so the result says nothing about writes.
            return;
        }
        let mut before = None;
        self.writes
            .send_modify(|writes| before = std::mem::replace(&mut writes.refusal, refusal));
        match outcome {
            Err(error) if refusal != before => {
                tracing::error!(reason = error.with_cause(), "visits cannot be recorded");
            }
            Ok(()) if before.is_some() => tracing::info!("visits can be recorded again"),
            _ => {}
        }
    }

    /// Notes whether a heartbeat was committed.
    pub fn note_heartbeat<T>(&self, outcome: &Result<T, Error>) {
        let late = matches!(outcome, Err(Error::Slow(_)));
        self.writes.send_modify(|writes| writes.commits_late = late);
    }

    /// The number of connections, of all kinds together.
    pub fn connections(&self) -> Connections {
        fn of<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> Connections {
            let size = pool.size();
            Connections {
                size,
                // The pool counts a returned connection only after it can be taken again. If it is taken first, the
                // unsigned counter is below zero for a moment, which is a huge number.
                idle: u32::try_from(pool.num_idle()).unwrap_or(0).min(size),
                max: pool.options().get_max_connections(),
            }
        }
        let pools = match &self.store {
            None => Vec::new(),
            Some(Store::Postgres(server)) => {
                vec![of(&server.pool), of(&server.visits), of(&server.heartbeats)]
            }
            Some(Store::Sqlite(sqlite)) => vec![of(&sqlite.readers), of(&sqlite.writer)],
        };
        Connections {
            size: pools.iter().map(|pool| pool.size).sum(),
            idle: pools.iter().map(|pool| pool.idle).sum(),
            max: pools.iter().map(|pool| pool.max).sum(),
        }
    }

    /// The most connections in the pool that reads use.
    pub(in crate::store) fn read_connections(&self) -> usize {
        let max = match &self.store {
            None => 1,
            Some(Store::Postgres(server)) => server.pool.options().get_max_connections(),
            Some(Store::Sqlite(sqlite)) => sqlite.readers.options().get_max_connections(),
        };
        max as usize
    }

    /// Tries to open the database until it is available and its schema is correct.
    ///
    /// Logs the first failure and every change of its reason, not every attempt.
    pub async fn open(self, stop: CancellationToken) {
        let Some(store) = &self.store else {
            tracing::error!(reason = %Error::NotConfigured, "database not configured");
            return;
        };
        let mut wait = FIRST_RETRY;
        let mut logged = String::new();
        loop {
            let attempt = async {
                match self.migrate {
                    Migrate::Auto => within(MIGRATION_DEADLINE, schema::migrate(store)).await,
                    Migrate::Off => within(HEALTH_DEADLINE, schema::check(store)).await,
                }?;
                match store {
                    Store::Sqlite(sqlite) => sqlite.remember_file().await,
                    Store::Postgres(_) => Ok(()),
                }
            };
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = attempt => outcome,
            };
            let Err(error) = outcome else { break };
            self.state.send_replace(match error {
                Error::SchemaTooOld => State::SchemaTooOld,
                Error::OtherSchema => State::OtherSchema,
                Error::OtherFile => State::OtherFile,
                Error::TokenRefused => State::TokenRefused,
                _ => State::Unavailable,
            });
            let reason = error.with_cause();
            if reason != logged {
                tracing::warn!(%reason, db_type = store.db_type(), "database not ready, trying again");
                logged = reason;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_RETRY),
            }
        }
        self.state.send_replace(State::Ready);
        tracing::info!(db_type = store.db_type(), "database ready");
    }

    /// Opens the database. Then checks at the interval `every` that the SQLite file is still the one that was opened.
    /// Runs until it is stopped.
    pub async fn keep_open(self, every: Duration, stop: CancellationToken) {
        self.clone().open(stop.clone()).await;
        if let Some(Store::Sqlite(sqlite)) = &self.store {
            tokio::select! {
                // An instance that stops before it has opened the file has remembered none, so the second branch is ready too.
                biased;
                () = stop.cancelled() => {}
                () = sqlite.replaced(every) => {
                    // Do not open the new file at the path: SQLite may corrupt it while connections to the old file
                    // are open, and other processes may have some.
                    self.state.send_replace(State::FileReplaced);
                    tracing::error!(path = %sqlite.path.display(), "{}", Error::FileReplaced);
                }
            }
        }
        stop.cancelled().await;
    }

    /// Keeps the access token for new connections fresh, if one is used. Runs until it is stopped.
    pub async fn keep_token(self, stop: CancellationToken) {
        if let Some(Store::Postgres(server)) = &self.store
            && let Some(tokens) = &server.tokens
        {
            let take = |token: &_| server.use_token(token);
            tokens.clone().run(stop.clone(), take).await;
        }
        stop.cancelled().await;
    }

    /// Waits until the store can be used.
    pub async fn ready(&self) {
        // The wait cannot fail: the sender is part of `self`.
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| *state == State::Ready)
            .await;
    }

    /// Updates the schema once, for `handler migrate`.
    ///
    /// # Errors
    /// When the database cannot be used or a migration fails.
    pub async fn migrate_now(&self) -> Result<(), Error> {
        let store = self.store.as_ref().ok_or(Error::NotConfigured)?;
        if let Store::Postgres(server) = store
            && let Some(tokens) = &server.tokens
        {
            let fetched = tokens.fetch(|token| server.use_token(token)).await;
            fetched.map_err(Error::NoToken)?;
        }
        schema::migrate(store).await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        if let Some(store) = &self.store {
            store.close().await;
        }
    }
}
