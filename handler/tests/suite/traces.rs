//! Traces: the caller's context, the spans that are exported to a collector, and the ids in the log lines.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::collector::{Collector, Span};
use crate::support::process::{Process, command, run};
use crate::support::{Backend, TestApp, reserved_port};
use axum::body::Body;
use axum::http::{Method, Request};
use rustix::process::Signal;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const INVOCATION: &str = "11111111-2222-3333-4444-555555555555";

fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

on_both_databases!(
    a_visit_is_a_span_below_its_caller_with_its_write_below_it,
    fifty_concurrent_visits_are_linked_to_their_shared_writes,
    a_failed_request_has_an_error_status,
);

fn traced(backend: &Backend, collector: &Collector) -> TestApp {
    let endpoint = collector.endpoint();
    TestApp::start(
        &backend.flags(),
        &["--otel-exporter-otlp-endpoint", &endpoint],
    )
}

async fn a_visit_is_a_span_below_its_caller_with_its_write_below_it(backend: Backend) {
    let collector = Collector::start();
    let app = traced(&backend, &collector);
    app.eventually("/health", |answer| answer.status == 200)
        .await;
    let request = Request::post("/api/visit?code=secretkey")
        .header("traceparent", traceparent())
        .header("tracestate", "vendor=opaque")
        .header("x-azure-functions-invocationid", INVOCATION)
        .header("x-forwarded-for", "203.0.113.77")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "visits.example.org:8443")
        .header("user-agent", "a browser");
    let visit = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(visit.status, 201);
    let instance = visit.header("x-instance-id").to_owned();
    app.stop().await;

    let spans = collector.spans();
    let [server, write] = ["POST /api/visit", "INSERT visits"].map(|name| {
        let named: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        assert_eq!(named.len(), 1, "{name} among {spans:#?}");
        named[0]
    });
    assert_eq!(
        (server.trace_id.as_str(), server.parent_id.as_str()),
        (TRACE, CALLER)
    );
    assert_eq!(server.trace_state, "vendor=opaque");
    assert_eq!((server.kind, server.status), (2, 0));
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/visit"),
        ("http.response.status_code", "201"),
        ("url.path", "/api/visit"),
        ("url.scheme", "https"),
        ("server.address", "visits.example.org"),
        ("server.port", "8443"),
        ("user_agent.original", "a browser"),
        ("faas.trigger", "http"),
        ("faas.invocation_id", INVOCATION),
    ] {
        assert_eq!(
            server.attributes.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    for secret in ["secretkey", "203.0.113.77"] {
        assert!(
            !format!("{spans:?}").contains(secret),
            "{secret} is exported"
        );
    }
    assert_eq!(
        (write.trace_id.as_str(), &write.parent_id),
        (TRACE, &server.span_id)
    );
    assert_eq!((write.kind, write.status), (3, 0));
    assert_eq!(write.attributes["db.collection.name"], "visits");
    let db_type = match backend {
        Backend::Sqlite { .. } => "sqlite",
        Backend::Postgres { .. } => "postgresql",
    };
    assert_eq!(write.attributes["db.system.name"], db_type);
    assert!(
        write.nanoseconds <= server.nanoseconds,
        "{write:?} {server:?}"
    );
    assert_eq!(server.resource["service.name"], "elastic-visits");
    assert_eq!(server.resource["service.instance.id"], instance);
    assert!(server.resource.contains_key("service.version"));
}

async fn fifty_concurrent_visits_are_linked_to_their_shared_writes(backend: Backend) {
    let collector = Collector::start();
    let app = traced(&backend, &collector);
    app.eventually("/health", |answer| answer.status == 200)
        .await;
    let visits = futures_util::future::join_all((0..50).map(|_| app.visit())).await;
    assert!(visits.iter().all(|visit| visit.status == 201));
    app.stop().await;

    let spans = collector.spans();
    let ids = |spans: Vec<&Span>| -> BTreeSet<String> {
        spans.iter().map(|span| span.span_id.clone()).collect()
    };
    let visits = ids(spans
        .iter()
        .filter(|span| span.name == "POST /api/visit")
        .collect());
    assert_eq!(visits.len(), 50);
    let writes: Vec<_> = spans
        .iter()
        .filter(|span| span.name.ends_with("INSERT visits"))
        .collect();
    assert!(
        writes.len() < 50,
        "no write was shared: {} of them",
        writes.len()
    );
    let mut served = Vec::new();
    for write in &writes {
        let size = 1 + write.links.len();
        let said = write.attributes.get("db.operation.batch.size");
        assert_eq!(
            said.map_or(1, |size| size.parse::<usize>().unwrap()),
            size,
            "{write:?}"
        );
        served.push(write.parent_id.clone());
        served.extend(write.links.iter().cloned());
    }
    assert_eq!(served.len(), 50, "a visit was served twice");
    assert_eq!(served.into_iter().collect::<BTreeSet<_>>(), visits);
}

async fn a_failed_request_has_an_error_status(backend: Backend) {
    let collector = Collector::start();
    let app = traced(&backend, &collector);
    app.eventually("/health", |answer| answer.status == 200)
        .await;
    backend.execute("drop table visits").await;
    assert!(app.visit().await.status.is_server_error());
    assert_eq!(app.get("/no/such/path").await.status, 404);
    assert_eq!(app.call(Method::DELETE, "/api/visits").await.status, 405);
    app.stop().await;

    let spans = collector.spans();
    let named = |name: &str| {
        spans
            .iter()
            .find(|span| span.name == name)
            .unwrap_or_else(|| panic!("{name} among {spans:#?}"))
    };
    let visit = named("POST /api/visit");
    assert_eq!(visit.status, 2);
    assert_eq!(
        visit.attributes["error.type"],
        visit.attributes["http.response.status_code"]
    );
    let write = named("INSERT visits");
    assert_eq!(write.status, 2);
    assert!(write.attributes.contains_key("error.type"));
    // The caller's mistakes are not errors of the server.
    assert_eq!(named("GET").status, 0);
    assert_eq!(named("DELETE /api/visits").status, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_have_no_span_and_malformed_contexts_begin_a_new_trace() {
    let backend = Backend::sqlite();
    let collector = Collector::start();
    let app = traced(&backend, &collector);
    app.eventually("/health", |answer| answer.status == 200)
        .await;
    app.get("/health/live").await;
    // The Functions host's readiness poll.
    app.get("/").await;
    let malformed = [
        "",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
    ];
    for text in malformed {
        let request = Request::get("/api/metrics").header("traceparent", text);
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{text}");
    }
    // A caller's decision not to sample its trace is followed.
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    let request = Request::get("/api/metrics").header("traceparent", unsampled);
    app.send(request.body(Body::empty()).unwrap()).await;
    app.stop().await;

    let spans = collector.spans();
    assert_eq!(spans.len(), malformed.len(), "{spans:#?}");
    for span in &spans {
        assert_eq!(span.name, "GET /api/metrics");
        assert_eq!(span.parent_id, "");
        assert_ne!(span.trace_id, TRACE);
    }
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.trace_id).collect();
    assert_eq!(traces.len(), spans.len(), "each begins a separate trace");
}

/// A handler process that exports to `endpoint` ten times a second.
fn exporting(backend: &Backend, endpoint: &str) -> Command {
    let mut command = command(
        &backend.flags(),
        &[
            "--otel-exporter-otlp-endpoint",
            endpoint,
            "--log-filter",
            "info,handler::http=debug",
        ],
    );
    command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
    command
}

#[test]
fn a_log_line_leads_to_its_trace() {
    let backend = Backend::sqlite();
    let collector = Collector::start();
    let mut exporting = exporting(&backend, &collector.endpoint());
    exporting
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "api-key=secret%20value,x-tenant=visits",
        )
        .env("OTEL_SERVICE_NAME", "register")
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test");
    exporting.args(["--instance-id", "traced-1"]);
    let mut handler = Process::spawn(exporting);
    handler.eventually("/health", 200);
    handler.send("POST", "/api/visit", &[]).unwrap();
    let line = handler.wait_for_line(|line| line["path"] == "/api/visit");
    assert_eq!(line["instance_id"], "traced-1");
    let span = collector.wait_for(|span| span.name == "POST /api/visit");
    assert_eq!(line["trace_id"], span.trace_id);
    assert_eq!(span.resource["service.name"], "register");
    assert_eq!(span.resource["service.instance.id"], "traced-1");
    assert_eq!(span.resource["deployment.environment"], "test");
    let request = &collector.requests()[0];
    assert_eq!(request["api-key"], "secret value");
    assert_eq!(request["x-tenant"], "visits");
    assert!(!handler.log().contains("secret"));
}

#[test]
fn the_last_spans_are_sent_before_the_process_ends() {
    let backend = Backend::sqlite();
    let collector = Collector::start();
    let mut handler = Process::spawn({
        let mut command = exporting(&backend, &collector.endpoint());
        // Longer than the test waits, so only the end of the process sends them.
        command.env("OTEL_BSP_SCHEDULE_DELAY", "600000");
        command
    });
    handler.eventually("/health", 200);
    assert_eq!(handler.send("POST", "/api/visit", &[]).unwrap().status, 201);
    assert_eq!(collector.spans(), []);
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    let spans = collector.spans();
    assert!(
        spans.iter().any(|span| span.name == "POST /api/visit"),
        "{spans:#?}"
    );
}

#[test]
fn an_unavailable_collector_fails_no_request_and_is_logged_once() {
    let backend = Backend::sqlite();
    let collector = Collector::start();
    collector.answer(400);
    let mut handler = Process::spawn(exporting(&backend, &collector.endpoint()));
    handler.eventually("/health", 200);
    for export in 1..=3 {
        assert_eq!(handler.send("POST", "/api/visit", &[]).unwrap().status, 201);
        collector.wait_for_requests(export);
    }
    let away = |line: &serde_json::Value| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("spans cannot be exported"))
    };
    let line = handler.wait_for_line(away);
    assert!(line["reason"].as_str().unwrap().contains("400"), "{line}");
    collector.answer(200);
    handler.send("GET", "/api/metrics", &[]).unwrap();
    handler.wait_for_line(|line| line["message"] == "spans are exported again");
    collector.wait_for(|span| span.name == "GET /api/metrics");
    assert_eq!(
        handler.log().matches("spans cannot be exported").count(),
        1,
        "it is logged with every batch"
    );
}

