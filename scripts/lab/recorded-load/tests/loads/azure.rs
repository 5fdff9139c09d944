//! The JSON of `az monitor metrics list`.

use recorded_load::Start;
use serde_json::{Value, json};

use super::{assumed, load, load_with, refused, spans, steps, values, warned};

/// 2026-01-05T08:00:00Z.
const EIGHT: i64 = 1_767_600_000;

fn response(metrics: &[Value]) -> Value {
    json!({
        "cost": 59,
        "interval": "PT1M",
        "namespace": "Microsoft.Web/serverfarms",
        "resourceregion": "westeurope",
        "timespan": "2026-01-05T08:00:00Z/2026-01-05T09:00:00Z",
        "value": metrics,
    })
}

fn metric(name: &str, timeseries: &[Value]) -> Value {
    json!({
        "displayDescription": "The average over all instances",
        "errorCode": "Success",
        "id": format!("/subscriptions/0/resourceGroups/rg/providers/Microsoft.Insights/metrics/{name}"),
        "name": {"localizedValue": "Some Words", "value": name},
        "resourceGroup": "rg",
        "timeseries": timeseries,
        "type": "Microsoft.Insights/metrics",
        "unit": "Percent",
    })
}

/// One value per minute from 8 o'clock.
fn series(instance: Option<&str>, aggregation: &str, values: &[Value]) -> Value {
    let data: Vec<Value> = values
        .iter()
        .enumerate()
        .map(|(minute, value)| {
            json!({"timeStamp": format!("2026-01-05T08:{minute:02}:00Z"), aggregation: value})
        })
        .collect();
    let metadata: Vec<Value> = instance
        .map(|instance| json!({"name": {"localizedValue": "Instance", "value": "Instance"}, "value": instance}))
        .into_iter()
        .collect();
    json!({"data": data, "metadatavalues": metadata})
}

fn numbers(numbers: &[f64]) -> Vec<Value> {
    numbers.iter().map(|number| json!(number)).collect()
}

#[test]
fn cpu_without_counts_uses_the_default_count() {
    let text = response(&[metric(
        "CpuPercentage",
        &[series(None, "average", &numbers(&[40.0, 62.5, 10.0]))],
    )]);
    let load = load(&text.to_string());
    assert_eq!(
        steps(&load),
        [(0, 80.0), (60, 125.0), (120, 20.0), (180, 20.0)]
    );
    assert_eq!(load.start(), Some(Start::Utc(EIGHT)));
    assert!(load.counts().is_empty() && load.metrics().is_empty());
    assert_eq!(assumed(&load).len(), 1);
    assert!(assumed(&load)[0].contains("CpuPercentage times 2 instances, the rules' default"));
    assert_eq!(warned(&load), [""; 0]);
}

#[test]
fn instances_are_counted_if_the_metric_is_split() {
    let text = response(&[metric(
        "CpuPercentage",
        &[
            series(Some("RD1"), "average", &numbers(&[40.0, 60.0, 90.0])),
            series(
                Some("RD2"),
                "average",
                &[json!(null), json!(20), json!(70.0)],
            ),
        ],
    )]);
    let load = load(&text.to_string());
    assert_eq!(
        steps(&load),
        [(0, 40.0), (60, 80.0), (120, 160.0), (180, 160.0)]
    );
    assert_eq!(load.counts(), [(0, 1), (60, 2), (120, 2)]);
    assert_eq!(load.count_at(59), Some(1));
    assert_eq!(load.count_at(500), Some(2));
    assert!(
        assumed(&load)[0].contains("number of values of Instance with a sample"),
        "{:?}",
        load.notes()
    );
    assert!(assumed(&load)[0].contains("1 to 2 instances"));
}

