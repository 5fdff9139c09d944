use std::time::Duration;

use tokio::sync::oneshot;

use crate::azure::identity::{Reason, Refusal};

/// What can go wrong below HTTP. It has only the cases that callers distinguish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be used now. The same call may succeed later. There is no cause if it was already logged.
    #[error("the database is not available")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// In Azure, with no PostgreSQL configured. There is no silent fallback.
    #[error("no database is configured: set DATABASE_URL, or PGHOST and the other PG variables")]
    NotConfigured,
    /// The database did not answer in time.
    #[error("the database did not answer within {} s", .0.as_secs_f32())]
    Slow(Duration),
    /// `MIGRATE=off`, and the schema is older than this program.
    #[error("the database schema is too old for this version: run `handler migrate`")]
    SchemaTooOld,
    /// The server's schema was not created by this program's migrations.
    #[error(
        "the database has the schema of another version: run that version, or use an empty database"
    )]
    OtherSchema,
    /// The same for a SQLite file.
    #[error(
        "the SQLite file has the schema of another version: `./scripts/run --fresh` starts with an empty one, or set SQLITE_PATH to another file"
    )]
    OtherFile,
    /// `DATABASE_AUTH=entra`, and there is no access token to log in with.
    #[error("no access token for the database: {0}")]
    NoToken(Reason),
    /// `DATABASE_AUTH=entra`, and the server accepts none of the tokens.
    #[error(
        "the database refuses the access token: check PGUSER, and that `handler provision` made this role for the app's identity"
    )]
    TokenRefused,
    /// The SQLite file was deleted or replaced, so new rows would be lost.
    #[error("the database file was deleted or replaced while it was open: restart the app")]
    FileReplaced,
    /// The database responds but cannot record visits. The sentence gives the reason.
    #[error("visits cannot be recorded: {0}")]
    WritesRefused(&'static str),
    /// More visits are waiting to be written than the queue holds.
    #[error("too many visits are waiting to be written")]
    QueueFull,
    /// Waiting would not help. There is no cause if it was already logged.
    #[error("the database refused a statement")]
    Other(#[source] Option<sqlx::Error>),
}

impl Error {
    /// The error and its cause, for the operator's log or terminal, never for a response.
    pub fn with_cause(&self) -> String {
        match self {
            Self::Unavailable(Some(cause)) | Self::Other(Some(cause)) => format!("{self}: {cause}"),
            _ => self.to_string(),
        }
    }

    /// The type of an error as the semantic conventions define it: the database's own code if there is one.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Unavailable(Some(sqlx::Error::Database(cause)))
            | Self::Other(Some(sqlx::Error::Database(cause))) => cause
                .code()
                .map_or_else(|| "_OTHER".to_owned(), |code| code.into_owned()),
            Self::Slow(_) => "timeout".to_owned(),
            _ => "_OTHER".to_owned(),
        }
    }

    /// Why the database refused a write, in a sentence that may be public; `None` if the database could not be
    /// reached, so that the error says nothing about writes.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Slow(_) => Some("the database did not finish a write in time"),
            Self::Unavailable(Some(sqlx::Error::Database(cause)))
            | Self::Other(Some(sqlx::Error::Database(cause))) => {
                let code = cause.code().unwrap_or_default();
                let postgres = cause.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
                if postgres.is_some() {
                    refusal_of_postgres(&code)
                } else {
                    Some(refusal_of_sqlite(&code, cause.message()))
                }
            }
            Self::Other(_) => Some(REFUSED),
            _ => None,
        }
    }

    /// Sends this error to every caller that waited for the same statement, and logs its cause once.
    pub(super) fn send_to<T>(&self, answers: Vec<oneshot::Sender<Result<T, Self>>>) {
        // Errors without a cause last, and were logged where they occurred.
        if matches!(
            self,
            Self::Unavailable(Some(_)) | Self::Other(Some(_)) | Self::Slow(_)
        ) {
            let reason = self.with_cause();
            tracing::warn!(reason, callers = answers.len(), "database statement failed");
        }
        for answer in answers {
            let error = match self {
                Self::Unavailable(_) => Self::Unavailable(None),
                Self::NotConfigured => Self::NotConfigured,
                Self::Slow(deadline) => Self::Slow(*deadline),
                Self::SchemaTooOld => Self::SchemaTooOld,
                Self::OtherSchema => Self::OtherSchema,
                Self::OtherFile => Self::OtherFile,
                Self::NoToken(reason) => Self::NoToken(reason.clone()),
                Self::TokenRefused => Self::TokenRefused,
                Self::FileReplaced => Self::FileReplaced,
                Self::WritesRefused(reason) => Self::WritesRefused(reason),
                Self::QueueFull => Self::QueueFull,
                Self::Other(_) => Self::Other(None),
            };
            // The caller may have disconnected in the meantime.
            let _ = answer.send(Err(error));
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoToken(reason) => Self::NoToken(reason),
            Refusal::TokenRefused => Self::TokenRefused,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::Unavailable(Some(error))
        } else {
            Self::Other(Some(error))
        }
    }
}

