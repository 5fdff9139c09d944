//! Reads the times of metrics.

use anyhow::{Context as _, ensure};
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

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
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = if let Some(clock) = rest.strip_suffix(['Z', 'z']) {
        (clock, Some(0))
    } else if let Some(clock) = rest.strip_suffix(" UTC") {
        (clock, Some(0))
    } else if let Some(at) = rest.find(['+', '-']) {
        let (clock, offset) = rest.split_at(at);
        (clock, Some(offset_seconds(offset)?))
    } else {
        (rest, None)
    };
    let local = PrimitiveDateTime::new(date(day)?, time_of_day(clock.trim_end())?)
        .assume_utc()
        .unix_timestamp();
    Some(match offset {
        Some(offset) => Timestamp::Utc(local - offset),
        None => Timestamp::Local(local),
    })
}

// The parser of the `time` crate would take most of the time of reading a week of minutes.

/// `2026-01-05`.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (century, year) = parts.next()?.split_at_checked(2)?;
    let year = i32::from(two_digits(century)?) * 100 + i32::from(two_digits(year)?);
    let month = Month::try_from(two_digits(parts.next()?)?).ok()?;
    let day = two_digits(parts.next()?)?;
    Date::from_calendar_date(year, month, day).ok()
}

/// `08:00`, `08:00:30`, `08:00:30.123`.
fn time_of_day(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let (second, fraction) = match parts.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
        None => ("00", "0"),
    };
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|digit| digit.is_ascii_digit());
    let second = two_digits(second).filter(|_| is_fraction)?;
    Time::from_hms(hour, minute, second).ok()
}

/// `+01:00`, `-0330`.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, offset) = text.split_at_checked(1)?;
    let (hours, minutes) = offset.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let seconds = i64::from(hours) * 3_600 + i64::from(minutes) * 60;
    (hours <= 23 && minutes <= 59).then_some(if sign == "-" { -seconds } else { seconds })
}

fn two_digits(text: &str) -> Option<u8> {
    let is_number = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Seconds since 1970-01-01T00:00 as text, or as a number if the year does not have four digits.
pub(super) fn shown(seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_else(|| seconds.to_string())
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
