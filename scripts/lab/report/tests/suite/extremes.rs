//! Numbers that no run has: a file may hold them all the same.

use report::{chart_data, judge, page_body};
use run_record::Run;
use serde_json::{Value, json};

use crate::{samples, simulated};

/// The largest count and the farthest times that JSON can hold.
fn extremes() -> [Value; 6] {
    [
        json!(0),
        json!(u64::MAX),
        json!(u32::MAX),
        json!(1e300),
        json!(-1e300),
        json!(1e-300),
    ]
}

/// Everything that `lab report` does with a run.
fn report(run: &Run) {
    let _ = (judge(run), page_body(run), chart_data(run, "run"));
}

/// Puts `value` in place of every number below `place`, one place of the record at a time.
fn replaced(whole: &Value, path: &str, value: &Value) {
    let place = whole.pointer(path).unwrap();
    let below = |name: String| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
    match place {
        Value::Array(items) => {
            // All of a list alike, so that their sum is extreme too; and the last one alone.
            let mut all = whole.clone();
            put(all.pointer_mut(path).unwrap(), value);
            try_run(&all);
            if let Some(last) = items.len().checked_sub(1) {
                replaced(whole, &below(last.to_string()), value);
            }
        }
        Value::Object(fields) => {
            let mut all = whole.clone();
            put(all.pointer_mut(path).unwrap(), value);
            try_run(&all);
            for name in fields.keys() {
                replaced(whole, &below(name.clone()), value);
            }
        }
        Value::Number(_) => {
            let mut one = whole.clone();
            *one.pointer_mut(path).unwrap() = value.clone();
            try_run(&one);
        }
        _ => {}
    }
}

fn put(place: &mut Value, value: &Value) {
    match place {
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, value)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put(field, value)),
        Value::Number(_) => *place = value.clone(),
        _ => {}
    }
}

/// Reports on the record if it takes such a number at all.
fn try_run(record: &Value) {
    if let Ok(run) = serde_json::from_value::<Run>(record.clone()) {
        let _ = judge(&run);
        // A simulation's table has no row for a second without a sample, and a time may be far away.
        let simulated = Run {
            simulated: true,
            ..run
        };
        let _ = (page_body(&simulated), chart_data(&simulated, "run"));
    }
}

#[test]
fn no_number_in_a_record_stops_the_report() {
    let mut run = samples::story();
    run.load.truncate(3);
    run.samples.truncate(3);
    let record = serde_json::to_value(&run).unwrap();
    for value in extremes() {
        replaced(&record, "", &value);
    }
}

#[test]
fn no_number_in_a_simulation_stops_the_report() {
    let mut run = simulated::compared();
    run.samples.truncate(3);
    run.compared.as_mut().unwrap().samples.truncate(3);
    let record = serde_json::to_value(&run).unwrap();
    for value in extremes() {
        replaced(&record, "", &value);
    }
}

#[test]
fn counts_whose_sum_is_too_large_do_not_stop_the_report() {
    let mut run = samples::story();
    run.requests.ok = u64::MAX;
    run.requests.failed = u64::MAX;
    for second in &mut run.load {
        second.sent = u64::MAX;
        second.failed = u64::MAX;
    }
    for count in run.per_instance.values_mut() {
        *count = u64::MAX;
    }
    for (index, sample) in run.samples.iter_mut().enumerate() {
        for count in sample.requests.values_mut() {
            *count = if index % 2 == 0 { 0 } else { u64::MAX };
        }
    }
    report(&run);
}
