//! Where a load has the samples of a metric that rules look at.

use std::time::Duration;

use autoscale::{Minute, Setting};

use crate::load::{self, Load};

const MINUTE: u64 = 60;

/// The name of the metric's column: that of the metric, with the resource's where it is another than the scaled one, as
/// that may have a metric of the same name.
pub(crate) fn name(metric: &autoscale::Metric) -> String {
    match metric.resource_name() {
        Some(resource) => format!("{}@{resource}", metric.name),
        None => metric.name.clone(),
    }
}

/// The metric's samples in the load, if it has them.
pub(crate) fn of<'a>(load: &'a Load, metric: &autoscale::Metric) -> Option<&'a load::Metric> {
    load.metric(&name(metric)).or(load.metric(&metric.name))
}

/// The recorded metrics of the load that the setting's rules look at; nothing for the CPU of the instances, which the
/// simulation makes. Second 0 is `before` seconds after the start of their time.
pub(crate) fn minutes(setting: &Setting, load: &Load, before: u64) -> Vec<Vec<Minute>> {
    let metrics = setting.metrics.iter();
    metrics
        .map(|metric| match metric.fleet_cpu {
            true => Vec::new(),
            false => minutes_of(of(load, metric), before, load.seconds()),
        })
        .collect()
}

/// A sample holds until the next one; a minute has the value that holds when it begins. What holds first is assumed to
/// have held before.
fn minutes_of(metric: Option<&load::Metric>, before: u64, seconds: u64) -> Vec<Minute> {
    let Some(metric) = metric else {
        return Vec::new();
    };
    let before = before / MINUTE;
    let value = |minute: u64| metric.at(minute.saturating_sub(before) * MINUTE);
    (1..before + seconds / MINUTE)
        .filter_map(|minute| {
            let end = Duration::from_secs((minute + 1) * MINUTE);
            value(minute).map(|value| Minute::even(end, value, 1))
        })
        .collect()
}
