//! What is deleted or blanked after its time, and what is kept.

use std::time::Duration;

use crate::support::{Backend, TestApp};
use axum::http::StatusCode;
use futures_util::future::join_all;
use handler::store::Retention;
use sqlx::{Connection as _, PgConnection};

on_both_databases!(
    a_key_expires_after_a_day,
    old_addresses_are_blanked_and_visits_are_kept,
    a_visit_dated_in_the_future_delays_nothing,
    a_key_dated_in_the_future_delays_nothing,
);
through_a_pooler_too!(
    a_key_expires_after_a_day,
    old_addresses_are_blanked_and_visits_are_kept,
);

/// The retention of an instance with this setting.
fn retention(app: &TestApp, days: u64) -> Retention {
    Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(days * 86_400),
    }
}

/// Moves the time of these visits by days.
async fn shift_visits(backend: &Backend, days: i64, which: &str) {
    let sql = format!(
        "update visits set recorded_ms = recorded_ms + {days} * cast(86400000 as bigint) where {which}"
    );
    backend.execute(sql.leak()).await;
}

const BLANK: &str = "select count(*) from visits where ip_address is null";

async fn a_visit_dated_in_the_future_delays_nothing(backend: Backend) {
    let app = backend.instance(&[]).await;
    for _ in 0..4 {
        let answers = join_all((0..500).map(|_| app.visit())).await;
        assert!(answers.iter().all(|answer| answer.status == 201));
    }
    // Most visits are old. Among them are more than one chunk in a row that a fast clock dated in the future, and one
    // with the largest possible time.
    shift_visits(&backend, -31, "id <= 1900").await;
    shift_visits(&backend, 71, "id <= 1 or id between 300 and 1700").await;
    backend
        .execute("update visits set recorded_ms = 9223372036854775807 where id = 2")
        .await;
    // These are as recent as their dates: the last one of all is dated in the future.
    shift_visits(&backend, 40, "id = 1901 or id = 2000").await;
    retention(&app, 30).turn().await.unwrap();
    // Visits dated in the future are as old as the visits around them.
    let wrong = "select count(*) from visits where (ip_address is null) <> (id <= 1900)";
    assert_eq!(backend.number(wrong).await, 0);
    // No visit was skipped permanently.
    shift_visits(&backend, -72, "id > 1900").await;
    retention(&app, 30).turn().await.unwrap();
    assert_eq!(backend.number(BLANK).await, 2_000);
    assert_eq!(app.total().await, 2_000);
    app.stop().await;
}

async fn a_key_dated_in_the_future_delays_nothing(backend: Backend) {
    let app = backend.instance(&[]).await;
    let first = app.visit_with_key("ahead").await.json();
    app.visit_with_key("old").await;
    let day = "update idempotency_keys set recorded_ms = recorded_ms";
    for shift in [
        " + 40 * cast(86400000 as bigint) where visit_id = 1",
        " - 86401000 where visit_id = 2",
    ] {
        backend.execute(format!("{day}{shift}").leak()).await;
    }
    retention(&app, 30).turn().await.unwrap();
    let keys = "select count(*) from idempotency_keys";
    assert_eq!(backend.number(keys).await, 1);
    // The key is less than a day old, whatever its date.
    let again = app.visit_with_key("ahead").await;
    assert_eq!(
        (again.status, &again.json()["id"]),
        (StatusCode::OK, &first["id"])
    );
    app.stop().await;
}

