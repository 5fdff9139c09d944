//! Group commit: visits of one batch must not affect each other.

use std::collections::HashMap;
use std::pin::pin;

use crate::support::{Answer, Backend, TestApp};
use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;

on_both_databases!(
    every_receipt_belongs_to_its_own_visit,
    a_visit_that_the_database_refuses_fails_alone,
    a_batch_with_and_without_keys_is_counted_correctly,
    instances_that_write_at_the_same_time_lose_no_visit,
);
through_a_pooler_too!(
    every_receipt_belongs_to_its_own_visit,
    a_visit_that_the_database_refuses_fails_alone,
    a_batch_with_and_without_keys_is_counted_correctly,
    instances_that_write_at_the_same_time_lose_no_visit,
);

/// A visit from a separate network, which is stored.
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

async fn every_receipt_belongs_to_its_own_visit(backend: Backend) {
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

async fn a_visit_that_the_database_refuses_fails_alone(backend: Backend) {
    let app = backend.instance(&[]).await;
    // The app sends no visit that the database refuses, so this constraint makes it refuse one.
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

async fn a_batch_with_and_without_keys_is_counted_correctly(backend: Backend) {
    let app = backend.instance(&[]).await;
    // Every network visits three times: twice with the same key, and once without.
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

/// Three instances with callers, each of which sends its next visit after the last one is acknowledged.
async fn instances_that_write_at_the_same_time_lose_no_visit(backend: Backend) {
    const CALLERS: usize = 8;
    const VISITS: usize = 12;
    let mut apps = Vec::new();
    for _ in 0..3 {
        apps.push(backend.instance(&[]).await);
    }
    let caller = async |app: &TestApp| {
        let mut ids = Vec::new();
        for _ in 0..VISITS {
            let answer = app.visit().await;
            assert_eq!(answer.status, 201);
            ids.push(answer.json()["id"].as_i64().unwrap());
        }
        assert!(ids.is_sorted(), "an instance's ids grow");
        ids
    };
    let callers = apps
        .iter()
        .flat_map(|app| (0..CALLERS).map(move |_| caller(app)));
    let mut ids = join_all(callers).await.concat();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3 * CALLERS * VISITS);
    let recorded = i64::try_from(ids.len()).unwrap();
    assert_eq!(apps[0].total().await, recorded);
    let rows = backend.number("select count(*) from visits").await;
    assert_eq!(rows, recorded);
    for app in apps {
        app.stop().await;
    }
}

/// A transaction is one batch: `xmin` is the number of the transaction that wrote a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visits_that_arrive_during_a_write_share_the_next_one() {
    let backend = Backend::postgres().await;
    let app = backend.instance(&[]).await;
    let lock = backend.lock_writers().await;
    // The first poll of a visit sends it to the writer. One visit is being written and blocked by the lock, and the
    // others wait.
    let first = async {
        assert_eq!(app.visit().await.status, 201);
    };
    let others = async {
        backend.until_waiting(|number| number > 0).await;
        let mut others = pin!(join_all((0..40).map(|_| app.visit())));
        assert!(futures_util::poll!(&mut others).is_pending());
        lock.release().await;
        for answer in others.await {
            assert_eq!(answer.status, 201);
        }
    };
    tokio::join!(first, others);
    let batches = "select count(distinct xmin::text) from visits";
    assert_eq!(backend.number(batches).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn an_instance_adds_to_one_slot_until_another_instance_does() {
    let backend = Backend::postgres().await;
    let app = backend.instance(&[]).await;
    let used = "select count(*) from visit_counter where visits > 0";
    for _ in 0..5 {
        assert_eq!(app.visit().await.status, 201);
    }
    assert_eq!(backend.number(used).await, 1);
    // Another instance adds to its slot, whichever it is.
    backend
        .execute("update visit_counter set visits = visits + 1 where visits > 0")
        .await;
    // The next slot in a sequence may be the same one, but not always.
    while backend.number(used).await == 1 {
        assert_eq!(app.visit().await.status, 201);
        backend
            .execute("update visit_counter set visits = visits + 1 where visits > 0")
            .await;
    }
    app.stop().await;
}
