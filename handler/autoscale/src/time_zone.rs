//! Time zones by the names in autoscale settings, and local times in them.
//!
//! The rules of the zones come from the IANA database, which is compiled in. This module reads no file, no system
//! time zone, and no clock.
//!
//! Daylight saving: a local time that clocks skip is read with the offset before the change. For example, 02:30 in a
//! gap from 02:00 to 03:00 is the moment at which clocks show 03:30. A local time that occurs twice is the first of
//! the two. Both follow the `compatible` rule of RFC 5545 and [`jiff`]. Azure's behaviour is not documented.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::{DateTime, Time, date};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone as Zone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

pub(crate) mod windows;

/// The first moment of the calendar, in the year -9999: `Timestamp::MIN`.
pub(crate) const EARLIEST: i64 = -377_705_023_201;
/// The last moment of the calendar, in the year 9999: `Timestamp::MAX`.
pub(crate) const LATEST: i64 = 253_402_207_200;

/// A time zone with its name in a setting.
///
/// As text, it is `W. Europe Standard Time (Europe/Berlin)`, `Europe/Berlin`, or `UTC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    /// The Windows name, if the setting uses one.
    windows: Option<&'static str>,
    zone: Zone,
}

/// A span of time in which the offset from UTC does not change.
pub(crate) struct Span {
    /// The first second; `None` if there is no earlier change of the offset.
    pub(crate) start: Option<i64>,
    /// The second after the last one; `None` if there is no later change.
    pub(crate) end: Option<i64>,
    /// The local times that [`TimeZone::resolve`] assigns to this span: those with its own offset, and those that the
    /// change at its start skips. The second part is empty if that change skips none.
    pub(crate) local: [LocalTimes; 2],
}

/// Local times from `from` up to but not including `to`, in seconds since 1970-01-01T00:00 on the local clock.
pub(crate) struct LocalTimes {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// The seconds to subtract from these local times to get Unix seconds.
    pub(crate) offset: i64,
}

impl TimeZone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self {
        windows: None,
        zone: Zone::UTC,
    };

    /// The time zone with a Windows name (`E. Europe Standard Time`) or an IANA name (`Europe/Berlin`). Case and
    /// surrounding blanks are ignored. An empty text is UTC. `None` for unknown names.
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

    /// The IANA name in the setting, or the current IANA name for a Windows name: `Asia/Kolkata` for `India Standard
    /// Time`.
    pub fn iana_name(&self) -> &str {
        let current = self.zone.primary_iana_name();
        let current = current.filter(|_| self.windows.is_some());
        current.or(self.zone.iana_name()).unwrap_or("UTC")
    }

    /// The name in the setting.
    pub fn name(&self) -> &str {
        self.windows.unwrap_or_else(|| self.iana_name())
    }

    /// Converts a local time to Unix seconds. It is given as seconds since 1970-01-01T00:00 on the local clock.
    pub fn unix_seconds(&self, local_seconds: i64) -> i64 {
        let local = Zone::UTC.to_datetime(timestamp(local_seconds));
        self.resolve(local).unwrap_or(local_seconds)
    }

    /// Converts a local time to Unix seconds; `None` outside the calendar.
    pub(crate) fn resolve(&self, local: DateTime) -> Option<i64> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        Some(ambiguous.compatible().ok()?.as_second())
    }

    /// The span with a constant offset that contains the time.
    pub(crate) fn span_at(&self, unix_seconds: i64) -> Span {
        let at = timestamp(unix_seconds);
        // `preceding` is exclusive, and a change at exactly this second belongs to the span.
        let just_after = at
            .checked_add(SignedDuration::from_nanos(1))
            .unwrap_or(Timestamp::MAX);
        let change = self.zone.preceding(just_after).next();
        let start = change.map(|change| change.timestamp().as_second());
        let next = self.zone.following(at).next();
        let end = next.map(|change| change.timestamp().as_second());
        let offset = self.offset_at(at);
        let before = start.map(|start| self.offset_at(timestamp(start - 1)));
        // Earlier local times either occurred before the change as well, or were skipped by it.
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

    /// The offsets east of UTC from a time on, in seconds, each with the time from which it applies. Changes after
    /// `until` are left out.
    pub fn offsets(&self, from: i64, until: i64) -> Vec<(i64, i64)> {
        let start = timestamp(from);
        let changes = self.zone.following(start);
        let changes = changes.map(|change| {
            let at = change.timestamp();
            (at.as_second(), self.offset_at(at))
        });
        let mut offsets = vec![(from, self.offset_at(start))];
        offsets.extend(changes.take_while(|(at, _)| *at <= until));
        offsets.dedup_by_key(|(_, offset)| *offset);
        offsets
    }

    /// The offset east of UTC, in seconds.
    fn offset_at(&self, at: Timestamp) -> i64 {
        self.zone.to_offset(at).seconds().into()
    }

    /// The local time at a moment, in the given format.
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

/// The Unix seconds of a time such as `2026-01-05`, `2026-01-05T08:00`, or `2026-01-05T08:00:00+01:00`, in `zone`
/// unless it has an offset or `Z`. The error is a sentence.
pub fn parse_start(text: &str, zone: &TimeZone) -> Result<i64, String> {
    let written = WrittenTime::parse(text)?;
    written
        .by_offset()
        .or_else(|| written.within(zone))
        .ok_or_else(|| out_of_range(text))
}

/// Monday 2026-01-05T00:00 in `zone`, the default start of a simulation.
pub fn default_start(zone: &TimeZone) -> i64 {
    let monday = date(2026, 1, 5).to_datetime(Time::midnight());
    zone.resolve(monday)
        .expect("the database covers the year 2026")
}

/// The local time in `zone`, such as `Mon 2026-01-05 08:00`. Moments before the year -9999 or after 9999 are shown as
/// the first or last possible one.
pub fn format_local(unix_seconds: i64, zone: &TimeZone) -> String {
    zone.format(unix_seconds, "%a %Y-%m-%d %H:%M")
}

/// A date and a time of day from a setting, with its offset.
pub(crate) struct WrittenTime {
    local: DateTime,
    offset: Option<Offset>,
}

impl WrittenTime {
    /// Reads ISO 8601. The time of day, its seconds, their fraction, and the offset are optional.
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

    /// The Unix seconds according to the offset; `None` if there is no offset.
    pub(crate) fn by_offset(&self) -> Option<i64> {
        Some(self.offset?.to_timestamp(self.local).ok()?.as_second())
    }

    /// The Unix seconds of the local time in `zone`, ignoring the offset.
    pub(crate) fn within(&self, zone: &TimeZone) -> Option<i64> {
        zone.resolve(self.local)
    }
}

pub(crate) fn out_of_range(text: &str) -> String {
    format!("\"{}\" is outside the years -9999 to 9999", shortened(text))
}

/// Shortens a text to forty characters, so that a message stays on one line.
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
