//! Times in options, for the calendar of the rules.

use anyhow::Context as _;
use autoscale::Setting;
use autoscale::schedule::{Recurrence, Schedule};
use autoscale::time_zone::{self, TimeZone};

/// The zone of times without an offset: the zone in `--timezone`, or else that of the first profile with a calendar,
/// or else UTC.
///
/// # Errors
/// One sentence if there is no such time zone.
pub fn zone(named: Option<&str>, settings: &[&Setting]) -> anyhow::Result<TimeZone> {
    if let Some(name) = named {
        return TimeZone::named(name).with_context(|| {
            format!("--timezone {name:?} is not a time zone; give a name such as Europe/Berlin or \"W. Europe Standard Time\"")
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

/// The time of `--start`, in Unix seconds.
///
/// # Errors
/// One sentence if the text is not a time.
pub fn start(text: &str, zone: &TimeZone) -> anyhow::Result<i64> {
    time_zone::parse_start(text, zone)
        .map_err(anyhow::Error::msg)
        .context("--start")
}

/// Whether a profile applies only at certain times.
pub fn has_calendar(setting: &Setting) -> bool {
    let mut profiles = setting.profiles.iter();
    profiles.any(|profile| profile.schedule != Schedule::Default)
}
