//! The fleet behind the target, from the target's own reports.
//!
//! `lab up` reports everything (`GET /admin/lab/fleet`). An app in Azure lists its instances (`GET /api/instances`),
//! so Azure's decisions are visible only in their number. Either may be missing. Times use the target's clock.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use run_record::format::Clock;
use run_record::{Action, FleetSample, InstanceRecord, Run};

/// The most instances and actions that are read from a response.
const MOST: usize = 1_000;

/// The shortest time between two samples in the record, in seconds.
const BETWEEN_SAMPLES: f64 = 0.9;
/// The age of a CPU reading: `lab up` reports the last whole second, an app the seconds before its heartbeat.
const LAB_READING: f64 = 2.0;
const APP_READING: f64 = 3.0;

/// The fleet at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Seconds since the run began.
    pub at: f64,
    /// The same time on Azure's clock.
    pub azure_seconds: f64,
    /// The number of ready instances.
    pub ready: u32,
    /// The number of wanted instances; equal to `ready` if the target does not report it.
    pub wanted: u32,
    /// Instances that have not ended, including those that drain.
    pub alive: u32,
    /// Average CPU of the ready instances.
    pub cpu_percent: Option<f64>,
    /// The earliest time that the CPU reading covers.
    pub cpu_from: f64,
}

/// The fleet's current state and its history since the run began.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    state: Option<State>,
    samples: Vec<FleetSample>,
    /// By their time, as the target writes it.
    actions: BTreeMap<String, Action>,
    instances: BTreeMap<String, InstanceRecord>,
    rules: Value,
    capacity: Value,
    profile: Value,
    time_scale: f64,
}

impl Fleet {
    /// The last known state; `None` if the target does not report it.
    pub fn state(&self) -> Option<State> {
        self.state
    }

