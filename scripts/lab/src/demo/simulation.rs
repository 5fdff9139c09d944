//! `lab simulate` with the load that was measured, compared with the live run.

use std::fmt::Write as _;

use anyhow::Context as _;
use autoscale::Setting;

use super::snapshot::LabFleet;
use ::simulate::{Model, Scenario, simulate};
use recorded_load::{Load, Step};
use run_record::Expectation;

/// How many evaluations an action may be early or late. The clocks differ by up to one evaluation, and an instance that is
/// ready slightly later than in the model changes the average of a minute.
const TOLERANCE: f64 = 2.0;

/// The measured load of each minute: the CPU of all instances together, in percent of one instance.
pub(super) fn measured(fleet: &LabFleet) -> anyhow::Result<Load> {
    let mut steps: Vec<Step> = Vec::new();
    let mut end = 0;
    for sample in &fleet.samples {
        let ended = whole(sample.azure_seconds);
        let at_seconds = ended.saturating_sub(60);
        if steps
            .last()
            .is_some_and(|last| last.at_seconds >= at_seconds)
        {
            continue;
        }
        let percent = sample.cpu_percent.unwrap_or_default() * f64::from(sample.ready);
        // The first sample also covers the time before it.
        let at_seconds = if steps.is_empty() { 0 } else { at_seconds };
        steps.push(Step {
            at_seconds,
            percent,
        });
        end = ended;
    }
    // The load after the last sample is unknown. No action depends on it, because the rules use earlier minutes.
    steps.push(Step {
        at_seconds: end.max(whole(fleet.azure_seconds)),
        percent: 0.0,
    });
    Load::new("the load that was measured", steps).context("the measured load cannot be simulated")
}

/// The load as `lab simulate --load` reads it.
pub(super) fn csv(load: &Load) -> String {
    let mut text = "seconds,load\n".to_owned();
    for step in load.steps() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{},{:.2}", step.at_seconds, step.percent);
    }
    text
}

/// Whether the simulator predicts the scaling actions of the live run.
pub(super) fn compare(fleet: &LabFleet, load: &Load) -> anyhow::Result<Expectation> {
    let setting = Setting::parse(&fleet.profile.to_string()).context("the lab's rules")?;
    let model = Model {
        metric_lag_seconds: whole(fleet.metric_lag_seconds),
        provision_seconds: whole(fleet.prewarmed_seconds.unwrap_or(fleet.provision_seconds)),
        evaluate_seconds: whole(fleet.evaluate_seconds).max(1),
    };
    let scenario = Scenario {
        setting: &setting,
        load,
        model,
        start: 0,
    };
    let simulated = simulate(&scenario).actions.into_iter();
    let simulated: Vec<(u32, u32, f64)> = simulated
        .map(|action| (action.from, action.to, action.at_seconds as f64))
        .collect();
    let live = fleet.actions.iter();
    let live: Vec<(u32, u32, f64)> = live
        .map(|action| (action.from, action.to, action.azure_seconds))
        .collect();
    let tolerance = TOLERANCE * fleet.evaluate_seconds;
    let same = simulated.len() == live.len()
        && simulated.iter().zip(&live).all(|(one, other)| {
            (one.0, one.1) == (other.0, other.1) && (one.2 - other.2).abs() <= tolerance
        });
    let told = |actions: &[(u32, u32, f64)]| {
        let told = actions.iter();
        let told = told.map(|(from, to, at)| format!("{from}-{to} at {:.0} min", at / 60.0));
        told.collect::<Vec<_>>().join(", ")
    };
    Ok(Expectation {
        condition: "lab simulate, with the measured load, scales alike".to_owned(),
        measured: format!("simulated {}; live {}", told(&simulated), told(&live)),
        held: same,
    })
}

/// Azure seconds since the start of `lab up`, which are few.
fn whole(seconds: f64) -> u64 {
    seconds.round().max(0.0) as u64
}
