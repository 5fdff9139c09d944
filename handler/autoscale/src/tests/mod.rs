//! Tests of the rules: files, evaluations, descriptions, and properties of all of them.

use std::time::Duration;

use serde_json::Value;

use super::schedule::*;
use super::time_zone::*;
use super::*;

mod decisions;
mod described;
mod documented;
mod expressions;
mod files;
mod hostile;
mod lenient_json;
mod properties;
mod reading;
mod readings;
mod schedule_properties;
mod schedules;
mod time_zones;

const FAST: &str = include_str!("../../../../infra/autoscale.fast.json");

fn built_in() -> Value {
    serde_json::from_str(BUILT_IN).expect("the built-in profile has it")
}

fn taken(text: &str) -> Setting {
    Setting::parse(text).expect("this file must be taken")
}

fn parsed(file: &Value) -> Setting {
    taken(&file.to_string())
}

const MINUTE: Duration = Duration::from_secs(60);

fn minutes(count: u32) -> Duration {
    MINUTE * count
}

/// A rule over five minutes with a cooldown of five.
fn rule(direction: Direction, operator: Operator, threshold: f64, change: Change) -> Rule {
    Rule {
        metric: 0,
        statistic: Statistic::Average,
        time_grain: MINUTE,
        time_window: minutes(5),
        time_aggregation: Aggregation::Average,
        operator,
        threshold,
        divide_per_instance: false,
        direction,
        change,
        cooldown: minutes(5),
    }
}

fn out(operator: Operator, threshold: f64, change: Change) -> Rule {
    rule(Direction::Increase, operator, threshold, change)
}

fn inward(operator: Operator, threshold: f64, change: Change) -> Rule {
    rule(Direction::Decrease, operator, threshold, change)
}

fn profile(minimum: u32, maximum: u32, rules: Vec<Rule>) -> Profile {
    let capacity = Capacity {
        minimum,
        maximum,
        default: minimum,
    };
    Profile {
        name: "test".to_owned(),
        schedule: Schedule::Default,
        capacity,
        rules,
    }
}

/// The only profile of the built-in rules.
fn built_in_profile() -> Profile {
    Setting::built_in().profiles.remove(0)
}

/// The metrics of rules that use the instances' CPU.
fn cpu() -> Vec<Metric> {
    vec![metric("CpuPercentage", true)]
}

fn metric(name: &str, fleet_cpu: bool) -> Metric {
    Metric {
        name: name.to_owned(),
        namespace: Some("microsoft.web/serverfarms".to_owned()),
        resource: None,
        dimensions: Vec::new(),
        fleet_cpu,
    }
}

/// One minute in which every instance had `value`.
fn minute(end: u32, value: f64, instances: u32) -> Minute {
    Minute::even(minutes(end), value, instances)
}

/// The decision after twenty minutes of `value`.
fn constant(profile: &Profile, value: f64, count: u32) -> Decision {
    after(profile, value, count, None)
}

fn after(profile: &Profile, value: f64, count: u32, last_action: Option<Duration>) -> Decision {
    let samples = (1..=20).map(|end| minute(end, value, count)).collect();
    evaluated(profile, samples, count, last_action, minutes(20))
}

/// An evaluation without a delay of the metric.
fn evaluated(
    profile: &Profile,
    samples: Vec<Minute>,
    count: u32,
    last_action: Option<Duration>,
    now: Duration,
) -> Decision {
    let history = History {
        metrics: &[samples],
        until: now,
    };
    evaluate((profile, &cpu()), history, count, last_action, now)
}

fn reached(decision: &Decision) -> (u32, Outcome) {
    (decision.to, decision.outcome)
}
