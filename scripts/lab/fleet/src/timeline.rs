//! The fleet's last day for charts: `GET /admin/lab/timeline?minutes=5`, in the form of the app's own `GET
//! /api/timeline`. Pure.
//!
//! Times are real seconds at any time scale.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use functions_host::{Percentiles, parameter, timestamp};
use serde::Serialize;
use time::OffsetDateTime;

use super::member::LifecycleChange;
use super::snapshot::rounded;

/// The number of points that are kept of each width.
const POINTS: usize = 720;
/// The seconds per point. The points go back 12 minutes, an hour, six hours, and a day.
const WIDTHS: [i64; 4] = [1, 5, 30, 120];
/// The most instances of a point, because a chart cannot show more.
const INSTANCES: usize = 24;
const EVENTS: usize = 100;
/// The longest span that can be requested, in minutes.
const LONGEST: u32 = 1_440;

/// The activity of one second.
pub(super) struct Second {
    pub(super) at: OffsetDateTime,
    pub(super) ready: usize,
    /// CPU of each ready instance, in percent.
    pub(super) cpu: Vec<(String, f64)>,
    pub(super) requests: u64,
    /// Its actual length in seconds.
    pub(super) span: f64,
    pub(super) latency_ms: Percentiles,
}

/// Points and events.
pub(super) struct Timeline {
    widths: [Width; WIDTHS.len()],
    events: VecDeque<Arc<Event>>,
}

/// Points of one width. The last one is still incomplete.
struct Width {
    seconds: i64,
    points: VecDeque<Arc<Point>>,
    /// Sums of the last point.
    sums: Sums,
}

#[derive(Default)]
struct Sums {
    start: i64,
    cpu: BTreeMap<String, (f64, u32)>,
    requests: u64,
    span: f64,
}

#[derive(Serialize)]
struct Point {
    timestamp: String,
    instances: usize,
    cpu_percent: Option<f64>,
    requests_per_second: f64,
    /// Of the ten seconds before its end.
    latency_ms: Percentiles,
    per_instance: BTreeMap<String, f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Joined,
    Left,
    Lost,
    ScaledOut,
    ScaledIn,
}

#[derive(Clone, Serialize)]
struct Event {
    timestamp: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A part of the timeline, for the endpoint.
#[derive(Serialize)]
pub(crate) struct TimelineView {
    bucket_seconds: i64,
    points: Vec<Arc<Point>>,
    /// The last events, which may be earlier than the first point.
    events: Vec<Arc<Event>>,
}

/// The number of minutes in a query; 5 by default.
///
/// # Errors
/// One sentence about an invalid value.
pub(crate) fn minutes(query: &str) -> Result<u32, String> {
    let Some(text) = parameter(query, "minutes") else {
        return Ok(5);
    };
    let minutes = text.parse().ok();
    minutes
        .filter(|minutes| (1..=LONGEST).contains(minutes))
        .ok_or_else(|| format!("minutes must be a whole number from 1 to {LONGEST}"))
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self {
            widths: WIDTHS.map(|seconds| Width {
                seconds,
                points: VecDeque::new(),
                sums: Sums::default(),
            }),
            events: VecDeque::new(),
        }
    }

    pub(super) fn passed(&mut self, second: &Second) {
        for width in &mut self.widths {
            width.add(second);
        }
    }

    /// Notes an event that changes how many instances serve.
    pub(super) fn happened(&mut self, id: &str, what: &LifecycleChange, at: OffsetDateTime) {
        let kind = match what {
            LifecycleChange::Ready { .. } => Kind::Joined,
            LifecycleChange::Draining => Kind::Left,
            LifecycleChange::Away => Kind::Lost,
            LifecycleChange::Died { reason, .. } => return self.explain(id, reason),
            LifecycleChange::Started | LifecycleChange::Ended => return,
        };
        self.push(Event {
            timestamp: timestamp(at),
            kind,
            instance_id: Some(id.to_owned()),
            from: None,
            to: None,
            reason: None,
        });
    }

    /// Adds the reason to the loss that was just noted.
    fn explain(&mut self, id: &str, reason: &str) {
        let Some(event) = self.events.back_mut() else {
            return;
        };
        if event.kind == Kind::Lost && event.instance_id.as_deref() == Some(id) {
            Arc::make_mut(event).reason = Some(reason.to_owned());
        }
    }

    /// Notes a change of the count.
    pub(super) fn acted(&mut self, from: u32, to: u32, reason: &str, at: OffsetDateTime) {
        self.push(Event {
            timestamp: timestamp(at),
            kind: if to > from {
                Kind::ScaledOut
            } else {
                Kind::ScaledIn
            },
            instance_id: None,
            from: Some(from),
            to: Some(to),
            reason: Some(reason.to_owned()),
        });
    }

    fn push(&mut self, event: Event) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Arc::new(event));
    }

    /// The last minutes, in the narrowest points that go back this far.
    pub(super) fn view(&self, minutes: u32) -> TimelineView {
        let span = i64::from(minutes) * 60;
        let wanted = |width: &&Width| usize::try_from(span / width.seconds).unwrap_or(usize::MAX);
        let width = self.widths.iter().find(|width| wanted(width) <= POINTS);
        let width = width.unwrap_or(&self.widths[WIDTHS.len() - 1]);
        let surplus = width.points.len().saturating_sub(wanted(&width));
        TimelineView {
            bucket_seconds: width.seconds,
            points: width.points.iter().skip(surplus).cloned().collect(),
            events: self.events.iter().cloned().collect(),
        }
    }
}

