//! The active rules, as far as the verdict and the charts need them.

use autoscale::{Direction, Operator};
use run_record::Run;
use run_record::format::{decimal, span};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A rule as `/api/instances` writes it; times in Azure seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Rule {
    /// The metric's name.
    pub(crate) metric: String,
    /// How the value is compared.
    pub(crate) operator: Operator,
    /// What it is compared with.
    pub(crate) threshold: f64,
    #[serde(rename = "time_window", deserialize_with = "seconds")]
    pub(crate) window: f64,
    /// Whether the rule scales out.
    #[serde(rename = "direction", deserialize_with = "is_increase")]
    pub(crate) out: bool,
    #[serde(deserialize_with = "seconds")]
    pub(crate) cooldown: f64,
    /// By how much it changes the count, as text or as a number.
    #[serde(default)]
    value: Value,
    /// What the value counts, such as `ChangeCount`; empty where the record does not tell.
    #[serde(default)]
    change: String,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration = autoscale::parse_duration(&text);
    let duration = duration.ok_or_else(|| D::Error::custom("not a duration"))?;
    Ok(duration.as_secs_f64())
}

fn is_increase<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Direction::deserialize(deserializer)? == Direction::Increase)
}

impl Rule {
    /// Whether the rule looks at CPU, which is what a run's samples hold.
    pub(crate) fn is_cpu(&self) -> bool {
        matches!(self.metric.as_str(), "CpuPercentage" | "Percentage CPU")
    }

    /// Whether a value of the metric fires it.
    pub(crate) fn fires(&self, value: f64) -> bool {
        self.operator.holds(value, self.threshold)
    }

    /// `CPU > 70% over 5 min`.
    pub(crate) fn condition(&self) -> String {
        let metric = if self.is_cpu() {
            "CPU"
        } else {
            self.metric.as_str()
        };
        format!("{metric} {} over {}", self.comparison(), span(self.window))
    }

    /// `1 more`, `20% fewer`, `to 4`.
    pub(crate) fn action(&self) -> String {
        let value = self.value.to_string();
        let value = value.trim_matches('"');
        let way = if self.out { "more" } else { "fewer" };
        match self.change.as_str() {
            "ExactCount" => format!("to {value}"),
            "PercentChangeCount" => format!("{value}% {way}"),
            _ => format!("{value} {way}"),
        }
    }

    /// `> 70%`.
    pub(crate) fn comparison(&self) -> String {
        let operator = match self.operator {
            Operator::GreaterThan => ">",
            Operator::GreaterThanOrEqual => "≥",
            Operator::LessThan => "<",
            Operator::LessThanOrEqual => "≤",
            Operator::Equals => "=",
            Operator::NotEquals => "≠",
        };
        let unit = if self.is_cpu() { "%" } else { "" };
        format!("{operator} {}{unit}", decimal(self.threshold))
    }
}

/// The rules of the run; `None` where it knows none. A rule that cannot be read is left out.
pub(crate) fn rules(run: &Run) -> Option<Vec<Rule>> {
    let rules = rules_of(&run.rules);
    (!rules.is_empty()).then_some(rules)
}

/// The rules of a list.
pub(crate) fn rules_of(list: &Value) -> Vec<Rule> {
    let rules = list.as_array().into_iter().flatten();
    rules
        .filter_map(|rule| Rule::deserialize(rule).ok())
        .collect()
}

/// The lowest and the highest count allowed, where they are known.
pub(crate) fn limits(run: &Run) -> Option<(u32, u32)> {
    [
        &run.capacity,
        run.profile.get("capacity").unwrap_or(&Value::Null),
    ]
    .into_iter()
    .find_map(limits_of)
}

/// The minimum and the maximum of a capacity.
pub(crate) fn limits_of(capacity: &Value) -> Option<(u32, u32)> {
    let limit = |name: &str| instances(capacity.get(name)?);
    Some((limit("minimum")?, limit("maximum")?))
}

/// A number of instances. Rule files and some versions of Azure's API write it as text.
pub(crate) fn instances(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => u32::try_from(value.as_u64()?).ok(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_come_from_the_fleet_or_from_the_rule_file() {
        let mut run = Run {
            profile: json!({"capacity": {"minimum": "1", "maximum": "3"}}),
            ..Run::default()
        };
        assert_eq!(limits(&run), Some((1, 3)));
        run.capacity = json!({"minimum": 2, "maximum": 5});
        assert_eq!(limits(&run), Some((2, 5)));
        assert_eq!(limits(&Run::default()), None);
    }

    #[test]
    fn a_rule_says_its_condition() {
        let run = Run {
            rules: json!([{"metric": "CpuPercentage", "operator": "GreaterThan", "threshold": 70.0, "time_window": "PT5M",
                "direction": "Increase", "value": 1, "cooldown": "PT5M"}]),
            ..Run::default()
        };
        assert_eq!(rules(&run).unwrap()[0].condition(), "CPU > 70% over 5 min");
        assert_eq!(rules(&Run::default()), None);
    }
}
