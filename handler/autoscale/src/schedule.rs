//! When a profile applies: always, between two dates, or after recurring times of the week.
//!
//! Source: "Autoscale with multiple profiles" and "Understand autoscale settings" in the Azure Monitor
//! documentation. A recurring profile has no end: it applies until the next recurring profile starts. For daylight
//! saving, see [`super::time_zone`].

use std::ops::Range;

use serde::Deserialize;

use super::time_zone::{EARLIEST, LATEST, Span, TimeZone, WrittenTime, out_of_range, shortened};

pub(super) const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
const WEEK: i64 = 7 * DAY;
const MINUTES_OF_DAY: u16 = 24 * 60;

/// When a profile applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// When no other profile applies.
    Default,
    /// Between two moments. It takes precedence over all other profiles.
    FixedDate(FixedDate),
    /// From each of its starts until the next start of any recurring profile.
    Recurring(Recurrence),
}

/// A span of time; `fixedDate` in a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedDate {
    zone: TimeZone,
    start: i64,
    end: i64,
    offset_ignored: bool,
}

/// The times of the week at which a profile starts; `recurrence` in a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    zone: TimeZone,
    /// Minutes since Monday 00:00 on the local clock; sorted, without duplicates, at least one.
    starts: Box<[u16]>,
}

/// The content of the name of a companion profile, which the portal adds at the end of a recurring profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Companion {
    /// The name of the default profile, whose rules and limits this one repeats.
    pub name: String,
    /// The name of the profile that ends when this one starts.
    #[serde(rename = "for")]
    pub for_profile: String,
}

/// The companion in a profile's name, such as `{"name":"Auto created default","for":"Weekend"}`. `None` for an
/// ordinary name.
pub fn companion(name: &str) -> Option<Companion> {
    serde_json::from_str(name).ok()
}

/// The index of the profile that applies at a time: the first fixed-date profile whose span contains it, or else the
/// recurring profile that started last, or else the first default. `None` if none applies.
///
/// If two recurring profiles start at the same moment, the first one applies. This is an assumption, because the
/// documentation does not say. If there is a recurring profile, the default never applies, because recurring profiles
/// have no end.
pub fn active<'a>(
    schedules: impl IntoIterator<Item = &'a Schedule>,
    unix_seconds: i64,
) -> Option<usize> {
    let mut recurring: Option<(i64, usize)> = None;
    let mut default = None;
    for (index, schedule) in schedules.into_iter().enumerate() {
        match schedule {
            Schedule::FixedDate(dates) if dates.span().contains(&unix_seconds) => {
                return Some(index);
            }
            Schedule::FixedDate(_) => {}
            Schedule::Recurring(recurrence) => {
                if let Some(start) = recurrence.latest_start(unix_seconds)
                    && recurring.is_none_or(|(latest, _)| start > latest)
                {
                    recurring = Some((start, index));
                }
            }
            Schedule::Default => default = default.or(Some(index)),
        }
    }
    recurring.map(|(_, index)| index).or(default)
}

/// The first moment after a time at which the result of [`active`] may change. Before it, the result stays the same.
/// `None` if it never changes again.
pub fn next_change<'a>(
    schedules: impl IntoIterator<Item = &'a Schedule>,
    unix_seconds: i64,
) -> Option<i64> {
    let next = |schedule: &Schedule| match schedule {
        Schedule::Default => None,
        Schedule::FixedDate(dates) => {
            let ends = [dates.start, dates.end];
            ends.into_iter().find(|end| *end > unix_seconds)
        }
        Schedule::Recurring(recurrence) => recurrence.next_start(unix_seconds),
    };
    schedules.into_iter().filter_map(next).min()
}

impl Schedule {
    /// A description, such as `every Monday to Friday at 08:00, W. Europe Standard Time (Europe/Berlin)`.
    pub fn describe(&self) -> String {
        match self {
            Self::Default => "when no other profile applies".to_owned(),
            Self::FixedDate(dates) => dates.describe(),
            Self::Recurring(recurrence) => recurrence.describe(),
        }
    }
}

