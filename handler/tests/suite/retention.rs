//! What the register forgets, and what it does not.

use std::time::Duration;

use crate::support::Backend;
use axum::http::StatusCode;
use futures_util::future::join_all;
use handler::domain::Moment;
use handler::store::Retention;
use sqlx::{Connection as _, PgConnection};

on_both_databases!(
    a_key_is_forgotten_after_a_day,
    old_addresses_are_blanked_and_visits_kept
);
through_a_pooler_too!(
    a_key_is_forgotten_after_a_day,
    old_addresses_are_blanked_and_visits_kept,
);

async fn a_key_is_forgotten_after_a_day(backend: Backend) {
    let app = backend.instance(&[]).await;
    let first = app.visit_with_key("daily").await.json();
    // One day and one second ago: expired, but not yet deleted.
    backend
        .execute("update idempotency_keys set recorded_ms = recorded_ms - 86401000")
        .await;
    let second = app.visit_with_key("daily").await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_ne!(second.json()["id"], first["id"]);
    assert_eq!(
        app.visit_with_key("daily").await.json()["id"],
        second.json()["id"]
    );
    assert_eq!(
        backend
            .number("select count(*) from idempotency_keys")
            .await,
        1
    );

    let retention = Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(1),
    };
    retention
        .turn(Moment::now().later(Duration::from_secs(86_401)))
        .await
        .unwrap();
    assert_eq!(
        backend
            .number("select count(*) from idempotency_keys")
            .await,
        0
    );
    assert_eq!(app.total().await, 2);
    app.stop().await;
}

async fn old_addresses_are_blanked_and_visits_kept(backend: Backend) {
    let app = backend.instance(&[]).await;
    for _ in 0..3 {
        let answers = join_all((0..500).map(|_| app.visit())).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer.status == StatusCode::CREATED)
        );
    }
    let total = app.total().await;
    let retention = Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(30 * 86_400),
    };
    retention.turn(Moment::now()).await.unwrap();
    assert_eq!(
        backend
            .number("select count(*) from visits where ip_address is null")
            .await,
        0
    );
    backend.execute("update visits set recorded_ms = recorded_ms - 86400000 * cast(31 as bigint) where id <= 1400").await;
    retention.turn(Moment::now()).await.unwrap();
    assert_eq!(
        backend
            .number("select count(*) from visits where ip_address is null")
            .await,
        1_400
    );
    assert_eq!(app.total().await, total);
    app.stop().await;
}

/// Somebody gives an expired key a new visit while retention is about to delete it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_renewed_meanwhile_is_kept() {
    let backend = Backend::postgres().await;
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let app = backend.instance(&[]).await;
    app.visit_with_key("renewed").await;
    backend
        .execute("update idempotency_keys set recorded_ms = recorded_ms - 86401000")
        .await;

    let mut other = PgConnection::connect(url).await.unwrap();
    let mut renewal = other.begin().await.unwrap();
    sqlx::query("update idempotency_keys set recorded_ms = recorded_ms + 86401000")
        .execute(&mut *renewal)
        .await
        .unwrap();
    let retention = Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(86_400),
    };
    let turn = tokio::spawn(async move { retention.turn(Moment::now()).await });
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
    while backend.number(waits).await == 0 {
        assert!(
            !turn.is_finished(),
            "the deletion does not wait for the renewal"
        );
    }
    renewal.commit().await.unwrap();
    turn.await.unwrap().unwrap();
    assert_eq!(
        backend
            .number("select count(*) from idempotency_keys")
            .await,
        1
    );
    assert_eq!(app.visit_with_key("renewed").await.status, StatusCode::OK);
    app.stop().await;
}
