//! The fleet in `/admin/lab/fleet`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::support::{Host, Root, eventually};

/// The fleet now, without its samples.
pub fn fleet(host: &Host) -> Value {
    host.get("/admin/lab/fleet?samples=0").json()
}

/// Waits until the fleet matches, and returns it.
pub fn fleet_when(host: &Host, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || Some(fleet(host)).filter(&wanted))
}

/// Waits until this many instances take requests.
pub fn ready(host: &Host, count: u64) -> Value {
    fleet_when(host, "instances are ready", |fleet| {
        fleet["ready"] == count && fleet["count"] == count
    })
}

/// Instances in a state.
pub fn instances(fleet: &Value, state: &str) -> Vec<Value> {
    fleet["instances"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|instance| instance["state"] == state)
        .cloned()
        .collect()
}

pub fn ids(fleet: &Value, state: &str) -> Vec<String> {
    instances(fleet, state)
        .iter()
        .map(|instance| instance["id"].as_str().unwrap().to_owned())
        .collect()
}

pub fn pids(fleet: &Value, state: &str) -> Vec<u32> {
    instances(fleet, state)
        .iter()
        .map(|instance| u32::try_from(instance["pid"].as_u64().unwrap()).unwrap())
        .collect()
}

/// Writes the app's own rules with other limits.
pub fn rules(root: &Root, minimum: u32, maximum: u32, default: u32) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/autoscale.json");
    let mut rules: Value = serde_json::from_str(&std::fs::read_to_string(own).unwrap()).unwrap();
    rules["capacity"] = serde_json::json!({
        "minimum": minimum.to_string(),
        "maximum": maximum.to_string(),
        "default": default.to_string(),
    });
    let path = root.files().join("rules.json");
    std::fs::write(&path, rules.to_string()).unwrap();
    path
}

/// The events so far.
pub fn events(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        // The last line may be incomplete.
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Signals the end when it is dropped, also if a test fails. Loops in other threads then end.
#[derive(Default)]
pub struct Stop(AtomicBool);

impl Stop {
    pub fn said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Signals it at the end of the scope.
    pub fn at_the_end(&self) -> impl Drop + use<'_> {
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        End(&self.0)
    }
}
