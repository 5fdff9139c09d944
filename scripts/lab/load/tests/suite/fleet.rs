//! Reading the fleet from the responses of `lab up` and of an app.

use std::collections::BTreeMap;

use load::fleet::Fleet;
use run_record::Run;
use serde_json::{Value, json};
use time::macros::datetime;

fn lab(seconds: u32, count: u32) -> Value {
    json!({
        "time_scale": 60.0, "now": format!("2026-11-24T10:00:{seconds:02}.000Z"),
        "rules": [{"metric": "CpuPercentage"}], "capacity": {"minimum": 1}, "profile": {"name": "p"},
        "count": count, "ready": 1,
        "instances": [
            {"id": "a", "pid": 7, "state": "ready", "started_at": "2026-11-24T09:59:50.000Z",
             "ready_at": "2026-11-24T09:59:55.000Z", "ended_at": null, "cpu_percent": 80.0, "requests": 5},
            {"id": "b", "pid": 8, "state": "starting", "started_at": "2026-11-24T10:00:05.000Z",
             "ready_at": null, "ended_at": null, "cpu_percent": 99.0, "requests": 0},
            {"id": "old", "state": "exited", "ended_at": "2026-11-24T09:00:00.000Z"},
        ],
        "actions": [
            {"at": "2026-11-24T09:50:00.000Z", "from": 2, "to": 1, "reason": "before"},
            {"at": "2026-11-24T10:00:05.000Z", "from": 1, "to": 2, "source": "app", "reason": "CPU\u{1b}[31m"},
        ],
    })
}

#[test]
fn the_response_of_lab_up_is_read_completely() {
    let mut fleet = Fleet::default();
    let requests = BTreeMap::from([("a".to_owned(), 3)]);
    assert!(fleet.read_lab(&lab(6, 2), 6.0, &requests));
    // Known actions are not added again, although the clock may have changed a little.
    assert!(fleet.read_lab(&lab(7, 2), 7.1, &requests));
    let state = fleet.state().expect("it was read");
    assert_eq!((state.ready, state.wanted, state.alive), (1, 2, 2));

    let mut run = Run {
        per_instance: BTreeMap::from([("a".to_owned(), 4), ("x".to_owned(), 1)]),
        ..Run::default()
    };
    fleet.record(&mut run);
    assert_eq!(run.time_scale, 60.0);
    assert_eq!(run.profile["name"], "p");
    let [action] = &run.actions[..] else {
        panic!("{:?}", run.actions);
    };
    assert_eq!(
        (action.from, action.to, action.source.as_str()),
        (1, 2, "app")
    );
    assert!((action.at - 5.0).abs() < 1e-6, "{action:?}");
    assert_eq!(action.reason, "CPU[31m");
    assert_eq!(run.samples[0].cpu_percent, Some(80.0));
    assert_eq!((run.samples[0].ready, run.samples[0].wanted), (1, 2));
    assert_eq!(run.samples[0].requests["a"], 3);
    let told: Vec<_> = run
        .instances
        .iter()
        .map(|instance| (instance.id.as_str(), instance.pid, instance.requests))
        .collect();
    assert_eq!(told, [("a", Some(7), 4), ("x", None, 1), ("b", Some(8), 0)]);
    assert!(run.instances[0].started < 0.0 && run.instances[2].ready.is_none());
}

#[test]
fn the_instances_of_an_app_are_read() {
    let app = |live: u32, state: &str| {
        json!({ "live": live, "rules": null, "capacity": null, "instances": [
            {"instance_id": "a", "state": "live", "started_at": "2026-11-24T09:59:50Z", "cpu_percent": 50.0},
            {"instance_id": "b", "state": state, "started_at": "2026-11-24T09:59:50Z", "cpu_percent": null},
        ]})
    };
    let mut fleet = Fleet::default();
    let none = BTreeMap::new();
    // The target's clock, which differs from this machine's by years.
    let now = Some(datetime!(2026-11-24 10:00 UTC));
    assert!(fleet.read_app(&app(1, "gone"), now, 0.0, &none));
    let mut first = Run::default();
    fleet.record(&mut first);
    assert_eq!(first.instances.len(), 1);
    assert!(fleet.read_app(&app(2, "live"), now, 10.0, &none));
    assert!(fleet.read_app(&app(1, "gone"), now, 90.0, &none));
    let mut run = Run::default();
    fleet.record(&mut run);
    let actions: Vec<_> = run
        .actions
        .iter()
        .map(|action| (action.at, action.from, action.to))
        .collect();
    assert_eq!(actions, [(10.0, 1, 2), (90.0, 2, 1)]);
    assert!(run.actions.iter().all(|action| action.source == "seen"));
    let b = &run
        .instances
        .iter()
        .find(|instance| instance.id == "b")
        .expect("b");
    assert_eq!((b.ready, b.ended), (Some(10.0), Some(90.0)));
    let a = run.instances.iter().find(|instance| instance.id == "a");
    assert_eq!(a.expect("a").started, -10.0);
}

#[test]
fn anything_else_is_ignored() {
    let mut fleet = Fleet::default();
    let none = BTreeMap::new();
    for answer in [json!(null), json!([]), json!({"live": "two", "ready": -1})] {
        assert!(!fleet.read_app(&answer, None, 0.0, &none));
        assert!(!fleet.read_lab(&answer, 0.0, &none));
    }
    // Parts of the response may be missing.
    assert!(fleet.read_lab(
        &json!({"ready": 1, "actions": [{}], "instances": [{}, 3]}),
        0.0,
        &none
    ));
    for scale in [json!(1e-300), json!(-1), json!(601), json!("fast")] {
        assert!(fleet.read_lab(&json!({"ready": 1, "time_scale": scale}), 0.0, &none));
        assert_eq!(fleet.time_scale(), 1.0);
    }
    let mut run = Run::default();
    Fleet::default().record(&mut run);
    assert_eq!((run.time_scale, run.instances.len()), (1.0, 0));
}
