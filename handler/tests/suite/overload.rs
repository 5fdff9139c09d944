//! More than an instance can serve: connections, requests, and CPU work.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::process::Process;
use crate::support::{Answer, Backend};
use futures_util::future::{join, join_all, join3};
use sqlx::{Connection as _, PgConnection};

on_both_databases!(requests_beyond_the_bound_are_refused_at_once);
through_a_pooler_too!(requests_beyond_the_bound_are_refused_at_once);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_listings_do_not_block_visits() {
    let backend = Backend::postgres().await;
    let Backend::Postgres { url, .. } = &backend else {
        unreachable!()
    };
    const BOUND: usize = 2_048;
    const SENT: usize = BOUND + 100;
    let app = backend.instance(&[]).await;
    // This lock stops both reads and visits.
    let mut other = PgConnection::connect(url).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    sqlx::raw_sql("lock table visits in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let pages: Vec<String> = (1..=SENT)
        .map(|before| format!("/api/visits?before={before}"))
        .collect();
    let listings = join_all(pages.iter().map(|page| app.get(page)));
    // All listings were sent before the visits: they are polled in this order.
    let visits = join_all((0..20).map(|_| app.visit()));
    let release = async { lock.commit().await.unwrap() };
    let (listings, visits, ()) = join3(listings, visits, release).await;
    let refused = listings.iter().filter(|answer| {
        answer.status == 503 && answer.json()["error"].to_string().contains("too many")
    });
    assert_eq!(refused.count(), SENT - BOUND);
    for visit in visits {
        assert_eq!(visit.status, 201, "{visit:?}");
    }
    app.stop().await;
}

#[track_caller]
fn assert_refused(answer: &Answer) {
    let problem = answer.problem(503);
    assert_eq!(answer.header("retry-after"), "1");
    let sentence = problem["error"].as_str().unwrap();
    assert!(sentence.contains("too many requests"), "{sentence}");
}

/// The database blocks every visit until the test releases it.
async fn requests_beyond_the_bound_are_refused_at_once(backend: Backend) {
    const BOUND: usize = 2_048;
    const SENT: usize = BOUND + 100;
    let app = backend.instance(&["--heartbeat-seconds", "0.2"]).await;
    let lock = backend.lock_writers().await;
    let visits = join_all((0..SENT).map(|_| app.visit()));
    let meanwhile = async {
        // While the lock is held, no visit is written, and only the refused ones receive a response.
        for probe in ["/health/live", "/health", "/api/metrics"] {
            assert_eq!(app.get(probe).await.status, 200, "{probe}");
        }
        lock.release().await;
    };
    let (answers, ()) = join(visits, meanwhile).await;
    let (accepted, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((accepted.len(), refused.len()), (BOUND, SENT - BOUND));
    refused.into_iter().for_each(assert_refused);
    assert_eq!(app.visit().await.status, 201);
    assert_eq!(app.total().await, i64::try_from(BOUND).unwrap() + 1);
    // Refused requests are distinguished from other failures in the metrics.
    let told = |answer: &Answer| {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        let families = crate::support::exposition::parse(&text);
        let refused = &families["elastic_visits_http_requests_refused_total"].series;
        let failed = &families["elastic_visits_http_requests_total"].series;
        let of_server = failed
            .iter()
            .filter(|(series, _)| series.labels["status"] == "5xx");
        let failed: f64 = of_server.map(|(_, count)| count).sum();
        (refused.values().sum::<f64>(), failed) == (100.0, 100.0)
    };
    app.eventually("/metrics", told).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visits_that_would_wait_for_the_cpu_are_refused() {
    let backend = Backend::sqlite();
    let app = backend
        .instance(&["--visit-work", "200", "--instance-cpus", "1"])
        .await;
    let answers = join_all((0..30).map(|_| app.visit())).await;
    let (accepted, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    // One visit uses the CPU, and one waits for it.
    assert_eq!(accepted.len(), 2);
    refused.into_iter().for_each(assert_refused);
    assert_eq!(app.visit().await.status, 201);
    assert_eq!(app.total().await, 3);
    app.stop().await;
}

/// As many visits as an instance completes in 80 ms of CPU time. A machine that stalls for that long delivers them at
/// once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_burst_of_work_is_served() {
    let backend = Backend::sqlite();
    for cpus in ["0.4", "1"] {
        let app = backend
            .instance(&["--visit-work", "10", "--instance-cpus", cpus])
            .await;
        for answer in join_all((0..8).map(|_| app.visit())).await {
            assert_eq!(answer.status, 201, "{cpus} CPU: {answer:?}");
        }
        app.stop().await;
    }
}

const GET_LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

/// A kept connection on which one response was received.
fn kept_connection(handler: &Process) -> TcpStream {
    let mut stream = TcpStream::connect(handler.address).unwrap();
    stream.write_all(GET_LIVE).unwrap();
    let head = read_answer(&mut stream);
    assert!(!head.contains("connection: close"), "{head}");
    stream
}

/// Reads to the end of the response to [`GET_LIVE`], whose body is a JSON object without nested objects.
fn read_answer(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut bytes = Vec::new();
    while bytes.last() != Some(&b'}') {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "closed after {bytes:?}");
        bytes.extend_from_slice(&chunk[..read]);
    }
    let text = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}");
    text
}

#[test]
fn a_probe_succeeds_when_all_connections_are_taken() {
    // 640 files: 256 connections are kept, and 256 are the reserve.
    let backend = Backend::sqlite();
    let handler = Process::start_with_files(640, &backend.flags());
    let kept: Vec<_> = (0..256).map(|_| kept_connection(&handler)).collect();

    for _ in 0..300 {
        let mut probe = TcpStream::connect(handler.address).unwrap();
        probe.write_all(GET_LIVE).unwrap();
        let answer = read_answer(&mut probe);
        assert!(answer.contains("connection: close"), "{answer}");
    }
    // A connection that sends nothing must not occupy the reserve for long.
    let mut silent = TcpStream::connect(handler.address).unwrap();
    silent
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(silent.read(&mut [0; 64]).unwrap(), 0);

    // The kept connections still work, and when they are closed there is room again.
    for mut stream in kept {
        stream.write_all(GET_LIVE).unwrap();
        read_answer(&mut stream);
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let mut stream = TcpStream::connect(handler.address).unwrap();
        stream.write_all(GET_LIVE).unwrap();
        if !read_answer(&mut stream).contains("connection: close") {
            return;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "there is still no room"
        );
    }
}

#[test]
fn a_head_may_not_be_larger_than_its_buffer() {
    let backend = Backend::sqlite();
    let handler = Process::start(&backend.flags(), &[]);
    let long = "x".repeat(40 * 1024);
    let reply = handler.send("GET", "/health/live", &[("x-long", &long)]);
    // The response is 431 if the client still reads; otherwise the connection is cut.
    assert!(reply.map_or(true, |reply| reply.status == 431));
    assert_eq!(
        handler.send("GET", "/health/live", &[]).unwrap().status,
        200
    );
}
