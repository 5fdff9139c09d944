//! Tests of the rules: files, evaluations, words, and what holds for any of them.

use std::time::Duration;

use serde_json::Value;

use super::*;

mod decisions;
mod described;
mod documented;
mod expressions;
mod files;
mod hostile;
mod lenient_json;
mod properties;
mod readings;
mod refused;
mod taken;

const FAST: &str = include_str!("../../../../infra/autoscale.fast.json");

fn built_in() -> Value {
    serde_json::from_str(BUILT_IN).expect("the built-in profile has it")
}

fn taken(text: &str) -> Profile {
    Profile::parse(text).expect("this file must be taken")
}

fn parsed(file: &Value) -> Profile {
    taken(&file.to_string())
}

/// The built-in profile with the value at `pointer` replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut file = built_in();
    *file
        .pointer_mut(pointer)
        .expect("the built-in profile has it") = value;
    file
}

/// The built-in profile with a field added to the object at `pointer`.
fn adding(pointer: &str, name: &str, value: Value) -> Value {
    let mut file = built_in();
    file.pointer_mut(pointer)
        .expect("the built-in profile has it")[name] = value;
    file
}

const MINUTE: Duration = Duration::from_secs(60);

fn minutes(count: u32) -> Duration {
    MINUTE * count
}

/// A rule over five minutes with a cooldown of five.
fn rule(direction: Direction, operator: Operator, threshold: f64, change: Change) -> Rule {
    Rule {
        metric: "CpuPercentage".to_owned(),
        statistic: Statistic::Average,
        time_grain: MINUTE,
        time_window: minutes(5),
        time_aggregation: Aggregation::Average,
        operator,
        threshold,
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
        capacity,
        rules,
    }
}

/// One minute in which every instance showed `value`.
fn minute(end: u32, value: f64, instances: u32) -> Minute {
    Minute {
        end: minutes(end),
        average: value,
        minimum: value,
        maximum: value,
        instances,
    }
}

/// Twenty minutes of `value`, seen at their end.
fn constant(profile: &Profile, value: f64, count: u32) -> Decision {
    after(profile, value, count, None)
}

fn after(profile: &Profile, value: f64, count: u32, last_action: Option<LastAction>) -> Decision {
    let samples: Vec<Minute> = (1..=20).map(|end| minute(end, value, count)).collect();
    let history = History {
        minutes: &samples,
        until: minutes(20),
    };
    evaluate(profile, history, count, last_action, minutes(20))
}

fn reached(decision: &Decision) -> (u32, Outcome) {
    (decision.to, decision.outcome)
}
