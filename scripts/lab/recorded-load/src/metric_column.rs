//! Finds the samples of a rule's metric in a load.

use std::time::Duration;

use autoscale::{Minute, Setting, Statistic};

use super::name::key;
use super::{Load, recorded};

const MINUTE: u64 = 60;

/// The name of the metric's column. If the metric belongs to another resource, the name includes that resource,
/// because the scaled resource may have a metric of the same name.
pub fn name(metric: &autoscale::Metric) -> String {
    match metric.resource_name() {
        Some(resource) => format!("{}@{resource}", metric.name),
        None => metric.name.clone(),
    }
}

/// The index of the name that means the metric: its column's name, or else its own name. Case, spaces, and
/// punctuation are ignored.
pub fn position(metric: &autoscale::Metric, names: &[&str]) -> Option<usize> {
    let of = |wanted: &str| names.iter().position(|name| key(name) == key(wanted));
    of(&name(metric)).or_else(|| of(&metric.name))
}

/// The metric's samples in the load, if there are any.
pub fn of<'a>(load: &'a Load, metric: &autoscale::Metric) -> Option<&'a recorded::Metric> {
    load.metric(&name(metric)).or(load.metric(&metric.name))
}

/// The recorded samples of each of the setting's metrics; none for the CPU of the instances, which is not replayed.
/// Second 0 of the load is `before` seconds after the start of the samples' time.
pub fn minutes(setting: &Setting, load: &Load, before: u64) -> Vec<Vec<Minute>> {
    let metrics = 0..setting.metrics.len();
    metrics
        .map(|index| minutes_of(setting, index, load, before))
        .collect()
}

/// The recorded samples of the setting's metric with this index; none if the load has none, or if the metric is the
/// CPU of the instances.
pub fn minutes_of(setting: &Setting, index: usize, load: &Load, before: u64) -> Vec<Minute> {
    let metric = &setting.metrics[index];
    let Some(recorded) = of(load, metric).filter(|_| !metric.fleet_cpu) else {
        return Vec::new();
    };
    let rules = setting.profiles.iter().flat_map(|profile| &profile.rules);
    let looked_at: Vec<Statistic> = rules
        .filter(|rule| rule.metric == index)
        .map(|rule| rule.statistic)
        .collect();
    Columns::of(recorded, &looked_at).minutes(before, load.seconds())
}

/// The recorded data of one metric, as the statistics of its rules need it.
struct Columns<'a> {
    /// The source of the average. It is the total if rules add it up and none uses the average.
    average: &'a recorded::Metric,
    minimum: &'a recorded::Metric,
    maximum: &'a recorded::Metric,
    /// The count, if a rule uses it and it was recorded.
    count: Option<&'a recorded::Metric>,
    /// Whether rules use nothing but the count.
    only_count: bool,
    /// Whether the average is computed from the total.
    added_up: bool,
}

impl<'a> Columns<'a> {
    fn of(recorded: &'a recorded::Metric, looked_at: &[Statistic]) -> Self {
        let looks = |statistic| looked_at.contains(&statistic);
        let wanted = |statistic| {
            looks(statistic)
                .then(|| recorded.of_statistic(statistic))
                .flatten()
        };
        let first = [
            Statistic::Average,
            Statistic::Sum,
            Statistic::Max,
            Statistic::Min,
            Statistic::Count,
        ]
        .into_iter()
        .find(|statistic| looks(*statistic));
        let found = first.and_then(wanted);
        let average = found.unwrap_or(recorded);
        Self {
            average,
            minimum: wanted(Statistic::Min).unwrap_or(average),
            maximum: wanted(Statistic::Max).unwrap_or(average),
            count: wanted(Statistic::Count),
            only_count: first == Some(Statistic::Count),
            added_up: first == Some(Statistic::Sum) && found.is_some(),
        }
    }

    /// A sample applies until the next one. A minute has the value that applies when it begins. The first value is
    /// assumed to apply before it too.
    fn minutes(&self, before: u64, seconds: u64) -> Vec<Minute> {
        let before = before / MINUTE;
        // The remainder from rounding the counts so far.
        let mut rest = 0.0;
        (0..before + seconds / MINUTE)
            .filter_map(|minute| {
                let at = minute.saturating_sub(before) * MINUTE;
                let value = self.average.in_minute(at)?;
                let end = Duration::from_secs((minute + 1) * MINUTE);
                let mut made = Minute::even(end, value, 1);
                made.minimum = self.minimum.in_minute(at).unwrap_or(value);
                made.maximum = self.maximum.in_minute(at).unwrap_or(value);
                if let Some(count) = self.count.and_then(|count| count.in_minute(at)) {
                    made.instances = self.instances(count, &mut rest);
                }
                if self.added_up {
                    made.average /= f64::from(made.instances);
                }
                Some(made)
            })
            .collect()
    }

