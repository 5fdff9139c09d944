//! The instances behind the target are observed during the load.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Load;
use super::server::{Reply, Server, app};

#[test]
fn the_actions_of_a_lab_are_recorded() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|asked| match asked.line.as_str() {
        "GET /admin/lab/fleet?samples=0" => {
            let look = LOOKS.fetch_add(1, Ordering::SeqCst).min(58);
            // Since the second request, there has been an action half a second before it.
            let actions = if look == 0 {
                "[]"
            } else {
                r#"[{"at":"2026-11-24T10:00:00.500Z","from":1,"to":2,"source":"autoscaler","reason":"CPU was 81%"}]"#
            };
            let fleet = format!(
                r#"{{"time_scale":60.0,"now":"2026-11-24T10:00:{look:02}.000Z","count":{},"ready":1,
                "rules":[],"capacity":{{"minimum":1,"maximum":3,"default":1}},"profile":{{"name":"p"}},
                "instances":[{{"id":"one","pid":7,"state":"ready","started_at":"2026-11-24T09:59:00.000Z",
                "ready_at":null,"ended_at":null,"cpu_percent":81.0,"requests":5}}],"actions":{actions}}}"#,
                1 + look.min(1)
            );
            Reply::Answer(200, "", fleet)
        }
        _ => app(asked),
    });
    let done = Load::on(&server.url(), &["--rate", "20", "--duration", "3s"]).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    let run = done.record();
    assert!(run.samples.len() >= 2, "{:?}", run.samples);
    assert_eq!(run.samples[0].per_instance["one"], 81.0);
    let [action] = &run.actions[..] else {
        panic!("{:?}", run.actions);
    };
    assert_eq!(
        (action.from, action.to, action.source.as_str()),
        (1, 2, "autoscaler")
    );
    assert_eq!((run.time_scale, &run.profile["name"]), (60.0, &"p".into()));
    assert_eq!(
        run.instances
            .iter()
            .find(|instance| instance.id == "one")
            .unwrap()
            .pid,
        Some(7)
    );
    assert_eq!(server.count("GET /api/instances"), 0);
}

#[test]
fn the_live_instances_of_an_app_are_recorded() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|asked| match asked.line.as_str() {
        "GET /admin/lab/fleet?samples=0" => Reply::status(401),
        "GET /api/instances" => {
            let live = 1 + LOOKS.fetch_add(1, Ordering::SeqCst).min(1);
            let answer =
                format!(r#"{{"live":{live},"rules":null,"capacity":null,"instances":[]}}"#);
            Reply::Answer(200, "", answer)
        }
        _ => app(asked),
    });
    let rate = [
        "--rate",
        "20",
        "--duration",
        "3s",
        "--expect",
        "instances==2",
    ];
    let done = Load::on(&server.url(), &rate).run();
    assert_eq!(done.code, Some(0), "{}", done.out);
    let run = done.record();
    let [action] = &run.actions[..] else {
        panic!("{:?}", run.actions);
    };
    assert_eq!(
        (action.from, action.to, action.source.as_str()),
        (1, 2, "seen")
    );
    assert_eq!(
        server.count("GET /admin/lab/fleet?samples=0"),
        1,
        "asked no more"
    );
}

#[test]
fn times_come_from_the_target_instead_of_this_machine() {
    // The clock of the target is far from this machine's.
    let date = "date: Sat, 01 Jan 2050 10:00:00 GMT";
    let server = Server::start(move |asked| {
        match asked.line.as_str() {
        "GET /api/instances" => Reply::Answer(
            200,
            date,
            r#"{"live":1,"rules":null,"capacity":null,"instances":[{"instance_id":"a","state":"live",
            "started_at":"2050-01-01T09:59:00Z","last_seen":"2050-01-01T10:00:00Z","cpu_percent":1.0}]}"#
                .to_owned(),
        ),
        "GET /api/metrics" => Reply::Answer(200, date, "{}".to_owned()),
        _ => app(asked),
    }
    });
    let run = Load::on(&server.url(), &["10", "1"]).run().record();
    assert!(
        run.started.starts_with("2050-01-01T10:00:0"),
        "{}",
        run.started
    );
    let instance = run.instances.iter().find(|instance| instance.id == "a");
    let started = instance.unwrap().started;
    assert!((-60.0..-50.0).contains(&started), "{started}");
    let told = |note: &String| note.contains("This machine's clock is") && note.contains("behind");
    assert!(run.notes.iter().any(told), "{:?}", run.notes);
}

#[test]
fn events_of_azure_are_added_when_the_load_is_over() {
    let server = Server::app();
    let load = Load::on(&server.url(), &["10", "1"]);
    let none = load.folder.write("none.json", "[]");
    let done = load.arg("--azure-events", &none).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(
        done.record()
            .notes
            .iter()
            .any(|note| note.contains("Azure")),
        "{}",
        done.out
    );

    // A wrong file does not end the run.
    let load = Load::on(&server.url(), &["10", "1"]);
    let missing = load.folder.join("missing.json");
    let done = load.arg("--azure-events", &missing).run();
    assert_eq!(done.code, Some(2));
    assert!(
        done.err
            .contains("missing.json cannot be used (lab report can add it later)"),
        "{}",
        done.err
    );
    assert_eq!(done.record().requests.sent, 10);
}
