//! Concurrent reads share queries, and nobody reads the past.

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
async fn many_readers_of_a_page_are_one_query() {
    let backend = Backend::postgres().await;
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let app = backend.instance(&[]).await;
    app.visit().await;

    // Whoever reads the register has to wait for this lock, so that it can be seen who does.
    let mut other = PgConnection::connect(url).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    sqlx::query("lock table visits in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let readers = join_all((0..50).map(|_| app.get("/api/visits?limit=7")));
    let watcher = async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while backend.number(waiting).await == 0 {}
        // All fifty have asked: they are polled together with this, and before it.
        assert_eq!(backend.number(waiting).await, 1);
        lock.commit().await.unwrap();
    };
    let (answers, ()) = tokio::join!(readers, watcher);
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    app.stop().await;
}
