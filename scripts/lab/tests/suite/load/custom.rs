//! `--path`: loads a request of any app, without messages or requests about Elastic Visits.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Load;
use super::server::{Asked, Reply, Server};
use crate::support::Root;

/// The only other request that `lab load` sends to any app: whether it is `lab up`.
const FLEET: &str = "GET /admin/lab/fleet?samples=0";

/// An app with one function.
fn app(function: &'static str, reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked| {
        if asked.line == function {
            reply(asked)
        } else {
            Reply::status(404)
        }
    })
}

fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    BTreeMap::from(expected.map(|(name, count)| (name.to_owned(), count)))
}

#[test]
fn one_request_is_sent_as_described_and_nothing_else() {
    let server = app("POST /api/hello?name=Ada", |_| Reply::status(202));
    let request = ["40", "4", "--path", "/api/hello?name=Ada"];
    let more = ["--body", r#"{"a":1}"#, "--header", "X-Trace: on"];
    let done = Load::on(&server.url(), &[&request[..], &more[..]].concat())
        .env("FUNCTIONS_KEY", "s3cret")
        .run();
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let requests = server.asked();
    let (sent, others): (Vec<_>, Vec<_>) = requests.iter().partition(|asked| asked.line != FLEET);
    assert_eq!((sent.len(), others.len()), (40, 2), "{requests:?}");
    for asked in sent {
        assert_eq!(asked.line, "POST /api/hello?name=Ada");
        assert_eq!(asked.body, r#"{"a":1}"#);
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "*/*"),
            ("x-functions-key", "s3cret"),
            ("x-trace", "on"),
        ] {
            assert_eq!(asked.headers[name], value);
        }
        assert!(!asked.headers.contains_key("idempotency-key"));
    }

    let run = done.record();
    assert_eq!((run.requests.sent, run.requests.ok), (40, 40));
    assert_eq!(run.requests.statuses, counts([("2xx", 40)]));
    assert_eq!(run.requests.by_kind, counts([("POST /api/hello", 40)]));
    assert_eq!(
        run.plan,
        [
            "Closed loop: 40 requests, 4 at a time",
            "Request: POST /api/hello, with a body of 7 bytes"
        ]
    );
    assert!(done.out.contains("  statuses   2xx: 40\n"), "{}", done.out);
    let record = std::fs::read_to_string(done.folder.join("run.json")).unwrap();
    for told in [&record, &done.out, &done.err] {
        for word in ["s3cret", "Ada", "visit", "Visits", "stress", "instance-id"] {
            assert!(!told.contains(word), "{word}: {told}");
        }
    }
    assert!(!done.out.contains("busy"), "{}", done.out);
}

#[test]
fn an_open_loop_and_users_take_any_request_too() {
    for (schedule, least) in [
        (&["--rate", "40", "--duration", "500ms"][..], 20),
        (&["--stages", "0s:4users,1s:4users", "--think", "50ms"], 4),
    ] {
        let server = app("GET /", |_| Reply::status(200));
        let done = Load::on(&server.url(), &[schedule, &["--path", "/"]].concat()).run();
        assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
        let requests = done.record().requests;
        assert!(requests.sent >= least, "{requests:?}");
        assert_eq!(requests.sent, server.count("GET /") as u64);
        assert_eq!(requests.statuses, counts([("2xx", requests.sent)]));
    }
}

#[test]
fn a_status_below_400_is_a_success_and_each_class_is_counted() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let server = app("DELETE /api/item", |_| {
        let statuses = [200, 204, 304, 404, 500];
        Reply::status(statuses[TURN.fetch_add(1, Ordering::SeqCst) % statuses.len()])
    });
    let request = ["50", "1", "--path", "/api/item", "--method", "delete"];
    let done = Load::on(&server.url(), &request).run();
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let requests = done.record().requests;
    assert_eq!((requests.ok, requests.failed), (30, 20));
    assert_eq!(requests.errors, counts([("404", 10), ("500", 10)]));
    let classes = [("2xx", 20), ("3xx", 10), ("4xx", 10), ("5xx", 10)];
    assert_eq!(requests.statuses, counts(classes));
    let strict = [&request[..], &["--expect", "errors<=0%"]].concat();
    assert_eq!(Load::on(&server.url(), &strict).run().code, Some(1));
}

#[test]
fn if_all_requests_fail_it_says_what_to_do() {
    let server = Server::start(|_| Reply::status(401));
    let done = Load::on(&server.url(), &["30", "3", "--path", "/api/hello"]).run();
    assert_eq!(done.code, Some(1), "{}", done.out);
    for part in ["(401)", "requires a key", "FUNCTIONS_KEY"] {
        assert!(done.out.contains(part), "{}", done.out);
    }
    let wrong = Load::on(&server.url(), &["30", "3", "--path", "/api/hello"])
        .env("FUNCTIONS_KEY", "wr0ng")
        .run();
    assert!(wrong.out.contains("the key was refused"), "{}", wrong.out);

    let nothing = Server::start(|_| Reply::status(404));
    let load = Load::on(
        &nothing.url(),
        &["--rate", "50", "--duration", "10m", "--path", "/api/hallo"],
    );
    // The message comes during the load, because the load may take long.
    let mut running = load.start();
    running.said(
        "lab: Every request failed (404): no function has this path and method. Check --path",
    );
    running.signal("INT");
    let (status, done) = running.end();
    assert_eq!(status.code(), Some(130), "{}", done.err);
    assert!(done.out.contains("Check --path"), "{}", done.out);
}

