//! The time that timers follow.

use time::OffsetDateTime;
use tokio::time::Instant;

/// The time that timers follow, which may pass faster than this machine's, or at another date. The user of the host
/// keeps it.
pub trait Calendar: Send + Sync {
    /// What the calendar shows now.
    fn now(&self) -> OffsetDateTime;

    /// When it will show `at`; a time in the past where it has done so already.
    fn instant(&self, at: OffsetDateTime) -> Instant;
}
