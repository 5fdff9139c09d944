//! Stress runs and fleet commands.

use std::time::{Duration, Instant};

use crate::support::{Answer, Backend, TestApp};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use handler::domain::{OrderKind, StressPlan};
use serde_json::json;

on_both_databases!(
    a_fleet_command_reaches_every_instance_and_one_stop_ends_it,
    a_new_instance_runs_the_rest_of_a_fleet_command,
    a_stop_reaches_runs_of_other_instances,
    many_stops_do_not_delay_a_run,
    a_stop_between_two_runs_is_followed,
);
through_a_pooler_too!(a_fleet_command_reaches_every_instance_and_one_stop_ends_it);

async fn sqlite() -> (Backend, TestApp) {
    let backend = Backend::sqlite();
    let app = backend.instance(&["--instance-id", "one"]).await;
    (backend, app)
}

fn is_running(answer: &Answer) -> bool {
    answer.json()["stress"]["running"] == true
}

async fn a_fleet_command_reaches_every_instance_and_one_stop_ends_it(backend: Backend) {
    let beat = ["--heartbeat-seconds", "0.1"];
    let first = backend.instance(&beat).await;
    let second = backend.instance(&beat).await;
    let order = r#"{"duration": 60, "intensity": 1000, "wait": false, "scope": "fleet"}"#;
    let answer = first.post_json("/api/stress", order).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.json()["scope"], "fleet");
    assert!(answer.json()["stress_id"].is_string());
    for app in [&first, &second] {
        app.eventually("/api/metrics", is_running).await;
    }
    // The run is active everywhere, so neither a second fleet command nor a run on one instance may begin.
    let busy = second.post_json("/api/stress", order).await;
    assert!(busy.header("retry-after").parse::<u64>().unwrap() <= 60);
    busy.problem(429);
    second.get("/api/stress?duration=1").await.problem(429);

    let stopped = second.call(Method::DELETE, "/api/stress").await;
    assert_eq!(stopped.status, StatusCode::OK);
    assert_eq!(stopped.json()["stopped"], 1);
    assert!(!is_running(&second.get("/api/metrics").await));
    first
        .eventually("/api/metrics", |answer| !is_running(answer))
        .await;
    // It has ended for good: the command does not return with the next heartbeat, and a new run may begin.
    assert_eq!(
        second.get("/api/stress?duration=0.1").await.status,
        StatusCode::OK
    );
    first.stop().await;
    second.stop().await;
}

async fn a_new_instance_runs_the_rest_of_a_fleet_command(backend: Backend) {
    let beat = ["--heartbeat-seconds", "0.1"];
    let first = backend.instance(&beat).await;
    let order = r#"{"duration": 60, "intensity": 1000, "wait": false, "scope": "fleet"}"#;
    assert_eq!(
        first.post_json("/api/stress", order).await.status,
        StatusCode::ACCEPTED
    );
    let newcomer = backend.instance(&beat).await;
    let running = newcomer.eventually("/api/metrics", is_running).await.json();
    let remaining = running["stress"]["remaining_seconds"].as_f64().unwrap();
    assert!((1.0..=60.0).contains(&remaining), "{remaining}");
    first.call(Method::DELETE, "/api/stress").await;
    newcomer
        .eventually("/api/metrics", |answer| !is_running(answer))
        .await;
    let late = backend.instance(&beat).await;
    late.eventually("/api/metrics", |answer| !is_running(answer))
        .await;
    for app in [first, newcomer, late] {
        app.stop().await;
    }
}

async fn a_stop_reaches_runs_of_other_instances(backend: Backend) {
    let beat = ["--heartbeat-seconds", "0.1"];
    let first = backend.instance(&beat).await;
    let second = backend.instance(&beat).await;
    second.call(Method::DELETE, "/api/stress").await;
    let run = first
        .post_json(
            "/api/stress",
            r#"{"duration": 600, "intensity": 10, "wait": false}"#,
        )
        .await;
    assert_eq!(run.status, StatusCode::ACCEPTED);
    assert_eq!(run.json()["scope"], "instance");
    // This is not only the first stop: a run on one instance is not a fleet command, so a stop after a stop may have
    // a run to end.
    assert_eq!(
        second.call(Method::DELETE, "/api/stress").await.json()["stopped"],
        0
    );
    first
        .eventually("/api/metrics", |answer| !is_running(answer))
        .await;
    first.stop().await;
    second.stop().await;
}

