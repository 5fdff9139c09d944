//! The real binary: start, settings, signals, and kills.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::Backend;
use crate::support::process::{Process, run, send};
use rustix::process::Signal;

on_both_databases!(
    an_acknowledged_visit_survives_a_kill,
    a_key_sent_fifty_times_to_two_processes_is_one_visit,
    three_processes_start_together,
    migrate_prepares_the_database_and_exits,
);
through_a_pooler_too!(
    three_processes_start_together,
    migrate_prepares_the_database_and_exits,
);

async fn an_acknowledged_visit_survives_a_kill(backend: Backend) {
    let flags = backend.flags();
    let acknowledged = tokio::task::spawn_blocking(move || {
        let mut acknowledged = Vec::new();
        for _ in 0..3 {
            let handler = Process::start(&flags, &[]);
            handler.eventually("/health", 200);
            let address = handler.address;
            let callers: Vec<_> = (0..8)
                .map(|_| std::thread::spawn(move || visit_until_refused(address)))
                .collect();
            // Killed when some visits are stored, while others are in flight.
            let metrics = || {
                handler
                    .send("GET", "/api/visits?limit=1", &[])
                    .unwrap()
                    .json()["total_visits"]
                    .as_u64()
            };
            let before = metrics();
            while metrics() < before.map(|total| total + 40) {}
            handler.signal(Signal::KILL);
            acknowledged.extend(
                callers
                    .into_iter()
                    .flat_map(|caller| caller.join().unwrap()),
            );
        }
        acknowledged
    })
    .await
    .unwrap();
    // In each round, 40 visits are stored, and at most 8 of them are not yet acknowledged.
    assert!(acknowledged.len() >= 3 * (40 - 8));
    let distinct: HashSet<i64> = acknowledged.iter().copied().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "an id was used twice");

    let app = backend.instance(&[]).await;
    let mut stored = HashSet::new();
    let mut uri = "/api/visits?limit=100".to_owned();
    loop {
        let page = app.get(&uri).await.json();
        stored.extend(
            page["recent_visits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|visit| visit["id"].as_i64().unwrap()),
        );
        let Some(before) = page["next_before"].as_i64() else {
            break;
        };
        uri = format!("/api/visits?limit=100&before={before}");
    }
    assert!(
        distinct.is_subset(&stored),
        "lost: {:?}",
        distinct.difference(&stored)
    );
    assert_eq!(
        app.total().await,
        i64::try_from(stored.len()).unwrap(),
        "the total is not the number of rows"
    );
    app.stop().await;
}

/// The ids of the visits that were acknowledged before the process was killed.
fn visit_until_refused(address: SocketAddr) -> Vec<i64> {
    let mut ids = Vec::new();
    while let Ok(reply) = send(address, "POST", "/api/visit", &[], b"") {
        if reply.status == 201 {
            ids.push(reply.json()["id"].as_i64().unwrap());
        }
    }
    ids
}

