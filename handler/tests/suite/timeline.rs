//! The fleet over time: the form of the timeline, its bounds, and the retention of its data.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Answer, Backend};

use handler::store::Retention;
use serde_json::Value;

on_both_databases!(
    a_timeline_without_a_past_is_empty,
    one_instance_fills_the_newest_points,
    a_thousand_instances_are_listed_as_twenty_and_summed_up,
    never_more_points_than_720,
    samples_are_rolled_up_and_nothing_is_lost,
    a_clock_that_is_set_back_stops_nothing,
    old_rows_are_deleted_and_recent_rows_are_kept,
);
through_a_pooler_too!(
    one_instance_fills_the_newest_points,
    samples_are_rolled_up_and_nothing_is_lost,
    old_rows_are_deleted_and_recent_rows_are_kept,
);

fn points(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["points"].as_array().unwrap().clone()
}

/// Checks what must be true for every point, with or without data.
#[track_caller]
fn check_points(timeline: &Value) {
    let bucket = timeline["bucket_seconds"].as_u64().unwrap();
    let points = timeline["points"].as_array().unwrap();
    assert!(!points.is_empty() && points.len() <= 720);
    let mut shown = BTreeSet::new();
    for point in points {
        let is_empty = point["instances"].is_null();
        for number in ["cpu_percent", "requests_per_second"] {
            assert_eq!(point[number].is_null(), is_empty, "{point}");
            assert_eq!(point[number].is_number(), !is_empty, "{point}");
        }
        for part in ["p50", "p95", "p99"] {
            let latency = &point["latency_ms"][part];
            assert!(
                latency.is_null() || latency.is_number() && !is_empty,
                "{point}"
            );
        }
        let per_instance = point["per_instance"].as_object().unwrap();
        assert!(per_instance.len() <= point["instances"].as_u64().unwrap_or(0) as usize);
        shown.extend(per_instance.keys().cloned());
    }
    assert!(shown.len() <= 20, "{shown:?}");
    let times: BTreeSet<&str> = points
        .iter()
        .map(|point| point["timestamp"].as_str().unwrap())
        .collect();
    assert_eq!(times.len(), points.len());
    let first = points[0]["timestamp"].as_str().unwrap();
    assert!(times.first() == Some(&first) && first.ends_with(".000Z"));
    assert!(bucket >= 1);
}

async fn a_timeline_without_a_past_is_empty(backend: Backend) {
    // There is no second heartbeat, and so no sample.
    let app = backend.instance(&["--heartbeat-seconds", "30"]).await;
    app.eventually("/api/instances", |answer| answer.json()["live"] == 1)
        .await;
    let timeline = app.get("/api/timeline").await.json();
    check_points(&timeline);
    assert_eq!(timeline["bucket_seconds"], 60);
    assert_eq!(timeline["points"].as_array().unwrap().len(), 30);
    for point in timeline["points"].as_array().unwrap() {
        assert!(point["instances"].is_null());
        assert!(point["latency_ms"]["p99"].is_null());
        assert_eq!(point["per_instance"], serde_json::json!({}));
    }
    app.stop().await;
}

