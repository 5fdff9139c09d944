//! How long the database may take.

use std::time::Duration;

use crate::store::Error;

/// How long a statement of an ordinary request may take before it is answered 503.
pub const STATEMENT_DEADLINE: Duration = Duration::from_secs(3);

/// `/health` must answer within 2 s, so nothing may wait for a connection longer than that.
pub(in crate::store) const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);

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
