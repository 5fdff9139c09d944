//! When a timer fires: a cron expression or a time span, in a time zone (`TimerSchedule.cs`, `CronSchedule.cs` and
//! `ConstantSchedule.cs` of azure-webjobs-sdk-extensions). Pure.

use std::fmt;
use std::time::Duration;

use anyhow::{anyhow, bail};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::configuration::timespan;
use super::cron::Cron;
use super::environment::Environment;

/// The form of a schedule, for error messages.
const FORM: &str = "write six fields, second minute hour day month day-of-week, such as \"0 */5 * * * *\" for every five minutes, or a time span such as \"00:05:00\"";

/// When a timer fires.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Schedule {
    /// The text with its settings replaced.
    text: String,
    rule: Rule,
    zone: TimeZone,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Cron(Cron),
    /// This long after its last run.
    Constant(Duration),
}

impl Schedule {
    /// Reads a schedule. `%NAME%` is replaced by the setting with this name.
    ///
    /// # Errors
    /// The error in the host's words, and the form of a schedule.
    pub(super) fn read(text: &str, environment: &Environment) -> anyhow::Result<Self> {
        let text = resolve(text, environment)?;
        let rule = match Cron::parse(&text) {
            Ok(cron) => Rule::Cron(cron),
            Err(_) if is_not_positive(&text) => bail!(
                "the schedule '{text}' is a time span, which must be longer than zero, such as \"00:05:00\""
            ),
            Err(error) => Rule::Constant(span(&text).ok_or_else(|| {
                // Only a time span has a colon.
                let cause = if text.contains(':') {
                    String::new()
                } else {
                    format!(" ({error})")
                };
                anyhow!(
                    "the schedule expression '{text}' was not recognized as a valid cron expression or timespan string{cause}; {FORM}"
                )
            })?),
        };
        Ok(Self {
            text,
            rule,
            zone: time_zone(environment)?,
        })
    }

    /// The first time after `now`; `None` only at the end of the calendar.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Constant(span) => now.checked_add(*span).ok(),
            Rule::Cron(cron) => self.next_of(cron, now),
        }
    }

    /// `CronSchedule.GetNextOccurrence`: a local time that clocks skip has the offset before the change. Of a local
    /// time that occurs twice, the second one is used, unless `TryAdjustAmbiguousTime` decides otherwise.
    fn next_of(&self, cron: &Cron, now: Timestamp) -> Option<Timestamp> {
        let local = cron.next(self.zone.to_datetime(now))?;
        let next = self.at(local)?;
        let is_next_ambiguous = self.is_ambiguous(next);
        if !is_next_ambiguous && !self.is_ambiguous(now) {
            return Some(next);
        }
        let change = seconds(self.zone.to_offset(next)) - seconds(self.zone.to_offset(now));
        match (cron.is_interval(), is_next_ambiguous) {
            // An interval continues through the hour that occurs twice. A point in time fires in the first one.
            (true, _) | (false, true) if change != 0 => {
                next.checked_add(SignedDuration::from_secs(change)).ok()
            }
            // It has already fired in the first one.
            (false, true) => {
                let mut local = local;
                while matches!(
                    self.zone.to_ambiguous_timestamp(local).offset(),
                    AmbiguousOffset::Fold { .. }
                ) {
                    local = cron.next(local)?;
                }
                self.at(local)
            }
            _ => Some(next),
        }
    }

    /// The moment at which clocks show this time.
    fn at(&self, local: DateTime) -> Option<Timestamp> {
        // For a skipped time, `later` uses the offset before the gap.
        self.zone.to_ambiguous_timestamp(local).later().ok()
    }

    fn is_ambiguous(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let offset = self.zone.to_ambiguous_timestamp(local).offset();
        matches!(offset, AmbiguousOffset::Fold { .. })
    }

    /// Whether it fires so often that the host does not record it (`TimerSchedule.Create`).
    pub(super) fn is_frequent(&self) -> bool {
        match &self.rule {
            Rule::Cron(cron) => cron.is_frequent(),
            Rule::Constant(span) => *span < Duration::from_secs(60),
        }
    }

    /// The value of `AdjustForDST` for handlers.
    pub(super) fn adjusts_for_dst(&self) -> bool {
        matches!(self.rule, Rule::Cron(_))
    }

    /// A moment as .NET writes a local time: with the zone's offset, and with a fraction of a second if there is one.
    pub(super) fn local(&self, at: Timestamp) -> String {
        let offset = self.zone.to_offset(at);
        at.display_with_offset(offset).to_string()
    }
}

/// The form in the host's log.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Cron(_) => write!(f, "Cron: '{}'", self.text),
            Rule::Constant(span) => {
                let (days, left) = (span.as_secs() / 86_400, span.as_secs() % 86_400);
                write!(f, "Constant: ")?;
                if days > 0 {
                    write!(f, "{days}.")?;
                }
                write!(
                    f,
                    "{:02}:{:02}:{:02}",
                    left / 3_600,
                    left / 60 % 60,
                    left % 60
                )?;
                match span.subsec_nanos() / 100 {
                    0 => Ok(()),
                    ticks => write!(f, ".{ticks:07}"),
                }
            }
        }
    }
}

fn seconds(offset: Offset) -> i64 {
    offset.seconds().into()
}

/// A time span. A single number is a number of days.
fn span(text: &str) -> Option<Duration> {
    let days = text.trim().parse::<u32>().ok().filter(|days| *days > 0);
    let span = days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
    span.or_else(|| timespan(&Value::from(text)).ok())
}

/// Whether it is a time span of zero or below.
fn is_not_positive(text: &str) -> bool {
    let text = text.trim();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_zero = unsigned.contains('0')
        && unsigned
            .bytes()
            .all(|byte| matches!(byte, b'0' | b':' | b'.'));
    is_zero || unsigned.len() < text.len() && span(unsigned).is_some()
}

/// Replaces each `%NAME%` by the setting (`NameResolverExtensions.ResolveWholeString` of azure-webjobs-sdk).
fn resolve(text: &str, environment: &Environment) -> anyhow::Result<String> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let (name, after) = after
            .split_once('%')
            .ok_or_else(|| anyhow!("the '%' in {text:?} has no closing '%'"))?;
        let value = environment.var(name).ok_or_else(|| {
            anyhow!("'%{name}%' does not resolve to a value; set {name}, for example in local.settings.json")
        })?;
        resolved.push_str(before);
        resolved.push_str(value);
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// The zone of `WEBSITE_TIME_ZONE`, which has an IANA name on Linux; UTC without it.
fn time_zone(environment: &Environment) -> anyhow::Result<TimeZone> {
    match environment.var("WEBSITE_TIME_ZONE").map(str::trim) {
        None | Some("") => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| {
            anyhow!("WEBSITE_TIME_ZONE is {name:?}, which is not an IANA time zone; set it to a name such as Europe/Berlin (Linux plans accept no Windows names)")
        }),
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