async fn one_instance_fills_the_newest_points(backend: Backend) {
    let flags = ["--heartbeat-seconds", "0.5", "--instance-id", "one"];
    let app = backend.instance(&flags).await;
    for _ in 0..20 {
        app.visit().await;
    }
    let seen = |answer: &Answer| {
        let points = points(answer);
        let mut with_latency = points
            .iter()
            .filter(|point| point["latency_ms"]["p99"].is_number());
        // The last point is empty after a late heartbeat. If it was delayed, it would always be empty.
        with_latency.next().is_some()
            && points
                .last()
                .is_some_and(|last| !last["instances"].is_null())
    };
    let timeline = app.eventually("/api/timeline?minutes=5", seen).await.json();
    check_points(&timeline);
    // Half-second heartbeats give one point per second.
    assert_eq!(timeline["bucket_seconds"], 1);
    assert_eq!(timeline["points"].as_array().unwrap().len(), 300);
    let filled: Vec<&Value> = timeline["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|point| !point["instances"].is_null())
        .collect();
    for point in &filled {
        assert_eq!(point["instances"], 1);
        assert_eq!(point["per_instance"]["one"], point["cpu_percent"]);
    }
    let last = &timeline["points"][299];
    assert!(
        !last["instances"].is_null(),
        "the last point is not delayed: {last}"
    );
    let joined = &timeline["events"][0];
    assert_eq!(
        (joined["type"].as_str(), joined["instance_id"].as_str()),
        (Some("joined"), Some("one"))
    );
    app.stop().await;
}

async fn a_thousand_instances_are_listed_as_twenty_and_summed_up(backend: Backend) {
    // One second between heartbeats, so a slice contains two.
    let app = backend.instance(&["--heartbeat-seconds", "1"]).await;
    app.eventually("/api/timeline?minutes=1", |answer| {
        points(answer)
            .iter()
            .any(|point| !point["instances"].is_null())
    })
    .await;
    backend
        .execute(
            "with recursive i (n) as (select 1 union all select n + 1 from i where n < 1000)
             insert into instances
             select 1000000 + n, 'many-' || n, '1', 'live', ms - 600000, ms, 1000, 1, '{}'
             from i, (select max(last_seen_ms) as ms from instances) as now",
        )
        .await;
    // One sample per instance and second, also for the next few seconds.
    backend
        .execute(
            "with recursive i (n) as (select 1 union all select n + 1 from i where n < 1000),
                 t (n) as (select 0 union all select n + 1 from t where n < 9)
             insert into samples
             select sample.at_ms + t.n * 1000, 1000000 + i.n, 1000, i.n % 100, 5, sample.latencies
             from i, t, (select at_ms, latencies from samples order by at_ms desc limit 1) as sample",
        )
        .await;
    let is_full = |point: &Value| point["instances"].as_u64() >= Some(1_000);
    // From samples, then from slices made of them, then from a minute made of these.
    for uri in ["/api/timeline?minutes=1", "/api/timeline?minutes=1440"] {
        let seen = |answer: &Answer| points(answer).iter().any(is_full);
        let timeline = app.eventually(uri, seen).await.json();
        check_points(&timeline);
        let points = timeline["points"].as_array().unwrap();
        let full = points.iter().find(|point| is_full(point)).unwrap();
        assert_eq!(full["per_instance"].as_object().unwrap().len(), 20);
        if uri.ends_with("=1") {
            // CPU is spread evenly from 0 to 99 percent, with five requests per second each.
            let (cpu, rate) = (&full["cpu_percent"], &full["requests_per_second"]);
            assert!((45.0..55.0).contains(&cpu.as_f64().unwrap()), "{full}");
            assert!(
                (4_500.0..5_500.0).contains(&rate.as_f64().unwrap()),
                "{full}"
            );
        }
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while backend
        .number("select coalesce(max(instances), 0) from timeline where grain = 0")
        .await
        < 1_000
    {
        assert!(tokio::time::Instant::now() < deadline, "not rolled up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
}

async fn never_more_points_than_720(backend: Backend) {
    let app = backend.instance(&["--heartbeat-seconds", "0.5"]).await;
    for minutes in [
        1, 2, 5, 12, 13, 30, 59, 60, 61, 120, 121, 719, 720, 721, 1_439, 1_440,
    ] {
        let timeline = app
            .get(&format!("/api/timeline?minutes={minutes}"))
            .await
            .json();
        check_points(&timeline);
        let bucket = timeline["bucket_seconds"].as_u64().unwrap();
        let points = timeline["points"].as_array().unwrap().len() as u64;
        assert!(bucket * points <= minutes * 60 && bucket * (points + 1) > minutes * 60);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_may_be_from_a_minute_to_a_day() {
    let backend = Backend::sqlite();
    let app = backend.instance(&[]).await;
    for bad in [
        "0",
        "1441",
        "-1",
        "1.5",
        "",
        "five",
        "99999999999999999999",
        "%30x",
    ] {
        let answer = app.get(&format!("/api/timeline?minutes={bad}")).await;
        let problem = answer.problem(422);
        assert_eq!(problem["field"], "minutes", "{bad}");
    }
    assert_eq!(
        app.get("/api/timeline?minutes=1&minutes=2")
            .await
            .problem(422)["field"],
        "minutes"
    );
    assert_eq!(
        app.get("/api/timeline?minutes=1440&else=1").await.status,
        200
    );
    app.stop().await;
}

async fn samples_are_rolled_up_and_nothing_is_lost(backend: Backend) {
    let app = backend.instance(&["--heartbeat-seconds", "0.2"]).await;
    app.visit().await;
    let fine = "select count(*) from timeline where grain = 0";
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while backend.number(fine).await < 3 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "nothing is rolled up"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A sample is either in the timeline or still waits, never both.
    let both = "select count(*) from samples where at_ms < (select position from progress where task = 'roll_up')";
    assert_eq!(backend.number(both).await, 0);
    let ahead = "select count(*) from timeline
                 where start_ms >= (select position from progress where task = 'roll_up')";
    assert_eq!(backend.number(ahead).await, 0);
    // Only the samples of the last seconds are waiting.
    let waiting = backend.number("select count(*) from samples").await;
    assert!(waiting < 60, "{waiting} samples");
    app.stop().await;
}

async fn a_clock_that_is_set_back_stops_nothing(backend: Backend) {
    let app = backend.instance(&["--heartbeat-seconds", "0.2"]).await;
    let filled = |answer: &Answer| {
        points(answer)
            .iter()
            .any(|point| !point["instances"].is_null())
    };
    app.eventually("/api/timeline?minutes=1", filled).await;
    // Everything written so far has a time one hour in the future.
    for sql in [
        "update instances set last_seen_ms = last_seen_ms + 3600000, started_ms = started_ms + 3600000",
        "update samples set at_ms = at_ms + 3600000",
        "update timeline set start_ms = start_ms + 3600000",
        "update progress set position = position + 3600000 where task = 'roll_up'",
        "insert into instances
         select 5, 'from-the-future', '1', 'live', last_seen_ms, last_seen_ms + 3600000, 5000, 1, '{}'
         from instances limit 1",
    ] {
        backend.execute(sql).await;
    }
    app.eventually("/api/timeline?minutes=1", filled).await;
    let fleet = app
        .eventually("/api/instances", |answer| answer.json()["live"] == 1)
        .await
        .json();
    assert_eq!(fleet["instances"].as_array().unwrap().len(), 1, "{fleet}");
    // The mark was set back, and rolling up continues.
    let far = "select count(*) from progress, (select max(last_seen_ms) as ms from instances where run <> 5) as now
               where task = 'roll_up' and position > now.ms";
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while backend.number(far).await > 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the mark stays in the future"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
}

async fn old_rows_are_deleted_and_recent_rows_are_kept(backend: Backend) {
    let app = backend.instance(&["--heartbeat-seconds", "0.2"]).await;
    app.eventually("/api/timeline?minutes=1", |answer| {
        points(answer)
            .iter()
            .any(|point| !point["instances"].is_null())
    })
    .await;
    // 2,500 minutes of the timeline and as many ended instances that are old enough to be deleted, more than one
    // chunk; and one of each that is recent enough to be kept.
    let numbers = "with recursive i (n) as (select 1 union all select n + 1 from i where n < 2500)";
    for sql in [
        format!("{numbers} insert into timeline
                 select 1, ms - 2592000000 - n * 60000, 60000, 1, 50, 1, sample.latencies, sample.latencies
                 from i, (select max(last_seen_ms) as ms from instances) as now, (select latencies from samples limit 1) as sample"),
        format!("{numbers} insert into timeline
                 select 0, ms - 11000000 - n * 1000, 1000, 1, 50, 1, sample.latencies, sample.latencies
                 from i, (select max(last_seen_ms) as ms from instances) as now, (select latencies from samples limit 1) as sample"),
        format!("{numbers} insert into instances
                 select n, 'old-' || n, '1', 'live', ms - 95000000, ms - 90020001, 5000, 1, '{{}}'
                 from i, (select max(last_seen_ms) as ms from instances) as now"),
        "insert into timeline
         select 1, ms - 2591000000, 60000, 1, 50, 1, sample.latencies, sample.latencies
         from (select max(last_seen_ms) as ms from instances) as now, (select latencies from samples limit 1) as sample".to_owned(),
        "insert into instances
         select 3000, 'young', '1', 'live', ms - 86000000, ms - 85000000, 5000, 1, '{}'
         from (select max(last_seen_ms) as ms from instances) as now".to_owned(),
    ] {
        backend.execute(sql.leak()).await;
    }
    let retention = Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(30 * 86_400),
    };
    retention.turn().await.unwrap();
    let old =
        "select count(*) from timeline, (select max(last_seen_ms) as ms from instances) as now
               where grain = 1 and start_ms < ms - 2592000000";
    assert_eq!(backend.number(old).await, 0);
    let fine =
        "select count(*) from timeline, (select max(last_seen_ms) as ms from instances) as now
                where grain = 0 and start_ms < ms - 11000000";
    assert_eq!(backend.number(fine).await, 0);
    assert_eq!(
        backend
            .number("select count(*) from instances where run <= 2500")
            .await,
        0
    );
    assert_eq!(
        backend
            .number("select count(*) from instances where run = 3000")
            .await,
        1
    );
    let kept =
        "select count(*) from timeline, (select max(last_seen_ms) as ms from instances) as now
                where grain = 1 and start_ms < ms - 2590000000";
    assert_eq!(backend.number(kept).await, 1);
    app.stop().await;
}