#[test]
fn a_collector_that_refuses_connections_is_reported() {
    let backend = Backend::sqlite();
    let (_reserved, port) = reserved_port();
    let mut handler = Process::spawn(exporting(&backend, &format!("http://127.0.0.1:{port}")));
    handler.eventually("/health", 200);
    assert_eq!(handler.send("POST", "/api/visit", &[]).unwrap().status, 201);
    let line = handler.wait_for_line(|line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.starts_with("spans cannot be exported")
    });
    assert!(
        line["reason"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("refused"),
        "{line}"
    );
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
}

#[test]
fn a_collector_that_never_responds_does_not_delay_the_end() {
    let backend = Backend::sqlite();
    let collector = Collector::start();
    collector.answer(0);
    let mut handler = Process::spawn(exporting(&backend, &collector.endpoint()));
    handler.eventually("/health", 200);
    assert_eq!(handler.send("POST", "/api/visit", &[]).unwrap().status, 201);
    collector.wait_for_requests(1);
    let begun = Instant::now();
    handler.signal(Signal::TERM);
    handler.wait_for_line(|line| line["message"] == "the last spans could not be exported in time");
    assert_eq!(handler.wait(), Some(0));
    // The platform kills a process that has not ended ten seconds after it was told to stop.
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn without_a_collector_the_log_lines_still_contain_the_trace() {
    let backend = Backend::sqlite();
    let mut handler = Process::start(
        &backend.flags(),
        &["--log-filter", "info,handler::http=debug"],
    );
    handler.eventually("/health", 200);
    let parent = traceparent();
    let traced = ("traceparent", parent.as_str());
    let invoked = ("x-azure-functions-invocationid", INVOCATION);
    // Characters that would end the string in the log line if they were not escaped.
    let hostile = ("x-azure-functions-invocationid", r#"a"},"b\"#);
    for (headers, trace) in [
        (vec![traced], Some(TRACE)),
        // The caller's trace takes precedence over the host's id of the invocation.
        (vec![traced, invoked], Some(TRACE)),
        (vec![invoked], Some("11111111222233334444555555555555")),
        (vec![hostile], None),
        (vec![], None),
    ] {
        handler.send("GET", "/api/metrics", &headers).unwrap();
        let line = handler.wait_for_line(|line| line["path"] == "/api/metrics");
        assert_eq!(line["trace_id"].as_str(), trace, "{line}");
        let invocation = headers.iter().find(|(name, _)| *name == invoked.0);
        let invocation = invocation.map(|(_, id)| *id);
        assert_eq!(line["invocation_id"].as_str(), invocation);
        assert!(!line["instance_id"].as_str().unwrap().is_empty());
    }
}

#[test]
fn wrong_settings_are_named_without_their_values() {
    for (flag, value, named) in [
        (
            "--otel-exporter-otlp-endpoint",
            "localhost:4318",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
        (
            "--otel-exporter-otlp-headers",
            "hunter2",
            "OTEL_EXPORTER_OTLP_HEADERS",
        ),
    ] {
        let mut flags = vec![flag, value];
        if flag.ends_with("headers") {
            flags.extend(["--otel-exporter-otlp-endpoint", "http://127.0.0.1:4318"]);
        }
        let output = run(&[], &flags);
        assert_eq!(output.status.code(), Some(64), "{flags:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(named), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}
