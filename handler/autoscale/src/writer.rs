//! Settings written in the JSON of Azure Resource Manager (`Microsoft.Insights/autoscaleSettings`, API 2022-10-01).

use serde_json::{Map, Value, json};

use super::duration;
use super::profile::{Dimension, Metric, Profile, Rule, Setting};

impl Setting {
    /// The setting's properties as Azure takes them, to be passed on; [`RuleFile::read`](super::RuleFile::read) reads them
    /// back as they were.
    pub fn to_arm(&self) -> Value {
        let profiles: Vec<Value> = self
            .profiles
            .iter()
            .map(|profile| profile.to_arm(&self.metrics))
            .collect();
        let mut setting = json!({"enabled": self.enabled, "profiles": profiles});
        if !self.name.is_empty() {
            setting["name"] = json!(self.name);
        }
        if let Some(target) = &self.target {
            setting["targetResourceUri"] = json!(target);
        }
        setting
    }
}

impl Profile {
    /// The profile in the schema.
    pub fn to_arm(&self, metrics: &[Metric]) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(|rule| rule.to_arm(metrics)).collect();
        let mut profile = json!({
            "name": self.name,
            "capacity": {
                "minimum": self.capacity.minimum.to_string(),
                "maximum": self.capacity.maximum.to_string(),
                "default": self.capacity.default.to_string(),
            },
            "rules": rules,
        });
        if let Some((field, calendar)) = self.schedule.to_arm() {
            profile[field] = calendar;
        }
        profile
    }
}

impl Rule {
    fn to_arm(&self, metrics: &[Metric]) -> Value {
        let mut trigger = Map::new();
        if let Some(metric) = metrics.get(self.metric) {
            trigger.insert("metricName".to_owned(), json!(metric.name));
            if let Some(namespace) = &metric.namespace {
                trigger.insert("metricNamespace".to_owned(), json!(namespace));
            }
            if let Some(resource) = &metric.resource {
                trigger.insert("metricResourceUri".to_owned(), json!(resource));
            }
            if !metric.dimensions.is_empty() {
                let dimensions: Vec<Value> = metric.dimensions.iter().map(Dimension::to_arm).collect();
                trigger.insert("dimensions".to_owned(), json!(dimensions));
            }
        }
        let condition = json!({
            "timeGrain": duration::format(self.time_grain),
            "statistic": self.statistic.name(),
            "timeWindow": duration::format(self.time_window),
            "timeAggregation": self.time_aggregation.name(),
            "operator": self.operator.name(),
            "threshold": self.threshold,
            "dividePerInstance": self.divide_per_instance,
        });
        trigger.extend(condition.as_object().cloned().unwrap_or_default());
        json!({
            "metricTrigger": trigger,
            "scaleAction": {
                "direction": self.direction.name(),
                "type": self.change.name(),
                "value": self.change.value().to_string(),
                "cooldown": duration::format(self.cooldown),
            },
        })
    }
}

impl Dimension {
    fn to_arm(&self) -> Value {
        json!({"DimensionName": self.name, "Operator": self.operator, "Values": self.values})
    }
}
