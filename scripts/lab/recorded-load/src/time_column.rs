//! Recognises the columns with the time of a row.

use super::name::key;

/// The form of the time in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeColumn {
    Seconds,
    Timestamp,
    /// UTC, even without an offset.
    Utc,
}

impl TimeColumn {
    /// The form of the time in a column with this heading.
    pub(super) fn of(heading: &str) -> Option<Self> {
        match key(heading).as_str() {
            "seconds" => Some(Self::Seconds),
            "timestamp" | "time" | "datetime" | "timegenerated" => Some(Self::Timestamp),
            "timestamputc" | "timeutc" | "datetimeutc" | "timegeneratedutc" => Some(Self::Utc),
            _ => None,
        }
    }
}

/// Whether a column with this name contains the time.
pub(super) fn is_time(heading: &str) -> bool {
    TimeColumn::of(heading).is_some()
}