    /// Changes of the count since the run began, in order.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.values()
    }

    /// The active rules, as the target lists them.
    pub fn rules(&self) -> &Value {
        &self.rules
    }

    /// The minimum number of instances in the rules.
    pub fn minimum(&self) -> Option<u32> {
        count(&self.capacity["minimum"])
    }

    /// The maximum number of instances in the rules.
    pub fn maximum(&self) -> Option<u32> {
        count(&self.capacity["maximum"])
    }

    /// Azure seconds per second.
    pub fn time_scale(&self) -> f64 {
        Clock::new(self.time_scale).scale()
    }

    /// Stores the state, and a sample for the record unless the last one is too recent.
    fn seen(&mut self, mut sample: FleetSample, alive: u32, azure_seconds: f64, cpu_from: f64) {
        sample.cpu_percent = mean(&sample.per_instance);
        self.state = Some(State {
            at: sample.at,
            azure_seconds,
            ready: sample.ready,
            wanted: sample.wanted,
            alive,
            cpu_percent: sample.cpu_percent,
            cpu_from,
        });
        if self
            .samples
            .last()
            .is_none_or(|last| last.at + BETWEEN_SAMPLES <= sample.at || last.ready != sample.ready)
        {
            self.samples.push(sample);
        }
    }

    /// Reads the response of `GET /admin/lab/fleet`. `at` is when it arrived, in seconds since the run began. Returns
    /// whether it is such a response.
    pub fn read_lab(&mut self, answer: &Value, at: f64, requests: &BTreeMap<String, u64>) -> bool {
        let Some(ready) = count(&answer["ready"]) else {
            return false;
        };
        let now = time(&answer["now"]);
        let when = |text: &Value| {
            let age = (now? - time(text)?).as_seconds_f64();
            Some(at - age)
        };
        for action in list(&answer["actions"]) {
            let (Some(at), Some(name)) = (when(&action["at"]), action["at"].as_str()) else {
                continue;
            };
            if at < 0.0 || self.actions.contains_key(name) {
                continue;
            }
            let action = Action {
                at,
                from: count(&action["from"]).unwrap_or_default(),
                to: count(&action["to"]).unwrap_or_default(),
                reason: text(&action["reason"]),
                source: text(&action["source"]),
            };
            self.actions.insert(name.to_owned(), action);
        }
        let mut sample = FleetSample {
            at,
            ready,
            wanted: count(&answer["count"]).unwrap_or(ready),
            requests: requests.clone(),
            ..FleetSample::default()
        };
        let mut alive = 0;
        for instance in list(&answer["instances"]) {
            alive += u32::from(instance["state"] != "exited");
            let id = text(&instance["id"]);
            let ended = when(&instance["ended_at"]);
            if id.is_empty() || ended.is_some_and(|ended| ended < 0.0) {
                continue;
            }
            if instance["state"] == "ready"
                && let Some(cpu) = instance["cpu_percent"].as_f64()
            {
                sample.per_instance.insert(id.clone(), cpu);
            }
            let record = self.instances.entry(id.clone()).or_default();
            record.id = id;
            record.pid = count(&instance["pid"]);
            record.started = when(&instance["started_at"]).unwrap_or(record.started);
            record.ready = when(&instance["ready_at"]).or(record.ready);
            record.ended = ended.or(record.ended);
            record.requests = instance["requests"].as_u64().unwrap_or(record.requests);
        }
        let azure_seconds = answer["azure_seconds"].as_f64().unwrap_or_default();
        self.seen(sample, alive, azure_seconds, at - LAB_READING);
        self.rules = answer["rules"].clone();
        self.capacity = answer["capacity"].clone();
        self.profile = answer["profile"].clone();
        // The range that `lab up` accepts. Another server may return anything.
        let time_scale = answer["time_scale"].as_f64();
        self.time_scale = time_scale
            .filter(|scale| (0.1..=600.0).contains(scale))
            .unwrap_or(1.0);
        true
    }

    /// Reads the response of `GET /api/instances` in the same way. `now` is the target's clock, if it is known.
    pub fn read_app(
        &mut self,
        answer: &Value,
        now: Option<OffsetDateTime>,
        at: f64,
        requests: &BTreeMap<String, u64>,
    ) -> bool {
        let Some(live) = count(&answer["live"]) else {
            return false;
        };
        let when = |text: &Value| Some(at - (now? - time(text)?).as_seconds_f64());
        let before = self.state.map(|state| state.ready);
        if let Some(before) = before.filter(|before| *before != live) {
            let action = Action {
                at,
                from: before,
                to: live,
                reason: "the number of live instances changed".to_owned(),
                source: "seen".to_owned(),
            };
            self.actions.insert(format!("{at:012.3}"), action);
        }
        let mut sample = FleetSample {
            at,
            ready: live,
            wanted: live,
            requests: requests.clone(),
            ..FleetSample::default()
        };
        let first = self.samples.is_empty();
        let mut alive = 0;
        let mut heard_from = at;
        for instance in list(&answer["instances"]) {
            let id = text(&instance["instance_id"]);
            let is_live = instance["state"] == "live";
            let has_ended = instance["state"] == "gone" || instance["state"] == "lost";
            if id.is_empty() || (first && has_ended) {
                continue;
            }
            alive += u32::from(
                is_live || matches!(instance["state"].as_str(), Some("starting" | "draining")),
            );
            if is_live {
                heard_from =
                    when(&instance["last_seen"]).map_or(heard_from, |seen| seen.min(heard_from));
                if let Some(cpu) = instance["cpu_percent"].as_f64() {
                    sample.per_instance.insert(id.clone(), cpu);
                }
            }
            let started = when(&instance["started_at"]).unwrap_or(at);
            let record = self.instances.entry(id.clone()).or_insert(InstanceRecord {
                id,
                started,
                ..InstanceRecord::default()
            });
            if is_live {
                // The first response does not show when the instance became ready.
                let since = if first { record.started } else { at };
                record.ready.get_or_insert(since);
                record.ended = None;
            } else if has_ended {
                record.ended.get_or_insert(at);
            }
        }
        self.seen(sample, alive.max(live), at, heard_from - APP_READING);
        self.rules = answer["rules"].clone();
        self.capacity = answer["capacity"].clone();
        self.time_scale = 1.0;
        true
    }

    /// Writes the fleet into the record of a run, which already contains the requests by instance.
    pub fn record(&self, run: &mut Run) {
        run.time_scale = self.time_scale();
        run.rules = self.rules.clone();
        run.capacity = self.capacity.clone();
        run.profile = self.profile.clone();
        run.samples.clone_from(&self.samples);
        run.actions.extend(self.actions.values().cloned());
        run.actions
            .sort_by(|one, other| one.at.total_cmp(&other.at));
        let mut instances = self.instances.clone();
        for (id, requests) in &run.per_instance {
            let record = instances
                .entry(id.clone())
                .or_insert_with(|| InstanceRecord {
                    id: id.clone(),
                    ..InstanceRecord::default()
                });
            record.requests = *requests;
        }
        run.instances = instances.into_values().collect();
        run.instances
            .sort_by(|one, other| one.started.total_cmp(&other.started));
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().take(MOST)
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}

/// Removes characters that could control a terminal.
fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default().chars();
    text.filter(|letter| !letter.is_control())
        .take(1_000)
        .collect()
}

fn time(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()
}

fn mean(cpu: &BTreeMap<String, f64>) -> Option<f64> {
    let count = cpu.len() as f64;
    (!cpu.is_empty()).then(|| cpu.values().sum::<f64>() / count)
}
