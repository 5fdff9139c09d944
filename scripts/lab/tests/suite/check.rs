//! `lab check` with the real handler, and with servers that respond like the app except for one error.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::load::server::{Asked, Reply, Server};
use crate::scratch::{Scratch, eventually, text};
use crate::support::free_port;
use serde_json::Value;

fn check(url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(["check", url]).args(arguments);
    command.output().unwrap()
}

/// A handler with its own database. It ends with the test.
struct Handler(Child);

impl Handler {
    fn on(port: u16, folder: &Scratch) -> Self {
        let handler = Path::new(env!("CARGO_BIN_EXE_lab")).with_file_name("handler");
        assert!(handler.exists(), "build it first: cargo build -p handler");
        let mut command = Command::new(handler);
        command
            .args(["--port", &port.to_string()])
            .args([
                "--sqlite-path".as_ref(),
                folder.join("visits.db").as_os_str(),
            ])
            .env_remove("DATABASE_URL")
            .env_remove("PGHOST")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_app_passes_once_it_has_started() {
    let folder = Scratch::new();
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    // Nothing listens yet.
    let waiting = {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.args(["check", &url, "--wait", "60", "--expect-rules", "--json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let _handler = Handler::on(port, &folder);
    let done = waiting.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stdout));
    let all: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&all["passed"], &all["url"]),
        (&true.into(), &url.as_str().into())
    );
    assert_eq!(all["checks"].as_array().unwrap().len(), 9);

    // With text output, and with an expectation that this app does not fulfil.
    let done = check(&url, &["--expect-no-rules"]);
    assert_eq!(done.status.code(), Some(1));
    let said = text(&done.stdout);
    assert!(said.contains("FAILED  instances"), "{said}");
    assert!(said.ends_with("1 of 9 checks failed.\n"), "{said}");
    // Each check recorded one visit.
    assert!(
        said.contains("visit 2 is listed once; 2 visits in total"),
        "{said}"
    );
}

/// The correct responses of the app, with a new visit each time.
fn right(asked: &Asked, visits: &AtomicUsize) -> Reply {
    let (status, body) = match asked.line.as_str() {
        "GET /health/live" => (200, r#"{"status":"live"}"#),
        "GET /health" => (
            200,
            r#"{"status":"healthy","db_type":"sqlite","version":"0.1.0"}"#,
        ),
        "POST /api/visit" => match visits.fetch_add(1, Ordering::SeqCst) {
            0 => (201, r#"{"id":7,"total_visits":7}"#),
            _ => (200, r#"{"id":7,"total_visits":7}"#),
        },
        "GET /api/visits?limit=100" => (
            200,
            r#"{"total_visits":7,"recent_visits":[{"id":7},{"id":6}]}"#,
        ),
        "GET /api/metrics" => (200, r#"{"cpu_percent":1.5,"memory_percent":20}"#),
        "GET /api/instances" => (
            200,
            r#"{"live":2,"rules":[{},{}],"capacity":{"minimum":1,"maximum":3}}"#,
        ),
        "GET /metrics" => (200, "# TYPE up gauge\nup{instance_id=\"a\"} 1\n"),
        "GET /api/openapi.json" => (200, r#"{"openapi":"3.1.0","paths":{"/health":{}}}"#),
        "GET /" => (200, "<!doctype html><title>Visits</title>"),
        _ => (404, r#"{"status":404,"error":"there is no such path"}"#),
    };
    Reply::Answer(status, "", body.to_owned())
}

#[test]
fn every_check_can_fail() {
    let cases: [(&str, u16, &str, &str, &str); 17] = [
        ("GET /health/live", 503, "{}", "live", "returned 503"),
        (
            "GET /health",
            503,
            r#"{"error":"the database is away"}"#,
            "health",
            "the database is away",
        ),
        (
            "GET /health",
            200,
            "<html>a parking page</html>",
            "health",
            "not from this app",
        ),
        (
            "POST /api/visit",
            201,
            r#"{"id":7}"#,
            "visit",
            "the same key again: returned 201",
        ),
        (
            "POST /api/visit",
            503,
            "{}",
            "visit",
            "returned 503 instead of 201",
        ),
        (
            "GET /api/visits?limit=100",
            200,
            r#"{"total_visits":7,"recent_visits":[]}"#,
            "visit",
            "not among",
        ),
        (
            "GET /api/visits?limit=100",
            200,
            r#"{"total_visits":7,"recent_visits":[{"id":7},{"id":7}]}"#,
            "visit",
            "2 times",
        ),
        ("GET /api/visits?limit=100", 200, "{}", "visit", "no total"),
        (
            "GET /api/metrics",
            200,
            r#"{"cpu_percent":120,"memory_percent":1}"#,
            "metrics",
            "cpu_percent",
        ),
        (
            "GET /api/instances",
            200,
            r#"{"live":0,"rules":[{}]}"#,
            "instances",
            "no instance is live",
        ),
        (
            "GET /api/instances",
            200,
            r#"{"live":1,"rules":null}"#,
            "instances",
            "no autoscale rules",
        ),
        ("GET /api/instances", 200, "{}", "instances", "no count"),
        (
            "GET /metrics",
            200,
            "# TYPE up gauge\nup 1\n",
            "prometheus",
            "no series",
        ),
        (
            "GET /api/openapi.json",
            200,
            r#"{"openapi":"3.0.3"}"#,
            "openapi",
            "not an OpenAPI 3.1 document",
        ),
        (
            "GET /",
            200,
            r#"{"message":"hello"}"#,
            "page",
            "does not return an HTML page",
        ),
        (
            "GET /api/no-such-thing",
            200,
            "{}",
            "errors",
            "returned 200",
        ),
        (
            "GET /api/no-such-thing",
            404,
            "not found",
            "errors",
            "without a problem document",
        ),
    ];
    for (line, status, body, name, part) in cases {
        let visits = AtomicUsize::new(0);
        let server = Server::start(move |asked| {
            if asked.line == line {
                Reply::Answer(status, "", body.to_owned())
            } else {
                right(asked, &visits)
            }
        });
        let done = check(&server.url(), &["--expect-rules", "--json"]);
        assert_eq!(done.status.code(), Some(1), "{line} {body}");
        let all: Value = serde_json::from_slice(&done.stdout).unwrap();
        let failed: Vec<&Value> = all["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["passed"] == false)
            .collect();
        assert_eq!(failed.len(), 1, "{line}: {failed:?}");
        assert_eq!(failed[0]["name"], name, "{line}");
        let seen = failed[0]["seen"].as_str().unwrap();
        assert!(seen.contains(part), "{line}: {seen}");
    }
    // Without an error, no check fails.
    let visits = AtomicUsize::new(0);
    let server = Server::start(move |asked| right(asked, &visits));
    assert_eq!(check(&server.url(), &[]).status.code(), Some(0));
}

#[test]
fn an_impossible_check_is_one_sentence() {
    let silent = format!("http://127.0.0.1:{}", free_port());
    for (url, part) in [
        (
            silent.as_str(),
            "does not respond: Connection refused; start the app first, with ./scripts/run",
        ),
        ("127.0.0.1:7071", "does not begin with http://"),
        ("http://user:hunter2@127.0.0.1/", "is not sent"),
    ] {
        let done = check(url, &[]);
        assert_eq!(done.status.code(), Some(2), "{url}");
        let said = text(&done.stderr);
        assert!(said.contains(part) && said.lines().count() == 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn it_prints_the_reason_for_the_wait() {
    let looks = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&looks);
    let visits = AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        if asked.line == "GET /health" && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            return Reply::Answer(503, "", r#"{"error":"starting"}"#.to_owned());
        }
        right(asked, &visits)
    });
    let done = check(&server.url(), &["--wait", "60"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stdout));
    assert!(text(&done.stderr).contains("waiting: /health: returned 503 instead of 200: starting"));
    eventually("three looks", || {
        (looks.load(Ordering::SeqCst) >= 3).then_some(())
    });
}
