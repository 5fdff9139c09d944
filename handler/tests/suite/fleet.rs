//! Every instance returns the whole fleet.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::process::Process;
use crate::support::{Answer, Backend, TestApp};
use handler::domain::{Heartbeat, InstanceState, Interval, Report, Run, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

on_both_databases!(
    two_instances_see_each_other,
    an_instance_without_requests_is_starting_and_then_live,
    a_killed_instance_is_lost,
    an_instance_killed_while_draining_is_gone,
    an_instance_reports_its_end,
    a_restart_is_a_new_run,
    a_name_used_twice_is_shown_once,
    a_delayed_heartbeat_does_not_overwrite_a_later_one,
    a_fleet_with_thousands_of_gone_instances_is_listed,
    hostile_names_are_escaped,
    impossible_rows_do_not_affect_other_instances,
    the_profile_follows_the_calendar_of_the_rules,
    a_rule_file_that_changes_is_read_again_unless_it_is_wrong,
);
through_a_pooler_too!(two_instances_see_each_other, an_instance_reports_its_end,);

const BEAT: [&str; 2] = ["--heartbeat-seconds", "0.2"];

async fn named(backend: &Backend, id: &str) -> TestApp {
    backend
        .instance(&[&BEAT[..], &["--instance-id", id]].concat())
        .await
}

/// The state of an instance, or an empty text if it is not listed.
fn state_of(fleet: &Value, id: &str) -> String {
    member(fleet, id)["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn member<'a>(fleet: &'a Value, id: &str) -> &'a Value {
    // A response without the list is not an error here, because the request may be repeated.
    let mut all = fleet["instances"].as_array().into_iter().flatten();
    all.find(|instance| instance["instance_id"] == id)
        .unwrap_or(&Value::Null)
}

/// Repeats the request until all of these instances are in these states.
async fn until(app: &TestApp, wanted: &[(&str, &str)]) -> Value {
    let are = |answer: &Answer| {
        let fleet = answer.json();
        wanted
            .iter()
            .all(|(id, state)| state_of(&fleet, id) == *state)
    };
    app.eventually("/api/instances", are).await.json()
}

async fn two_instances_see_each_other(backend: Backend) {
    let one = named(&backend, "one").await;
    let other = named(&backend, "other").await;
    for _ in 0..3 {
        other.visit().await;
    }
    for app in [&one, &other] {
        let counted = |answer: &Answer| {
            let fleet = answer.json();
            fleet["live"] == 2
                && member(&fleet, "other")["visits_recorded"] == 3
                && member(&fleet, "other")["latency_ms"]["p50"].is_number()
        };
        let fleet = app.eventually("/api/instances", counted).await.json();
        assert_eq!(fleet["instances"].as_array().unwrap().len(), 2);
        assert_eq!(fleet["capacity"]["maximum"], 3);
        assert_eq!(fleet["rules"][0]["metric"], "CpuPercentage");
        // The most recent first.
        assert_eq!(fleet["instances"][0]["instance_id"], "other");
        let other = member(&fleet, "other");
        assert_eq!(other["state"], "live");
        assert_eq!(other["version"], env!("CARGO_PKG_VERSION"));
        assert!(other["started_at"].as_str() < other["last_seen"].as_str());
        for number in ["cpu_percent", "memory_percent", "requests_per_second"] {
            assert!(other[number].as_f64().unwrap() >= 0.0, "{number}");
        }
        assert_eq!(other["stress"]["running"], false);
        assert_eq!(other["stress"]["remaining_seconds"], 0.0);
    }
    one.stop().await;
    other.stop().await;
}

async fn an_instance_without_requests_is_starting_and_then_live(backend: Backend) {
    let watcher = named(&backend, "watcher").await;
    // Its second heartbeat follows much later.
    let slow = ["--instance-id", "slow", "--heartbeat-seconds", "600"];
    let slow = backend.instance(&slow).await;
    until(&watcher, &[("watcher", "live"), ("slow", "starting")]).await;
    slow.get("/health/live").await;
    until(&watcher, &[("slow", "live")]).await;
    let quick = named(&backend, "quick").await;
    until(&watcher, &[("quick", "live")]).await;
    for app in [watcher, slow, quick] {
        app.stop().await;
    }
}

async fn a_killed_instance_is_lost(backend: Backend) {
    let watcher = named(&backend, "watcher").await;
    let flags = backend.flags();
    let victim = [&BEAT[..], &["--instance-id", "victim"]].concat();
    let process = tokio::task::spawn_blocking(move || Process::start(&flags, &victim));
    let process = process.await.unwrap();
    until(&watcher, &[("watcher", "live"), ("victim", "live")]).await;
    process.signal(Signal::KILL);
    let fleet = until(&watcher, &[("watcher", "live"), ("victim", "lost")]).await;
    assert_eq!(fleet["live"], 1);
    // Ended instances are listed last, and their counters are not exposed.
    assert_eq!(fleet["instances"][1]["instance_id"], "victim");
    // On a busy machine, the watcher itself may be late.
    let in_time = |answer: &Answer| {
        let text = String::from_utf8_lossy(&answer.body);
        !text.contains(r#"instance_lost{instance_id="watcher""#)
    };
    let metrics = watcher.eventually("/metrics", in_time).await;
    let text = String::from_utf8(metrics.body).unwrap();
    let families = crate::support::exposition::parse(&text);
    let told_of = |id: &str| -> Vec<_> {
        let of_it =
            |series: &crate::support::exposition::Series| series.labels["instance_id"] == id;
        families
            .iter()
            .filter(|(_, family)| family.series.keys().any(of_it))
            .map(|(name, _)| name.as_str())
            .collect()
    };
    assert_eq!(told_of("victim"), ["elastic_visits_instance_lost"]);
    assert!(told_of("watcher").contains(&"elastic_visits_database_up"));
    assert!(!told_of("watcher").contains(&"elastic_visits_instance_lost"));
    assert_eq!(events_of(&watcher, "victim").await, ["joined", "lost"]);
    // After ten minutes they are no longer listed.
    backend
        .execute("update instances set last_seen_ms = last_seen_ms - 602000 where instance_id = 'victim'")
        .await;
    assert_eq!(
        *member(&watcher.get("/api/instances").await.json(), "victim"),
        Value::Null
    );
    watcher.stop().await;
}

async fn an_instance_killed_while_draining_is_gone(backend: Backend) {
    let watcher = named(&backend, "watcher").await;
    let flags = backend.flags();
    let victim = [&BEAT[..], &["--instance-id", "victim"]].concat();
    let process = tokio::task::spawn_blocking(move || Process::start(&flags, &victim));
    let process = process.await.unwrap();
    until(&watcher, &[("victim", "live")]).await;
    // A request with an incomplete body keeps it draining.
    let mut request = TcpStream::connect(process.address).unwrap();
    request
        .write_all(b"POST /api/visit HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{")
        .unwrap();
    process.eventually("/health/live", 200);
    process.signal(Signal::TERM);
    until(&watcher, &[("victim", "draining")]).await;
    process.signal(Signal::KILL);
    until(&watcher, &[("victim", "gone")]).await;
    assert_eq!(events_of(&watcher, "victim").await, ["joined", "left"]);
    let text = String::from_utf8(watcher.get("/metrics").await.body).unwrap();
    assert!(!text.contains("\"victim\""), "it is not lost: {text}");
    watcher.stop().await;
}

/// The events of an instance in the timeline.
async fn events_of(app: &TestApp, id: &str) -> Vec<String> {
    let timeline = app.get("/api/timeline?minutes=5").await.json();
    let events = timeline["events"].as_array().unwrap().iter();
    events
        .filter(|event| event["instance_id"] == id)
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

async fn an_instance_reports_its_end(backend: Backend) {
    let watcher = named(&backend, "watcher").await;
    let flags = backend.flags();
    // Its heartbeats are so rare that only heartbeats outside the interval are seen.
    let leaver = ["--instance-id", "leaver", "--heartbeat-seconds", "600"];
    let process = tokio::task::spawn_blocking(move || Process::start(&flags, &leaver));
    let mut process = process.await.unwrap();
    until(&watcher, &[("leaver", "starting")]).await;
    process.eventually("/health/live", 200);
    until(&watcher, &[("leaver", "live")]).await;

    // A request in flight, because its body is not complete.
    let mut request = TcpStream::connect(process.address).unwrap();
    request
        .write_all(b"POST /api/visit HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{")
        .unwrap();
    // It was read once a later request received its response.
    process.eventually("/health/live", 200);
    process.signal(Signal::TERM);
    let fleet = until(&watcher, &[("watcher", "live"), ("leaver", "draining")]).await;
    assert_eq!(fleet["live"], 1);
    request.write_all(b"}").unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let fleet = until(&watcher, &[("leaver", "gone")]).await;
    // Its last heartbeat counts everything that it did.
    assert_eq!(member(&fleet, "leaver")["visits_recorded"], 1);
    let text = String::from_utf8(watcher.get("/metrics").await.body).unwrap();
    assert!(!text.contains("\"leaver\""), "it is not lost: {text}");
    let ended = tokio::task::spawn_blocking(move || process.wait());
    assert_eq!(ended.await.unwrap(), Some(0));
    watcher.stop().await;
}

async fn a_restart_is_a_new_run(backend: Backend) {
    let watcher = named(&backend, "watcher").await;
    let phoenix = named(&backend, "phoenix").await;
    phoenix.visit().await;
    let counted = |answer: &Answer| member(&answer.json(), "phoenix")["visits_recorded"] == 1;
    let before = watcher.eventually("/api/instances", counted).await.json();
    phoenix.stop().await;
    until(&watcher, &[("phoenix", "gone")]).await;

    let phoenix = named(&backend, "phoenix").await;
    let after = until(&watcher, &[("phoenix", "live")]).await;
    assert_eq!(after["instances"].as_array().unwrap().len(), 2);
    assert_eq!(member(&after, "phoenix")["visits_recorded"], 0);
    assert!(
        member(&after, "phoenix")["started_at"].as_str()
            > member(&before, "phoenix")["started_at"].as_str()
    );
    // The timeline contains both runs.
    let told = events_of(&watcher, "phoenix").await;
    assert_eq!(told, ["joined", "left", "joined"]);
    watcher.stop().await;
    phoenix.stop().await;
}

async fn a_name_used_twice_is_shown_once(backend: Backend) {
    // The second run looks for the first one only once, and only three intervals back.
    let slow = ["--heartbeat-seconds", "5", "--instance-id", "twin"];
    let first = backend.instance(&slow).await;
    let older = until(&first, &[("twin", "live")]).await;
    let older = member(&older, "twin")["started_at"].clone();
    let is_shown = |is_older: bool| {
        let older = &older;
        move |answer: &Answer| {
            let fleet = answer.json();
            let started = &member(&fleet, "twin")["started_at"];
            state_of(&fleet, "twin") == "live" && (started == older) == is_older
        }
    };
    let flags = backend.flags();
    let twin = [&BEAT[..], &["--instance-id", "twin"]].concat();
    let second = tokio::task::spawn_blocking(move || {
        let mut second = Process::start(&flags, &twin);
        let line = second.wait_for_line(|line| {
            line["level"] == "WARN" && line["message"].to_string().contains("INSTANCE_ID")
        });
        assert_eq!(line["instance_id"], "twin");
        second
    })
    .await
    .unwrap();
    let fleet = first.eventually("/api/instances", is_shown(false)).await;
    let fleet = fleet.json();
    assert_eq!(
        (
            fleet["live"].as_u64(),
            fleet["instances"].as_array().unwrap().len()
        ),
        (Some(1), 1)
    );
    let text = String::from_utf8(first.get("/metrics").await.body).unwrap();
    crate::support::exposition::parse(&text);
    // When the newer one is killed, the older one is shown again.
    second.signal(Signal::KILL);
    first.eventually("/api/instances", is_shown(true)).await;
    first.stop().await;
}

async fn a_delayed_heartbeat_does_not_overwrite_a_later_one(backend: Backend) {
    let app = named(&backend, "watcher").await;
    let store = app.service.database().store().await.unwrap();
    let beat = |number, visits_recorded| Heartbeat {
        run: Run::from_number(7),
        instance_id: "slow".to_owned(),
        state: InstanceState::Live,
        up: Duration::from_secs(60),
        interval: Duration::from_secs(600),
        number,
        report: Report {
            visits_recorded,
            ..Report::default()
        },
        since: Some(Interval {
            length: Duration::from_secs(600),
            cpu_percent: 50.0,
            requests: 10,
            latencies: Default::default(),
        }),
    };
    store.beat(&beat(2, 20), None).await.unwrap();
    assert!(store.beat(&beat(1, 10), None).await.is_err());
    let fleet = app.get("/api/instances").await.json();
    assert_eq!(member(&fleet, "slow")["visits_recorded"], 20);
    store.beat(&beat(3, 30), None).await.unwrap();
    let fleet = app.get("/api/instances").await.json();
    assert_eq!(member(&fleet, "slow")["visits_recorded"], 30);
    app.stop().await;
}

async fn a_fleet_with_thousands_of_gone_instances_is_listed(backend: Backend) {
    let app = named(&backend, "watcher").await;
    until(&app, &[("watcher", "live")]).await;
    backend
        .execute(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 7000)
             insert into instances
             select i, 'crashed-' || i, '1', 'live', last_seen_ms - 120000, last_seen_ms - 60000 - i, 5000, 1, '{}'
             from n, (select max(last_seen_ms) as last_seen_ms from instances) as seen",
        )
        .await;
    // The statement delays the heartbeats on SQLite.
    let fleet = until(&app, &[("watcher", "live")]).await;
    assert_eq!(fleet["live"], 1);
    // Running instances are listed first, however many others there are.
    assert_eq!(fleet["instances"][0]["instance_id"], "watcher");
    assert_eq!(fleet["instances"].as_array().unwrap().len(), 5_000);
    // A scraper stores a series for each name, so only the last ones are exposed.
    let lost = |answer: &Answer| -> BTreeSet<_> {
        let text = std::str::from_utf8(&answer.body).unwrap();
        let families = crate::support::exposition::parse(text);
        let family = families.get("elastic_visits_instance_lost");
        let series = family.into_iter().flat_map(|family| family.series.keys());
        series
            .map(|series| series.labels["instance_id"].clone())
            .collect()
    };
    let others = |answer: &Answer| !lost(answer).is_empty() && !lost(answer).contains("watcher");
    let metrics = app.eventually("/metrics", others).await;
    let crashed = (1..=20).map(|i| format!("crashed-{i}")).collect();
    assert_eq!(lost(&metrics), crashed);
    let timeline = app.get("/api/timeline?minutes=1440").await.json();
    assert_eq!(timeline["events"].as_array().unwrap().len(), 1_000);
    app.stop().await;
}

async fn hostile_names_are_escaped(backend: Backend) {
    let app = named(&backend, "'; drop table instances; --").await;
    until(&app, &[("---drop-table-instances----", "live")]).await;
    // A row that something other than the program wrote, with an invalid report.
    backend
        .execute(
            "insert into instances
             select 9, 'a\"b\\c' || chr(10) || '{}', '\"\\', 'unheard of', last_seen_ms, last_seen_ms, 600000, 1, 'no JSON'
             from instances limit 1"
                .replace("chr(10)", if backend.db_type() == "sqlite" { "char(10)" } else { "chr(10)" })
                .leak(),
        )
        .await;
    let fleet = app.get("/api/instances").await.json();
    assert_eq!(state_of(&fleet, "a\"b\\c\n{}"), "live");
    let text = String::from_utf8(app.get("/metrics").await.body).unwrap();
    let families = crate::support::exposition::parse(&text);
    let info = &families["elastic_visits_instance_info"];
    let hostile = info
        .series
        .keys()
        .find(|series| series.labels["version"] == "\"\\");
    assert_eq!(hostile.unwrap().labels["instance_id"], "a\"b\\c\n{}");
    app.stop().await;
}

/// Rows with numbers that no instance writes are left out, and the others are still shown completely.
async fn impossible_rows_do_not_affect_other_instances(backend: Backend) {
    let app = named(&backend, "watcher").await;
    until(&app, &[("watcher", "live")]).await;
    let most = i64::MAX;
    let least = -i64::MAX;
    let report = r#"{"cpu_percent": 1e308, "memory_percent": -1e308, "requests_per_second": 1e308,
        "latency": {"p50": -1e308, "p95": 1e308, "p99": 1e308}, "visits_recorded": 18446744073709551615,
        "latency_sum_us": 18446744073709551615, "process_cpu_ms": 18446744073709551615,
        "latencies": [[0, 18446744073709551615], [1, 18446744073709551615], [255, 1]],
        "requests": [18446744073709551615, 18446744073709551615, 0, 0, 0],
        "stress_remaining_ms": 18446744073709551615}"#;
    let mut rows = Vec::new();
    for heartbeat in [most, least, -1, 0, 86_400_001] {
        for seen in ["last_seen_ms", &most.to_string(), &least.to_string(), "0"] {
            rows.push(format!(
                "'absurd', last_seen_ms, {seen}, {heartbeat}, 1, '{report}'"
            ));
        }
    }
    for report in ["[]", "null", "{", "{\"latencies\": 1}", "[[[[[[[[", ""] {
        rows.push(format!(
            "'no-json', {least}, last_seen_ms, 5000, {least}, '{report}'"
        ));
    }
    rows.push(format!(
        "'credible', {most}, last_seen_ms, 5000, {most}, '{report}'"
    ));
    for (run, row) in (10..).zip(rows) {
        let (name, numbers) = row.split_once(", ").unwrap();
        let sql = format!(
            "insert into instances (run, instance_id, version, state, started_ms, last_seen_ms, heartbeat_ms, beats, report)
             select {run}, {name}, '1', 'live', {numbers}
             from instances where instance_id = 'watcher'"
        );
        backend.execute(sql.leak()).await;
    }
    let huge = match backend.db_type() {
        "sqlite" => "9e999",
        _ => "'infinity'",
    };
    let none = match backend.db_type() {
        "sqlite" => "x''",
        _ => "''",
    };
    for (run, cpu) in (10..13).zip([huge, "-1e308", "1e308"]) {
        let sql = format!(
            "insert into samples
             select max(last_seen_ms), {run}, {most}, {cpu}, {most}, {none} from instances where instance_id = 'watcher'"
        );
        backend.execute(sql.leak()).await;
    }
    let sql = format!(
        "insert into timeline
         select 1, max(last_seen_ms) / 60000 * 60000 - 3600000, {least}, {most}, {huge}, {huge}, {none}, {none}
         from instances where instance_id = 'watcher'"
    );
    backend.execute(sql.leak()).await;

    let fleet = until(&app, &[("watcher", "live")]).await;
    assert_eq!(state_of(&fleet, "no-json"), "live");
    assert_eq!(state_of(&fleet, "absurd"), "");
    let credible = member(&fleet, "credible");
    assert_eq!(credible["cpu_percent"], 100.0);
    assert_eq!(credible["memory_percent"], 0.0);
    for number in ["requests_per_second", "visits_recorded"] {
        assert!(credible[number].is_number(), "{number}: {credible}");
    }
    let text = String::from_utf8(app.get("/metrics").await.body).unwrap();
    let families = crate::support::exposition::parse(&text);
    assert!(
        families.contains_key("elastic_visits_instance_info"),
        "{text}"
    );
    for minutes in [1, 120, 121, 1440] {
        let answer = app.get(&format!("/api/timeline?minutes={minutes}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let timeline = answer.json();
        // An impossible heartbeat interval does not make the points longer.
        let bucket = timeline["bucket_seconds"].as_u64().unwrap();
        assert!(bucket <= 120, "{minutes}: {bucket}");
        for point in timeline["points"].as_array().unwrap() {
            for number in ["cpu_percent", "requests_per_second"] {
                assert_eq!(
                    point[number].is_null(),
                    point["instances"].is_null(),
                    "{point}"
                );
            }
        }
    }
    // The timeline continues, and impossible rows are deleted with the others.
    let mark = "select position from progress where task = 'roll_up'";
    let before = backend.number(mark).await;
    app.eventually("/api/timeline?minutes=1", |_| true).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while backend.number(mark).await <= before {
        assert!(tokio::time::Instant::now() < deadline, "no roll-up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let retention = handler::store::Retention {
        database: app.service.database().clone(),
        keep_addresses: Duration::from_secs(86_400),
    };
    retention.turn().await.unwrap();
    let old = "select count(*) from instances where instance_id = 'absurd' and last_seen_ms <= 0";
    assert_eq!(backend.number(old).await, 0);
    app.stop().await;
}

async fn the_profile_follows_the_calendar_of_the_rules(backend: Backend) {
    const RULES: &str = r#"{"name": "holidays", "properties": {"enabled": true, "profiles": [
        {"name": "year", "capacity": {"minimum": "1", "maximum": "3", "default": "1"}, "rules": []},
        {"name": "winter", "capacity": {"minimum": "4", "maximum": "6", "default": "4"}, "rules": [],
         "fixedDate": {"timeZone": "UTC", "start": "2024-12-24T00:00:00", "end": "2024-12-27T00:00:00"}}
    ]}}"#;
    let clock = |calendar: &str| format!("{calendar},{},0.1", Timestamp::now().rfc3339());
    for (id, calendar, minimum) in [
        ("before", "2024-12-23T12:00:00Z", 1),
        ("during", "2024-12-25T12:00:00Z", 4),
    ] {
        let clock = clock(calendar);
        let rules = ["--autoscale-profile", RULES, "--autoscale-clock", &clock];
        let app = backend
            .instance(&[&BEAT[..], &["--instance-id", id], &rules].concat())
            .await;
        let fleet = app.get("/api/instances").await.json();
        assert_eq!(fleet["capacity"]["minimum"], minimum, "{id}");
        app.stop().await;
    }
}

async fn a_rule_file_that_changes_is_read_again_unless_it_is_wrong(backend: Backend) {
    let file = std::env::temp_dir().join(format!("rules-{}.json", uuid::Uuid::new_v4()));
    let write = |maximum: &str| {
        let capacity = format!(r#"{{"minimum": "1", "maximum": "{maximum}", "default": "1"}}"#);
        let profile = format!(r#"{{"name": "rules", "capacity": {capacity}, "rules": []}}"#);
        std::fs::write(&file, profile).unwrap();
    };
    write("3");
    let argument = format!("@{}", file.display());
    let app = backend
        .instance(&[&BEAT[..], &["--autoscale-profile", &argument]].concat())
        .await;
    let shows = |maximum: u64| {
        move |answer: &Answer| answer.json()["capacity"]["maximum"].as_u64() == Some(maximum)
    };
    app.eventually("/api/instances", shows(3)).await;
    write("5");
    app.eventually("/api/instances", shows(5)).await;
    // The metrics have the limits of the last heartbeat.
    let told = |answer: &Answer| {
        let text = String::from_utf8_lossy(&answer.body);
        let name = "elastic_visits_capacity_maximum_instances{";
        text.lines()
            .any(|line| line.starts_with(name) && line.ends_with(" 5"))
    };
    app.eventually("/metrics", told).await;
    // Two heartbeats after the file is wrong, it has been read.
    write("many");
    for _ in 0..2 {
        let seen = app.get("/api/instances").await.json()["instances"][0]["last_seen"].clone();
        let later = |answer: &Answer| answer.json()["instances"][0]["last_seen"] != seen;
        app.eventually("/api/instances", later).await;
    }
    assert!(shows(5)(&app.get("/api/instances").await));
    app.stop().await;
    std::fs::remove_file(&file).unwrap();
}
