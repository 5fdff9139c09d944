//! A rule in a few words, as the API and the lab show it.

use serde::Serialize;
use utoipa::ToSchema;

use super::duration;
use super::profile::{Metric, Rule};

/// A rule in a few words; names and values as the rule file writes them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleSummary {
    /// Such as `CpuPercentage`.
    #[schema(example = "CpuPercentage")]
    pub metric: String,
    /// How the window's value is compared with the threshold.
    #[schema(example = "GreaterThan")]
    pub operator: &'static str,
    /// In the metric's unit.
    #[schema(example = 70.0)]
    pub threshold: f64,
    /// The span looked at, ISO 8601.
    #[schema(example = "PT5M")]
    pub time_window: String,
    /// `Increase`, `Decrease`, or `None` for a rule that sets an exact count in either direction.
    #[schema(example = "Increase")]
    pub direction: &'static str,
    /// What `value` counts: `ChangeCount` instances, `PercentChangeCount` percent, or `ExactCount` instances in all.
    #[schema(example = "ChangeCount")]
    pub change: &'static str,
    /// By how much the count changes.
    #[schema(example = 1)]
    pub value: u32,
    /// This rule waits so long after the most recent action of any rule, ISO 8601.
    #[schema(example = "PT5M")]
    pub cooldown: String,
}

impl Rule {
    /// This rule in a few words.
    pub fn summary(&self, metrics: &[Metric]) -> RuleSummary {
        RuleSummary {
            metric: metrics
                .get(self.metric)
                .map_or(String::new(), |metric| metric.name.clone()),
            operator: self.operator.name(),
            threshold: self.threshold,
            time_window: duration::format(self.time_window),
            direction: self.direction.name(),
            change: self.change.name(),
            value: self.change.value(),
            cooldown: duration::format(self.cooldown),
        }
    }
}
