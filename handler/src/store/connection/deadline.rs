//! Deadlines for the database.

use std::time::Duration;

use crate::store::Error;

/// How long a statement of an ordinary request may take before the request fails with 503.
pub const STATEMENT_DEADLINE: Duration = Duration::from_secs(3);

/// `/health` must respond within 2 s, so nothing may wait longer than this for a connection.
pub(in crate::store) const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_800);

/// Aborts a statement that takes longer than its caller may wait.
///
/// # Errors
/// [`Error::Slow`] at the deadline. The statement is dropped together with its connection.
pub async fn within<T>(
    deadline: Duration,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(deadline, statement)
        .await
        .unwrap_or(Err(Error::Slow(deadline)))
}
