//! Concurrent reads share queries, and all reads are current.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::Backend;
use axum::http::StatusCode;
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};

on_both_databases!(a_read_shows_every_visit_acknowledged_before_it);
through_a_pooler_too!(a_read_shows_every_visit_acknowledged_before_it);

async fn a_read_shows_every_visit_acknowledged_before_it(backend: Backend) {
    let app = backend.instance(&[]).await;
    let callers = (0..20).map(|_| async {
        for _ in 0..20 {
            let visit = app.visit().await.json();
            let list = app.get("/api/visits?limit=100").await.json();
            let total = list["total_visits"].as_i64().unwrap();
            assert!(total >= visit["total_visits"].as_i64().unwrap());
            let newest = list["recent_visits"][0]["id"].as_i64().unwrap();
            assert!(newest >= visit["id"].as_i64().unwrap());
        }
    });
    join_all(callers).await;
    assert_eq!(app.total().await, 400);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_of_a_page_share_one_query() {
    let backend = Backend::postgres().await;
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let app = backend.instance(&[]).await;
    app.visit().await;

    // Reads of the visits wait for this lock, so the waiting ones can be counted.
    let mut other = PgConnection::connect(url).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    sqlx::query("lock table visits in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let readers = join_all((0..50).map(|_| app.get("/api/visits?limit=7")));
    let watcher = async {
        backend.until_waiting(|number| number > 0).await;
        // All fifty requests have been sent: they are polled together with this one, and before it.
        assert_eq!(backend.waiting().await, 1);
        lock.commit().await.unwrap();
    };
    let (answers, ()) = tokio::join!(readers, watcher);
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    app.stop().await;
}

/// Pages that are requested all the time must not occupy the connections that visits and everything else need.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frequent_pages_leave_a_connection_for_other_work() {
    let backend = Backend::postgres().await;
    // The smallest pool: one connection each for visits, for heartbeats, and for everything else.
    let app = Arc::new(backend.instance(&["--database-pool-max", "3"]).await);
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..120)
        .map(|reader| {
            let (app, over) = (Arc::clone(&app), Arc::clone(&over));
            tokio::spawn(async move {
                let page = format!("/api/visits?limit={}", 1 + reader % 10);
                let mut statuses = BTreeMap::new();
                while !over.load(Ordering::Relaxed) {
                    *statuses.entry(app.get(&page).await.status).or_insert(0) += 1;
                }
                statuses
            })
        })
        .collect();
    let mut others = BTreeMap::new();
    for _ in 0..100 {
        *others
            .entry(("visit", app.visit().await.status))
            .or_insert(0) += 1;
    }
    for _ in 0..20 {
        for path in ["/health", "/api/instances"] {
            *others
                .entry((path, app.get(path).await.status))
                .or_insert(0) += 1;
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut pages = BTreeMap::new();
    for reader in readers {
        for (status, number) in reader.await.unwrap() {
            *pages.entry(status).or_insert(0) += number;
        }
    }
    println!("{others:?} {pages:?}");
    assert!(
        others.keys().all(|(_, status)| status.is_success()),
        "{others:?}"
    );
    assert!(pages.keys().all(StatusCode::is_success), "{pages:?}");
    Arc::into_inner(app).unwrap().stop().await;
}