#[test]
fn a_list_may_contain_several_metrics_and_counts() {
    let cpu = metric(
        "Percentage CPU",
        &[series(None, "average", &numbers(&[30.0, 99.5, 50.0]))],
    );
    let memory = metric(
        "MemoryPercentage",
        &[series(
            None,
            "average",
            &[json!(70.5), json!(null), json!(71)],
        )],
    );
    let count = metric(
        "ObservedCapacity",
        &[series(None, "average", &numbers(&[3.0, 3.0, 4.0]))],
    );
    let metrics = [cpu, memory, count];
    let slurped = json!([
        response(&metrics[..1]),
        response(&metrics[1..2]),
        response(&metrics[2..])
    ]);
    let stream = format!("{}\n{}", response(&metrics[..2]), response(&metrics[2..]));
    for text in [
        json!(metrics).to_string(),
        response(&metrics).to_string(),
        slurped.to_string(),
        stream,
    ] {
        let load = load(&text);
        assert_eq!(
            steps(&load),
            [(0, 90.0), (60, 298.5), (120, 200.0), (180, 200.0)]
        );
        assert_eq!(load.counts(), [(0, 3), (60, 3), (120, 4)]);
        assert_eq!(
            values(&load, "memory percentage"),
            [(0, Some(70.5)), (60, None), (120, Some(71.0))]
        );
        assert_eq!(load.metrics().len(), 1);
        let memory = load.metric("MemoryPercentage").unwrap();
        // Its two values are two minutes apart, so the first one applies.
        assert_eq!(memory.at(0), Some(70.5));
        assert_eq!(memory.at(179), Some(71.0));
        assert_eq!(spans(load.saturated()), [(60, 120)]);
        assert!(
            warned(&load)
                .iter()
                .any(|text| text.contains("99% or more for 1 min"))
        );
    }
}

#[test]
fn missing_samples_keep_the_last_value() {
    let values = [
        json!(null),
        json!(10),
        json!(20),
        json!(30),
        json!(null),
        json!(null),
        json!(40),
        json!(50),
        json!(null),
    ];
    let text = response(&[metric("CpuPercentage", &[series(None, "average", &values)])]);
    let load = load(&text.to_string());
    assert_eq!(
        steps(&load),
        [
            (0, 20.0),
            (120, 40.0),
            (180, 60.0),
            (360, 80.0),
            (420, 100.0),
            (540, 100.0)
        ]
    );
    assert_eq!(spans(load.gaps()), [(0, 60), (240, 360), (480, 540)]);
    assert!(
        warned(&load)[0].contains("missing for 4 min (3 gaps)"),
        "{:?}",
        load.notes()
    );
}

#[test]
fn an_hourly_metric_applies_until_the_next_hour() {
    let hour = |hour: u32, value: f64| json!({"timeStamp": format!("2026-01-05T{hour:02}:00:00+00:00"), "total": value});
    let queue = metric(
        "HttpQueueLength",
        &[json!({"data": [hour(8, 5.0), hour(9, 7.0), hour(10, 9.0)], "metadatavalues": []})],
    );
    let load = load_with(&json!([queue]).to_string(), &["HttpQueueLength"]);
    assert_eq!(steps(&load), [(0, 0.0), (10_800, 0.0)]);
    let queue = load.metric("HttpQueueLength").unwrap();
    assert_eq!(queue.lasts_seconds(), Some(3_600));
    assert_eq!(queue.at(3_599), Some(5.0));
    assert_eq!(queue.at(10_799), Some(9.0));
    assert!(warned(&load)[0].contains("1 h apart"));
    assert!(
        assumed(&load)
            .iter()
            .any(|text| text.contains("the CPU is 0 throughout"))
    );
}

#[test]
fn other_metrics_of_several_instances_are_combined_by_their_aggregation() {
    let cpu = metric(
        "CpuPercentage",
        &[series(None, "average", &numbers(&[1.0, 1.0]))],
    );
    for (aggregation, together) in [
        ("average", 20.0),
        ("total", 40.0),
        ("maximum", 30.0),
        ("minimum", 10.0),
        ("count", 40.0),
    ] {
        let requests = metric(
            "Requests",
            &[
                series(Some("a"), aggregation, &numbers(&[10.0, 10.0])),
                series(Some("b"), aggregation, &numbers(&[30.0, 30.0])),
            ],
        );
        let load = load(&json!([cpu, requests]).to_string());
        assert_eq!(
            values(&load, "Requests")[0],
            (0, Some(together)),
            "{aggregation}"
        );
        assert!(assumed(&load).iter().any(|text| text.starts_with("Requests is recorded for several values of Instance")));
    }
}