    /// The count of a minute as rules use it: a whole number, and zero only if nothing else is used.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count that is not a u32 becomes the nearest"
    )]
    fn instances(&self, count: f64, rest: &mut f64) -> u32 {
        let owed = count + *rest;
        let whole = owed.round();
        *rest = owed - whole;
        (whole as u32).max(u32::from(!self.only_count))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use autoscale::{ReadOptions, RuleFile};
    use serde_json::{Value, json};

    use crate::Load;

    /// Three samples, each of five minutes.
    fn minutes(statistics: &[&str], sample: &Value) -> Vec<autoscale::Minute> {
        let rule = |statistic: &&str| {
            json!({
                "metricTrigger": {
                    "metricName": "Requests", "metricResourceUri": "/subscriptions/0", "statistic": statistic,
                    "timeGrain": "PT1M", "timeWindow": "PT5M", "timeAggregation": "Total",
                    "operator": "GreaterThan", "threshold": 1000,
                },
                "scaleAction": {"direction": "Increase", "type": "ChangeCount", "value": "1", "cooldown": "PT5M"},
            })
        };
        let rules: Vec<Value> = statistics.iter().map(rule).collect();
        let rules = json!({"profiles": [{
            "name": "a", "capacity": {"minimum": "1", "maximum": "3", "default": "1"}, "rules": rules,
        }]});
        let setting = RuleFile::read(&rules.to_string(), ReadOptions::default())
            .unwrap()
            .setting;
        let data = [0, 5, 10].map(|minute| {
            let mut sample = sample.clone();
            sample["timeStamp"] = json!(format!("2026-01-05T08:{minute:02}:00Z"));
            sample
        });
        let metric = json!([{"name": {"value": "Requests"}, "timeseries": [{"data": data}]}]);
        let options = crate::ReadOptions {
            rule_metrics: &["Requests"],
            ..crate::ReadOptions::default()
        };
        let load = Load::read("test", &metric.to_string(), &options).unwrap();
        super::minutes(&setting, &load, 600).swap_remove(0)
    }

    #[test]
    fn the_total_of_five_minutes_is_not_counted_five_times() {
        for sample in [json!({"total": 500}), json!({"total": 500, "average": 1})] {
            let minutes = minutes(&["Sum"], &sample);
            assert_eq!(minutes.len(), 25);
            assert!(
                minutes
                    .iter()
                    .all(|minute| minute.average == 100.0 && minute.instances == 1)
            );
        }
    }

    #[test]
    fn rules_use_the_aggregation_of_their_statistic() {
        let all = json!({"average": 2, "total": 900, "maximum": 7, "minimum": 1, "count": 8});
        let seen = |statistics: &[&str], sample: &Value| {
            let last = *minutes(statistics, sample).last().unwrap();
            (last.average, last.minimum, last.maximum)
        };
        for (statistics, expected) in [
            (&["Average"][..], (2.0, 2.0, 2.0)),
            (&["Sum"], (180.0, 180.0, 180.0)),
            (&["Max"], (7.0, 7.0, 7.0)),
            (&["Min"], (1.0, 1.0, 1.0)),
            (&["Sum", "Max"], (180.0, 180.0, 7.0)),
            (&["Max", "Average", "Min"], (2.0, 1.0, 7.0)),
            (&["Average", "Sum"], (2.0, 2.0, 2.0)),
        ] {
            assert_eq!(seen(statistics, &all), expected, "{statistics:?}");
        }
        // Another aggregation is used if the right one is missing.
        assert_eq!(
            seen(&["Sum", "Max"], &json!({"average": 4})),
            (4.0, 4.0, 4.0)
        );
    }

    #[test]
    fn counts_are_whole_and_add_up() {
        for (statistics, count) in [
            (&["Count"][..], 0),
            (&["Count"], 8),
            (&["Count", "Sum"], 11),
        ] {
            let minutes = minutes(statistics, &json!({"total": 900, "count": count}));
            let counted: u32 = minutes[20..].iter().map(|minute| minute.instances).sum();
            assert_eq!(counted, count);
            if statistics.contains(&"Sum") {
                let total: f64 = minutes[20..]
                    .iter()
                    .map(|minute| minute.average * f64::from(minute.instances))
                    .sum();
                assert!((total - 900.0).abs() < 1e-9);
            }
        }
    }
}
