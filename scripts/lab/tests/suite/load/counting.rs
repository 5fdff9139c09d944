//! Requests and responses are counted once each, by their kind.

use std::collections::BTreeMap;

use super::Load;
use super::server::{Reply, Server, app};

#[test]
fn the_mix_is_kept_to_the_request() {
    let server = Server::app();
    let done = Load::on(&server.url(), &["60", "4"]).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    let run = done.record();
    let requests = &run.requests;
    assert_eq!((requests.sent, requests.ok, requests.failed), (60, 60, 0));
    let kinds = [("metrics", 20), ("stress", 10), ("visit", 30)];
    let kinds = kinds.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(requests.by_kind, BTreeMap::from(kinds));
    // The check before the load sends a GET, and a stress run that no instance accepts.
    assert_eq!(server.count("POST /api/visit"), 30);
    assert_eq!(server.count("GET /api/metrics"), 21);
    let stress: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.line == "POST /api/stress")
        .map(|asked| (asked.body, asked.headers["content-type"].clone()))
        .collect();
    let json = "application/json".to_owned();
    assert_eq!(stress[0].0, r#"{"duration":-1,"wait":false}"#);
    assert_eq!(
        stress[1],
        (r#"{"duration":1,"wait":false}"#.to_owned(), json)
    );
    assert_eq!(stress.len(), 11);
    let answers: u64 = run.per_instance.values().sum();
    assert_eq!((answers, run.per_instance.len()), (60, 2));
    let seconds: u64 = run.load.iter().map(|second| second.sent).sum();
    assert_eq!(seconds, 60);
    for part in ["closed loop", "did not list its instances"] {
        assert!(
            run.notes.iter().any(|note| note.contains(part)),
            "{:?}",
            run.notes
        );
    }
}

#[test]
fn other_shares_and_listing() {
    let server = Server::app();
    let done = Load::on(&server.url(), &["40", "1", "--mix", "listing=3,visits=1"]).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(server.count("GET /api/visits"), 30);
    assert_eq!(server.count("POST /api/visit"), 10);
    // If stress is not in the mix, no stress run is requested.
    assert_eq!(server.count("POST /api/stress"), 0);
}

#[test]
fn an_open_loop_starts_as_many_as_its_stages_hold() {
    let server = Server::app();
    let stages = "500ms:40/s,1s:40/s,500ms:0/s";
    let done = Load::on(&server.url(), &["--stages", stages, "--threads", "2"]).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    let run = done.record();
    assert_eq!((run.requests.sent, run.requests.ok), (60, 60));
    assert_eq!(run.requests.by_kind["visit"], 30);
    assert_eq!(
        run.plan[0],
        "Open loop: from 0/s to 40/s over 500 ms, then 40/s for 1 s, then from 40/s to 0/s over 500 ms"
    );
}

#[test]
fn a_busy_instance_is_not_a_failure() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/stress" if asked.body.contains(":1,") => Reply::status(429),
        _ => app(asked),
    });
    let done = Load::on(&server.url(), &["60", "4", "--expect", "errors<=0%"]).run();
    assert_eq!(done.code, Some(0), "{}", done.out);
    let requests = done.record().requests;
    assert_eq!((requests.ok, requests.busy, requests.failed), (50, 10, 0));
    assert!(done.out.contains("10 busy"), "{}", done.out);
}

#[test]
fn without_a_key_a_protected_app_gets_no_stress() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/stress"
            if asked
                .headers
                .get("x-functions-key")
                .is_none_or(|key| key != "right") =>
        {
            Reply::status(401)
        }
        _ => app(asked),
    });
    let done = Load::on(&server.url(), &["50", "4"]).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    let run = done.record();
    assert_eq!((run.requests.sent, run.requests.failed), (50, 0));
    assert_eq!(run.requests.by_kind["visit"], 30);
    assert!(!run.requests.by_kind.contains_key("stress"));
    let said = "The stress share was skipped";
    assert!(
        run.notes.iter().any(|note| note.starts_with(said)),
        "{:?}",
        run.notes
    );
    assert!(done.out.contains(said), "{}", done.out);
    assert_eq!(server.count("POST /api/stress"), 1);

    // With a key, the load uses it completely; a wrong key is like none.
    let right = Load::on(&server.url(), &["60", "4"])
        .env("FUNCTIONS_KEY", "right")
        .run();
    assert_eq!(right.record().requests.by_kind["stress"], 10);
    assert_eq!(right.record().requests.failed, 0);
    let wrong = Load::on(&server.url(), &["60", "4", "--key", "wr0ng"]).run();
    assert!(wrong.out.contains("the key was refused"), "{}", wrong.out);
    for (done, key) in [(&right, "right"), (&wrong, "wr0ng")] {
        let record = std::fs::read_to_string(done.folder.join("run.json")).unwrap();
        for told in [&record, &done.out, &done.err] {
            assert!(!told.contains(key), "{told}");
        }
    }
    // The key is also not sent to endpoints that do not need it.
    let told = |line: &str| {
        let asked = server.asked();
        asked
            .iter()
            .any(|asked| asked.line == line && asked.headers.contains_key("x-functions-key"))
    };
    assert!(told("POST /api/stress") && !told("POST /api/visit") && !told("GET /api/metrics"));
}

#[test]
fn users_send_requests_and_pause() {
    let server = Server::app();
    let users = ["--stages", "0s:4users,1s:4users", "--think", "50ms-150ms"];
    let done = Load::on(&server.url(), &users).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    let run = done.record();
    // Each user sends a request at once, and then again while there is time, but no more often than its pauses allow.
    assert!(
        (4..=84).contains(&run.requests.sent),
        "{}",
        run.requests.sent
    );
    assert!(
        server.most_at_a_time() <= 4 + 2,
        "{}",
        server.most_at_a_time()
    );
    assert_eq!(run.requests.failed, 0);
}

#[test]
fn unexpected_statuses_are_failures() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => Reply::status(200),
        "GET /api/metrics" => Reply::status(302),
        _ => Reply::status(503),
    });
    // The check before the load finds a redirect, which is distinguished from an app.
    let done = Load::on(&server.url(), &["60", "4"]).run();
    assert!(done.refused().contains("redirects are not followed"));

    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => Reply::status(200),
        "GET /api/metrics" => Reply::status(500),
        _ => Reply::status(503),
    });
    let done = Load::on(&server.url(), &["60", "4"]).run();
    assert_eq!(done.code, Some(1), "{}", done.out);
    let run = done.record();
    let errors =
        [("200", 30), ("500", 20), ("503", 10)].map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(run.requests.errors, BTreeMap::from(errors));
    assert_eq!(run.requests.latency_ms.max, None);
    assert!(
        run.notes[0].contains("is this Elastic Visits?"),
        "{:?}",
        run.notes
    );
}

#[test]
fn requests_in_flight_at_the_end_are_counted_once() {
    let server = Server::start(|asked| {
        if asked.line == "POST /api/visit" {
            std::thread::sleep(std::time::Duration::from_millis(800));
        }
        app(asked)
    });
    let rate = ["--rate", "50", "--duration", "500ms", "--mix", "visits=1"];
    let requests = Load::on(&server.url(), &rate).run().record().requests;
    assert_eq!((requests.sent, requests.ok, requests.failed), (25, 25, 0));
    assert_eq!(server.count("POST /api/visit"), 25);
}