async fn many_stops_do_not_delay_a_run(backend: Backend) {
    let app = backend.instance(&["--heartbeat-seconds", "600"]).await;
    let store = app.service.database().store().await.unwrap();
    let first = store.place_order(None).await.unwrap();
    for _ in 0..250 {
        let stopped = app.call(Method::DELETE, "/api/stress").await;
        assert_eq!(stopped.json()["stopped"], 0);
    }
    // Each stop replaced the one before it.
    let orders = "select count(*) from stress_orders";
    assert_eq!(backend.number(orders).await, 1);
    let plan = StressPlan {
        duration: Duration::from_secs(60),
        intensity: Some(1),
    };
    let run = store.place_order(Some(plan)).await.unwrap();
    let orders = store.orders(Some(first)).await.unwrap().orders;
    assert_eq!(orders.last().unwrap().id, run);
    assert!(orders.len() <= 2, "{orders:?}");
    // Alternating runs and stops leave rows, but an instance reads only the relevant ones.
    for _ in 0..250 {
        store.place_order(Some(plan)).await.unwrap();
        store.place_order(None).await.unwrap();
    }
    let run = store.place_order(Some(plan)).await.unwrap();
    let orders = store.orders(Some(first)).await.unwrap().orders;
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    assert_eq!(ids, [run - 1, run]);
    assert!(matches!(orders[0].kind, OrderKind::Stop));
    let newcomer = store.orders(None).await.unwrap().orders;
    assert_eq!(newcomer.len(), 1);
    assert_eq!(newcomer[0].id, run);
    app.stop().await;
}

/// An instance that reads a run, a stop, and another run at once ends the first run and begins the second.
async fn a_stop_between_two_runs_is_followed(backend: Backend) {
    let app = backend.instance(&["--heartbeat-seconds", "0.1"]).await;
    let order = r#"{"duration": 3000, "intensity": 1000, "wait": false, "scope": "fleet"}"#;
    app.post_json("/api/stress", order).await;
    app.eventually("/api/metrics", is_running).await;
    // Both commands are in one transaction, so the instance reads them together.
    backend
        .execute(
            "insert into stress_orders (ordered_ms, ends_ms, intensity)
             select ordered_ms + 3600000, ordered_ms + 3600000 + length, 1
             from (select ordered_ms from stress_orders order by id desc limit 1) as last,
                 (select 0 as length union all select 7200000) as lengths
             order by length",
        )
        .await;
    let second =
        |answer: &Answer| answer.json()["stress"]["remaining_seconds"].as_f64() > Some(3_600.0);
    app.eventually("/api/metrics", second).await;
    app.stop().await;
}

#[tokio::test]
async fn a_waited_run_responds_at_its_end() {
    let (_backend, app) = sqlite().await;
    // Its threads have the lowest priority, so a busy machine may give a short run no CPU time at all.
    let mut tries = 0;
    let run = loop {
        let answer = app.get("/api/stress?duration=0.3&intensity=1000").await;
        assert_eq!(answer.status, StatusCode::OK);
        tries += 1;
        let run = answer.json();
        if run["operations"] != 0 || tries == 20 {
            break run;
        }
    };
    assert_eq!(run["status"], "completed");
    assert_eq!(run["instance_id"], "one");
    assert_eq!(run["duration"], run["duration_seconds"]);
    assert!(run["duration_seconds"].as_f64().unwrap() >= 0.3, "{run}");
    // Three hundred at a thousand a second; never more than requested.
    let operations = run["operations"].as_u64().unwrap();
    assert!((1..=300 + 64).contains(&operations), "{run}");
    app.stop().await;
}

