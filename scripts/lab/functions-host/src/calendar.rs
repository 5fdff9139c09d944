//! The time for timers.

use jiff::Timestamp;
use time::OffsetDateTime;
use tokio::time::Instant;

/// The time for timers. It may pass faster than this machine's time, or have another date. The user of the host
/// implements it.
pub trait Calendar: Send + Sync {
    /// The calendar's present time.
    fn now(&self) -> OffsetDateTime;

    /// When the calendar reaches `at`; a time in the past if it already has.
    fn instant(&self, at: OffsetDateTime) -> Instant;
}

/// A time in ticks of 100 ns, as in .NET.
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
