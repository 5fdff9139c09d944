//! `lab simulate` with the load that was measured, compared with the live run.

use std::fmt::Write as _;

use anyhow::Context as _;
use autoscale::Setting;

use super::snapshot::LabFleet;
use ::simulate::{Model, Scenario, simulate};
use recorded_load::{Load, Step};
use run_record::Expectation;

/// Evaluations by which an action may be early or late: the two clocks differ by up to one, and an instance that is
/// ready a moment later than in the model moves a minute's mean.
const TOLERANCE: f64 = 2.0;

/// The load that was measured, in percent of one instance, minute by minute: what all instances together used.
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
        // From the start on, whatever came before the first sample.
        let at_seconds = if steps.is_empty() { 0 } else { at_seconds };
        steps.push(Step {
            at_seconds,
            percent,
        });
        end = ended;
    }
    // The load after the last sample is not known; the rules look back, so no action depends on it.
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

/// Whether the simulator does the same as the live run did.
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
    let simulated = simulate(&scenario).actions;
    let same = simulated.len() == fleet.actions.len()
        && simulated.iter().zip(&fleet.actions).all(|(one, other)| {
            let apart = (one.at_seconds as f64 - other.azure_seconds).abs();
            (one.from, one.to) == (other.from, other.to)
                && apart <= TOLERANCE * fleet.evaluate_seconds
        });
    let told = |actions: Vec<(u32, u32, f64)>| {
        let told: Vec<String> = actions
            .into_iter()
            .map(|(from, to, at)| format!("{from}-{to} at {:.0} min", at / 60.0))
            .collect();
        told.join(", ")
    };
    let simulated = simulated
        .iter()
        .map(|action| (action.from, action.to, action.at_seconds as f64))
        .collect();
    let live = fleet
        .actions
        .iter()
        .map(|action| (action.from, action.to, action.azure_seconds))
        .collect();
    Ok(Expectation {
        condition: "lab simulate, with the measured load, scales alike".to_owned(),
        measured: format!("simulated {}; live {}", told(simulated), told(live)),
        held: same,
    })
}

/// Azure seconds are counted from the lab's start, and are few.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to some thousands"
)]
fn whole(seconds: f64) -> u64 {
    seconds.round().max(0.0) as u64
}
