//! The load of a recorded run, simulated on the autoscaled fleet and on fleets of a fixed size: what autoscaling bought.

use anyhow::{Context as _, ensure};
use autoscale::{Setting, time_zone};
use recorded_load::{Load, Start};
use run_record::Run;
use run_record::comparison::{Comparison, FleetOutcome, InstancePrice};
use serde_json::{Value, json};

use crate::model::Model;
use crate::outcome::Scenario;
use crate::prices::{self, Prices};
use crate::simulation::simulate;

/// At this CPU or more, in percent, the instances were saturated, so the real load is unknown.
const SATURATED: f64 = 99.0;
/// The CPU that replaces such a value: slightly more than the instances can handle, because they were overloaded.
const MORE: f64 = 101.0;

/// Simulates the load of a run on three fleets: with its own rules, with their minimum of instances, and with their maximum.
///
/// # Errors
/// One sentence that names the missing part of the record.
pub fn compare_with_fixed(run: &Run) -> anyhow::Result<Comparison> {
    let load = load(run)?;
    let setting = setting(run)?;
    let start = match load.start() {
        Some(Start::Utc(seconds)) => seconds,
        Some(Start::Local(_)) | None => time_zone::default_start(&rules::zone(None, &[&setting])?),
    };
    let (minimum, maximum) = (setting.minimum().max(1), setting.maximum());
    ensure!(
        minimum < maximum,
        "its rules allow no other number of instances than {maximum}"
    );
    let outcome = |setting: &Setting| {
        let scenario = Scenario {
            setting,
            load: &load,
            model: Model::DEFAULT,
            start,
        };
        let simulation = simulate(&scenario);
        let reached = simulation.actions.iter().map(|action| action.to);
        FleetOutcome {
            instances: reached.fold(simulation.initial, u32::max),
            instance_hours: simulation.instance_seconds as f64 / 3_600.0,
            requests: None,
            overloaded_minutes: Some(simulation.overloaded_seconds() as f64 / 60.0),
        }
    };
    Ok(Comparison {
        simulated: true,
        hours: load.seconds() as f64 / 3_600.0,
        autoscaled: outcome(&setting),
        fixed: [minimum, maximum]
            .map(|instances| outcome(&fixed(&setting, instances)))
            .into(),
        price: instance_price(0),
    })
}

fn load(run: &Run) -> anyhow::Result<Load> {
    let mut run = run.clone();
    for sample in &mut run.samples {
        if sample.cpu_percent.is_some_and(|cpu| cpu >= SATURATED) {
            sample.cpu_percent = Some(MORE);
        }
    }
    Load::of_run("the recorded load", &run)
}

/// The built-in price of an instance. `plan` is the position in the price file: 0 is Premium v3, 1 is Elastic Premium.
pub fn instance_price(plan: usize) -> Option<InstancePrice> {
    let prices = Prices::parse(prices::BUILT_IN).expect("a test reads it");
    let plan = prices.plans.into_iter().nth(plan)?;
    Some(InstancePrice {
        plan: plan.name,
        currency: prices.currency,
        per_hour: plan.per_instance_hour,
    })
}

/// The same setting with a fixed number of instances.
fn fixed(setting: &Setting, instances: u32) -> Setting {
    let mut fixed = setting.clone();
    for profile in &mut fixed.profiles {
        profile.rules.clear();
        let capacity = &mut profile.capacity;
        (capacity.minimum, capacity.maximum, capacity.default) = (instances, instances, instances);
    }
    fixed
}

/// The rules of a run: from its rule file, or from the app's response.
fn setting(run: &Run) -> anyhow::Result<Setting> {
    let text = match &run.profile {
        Value::Null => told(run)?.to_string(),
        profile => profile.to_string(),
    };
    let setting = Setting::parse(&text).context("its rules cannot be read")?;
    let unseen = setting.metrics.iter().find(|metric| !metric.fleet_cpu);
    if let Some(metric) = unseen {
        anyhow::bail!(
            "its rules look at {}, which the run did not record",
            metric.name
        );
    }
    Ok(setting)
}

/// A profile of the rules and limits that `GET /api/instances` lists.
fn told(run: &Run) -> anyhow::Result<Value> {
    let rules = run.rules.as_array().filter(|rules| !rules.is_empty());
    let rules = rules.context("it names no rules")?;
    let rules = rules.iter().map(|rule| {
        json!({
            "metricTrigger": {
                "metricName": rule["metric"], "metricNamespace": "microsoft.web/serverfarms", "timeGrain": "PT1M",
                "statistic": "Average", "timeWindow": rule["time_window"], "timeAggregation": "Average",
                "operator": rule["operator"], "threshold": rule["threshold"]
            },
            "scaleAction": {
                "direction": rule["direction"], "value": number(&rule["value"]), "cooldown": rule["cooldown"],
                "type": rule.get("change").unwrap_or(&json!("ChangeCount")),
            }
        })
    });
    let limit = |name: &str| number(&run.capacity[name]);
    Ok(json!({
        "name": "recorded",
        "capacity": {"minimum": limit("minimum"), "maximum": limit("maximum"), "default": limit("default")},
        "rules": rules.collect::<Vec<_>>(),
    }))
}

