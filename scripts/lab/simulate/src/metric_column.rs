//! Where a load has the samples of a metric that rules look at.

use crate::load::{self, Load};

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
