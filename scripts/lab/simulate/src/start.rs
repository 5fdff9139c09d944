//! The start time of a simulation. Only profiles with a calendar depend on it.

use std::path::Path;

use anyhow::ensure;
use autoscale::time_zone::{self, TimeZone};
use autoscale::{Finding, Kind, Setting};
use recorded_load::{Load, ReadOptions, Source};
use rules::has_calendar;

/// Limits a simulation to some seconds: two months of evaluations every second.
const MOST_EVALUATIONS: u64 = 5_300_000;

/// The time of a simulation's first second.
pub(crate) struct Start {
    pub(crate) unix_seconds: i64,
    zone: TimeZone,
    /// Whether neither the user nor the load specifies it.
    assumed: bool,
}

/// The options of a command that describe a load.
pub(crate) struct Given<'a> {
    pub(crate) path: &'a Path,
    pub(crate) start: Option<&'a str>,
    pub(crate) time_zone: Option<&'a str>,
    pub(crate) evaluate_seconds: u64,
}

/// The load, for all of these settings, and its start time.
pub(crate) fn read(given: &Given<'_>, settings: &[&Setting]) -> anyhow::Result<(Load, Start)> {
    let zone = rules::zone(given.time_zone, settings)?;
    let source = Source::open(given.path)?;
    let metrics = settings.iter().flat_map(|setting| &setting.metrics);
    let rule_metrics: Vec<&str> = metrics.map(|metric| metric.name.as_str()).collect();
    let read = |instances| {
        source.read(&ReadOptions {
            instances,
            rule_metrics: &rule_metrics,
            metrics_only: false,
            local: Some(&|local_seconds| zone.unix_seconds(local_seconds)),
        })
    };
    // Without recorded counts, the load is calculated with the default count, which depends on the start.
    let first = settings[0];
    let instances = first.profiles[0].capacity.default;
    let mut load = read(instances)?;
    let start = Start::of(given.start, &zone, &load)?;
    let active = first.active(start.unix_seconds).unwrap_or_default();
    let at_start = first.profiles[active].capacity.default;
    if at_start != instances {
        load = read(at_start)?;
    }
    let evaluations = load.seconds() / given.evaluate_seconds;
    ensure!(
        evaluations <= MOST_EVALUATIONS,
        "{evaluations} evaluations are more than can be simulated at once: raise --evaluate-seconds to {} or shorten the load",
        load.seconds().div_ceil(MOST_EVALUATIONS),
    );
    Ok((load, start))
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

    /// The zone of local times.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
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
