//! What a simulation says about its rules.
//!
//! - Overloaded: the load is above 100 % of every ready instance, so that requests queue or are refused.
//! - Time to capacity: the longest time from the beginning of an overload until instances enough were ready.
//! - Overshoot: a scale-out that a scale-in undid, in full or in part, although the load had not fallen.
//! - Flapping: a scale-in that a scale-out undid, in full or in part, although the load had not risen.
//!
//! Fallen and risen are by a tenth or more, and judged by what the rules saw: the mean load in the window of the rule
//! that acted, then and now. What the rules could not see yet is no fault of theirs.

use handler::autoscale::{Direction, Profile};
use serde::Serialize;

use super::model::Model;
use super::shortage::Ending;
use super::simulation::{Action, Simulation};

/// The part of the load that it must change by to call for a change.
const NOTICEABLE: f64 = 0.1;

/// What a simulation says about its rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `flapping`, `overshoot`, `overloaded` or `good`: the worst that happened.
    pub verdict: &'static str,
    /// Sentences with the figures.
    pub reasons: Vec<String>,
    /// The longest time from the beginning of an overload until instances enough were ready; null where none was ended so.
    pub time_to_capacity_seconds: Option<u64>,
    /// Time in which the load was above 100 % of every ready instance.
    pub overloaded_minutes: f64,
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
        let reversals = Reversals::among(&simulation.actions);
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
            time_to_capacity_seconds: time_to_capacity(simulation),
            overloaded_minutes: overloaded_seconds as f64 / 60.0,
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

fn time_to_capacity(simulation: &Simulation) -> Option<u64> {
    let ended = simulation
        .shortages
        .iter()
        .filter(|shortage| shortage.ended_by == Ending::Capacity);
    ended
        .map(|shortage| shortage.to_seconds - shortage.from_seconds)
        .max()
}

/// Actions undone although the load did not call for it.
#[derive(Default)]
struct Reversals {
    overshoots: usize,
    flaps: usize,
}

impl Reversals {
    fn among(actions: &[Action]) -> Self {
        let mut reversals = Self::default();
        // Those that nothing has undone yet; the last undone first.
        let (mut outs, mut ins): (Vec<&Action>, Vec<&Action>) = (Vec::new(), Vec::new());
        for action in actions {
            if action.to > action.from {
                reversals.flaps += undone(&mut ins, |scale_in| scale_in.to < action.to)
                    .filter(|scale_in| !changed(scale_in.load_seen, action.load_seen, 1.0))
                    .count();
                outs.push(action);
            } else {
                reversals.overshoots += undone(&mut outs, |scale_out| scale_out.to > action.to)
                    .filter(|scale_out| !changed(scale_out.load_seen, action.load_seen, -1.0))
                    .count();
                ins.push(action);
            }
        }
        reversals
    }
}

fn undone<'a>(
    done: &mut Vec<&'a Action>,
    is_undone: impl Fn(&Action) -> bool,
) -> impl Iterator<Item = &'a Action> {
    let kept = done
        .iter()
        .rposition(|action| !is_undone(action))
        .map_or(0, |last| last + 1);
    done.split_off(kept).into_iter()
}

/// Whether the load went the `way` of the sign by a tenth; so it is taken where it was not seen.
fn changed(before: Option<f64>, after: Option<f64>, way: f64) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => (after - before) * way >= before * NOTICEABLE,
        _ => true,
    }
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
        "Its cooldown of {} is shorter than the {} after which the window holds nothing from before: {} to be ready, \
         {} of metric lag and a window of {}.",
        minutes(cooldown),
        minutes(unseen(window)),
        minutes(model.provision_seconds),
        minutes(model.metric_lag_seconds),
        minutes(window),
    ))
}

fn overload(simulation: &Simulation, profile: &Profile) -> String {
    let total = simulation.overloaded_seconds();
    if total == 0 {
        return "The ready instances could always carry the load.".to_owned();
    }
    let share = 100.0 * total as f64 / simulation.seconds as f64;
    let spans = number(simulation.shortages.len(), "span", "spans");
    let mut sentence = format!(
        "The load was more than the ready instances could carry for {} in {spans} ({share:.1} % of the time)",
        minutes(total)
    );
    if let Some(seconds) = time_to_capacity(simulation) {
        sentence += &format!(
            "; until there were enough it took up to {}",
            minutes(seconds)
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

/// Such as `5 min`, `1 min 30 s`, `2 h 5 min`.
pub(super) fn minutes(seconds: u64) -> String {
    let parts = [
        (seconds / 3_600, "h"),
        (seconds % 3_600 / 60, "min"),
        (seconds % 60, "s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if shown.is_empty() {
        "0 s".to_owned()
    } else {
        shown.join(" ")
    }
}
