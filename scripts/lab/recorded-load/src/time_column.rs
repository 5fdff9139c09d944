//! The columns that give the time of a row.

use super::name::key;

/// How a column gives the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeColumn {
    Seconds,
    Timestamp,
    /// Without an offset too.
    Utc,
}

impl TimeColumn {
    /// By its heading.
    pub(super) fn of(heading: &str) -> Option<Self> {
        match key(heading).as_str() {
            "seconds" => Some(Self::Seconds),
            "timestamp" | "time" | "datetime" | "timegenerated" => Some(Self::Timestamp),
            "timestamputc" | "timeutc" | "datetimeutc" | "timegeneratedutc" => Some(Self::Utc),
            _ => None,
        }
    }
}

/// Whether a column of this name gives the time.
pub(super) fn is_time(heading: &str) -> bool {
    TimeColumn::of(heading).is_some()
}