const READ_ONLY: &str = "the database is read-only";
const FULL: &str = "the disk of the database is full";
const PERMISSION: &str = "the app's role lacks a permission on a table or sequence";
const SCHEMA: &str = "a table or column is missing";
const BUSY: &str = "another process keeps the database locked";
const REFUSED: &str = "the database refuses the statement; the app's log has the cause";

/// Maps an SQLSTATE (appendix A of PostgreSQL's manual).
fn refusal_of_postgres(code: &str) -> Option<&'static str> {
    match code {
        "25006" => Some(READ_ONLY),
        "53100" => Some(FULL),
        "42501" => Some(PERMISSION),
        "42P01" | "42703" => Some(SCHEMA),
        // The connection or the login, not the statement; 57014 is a canceled statement.
        "57014" => Some("the database did not finish a write in time"),
        _ if ["08", "28", "3D", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            None
        }
        _ => Some(REFUSED),
    }
}

/// Maps SQLite's primary result code (sqlite.org/rescode.html), which does not distinguish a missing table from other
/// errors.
fn refusal_of_sqlite(code: &str, message: &str) -> &'static str {
    match code.parse::<u32>().unwrap_or(0) & 0xff {
        3 | 8 | 23 => READ_ONLY,
        5 | 6 => BUSY,
        13 => FULL,
        _ if message.starts_with("no such") || message.contains("has no column") => SCHEMA,
        _ => REFUSED,
    }
}

/// Whether the database, and not the statement, is the cause.
fn is_transient(error: &sqlx::Error) -> bool {
    use sqlx::Error as E;
    match error {
        E::Io(_)
        | E::Tls(_)
        | E::Protocol(_)
        | E::PoolTimedOut
        | E::PoolClosed
        | E::WorkerCrashed => true,
        E::Database(error) => error.code().is_some_and(|code| {
            if error
                .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
                .is_some()
            {
                is_transient_postgres(&code)
            } else {
                is_transient_sqlite(&code)
            }
        }),
        _ => false,
    }
}

/// Whether one of PostgreSQL's SQLSTATE classes is transient (appendix A of its manual).
fn is_transient_postgres(code: &str) -> bool {
    const CLASSES: [&str; 7] = [
        "08", // connection exception
        "28", // invalid authorization: a password being rotated
        "3D", // invalid catalog name: the database is not there yet
        "40", // transaction rollback: deadlock, serialization
        "53", // insufficient resources: disk full, too many connections
        "57", // operator intervention: shutdown, crash, cannot connect now
        "58", // system error
    ];
    const CODES: [&str; 3] = [
        "25006", // read only transaction: a standby, or a disk that filled up
        "42P01", // undefined table: the schema is not there yet
        "42501", // insufficient privilege: a role being set up
    ];
    CLASSES.iter().any(|class| code.starts_with(class)) || CODES.contains(&code)
}

/// Whether one of SQLite's primary result codes is transient (sqlite.org/rescode.html). It is the low byte of an
/// extended code.
fn is_transient_sqlite(code: &str) -> bool {
    const CODES: [u32; 8] = [
        3,  // PERM
        5,  // BUSY
        6,  // LOCKED
        8,  // READONLY
        10, // IOERR
        13, // FULL
        14, // CANTOPEN
        23, // AUTH
    ];
    code.parse::<u32>()
        .is_ok_and(|code| CODES.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_says_nothing_about_writes() {
        assert_eq!(refusal_of_postgres("57P01"), None);
        assert_eq!(refusal_of_postgres("53300"), None);
        assert_eq!(refusal_of_postgres("25006"), Some(READ_ONLY));
        assert_eq!(refusal_of_postgres("23505"), Some(REFUSED));
        assert_eq!(refusal_of_sqlite("1032", ""), READ_ONLY);
        assert_eq!(Error::Unavailable(None).refusal(), None);
        assert_eq!(Error::QueueFull.refusal(), None);
    }

    #[test]
    fn only_temporary_errors_are_transient() {
        assert!(is_transient_postgres("57P01"));
        assert!(is_transient_postgres("53300"));
        assert!(!is_transient_postgres("23505"));
        assert!(is_transient_sqlite("5"));
        assert!(is_transient_sqlite("522"));
        assert!(!is_transient_sqlite("2067"));
    }
}
