//! Group commit: what visits of one batch owe each other.

use std::collections::HashMap;

use crate::support::{Answer, Backend, TestApp};
use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;

on_both_databases!(
    every_receipt_is_of_its_own_visit,
    a_visit_the_database_refuses_fails_alone,
    a_batch_with_keys_and_without_is_counted_right,
);
through_a_pooler_too!(
    every_receipt_is_of_its_own_visit,
    a_visit_the_database_refuses_fails_alone,
    a_batch_with_keys_and_without_is_counted_right,
);

/// A visit from a network of its own, which the register keeps.
async fn visit_from(app: &TestApp, network: u8, key: Option<&str>) -> Answer {
    let mut request =
        Request::post("/api/visit").header("x-forwarded-for", format!("203.0.{network}.9"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

/// The stored network of every visit, by id.
async fn networks(app: &TestApp) -> HashMap<i64, String> {
    let mut found = HashMap::new();
    let mut path = "/api/visits?limit=100".to_owned();
    loop {
        let page = app.get(&path).await.json();
        for visit in page["recent_visits"].as_array().unwrap() {
            let network = visit["ip_address"].as_str().unwrap().to_owned();
            found.insert(visit["id"].as_i64().unwrap(), network);
        }
        let Some(before) = page["next_before"].as_i64() else {
            return found;
        };
        path = format!("/api/visits?limit=100&before={before}");
    }
}

async fn every_receipt_is_of_its_own_visit(backend: Backend) {
    let app = backend.instance(&[]).await;
    let answers = join_all((0..=255).map(|network| visit_from(&app, network, None))).await;
    let stored = networks(&app).await;
    assert_eq!(stored.len(), 256);
    for (network, answer) in (0..=255).zip(&answers) {
        assert_eq!(answer.status, 201);
        let id = answer.json()["id"].as_i64().unwrap();
        assert_eq!(stored[&id], format!("203.0.{network}.0"));
    }
    let mut totals: Vec<_> = answers
        .iter()
        .map(|answer| answer.json()["total_visits"].as_i64().unwrap())
        .collect();
    totals.sort_unstable();
    assert_eq!(totals, (1..=256).collect::<Vec<_>>());
    app.stop().await;
}

async fn a_visit_the_database_refuses_fails_alone(backend: Backend) {
    let app = backend.instance(&[]).await;
    // No visit the app makes is refused by itself, so the schema is made to refuse one.
    backend
        .execute(match backend {
            Backend::Postgres { .. } => {
                "alter table visits add constraint refused check (ip_address <> '203.0.7.0')"
            }
            Backend::Sqlite { .. } => {
                "create trigger refused before insert on visits when new.ip_address = '203.0.7.0'
                 begin select raise(abort, 'refused'); end"
            }
        })
        .await;
    let answers = join_all((0..40).map(|network| visit_from(&app, network, None))).await;
    for (network, answer) in (0..).zip(&answers) {
        if network == 7 {
            answer.problem(500);
        } else {
            assert_eq!(answer.status, 201, "{network}");
        }
    }
    assert_eq!(app.total().await, 39);
    assert_eq!(networks(&app).await.len(), 39);
    app.stop().await;
}

async fn a_batch_with_keys_and_without_is_counted_right(backend: Backend) {
    let app = backend.instance(&[]).await;
    // Every network comes three times: twice with the same key, once without.
    let keys: Vec<String> = (0..50).map(|network| format!("key-{network}")).collect();
    let visits = (0..50).zip(&keys).flat_map(|(network, key)| {
        [Some(key.as_str()), None, Some(key.as_str())].map(|key| visit_from(&app, network, key))
    });
    let answers = join_all(visits).await;
    assert_eq!(app.total().await, 100);
    let stored = networks(&app).await;
    assert_eq!(stored.len(), 100);
    for (network, three) in answers.chunks(3).enumerate() {
        let ids = [0, 1, 2].map(|n| three[n].json()["id"].as_i64().unwrap());
        assert_eq!(ids[0], ids[2]);
        assert_ne!(ids[0], ids[1]);
        assert!(
            ids.iter()
                .all(|id| stored[id] == format!("203.0.{network}.0"))
        );
        let mut statuses = [three[0].status.as_u16(), three[2].status.as_u16()];
        statuses.sort_unstable();
        assert_eq!((statuses, three[1].status.as_u16()), ([200, 201], 201));
    }
    app.stop().await;
}
