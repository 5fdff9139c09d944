//! Writes settings as JSON of Azure Resource Manager (`Microsoft.Insights/autoscaleSettings`, API 2022-10-01).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::duration;
use super::profile::{Dimension, Metric, Profile, Rule, Setting};
use super::schedule::{DAYS, FixedDate, Recurrence, Schedule};

impl Setting {
    /// The setting's properties in Azure's form. [`RuleFile::read`](super::RuleFile::read) reads them back unchanged.
    pub fn to_arm(&self) -> Value {
        let profiles: Vec<Value> = self
            .profiles
            .iter()
            .map(|profile| profile.written(&self.metrics, self.target.as_deref()))
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
    /// The profile in the schema's form.
    pub fn to_arm(&self, metrics: &[Metric]) -> Value {
        self.written(metrics, None)
    }

    /// The same for a profile in a setting. Metrics that name no resource belong to the setting's target.
    fn written(&self, metrics: &[Metric], target: Option<&str>) -> Value {
        let rules = self.rules.iter();
        let rules: Vec<Value> = rules.map(|rule| rule.to_arm(metrics, target)).collect();
        let mut profile = json!({
            "name": self.name,
            "capacity": {
                "minimum": self.capacity.minimum.to_string(),
                "maximum": self.capacity.maximum.to_string(),
                "default": self.capacity.default.to_string(),
            },
            "rules": rules,
        });
        match &self.schedule {
            Schedule::Default => {}
            Schedule::FixedDate(dates) => profile["fixedDate"] = fixed_date(dates),
            Schedule::Recurring(recurrence) => profile["recurrence"] = weekly(recurrence),
        }
        profile
    }
}

fn fixed_date(dates: &FixedDate) -> Value {
    let local = |unix_seconds: i64| dates.zone().format(unix_seconds, "%Y-%m-%dT%H:%M:%S");
    let span = dates.span();
    json!({"timeZone": dates.zone().name(), "start": local(span.start), "end": local(span.end)})
}

/// Every combination of the days, hours, and minutes is a start, as when the setting was read.
fn weekly(recurrence: &Recurrence) -> Value {
    let parts = |part: fn(u16) -> u16| {
        let parts: BTreeSet<u16> = recurrence
            .starts()
            .iter()
            .map(|start| part(*start))
            .collect();
        parts.into_iter().collect::<Vec<_>>()
    };
    let days = parts(|start| start / (24 * 60));
    let days: Vec<&str> = days.into_iter().map(|day| DAYS[usize::from(day)]).collect();
    json!({
        "frequency": "Week",
        "schedule": {
            "timeZone": recurrence.zone().name(),
            "days": days,
            "hours": parts(|start| start % (24 * 60) / 60),
            "minutes": parts(|start| start % 60),
        },
    })
}

impl Rule {
    fn to_arm(&self, metrics: &[Metric], target: Option<&str>) -> Value {
        let mut trigger = Map::new();
        if let Some(metric) = metrics.get(self.metric) {
            trigger.insert("metricName".to_owned(), json!(metric.name));
            if let Some(namespace) = &metric.namespace {
                trigger.insert("metricNamespace".to_owned(), json!(namespace));
            }
            if let Some(resource) = metric.resource.as_deref().or(target) {
                trigger.insert("metricResourceUri".to_owned(), json!(resource));
            }
            if !metric.dimensions.is_empty() {
                let dimensions: Vec<Value> =
                    metric.dimensions.iter().map(Dimension::to_arm).collect();
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
