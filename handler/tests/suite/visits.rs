//! Visits from a caller's point of view.

use std::collections::HashSet;

use crate::support::Backend;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures_util::future::join_all;

on_both_databases!(
    a_visit_is_recorded_and_listed,
    visits_outlive_the_instances,
    concurrent_visits_are_counted_without_a_gap,
    several_instances_count_exactly,
    three_instances_may_start_at_once_on_an_empty_database,
    pages_are_read_by_id,
    a_key_returns_the_same_visit_again,
    fifty_replays_over_two_instances_are_one_visit,
    a_visit_that_cannot_be_counted_is_not_recorded,
    the_client_address_is_read_from_the_header_that_is_set,
    addresses_are_stored_as_the_policy_requires,
    a_database_without_its_schema_is_reported,
    any_body_within_the_limit_is_ignored,
);
through_a_pooler_too!(
    a_visit_is_recorded_and_listed,
    visits_outlive_the_instances,
    several_instances_count_exactly,
    three_instances_may_start_at_once_on_an_empty_database,
    a_key_returns_the_same_visit_again,
    fifty_replays_over_two_instances_are_one_visit,
    a_database_without_its_schema_is_reported,
);

async fn a_visit_is_recorded_and_listed(backend: Backend) {
    let app = backend.instance(&["--instance-id", "one"]).await;
    let answer = app.visit().await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let visit = answer.json();
    assert_eq!(visit["message"], "Visit registered");
    assert_eq!(visit["total_visits"], 1);
    assert_eq!(visit["ip"], "127.0.0.1");
    assert_eq!(visit["instance_id"], "one");
    assert_eq!(answer.header("x-instance-id"), "one");
    let timestamp = visit["timestamp"].as_str().unwrap();
    assert!(
        timestamp.ends_with('Z') && timestamp.len() == 24,
        "{timestamp}"
    );

    let list = app.get("/api/visits").await.json();
    assert_eq!(list["total_visits"], 1);
    assert_eq!(list["next_before"], serde_json::Value::Null);
    assert_eq!(list["instance_id"], "one");
    assert_eq!(list["recent_visits"][0]["id"], visit["id"]);
    assert_eq!(list["recent_visits"][0]["timestamp"], visit["timestamp"]);
    assert_eq!(list["recent_visits"][0]["ip_address"], "127.0.0.0");
    assert_eq!(list["recent_visits"][0]["instance_id"], "one");
    app.stop().await;
}

async fn visits_outlive_the_instances(backend: Backend) {
    let first = backend.instance(&[]).await;
    first.visit().await;
    first.visit().await;
    first.stop().await;
    let second = backend.instance(&[]).await;
    assert_eq!(second.total().await, 2);
    assert_eq!(second.visit().await.json()["total_visits"], 3);
    second.stop().await;
}

async fn concurrent_visits_are_counted_without_a_gap(backend: Backend) {
    let app = backend.instance(&[]).await;
    let answers = join_all((0..300).map(|_| app.visit())).await;
    let totals: HashSet<i64> = answers
        .iter()
        .map(|answer| answer.json()["total_visits"].as_i64().unwrap())
        .collect();
    assert_eq!(totals, (1..=300).collect());
    let ids: HashSet<i64> = answers
        .iter()
        .map(|answer| answer.json()["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids.len(), 300);
    // With one writing instance, a larger id has a larger total.
    let mut pairs: Vec<(i64, i64)> = answers
        .iter()
        .map(|answer| answer.json())
        .map(|visit| {
            (
                visit["id"].as_i64().unwrap(),
                visit["total_visits"].as_i64().unwrap(),
            )
        })
        .collect();
    pairs.sort_unstable();
    assert!(pairs.is_sorted_by_key(|(_, total)| *total));
    app.stop().await;
}

async fn several_instances_count_exactly(backend: Backend) {
    let apps = [
        backend.instance(&["--instance-id", "a"]).await,
        backend.instance(&["--instance-id", "b"]).await,
    ];
    let answers = join_all((0..200).map(|n| apps[n % 2].visit())).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == StatusCode::CREATED)
    );
    for app in &apps {
        assert_eq!(app.total().await, 200);
    }
    assert_eq!(backend.number("select count(*) from visits").await, 200);
    for app in apps {
        app.stop().await;
    }
}

async fn three_instances_may_start_at_once_on_an_empty_database(backend: Backend) {
    let apps = join_all((0..3).map(|_| backend.instance(&[]))).await;
    for app in &apps {
        assert_eq!(app.visit().await.status, StatusCode::CREATED);
    }
    assert_eq!(apps[0].total().await, 3);
    for app in apps {
        app.stop().await;
    }
}

