//! The real app on the emulated Elastic Premium plan, with helpers for the tests of its scaler.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::platform::Platform;
use crate::fleet::view::{fleet, fleet_when, pids, ready};
use crate::support::{Host, Root, eventually};

/// Azure seconds per second: a minute lasts two seconds and contains four heartbeats.
pub const SCALE: u32 = 30;
/// The pause between two requests for the scaler's state.
const LOOK: Duration = Duration::from_millis(100);
/// The cooldown of the rules in `infra/autoscale.json`, in minutes.
const COOLDOWN: f64 = 5.0;

/// The running app.
pub struct Rehearsal {
    pub host: Host,
    pub platform: Platform,
}

impl Rehearsal {
    /// Starts the app with this PostgreSQL, or on SQLite. Each instance has `cpus`: the app alone must stay below the
    /// rules' thresholds, and must still work under full load.
    pub fn start(cpus: &str, further: &[&str], database_url: Option<&str>) -> Self {
        let lab = Path::new(env!("CARGO_BIN_EXE_lab"));
        let handler = lab.parent().unwrap().join("handler");
        assert!(
            handler.exists(),
            "there is no handler beside lab: build it with cargo build --workspace --bins"
        );
        // Bare, only for its temporary folder.
        let mut root = Root::bare();
        let folder = root.files().join("visits");
        let assembled = Command::new(lab)
            .args(["assemble", "--plan", "elastic-premium", "--root"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .arg("--handler")
            .arg(handler)
            .arg("--into")
            .arg(&folder)
            .output()
            .unwrap();
        assert!(assembled.status.success(), "{assembled:?}");
        let database = root.files().join("visits.db");
        match database_url {
            Some(url) => root.variable("DATABASE_URL", url),
            None => root.variable("SQLITE_PATH", database.to_str().unwrap()),
        };
        root.path = folder;
        let scale = SCALE.to_string();
        let plan = ["--plan", "elastic-premium", "--time-scale", &scale];
        let small = ["--instance-cpus", cpus, "--verbose"];
        let host = root.up(&[&plan[..], &small, further].concat());
        let one = ready(&host, 1);
        let platform = Platform::of_process(pids(&one, "ready")[0]);
        let rehearsal = Self { host, platform };
        rehearsal.evaluation("it sets the count for the first time", |scaler| {
            scaler["outcome"] == "set" || scaler["outcome"] == "as_wanted"
        });
        rehearsal
    }

    /// The scaler's state in the app's response; null if the app cannot provide it at the moment.
    pub fn scaler(&self) -> Value {
        let answer = self.host.get("/api/instances");
        match answer.status {
            200 => answer.json()["scaler"].clone(),
            _ => Value::Null,
        }
    }

    /// Waits for an evaluation that matches.
    pub fn evaluation(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || {
            // The app itself responds, so more frequent requests alone would make the rules act.
            std::thread::sleep(LOOK);
            Some(self.scaler())
                .filter(|scaler| scaler["evaluated_at"].is_string() && wanted(scaler))
        })
    }

    /// Waits for the next completed evaluation that matches.
    pub fn later(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let before = self.evaluation("there is an evaluation", |_| true)["evaluated_at"].clone();
        self.evaluation(what, |scaler| {
            scaler["evaluated_at"] != before && scaler["outcome"].is_string() && wanted(scaler)
        })
    }

    /// Starts a stress run on all instances that lasts longer than a test, or stops it.
    pub fn set_load(&self, is_on: bool) {
        let order = json!({ "duration": 3_000, "wait": false, "scope": "fleet" }).to_string();
        let content = [("content-type", "application/json")];
        eventually("the load is set", || {
            let answer = match is_on {
                true => self.host.request("POST", "/api/stress", &content, &order),
                false => self.host.request("DELETE", "/api/stress", &[], ""),
            };
            // 503 while an instance has no database.
            matches!(answer.status, 200 | 202 | 429).then_some(())
        });
    }

    /// With load, it scales out to three.
    pub fn scales_out(&self) {
        self.set_load(true);
        fleet_when(&self.host, "it scales out to two", |fleet| {
            fleet["count"] == 2
        });
        ready(&self.host, 3);
    }

    /// Without load, it scales in to one.
    pub fn scales_in(&self) {
        self.set_load(false);
        fleet_when(&self.host, "it scales in to two", |fleet| {
            fleet["count"] == 2
        });
        ready(&self.host, 1);
    }

    pub fn set_fault(&self, fault: &str) {
        let target = format!("/admin/lab/faults/{fault}");
        assert_eq!(self.host.request("POST", &target, &[], "").status, 200);
    }

    pub fn end_fault(&self, endpoint: &str) {
        let target = format!("/admin/lab/faults/{endpoint}");
        assert_eq!(self.host.request("DELETE", &target, &[], "").status, 200);
    }

    /// The minimum and the maximum in the site configuration.
    pub fn configuration(&self) -> (u64, u64) {
        let site = fleet(&self.host)["site"].clone();
        (
            site["minimum_elastic_instance_count"].as_u64().unwrap(),
            site["function_app_scale_limit"].as_u64().unwrap(),
        )
    }

    pub fn minutes(&self) -> f64 {
        fleet(&self.host)["azure_seconds"].as_f64().unwrap() / 60.0
    }

    /// These conditions hold at every end: the count is always from 1 to 3, every action is one step by the app, and
    /// there are never two within a cooldown. Returns the counts.
    pub fn check_actions(&self) -> Vec<u64> {
        let view = fleet(&self.host);
        let actions = view["actions"].as_array().unwrap();
        let mut counts = vec![1];
        for action in actions {
            let (from, to) = (
                action["from"].as_u64().unwrap(),
                action["to"].as_u64().unwrap(),
            );
            assert_eq!(action["source"], "app", "{actions:?}");
            assert_eq!(counts.last(), Some(&from), "{actions:?}");
            assert!(
                (1..=3).contains(&to) && from.abs_diff(to) == 1,
                "{actions:?}"
            );
            counts.push(to);
        }
        // According to the app's records, because a retry may delay ARM's.
        let timeline = self.host.get("/api/timeline?minutes=60").json();
        let events = timeline["events"].as_array().unwrap().iter();
        let scaled: Vec<_> = events
            .filter(|event| matches!(event["type"].as_str(), Some("scaled_out" | "scaled_in")))
            .collect();
        let seconds = |event: &Value| {
            let text = event["timestamp"].as_str().unwrap();
            let format = &time::format_description::well_known::Rfc3339;
            let at = time::OffsetDateTime::parse(text, format).unwrap();
            at.unix_timestamp_nanos() as f64 / 1e9
        };
        for pair in scaled.windows(2) {
            let minutes = (seconds(pair[1]) - seconds(pair[0])) * f64::from(SCALE) / 60.0;
            // An evaluation belongs to a minute, and a slow database may delay its record within that minute.
            assert!(minutes > COOLDOWN - 1.0, "{minutes} minutes: {pair:?}");
        }
        assert_eq!(scaled.len() + 1, counts.len(), "{scaled:?} {actions:?}");
        counts
    }
}

/// Ids of all visits in the register, page by page.
pub fn register(host: &Host) -> HashSet<i64> {
    let mut ids = HashSet::new();
    let mut target = "/api/visits?limit=100".to_owned();
    loop {
        let page = host.get(&target).json();
        for visit in page["recent_visits"].as_array().unwrap() {
            assert!(ids.insert(visit["id"].as_i64().unwrap()), "listed twice");
        }
        let Some(before) = page["next_before"].as_i64() else {
            return ids;
        };
        target = format!("/api/visits?limit=100&before={before}");
    }
}