#[test]
fn a_response_to_head_has_no_body_and_others_may_be_large() {
    let head = app("HEAD /page", |_| {
        let head = "HTTP/1.1 200 x\r\ncontent-length: 5000\r\nconnection: close\r\n\r\n";
        Reply::Raw(head.as_bytes().to_vec())
    });
    let request = ["10", "2", "--path", "/page", "--method", "HEAD"];
    let requests = Load::on(&head.url(), &request).run().record().requests;
    assert_eq!((requests.sent, requests.ok), (10, 10), "{requests:?}");

    let body = "x".repeat(2 * 1024 * 1024);
    let large = app("GET /page", move |_| Reply::Answer(200, "", body.clone()));
    let request = ["10", "2", "--path", "/page"];
    let requests = Load::on(&large.url(), &request).run().record().requests;
    assert_eq!((requests.sent, requests.ok), (10, 10), "{requests:?}");
}

#[test]
fn a_body_comes_from_a_file() {
    let server = app("PUT /api/item", |_| Reply::status(200));
    let request = ["5", "1", "--path", "/api/item", "--method", "PUT"];
    let load = Load::on(&server.url(), &request);
    let file = load.folder.write("body.txt", "a line\n");
    let body = format!("@{}", file.display());
    let done = load.arg("--body", body.as_ref()).run();
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let asked = server.asked();
    let asked = asked.iter().rfind(|asked| asked.line != FLEET).unwrap();
    assert_eq!(asked.body, "a line\n");
    assert!(!asked.headers.contains_key("content-type"), "{asked:?}");
}

#[test]
fn invalid_requests_are_refused() {
    let server = Server::app();
    let url = server.url();
    for (arguments, part) in [
        (&["--method", "POST"][..], "--path <PATH>"),
        (&["--body", "{}"], "--path <PATH>"),
        (&["--header", "a: b"], "--path <PATH>"),
        (&["--path", "/", "--mix", "visits=1"], "cannot be used with"),
        (&["--path", "/", "--preset", "k6"], "cannot be used with"),
        (
            &["--path", "/", "--method", "FETCH"],
            "possible values: GET",
        ),
    ] {
        let done = Load::on(&url, arguments).run();
        assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.out);
        assert!(done.err.contains(part), "{arguments:?}: {}", done.err);
    }
    for (arguments, part) in [
        (
            &["--path", "api/hello?code=s3cret"][..],
            "'api/hello' does not begin with a slash",
        ),
        (&["--path", "/a b?code=s3cret"], "write a space as %20"),
        (&["--path", "/a#s3cret"], "# as %23"),
        (&["--path", "/größe"], "characters that no path has"),
        (
            &["--path", "/", "--header", "s3cret"],
            "needs a name, a colon, and a value",
        ),
        (
            &["--path", "/", "--header", "a b: s3cret"],
            "is not the name of a header",
        ),
        (
            &["--path", "/", "--header", "x: s3cret\r\ny: z"],
            "the value of x",
        ),
        (
            &["--path", "/", "--header", "Content-Length: 5"],
            "cannot set content-length",
        ),
        (
            &["--path", "/", "--body", "@/no/such/file"],
            "cannot read /no/such/file",
        ),
    ] {
        let done = Load::on(&url, arguments).run();
        let said = done.refused();
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_server_that_takes_one_connection_at_a_time_can_be_loaded() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut writer = stream.try_clone().unwrap();
            let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
            // Until this connection ends, the next one waits.
            while lines.by_ref().any(|line| line.is_empty()) {
                let _ = writer.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n");
            }
        }
    });
    let request = ["20", "1", "--path", "/", "--timeout", "20s"];
    let done = Load::on(&url, &request).run();
    let requests = done.record().requests;
    assert_eq!((requests.ok, requests.failed), (20, 0), "{}", done.out);
}

#[test]
fn any_app_behind_lab_up_is_scaled_out_and_in() {
    let limits = ["--max", "2", "--instance-cpus", "0.1", "--time-scale", "60"];
    let host = Root::new().up(&limits);
    let url = format!("http://127.0.0.1:{}", host.port);
    let done = Load::on(&url, &["--until", "2", "--path", "/hello"]).run();
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let run = done.record();
    let [expectation] = &run.verdict.expectations[..] else {
        panic!("{:?}", run.verdict);
    };
    assert_eq!(expectation.measured, "at most 2, 1 in the end");
    assert_eq!(run.requests.by_kind.len(), 1);
    assert!(run.instances.len() >= 2, "{:?}", run.instances);
}