impl FixedDate {
    /// The span from `start` to `end`. Each is written like `2026-12-24T18:00:00`, with or without a fraction and an
    /// offset.
    ///
    /// With a `zone`, both are local times in it, and their offsets are ignored (assumed). Without a zone, an offset
    /// counts, and a time without an offset is UTC. The error is a sentence.
    pub fn new(zone: Option<TimeZone>, start: &str, end: &str) -> Result<Self, String> {
        let read = |text: &str| -> Result<(i64, bool), String> {
            let written = WrittenTime::parse(text)?;
            let by_offset = written.by_offset();
            let instant = match &zone {
                Some(zone) => written.within(zone),
                None => by_offset.or_else(|| written.within(&TimeZone::UTC)),
            };
            let instant = instant.ok_or_else(|| out_of_range(text))?;
            Ok((instant, by_offset.is_some_and(|other| other != instant)))
        };
        let ((from, from_ignored), (to, to_ignored)) = (read(start)?, read(end)?);
        if to <= from {
            return Err(format!(
                "the end \"{}\" is not after the start \"{}\"",
                shortened(end),
                shortened(start)
            ));
        }
        Ok(Self {
            zone: zone.unwrap_or(TimeZone::UTC),
            start: from,
            end: to,
            offset_ignored: from_ignored || to_ignored,
        })
    }

    /// The span in Unix seconds, without its end.
    pub fn span(&self) -> Range<i64> {
        self.start..self.end
    }

    /// The time zone of the local times.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether a start or an end has an offset that contradicts the time zone.
    pub fn offset_ignored(&self) -> bool {
        self.offset_ignored
    }

    fn describe(&self) -> String {
        let local = |unix_seconds: i64| {
            let format = match unix_seconds.rem_euclid(MINUTE) {
                0 => "%Y-%m-%d %H:%M",
                _ => "%Y-%m-%d %H:%M:%S",
            };
            self.zone.format(unix_seconds, format)
        };
        format!(
            "from {} to {}, {}",
            local(self.start),
            local(self.end),
            self.zone
        )
    }
}

impl Recurrence {
    /// Every combination of a day, an hour, and a minute is a start.
    ///
    /// `frequency` must be `Week`, the only one that Azure supports. Days are English names, complete or with three
    /// letters, in upper or lower case. The error is a sentence.
    pub fn new(
        frequency: &str,
        zone: TimeZone,
        days: &[impl AsRef<str>],
        hours: &[i64],
        minutes: &[i64],
    ) -> Result<Self, String> {
        if !frequency.trim().eq_ignore_ascii_case("Week") {
            let shown = shortened(frequency);
            return Err(format!(
                "the frequency is \"{shown}\"; Azure knows only \"Week\""
            ));
        }
        let mut on = [false; 7];
        for text in days {
            on[day(text.as_ref())?] = true;
        }
        let hours = chosen::<24>(hours, "hour")?;
        let minutes = chosen::<60>(minutes, "minute")?;
        let starts: Box<[u16]> = (0..7 * MINUTES_OF_DAY)
            .filter(|start| {
                let of_day = usize::from(start % MINUTES_OF_DAY);
                on[usize::from(start / MINUTES_OF_DAY)]
                    && hours[of_day / 60]
                    && minutes[of_day % 60]
            })
            .collect();
        if starts.is_empty() {
            return Err("it has no day, no hour or no minute, so it never starts".to_owned());
        }
        Ok(Self { zone, starts })
    }

    /// Minutes since Monday 00:00 on the local clock; sorted, without duplicates, at least one.
    pub fn starts(&self) -> &[u16] {
        &self.starts
    }

    /// The time zone of [`Self::starts`].
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The last start at or before a time. `None` only at the beginning of the calendar.
    fn latest_start(&self, unix_seconds: i64) -> Option<i64> {
        let mut until = unix_seconds.clamp(EARLIEST, LATEST);
        let oldest = until - 2 * WEEK;
        while until >= oldest {
            let Span { start, local, .. } = self.zone.span_at(until);
            let found = local.iter().filter_map(|times| {
                let start = self.last_local((until + times.offset).min(times.to - 1));
                (start >= times.from).then_some(start - times.offset)
            });
            if let Some(latest) = found.max() {
                return Some(latest);
            }
            until = start? - 1;
        }
        None
    }

