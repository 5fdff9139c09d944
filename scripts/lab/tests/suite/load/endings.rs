//! The end of a run: its conditions, and signals of the user.

use super::server::{Reply, Server, app};
use super::{Load, eventually};

#[test]
fn conditions_decide_the_exit_code() {
    let server = Server::app();
    let run = |conditions: &[&str]| {
        let mut arguments = vec!["30", "3"];
        for condition in conditions {
            arguments.extend(["--expect", condition]);
        }
        Load::on(&server.url(), &arguments).run()
    };
    let held = run(&[
        "p99<1m",
        "errors<0.1%",
        "rate>=0.001",
        "requests==30",
        "instances>=2",
    ]);
    assert_eq!(held.code, Some(0), "{}", held.out);
    assert_eq!(held.record().verdict.expectations.len(), 5);
    let broken = run(&["p99<1m", "instances>=3", "requests>30"]);
    assert_eq!(broken.code, Some(1), "{}", broken.out);
    assert!(
        broken.out.contains("instances>=3: FAILED, 2"),
        "{}",
        broken.out
    );
    let judged: Vec<bool> = broken
        .record()
        .verdict
        .expectations
        .iter()
        .map(|expectation| expectation.held)
        .collect();
    assert_eq!(judged, [true, false, false]);
}

#[test]
fn ctrl_c_still_writes_the_record() {
    let server = Server::app();
    let load = Load::on(&server.url(), &["--rate", "50", "--duration", "10m"]);
    let (csv, html) = (load.folder.join("run.csv"), load.folder.join("run.html"));
    let running = load.arg("--csv", &csv).arg("--html", &html).start();
    eventually("visits come", || {
        (server.count("POST /api/visit") > 20).then_some(())
    });
    running.signal("INT");
    let (status, done) = running.end();
    assert_eq!(status.code(), Some(130), "{}", done.err);
    let run = done.record();
    assert!(
        run.requests.sent > 40 && run.requests.failed == 0,
        "{:?}",
        run.requests
    );
    assert_eq!(done.files(), ["run.csv", "run.html", "run.json"]);
    // A header, and a row for every second.
    let rows = std::fs::read_to_string(done.folder.join("run.csv")).unwrap();
    assert!(rows.lines().count() > run.load.len(), "{rows}");
    assert!(done.out.contains("requests"), "{}", done.out);
}

#[test]
fn ctrl_c_waits_for_a_limited_time() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => Reply::Silence,
        _ => app(asked),
    });
    let load = Load::on(
        &server.url(),
        &["12", "6", "--mix", "visits=1", "--timeout", "10m"],
    );
    let running = load.start();
    eventually("visits come", || {
        (server.count("POST /api/visit") == 6).then_some(())
    });
    running.signal("TERM");
    let (status, done) = running.end();
    assert_eq!(status.code(), Some(143), "{}", done.err);
    let run = done.record();
    assert_eq!(run.requests.sent, 0);
    assert!(
        run.notes
            .iter()
            .any(|note| note.starts_with("6 requests were in flight")),
        "{:?}",
        run.notes
    );

    // A second signal ends it at once, and leaves only complete files.
    let load = Load::on(
        &server.url(),
        &["12", "6", "--mix", "visits=1", "--timeout", "10m"],
    );
    let running = load.start();
    eventually("visits come", || {
        (server.count("POST /api/visit") == 12).then_some(())
    });
    running.signal("INT");
    running.signal("TERM");
    let (status, done) = running.end();
    assert!(matches!(status.code(), Some(130 | 143)), "{status}");
    assert!(
        done.files().iter().all(|name| name == "run.json"),
        "{:?}",
        done.files()
    );
}

#[test]
fn ctrl_c_before_the_first_answer_ends_at_once() {
    let server = Server::start(|_| Reply::Silence);
    let running = Load::on(&server.url(), &["12", "6", "--timeout", "10m"]).start();
    eventually("it looks", || (!server.asked().is_empty()).then_some(()));
    running.signal("INT");
    let (status, done) = running.end();
    assert_eq!(
        (status.code(), done.files().len()),
        (Some(130), 0),
        "{}",
        done.err
    );
}

#[test]
fn the_preset_of_k6_requires_every_visit() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /api/visit" => Reply::status(503),
        _ => app(asked),
    });
    let running = Load::on(&server.url(), &["--preset", "k6", "--think", "10ms"]).start();
    eventually("visits come", || {
        (server.count("POST /api/visit") > 5).then_some(())
    });
    running.signal("INT");
    let (_, done) = running.end();
    let run = done.record();
    let [visits] = &run.verdict.expectations[..] else {
        panic!("{:?}", run.verdict);
    };
    assert!(
        !visits.held && visits.measured.starts_with("0 of"),
        "{visits:?}"
    );
    assert!(
        run.plan[0].contains("from 50 users to 100 users over 5 min"),
        "{:?}",
        run.plan
    );
}
