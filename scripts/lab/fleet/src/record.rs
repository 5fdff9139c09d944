//! The fleet's history and output: samples, decisions, actions, events, and lines for people.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use autoscale::{Decision, Outcome, Profile, Setting};
use functions_host::{Console, timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::clock::{Clock, time_of_day, wall};
use super::events::Events;
use super::member::{LifecycleChange, LifecycleEvent};
use super::snapshot::{Action, DecisionView, Metric, ReadingView, Sample, Source, rounded};
use super::timeline::Timeline;

/// A day of Azure minutes.
const SAMPLES: usize = 1_440;
const ACTIONS: usize = 200;

pub(super) struct Record {
    clock: Clock,
    console: Console,
    events: Events,
    /// Whether the lines omit single instances.
    quiet: bool,
    pub(super) metric: Option<Metric>,
    pub(super) samples: VecDeque<Arc<Sample>>,
    pub(super) last_decision: Option<Arc<DecisionView>>,
    pub(super) actions: VecDeque<Arc<Action>>,
    pub(super) timeline: Timeline,
}

impl Record {
    pub(super) fn new(clock: Clock, console: Console, events: Events, quiet: bool) -> Self {
        Self {
            clock,
            console,
            events,
            quiet,
            metric: None,
            samples: VecDeque::new(),
            last_decision: None,
            actions: VecDeque::new(),
            timeline: Timeline::new(),
        }
    }

    /// Writes an event with the time fields that all events have.
    fn event(&mut self, name: &str, azure: Duration, rest: &impl Serialize) {
        if !self.events.wanted() {
            return;
        }
        let mut event = json!({
            "at": timestamp(wall(Instant::now())),
            "azure_seconds": rounded(azure.as_secs_f64()),
            "event": name,
        });
        let rest = serde_json::to_value(rest).expect("names are text");
        if let (Value::Object(event), Value::Object(rest)) = (&mut event, rest) {
            event.extend(rest);
        }
        self.events.write(&event);
    }

    /// Prints a line for people: time of day, and Azure seconds from the start.
    fn line(&self, azure: Duration, text: &str) {
        let time = time_of_day();
        let seconds = azure.as_secs();
        self.console.plain(format!("[{time} +{seconds} s] {text}"));
    }

    pub(super) fn happened(&mut self, event: LifecycleEvent, count: u32, ready: usize) {
        let azure = self.clock.azure(Instant::now());
        let LifecycleEvent { id, what } = event;
        self.timeline.happened(&id, &what, wall(Instant::now()));
        let (name, line, rest) = match what {
            LifecycleChange::Started => ("start", None, json!({})),
            LifecycleChange::Ready { process } => (
                "ready",
                Some(format!("{id} is ready ({ready} of {count})")),
                json!({ "pid": process }),
            ),
            LifecycleChange::Away => ("away", None, json!({})),
            LifecycleChange::Died { reason, pause } => (
                "death",
                pause.map(|pause| {
                    let pause = pause.as_secs();
                    format!("{id} died ({reason}); another one starts in {pause} s")
                }),
                json!({ "reason": reason, "replaced_after_seconds": pause.map(|pause| pause.as_secs()) }),
            ),
            LifecycleChange::Draining => (
                "drain",
                Some(format!("{id} gets no new requests and ends")),
                json!({}),
            ),
            LifecycleChange::Ended => ("end", None, json!({})),
        };
        if let Some(line) = line.filter(|_| !self.quiet) {
            self.line(azure, &line);
        }
        let mut details = json!({ "instance": id, "count": count, "ready": ready });
        if let (Value::Object(details), Value::Object(rest)) = (&mut details, rest) {
            details.extend(rest);
        }
        self.event(name, azure, &details);
    }

    pub(super) fn ordered(&mut self, name: &str, text: &str, rest: &Value) {
        let azure = self.clock.azure(Instant::now());
        self.line(azure, text);
        self.event(name, azure, rest);
    }

    pub(super) fn sampled(&mut self, end: Duration, sample: Sample) {
        self.metric = Some(Metric {
            at: sample.at.clone(),
            azure_seconds: sample.azure_seconds,
            cpu_percent: sample.cpu_percent,
        });
        self.event("metric", end, &sample);
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Arc::new(sample));
    }

    pub(super) fn decided(
        &mut self,
        (profile, setting): (&Profile, &Setting),
        decision: &Decision,
        from: u32,
        azure: Duration,
    ) {
        let to = decision.to;
        let reason = decision.describe((profile, &setting.metrics), from);
        let readings = decision.readings.iter().enumerate();
        let waits = decision.readings.iter().map(|reading| reading.waits);
        // The cooldown of the rule that would act, or else the longest one.
        let cooldown_left = match decision.outcome {
            Outcome::CoolingDown(rule) => decision.readings[rule].waits,
            _ => waits.max().unwrap_or_default(),
        };
        let view = DecisionView {
            at: timestamp(wall(Instant::now())),
            azure_seconds: rounded(azure.as_secs_f64()),
            from,
            to,
            action: match to.cmp(&from) {
                std::cmp::Ordering::Greater => "out",
                std::cmp::Ordering::Less => "in",
                std::cmp::Ordering::Equal => "none",
            },
            reason: reason.clone(),
            cooldown_left_seconds: rounded(cooldown_left.as_secs_f64()),
            readings: readings
                .map(|(rule, reading)| ReadingView {
                    rule,
                    value: reading.value.map(rounded),
                    fires: reading.holds,
                })
                .collect(),
        };
        self.event("decision", azure, &view);
        if to != from {
            self.acted((from, to), Source::Autoscaler, reason, azure);
        }
        self.last_decision = Some(Arc::new(view));
    }

    /// Notes a change of the count.
    pub(super) fn acted(
        &mut self,
        (from, to): (u32, u32),
        source: Source,
        reason: String,
        azure: Duration,
    ) {
        let direction = if to > from { "scale-out" } else { "scale-in" };
        self.line(azure, &format!("{direction} {from} -> {to}: {reason}"));
        let rest = json!({ "from": from, "to": to, "source": source });
        self.event("count", azure, &rest);
        let at = wall(Instant::now());
        self.timeline.acted(from, to, &reason, at);
        if self.actions.len() == ACTIONS {
            self.actions.pop_front();
        }
        self.actions.push_back(Arc::new(Action {
            at: timestamp(at),
            azure_seconds: rounded(azure.as_secs_f64()),
            from,
            to,
            source,
            reason,
        }));
    }

    /// Writes the last event.
    pub(super) fn close(mut self) {
        let azure = self.clock.azure(Instant::now());
        self.event("stop", azure, &json!({}));
        self.events.close();
    }
}
