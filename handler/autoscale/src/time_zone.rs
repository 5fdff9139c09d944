//! Time zones by the names that autoscale settings use, and local times in them.
//!
//! The rules of the zones come from the IANA database that is compiled in. Nothing here reads a file, the system's
//! time zone or a clock.
//!
//! Daylight saving: a local time that does not exist, because clocks skip it, is read with the offset from before
//! the change: 02:30 in a gap from 02:00 to 03:00 is the moment when clocks show 03:30. A local time that occurs
//! twice is the first of the two. Both are the `compatible` rule of RFC 5545 and of [`jiff`]; what Azure does is not
//! documented.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::{DateTime, Time, date};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone as Zone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

pub(crate) mod windows;

/// The first moment that the calendar covers, in the year -9999: `Timestamp::MIN`.
pub(crate) const EARLIEST: i64 = -377_705_023_201;
/// The last moment that the calendar covers, in the year 9999: `Timestamp::MAX`.
pub(crate) const LATEST: i64 = 253_402_207_200;

/// A time zone with the name that a setting gives it.
///
/// As text, it is `W. Europe Standard Time (Europe/Berlin)`, `Europe/Berlin` or `UTC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    /// The Windows name, where the setting has one.
    windows: Option<&'static str>,
    zone: Zone,
}

/// All local times whose clock readings have one offset from UTC, and the moments around them.
pub(crate) struct Span {
    /// The first second; `None` without an earlier change of the offset.
    pub(crate) start: Option<i64>,
    /// The second after the last one; `None` without a later change.
    pub(crate) end: Option<i64>,
    /// The local times that [`TimeZone::resolve`] puts into this span: those of its own offset, and those that
    /// the change at its start skips. The second part is empty where that change skips none.
    pub(crate) local: [LocalTimes; 2],
}

/// Local times from `from` up to, but without, `to`, in seconds since 1970-01-01T00:00 on the local clock.
pub(crate) struct LocalTimes {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Seconds to subtract from a local time of these for unix seconds.
    pub(crate) offset: i64,
}

impl TimeZone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self {
        windows: None,
        zone: Zone::UTC,
    };

    /// The zone of a Windows name (`E. Europe Standard Time`) or an IANA name (`Europe/Berlin`), in any case and
    /// with blanks around it. An empty text is UTC. `None` for a name that is neither.
    pub fn named(text: &str) -> Option<Self> {
        let name = text.trim();
        if name.is_empty() || name.eq_ignore_ascii_case("UTC") {
            return Some(Self::UTC);
        }
        let row = windows::ZONES
            .binary_search_by(|(windows, _)| without_case(windows, name))
            .ok()
            .map(|index| windows::ZONES[index]);
        let (windows, iana) = match row {
            Some((windows, iana)) => (Some(windows), iana),
            None => (None, name),
        };
        let zone = TimeZoneDatabase::bundled().get(iana).ok()?;
        (!zone.is_unknown()).then_some(Self { windows, zone })
    }

    /// The IANA name as the setting has it; for a Windows name, the current one: `Asia/Kolkata` for
    /// `India Standard Time`.
    pub fn iana_name(&self) -> &str {
        let current = self.zone.primary_iana_name();
        let current = current.filter(|_| self.windows.is_some());
        current.or(self.zone.iana_name()).unwrap_or("UTC")
    }

    /// The name as the setting has it.
    pub fn name(&self) -> &str {
        self.windows.unwrap_or_else(|| self.iana_name())
    }

    /// Unix seconds of a local time that is given as seconds since 1970-01-01T00:00 on the local clock.
    pub fn unix_seconds(&self, local_seconds: i64) -> i64 {
        let local = Zone::UTC.to_datetime(timestamp(local_seconds));
        self.resolve(local).unwrap_or(local_seconds)
    }

    /// Unix seconds of a local time; `None` outside the calendar.
    pub(crate) fn resolve(&self, local: DateTime) -> Option<i64> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        Some(ambiguous.compatible().ok()?.as_second())
    }

    /// The span of one offset that contains the time.
    pub(crate) fn span_at(&self, unix_seconds: i64) -> Span {
        let at = timestamp(unix_seconds);
        // `preceding` is strict, and a change at this very second belongs to the span.
        let just_after = at
            .checked_add(SignedDuration::from_nanos(1))
            .unwrap_or(Timestamp::MAX);
        let change = self.zone.preceding(just_after).next();
        let start = change.map(|change| change.timestamp().as_second());
        let next = self.zone.following(at).next();
        let end = next.map(|change| change.timestamp().as_second());
        let offset = self.offset_at(at);
        let before = start.map(|start| self.offset_at(timestamp(start - 1)));
        // Local times before this one either occurred before the change as well or were skipped by it.
        let own_from = |start: i64| start + offset.max(before.unwrap_or(offset));
        let own = LocalTimes {
            from: start.map_or(i64::MIN, own_from),
            to: end.map_or(i64::MAX, |end| end + offset),
            offset,
        };
        let skipped = match (start, before) {
            (Some(start), Some(before)) if before < offset => LocalTimes {
                from: start + before,
                to: start + offset,
                offset: before,
            },
            _ => LocalTimes {
                from: 0,
                to: 0,
                offset,
            },
        };
        Span {
            start,
            end,
            local: [own, skipped],
        }
    }

    /// Seconds east of UTC.
    fn offset_at(&self, at: Timestamp) -> i64 {
        self.zone.to_offset(at).seconds().into()
    }

    /// The local time at a moment, written as `format` says.
    pub(crate) fn format(&self, unix_seconds: i64, format: &str) -> String {
        let local = self.zone.to_datetime(timestamp(unix_seconds));
        local.strftime(format).to_string()
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.windows {
            Some(windows) => write!(f, "{windows} ({})", self.iana_name()),
            None => f.write_str(self.iana_name()),
        }
    }
}

