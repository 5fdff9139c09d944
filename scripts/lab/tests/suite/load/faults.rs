//! Targets with errors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use super::Load;
use super::server::{Asked, Reply, Server, app};

/// The errors of forty visits by four callers, if each gets this response.
fn errors(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Vec<(String, u64)> {
    let server = Server::start(move |asked: &Asked| match asked.line.as_str() {
        "POST /api/visit" => reply(),
        _ => app(asked),
    });
    let done = Load::on(&server.url(), &["40", "4", "--mix", "visits=1"]).run();
    let requests = done.record().requests;
    assert_eq!(
        (requests.sent, requests.ok + requests.failed),
        (40, 40),
        "{}",
        done.err
    );
    requests.errors.into_iter().collect()
}

fn all(kind: &str) -> Vec<(String, u64)> {
    vec![(kind.to_owned(), 40)]
}

#[test]
fn a_server_that_closes_after_each_response_is_not_a_failure() {
    assert_eq!(errors(|| Reply::AnswerAndClose(201)), []);
    // The same applies to a response that only the end of the connection ends.
    assert_eq!(
        errors(|| Reply::Raw(b"HTTP/1.1 201 x\r\n\r\nno length".to_vec())),
        []
    );
}

#[test]
fn missing_responses_are_counted_by_their_kind() {
    assert_eq!(errors(|| Reply::Raw(Vec::new())), all("connection closed"));
    let half = b"HTTP/1.1 201 x\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    assert_eq!(
        errors(move || Reply::Raw(half.clone())),
        all("connection closed")
    );
    assert_eq!(
        errors(|| Reply::Raw(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec())),
        all("not HTTP")
    );
    assert_eq!(errors(|| Reply::Raw(vec![0; 100_000])), all("not HTTP"));
    let chunks = b"HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec();
    assert_eq!(errors(move || Reply::Raw(chunks.clone())), all("not HTTP"));
}

#[test]
fn large_answers_are_not_read_to_their_end() {
    let body = "x".repeat(2 * 1024 * 1024);
    assert_eq!(
        errors(move || Reply::Answer(201, "", body.clone())),
        all("answer too large")
    );
    let head = format!(
        "HTTP/1.1 201 x\r\nx-filler: {}\r\n\r\n",
        "x".repeat(1024 * 1024)
    );
    assert_eq!(
        errors(move || Reply::Raw(head.clone().into_bytes())),
        all("answer too large")
    );
}

/// The correct app, which ends after 20 visits.
fn ends_after_20() -> Arc<Server> {
    Arc::new_cyclic(|server: &Weak<Server>| {
        let (server, visits) = (Weak::clone(server), AtomicUsize::new(0));
        Server::start(move |asked| {
            if asked.line == "POST /api/visit" && visits.fetch_add(1, Ordering::SeqCst) == 20 {
                server.upgrade().unwrap().shut();
            }
            app(asked)
        })
    })
}

#[test]
fn the_run_ends_if_the_server_stops() {
    let server = ends_after_20();
    let rate = ["--rate", "200", "--duration", "2s", "--mix", "visits=1"];
    let run = Load::on(&server.url(), &rate).run().record();
    assert_eq!(run.requests.sent, 400);
    assert!(run.requests.ok > 0);
    assert!(
        run.requests.errors["connection refused"] > 0,
        "{:?}",
        run.requests.errors
    );
}

#[test]
fn users_without_think_time_do_not_spin_on_a_dead_server() {
    let server = ends_after_20();
    let users = ["--stages", "0s:2users,2s:2users", "--think", "0s"];
    let errors = Load::on(&server.url(), &users)
        .run()
        .record()
        .requests
        .errors;
    // Each of the two waits at least 10 ms after each failure, for 2 s.
    let failed: u64 = errors.values().sum();
    assert!((1..=2 * 200 + 2).contains(&failed), "{errors:?}");
}

#[test]
fn a_connection_that_was_closed_while_idle_costs_nothing() {
    static SERVED: AtomicUsize = AtomicUsize::new(0);
    // The server closes the connection together with a response that did not announce it.
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => {
            SERVED.fetch_add(1, Ordering::SeqCst);
            Reply::Raw(b"HTTP/1.1 201 x\r\ncontent-length: 2\r\n\r\n{}".to_vec())
        }
        _ => app(asked),
    });
    let rate = ["--rate", "20", "--duration", "1s", "--mix", "visits=1"];
    let run = Load::on(&server.url(), &rate).run().record();
    assert_eq!(
        (run.requests.sent, run.requests.ok),
        (20, 20),
        "{:?}",
        run.requests
    );
    assert_eq!(SERVED.load(Ordering::SeqCst), 20, "none was sent twice");
}

#[test]
fn a_server_may_invent_its_ids() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => Reply::Answer(201, "x-instance-id: \u{1b}[31m\u{7f}", "{}".to_owned()),
        _ => app(asked),
    });
    let done = Load::on(&server.url(), &["10", "1", "--mix", "visits=1"]).run();
    assert!(!done.out.contains('\u{1b}'), "{:?}", done.out);
}
