//! `/metrics`: the whole fleet's counters, the same from every instance, and never decreasing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::exposition::{Family, Series, parse};
use crate::support::{Answer, Backend, TestApp};
use axum::http::Method;
use futures_util::future::join_all;

on_both_databases!(
    the_text_has_the_format_of_prometheus,
    counters_never_decrease_whichever_instance_responds,
);
through_a_pooler_too!(the_text_has_the_format_of_prometheus);

async fn scrape(app: &TestApp) -> BTreeMap<String, Family> {
    parse(&text(&app.get("/metrics").await))
}

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The value of a metric without labels except the instance's, or with one more label.
fn value(
    families: &BTreeMap<String, Family>,
    family: &str,
    id: &str,
    label: Option<(&str, &str)>,
) -> f64 {
    let mut labels = BTreeMap::from([("instance_id".to_owned(), id.to_owned())]);
    labels.extend(label.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let series = &families[family].series;
    let name = series.keys().find(|series| series.labels == labels);
    series[name.unwrap_or_else(|| panic!("no {labels:?} in {family}"))]
}

const REQUESTS: &str = "elastic_visits_http_requests_total";

async fn the_text_has_the_format_of_prometheus(backend: Backend) {
    let flags = ["--heartbeat-seconds", "0.2", "--instance-id", "one"];
    let app = backend.instance(&flags).await;
    for _ in 0..3 {
        app.visit().await;
    }
    app.get("/api/visits?limit=0").await;
    app.post_json("/api/stress", r#"{"wait": false, "intensity": 1}"#)
        .await;
    let counted = |answer: &Answer| {
        let families = parse(&text(answer));
        families
            .values()
            .next()
            .is_some_and(|family| !family.series.is_empty())
            && value(&families, "elastic_visits_stress_running", "one", None) == 1.0
            && value(
                &families,
                "elastic_visits_visits_recorded_total",
                "one",
                None,
            ) == 3.0
            && value(&families, "elastic_visits_heartbeats_total", "one", None) >= 2.0
            // Counted after the response.
            && value(&families, REQUESTS, "one", Some(("status", "2xx"))) >= 4.0
    };
    let families = parse(&text(&app.eventually("/metrics", counted).await));
    let by_status = |class| value(&families, REQUESTS, "one", Some(("status", class)));
    assert_eq!(by_status("4xx"), 1.0);
    assert_eq!(
        (by_status("1xx"), by_status("3xx"), by_status("5xx")),
        (0.0, 0.0, 0.0)
    );
    let state = |state| {
        let name = "elastic_visits_instance_state";
        value(&families, name, "one", Some(("state", state)))
    };
    assert_eq!(
        (state("starting"), state("live"), state("draining")),
        (0.0, 1.0, 0.0)
    );
    let info = &families["elastic_visits_instance_info"];
    let version = &info.series.keys().next().unwrap().labels["version"];
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert!(
        value(
            &families,
            "elastic_visits_process_resident_memory_bytes",
            "one",
            None
        ) > 1e6
    );
    for (metric, expected) in [
        // The limits of infra/autoscale.json.
        ("elastic_visits_capacity_minimum_instances", 1.0),
        ("elastic_visits_capacity_maximum_instances", 3.0),
        ("elastic_visits_database_up", 1.0),
        ("elastic_visits_http_requests_refused_total", 0.0),
    ] {
        assert_eq!(value(&families, metric, "one", None), expected, "{metric}");
    }
    for ratio in ["elastic_visits_cpu_ratio", "elastic_visits_memory_ratio"] {
        assert!(
            (0.0..=1.0).contains(&value(&families, ratio, "one", None)),
            "{ratio}"
        );
    }
    promtool(&text(&app.get("/metrics").await));
    app.call(Method::DELETE, "/api/stress").await;
    app.stop().await;
    without_rules_there_are_no_limits(&backend).await;
}

async fn without_rules_there_are_no_limits(backend: &Backend) {
    let flags = ["--autoscale-profile", "none", "--instance-id", "free"];
    let app = backend.instance(&flags).await;
    let families = parse(&text(
        &app.eventually("/metrics", |answer| text(answer).contains("\"free\""))
            .await,
    ));
    for limit in ["minimum", "maximum"] {
        let series = &families[&format!("elastic_visits_capacity_{limit}_instances")].series;
        assert!(
            series
                .keys()
                .all(|series| series.labels["instance_id"] != "free")
        );
    }
    app.stop().await;
}

/// Prometheus' own check of the format.
fn promtool(text: &str) {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut tool = tool.expect("promtool is needed (Debian: prometheus)");
    tool.stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

async fn counters_never_decrease_whichever_instance_responds(backend: Backend) {
    let mut apps = Vec::new();
    for id in ["one", "two", "three"] {
        // Long enough that no instance is lost meanwhile, which would change the series.
        let flags = ["--heartbeat-seconds", "2", "--instance-id", id];
        apps.push(backend.instance(&flags).await);
    }
    let all_there = |answer: &Answer| instances(&parse(&text(answer))).len() == 3;
    for app in &apps {
        app.eventually("/metrics", all_there).await;
    }
    let mut last: BTreeMap<Series, f64> = BTreeMap::new();
    let mut grown = 0;
    let mut turn = 0;
    // Counters grow with each heartbeat.
    while turn < 60 || grown == 0 {
        assert!(turn < 10_000, "nothing was counted");
        let app = &apps[turn % 3];
        let visits = apps.iter().map(|app| app.visit());
        let (families, _) = tokio::join!(scrape(app), join_all(visits));
        let counters = families
            .into_values()
            .filter(|family| family.kind != "gauge");
        let now: BTreeMap<Series, f64> = counters.flat_map(|family| family.series).collect();
        if !last.is_empty() {
            // Every instance returns the same series.
            assert!(now.keys().eq(last.keys()));
        }
        for (series, before) in &last {
            assert!(
                now[series] >= *before,
                "{series:?} fell from {before} to {}",
                now[series]
            );
            grown += u32::from(now[series] > *before);
        }
        last = now;
        turn += 1;
    }
    // The counters of an instance end with it.
    apps.pop().unwrap().stop().await;
    let families = scrape(&apps[0]).await;
    assert_eq!(
        instances(&families),
        BTreeSet::from(["one".to_owned(), "two".to_owned()])
    );
    for app in apps {
        app.stop().await;
    }
}

fn instances(families: &BTreeMap<String, Family>) -> BTreeSet<String> {
    let series = families.values().flat_map(|family| family.series.keys());
    series
        .map(|series| series.labels["instance_id"].clone())
        .collect()
}
