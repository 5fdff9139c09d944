//! Reads the times of metrics.

use std::borrow::Cow;

use anyhow::{Context as _, ensure};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

use super::quoted;

/// A time, in seconds since 1970-01-01T00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timestamp {
    /// With an offset or in UTC.
    Utc(i64),
    /// On a local clock.
    Local(i64),
}

/// Reads `2026-01-05T08:00:00Z`, `2026-01-05 08:00`, `2026-01-05T08:00:00.000+01:00`, and forms between them.
/// Fractions of a second are ignored.
///
/// # Errors
/// One sentence.
pub(super) fn parse(text: &str) -> anyhow::Result<Timestamp> {
    parts(text).with_context(|| {
        format!(
            "{} is not a time such as 2026-01-05T08:00:00Z or 2026-01-05 08:00",
            quoted(text)
        )
    })
}

/// The same, but a time without an offset is UTC.
///
/// # Errors
/// One sentence.
pub(super) fn parse_utc(text: &str) -> anyhow::Result<Timestamp> {
    parse(text).map(|time| match time {
        Timestamp::Utc(seconds) | Timestamp::Local(seconds) => Timestamp::Utc(seconds),
    })
}

fn parts(text: &str) -> Option<Timestamp> {
    const DAY: i64 = 86_400;
    let text = text.trim();
    let (text, is_utc) = match text.strip_suffix(" UTC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    // `date` and Git write a space before the offset.
    let text = match text.rsplit_once(' ') {
        Some((time, offset)) if offset.starts_with(['+', '-', 'Z', 'z']) => {
            Cow::from(format!("{}{offset}", time.trim_end()))
        }
        _ => text.into(),
    };
    let pieces = Pieces::parse(&*text).ok()?;
    let offset = pieces.to_numeric_offset();
    if pieces.time_zone_annotation().is_some() || (is_utc && offset.is_some()) {
        return None;
    }
    let local = pieces.date().to_datetime(pieces.time()?);
    let local = TimeZone::UTC.to_timestamp(local).ok()?.as_second();
    match offset {
        Some(offset) => {
            let offset = i64::from(offset.seconds());
            (offset.abs() < DAY).then_some(Timestamp::Utc(local - offset))
        }
        None if is_utc => Some(Timestamp::Utc(local)),
        None => Some(Timestamp::Local(local)),
    }
}

/// Seconds since 1970-01-01T00:00 as text, or as a number if the calendar does not cover them.
pub(super) fn shown(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => seconds.to_string(),
    }
}

/// Checks that all times of a file are of the same kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock {
    local: Option<bool>,
}

impl Clock {
    /// Converts the next time to seconds.
    ///
    /// # Errors
    /// When it has an offset and earlier times had none, or the reverse.
    pub(super) fn seconds(&mut self, time: Timestamp) -> anyhow::Result<i64> {
        let (seconds, local) = match time {
            Timestamp::Utc(seconds) => (seconds, false),
            Timestamp::Local(seconds) => (seconds, true),
        };
        ensure!(
            *self.local.get_or_insert(local) == local,
            "some times have an offset or Z and others have none; write all of them the same way"
        );
        Ok(seconds)
    }

    /// Whether the times have no offset.
    pub(super) fn is_local(self) -> bool {
        self.local == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, parse, shown};

    #[test]
    fn common_forms_of_times_are_read() {
        let eight = 1_767_600_000;
        for text in [
            "2026-01-05T08:00:00Z",
            "2026-01-05T08:00:00.0000000Z",
            "2026-01-05 08:00 UTC",
            "2026-01-05t08:00z",
            " 2026-01-05T09:30:00+01:30 ",
            "2026-01-05T04:30:00-0330",
            "2026-01-05 08:00:00 Z",
            "2026-01-05 09:00:00 +01:00",
            "2026-01-05 09:00:00 +0100",
        ] {
            assert_eq!(parse(text).ok(), Some(Timestamp::Utc(eight)), "{text}");
        }
        for text in ["2026-01-05 08:00", "2026-01-05T08:00:00.5"] {
            assert_eq!(parse(text).ok(), Some(Timestamp::Local(eight)), "{text}");
        }
        assert_eq!(shown(eight), "2026-01-05 08:00:00");
    }

    #[test]
    fn invalid_times_are_refused() {
        for text in [
            "",
            "2026-01-05T08:00+01:00 UTC",
            "2026-01-05",
            "2026-02-29 08:00",
            "2026-1-5 08:00",
            "2026-01-05 24:00",
            "2026-01-05 08:60",
            "2026-01-05 +8:00",
            "2026-01-05 08:00:00.",
            "2026-01-05 08:00:00.x",
            "2026-01-05 08:00+1",
            "2026-01-05 08:00+24:00",
            "2026-01-05 08:00:00:00",
            "2026-01-0é 08:00",
            "20é6-01-05 08:00",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
