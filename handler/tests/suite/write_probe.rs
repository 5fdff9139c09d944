//! A database that responds but cannot record visits is unhealthy, and the reason is reported.

use std::fs::Permissions;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::exposition::parse;
use crate::support::process::Process;
use crate::support::{Answer, Backend, TestApp};

on_both_databases!(
    a_database_that_cannot_record_visits_is_unhealthy,
    probes_leave_nothing_behind,
    a_database_that_stays_locked_is_unhealthy,
);
through_a_pooler_too!(
    a_database_that_cannot_record_visits_is_unhealthy,
    probes_leave_nothing_behind
);

const READ_ONLY: &str = "the database is read-only";
const PERMISSION: &str = "the app's role lacks a permission on a table or sequence";
const SCHEMA: &str = "a table or column is missing";
const REFUSED: &str = "the database refuses the statement; the app's log has the cause";

/// A fault, how it is repaired, and the reported reason.
type Fault = (&'static str, &'static str, &'static str);

const ON_POSTGRES: [Fault; 7] = [
    (
        "revoke insert on visits from current_user",
        "grant insert on visits to current_user",
        PERMISSION,
    ),
    (
        "revoke usage, update on sequence visits_id_seq from current_user",
        "grant usage, update on sequence visits_id_seq to current_user",
        PERMISSION,
    ),
    (
        "revoke update on visit_counter from current_user",
        "grant update on visit_counter to current_user",
        PERMISSION,
    ),
    (
        "alter table idempotency_keys rename instance_id to renamed",
        "alter table idempotency_keys rename renamed to instance_id",
        SCHEMA,
    ),
    (
        "alter table visits add constraint refused check (instance_id = '') not valid",
        "alter table visits drop constraint refused",
        REFUSED,
    ),
    (
        "alter table visit_counter rename to renamed",
        "alter table renamed rename to visit_counter",
        SCHEMA,
    ),
    // As after a copy from another server that did not copy the sequence.
    (
        "select setval('visits_id_seq', 1, false)",
        "select setval('visits_id_seq', (select max(id) from visits))",
        REFUSED,
    ),
];

const ON_SQLITE: [Fault; 3] = [
    (
        "create trigger refused before insert on visits begin select raise(abort, 'refused'); end",
        "drop trigger refused",
        REFUSED,
    ),
    (
        "alter table visits rename column instance_id to renamed",
        "alter table visits rename column renamed to instance_id",
        SCHEMA,
    ),
    (
        "alter table idempotency_keys rename to renamed",
        "alter table renamed rename to idempotency_keys",
        SCHEMA,
    ),
];

const FLAGS: [&str; 4] = ["--heartbeat-seconds", "0.1", "--instance-id", "one"];

fn is(status: u16) -> impl Fn(&Answer) -> bool {
    move |answer| answer.status == status
}

/// Checks what every view reports while visits cannot be recorded.
async fn everything_says(app: &TestApp, reason: &str) {
    let said = |answer: &Answer| {
        let error = &answer.json()["error"];
        error.as_str() == Some(&format!("visits cannot be recorded: {reason}"))
    };
    let health = app.eventually("/health", said).await;
    assert_eq!(health.status, 503);
    let health = health.json();
    assert_eq!(
        (&health["status"], &health["database"]),
        (&Value::from("unhealthy"), &Value::from("connected"))
    );
    assert_eq!(app.get("/health/live").await.status, 200);
    let told = |answer: &Answer| answer.json()["instances"][0]["write_problem"] == reason;
    app.eventually("/api/instances", told).await;
    let metrics = app.get("/metrics").await;
    let families = parse(std::str::from_utf8(&metrics.body).unwrap());
    let series = |name: &str| families[name].series.iter().next().unwrap();
    assert_eq!(*series("elastic_visits_database_up").1, 0.0);
    let (problem, value) = series("elastic_visits_write_problem");
    assert_eq!((problem.labels["reason"].as_str(), *value), (reason, 1.0));
}

async fn a_database_that_cannot_record_visits_is_unhealthy(backend: Backend) {
    let app = backend.instance(&FLAGS).await;
    assert_eq!(app.visit().await.status, 201);
    let faults: &[Fault] = match backend {
        Backend::Postgres { .. } => &ON_POSTGRES,
        Backend::Sqlite { .. } => &ON_SQLITE,
    };
    for (number, (fault, mend, reason)) in (2..).zip(faults) {
        app.eventually("/health", is(200)).await;
        backend.execute(fault).await;
        everything_says(&app, reason).await;
        backend.execute(mend).await;
        app.eventually("/health", is(200)).await;
        let healed = |answer: &Answer| answer.json()["instances"][0]["write_problem"].is_null();
        app.eventually("/api/instances", healed).await;
        let visit = app.visit().await;
        assert_eq!(visit.status, 201, "{fault}");
        assert_eq!(visit.json()["total_visits"], number, "{fault}");
    }
    app.stop().await;
}

async fn probes_leave_nothing_behind(backend: Backend) {
    let app = backend.instance(&FLAGS).await;
    let first = app.visit().await.json();
    // A probe runs before or after each heartbeat.
    let beats = |answer: &Answer| {
        let families = parse(std::str::from_utf8(&answer.body).unwrap());
        let beats = families.get("elastic_visits_heartbeats_total");
        beats.is_some_and(|family| family.series.values().any(|beats| *beats > 12.0))
    };
    app.eventually("/metrics", beats).await;
    let second = app.visit_with_key("a-key").await.json();
    for (member, step) in [("id", 1), ("total_visits", 1)] {
        let number = |visit: &Value| visit[member].as_i64().unwrap();
        assert_eq!(number(&second), number(&first) + step, "{member}");
    }
    for (sql, rows) in [
        ("select count(*) from visits", 2),
        ("select count(*) from idempotency_keys", 1),
    ] {
        assert_eq!(backend.number(sql).await, rows, "{sql}");
    }
    app.stop().await;
}

async fn a_database_that_stays_locked_is_unhealthy(backend: Backend) {
    let app = backend.instance(&FLAGS).await;
    app.eventually("/health", is(200)).await;
    let lock = backend.lock_writers().await;
    // On SQLite, heartbeats wait for the same lock. A busy machine may first be too slow for another part of the check.
    let in_time = |answer: &Answer| {
        let error = answer.json()["error"].as_str().map(str::to_owned);
        error.is_some_and(|error| error.ends_with("in time"))
    };
    let answer = app.eventually("/health", in_time).await;
    assert_eq!(answer.status, 503);
    // Reads still work.
    assert_eq!(app.call(Method::GET, "/api/visits").await.status, 200);
    lock.release().await;
    app.eventually("/health", is(200)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_becomes_read_only_is_unhealthy_even_without_a_heartbeat() {
    let backend = Backend::postgres().await;
    let Backend::Postgres {
        admin_url, name, ..
    } = &backend
    else {
        unreachable!()
    };
    let app = backend.instance(&FLAGS).await;
    let joined = |answer: &Answer| answer.json()["live"] == 1;
    app.eventually("/api/instances", joined).await;
    let mut admin = PgConnection::connect(admin_url).await.unwrap();
    for (setting, reason) in [("on", Some(READ_ONLY)), ("off", None)] {
        for sql in [
            // Committed before the connections end, so that each new one has the setting.
            format!("alter database {name} set default_transaction_read_only = {setting}"),
            // Only a superuser may end an autovacuum worker.
            format!(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = '{name}' and backend_type = 'client backend'"
            ),
        ] {
            let statement = sqlx::raw_sql(AssertSqlSafe(sql));
            statement.execute(&mut admin).await.unwrap();
        }
        match reason {
            Some(reason) => everything_says(&app, reason).await,
            None => {
                app.eventually("/health", is(200)).await;
                assert_eq!(app.visit().await.status, 201);
            }
        }
    }
    app.stop().await;
}

/// SQLite opens a read-only file for reading. The process gives up root's rights if it has them.
#[test]
fn a_read_only_file_is_unhealthy() {
    use std::os::unix::fs::PermissionsExt as _;

    let backend = Backend::sqlite();
    let Backend::Sqlite { folder } = &backend else {
        unreachable!()
    };
    let file = folder.join("data/visits.db");
    let mut handler = Process::start(&backend.flags(), &FLAGS);
    handler.eventually("/health", 200);
    handler.signal(rustix::process::Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    // SQLite gives the files beside it the same permissions.
    let permit = |mode| {
        for end in ["", "-wal", "-shm"] {
            let file = format!("{}{end}", file.display());
            if Path::new(&file).exists() {
                std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
            }
        }
    };
    permit(0o444);
    let mut command = crate::support::process::command(&backend.flags(), &FLAGS);
    if rustix::process::geteuid().is_root() {
        use std::os::unix::process::CommandExt as _;
        for path in [
            folder.clone(),
            folder.join("data"),
            folder.join("data/visits.db.lock"),
        ] {
            std::fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        }
        command.uid(65_534);
    }
    let handler = Process::spawn(command);
    let health = handler.eventually("/health", 503).json();
    let sentence = format!("visits cannot be recorded: {READ_ONLY}");
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut error = health["error"].clone();
    while error != sentence.as_str() {
        assert!(Instant::now() < deadline, "{error}");
        error = handler.eventually("/health", 503).json()["error"].clone();
    }
    permit(0o666);
    // A file that SQLite opened for reading stays read-only.
    drop(handler);
    let handler = Process::start(&backend.flags(), &FLAGS);
    handler.eventually("/health", 200);
    assert_eq!(handler.send("POST", "/api/visit", &[]).unwrap().status, 201);
}
