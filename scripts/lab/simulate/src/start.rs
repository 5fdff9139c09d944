//! The start time of a simulation. Only profiles with a calendar depend on it.

use autoscale::time_zone::{self, TimeZone};
use autoscale::{Finding, Kind, Setting};
use recorded_load::Load;
use rules::has_calendar;

/// The time of a simulation's first second.
pub(crate) struct Start {
    pub(crate) unix_seconds: i64,
    /// The zone of local times.
    pub(crate) zone: TimeZone,
    /// Whether neither the user nor the load specifies it.
    assumed: bool,
}

impl Start {
    /// The user's time, or else the load's first time, or else a Monday.
    pub(crate) fn of(given: Option<&str>, zone: &TimeZone, load: &Load) -> anyhow::Result<Self> {
        let (unix_seconds, assumed) = match (given, load.start()) {
            (Some(text), _) => (rules::start(text, zone)?, false),
            (None, Some(recorded_load::Start::Utc(seconds))) => (seconds, false),
            (None, Some(recorded_load::Start::Local(seconds))) => {
                (zone.unix_seconds(seconds), false)
            }
            (None, None) => (time_zone::default_start(zone), true),
        };
        Ok(Self {
            unix_seconds,
            zone: zone.clone(),
            assumed,
        })
    }

    /// Whether the time was specified, or the setting depends on it.
    pub(crate) fn matters(&self, setting: &Setting) -> bool {
        !self.assumed || has_calendar(setting)
    }

    /// A line of the output.
    pub(crate) fn describe(&self) -> String {
        let local = time_zone::format_local(self.unix_seconds, &self.zone);
        format!("start   {local}, {}\n", self.zone)
    }

    /// Reports that the time is assumed, if this matters.
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
