use std::process::Command;

use serde_json::json;

use crate::support::http::head;
use crate::support::{Root, eventually};

#[test]
fn a_client_error_is_not_an_error_of_the_app() {
    let mut root = Root::new();
    root.variable("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000");
    let host = root.up(&[]);
    let chunked = "POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let sized = "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";
    let too_long = format!("{chunked}5dc\r\n{}\r\n", "x".repeat(1500));
    for (request, status) in [
        (format!("{chunked}zz\r\nabc\r\n"), 400),
        (format!("{chunked}3\r\nabc\r\n"), 400),
        (format!("{chunked}3\r\nabcdef\r\n"), 400),
        (format!("{sized}abc"), 400),
        (too_long, 413),
        (head("POST", "/upload", &[], 1001), 413),
    ] {
        let mut connection = host.open();
        connection.send(&request);
        connection.finish();
        assert_eq!(connection.answer("POST").status, status, "{request}");
    }
    assert_eq!(host.get("/x").status, 200);
    assert!(!host.printed().contains("failed"), "{}", host.printed());
}

#[test]
fn an_answer_is_read_although_the_handler_closes_during_the_upload() {
    let host = Root::new().up(&[]);
    for length in [100_000, 1_000_000, 4_000_000, 16_000_000] {
        for _ in 0..5 {
            let mut connection = host.open();
            connection.send(head("POST", "/refuse-and-close", &[], length));
            // The host may stop reading after its response.
            connection.try_send("x".repeat(length));
            let answer = connection.answer("POST");
            assert_eq!(
                (answer.status, answer.text()),
                (413, "too large"),
                "{length}"
            );
        }
    }
    assert!(!host.printed().contains("failed"), "{}", host.printed());
}

#[test]
fn a_response_that_the_handler_breaks_off_is_broken_off_for_the_client() {
    let host = Root::new().up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/cut", &[], 0));
    let answer = connection.answer("GET");
    assert_eq!((answer.status, answer.text()), (200, "half"));
    assert!(!answer.complete);
    assert!(connection.closed());
    // Other requests are not affected.
    assert_eq!(host.get("/x").status, 200);
}

#[test]
fn expect_100_continue_is_answered() {
    let host = Root::new().up(&[]);
    let mut connection = host.open();
    connection.send(
        "POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    );
    assert_eq!(connection.head().0, 100);
    connection.send("abc");
    assert_eq!(connection.answer("POST").json()["body"], "abc");
}

#[test]
fn an_early_answer_reaches_a_client_that_still_sends() {
    let host = Root::new().up(&[]);
    let mut connection = host.open();
    let body = "x".repeat(200_000);
    connection.send(head("POST", "/slow-upload", &[], body.len()));
    connection.send(&body[..100_000]);
    let answer = connection.answer("POST");
    assert_eq!((answer.status, answer.text()), (413, "too large"));
    connection.send(&body[100_000..]);
}

#[test]
fn a_refused_body_is_read_so_that_the_response_arrives() {
    let root = Root::bare();
    root.http("Visit", "api/visit", None, "function");
    let host = root.up(&["--enable-auth"]);
    let mut connection = host.open();
    for (target, status) in [("/api/visit", 401), ("/nowhere", 404), ("/api/visit", 401)] {
        let body = "x".repeat(300_000);
        connection.send(head("POST", target, &[], body.len()));
        connection.send(&body);
        assert_eq!(connection.answer("POST").status, status);
    }
}

#[test]
fn connections_to_the_handler_are_used_again() {
    let host = Root::new().up(&[]);
    let process = host.handler(1);
    let mut connection = host.open();
    for number in 0..200 {
        connection.send(head("POST", "/x", &[], 5));
        connection.send("12345");
        assert_eq!(connection.answer("POST").json()["length"], 5, "{number}");
    }
    // The handler has a listener and a few sockets, but not one for each request.
    let sockets = std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count();
    assert!(sockets < 10, "{sockets} sockets");
}

#[test]
fn many_clients_at_once_get_their_own_answers() {
    let host = Root::new().up(&[]);
    std::thread::scope(|scope| {
        for client in 0..32 {
            let host = &host;
            scope.spawn(move || {
                let mut connection = host.open();
                for number in 0..20 {
                    let target = format!("/{client}/{number}");
                    connection.send(head("GET", &target, &[], 0));
                    assert_eq!(connection.answer("GET").json()["target"], target);
                }
            });
        }
    });
    eventually("all are in the journal", || {
        (host.requests().len() == 640).then_some(())
    });
}

#[test]
fn custom_headers_are_added_unless_the_handler_has_them() {
    let root = Root::new();
    root.host_with(|host| {
        host["extensions"]["http"]["customHeaders"] =
            json!({ "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff" });
    });
    let host = root.up(&[]);
    let answer = host.get("/status-200");
    assert_eq!(answer.all("x-frame-options"), ["SAMEORIGIN"]);
    assert_eq!(answer.all("x-content-type-options"), ["nosniff"]);
    assert_eq!(host.get("/x").all("x-frame-options"), ["DENY"]);
}

#[test]
fn a_request_of_http_1_0_is_served() {
    let host = Root::new().up(&[]);
    let mut connection = host.open();
    connection.send("GET /x HTTP/1.0\r\n\r\n");
    assert_eq!(connection.answer("GET").json()["target"], "/x");
}

#[test]
fn a_length_with_a_chunked_body_is_not_passed_on() {
    let host = Root::new().up(&[]);
    let mut connection = host.open();
    connection.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let answer = connection.answer("POST");
    if answer.status == 200 {
        let echo = answer.json();
        assert_eq!(echo["body"], "abc");
        assert!(echo["headers"]["content-length"].is_null());
    } else {
        assert_eq!(answer.status, 400);
    }
    assert!(host.requests().len() <= 1);
}

#[test]
fn a_chunked_response_with_a_length_is_complete() {
    let host = Root::new().up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/both-lengths", &[], 0));
    let answer = connection.answer("GET");
    assert_eq!((answer.status, answer.text()), (200, "abc"));
    assert_ne!(answer.header("content-length"), Some("40"));
    // The connection is still usable.
    connection.send(head("GET", "/x", &[], 0));
    assert_eq!(connection.answer("GET").json()["target"], "/x");
}

#[test]
fn a_probe_succeeds_while_all_connections_are_in_use() {
    // With 1,152 files, 256 connections are kept, and 256 are the reserve.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 1152; exec \"$@\"", "sh"]);
    let mut host = Root::new().start_by(limited, &["--max", "1"]);
    host.listening();
    host.line("Ready: ");
    let half = "POST /x HTTP/1.1\r\nHost: localhost\r\n";
    let mut held: Vec<_> = (0..256)
        .map(|_| {
            let mut connection = host.open();
            connection.send(half);
            connection
        })
        .collect();
    for _ in 0..300 {
        let answer = host.get("/admin/host/ping");
        assert_eq!(
            (answer.status, answer.header("connection")),
            (200, Some("close"))
        );
    }
    // A silent connection may not hold a place of the reserve for long.
    assert!(host.open().closed());
    // The first ones are still served, and when one has ended, there is room for another one.
    let mut first = held.remove(0);
    first.send("\r\n");
    assert_eq!(first.answer("POST").status, 200);
    drop(held);
    eventually("a connection is kept again", || {
        let answer = host.get("/admin/host/ping");
        answer.header("connection").is_none().then_some(())
    });
}
