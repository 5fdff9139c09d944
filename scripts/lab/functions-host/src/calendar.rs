//! The time that timers follow.

use jiff::Timestamp;
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

/// A moment in ticks of 100 ns, in which .NET counts.
pub(crate) fn in_ticks(at: OffsetDateTime) -> Timestamp {
    let nanoseconds = at.unix_timestamp_nanos();
    Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(100)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_moment_has_no_more_than_seven_decimals() {
        let shown = |at| in_ticks(at).to_string();
        assert_eq!(
            shown(datetime!(2026-01-05 08:00:00.123456789 UTC)),
            "2026-01-05T08:00:00.1234567Z"
        );
        assert_eq!(
            shown(datetime!(2026-01-05 08:00 UTC)),
            "2026-01-05T08:00:00Z"
        );
    }
}