/// Unix seconds of a time such as `2026-01-05`, `2026-01-05T08:00` or `2026-01-05T08:00:00+01:00`: in `zone` unless
/// an offset or `Z` is written beside it. The error is a sentence.
pub fn parse_start(text: &str, zone: &TimeZone) -> Result<i64, String> {
    let written = WrittenTime::parse(text)?;
    written
        .by_offset()
        .or_else(|| written.within(zone))
        .ok_or_else(|| out_of_range(text))
}

/// Monday 2026-01-05T00:00 in `zone`: where a simulation starts when nothing else says when.
pub fn default_start(zone: &TimeZone) -> i64 {
    let monday = date(2026, 1, 5).to_datetime(Time::midnight());
    zone.resolve(monday)
        .expect("the database covers the year 2026")
}

/// The local time in `zone`, such as `Mon 2026-01-05 08:00`. A moment before the year -9999 or after 9999 is shown as
/// the first or the last one.
pub fn format_local(unix_seconds: i64, zone: &TimeZone) -> String {
    zone.format(unix_seconds, "%a %Y-%m-%d %H:%M")
}

/// A date and a time of day as a setting writes it, with the offset written beside it.
pub(crate) struct WrittenTime {
    local: DateTime,
    offset: Option<Offset>,
}

impl WrittenTime {
    /// Reads ISO 8601: the time of day, its seconds, their fraction and the offset may be absent.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "\"{}\" is not a time such as 2026-12-24T18:00:00",
                shortened(text)
            )
        };
        let pieces = Pieces::parse(text.trim()).map_err(|_| refused())?;
        if pieces.time_zone_annotation().is_some() {
            return Err(refused());
        }
        let time = pieces.time().unwrap_or(Time::midnight());
        Ok(Self {
            local: pieces.date().to_datetime(time),
            offset: pieces.to_numeric_offset(),
        })
    }

    /// Unix seconds by the offset; `None` without one.
    pub(crate) fn by_offset(&self) -> Option<i64> {
        Some(self.offset?.to_timestamp(self.local).ok()?.as_second())
    }

    /// Unix seconds of the local time in `zone`, whatever the offset says.
    pub(crate) fn within(&self, zone: &TimeZone) -> Option<i64> {
        zone.resolve(self.local)
    }
}

pub(crate) fn out_of_range(text: &str) -> String {
    format!("\"{}\" is outside the years -9999 to 9999", shortened(text))
}

/// At most forty characters, so that a message stays one line.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The nearest moment that the database covers, the years -9999 to 9999.
fn timestamp(unix_seconds: i64) -> Timestamp {
    let covered = unix_seconds.clamp(EARLIEST, LATEST);
    Timestamp::from_second(covered).expect("the calendar covers it")
}

fn without_case(one: &str, other: &str) -> Ordering {
    let lower = |text: &str| {
        text.bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    lower(one).cmp(&lower(other))
}