#[test]
fn the_average_is_preferred_and_the_others_are_named() {
    let data = json!([
        {"timeStamp": "2026-01-05T08:00:00Z", "average": 20.0, "maximum": 90.0, "minimum": 1.0, "total": null, "count": null},
        {"timeStamp": "2026-01-05T08:01:00Z", "average": 30.0, "maximum": 95.0, "minimum": 2.0},
    ]);
    let text = response(&[metric(
        "CpuPercentage",
        &[json!({"data": data, "metadatavalues": []})],
    )]);
    let load = load(&text.to_string());
    assert_eq!(steps(&load), [(0, 40.0), (60, 60.0), (120, 60.0)]);
    assert!(
        assumed(&load)[0]
            .contains("the average of each sample is used, not the maximum or minimum")
    );
    let maximum = response(&[metric(
        "CpuPercentage",
        &[series(None, "maximum", &numbers(&[20.0, 30.0]))],
    )]);
    assert!(warned(&super::load(&maximum.to_string()))[0].contains("recorded as the maximum"));
}

#[test]
fn downloads_that_overlap_are_joined() {
    let early = metric(
        "CpuPercentage",
        &[series(None, "average", &numbers(&[10.0, 20.0, 30.0]))],
    );
    let late = json!({"name": {"value": "CpuPercentage"}, "timeseries": [{"data": [
        {"timeStamp": "2026-01-05T08:02:00Z", "average": 35.0},
        {"timeStamp": "2026-01-05T08:03:00Z", "average": 40.0},
    ]}]});
    let load = load(&json!([late, early]).to_string());
    // If a time is repeated, the last sample in the file is used.
    assert_eq!(
        steps(&load),
        [(0, 20.0), (60, 40.0), (120, 60.0), (180, 80.0), (240, 80.0)]
    );
    assert_eq!(warned(&load).len(), 2, "{:?}", load.notes());
}

#[test]
fn json_of_another_kind_is_refused() {
    for (text, complaint) in [
        ("{\"value\": [", "it is not valid JSON: EOF while parsing"),
        (
            "{}",
            "neither the output of az monitor metrics list (without --query) nor a run saved by lab load",
        ),
        ("[1, 2]", "neither the output of az monitor metrics list"),
        (
            "{\"name\": \"autoscale\", \"properties\": {\"profiles\": []}}",
            "neither the output",
        ),
        ("{\"value\": []}", "no metric in it has samples"),
        ("[]", "no metric in it has samples"),
        (
            r#"{"value": [{"name": {"value": "CpuPercentage"}, "timeseries": []}]}"#,
            "no metric in it has samples",
        ),
        (
            "{\"value\": [{\"name\": {\"value\": \"CpuPercentage\"},\n\"timeseries\": [{\"data\": [{\"timeStamp\": \"monday\", \"average\": 1}]}]}]}",
            "\"monday\" is not a time such as 2026-01-05T08:00:00Z or 2026-01-05 08:00 at line 2",
        ),
    ] {
        let refusal = refused(text);
        assert!(refusal.contains(complaint), "{text}: {refusal}");
    }
    let of = |name: &str, values: &[f64]| {
        refused(
            &response(&[metric(name, &[series(None, "average", &numbers(values))])]).to_string(),
        )
    };
    assert!(
        of("CpuPercentage", &[50.0, 180.0])
            .contains("2026-01-05 08:01:00: CpuPercentage of 180 is not between 0 and 100")
    );
    assert!(
        of("MemoryPercentage", &[50.0])
            .contains("no metric of the rules, only \"MemoryPercentage\"")
    );
    let nothing = response(&[metric(
        "CpuPercentage",
        &[series(None, "average", &[json!(null)])],
    )]);
    assert!(refused(&nothing.to_string()).contains("it contains no value of CpuPercentage"));
}
