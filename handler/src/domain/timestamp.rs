use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// RFC 3339 in UTC with milliseconds, e.g. `2026-11-24T13:05:02.120Z`.
const RFC_3339_MILLIS: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// 0000-01-01T00:00:00Z.
const YEAR_ZERO: i64 = -62_167_219_200_000;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Both databases store it as an integer. SQLite would store a date as text, which is slow to compare and to group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The current time, by the system clock.
    pub fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    /// A timestamp that was read from the store.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch, as they are stored.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The timestamp `span` earlier, but not earlier than the first one that can be represented.
    pub fn earlier(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The timestamp `span` later.
    pub fn later(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The last multiple of `span` since the epoch that is not after this timestamp. `span` is at least one
    /// millisecond.
    pub fn floor(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX).max(1);
        Self(self.0.saturating_sub(self.0.rem_euclid(span)))
    }

    /// How long after `other` this timestamp is; zero if it is not after it.
    pub fn since(self, other: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(other.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with `Z` and milliseconds. Times outside the years 0 to 9999 cannot be written in this form
    /// and become the first or last possible time.
    pub fn rfc3339(self) -> String {
        let millis = self.0.max(YEAR_ZERO);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .ok()
            .and_then(|time| time.format(RFC_3339_MILLIS).ok())
            // Only a clock or a row beyond the year 9999 leads here.
            .unwrap_or_else(|| "9999-12-31T23:59:59.999Z".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339_in_utc() {
        let timestamp = Timestamp::from_millis(1_795_525_502_120);
        assert_eq!(timestamp.rfc3339(), "2026-11-24T13:05:02.120Z");
        assert_eq!(
            Timestamp::from_millis(i64::MAX).rfc3339(),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(
            Timestamp::from_millis(i64::MIN).rfc3339(),
            "0000-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn differences_do_not_go_below_zero() {
        let early = Timestamp::from_millis(1_000);
        let late = early.later(Duration::from_secs(2));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.earlier(Duration::from_secs(2)), early);
    }
}
