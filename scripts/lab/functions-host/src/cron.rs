//! Cron expressions in the dialect of `NCrontab`, which the host uses (`CrontabSchedule.cs`, `CrontabFieldImpl.cs` of
//! github.com/atifaziz/NCrontab; `CronSchedule.cs` of azure-webjobs-sdk-extensions). Pure: local times without a zone.
//!
//! No crate implements this dialect. It differs from others: both the day of the month and the day of the week must
//! match, 7 is not Sunday, a name may be shortened (`M` is Monday, or March), `5-1` is `1-5`, and `L`, `W`, `?` and
//! `#` do not exist.

use std::ops::RangeInclusive;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

/// The calendar repeats after this many days: 400 years.
const CYCLE: u32 = 146_097;

const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: &[&str] = &[
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The allowed values of one field.
struct Kind {
    /// The name in error messages.
    name: &'static str,
    values: RangeInclusive<u8>,
    /// The names of its values, from the lowest; empty if only numbers are allowed.
    names: &'static [&'static str],
}

/// In the order of an expression.
const KINDS: [Kind; 6] = [
    Kind::new("second", 0..=59, &[]),
    Kind::new("minute", 0..=59, &[]),
    Kind::new("hour", 0..=23, &[]),
    Kind::new("day", 1..=31, &[]),
    Kind::new("month", 1..=12, MONTHS),
    Kind::new("day of the week", 0..=6, DAYS),
];

/// The values of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field(u64);

impl Field {
    fn has(self, value: i8) -> bool {
        self.0 >> value & 1 == 1
    }

    /// Whether two values follow each other. The host then writes them as a range or as `*`.
    fn has_range(self) -> bool {
        self.0 & self.0 >> 1 != 0
    }
}

/// A parsed cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    second: Field,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
    has_seconds: bool,
}

impl Cron {
    /// Reads an expression of six fields, or of five without the seconds, which are then 0
    /// (`CronSchedule.HasSeconds`).
    ///
    /// # Errors
    /// The error, as the end of a sentence.
    pub(super) fn parse(expression: &str) -> Result<Self, String> {
        let words: Vec<&str> = expression
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect();
        let has_seconds = match words.len() {
            5 => false,
            6 => true,
            count => {
                let fields = if count == 1 { "field" } else { "fields" };
                return Err(format!("it has {count} {fields} instead of six or five"));
            }
        };
        let mut fields = [Field(1); 6];
        let first = usize::from(!has_seconds);
        for ((field, kind), word) in fields.iter_mut().zip(&KINDS).skip(first).zip(words) {
            *field = kind.parse(word)?;
        }
        let [second, minute, hour, day, month, weekday] = fields;
        let cron = Self {
            second,
            minute,
            hour,
            day,
            month,
            weekday,
            has_seconds,
        };
        // The host would load it, but never run it.
        match cron.next(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)) {
            Some(_) => Ok(cron),
            None => Err("no month of it has such a day".to_owned()),
        }
    }

    /// The first local time after `after` that matches; in whole seconds, as the host counts.
    pub(super) fn next(&self, after: DateTime) -> Option<DateTime> {
        let start = after
            .with()
            .subsec_nanosecond(0)
            .build()
            .and_then(|whole| whole.checked_add(1.second()))
            .ok()?;
        let mut date = start.date();
        let mut from = start.time();
        for _ in 0..=CYCLE {
            if self.has_date(date)
                && let Some(time) = self.at_or_after(from)
            {
                return Some(date.to_datetime(time));
            }
            date = date.tomorrow().ok()?;
            from = Time::midnight();
        }
        None
    }

    fn has_date(&self, date: Date) -> bool {
        self.month.has(date.month())
            && self.day.has(date.day())
            && self.weekday.has(date.weekday().to_sunday_zero_offset())
    }

    /// The first time of a day, starting at `from`.
    fn at_or_after(&self, from: Time) -> Option<Time> {
        for hour in (from.hour()..24).filter(|hour| self.hour.has(*hour)) {
            let is_first = hour == from.hour();
            let minutes = if is_first { from.minute() } else { 0 };
            for minute in (minutes..60).filter(|minute| self.minute.has(*minute)) {
                let is_first = is_first && minute == from.minute();
                let mut seconds = if is_first { from.second() } else { 0 }..60;
                if let Some(second) = seconds.find(|second| self.second.has(*second)) {
                    return Some(Time::constant(hour, minute, second, 0));
                }
            }
        }
        None
    }

    /// Whether it is an interval instead of points in time, which matters when clocks are set back
    /// (`CronSchedule.IsInterval`: the first fields, in the form that the host writes).
    pub(super) fn is_interval(&self) -> bool {
        let is_range = self.minute.has_range() || self.hour.has_range();
        is_range || self.has_seconds && self.second.has_range()
    }

    /// Whether it always matches more than once a minute (`TimerSchedule.ShouldDisableScheduleMonitor`).
    pub(super) fn is_frequent(&self) -> bool {
        let rest = [self.minute, self.hour, self.day, self.month, self.weekday];
        self.second.0.count_ones() > 1
            && rest
                .iter()
                .zip(&KINDS[1..])
                .all(|(field, kind)| *field == kind.all())
    }
}

