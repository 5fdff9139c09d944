//! The data of the page's charts.

use run_record::simulation::ClockReading;
use run_record::{FleetSample, Run, csv};
use serde::Serialize;

use crate::levels::{self, Level};
use crate::moment::Moments;
use crate::page::Page;

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

/// JSON for the charts' script; not yet safe inside a page.
pub(crate) fn inlined(page: &Page<'_>, name: &str) -> String {
    let moments = Moments::of(page.run);
    let point = |sample: &FleetSample| Point {
        at: sample.at,
        ready: sample.ready,
        cpu_percent: sample.cpu_percent,
    };
    let compared = page.pair.as_ref().map(|pair| Compared {
        names: &pair.names,
        samples: pair.runs[1].samples.iter().map(point).collect(),
    });
    let inlined = Inlined {
        run: page.run,
        name,
        csv: csv(page.run),
        order: &page.order,
        thresholds: levels::thresholds(page),
        limits: levels::limits(page),
        days: moments.is_long.then_some(moments.local),
        compared,
    };
    serde_json::to_string(&inlined).expect("a run has string keys only")
}
