//! The real handler, scaled by its own stress run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::view::{Stop, events, fleet, fleet_when, ids, instances};
use crate::support::http::head;
use crate::support::{Host, Root, eventually};

/// So little that the fleet's load does not affect the machine.
const SHARE: [&str; 4] = ["--instance-cpus", "0.1", "--time-scale", "300"];

/// The app itself, with its own database.
pub fn app() -> Root {
    let lab = Path::new(env!("CARGO_BIN_EXE_lab"));
    let handler = lab.parent().unwrap().join("handler");
    assert!(
        handler.exists(),
        "there is no handler beside lab: build it with cargo build --workspace --bins"
    );
    // Bare, only for its temporary folder.
    let mut root = Root::bare();
    let folder: PathBuf = root.files().join("visits");
    let status = Command::new(lab)
        .args(["assemble", "--root"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .arg("--handler")
        .arg(handler)
        .arg("--into")
        .arg(&folder)
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let database = root.files().join("visits.db");
    root.variable("SQLITE_PATH", database.to_str().unwrap());
    root.path = folder;
    root
}

pub fn stress(host: &Host, scope: &str) {
    let order = format!(r#"{{"duration":600,"wait":false,"scope":"{scope}"}}"#);
    let content = [("content-type", "application/json")];
    eventually("the stress run is accepted", || {
        let answer = host.request("POST", "/api/stress", &content, &order);
        // 503 until the instance has opened its database.
        assert!(matches!(answer.status, 202 | 503), "{answer:?}");
        (answer.status == 202).then_some(())
    });
}

/// Programs that keep every CPU busy. They end with this, and with the test's thread, also if it is killed.
struct BusyMachine(Vec<Child>);

impl BusyMachine {
    fn start() -> Self {
        let cpus = std::thread::available_parallelism().unwrap().get();
        // Sessions of their own, as programs in other terminals have: the kernel shares CPU time between sessions.
        let busy = || {
            Command::new("setsid")
                .args(["setpriv", "--pdeathsig", "KILL"])
                .args(["sh", "-c", "while :; do :; done"])
                .spawn()
                .unwrap()
        };
        Self((0..cpus * 3).map(|_| busy()).collect())
    }
}

impl Drop for BusyMachine {
    fn drop(&mut self) {
        for program in &mut self.0 {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }
}

#[test]
fn a_loaded_instance_uses_its_share_on_a_busy_machine() {
    let root = app();
    let host = root.up(&["--instance-cpus", "0.2", "--time-scale", "60", "--max", "1"]);
    let view = fleet_when(&host, "one is ready", |fleet| fleet["ready"] == 1);
    if view["cpu_limit"]["enforced"] == false {
        // Then the machine's other programs do take CPU time from an instance.
        return;
    }
    let _busy = BusyMachine::start();
    stress(&host, "fleet");
    fleet_when(&host, "a whole minute is under load", |fleet| {
        fleet["metric"]["cpu_percent"].as_f64() > Some(85.0)
    });
}

#[test]
fn one_stress_run_scales_the_fleet_out_and_in_without_a_failed_request() {
    let root = app();
    let log = root.files().join("events.jsonl");
    let host = root.up(&[&SHARE[..], &["--events", log.to_str().unwrap()]].concat());
    fleet_when(&host, "one is ready", |fleet| fleet["ready"] == 1);
    let stop = Stop::default();
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = host.open();
                    while !stop.said() {
                        connection.send(head("GET", "/health/live", &[], 0));
                        assert_eq!(connection.answer("GET").status, 200);
                        served.fetch_add(1, Ordering::Relaxed);
                        // Without a pause, they would themselves keep the fleet busy.
                        std::thread::sleep(Duration::from_millis(50));
                    }
                })
            })
            .collect();
        let end = stop.at_the_end();
        stress(&host, "fleet");
        let view = fleet_when(&host, "three are ready", |fleet| fleet["ready"] == 3);
        assert_eq!(instances(&view, "ready").len(), 3);
        let counted = host.request("DELETE", "/api/stress", &[], "");
        assert_eq!(counted.status, 200);
        fleet_when(&host, "one is left", |fleet| {
            fleet["count"] == 1 && ids(fleet, "draining").is_empty()
        });
        drop(end);
        for client in clients {
            client.join().unwrap();
        }
    });
    assert!(served.load(Ordering::Relaxed) > 0);
    let view = host.get("/admin/lab/fleet").json();
    let steps: Vec<_> = view["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| {
            (
                action["from"].as_u64().unwrap(),
                action["to"].as_u64().unwrap(),
            )
        })
        .collect();
    // On a busy machine, there may be a scale-in in between.
    assert_eq!(
        (steps.first(), steps.last()),
        (Some(&(1, 2)), Some(&(2, 1)))
    );
    assert!(steps.contains(&(2, 3)), "{steps:?}");
    for pair in steps.windows(2) {
        assert_eq!(pair[0].1, pair[1].0, "{steps:?}");
    }
    assert!(steps.iter().all(|(from, to)| from.abs_diff(*to) == 1));
    // There are never two actions within a cooldown, and no instance is ready before it was provisioned.
    let at = |value: &Value| value["azure_seconds"].as_f64().unwrap();
    for pair in view["actions"].as_array().unwrap().windows(2) {
        assert!(at(&pair[1]) - at(&pair[0]) >= 300.0, "{pair:?}");
    }
    let events = events(&log);
    let out = events
        .iter()
        .find(|event| event["event"] == "count" && event["to"] == 2)
        .unwrap();
    let second = events
        .iter()
        .filter(|event| event["event"] == "ready")
        .nth(1)
        .unwrap();
    assert!(at(second) - at(out) >= 120.0, "{out} {second}");
    // A sample for each minute, with the CPU of all instances in it.
    let samples = view["samples"].as_array().unwrap();
    assert!(samples.iter().any(|sample| sample["ready"] == 3
        && sample["cpu_percent"].is_f64()
        && sample["per_instance"].as_object().unwrap().len() >= 3));
    for sample in samples {
        assert_eq!(at(sample) % 60.0, 0.0);
    }
    host.line("scale-out 1 -> 2: average CPU over 5 minutes");
    host.line("scale-in 2 -> 1: average CPU over 5 minutes");
}

#[test]
fn a_paused_scaler_decides_nothing() {
    let host = app().up(&SHARE);
    fleet_when(&host, "one is ready", |fleet| fleet["ready"] == 1);
    let order = |what: &str| {
        let target = format!("/admin/lab/scaler/{what}");
        assert_eq!(host.request("POST", &target, &[], "").status, 200);
    };
    order("pause");
    order("pause");
    let paused = fleet(&host);
    assert_eq!(paused["paused"], true);
    stress(&host, "instance");
    // Without a control group, the CPU time of a minute (20 ms here) is known only to 10 ms, so one minute may show
    // 50%.
    let busy = fleet_when(&host, "a busy minute is measured", |fleet| {
        fleet["metric"]["cpu_percent"].as_f64() > Some(90.0)
    });
    let until = busy["azure_seconds"].as_f64().unwrap() + 1_800.0;
    let later = fleet_when(&host, "half an hour has passed", |fleet| {
        fleet["azure_seconds"].as_f64().unwrap() > until
    });
    assert_eq!(later["count"], 1);
    assert_eq!(later["last_decision"], paused["last_decision"]);
    order("resume");
    fleet_when(&host, "it scales out", |fleet| fleet["ready"] == 2);
    host.line("the autoscaler is paused");
    host.line("the autoscaler has resumed");
}
