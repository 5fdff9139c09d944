//! A metric with several aggregations, and samples that are longer than a minute.

use serde_json::{Value, json};

use super::{assumed, load_with, steps, values};

/// Samples from 8 o'clock, five minutes apart.
fn metric(name: &str, samples: &[Value]) -> Value {
    let data: Vec<Value> = samples
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            let mut sample = sample.clone();
            sample["timeStamp"] = json!(format!("2026-01-05T08:{:02}:00Z", index * 5));
            sample
        })
        .collect();
    json!({"name": {"value": name}, "timeseries": [{"data": data, "metadatavalues": []}]})
}

#[test]
fn the_note_says_that_a_long_total_is_spread() {
    let samples = vec![json!({"total": 500, "average": 1}); 3];
    let text = json!([metric("Requests", &samples)]).to_string();
    let load = load_with(&text, &["Requests"]);
    // The samples stay as recorded.
    assert_eq!(
        values(&load, "Requests"),
        [0, 300, 600].map(|at| (at, Some(1.0)))
    );
    let told = assumed(&load);
    for expected in [
        "Requests: the average of each sample is used, or the total for rules of that statistic.",
        "Requests: the total of each sample is spread evenly over the 5 min that it spans.",
    ] {
        assert!(told.contains(&expected), "{told:?}");
    }
}

#[test]
fn samples_that_do_not_add_up_are_not_spread() {
    let samples = vec![json!({"average": 60.0, "maximum": 90.0}); 3];
    let text = json!([
        metric("CpuPercentage", &samples),
        metric("MemoryPercentage", &samples)
    ]);
    let load = load_with(&text.to_string(), &["MemoryPercentage"]);
    assert_eq!(steps(&load)[0], (0, 120.0));
    let told = assumed(&load);
    assert!(!told.iter().any(|text| text.contains("spread")), "{told:?}");
    for expected in [
        "CpuPercentage: the average of each sample is used, not the maximum.",
        "MemoryPercentage: the average of each sample is used, or the maximum for rules of that statistic.",
    ] {
        assert!(told.contains(&expected), "{told:?}");
    }
}

#[test]
fn downloads_of_other_aggregations_may_have_other_times() {
    let early = metric("Requests", &[json!({"total": 5}), json!({"total": 6})]);
    let late = json!({"name": {"value": "Requests"}, "timeseries": [{"data": [
        {"timeStamp": "2026-01-05T08:10:00Z", "average": 1.0},
        {"timeStamp": "2026-01-05T08:15:00Z", "average": 1.0},
    ]}]});
    let load = load_with(&json!([late, early]).to_string(), &["Requests"]);
    assert_eq!(steps(&load), [(0, 0.0), (1_200, 0.0)]);
    assert_eq!(values(&load, "Requests")[0], (600, Some(1.0)));
}