async fn pages_are_read_by_id(backend: Backend) {
    let app = backend.instance(&[]).await;
    for _ in 0..25 {
        app.visit().await;
    }
    let mut seen = Vec::new();
    let mut uri = "/api/visits".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = app.get(&uri).await.json();
        assert_eq!(page["total_visits"], 25);
        let visits = page["recent_visits"].as_array().unwrap();
        sizes.push(visits.len());
        seen.extend(visits.iter().map(|visit| visit["id"].as_i64().unwrap()));
        let Some(before) = page["next_before"].as_i64() else {
            break;
        };
        uri = format!("/api/visits?before={before}");
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
    let all = app.get("/api/visits?limit=100").await.json();
    assert_eq!(all["recent_visits"].as_array().unwrap().len(), 25);
    // A page that is exactly full is the last one.
    assert!(app.get("/api/visits?limit=25").await.json()["next_before"].is_null());
    assert!(
        app.get("/api/visits?before=1").await.json()["recent_visits"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    app.stop().await;
}

async fn a_key_returns_the_same_visit_again(backend: Backend) {
    let app = backend.instance(&["--instance-id", "first"]).await;
    let from = |address: &str| {
        let request = Request::post("/api/visit").header("idempotency-key", "order-1");
        request
            .header("x-forwarded-for", address)
            .body(Body::empty())
            .unwrap()
    };
    let first = app.send(from("203.0.113.7")).await;
    assert_eq!(first.status, StatusCode::CREATED);
    app.visit().await;
    let other = backend.instance(&["--instance-id", "second"]).await;
    let again = other.send(from("198.51.100.9")).await;
    assert_eq!(again.status, StatusCode::OK);
    let (first, again) = (first.json(), again.json());
    for field in ["id", "timestamp", "instance_id"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    // A caller that guesses a key learns nothing about the caller who used it first.
    assert_eq!(first["ip"], "203.0.113.7");
    assert_eq!(again["ip"], "198.51.100.9");
    assert_eq!(again["total_visits"], 2);
    assert_eq!(app.total().await, 2);
    app.stop().await;
    other.stop().await;
}

async fn fifty_replays_over_two_instances_are_one_visit(backend: Backend) {
    let apps = [
        backend.instance(&["--instance-id", "a"]).await,
        backend.instance(&["--instance-id", "b"]).await,
    ];
    // Other keys are in the same batches in every order, so that the two instances could block each other.
    let answers = join_all((0..50).flat_map(|n| {
        let other = format!("other-{}", n % 5);
        let app = &apps[n % 2];
        [
            Box::pin(async move { app.visit_with_key("same").await })
                as std::pin::Pin<Box<dyn Future<Output = _>>>,
            Box::pin(async move { app.visit_with_key(&other).await }),
        ]
    }))
    .await;
    let created = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::CREATED)
        .count();
    let replayed = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!((created, replayed), (6, 94));
    let same: HashSet<String> = answers
        .iter()
        .step_by(2)
        .map(|answer| answer.json()["id"].to_string())
        .collect();
    assert_eq!(same.len(), 1);
    assert_eq!(apps[0].total().await, 6);
    assert_eq!(backend.number("select count(*) from visits").await, 6);
    for app in apps {
        app.stop().await;
    }
}

async fn addresses_are_stored_as_the_policy_requires(backend: Backend) {
    for (policy, kept) in [
        ("truncated", "2001:db8:1::"),
        ("full", "2001:db8:1:2::9"),
        ("none", ""),
    ] {
        let app = backend.instance(&["--visitor-ip", policy]).await;
        let request = Request::post("/api/visit")
            .header("x-forwarded-for", "[2001:db8:1:2::9]:443, 10.0.0.4");
        let visit = app
            .send(
                request
                    .header("idempotency-key", policy)
                    .body(Body::empty())
                    .unwrap(),
            )
            .await
            .json();
        assert_eq!(visit["ip"], "2001:db8:1:2::9");
        let listed = &app.get("/api/visits?limit=1").await.json()["recent_visits"][0];
        assert_eq!(listed["ip_address"].as_str().unwrap_or_default(), kept);
        app.stop().await;
    }
}

/// The counter has lost its rows, as it might after an unknown migration.
async fn a_visit_that_cannot_be_counted_is_not_recorded(backend: Backend) {
    let app = backend.instance(&[]).await;
    backend.execute("delete from visit_counter").await;
    app.visit().await.problem(500);
    app.visit_with_key("uncounted").await.problem(500);
    for answer in join_all((0..20).map(|_| app.visit())).await {
        answer.problem(500);
    }
    for rows in [
        "select count(*) from visits",
        "select count(*) from idempotency_keys",
    ] {
        assert_eq!(backend.number(rows).await, 0, "{rows}");
    }
    app.stop().await;
}

async fn the_client_address_is_read_from_the_header_that_is_set(backend: Backend) {
    let flags = ["--client-ip-header", "X-Azure-ClientIP"];
    let app = backend.instance(&flags).await;
    for (header, address) in [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:5678", "203.0.113.7"),
        ("[2001:db8::7]:80", "2001:db8::7"),
        // A trusted proxy and no address: the peer is the client.
        ("[::1]:80", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
    ] {
        let request = Request::post("/api/visit")
            .header("x-azure-clientip", header)
            // This is not the header in the instance's setting, and anybody may have written it.
            .header("x-forwarded-for", "198.51.100.9");
        let visit = app.send(request.body(Body::empty()).unwrap()).await.json();
        assert_eq!(visit["ip"], address, "{header}");
    }
    app.stop().await;
}

async fn a_database_without_its_schema_is_reported(backend: Backend) {
    let app = crate::support::TestApp::start(&backend.flags(), &["--migrate", "off"]);
    if let Backend::Sqlite { folder } = &backend {
        std::fs::create_dir_all(folder.join("data")).unwrap();
    }
    let unhealthy = app
        .eventually("/health", |answer| {
            answer.json()["error"]
                .as_str()
                .is_some_and(|text| text.contains("migrate"))
        })
        .await;
    assert_eq!(unhealthy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        app.visit().await.problem(503)["error"]
            .as_str()
            .unwrap()
            .contains("handler migrate")
    );
    assert_eq!(app.get("/health/live").await.status, StatusCode::OK);

    let flags = backend.flags();
    let migrated =
        tokio::task::spawn_blocking(move || crate::support::process::run(&flags, &["migrate"]))
            .await
            .unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    app.eventually("/health", |answer| answer.status == StatusCode::OK)
        .await;
    assert_eq!(app.visit().await.status, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_queries_are_refused_with_their_field() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    for value in [
        "0",
        "101",
        "-1",
        "+5",
        "1.5",
        "1e1",
        "NaN",
        "",
        "ten",
        "99999999999999999999",
        "%00",
        "5%20",
        "null",
    ] {
        let problem = app
            .get(&format!("/api/visits?limit={value}"))
            .await
            .problem(422);
        assert_eq!(problem["field"], "limit", "{value}");
    }
    for value in [
        "0",
        "-1",
        "9223372036854775808",
        "abc",
        "",
        "1.0",
        "%F0%9F%92%A9",
        "'; drop table visits",
    ] {
        let value = value.replace(' ', "%20");
        let problem = app
            .get(&format!("/api/visits?before={value}"))
            .await
            .problem(422);
        assert_eq!(problem["field"], "before", "{value}");
    }
    assert_eq!(
        app.get("/api/visits?limit=1&limit=2").await.problem(422)["field"],
        "limit"
    );
    for fine in [
        "/api/visits?limit=1",
        "/api/visits?limit=100&before=9223372036854775807",
        "/api/visits?other=1",
    ] {
        assert_eq!(app.get(fine).await.status, StatusCode::OK, "{fine}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_keys_are_refused() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    for key in [
        &b""[..],
        b"two words",
        &[b'k'; 201],
        b"caf\xe9",
        b"tab\tbed",
    ] {
        let request = Request::post("/api/visit").header("idempotency-key", key);
        let problem = app
            .send(request.body(Body::empty()).unwrap())
            .await
            .problem(422);
        assert_eq!(problem["field"], "Idempotency-Key");
    }
    let twice = Request::post("/api/visit")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    app.send(twice.body(Body::empty()).unwrap())
        .await
        .problem(422);
    assert_eq!(app.total().await, 0);
    app.stop().await;
}

async fn any_body_within_the_limit_is_ignored(backend: Backend) {
    let app = backend.instance(&[]).await;
    let bodies = [
        b"{\"broken".to_vec(),
        vec![0xff; 64 * 1024],
        b"a=1".to_vec(),
    ];
    for (body, content_type) in
        bodies
            .into_iter()
            .zip(["application/json", "application/octet-stream", "nonsense"])
    {
        let request = Request::post("/api/visit")
            .header("content-type", content_type)
            .body(Body::from(body));
        assert_eq!(app.send(request.unwrap()).await.status, StatusCode::CREATED);
    }
    assert_eq!(app.total().await, 3);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    for size in [64 * 1024 + 1, 1_000_000, 3_000_000] {
        for (method, uri) in [
            (Method::POST, "/api/visit"),
            (Method::POST, "/api/stress"),
            (Method::DELETE, "/api/stress"),
            (Method::GET, "/api/visits"),
            (Method::POST, "/nowhere"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(uri)
                .header("content-type", "application/json");
            app.send(request.body(Body::from(vec![b' '; size])).unwrap())
                .await
                .problem(413);
        }
    }
    assert_eq!(app.total().await, 0);
    app.stop().await;
}