/// Rule files write numbers as text.
fn number(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use run_record::FleetSample;

    use super::*;

    /// At Azure's pace: 20 minutes at 60% of an instance, 40 at 150%, 60 at 20%.
    fn run() -> Run {
        let sample = |minute: u32| {
            let (load, ready) = match minute {
                0..=20 => (60.0, 1),
                21..=60 => (150.0, 2),
                _ => (20.0, 1),
            };
            FleetSample {
                at: f64::from(minute) * 60.0,
                ready,
                wanted: ready,
                cpu_percent: Some(load / f64::from(ready)),
                ..FleetSample::default()
            }
        };
        let rule = |operator: &str, threshold: f64, direction: &str| {
            json!({"metric": "CpuPercentage", "operator": operator, "threshold": threshold,
                "time_window": "PT5M", "direction": direction, "value": 1, "cooldown": "PT5M"})
        };
        Run {
            title: "lab load".to_owned(),
            started: "2026-01-05T08:00:00Z".to_owned(),
            seconds: 7_200.0,
            time_scale: 1.0,
            rules: json!([
                rule("GreaterThan", 70.0, "Increase"),
                rule("LessThan", 30.0, "Decrease")
            ]),
            capacity: json!({"minimum": 1, "maximum": 3, "default": 1}),
            samples: (0..=120).map(sample).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn one_instance_is_overloaded_and_three_cost_the_most() {
        let comparison = compare_with_fixed(&run()).unwrap();
        assert!(comparison.simulated);
        let [one, three] = comparison.fixed.as_slice() else {
            panic!("{comparison:?}")
        };
        assert_eq!((one.instances, three.instances), (1, 3));
        assert_eq!(
            (one.overloaded_minutes, three.overloaded_minutes),
            (Some(40.0), Some(0.0))
        );
        assert_eq!((one.instance_hours, three.instance_hours), (2.0, 6.0));
        let autoscaled = &comparison.autoscaled;
        let overloaded = autoscaled.overloaded_minutes.unwrap();
        assert!((5.0..15.0).contains(&overloaded), "{autoscaled:?}");
        assert!(
            (2.1..4.0).contains(&autoscaled.instance_hours),
            "{autoscaled:?}"
        );
        assert_eq!(comparison.price.unwrap().plan, "P0v3");
    }

    #[test]
    fn instances_that_were_saturated_were_overloaded() {
        let mut run = run();
        for sample in &mut run.samples {
            (sample.ready, sample.wanted) = (1, 1);
            sample.cpu_percent = sample
                .cpu_percent
                .map(|cpu| if cpu > 70.0 { 100.0 } else { cpu });
        }
        let comparison = compare_with_fixed(&run).unwrap();
        assert_eq!(comparison.fixed[0].overloaded_minutes, Some(40.0));
        assert_eq!(comparison.fixed[1].overloaded_minutes, Some(0.0));
        let autoscaled = comparison.autoscaled.overloaded_minutes.unwrap();
        assert!((5.0..15.0).contains(&autoscaled), "{autoscaled}");
    }

    #[test]
    fn the_rule_file_counts_where_the_record_has_it() {
        let mut run = run();
        let from_summary = compare_with_fixed(&run).unwrap();
        run.profile = told(&run).unwrap();
        run.rules = Value::Null;
        assert_eq!(compare_with_fixed(&run).unwrap(), from_summary);
    }

    #[test]
    fn what_a_record_lacks_is_said() {
        let lacking = |change: fn(&mut Run)| {
            let mut run = run();
            change(&mut run);
            format!("{:#}", compare_with_fixed(&run).unwrap_err())
        };
        for (change, sentence) in [
            (
                (|run| run.samples.clear()) as fn(&mut Run),
                "no samples of the fleet",
            ),
            (|run| run.rules = Value::Null, "it names no rules"),
            (
                |run| run.rules = json!([{"metric": 7}]),
                "its rules cannot be read",
            ),
            (
                |run| run.capacity["maximum"] = json!(1),
                "no other number of instances than 1",
            ),
            (
                |run| {
                    for rule in run.rules.as_array_mut().unwrap() {
                        rule["metric"] = json!("HttpQueueLength");
                    }
                },
                "its rules look at HttpQueueLength",
            ),
        ] {
            let said = lacking(change);
            assert!(said.contains(sentence), "{said}");
        }
    }
}