async fn a_key_sent_fifty_times_to_two_processes_is_one_visit(backend: Backend) {
    let flags = backend.flags();
    let (statuses, ids) = tokio::task::spawn_blocking(move || {
        let processes = [Process::start(&flags, &[]), Process::start(&flags, &[])];
        for process in &processes {
            process.eventually("/health", 200);
        }
        let callers: Vec<_> = (0..50)
            .map(|n| {
                let address = processes[n % 2].address;
                std::thread::spawn(move || {
                    send(
                        address,
                        "POST",
                        "/api/visit",
                        &[("idempotency-key", "once")],
                        b"",
                    )
                    .unwrap()
                })
            })
            .collect();
        let replies: Vec<_> = callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect();
        let ids: HashSet<String> = replies
            .iter()
            .map(|reply| reply.json()["id"].to_string())
            .collect();
        (
            replies.iter().map(|reply| reply.status).collect::<Vec<_>>(),
            ids,
        )
    })
    .await
    .unwrap();
    assert_eq!(ids.len(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 49);
    assert_eq!(backend.number("select count(*) from visits").await, 1);
    assert_eq!(
        backend
            .number("select cast(sum(visits) as bigint) from visit_counter")
            .await,
        1
    );
}

async fn three_processes_start_together(backend: Backend) {
    let flags = backend.flags();
    tokio::task::spawn_blocking(move || {
        let processes: Vec<_> = (0..3).map(|_| Process::start(&flags, &[])).collect();
        for process in &processes {
            process.eventually("/health", 200);
            assert_eq!(process.send("POST", "/api/visit", &[]).unwrap().status, 201);
        }
    })
    .await
    .unwrap();
    assert_eq!(backend.number("select count(*) from visits").await, 3);
}

async fn migrate_prepares_the_database_and_exits(backend: Backend) {
    let flags = backend.flags();
    for _ in 0..2 {
        let flags = flags.clone();
        let output = tokio::task::spawn_blocking(move || run(&flags, &["migrate"]))
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("up to date"));
    }
    assert_eq!(backend.number("select count(*) from visits").await, 0);
}

#[test]
fn a_wrong_setting_prints_one_sentence_and_exits_with_64() {
    let cases: [(&[&str], &str); 8] = [
        (&["--database-url", "mysql://u:hunter2@h/d"], "DATABASE_URL"),
        (&["--functions-customhandler-port", "70000"], "70000"),
        (&["--retention-days", "0"], "retention-days"),
        (&["--trusted-proxies", "everyone"], "everyone"),
        (&["--client-ip-header", "x forwarded"], "client-ip-header"),
        (&["--client-ip-header", ""], "client-ip-header"),
        (&["--log-filter", "=="], "RUST_LOG"),
        (&["--nonsense"], "nonsense"),
    ];
    for (flags, named) in cases {
        let output = run(&[], flags);
        assert_eq!(output.status.code(), Some(64), "{flags:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(named), "{message}");
        assert!(
            !message.contains("hunter2") && !message.contains("panicked"),
            "{message}"
        );
    }
}

#[test]
fn a_port_in_use_prints_one_sentence_and_exits_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(
        &["--sqlite-path".into(), "/dev/null/never".into()],
        &["--port", &port],
    );
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains(&format!("127.0.0.1:{port}")) && message.lines().count() == 1,
        "{message}"
    );
}

#[test]
fn help_names_every_setting() {
    let output = run(&[], &["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for setting in [
        "FUNCTIONS_CUSTOMHANDLER_PORT",
        "DATABASE_URL",
        "PGHOST",
        "SQLITE_PATH",
        "DATABASE_POOL_MAX",
        "DATABASE_AUTH",
        "AZURE_CLIENT_ID",
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_SERVICE_NAME",
        "MIGRATE",
        "INSTANCE_CPUS",
        "INSTANCE_ID",
        "HEARTBEAT_SECONDS",
        "STRESS_MAX_SECONDS",
        "TRUSTED_PROXIES",
        "CLIENT_IP_HEADER",
        "CORS_ORIGINS",
        "VISITOR_IP",
        "VISIT_WORK",
        "LOG_FORMAT",
        "RETENTION_DAYS",
    ] {
        assert!(
            help.contains(&format!("[env: {setting}")),
            "{setting} is not in the help"
        );
    }
}

#[test]
fn requests_in_flight_are_completed_after_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let backend = Backend::sqlite();
        let mut handler = Process::start(&backend.flags(), &[]);
        handler.eventually("/health", 200);
        // A request whose body is incomplete when the signal arrives.
        let mut stream = TcpStream::connect(handler.address).unwrap();
        stream
            .write_all(b"POST /api/visit HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
            .unwrap();
        // The server has read the head of this request once it has responded to a later one.
        handler.eventually("/health/live", 200);
        handler.signal(signal);
        handler.wait_for_line(|line| line["message"] == "stopping");
        stream.write_all(b"cd").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 201"), "{reply}");
        assert_eq!(handler.wait(), Some(0));
        assert!(
            TcpStream::connect(handler.address).is_err(),
            "it still accepts connections"
        );
    }
}