    /// The first start after a time. `None` only at the end of the calendar.
    fn next_start(&self, unix_seconds: i64) -> Option<i64> {
        if unix_seconds >= LATEST {
            return None;
        }
        let mut from = unix_seconds.max(EARLIEST) + 1;
        let newest = (from + 2 * WEEK).min(LATEST);
        while from <= newest {
            let Span { end, local, .. } = self.zone.span_at(from);
            let found = local.iter().filter_map(|times| {
                let start = self.first_local((from + times.offset).max(times.from));
                (start < times.to).then_some(start - times.offset)
            });
            if let Some(first) = found.min() {
                return (first <= LATEST).then_some(first);
            }
            from = end?;
        }
        None
    }

    /// The last start at or before a local time, both in seconds since 1970-01-01T00:00 on the local clock.
    fn last_local(&self, local: i64) -> i64 {
        let week = monday(local);
        let later = self
            .starts
            .partition_point(|start| week + seconds(*start) <= local);
        match later.checked_sub(1) {
            Some(index) => week + seconds(self.starts[index]),
            None => week - WEEK + seconds(self.starts[self.starts.len() - 1]),
        }
    }

    /// The first start at or after a local time, both in seconds since 1970-01-01T00:00 on the local clock.
    fn first_local(&self, local: i64) -> i64 {
        let week = monday(local);
        let first = self
            .starts
            .partition_point(|start| week + seconds(*start) < local);
        match self.starts.get(first) {
            Some(start) => week + seconds(*start),
            None => week + WEEK + seconds(self.starts[0]),
        }
    }

    fn describe(&self) -> String {
        let on = |day: usize| {
            let is_of_day = |start: &u16| usize::from(start / MINUTES_OF_DAY) == day;
            self.starts.iter().any(is_of_day)
        };
        let days: Vec<usize> = (0..DAYS.len()).filter(|day| on(*day)).collect();
        // All days have the same times.
        let times: Vec<String> = self.starts[..self.starts.len() / days.len()]
            .iter()
            .map(|start| start % MINUTES_OF_DAY)
            .map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60))
            .collect();
        format!(
            "every {} at {}, {}",
            days_in_words(&days),
            listed(&times),
            self.zone
        )
    }
}

/// Midnight of the Monday on or before a local time.
fn monday(local: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    local - (local + 3 * DAY).rem_euclid(WEEK)
}

fn seconds(start: u16) -> i64 {
    i64::from(start) * MINUTE
}

/// The index of a day, from Monday.
fn day(text: &str) -> Result<usize, String> {
    let name = text.trim();
    let is_name =
        |day: &&str| name.eq_ignore_ascii_case(day) || name.eq_ignore_ascii_case(&day[..3]);
    DAYS.iter().position(is_name).ok_or_else(|| {
        let shown = shortened(text);
        format!("\"{shown}\" is not a day of the week; write Monday to Sunday")
    })
}

/// For each number below `N`, whether `numbers` contains it.
fn chosen<const N: usize>(numbers: &[i64], noun: &str) -> Result<[bool; N], String> {
    let mut chosen = [false; N];
    for number in numbers {
        let place = usize::try_from(*number)
            .ok()
            .and_then(|index| chosen.get_mut(index));
        *place.ok_or_else(|| format!("the {noun} {number} is not between 0 and {}", N - 1))? = true;
    }
    Ok(chosen)
}

/// For example `Monday to Friday`, `Saturday and Sunday`, or `day` for all seven.
fn days_in_words(days: &[usize]) -> String {
    if days.len() == DAYS.len() {
        return "day".to_owned();
    }
    let runs = days.chunk_by(|day, next| day + 1 == *next);
    let words: Vec<String> = runs
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("{} to {}", DAYS[*first], DAYS[*last])],
            few => few.iter().map(|day| DAYS[*day].to_owned()).collect(),
        })
        .collect();
    listed(&words)
}

/// For example `a, b and c`. Of more than six words, the first three are listed, followed by the number of the
/// others.
fn listed(words: &[String]) -> String {
    match words {
        [first, second, third, rest @ ..] if rest.len() > 3 => {
            format!("{first}, {second}, {third} and {} more times", rest.len())
        }
        [few @ .., last] if !few.is_empty() => format!("{} and {last}", few.join(", ")),
        few => few.concat(),
    }
}
