//! The time at which a simulation begins. Only profiles with a calendar depend on it.

use anyhow::Context as _;
use autoscale::schedule::{Recurrence, Schedule};
use autoscale::time_zone::{self, TimeZone};
use autoscale::{Finding, Kind, Setting};

use crate::load::{self, Load};

/// The time of a simulation's first second.
pub(crate) struct Start {
    pub(crate) unix_seconds: i64,
    zone: TimeZone,
    /// Whether neither the user nor the load says when it is.
    assumed: bool,
}

/// The zone of times without an offset: the one that is named, else that of the first profile with a calendar, else UTC.
pub(crate) fn zone(named: Option<&str>, setting: &Setting) -> anyhow::Result<TimeZone> {
    if let Some(name) = named {
        return TimeZone::named(name).with_context(|| {
            format!("--timezone {name:?} is no time zone; give a name such as Europe/Berlin or \"W. Europe Standard Time\"")
        });
    }
    let zones = setting.profiles.iter();
    let zone = zones.filter_map(|profile| match &profile.schedule {
        Schedule::Default => None,
        Schedule::FixedDate(dates) => Some(dates.zone()),
        Schedule::Recurring(recurrence) => Some(Recurrence::zone(recurrence)),
    });
    Ok(zone.cloned().next().unwrap_or(TimeZone::UTC))
}

impl Start {
    /// The time that the user gives, else the load's first time, else a Monday.
    pub(crate) fn of(given: Option<&str>, zone: &TimeZone, load: &Load) -> anyhow::Result<Self> {
        let (unix_seconds, assumed) = match (given, load.start()) {
            (Some(text), _) => {
                let start = time_zone::parse_start(text, zone);
                (start.map_err(anyhow::Error::msg).context("--start")?, false)
            }
            (None, Some(load::Start::Utc(seconds))) => (seconds, false),
            (None, Some(load::Start::Local(seconds))) => (zone.unix_seconds(seconds), false),
            (None, None) => (time_zone::default_start(zone), true),
        };
        Ok(Self {
            unix_seconds,
            zone: zone.clone(),
            assumed,
        })
    }

    /// The zone of local times.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether somebody gave the time, or the setting depends on it.
    pub(crate) fn matters(&self, setting: &Setting) -> bool {
        !self.assumed || has_calendar(setting)
    }

    /// A line of the output; empty where the time plays no part.
    pub(crate) fn describe(&self, setting: &Setting) -> String {
        if !self.matters(setting) {
            return String::new();
        }
        let local = time_zone::format_local(self.unix_seconds, &self.zone);
        format!("start   {local}, {}\n", self.zone)
    }

    /// Says that the time is assumed, where it matters.
    pub(crate) fn finding(&self, setting: &Setting) -> Option<Finding> {
        (self.assumed && has_calendar(setting)).then(|| Finding {
            kind: Kind::Assumed,
            code: "start",
            place: String::new(),
            message: format!(
                "the load has no time of day. It begins on {}, {}.",
                time_zone::format_local(self.unix_seconds, &self.zone),
                self.zone
            ),
            remedy: "Give the time with --start.".to_owned(),
        })
    }
}

fn has_calendar(setting: &Setting) -> bool {
    let mut profiles = setting.profiles.iter();
    profiles.any(|profile| profile.schedule != Schedule::Default)
}