#[tokio::test]
async fn one_run_at_a_time() {
    let (_backend, app) = sqlite().await;
    let begun = app
        .post_json(
            "/api/stress",
            r#"{"duration": 600, "intensity": 1, "wait": false}"#,
        )
        .await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    assert_eq!(begun.json()["instance_id"], "one");
    let busy = app.post_json("/api/stress", r#"{"duration": 0.1}"#).await;
    assert!((590..=600).contains(&busy.header("retry-after").parse::<u64>().unwrap()));
    busy.problem(429);
    assert_eq!(
        app.call(Method::DELETE, "/api/stress").await.json()["stopped"],
        1
    );
    assert_eq!(
        app.call(Method::DELETE, "/api/stress").await.json(),
        json!({"stopped": 0, "instance_id": "one"})
    );
    assert_eq!(
        app.post_json("/api/stress", r#"{"duration": 0.1}"#)
            .await
            .status,
        StatusCode::OK
    );
    app.stop().await;
}

#[tokio::test]
async fn a_run_ends_when_its_caller_leaves() {
    let (_backend, app) = sqlite().await;
    let waiting = app.get("/api/stress?duration=60&intensity=1");
    assert!(
        tokio::time::timeout(Duration::from_millis(300), waiting)
            .await
            .is_err()
    );
    app.eventually("/api/metrics", |answer| !is_running(answer))
        .await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_run_returns_what_was_done() {
    let (_backend, app) = sqlite().await;
    let stop = async {
        app.eventually("/api/metrics", is_running).await;
        app.call(Method::DELETE, "/api/stress").await
    };
    let (run, stopped) = tokio::join!(app.get("/api/stress?duration=60&intensity=100000"), stop);
    assert_eq!(stopped.json()["stopped"], 1);
    assert_eq!(run.status, StatusCode::OK);
    assert_eq!(run.json()["status"], "stopped");
    assert!(run.json()["duration_seconds"].as_f64().unwrap() < 60.0);
    app.stop().await;
}

#[tokio::test]
async fn stopping_the_instance_ends_its_run() {
    let (_backend, app) = sqlite().await;
    let begun = app
        .post_json("/api/stress", r#"{"duration": 600, "wait": false}"#)
        .await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let asked = Instant::now();
    app.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(60),
        "the run was waited for"
    );
}

#[tokio::test]
async fn bodies_other_than_json_objects_are_refused() {
    let (_backend, app) = sqlite().await;
    for body in [
        "",
        "{",
        "[]",
        "[{}]",
        "1",
        "\"x\"",
        "null",
        "true",
        "{\"duration\": NaN}",
        "{'a': 1}",
        "{} {}",
        "\u{feff}{}",
    ] {
        app.post_json("/api/stress", body).await.problem(400);
    }
    let deep = "[".repeat(60_000);
    app.post_json("/api/stress", &deep).await.problem(400);
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "json",
        "application/jsonp",
    ] {
        let request = Request::post("/api/stress")
            .header("content-type", content_type)
            .body(Body::from("{}"));
        app.send(request.unwrap()).await.problem(415);
    }
    let unlabelled = Request::post("/api/stress").body(Body::from("{}")).unwrap();
    app.send(unlabelled).await.problem(415);
    app.stop().await;
}

#[tokio::test]
async fn bad_members_are_refused_with_their_field() {
    let (_backend, app) = sqlite().await;
    let bad = [
        ("duration", r#"{"duration": 0}"#),
        ("duration", r#"{"duration": 0.09}"#),
        ("duration", r#"{"duration": -1}"#),
        ("duration", r#"{"duration": 120.1}"#),
        ("duration", r#"{"duration": 3600.1, "wait": false}"#),
        ("duration", r#"{"duration": 1e308}"#),
        (
            "duration",
            r#"{"duration": 1234567890123456789012345678901234567890}"#,
        ),
        ("duration", r#"{"duration": "10"}"#),
        ("duration", r#"{"duration": "NaN"}"#),
        ("duration", r#"{"duration": null}"#),
        ("duration", r#"{"duration": [1]}"#),
        ("intensity", r#"{"intensity": 0}"#),
        ("intensity", r#"{"intensity": -5}"#),
        ("intensity", r#"{"intensity": 1.5}"#),
        ("intensity", r#"{"intensity": 1000000000000001}"#),
        ("intensity", r#"{"intensity": 1e300}"#),
        ("intensity", r#"{"intensity": "5"}"#),
        ("intensity", r#"{"intensity": true}"#),
        ("wait", r#"{"wait": "false"}"#),
        ("wait", r#"{"wait": 0}"#),
        ("wait", r#"{"wait": null}"#),
        ("scope", r#"{"scope": "galaxy", "wait": false}"#),
        ("scope", r#"{"scope": 1, "wait": false}"#),
        ("scope", r#"{"scope": "fleet"}"#),
        ("scope", r#"{"scope": "fleet", "wait": true}"#),
    ];
    for (field, body) in bad {
        assert_eq!(
            app.post_json("/api/stress", body).await.problem(422)["field"],
            field,
            "{body}"
        );
    }
    let bad = [
        ("duration", "duration=NaN"),
        ("duration", "duration=inf"),
        ("duration", "duration=-inf"),
        ("duration", "duration="),
        ("duration", "duration=abc"),
        ("duration", "duration=121"),
        ("duration", "duration=1&duration=2"),
        ("intensity", "intensity=1.5"),
        ("intensity", "intensity=-1"),
        ("intensity", "intensity=1000000000000001"),
        ("intensity", "intensity=NaN"),
        ("wait", "wait=yes"),
        ("wait", "wait="),
        ("scope", "scope=fleet"),
        ("scope", "scope=Fleet&wait=false"),
    ];
    for (field, query) in bad {
        assert_eq!(
            app.get(&format!("/api/stress?{query}")).await.problem(422)["field"],
            field,
            "{query}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn every_documented_form_is_accepted() {
    let (_backend, app) = sqlite().await;
    let bodies = [
        r#"{"duration": 0.1, "intensity": 1e3, "unknown": [1, {"a": null}]}"#,
        r#"{"duration": 0.1, "intensity": 1000000000000000, "wait": true, "scope": "instance"}"#,
        r#"{"duration": 0.1, "intensity": 5.0}"#,
    ];
    for body in bodies {
        assert_eq!(
            app.post_json("/api/stress", body).await.status,
            StatusCode::OK,
            "{body}"
        );
    }
    let request =
        Request::post("/api/stress").header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(
        app.send(request.body(Body::from(r#"{"duration":0.1}"#)).unwrap())
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        app.get("/api/stress?duration=0.1&x=1").await.status,
        StatusCode::OK
    );
    app.stop().await;
}

#[tokio::test]
async fn without_a_body_all_members_have_their_defaults() {
    let backend = Backend::sqlite();
    // The default of ten seconds is reduced to a shorter limit.
    let app = backend.instance(&["--stress-max-seconds", "0.2"]).await;
    let answer = app.call(Method::POST, "/api/stress").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    app.get("/api/stress?duration=0.3").await.problem(422);
    app.stop().await;
}

#[tokio::test]
async fn head_starts_nothing() {
    let (_backend, app) = sqlite().await;
    let answer = app
        .call(Method::HEAD, "/api/stress?duration=600&wait=false")
        .await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "GET, POST, DELETE");
    let answer = app.call(Method::PUT, "/api/stress").await;
    assert_eq!(answer.header("allow"), "GET, POST, DELETE");
    answer.problem(405);
    assert!(!is_running(&app.get("/api/metrics").await));
    app.stop().await;
}

#[tokio::test]
async fn visits_can_use_additional_cpu() {
    let backend = Backend::sqlite();
    let app = backend.instance(&["--visit-work", "30"]).await;
    let began = Instant::now();
    assert_eq!(app.visit().await.status, StatusCode::CREATED);
    assert!(began.elapsed() >= Duration::from_millis(30));
    app.stop().await;
}