impl Width {
    fn add(&mut self, second: &Second) {
        let unix = second.at.unix_timestamp();
        let start = unix - unix.rem_euclid(self.seconds);
        if self.points.is_empty() || start != self.sums.start {
            if self.points.len() == POINTS {
                self.points.pop_front();
            }
            self.sums = Sums {
                start,
                ..Sums::default()
            };
        } else {
            self.points.pop_back();
        }
        let sums = &mut self.sums;
        for (id, percent) in &second.cpu {
            if sums.cpu.len() < INSTANCES || sums.cpu.contains_key(id) {
                let (sum, count) = sums.cpu.entry(id.clone()).or_default();
                *sum += percent;
                *count += 1;
            }
        }
        sums.requests += second.requests;
        sums.span += second.span;
        self.points.push_back(Arc::new(sums.point(second)));
    }
}

impl Sums {
    /// The point whose last second is `last`.
    fn point(&self, last: &Second) -> Point {
        let cpu = self.cpu.iter();
        let per_instance: BTreeMap<_, _> = cpu
            .map(|(id, (sum, count))| (id.clone(), rounded(sum / f64::from(*count))))
            .collect();
        let mean = per_instance.values().sum::<f64>() / per_instance.len() as f64;
        Point {
            timestamp: timestamp(
                OffsetDateTime::from_unix_timestamp(self.start).unwrap_or(last.at),
            ),
            instances: last.ready,
            cpu_percent: (!per_instance.is_empty()).then(|| rounded(mean)),
            requests_per_second: if self.span > 0.0 {
                rounded(self.requests as f64 / self.span)
            } else {
                0.0
            },
            latency_ms: last.latency_ms,
            per_instance,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const BEGIN: OffsetDateTime = datetime!(2026-01-05 08:00 UTC);

    fn timeline(seconds: i64) -> Timeline {
        let mut timeline = Timeline::new();
        for second in 0..seconds {
            timeline.passed(&Second {
                at: BEGIN + Duration::seconds(second),
                ready: 1,
                cpu: vec![("a".to_owned(), (second % 2 * 100) as f64)],
                requests: 3,
                span: 1.0,
                latency_ms: Percentiles::default(),
            });
        }
        timeline
    }

    fn shown(timeline: &Timeline, minutes: u32) -> Value {
        serde_json::to_value(timeline.view(minutes)).expect("names are text")
    }

    #[test]
    fn a_longer_span_has_wider_points() {
        let timeline = timeline(4_000);
        for (minutes, width, points) in [
            (5, 1, 300),
            (12, 1, 720),
            (13, 5, 156),
            (60, 5, 720),
            (360, 30, 134),
            (1_440, 120, 34),
        ] {
            let view = shown(&timeline, minutes);
            let found = view["points"].as_array().expect("a list").len();
            assert_eq!((&view["bucket_seconds"], found), (&json!(width), points));
        }
        let last = shown(&timeline, 60)["points"][719].clone();
        assert_eq!(last["timestamp"], "2026-01-05T09:06:35.000Z");
        // The seconds 3995 to 3999.
        assert_eq!(last["per_instance"], json!({ "a": 60.0 }));
        assert_eq!(
            (&last["cpu_percent"], &last["requests_per_second"]),
            (&json!(60.0), &json!(3.0))
        );
        assert_eq!(last["instances"], 1);
    }

    #[test]
    fn a_loss_is_listed_once_with_its_reason() {
        let mut timeline = timeline(1);
        timeline.happened("a", &LifecycleChange::Started, BEGIN);
        timeline.happened("a", &LifecycleChange::Ready { process: 1 }, BEGIN);
        timeline.happened("a", &LifecycleChange::Away, BEGIN);
        let death = LifecycleChange::Died {
            reason: "signal 9".to_owned(),
            pause: None,
        };
        timeline.happened("a", &death, BEGIN);
        timeline.acted(1, 2, "CPU is high", BEGIN);
        let events = shown(&timeline, 5)["events"].clone();
        let at = "2026-01-05T08:00:00.000Z";
        assert_eq!(
            events,
            json!([
                { "timestamp": at, "type": "joined", "instance_id": "a" },
                { "timestamp": at, "type": "lost", "instance_id": "a", "reason": "signal 9" },
                { "timestamp": at, "type": "scaled_out", "from": 1, "to": 2, "reason": "CPU is high" },
            ])
        );
        for _ in 0..2 * EVENTS {
            timeline.acted(1, 2, "", BEGIN);
        }
        assert_eq!(timeline.view(5).events.len(), EVENTS);
    }

    #[test]
    fn minutes_are_bounded() {
        assert_eq!(minutes(""), Ok(5));
        assert_eq!(minutes("a=1&minutes=60"), Ok(60));
        for wrong in ["minutes=0", "minutes=1441", "minutes=x", "minutes="] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }
}
