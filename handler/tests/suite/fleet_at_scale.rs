//! The cost of the fleet with a thousand instances and a day of samples. Prints the numbers and checks only the
//! bounds. docs/concepts/fleet.md contains the numbers and the command.

use std::time::{Duration, Instant};

use crate::support::{Backend, TestApp};
use handler::domain::{
    Connections, Heartbeat, InstanceState, Interval, Latencies, Latency, Limits, Report, Run,
};
use handler::store::{Database, Retention, Store};
use tokio_util::sync::CancellationToken;

const INSTANCES: i64 = 1_000;
const HOURS: i64 = 24;
const HEARTBEAT_MS: i64 = 5_000;
/// The most that one roll-up processes: ten slices of two heartbeats.
const CHUNK_MS: i64 = 100_000;
/// The distance between two run numbers, so that none equals the number of a real run.
const FIRST_RUN: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; prints figures"]
async fn on_postgres() {
    measure(&Backend::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; prints figures"]
async fn on_sqlite() {
    measure(&Backend::sqlite()).await;
}

/// The latencies of an instance with 50 requests a second.
fn latencies(seed: u64) -> Latencies {
    let mut latencies = Latencies::default();
    for request in 0..250 {
        latencies.record(800 + (request * request + seed * 7) % 9_000 * (1 + request % 13));
    }
    latencies
}

fn report(seed: u64) -> Report {
    Report {
        cpu_percent: 61.4,
        memory_percent: 31.2,
        requests_per_second: 50.25,
        latency: Some(Latency {
            p50: 2.125,
            p95: 7.5,
            p99: 12.75,
        }),
        visits_recorded: 4_321_000 + seed,
        stress_remaining_ms: None,
        requests: [0, 4_321_000, 0, 1_200, 3],
        refused: 0,
        in_flight: 3,
        latencies: latencies(seed),
        latency_sum_us: 17_000_000_000,
        process_cpu_ms: 170_000,
        rss_bytes: 30_000_000,
        threads: 12,
        limits: Some(Limits {
            minimum: 1,
            maximum: 3,
        }),
        write_problem: None,
        connections: Connections {
            size: 10,
            idle: 8,
            max: 10,
        },
    }
}

fn beat(instance: i64, number: u64) -> Heartbeat {
    Heartbeat {
        run: Run::from_number(FIRST_RUN + instance),
        instance_id: format!("instance-{instance:04}"),
        state: InstanceState::Live,
        up: Duration::from_secs(86_400),
        interval: Duration::from_millis(HEARTBEAT_MS.unsigned_abs()),
        number,
        report: report(instance.unsigned_abs()),
        since: Some(Interval {
            length: Duration::from_millis(HEARTBEAT_MS.unsigned_abs()),
            cpu_percent: 61.4,
            requests: 250,
            latencies: latencies(instance.unsigned_abs()),
        }),
    }
}

async fn measure(backend: &Backend) {
    println!(
        "{}: {INSTANCES} instances, {HOURS} h of samples every {HEARTBEAT_MS} ms",
        backend.db_type()
    );
    // No instance runs while the past is created, because it would roll up to the present.
    let config = crate::support::config(&backend.flags(), &[]);
    let database = Database::new(&config.target, config.pool_max, config.migrate);
    database.clone().open(CancellationToken::new()).await;
    heartbeats(database.store().await.unwrap(), 1).await;
    a_day(backend, database.store().await.unwrap()).await;
    database.close().await;

    let app = backend.instance(&["--heartbeat-seconds", "5"]).await;
    let store = app.service.database().store().await.unwrap();
    sizes(backend).await;
    for (number, minutes) in (10_000..).zip([5, 30, 120, 121, 360, 1_440]) {
        // All are live, and in the newest point.
        heartbeats(store, number).await;
        reads(&app, &format!("/api/timeline?minutes={minutes}")).await;
    }
    heartbeats(store, 10_010).await;
    reads(&app, "/api/instances").await;
    heartbeats(store, 10_011).await;
    reads(&app, "/metrics").await;

    println!("  with 8,640 more that are gone, a day of one that crashes every ten seconds");
    backend
        .execute(
            "with recursive i (n) as (select 1 union all select n + 1 from i where n < 8640)
             insert into instances
             select n, 'crashed-' || n, '1', 'live', ms - n * 10000 - 10000, ms - n * 10000, 5000, 1, report
             from i, (select last_seen_ms as ms, report from instances where run = 1000001) as one",
        )
        .await;
    heartbeats(store, 10_012).await;
    reads(&app, "/api/instances").await;
    heartbeats(store, 10_013).await;
    reads(&app, "/metrics").await;
    reads(&app, "/api/timeline?minutes=1440").await;

    let begun = Instant::now();
    let retention = Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(86_400),
    };
    backend
        .execute("update instances set last_seen_ms = last_seen_ms - 90100000 where instance_id like 'crashed%'")
        .await;
    backend
        .execute("update timeline set start_ms = start_ms - 86400000 where grain = 1")
        .await;
    retention.turn().await.unwrap();
    println!("  all of that deleted in {:.1?}", begun.elapsed());
    app.stop().await;
}

async fn heartbeats(store: &Store, number: u64) {
    let mut took = Vec::new();
    for instance in 0..INSTANCES {
        let beat = beat(instance, number);
        let began = Instant::now();
        store.beat(&beat, Some(0)).await.unwrap();
        took.push(began.elapsed());
    }
    show("one heartbeat at a time", &mut took, "");
}

/// Passes a day of samples to the roll-up, in the order in which they would have been written.
async fn a_day(backend: &Backend, store: &Store) {
    let now = backend
        .number("select max(last_seen_ms) from instances")
        .await;
    backend.execute("delete from samples").await;
    let begin = (now - HOURS * 3_600_000) / CHUNK_MS * CHUNK_MS;
    let (mut rolled_up, mut fed) = (Vec::new(), Duration::ZERO);
    let (mut from, mut number) = (begin, 1);
    let packed: String = latencies(3)
        .pack()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let blob = match backend {
        Backend::Sqlite { .. } => format!("x'{packed}'"),
        Backend::Postgres { .. } => format!("decode('{packed}', 'hex')"),
    };
    while from + CHUNK_MS < now {
        let sql = format!(
            "with recursive i (n) as (select 0 union all select n + 1 from i where n < {INSTANCES} - 1),
                 t (n) as (select 0 union all select n + 1 from t where n < {CHUNK_MS} / {HEARTBEAT_MS} - 1)
             insert into samples
             select {from} + t.n * {HEARTBEAT_MS} + i.n * 4, {FIRST_RUN} + i.n, {HEARTBEAT_MS}, (i.n * 7 + t.n) % 100, 250, {blob}
             from i, t"
        );
        let began = Instant::now();
        backend.execute(sql.leak()).await;
        fed += began.elapsed();
        // One instance is live, but without a sample, which would have today's time.
        number += 1;
        let alive = Heartbeat {
            since: None,
            ..beat(0, number)
        };
        store.beat(&alive, Some(0)).await.unwrap();
        let began = Instant::now();
        while store.roll_up().await.unwrap() {}
        rolled_up.push(began.elapsed());
        from += CHUNK_MS;
    }
    let samples = (from - begin) / HEARTBEAT_MS * INSTANCES;
    println!("  {samples} samples fed in {fed:.1?}");
    show(
        "a roll-up of ten slices (20,000 samples)",
        &mut rolled_up,
        "",
    );
    let minutes = backend
        .number("select count(*) from timeline where grain = 1")
        .await;
    assert!(minutes > HOURS * 60 - 5, "{minutes} minutes");
}

async fn sizes(backend: &Backend) {
    for count in [
        "select count(*) from instances",
        "select count(*) from samples",
        "select count(*) from timeline where grain = 0",
        "select count(*) from timeline where grain = 1",
    ] {
        println!("  {count}: {}", backend.number(count).await);
    }
    let bytes: &[&str] = match backend {
        Backend::Sqlite { .. } => {
            &["select page_count * page_size from pragma_page_count(), pragma_page_size()"]
        }
        Backend::Postgres { .. } => &[
            "select pg_total_relation_size('instances')",
            "select pg_total_relation_size('samples')",
            "select pg_total_relation_size('timeline')",
        ],
    };
    for sql in bytes {
        println!("  {sql}: {} kB", backend.number(sql).await / 1_000);
    }
}

async fn reads(app: &TestApp, uri: &str) {
    let (mut took, mut bytes) = (Vec::new(), 0);
    for _ in 0..20 {
        let began = Instant::now();
        let answer = app.get(uri).await;
        took.push(began.elapsed());
        assert_eq!(answer.status, 200, "{answer:?}");
        bytes = answer.body.len();
        if uri.starts_with("/api/timeline") {
            assert!(answer.json()["points"].as_array().unwrap().len() <= 720);
        }
    }
    show(uri, &mut took, &format!(", {} kB", bytes / 1_000));
}

fn show(what: &str, took: &mut [Duration], more: &str) {
    took.sort_unstable();
    let (p50, last) = (took[took.len() / 2], took[took.len() - 1]);
    println!("  {what}: p50 {p50:.1?}, longest {last:.1?}{more}");
}
