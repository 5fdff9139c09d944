//! A run with everything that is derived from it for the page.

use std::collections::BTreeSet;

use run_record::simulation::ClockReading;
use run_record::{FleetSample, Run, Verdict, csv};
use serde::Serialize;

use crate::analysis::Analysis;
use crate::compared::Pair;
use crate::judge::{self, judge};
use crate::levels::{self, Level};
use crate::moment::Moments;

/// Names of the files with the raw data that lie beside the page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(crate) json: Option<String>,
    pub(crate) csv: Option<String>,
}

/// A run with what is derived from it once, for every part of the page.
pub(crate) struct Page<'a> {
    pub(crate) run: &'a Run,
    pub(crate) analysis: Analysis,
    pub(crate) verdict: Verdict,
    pub(crate) beside: &'a Beside,
    /// The run and the one that it is compared with.
    pub(crate) pair: Option<Pair<'a>>,
    /// Instance ids in the order of their colours.
    pub(crate) order: Vec<&'a str>,
}

/// What the charts' script finds in the page.
#[derive(Serialize)]
struct Inlined<'a> {
    run: &'a Run,
    /// The name that downloads get, without an ending.
    name: &'a str,
    csv: String,
    order: &'a [&'a str],
    /// In percent of CPU.
    thresholds: Vec<Level>,
    /// In instances; of a simulation alone.
    limits: Vec<Level>,
    /// Where the axis of time has days: what the local clock shows from these seconds on, nothing without a date.
    days: Option<&'a [ClockReading]>,
    /// The fleet under the other rule file.
    compared: Option<Compared<'a>>,
}

/// Two fleets in one chart.
#[derive(Serialize)]
struct Compared<'a> {
    /// Of both.
    names: &'a [String; 2],
    /// Of the other one.
    samples: Vec<Point>,
}

/// A sample of the fleet.
#[derive(Serialize)]
struct Point {
    at: f64,
    ready: u32,
    cpu_percent: Option<f64>,
}

impl<'a> Page<'a> {
    pub(crate) fn of(run: &'a Run, beside: &'a Beside) -> Self {
        // A run that was not judged, such as one that was cut short, is judged here.
        let verdict = if run.verdict.autoscaling.is_empty() {
            judge(run)
        } else {
            run.verdict.clone()
        };
        Self {
            run,
            analysis: Analysis::of(run),
            verdict,
            beside,
            pair: Pair::of(run),
            order: order(run),
        }
    }

    /// One line: what the page is about.
    pub(crate) fn title(&self) -> String {
        format!("{} · {}", self.headline(), self.run.title)
    }

    pub(crate) fn headline(&self) -> String {
        if let Some(pair) = &self.pair {
            return pair.headline();
        }
        let headline = match self.verdict.autoscaling.as_str() {
            judge::WORKED => "Autoscaling worked",
            judge::DID_NOT_WORK => "Autoscaling did not work",
            judge::NOT_ASKED => "Autoscaling was not asked for",
            judge::CANNOT_TELL => "This run cannot tell whether autoscaling works",
            other => other,
        };
        headline.to_owned()
    }

    /// JSON for the charts' script; not yet safe inside a page.
    pub(crate) fn inlined(&self, name: &str) -> String {
        let moments = Moments::of(self.run);
        let compared = self.pair.as_ref().map(|pair| Compared {
            names: &pair.names,
            samples: pair.runs[1].samples.iter().map(point).collect(),
        });
        let inlined = Inlined {
            run: self.run,
            name,
            csv: csv(self.run),
            order: &self.order,
            thresholds: levels::thresholds(self),
            limits: levels::limits(self),
            days: moments.is_long().then(|| moments.local()),
            compared,
        };
        serde_json::to_string(&inlined).expect("a run has string keys only")
    }
}

fn point(sample: &FleetSample) -> Point {
    Point {
        at: sample.at,
        ready: sample.ready,
        cpu_percent: sample.cpu_percent,
    }
}

/// By start, so that an instance has the same colour everywhere; those known from samples alone come last.
fn order(run: &Run) -> Vec<&str> {
    let mut records: Vec<_> = run.instances.iter().collect();
    records.sort_by(|one, other| {
        one.started
            .total_cmp(&other.started)
            .then_with(|| one.id.cmp(&other.id))
    });
    let mut order: Vec<&str> = records
        .into_iter()
        .map(|instance| instance.id.as_str())
        .collect();
    let sampled = run
        .samples
        .iter()
        .flat_map(|sample| sample.per_instance.keys())
        .chain(run.per_instance.keys());
    let mut rest: BTreeSet<&str> = sampled.map(String::as_str).collect();
    rest.retain(|id| !order.contains(id));
    order.extend(rest);
    order
}
