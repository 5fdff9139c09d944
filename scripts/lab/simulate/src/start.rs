//! The time at which a simulation begins. Only profiles with a calendar depend on it.

use std::path::Path;

use anyhow::Context as _;
use autoscale::schedule::{Recurrence, Schedule};
use autoscale::time_zone::{self, TimeZone};
use autoscale::{Finding, Kind, Setting};

use crate::input::Source;
use crate::load::{self, Load, ReadOptions};

/// The time of a simulation's first second.
pub(crate) struct Start {
    pub(crate) unix_seconds: i64,
    zone: TimeZone,
    /// Whether neither the user nor the load says when it is.
    assumed: bool,
}

/// What the options of a command say about a load.
pub(crate) struct Given<'a> {
    pub(crate) path: &'a Path,
    pub(crate) start: Option<&'a str>,
    pub(crate) time_zone: Option<&'a str>,
}

/// The load, for all of these settings, and the time at which it begins.
pub(crate) fn read(given: &Given<'_>, settings: &[&Setting]) -> anyhow::Result<(Load, Start)> {
    let zone = zone(given.time_zone, settings)?;
    let source = Source::open(given.path)?;
    let metrics = settings.iter().flat_map(|setting| &setting.metrics);
    let rule_metrics: Vec<&str> = metrics.map(|metric| metric.name.as_str()).collect();
    let read = |instances| {
        source.read(&ReadOptions {
            instances,
            rule_metrics: &rule_metrics,
            local: Some(&|local_seconds| zone.unix_seconds(local_seconds)),
        })
    };
    // A load without recorded counts is that of the default count, and which default counts depends on the start.
    let first = settings[0];
    let instances = first.profiles[0].capacity.default;
    let mut load = read(instances)?;
    let start = Start::of(given.start, &zone, &load)?;
    let active = first.active(start.unix_seconds).unwrap_or_default();
    let at_start = first.profiles[active].capacity.default;
    if at_start != instances {
        load = read(at_start)?;
    }
    Ok((load, start))
}

/// The zone of times without an offset: the one that is named, else that of the first profile with a calendar, else UTC.
pub(crate) fn zone(named: Option<&str>, settings: &[&Setting]) -> anyhow::Result<TimeZone> {
    if let Some(name) = named {
        return TimeZone::named(name).with_context(|| {
            format!("--timezone {name:?} is no time zone; give a name such as Europe/Berlin or \"W. Europe Standard Time\"")
        });
    }
    let profiles = settings.iter().flat_map(|setting| &setting.profiles);
    let mut zones = profiles.filter_map(|profile| match &profile.schedule {
        Schedule::Default => None,
        Schedule::FixedDate(dates) => Some(dates.zone()),
        Schedule::Recurring(recurrence) => Some(Recurrence::zone(recurrence)),
    });
    Ok(zones.next().cloned().unwrap_or(TimeZone::UTC))
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

    /// A line of the output.
    pub(crate) fn describe(&self) -> String {
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
