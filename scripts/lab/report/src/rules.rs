//! The active rules, as far as the verdict and the charts need them.

use autoscale::{Direction, Operator};
use run_record::Run;
use run_record::format::{decimal, span};
use serde::Deserialize;
use serde_json::Value;

/// A rule in words that can be compared; times in Azure seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// The metric's name.
    pub(crate) metric: String,
    /// How the value is compared.
    pub(crate) operator: Operator,
    /// What it is compared with.
    pub(crate) threshold: f64,
    /// The time window in Azure seconds.
    pub(crate) window: f64,
    /// Whether the rule scales out.
    pub(crate) out: bool,
    /// The cooldown in Azure seconds.
    pub(crate) cooldown: f64,
    /// By how much it changes the count, as the rules write it.
    pub(crate) value: String,
    /// What the value counts, such as `ChangeCount`; empty where the record does not tell.
    pub(crate) change: String,
}

/// As `/api/instances` writes one.
#[derive(Deserialize)]
struct Written {
    metric: String,
    operator: Operator,
    threshold: f64,
    time_window: String,
    direction: Direction,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    change: String,
    cooldown: String,
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
        let value = self.value.trim_matches('"');
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

/// The rules of a list, as `/api/instances` gives them.
pub(crate) fn rules_of(list: &Value) -> Vec<Rule> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(read)
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
    // In a rule file they are strings.
    let number = |name: &str| match capacity.get(name)? {
        Value::String(text) => text.parse().ok(),
        number => u32::try_from(number.as_u64()?).ok(),
    };
    Some((number("minimum")?, number("maximum")?))
}

fn read(rule: &Value) -> Option<Rule> {
    let written = Written::deserialize(rule).ok()?;
    Some(Rule {
        window: seconds(&written.time_window)?,
        cooldown: seconds(&written.cooldown)?,
        out: written.direction == Direction::Increase,
        value: written.value.to_string(),
        change: written.change,
        metric: written.metric,
        operator: written.operator,
        threshold: written.threshold,
    })
}

fn seconds(text: &str) -> Option<f64> {
    autoscale::parse_duration(text).map(|duration| duration.as_secs_f64())
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
