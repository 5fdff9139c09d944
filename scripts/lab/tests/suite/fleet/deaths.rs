use std::sync::atomic::{AtomicUsize, Ordering};

use super::view::{Stop, events, fleet_when, ids, instances, pids, ready};
use crate::support::http::head;
use crate::support::{Root, alive, eventually, signal};

#[test]
fn a_dead_instance_is_replaced_by_another() {
    let host = Root::new().up(&["--min", "2"]);
    let before = ready(&host, 2);
    let killed = pids(&before, "ready")[0];
    let id = ids(&before, "ready")[0].clone();
    signal(killed, "KILL");
    let after = fleet_when(&host, "another one is ready", |fleet| {
        fleet["ready"] == 2 && ids(fleet, "exited").contains(&id)
    });
    assert!(!ids(&after, "ready").contains(&id));
    let dead = &instances(&after, "exited")[0];
    assert!(dead["ending"].as_str().unwrap().contains("signal: 9"));
    assert!(dead["ended_at"].is_string());
    assert_eq!(dead["pid"], killed);
    assert_eq!(dead["restarts"], 0);
    let line = host.line(" died (");
    assert!(
        line.contains(&id) && line.contains("another one starts in 1 s"),
        "{line}"
    );
    // It was not an action of the scaler.
    assert_eq!(after["actions"], serde_json::json!([]));
}

#[test]
fn requests_wait_when_all_instances_die_at_once() {
    let host = Root::new().up(&["--min", "3"]);
    let before = ready(&host, 3);
    let stop = Stop::default();
    let served = AtomicUsize::new(0);
    let failed: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = host.open();
                    let mut failed = 0;
                    while !stop.said() {
                        connection.send(head("GET", "/x", &[], 0));
                        match connection.answer("GET").status {
                            200 => drop(served.fetch_add(1, Ordering::Relaxed)),
                            500 => failed += 1,
                            other => panic!("{other}"),
                        }
                    }
                    failed
                })
            })
            .collect();
        let end = stop.at_the_end();
        let more = || {
            let begin = served.load(Ordering::Relaxed);
            eventually("requests are served", || {
                (served.load(Ordering::Relaxed) > begin + 50).then_some(())
            });
        };
        more();
        for process in pids(&before, "ready") {
            signal(process, "KILL");
        }
        ready_again(&host, &before);
        more();
        drop(end);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    // Only requests in progress: at most one of each client for each process that died.
    assert!(failed <= 8 * 3, "{failed} failed");
}

/// Three processes that did not exist before.
fn ready_again(host: &crate::support::Host, before: &serde_json::Value) {
    let old = ids(before, "ready");
    fleet_when(host, "three others are ready", |fleet| {
        let new = ids(fleet, "ready");
        new.len() == 3 && new.iter().all(|id| !old.contains(id))
    });
}

#[test]
fn the_delay_before_a_replacement_grows_with_each_crash() {
    let host = Root::new().up(&["--min", "2", "--max", "2"]);
    ready(&host, 2);
    // The same place twice: the replacement of the first process is killed as soon as it serves.
    let mut known = Vec::new();
    for pause in [1, 2] {
        let view = ready(&host, 2);
        let victim = instances(&view, "ready")
            .into_iter()
            .find(|instance| known.is_empty() || !known.contains(&instance["id"]))
            .unwrap();
        if known.is_empty() {
            known = instances(&view, "ready")
                .into_iter()
                .map(|instance| instance["id"].clone())
                .collect();
        }
        signal(
            u32::try_from(victim["pid"].as_u64().unwrap()).unwrap(),
            "KILL",
        );
        host.line(&format!("another one starts in {pause} s"));
        fleet_when(&host, "it has ended", |fleet| {
            ids(fleet, "exited").contains(&victim["id"].as_str().unwrap().to_owned())
        });
    }
}

#[test]
fn an_app_that_never_serves_ends_the_lab() {
    let mut root = Root::new();
    root.variable("PROBE_START", "exit-1");
    let mut host = root.start(&["--max", "3"]);
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    let last = printed
        .lines()
        .find(|line| line.starts_with("lab: "))
        .unwrap();
    assert!(
        last.contains("failed three times") && last.contains("second error line"),
        "{last}"
    );
    assert_eq!(host.handlers().len(), 3);
}

#[test]
fn an_instance_can_be_killed_on_request() {
    let root = Root::new();
    let log = root.files().join("events.jsonl");
    let host = root.up(&[
        "--min",
        "2",
        "--enable-auth",
        "--events",
        log.to_str().unwrap(),
    ]);
    let master = host
        .line("  master ")
        .split_whitespace()
        .last()
        .unwrap()
        .to_owned();
    let ask = |method: &str, target: &str, key: &str| {
        host.request(method, target, &[("x-functions-key", key)], "")
    };
    let view = || ask("GET", "/admin/lab/fleet?samples=0", &master).json();
    let id = eventually("instances are ready", || {
        let view = view();
        (view["ready"] == 2).then(|| ids(&view, "ready")[0].clone())
    });
    let kill = format!("/admin/lab/instances/{id}/kill");
    for (method, target) in [
        ("GET", "/admin/lab/fleet"),
        ("POST", kill.as_str()),
        ("POST", "/admin/lab/scaler/pause"),
        ("GET", "/admin/lab/none"),
    ] {
        assert_eq!(ask(method, target, "wrong").status, 401, "{target}");
    }
    let unknown = ask("POST", "/admin/lab/instances/lab-000000/kill", &master);
    assert_eq!(unknown.status, 404);
    assert_eq!(ask("GET", &kill, &master).status, 404);
    assert_eq!(ask("POST", &kill, &master).status, 202);
    let view = eventually("it is replaced", || {
        let view = view();
        let gone = ids(&view, "exited").contains(&id);
        (gone && view["ready"] == 2).then_some(view)
    });
    assert!(!ids(&view, "ready").contains(&id));
    let refused = ask("POST", &kill, &master);
    assert_eq!(refused.status, 409);
    let reason = format!("the instance {id} has no running process");
    assert!(refused.text().contains(&reason), "{}", refused.text());
    eventually("the events are written", || {
        let events = events(&log);
        let position = |name: &str| {
            events
                .iter()
                .position(|event| event["event"] == name && event["instance"] == id.as_str())
        };
        let (kill, death) = (position("kill")?, position("death")?);
        assert!(kill < death);
        assert_eq!(events[death]["replaced_after_seconds"], 1);
        Some(())
    });
}

#[test]
fn the_handlers_of_a_killed_lab_end() {
    let mut host = Root::new().up(&["--min", "3"]);
    let view = ready(&host, 3);
    let groups = super::ends::groups(host.id());
    host.signal("KILL");
    host.end();
    for process in pids(&view, "ready") {
        eventually("the handler is gone", || (!alive(process)).then_some(()));
    }
    // A process counts as ended when its first thread has ended. Its other threads stay in the group for a moment.
    for group in &groups {
        eventually("no thread is left in the group", || {
            super::ends::is_empty(group).then_some(())
        });
    }
    // The next start removes what is left.
    let next = Root::new().up(&["--min", "2"]);
    ready(&next, 2);
    for group in groups {
        assert!(!group.exists(), "{group:?}");
    }
}