#[test]
fn a_signal_ends_an_instance_that_waits_for_its_database_file() {
    let backend = Backend::sqlite();
    let flags = backend.flags();
    let database = Path::new(&flags[1]);
    std::fs::create_dir_all(database.parent().unwrap()).unwrap();
    // A process holds this lock while it changes the schema.
    let lock = std::fs::File::create(database.with_extension("db.lock")).unwrap();
    lock.lock().unwrap();
    let mut handler = Process::start(&flags, &[]);
    handler.eventually("/health", 503);
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    let log = handler.log();
    assert!(!log.contains("\"ERROR\""), "{log}");
}

#[test]
fn a_signal_ends_a_waited_run() {
    let backend = Backend::sqlite();
    let mut handler = Process::start(&backend.flags(), &["--instance-cpus", "1"]);
    let address = handler.address;
    let caller =
        std::thread::spawn(move || send(address, "GET", "/api/stress?duration=100", &[], b""));
    let deadline = Instant::now() + Duration::from_secs(20);
    while handler.send("GET", "/api/metrics", &[]).unwrap().json()["stress"]["running"] != true {
        assert!(Instant::now() < deadline, "the run did not begin");
    }
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    assert_eq!(caller.join().unwrap().unwrap().json()["status"], "stopped");
}

#[test]
fn a_run_ends_when_its_caller_disconnects() {
    let backend = Backend::sqlite();
    let handler = Process::start(&backend.flags(), &[]);
    let mut stream = TcpStream::connect(handler.address).unwrap();
    stream
        .write_all(b"GET /api/stress?duration=100&intensity=5 HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let running =
        || handler.send("GET", "/api/metrics", &[]).unwrap().json()["stress"]["running"] == true;
    let deadline = Instant::now() + Duration::from_secs(20);
    while !running() {
        assert!(Instant::now() < deadline, "the run did not begin");
    }
    drop(stream);
    while running() {
        assert!(Instant::now() < deadline, "the run did not end");
    }
}

#[test]
fn a_large_body_gets_a_response_while_it_is_still_being_sent() {
    let backend = Backend::sqlite();
    let handler = Process::start(&backend.flags(), &[]);
    let reply = send(
        handler.address,
        "POST",
        "/api/visit",
        &[],
        &vec![b'x'; 1_000_000],
    )
    .unwrap();
    assert_eq!(reply.status, 413);
    assert!(
        reply
            .head
            .contains("content-type: application/problem+json"),
        "{}",
        reply.head
    );
}

#[test]
fn logs_contain_the_invocation_and_no_secret() {
    let backend = Backend::sqlite();
    let mut handler = Process::start(&backend.flags(), &["--log-filter", "handler=debug"]);
    handler.eventually("/health", 200);
    let headers = [
        (
            "x-azure-functions-invocationid",
            "11111111-2222-3333-4444-555555555555",
        ),
        ("x-functions-key", "topsecretkey"),
        ("x-forwarded-for", "203.0.113.77"),
        ("idempotency-key", "mykey12345"),
    ];
    assert_eq!(
        handler
            .send("POST", "/api/visit?code=queryhunter2", &headers)
            .unwrap()
            .status,
        201
    );
    let line = handler.wait_for_line(|line| line["path"] == "/api/visit");
    assert_eq!(
        line["invocation_id"],
        "11111111-2222-3333-4444-555555555555"
    );
    assert_eq!(line["status"], 201);
    handler.signal(Signal::TERM);
    handler.wait();
    let log = handler.log();
    for secret in ["topsecretkey", "queryhunter2", "203.0.113.77", "mykey12345"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