/// A clock for the database that differs from the instance's: the functions in this schema take precedence over the
/// server's.
const OWN_CLOCK: [&str; 3] = [
    "create table clock (shift interval)",
    "insert into clock values ('0')",
    "do $$ declare name text; begin
        foreach name in array array['now', 'clock_timestamp', 'statement_timestamp'] loop
            execute format('create function public.%I() returns timestamptz stable language plpgsql as
                ''begin return pg_catalog.%I() + (select shift from clock); end''', name, name);
        end loop;
        execute format('alter database %I set search_path = public, pg_catalog', current_database());
    end $$",
];

/// An instance whose clock is days away from the database's clock deletes nothing too early or too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lifetimes_use_the_clock_of_the_database() {
    let backend = Backend::postgres().await;
    for sql in OWN_CLOCK {
        backend.execute(sql).await;
    }
    let app = backend.instance(&[]).await;
    let at = |days: f64| {
        let sql = format!("update clock set shift = interval '{days} days'");
        backend.execute(sql.leak())
    };
    at(100.0).await;
    let first = app.visit_with_key("key").await.json();
    let recorded = "select recorded_ms - cast(extract(epoch from pg_catalog.now()) * 1000 as bigint) from visits";
    let shift = backend.number(recorded).await as f64 / 86_400_000.0;
    assert!((99.9..=100.1).contains(&shift), "{shift}");
    retention(&app, 30).turn().await.unwrap();
    at(100.9).await;
    let again = app.visit_with_key("key").await;
    assert_eq!(
        (again.status, &again.json()["id"]),
        (StatusCode::OK, &first["id"])
    );
    retention(&app, 30).turn().await.unwrap();
    let keys = "select count(*) from idempotency_keys";
    assert_eq!(backend.number(keys).await, 1);
    // One day later the key may be used again.
    at(101.1).await;
    let second = app.visit_with_key("key").await;
    assert_eq!(second.status, StatusCode::CREATED);
    at(102.2).await;
    retention(&app, 30).turn().await.unwrap();
    assert_eq!(backend.number(keys).await, 0);
    assert_eq!(backend.number(BLANK).await, 0);
    at(130.5).await;
    retention(&app, 30).turn().await.unwrap();
    assert_eq!(backend.number(BLANK).await, 1);
    at(131.5).await;
    retention(&app, 30).turn().await.unwrap();
    assert_eq!(backend.number(BLANK).await, 2);
    app.stop().await;
}

/// Visits use expired keys in one order while the keys are deleted in the other order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_keys_and_using_them_again_does_not_deadlock() {
    let backend = Backend::postgres().await;
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    let app = backend.instance(&[]).await;
    // The digest of the first key is the greater one. The deletion reads the table from its beginning, and the visits
    // take keys in the order of their digests, so they begin at opposite ends.
    let keys = ["one", "two"];
    for key in keys {
        assert_eq!(app.visit_with_key(key).await.status, StatusCode::CREATED);
    }
    backend
        .execute("update idempotency_keys set recorded_ms = recorded_ms - 86401000")
        .await;
    // Both wait for the last digest.
    let mut other = PgConnection::connect(url).await.unwrap();
    let mut hold = other.begin().await.unwrap();
    sqlx::query("select from idempotency_keys order by key_hash desc limit 1 for update")
        .execute(&mut *hold)
        .await
        .unwrap();
    let deletion = retention(&app, 30);
    let deletion = tokio::spawn(async move { deletion.turn().await });
    let waits = |number| number > 0 || deletion.is_finished();
    backend.until_waiting(waits).await;
    let before = backend.waiting().await;

    // A write that waits, so that the visits after it share the next write.
    let writers = backend.lock_writers().await;
    let keyed = async {
        backend.until_waiting(|number| number != before).await;
        let release = async {
            writers.release().await;
            let waits = |number| number > before || deletion.is_finished();
            backend.until_waiting(waits).await;
            hold.commit().await.unwrap();
        };
        let visits = join_all(keys.iter().map(|key| app.visit_with_key(key)));
        tokio::join!(visits, release)
    };
    let (lone, (keyed, ())) = tokio::join!(app.visit(), keyed);
    for answer in keyed.iter().chain([&lone]) {
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }
    deletion.await.unwrap().unwrap();
    app.stop().await;
}

async fn a_key_expires_after_a_day(backend: Backend) {
    let app = backend.instance(&[]).await;
    let first = app.visit_with_key("daily").await.json();
    // One day and one second ago: expired but not yet deleted.
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

    backend
        .execute("update idempotency_keys set recorded_ms = recorded_ms - 86401000")
        .await;
    retention(&app, 30).turn().await.unwrap();
    assert_eq!(
        backend
            .number("select count(*) from idempotency_keys")
            .await,
        0
    );
    assert_eq!(app.total().await, 2);
    app.stop().await;
}

async fn old_addresses_are_blanked_and_visits_are_kept(backend: Backend) {
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
    let retention = retention(&app, 30);
    retention.turn().await.unwrap();
    assert_eq!(
        backend
            .number("select count(*) from visits where ip_address is null")
            .await,
        0
    );
    backend.execute("update visits set recorded_ms = recorded_ms - 86400000 * cast(31 as bigint) where id <= 1400").await;
    retention.turn().await.unwrap();
    assert_eq!(
        backend
            .number("select count(*) from visits where ip_address is null")
            .await,
        1_400
    );
    assert_eq!(app.total().await, total);
    app.stop().await;
}

/// A transaction gives an expired key a new visit while retention tries to delete it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_renewed_during_the_deletion_is_kept() {
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
    let retention = retention(&app, 1);
    // Rows that others have locked are left to the next turn.
    retention.turn().await.unwrap();
    renewal.commit().await.unwrap();
    retention.turn().await.unwrap();
    assert_eq!(
        backend
            .number("select count(*) from idempotency_keys")
            .await,
        1
    );
    assert_eq!(app.visit_with_key("renewed").await.status, StatusCode::OK);
    app.stop().await;
}
