//! The results show a slow target.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Load;
use super::server::{Reply, Server, app};

#[test]
fn a_stall_of_one_second_shows_in_the_99th_percentile() {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    // All requests of the second second, and those in progress then, wait for its end.
    let server = Server::start(|asked| {
        if asked.line == "POST /api/visit" {
            let now = BEGUN.get_or_init(Instant::now).elapsed();
            let stall = Duration::from_secs(1)..Duration::from_secs(2);
            if stall.contains(&now) {
                std::thread::sleep(stall.end - now);
            }
        }
        app(asked)
    });
    let rate = ["--rate", "100", "--duration", "3s", "--mix", "visits=1"];
    let done = Load::on(&server.url(), &rate)
        .arg("--expect", "p99<250ms".as_ref())
        .run();
    assert_eq!(done.code, Some(1), "{}", done.out);
    let run = done.record();
    assert_eq!((run.requests.sent, run.requests.failed), (300, 0));
    let latency = run.requests.latency_ms;
    // A third of the requests waited, evenly distributed from zero to a second.
    assert!(latency.p99 > Some(900.0), "{latency:?}");
    assert!(latency.max > Some(950.0), "{latency:?}");
    assert!(
        run.load[1].latency_ms.p50 > Some(400.0),
        "{:?}",
        run.load[1]
    );
    assert!(
        run.load[1].sent == 100,
        "the load did not slow down: {:?}",
        run.load[1]
    );
}

#[test]
fn requests_without_a_free_connection_start_late_and_show_it() {
    static AT_A_TIME: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|asked| {
        if asked.line == "POST /api/visit" {
            MOST.fetch_max(
                AT_A_TIME.fetch_add(1, Ordering::SeqCst) + 1,
                Ordering::SeqCst,
            );
            std::thread::sleep(Duration::from_millis(100));
            AT_A_TIME.fetch_sub(1, Ordering::SeqCst);
        }
        app(asked)
    });
    // Twenty requests per second can be answered, but a hundred are required.
    let rate = ["--rate", "100", "--duration", "1s", "--mix", "visits=1"];
    let room = ["--max-in-flight", "2", "--threads", "1"];
    let done = Load::on(&server.url(), &[&rate[..], &room[..]].concat()).run();
    let run = done.record();
    assert!(MOST.load(Ordering::SeqCst) <= 2);
    assert_eq!(run.requests.sent, 100, "what was not begun counts as well");
    let left = run.requests.errors["not started"];
    assert!(left >= 50, "{left}");
    assert_eq!(run.requests.ok, 100 - left);
    // The last one should have started long before.
    assert!(
        run.requests.latency_ms.max > Some(500.0),
        "{:?}",
        run.requests.latency_ms
    );
    for part in [
        "2 requests were in flight at times",
        "could not be started before the load was over",
    ] {
        assert!(
            run.notes.iter().any(|note| note.contains(part)),
            "{:?}",
            run.notes
        );
    }
}

#[test]
fn a_rate_that_the_machine_cannot_reach_is_reported() {
    let server = Server::app();
    // More than any machine sends to a server with a thread for each connection.
    let rate = [
        "--rate",
        "1000000",
        "--duration",
        "1s",
        "--max-in-flight",
        "50",
    ];
    let done = Load::on(&server.url(), &rate).run();
    let run = done.record();
    assert_eq!(run.requests.sent, 1_000_000);
    assert!(run.requests.errors["not started"] > 0);
    assert!(run.requests.ok > 0);
    let owned =
        |note: &String| note.contains("in flight at times") || note.contains("did not keep up");
    assert!(run.notes.iter().any(owned), "{:?}", run.notes);
}

#[test]
fn a_missing_response_times_out() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => Reply::Silence,
        _ => app(asked),
    });
    let done = Load::on(&server.url(), &["12", "6", "--timeout", "2s"]).run();
    let requests = done.record().requests;
    assert_eq!((requests.sent, requests.errors["timeout"]), (12, 6));
}
