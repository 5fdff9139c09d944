//! What a simulation says about its rules.
//!
//! - Overloaded: the load is above 100 % of every ready instance, so that requests queue or are refused.
//! - Time to capacity: from CPU above the threshold of a rule to scale out until the instances that were then ordered
//!   were ready; the longest such time.
//! - Overshoot and flapping: see [`reversals`](crate::reversals).

use autoscale::{Direction, Profile};
use run_record::format::exact_span;
use serde::Serialize;

use crate::model::Model;
use crate::reversals::Reversals;
use crate::simulation::Simulation;

/// What a simulation says about its rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `flapping`, `overshoot`, `overloaded` or `good`: the worst that happened.
    pub verdict: &'static str,
    /// Sentences with the figures.
    pub reasons: Vec<String>,
    /// The longest time from CPU above the threshold of a rule to scale out until the instances that were then ordered
    /// were ready; null where there was none.
    pub time_to_capacity_seconds: Option<u64>,
    /// Time in which the load was above 100 % of every ready instance.
    pub overloaded_minutes: f64,
    /// The longest of such times without a break.
    pub longest_overload_seconds: u64,
    /// Changes of the count.
    pub actions: usize,
    /// Those that added instances.
    pub scale_outs: usize,
    /// Those that took some away.
    pub scale_ins: usize,
    /// Scale-outs undone although the load had not fallen.
    pub overshoots: usize,
    /// Scale-ins undone although the load had not risen.
    pub flaps: usize,
    /// Evaluations in which the guard against flapping held scale-in back.
    pub held_back_evaluations: u64,
    /// Instances wanted times hours.
    pub instance_hours: f64,
    /// Instances wanted, on average.
    pub average_instances: f64,
    /// The most instances wanted at a time.
    pub most_instances: u32,
}

impl Verdict {
    /// Judges what `profile` did in `simulation`.
    pub fn on(simulation: &Simulation, profile: &Profile, model: &Model) -> Self {
        let reversals = Reversals::among(simulation);
        let overloaded_seconds = simulation.overloaded_seconds();
        let scale_outs = simulation
            .actions
            .iter()
            .filter(|action| action.to > action.from)
            .count();
        let instance_hours = simulation.instance_seconds as f64 / 3_600.0;
        let verdict = match (reversals.flaps, reversals.overshoots, overloaded_seconds) {
            (1.., _, _) => "flapping",
            (0, 1.., _) => "overshoot",
            (0, 0, 1..) => "overloaded",
            (0, 0, 0) => "good",
        };
        Self {
            verdict,
            reasons: reasons(simulation, profile, model, &reversals),
            time_to_capacity_seconds: time_to_capacity(simulation, model),
            overloaded_minutes: overloaded_seconds as f64 / 60.0,
            longest_overload_seconds: longest_overload(simulation),
            actions: simulation.actions.len(),
            scale_outs,
            scale_ins: simulation.actions.len() - scale_outs,
            overshoots: reversals.overshoots,
            flaps: reversals.flaps,
            held_back_evaluations: simulation.held_back,
            instance_hours,
            average_instances: simulation.instance_seconds as f64 / simulation.seconds as f64,
            most_instances: most_instances(simulation, profile),
        }
    }
}

fn most_instances(simulation: &Simulation, profile: &Profile) -> u32 {
    let reached = simulation.actions.iter().map(|action| action.to).max();
    reached.unwrap_or_default().max(profile.capacity.default)
}

fn time_to_capacity(simulation: &Simulation, model: &Model) -> Option<u64> {
    let actions = simulation.actions.iter().enumerate();
    let waits = actions.filter_map(|(index, action)| {
        let ready_at = action.at_seconds + model.provision_seconds;
        let fewer = simulation.actions[index + 1..]
            .iter()
            .find(|later| later.to < action.to);
        let came = ready_at <= simulation.seconds
            && fewer.is_none_or(|later| later.at_seconds >= ready_at);
        came.then(|| action.called_since.map(|since| ready_at - since))
            .flatten()
    });
    waits.max()
}

fn longest_overload(simulation: &Simulation) -> u64 {
    let lengths = simulation
        .shortages
        .iter()
        .map(|shortage| shortage.to_seconds - shortage.from_seconds);
    lengths.max().unwrap_or_default()
}

fn reasons(
    simulation: &Simulation,
    profile: &Profile,
    model: &Model,
    reversals: &Reversals,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if reversals.flaps > 0 {
        reasons.push(format!(
            "{} undone although the load had not risen by a tenth: move the thresholds further apart.",
            number(reversals.flaps, "scale-in was", "scale-ins were"),
        ));
    }
    if reversals.overshoots > 0 {
        let undone = number(reversals.overshoots, "scale-out was", "scale-outs were");
        reasons.push(format!(
            "{undone} undone although the load had not fallen by a tenth."
        ));
        reasons.extend(short_cooldown(profile, model));
    }
    reasons.push(overload(simulation, profile));
    if simulation.held_back > 0 {
        let evaluations = number(simulation.held_back as usize, "evaluation", "evaluations");
        reasons.push(format!(
            "The guard against flapping held scale-in back in {evaluations}."
        ));
    }
    reasons
}

/// The usual cause of an overshoot: the next scale-out is decided before the last one shows.
fn short_cooldown(profile: &Profile, model: &Model) -> Option<String> {
    let unseen = |window: u64| window + model.metric_lag_seconds + model.provision_seconds;
    let mut outs = profile
        .rules
        .iter()
        .filter(|rule| rule.direction == Direction::Increase);
    let rule = outs.find(|rule| rule.cooldown.as_secs() < unseen(rule.time_window.as_secs()))?;
    let (cooldown, window) = (rule.cooldown.as_secs(), rule.time_window.as_secs());
    Some(format!(
        "A cooldown of {} is over before the rule sees what its scale-out did; that takes {}: {} to be ready, {} of \
         metric lag and a window of {}.",
        exact_span(cooldown),
        exact_span(unseen(window)),
        exact_span(model.provision_seconds),
        exact_span(model.metric_lag_seconds),
        exact_span(window),
    ))
}

fn overload(simulation: &Simulation, profile: &Profile) -> String {
    let total = simulation.overloaded_seconds();
    if total == 0 {
        return "The ready instances could always carry the load.".to_owned();
    }
    let share = 100.0 * total as f64 / simulation.seconds as f64;
    let mut sentence = format!(
        "The load was more than the ready instances could carry for {} ({share:.1} % of the time)",
        exact_span(total)
    );
    if simulation.shortages.len() > 1 {
        sentence += &format!(
            " in {} spans, the longest of {}",
            simulation.shortages.len(),
            exact_span(longest_overload(simulation))
        );
    }
    let maximum = f64::from(profile.capacity.maximum);
    if let Some(highest) = simulation
        .minutes
        .iter()
        .map(|minute| minute.load)
        .reduce(f64::max)
        && highest > maximum * 100.0
    {
        sentence += &format!(
            "; the maximum of {maximum} instances does not suffice for a load of {highest:.0} %"
        );
    }
    sentence + "."
}

fn number(count: usize, one: &str, several: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {several}")
    }
}
