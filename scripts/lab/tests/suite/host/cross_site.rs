//! Requests that a foreign web page can make a browser send to a `lab up` without keys. `handler/dashboard/browser`
//! tests the requests of a real browser, and the table next to the policy tests which headers are refused.

use serde_json::json;

use crate::support::http::Answer;
use crate::support::{Host, Root};

/// An app with an open and a protected function for every method, and one without an HTTP trigger.
fn app() -> Root {
    let root = Root::bare();
    root.http("Open", "open/{*rest}", None, "anonymous");
    root.http("Closed", "closed/{*rest}", None, "function");
    root.function(
        "json-logs",
        &json!({ "bindings": [{ "type": "queueTrigger", "direction": "in", "name": "item" }] }),
    );
    root
}

/// The heads of requests from a foreign page.
fn foreign(host: &Host) -> Vec<Vec<(&'static str, String)>> {
    let own = format!("127.0.0.1:{}", host.port);
    let rebound = format!("evil.example:{}", host.port);
    vec![
        vec![
            ("Host", own.clone()),
            ("Origin", "https://evil.example".to_owned()),
            ("Sec-Fetch-Site", "cross-site".to_owned()),
        ],
        vec![
            ("Host", own.clone()),
            ("Sec-Fetch-Site", "cross-site".to_owned()),
        ],
        // A browser that does not send Fetch Metadata.
        vec![("Host", own.clone()), ("Origin", "null".to_owned())],
        // A page of another program on this machine.
        vec![
            ("Host", own),
            ("Origin", "http://127.0.0.1:3".to_owned()),
            ("Sec-Fetch-Site", "same-site".to_owned()),
        ],
        // DNS rebinding: for the browser, the page and the emulator are one origin.
        vec![
            ("Host", rebound.clone()),
            ("Origin", format!("http://{rebound}")),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
        ],
    ]
}

/// One request with exactly these headers.
fn sent(host: &Host, method: &str, target: &str, headers: &[(&str, String)]) -> Answer {
    let mut connection = host.open();
    let mut head = format!("{method} {target} HTTP/1.1\r\nContent-Length: 0\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    connection.send(head + "\r\n");
    connection.answer(method)
}

#[test]
fn a_foreign_page_changes_nothing() {
    let host = app().up(&[]);
    for headers in foreign(&host) {
        for (method, target) in [
            ("POST", "/open/x"),
            ("DELETE", "/open/x"),
            ("GET", "/closed/x"),
            ("POST", "/closed/x"),
            ("GET", "/%63losed/x"),
            ("GET", "/admin/lab/fleet"),
            ("GET", "/%61dmin/host/status"),
            ("POST", "/admin/lab/scaler/pause"),
            ("POST", "/admin/lab/instances/lab-000000/kill"),
            ("GET", "/admin/lab/rules"),
            ("PUT", "/admin/lab/rules"),
            ("POST", "/admin/lab/rules/rehearse"),
            ("POST", "/admin/functions/json-logs"),
            ("GET", "/admin/warmup"),
            ("POST", "/nowhere"),
        ] {
            let answer = sent(&host, method, target, &headers);
            assert_eq!(answer.status, 403, "{method} {target} {headers:?}");
            assert!(answer.text().contains("--enable-auth"), "{answer:?}");
            assert!(
                answer
                    .header("content-type")
                    .unwrap()
                    .starts_with("text/plain")
            );
        }
    }
    assert!(host.requests().is_empty());
    assert_eq!(host.get("/admin/lab/fleet").json()["paused"], false);
    assert!(!host.printed().contains("request was refused"));
}

#[test]
fn a_link_from_another_site_opens_public_pages() {
    let host = app().up(&[]);
    for headers in foreign(&host) {
        assert_eq!(sent(&host, "GET", "/open/x", &headers).status, 200);
        assert_eq!(sent(&host, "HEAD", "/open/x", &headers).status, 200);
        assert_eq!(sent(&host, "GET", "/admin/host/ping", &headers).status, 200);
    }
}

#[test]
fn programs_own_pages_and_allowed_origins_may_do_everything() {
    let mut root = app();
    root.variable("CORS_ORIGINS", "https://app.example");
    let host = root.up(&[]);
    let own = format!("http://localhost:{}", host.port);
    for headers in [
        vec![],
        vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")],
        vec![("Sec-Fetch-Site", "none")],
        vec![
            ("Origin", "https://app.example"),
            ("Sec-Fetch-Site", "cross-site"),
        ],
    ] {
        for (method, target, status) in [
            ("POST", "/open/x", 200),
            ("OPTIONS", "/closed/x", 200),
            ("POST", "/closed/x", 200),
            ("GET", "/admin/lab/fleet", 200),
            ("POST", "/admin/lab/scaler/resume", 200),
            ("POST", "/admin/lab/instances/none/kill", 404),
        ] {
            let answer = host.request(method, target, &headers, "");
            assert_eq!(answer.status, status, "{method} {target} {headers:?}");
        }
    }
    // An origin that is not in the list stays foreign.
    let other = [("Origin", "https://other.example")];
    assert_eq!(host.request("POST", "/open/x", &other, "").status, 403);
}

#[test]
fn every_ip_address_is_own_on_a_wildcard_address() {
    let host = app().up(&["--address", "0.0.0.0"]);
    for (name, status) in [
        ("192.0.2.7", 200),
        ("[2001:db8::7]:7071", 200),
        ("localhost", 200),
        ("evil.example", 403),
    ] {
        let headers = [("Host", name.to_owned())];
        assert_eq!(
            sent(&host, "POST", "/open/x", &headers).status,
            status,
            "{name}"
        );
    }
}

#[test]
fn with_keys_a_request_from_any_origin_needs_only_its_key() {
    let host = app().up(&["--enable-auth"]);
    let line = host.line("  master ");
    let master = line.split_whitespace().last().unwrap();
    for mut headers in foreign(&host) {
        assert_eq!(sent(&host, "POST", "/open/x", &headers).status, 200);
        assert_eq!(sent(&host, "POST", "/closed/x", &headers).status, 401);
        assert_eq!(sent(&host, "GET", "/admin/lab/fleet", &headers).status, 401);
        headers.push(("x-functions-key", master.to_owned()));
        assert_eq!(sent(&host, "POST", "/closed/x", &headers).status, 200);
        assert_eq!(sent(&host, "GET", "/admin/lab/fleet", &headers).status, 200);
    }
}
