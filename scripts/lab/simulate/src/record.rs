//! A simulation as JSON.

use autoscale::Finding;
use serde::Serialize;
use serde_json::{Value, json};

use crate::fit::Fit;
use crate::model::Model;
use crate::outcome::{Action, Sample, Simulation};
use crate::period::Period;
use crate::prices::{Cost, Prices};
use crate::shortage::Shortage;
use crate::standstill::Standstill;
use crate::summary::Outcome;
use crate::verdict::Verdict;

/// More points are of no use in a chart.
const MOST_SAMPLES: usize = 1_440;
/// More entries are of no use to a reader.
const MOST_SHORTAGES: usize = 1_000;

/// A simulation, its input and its verdict.
#[derive(Serialize)]
pub(crate) struct Record<'a> {
    #[serde(flatten)]
    first: Part<'a>,
    load: Value,
    model: Model,
    /// The assumed state before second 0.
    before_start: Value,
    prices: Value,
    /// The other rule file, if there is a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Part<'a>>,
}

/// One rule file and its result.
#[derive(Serialize)]
struct Part<'a> {
    rules: &'a str,
    setting: Value,
    findings: &'a [Finding],
    actions: &'a [Action],
    stood_still: &'a [Standstill],
    verdict: &'a Verdict,
    shortages: &'a [Shortage],
    cost: &'a [Cost],
    /// If the load has recorded numbers of instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<&'a Fit>,
    /// The minutes of one sample, whose values are means.
    sample_minutes: usize,
    samples: Vec<Sample>,
}

impl<'a> Record<'a> {
    pub(crate) fn new(outcomes: &'a [Outcome], period: &Period, prices: &Prices) -> Self {
        let load = &period.load;
        let mut parts = outcomes.iter().map(part);
        Self {
            first: parts.next().expect("one rule file at least is run"),
            compared: parts.next(),
            load: json!({
                "name": load.name(), "seconds": load.seconds(), "steps": load.steps(), "notes": load.notes(),
            }),
            model: period.model,
            before_start: json!({
                "load": load.steps()[0].percent, "instances": outcomes[0].simulation.initial,
            }),
            prices: json!({
                "as_of": prices.as_of, "source": prices.source, "currency": prices.currency, "region": prices.region,
            }),
        }
    }
}

fn part(outcome: &Outcome) -> Part<'_> {
    let shortages = &outcome.simulation.shortages;
    let (sample_minutes, samples) = thinned(&outcome.simulation);
    Part {
        rules: &outcome.rules.name,
        setting: outcome.rules.setting.to_arm(),
        findings: &outcome.findings,
        actions: &outcome.simulation.actions,
        stood_still: &outcome.simulation.stood_still,
        verdict: &outcome.verdict,
        shortages: &shortages[..shortages.len().min(MOST_SHORTAGES)],
        cost: &outcome.costs,
        fit: outcome.fit.as_ref(),
        sample_minutes,
        samples,
    }
}

/// Combines minutes, so that there are not too many samples. The counts are those at the end.
pub(crate) fn thinned(simulation: &Simulation) -> (usize, Vec<Sample>) {
    let minutes = &simulation.minutes;
    let together = minutes.len().div_ceil(MOST_SAMPLES).max(1);
    let samples = minutes.chunks(together).map(|chunk| {
        let mean = |of: fn(&Sample) -> f64| chunk.iter().map(of).sum::<f64>() / chunk.len() as f64;
        let last = chunk.last().expect("a chunk is not empty");
        Sample {
            load: mean(|minute| minute.load),
            cpu_percent: mean(|minute| minute.cpu_percent),
            ..*last
        }
    });
    (together, samples.collect())
}