impl Kind {
    const fn new(
        name: &'static str,
        values: RangeInclusive<u8>,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            values,
            names,
        }
    }

    fn all(&self) -> Field {
        self.range(*self.values.start(), *self.values.end(), 1)
    }

    fn range(&self, first: u8, last: u8, step: usize) -> Field {
        let values = (first..=last).step_by(step);
        Field(values.fold(0, |bits, value| bits | 1 << value))
    }

    /// `CrontabFieldImpl.InternalParse`: a list. Each part is `*`, a value or a range, optionally with a step.
    fn parse(&self, text: &str) -> Result<Field, String> {
        let parts = if text.starts_with(',') {
            vec![text]
        } else {
            text.split(',').collect()
        };
        let mut fields = parts.into_iter().map(|part| self.part(part));
        fields.try_fold(Field(0), |all, field| Ok(Field(all.0 | field?.0)))
    }

    fn part(&self, text: &str) -> Result<Field, String> {
        let (text, step) = match text.split_once('/') {
            Some((text, step)) if !text.is_empty() => {
                let step: i32 = step.parse().map_err(|_| {
                    format!("its step {step:?} of the {} is not a number", self.name)
                })?;
                // A step below 1 counts as 1.
                (text, Some(usize::try_from(step.max(1)).unwrap_or(1)))
            }
            _ => (text, None),
        };
        let highest = *self.values.end();
        let (first, last) = if text == "*" {
            (*self.values.start(), highest)
        } else {
            match text.split_once('-') {
                Some((first, last)) if !first.is_empty() => (self.value(first)?, self.value(last)?),
                _ => {
                    let value = self.value(text)?;
                    (value, if step.is_some() { highest } else { value })
                }
            }
        };
        Ok(self.range(first.min(last), first.max(last), step.unwrap_or(1)))
    }

    fn value(&self, text: &str) -> Result<u8, String> {
        let lowest = *self.values.start();
        let number = if text.starts_with(|first: char| first.is_ascii_digit()) {
            text.parse().ok()
        } else if text.is_empty() {
            None
        } else {
            let named = |name: &&str| {
                name.get(..text.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(text))
            };
            (lowest..)
                .zip(self.names)
                .find(|(_, name)| named(name))
                .map(|(value, _)| value)
        };
        number
            .filter(|number| self.values.contains(number))
            .ok_or_else(|| {
                let or_names = match self.names {
                    [] => String::new(),
                    [first, .., last] => format!(", or a name from {first} to {last}"),
                    [only] => format!(", or {only}"),
                };
                format!(
                    "its {} is {text:?} but must be from {lowest} to {}{or_names}",
                    self.name,
                    self.values.end()
                )
            })
    }
}

#[cfg(test)]
#[path = "cron_tests.rs"]
mod tests;
