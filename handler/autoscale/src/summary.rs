//! A short form of a rule, for the API and the lab.

use serde::Serialize;
use utoipa::ToSchema;

use super::duration;
use super::profile::{Metric, Rule};

/// A rule in short form, with the names and values of the rule file.
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
    /// The span that the rule evaluates, ISO 8601.
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
    /// The time that this rule waits after the last action of any rule, ISO 8601.
    #[schema(example = "PT5M")]
    pub cooldown: String,
}

impl Rule {
    /// The short form of this rule.
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
