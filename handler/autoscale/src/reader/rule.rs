//! One rule: its condition and its action.

use std::time::Duration;

use super::super::duration;
use super::super::finding::Kind;
use super::super::place::Place;
use super::super::profile::{
    Aggregation, Change, Direction, MOST_INSTANCES, Operator, Rule, Statistic,
};
use super::Reader;

/// The time grains of Azure Monitor's platform metrics, up to the longest that a rule may have
/// (`metricAvailabilities` in the definition of a metric).
const GRAIN_MINUTES: [u64; 7] = [1, 5, 15, 30, 60, 360, 720];

impl Reader<'_> {
    pub(super) fn rule(&mut self, place: &Place<'_>) -> Option<Rule> {
        if !self.is_object(place, "a rule with metricTrigger and scaleAction") {
            return None;
        }
        self.other_fields(place, &["metricTrigger", "scaleAction"]);
        let trigger = place.field(&["metricTrigger"]);
        if trigger.is_none() {
            let accepted = "an object with metricName, operator, threshold and more";
            self.missing(place, "metricTrigger", accepted);
        }
        let action = place.field(&["scaleAction"]);
        if action.is_none() {
            let accepted = "an object with direction, type, value and cooldown";
            self.missing(place, "scaleAction", accepted);
        }
        // Both parts are read, so that the problems of both are reported.
        let condition = trigger.and_then(|trigger| self.trigger(&trigger));
        let action = action.and_then(|action| self.action(&action));
        let (condition, (direction, change, cooldown)) = (condition?, action?);
        Some(Rule {
            direction,
            change,
            cooldown,
            ..condition
        })
    }

    /// Reads the rule's condition. Its action is read elsewhere.
    fn trigger(&mut self, trigger: &Place<'_>) -> Option<Rule> {
        if !self.is_object(
            trigger,
            "an object with metricName, operator, threshold and more",
        ) {
            return None;
        }
        self.other_fields(
            trigger,
            &[
                "metricName",
                "name",
                "metricNamespace",
                "namespace",
                "metricResourceUri",
                "metricResourceId",
                "resource",
                "metricResourceLocation",
                "resourceLocation",
                "timeGrain",
                "statistic",
                "timeWindow",
                "timeAggregation",
                "operator",
                "threshold",
                "dimensions",
                "dividePerInstance",
                "divideByInstanceCount",
                "source",
                "metricType",
            ],
        );
        let metric = self.metric(trigger);
        let statistic = self.or_assumed(trigger, "statistic", "Average", &Statistic::NAMES);
        let aggregation =
            self.or_assumed(trigger, "timeAggregation", "Average", &Aggregation::NAMES);
        let grain = match trigger.field(&["timeGrain"]) {
            Some(grain) => self.grain(&grain),
            None => {
                let place = trigger.missing("timeGrain");
                self.find(
                    Kind::Assumed,
                    "missing",
                    place,
                    "is missing. PT1M is assumed.",
                    "",
                );
                Some(Duration::from_secs(60))
            }
        };
        let window = match trigger.field(&["timeWindow"]) {
            Some(window) => self.duration(&window, "PT1M", "PT12H"),
            None => {
                self.missing(trigger, "timeWindow", "an ISO 8601 duration such as PT5M");
                None
            }
        };
        let operator = match trigger.field(&["operator"]) {
            Some(operator) => self.one_of(&operator, &Operator::NAMES),
            None => {
                self.missing(trigger, "operator", "a comparison, such as GreaterThan");
                None
            }
        };
        let threshold = self.threshold(trigger);
        let divided = self.divided(trigger);
        let rule = Rule {
            metric: metric?,
            statistic: statistic?,
            time_grain: grain?,
            time_window: window?,
            time_aggregation: aggregation?,
            operator: operator?,
            threshold: threshold?,
            divide_per_instance: divided,
            direction: Direction::None,
            change: Change::Count(1),
            cooldown: Duration::ZERO,
        };
        self.assumptions(trigger, &rule);
        Some(rule)
    }

    /// Reads a time grain. Returns the shortest grain of Azure Monitor's metrics that is at least as long.
    fn grain(&mut self, place: &Place<'_>) -> Option<Duration> {
        let read = self.duration(place, "PT1M", "PT12H")?;
        let known = GRAIN_MINUTES
            .iter()
            .map(|minutes| Duration::from_secs(minutes * 60));
        let grain = known.into_iter().find(|grain| *grain >= read)?;
        if grain != read {
            let message = format!(
                "is {}, and metrics have samples of 1, 5, 15 or 30 minutes, or 1, 6 or 12 hours. {} is used.",
                place.shown(),
                duration::format(grain)
            );
            self.find(
                Kind::Assumed,
                "out_of_bounds",
                place.path.clone(),
                message,
                "",
            );
        }
        Some(grain)
    }

    fn threshold(&mut self, trigger: &Place<'_>) -> Option<f64> {
        let Some(threshold) = trigger.field(&["threshold"]) else {
            self.missing(trigger, "threshold", "a number in the metric's unit");
            return None;
        };
        let number = threshold.number();
        if number.is_none() {
            self.refuse_value(&threshold, "a number in the metric's unit");
        }
        number
    }

    fn divided(&mut self, trigger: &Place<'_>) -> bool {
        let Some(field) = trigger.field(&["dividePerInstance", "divideByInstanceCount"]) else {
            return false;
        };
        let Some(divided) = field.boolean() else {
            self.refuse_value(&field, "true or false");
            return false;
        };
        if divided {
            self.find(
                Kind::Assumed,
                "divided",
                field.path,
                "divides the window's value by the number of instances at the evaluation.",
                "",
            );
        }
        divided
    }

    /// Reports what Azure's documentation does not define for such a rule.
    fn assumptions(&mut self, trigger: &Place<'_>, rule: &Rule) {
        if rule.time_window < rule.time_grain {
            self.find(
                Kind::Assumed,
                "short_window",
                trigger.missing("timeWindow"),
                "is shorter than the time grain. One time grain is used.",
                "Make the window a multiple of the time grain.",
            );
        }
        if rule.time_grain > Duration::from_secs(60) {
            let minutes = rule.time_grain.as_secs() / 60;
            let message = format!(
                "makes one sample of {minutes} minutes, from the one-minute values of all instances in them."
            );
            self.find(
                Kind::Assumed,
                "grain",
                trigger.missing("timeGrain"),
                message,
                "",
            );
        }
        let elsewhere = self.metrics[rule.metric].resource.is_some();
        if rule.divide_per_instance || elsewhere {
            return;
        }
        if matches!(rule.statistic, Statistic::Sum | Statistic::Count) {
            let message = format!(
                "is {}: the flapping check expects the sum over the instances to stay the same and the number of values \
                 to fall when instances leave. Azure's own estimate is not documented.",
                rule.statistic.name()
            );
            self.find(
                Kind::Assumed,
                "sum",
                trigger.missing("statistic"),
                message,
                "",
            );
        }
    }

    fn action(&mut self, action: &Place<'_>) -> Option<(Direction, Change, Duration)> {
        if !self.is_object(action, "an object with direction, type, value and cooldown") {
            return None;
        }
        self.other_fields(action, &["direction", "type", "value", "cooldown"]);
        let direction = match action.field(&["direction"]) {
            Some(direction) => self.one_of(&direction, &Direction::NAMES),
            None => {
                self.missing(action, "direction", "Increase or Decrease");
                None
            }
        };
        let change = self.change(action);
        let cooldown = match action.field(&["cooldown"]) {
            Some(cooldown) => self.duration(&cooldown, "PT1M", "P7D"),
            None => {
                self.missing(action, "cooldown", "an ISO 8601 duration such as PT5M");
                None
            }
        };
        let (direction, change, cooldown) = (direction?, change?, cooldown?);
        if direction == Direction::None {
            let place = action.missing("direction");
            match change {
                Change::ExactCount(_) => self.find(
                    Kind::Assumed,
                    "no_direction",
                    place,
                    "is None: the rule scales out below its count and in above it.",
                    "",
                ),
                _ => self.find(
                    Kind::Ignored,
                    "no_direction",
                    place,
                    "is None: the rule changes nothing.",
                    "Write Increase or Decrease.",
                ),
            }
        }
        Some((direction, change, cooldown))
    }

    fn change(&mut self, action: &Place<'_>) -> Option<Change> {
        // The schema's default is 1.
        let value = match action.field(&["value"]) {
            Some(value) => {
                let whole = value.whole();
                if whole.is_none() {
                    self.refuse_value(&value, "a whole number");
                }
                whole?
            }
            None => 1,
        };
        let counted = value.min(MOST_INSTANCES);
        let kinds = [
            ("ChangeCount", Change::Count(counted)),
            ("PercentChangeCount", Change::PercentCount(value)),
            ("ExactCount", Change::ExactCount(counted)),
            ("ServiceAllowedNextValue", Change::NextAllowed),
        ];
        let Some(field) = action.field(&["type"]) else {
            let place = action.missing("type");
            self.find(
                Kind::Assumed,
                "missing",
                place,
                "is missing. ChangeCount is assumed.",
                "",
            );
            return Some(Change::Count(counted));
        };
        let change = self.one_of(&field, &kinds)?;
        match change {
            Change::PercentCount(percent) => {
                let message = format!(
                    "is a percentage. It is rounded towards more instances and changes at least one: {percent}% of 2 instances \
                     adds {} or removes {}.",
                    (2 * u64::from(percent)).div_ceil(100).max(1),
                    (2 * u64::from(percent) / 100).max(1),
                );
                self.find(Kind::Assumed, "percentage", field.path, message, "");
            }
            Change::NextAllowed => self.find(
                Kind::Assumed,
                "next_allowed",
                field.path,
                "depends on the counts that the service offers. Every whole number is assumed: one instance more or fewer.",
                "",
            ),
            Change::Count(_) | Change::ExactCount(_) => {}
        }
        Some(change)
    }

    /// Reads one of these names. If the field is missing, the first name of the schema is assumed.
    fn or_assumed<T: Copy>(
        &mut self,
        trigger: &Place<'_>,
        name: &str,
        assumed: &str,
        names: &[(&'static str, T)],
    ) -> Option<T> {
        if let Some(field) = trigger.field(&[name]) {
            return self.one_of(&field, names);
        }
        let message = format!("is missing. {assumed} is assumed.");
        self.find(Kind::Assumed, "missing", trigger.missing(name), message, "");
        names
            .iter()
            .find(|(known, _)| *known == assumed)
            .map(|(_, value)| *value)
    }
}
