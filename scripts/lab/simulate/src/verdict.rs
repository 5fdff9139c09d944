//! The verdict of a simulation on its rules.
//!
//! - Overloaded: the load is above 100% of all ready instances, so requests wait or are refused.
//! - Time to capacity: from CPU above the threshold of a scale-out rule until the instances requested then were
//!   ready; the longest such time.
//! - Overshoot and flapping: see [`reversals`](crate::reversals).
//! - At maximum: a scale-out rule fired, but the profile's maximum prevented another instance.

use autoscale::Setting;
use serde::Serialize;

use crate::causes::Causes;
use crate::model::Model;
use crate::outcome::Simulation;
use crate::reversals::Reversals;
use crate::standstill::Obstacle;

/// The verdict of a simulation on its rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `flapping`, `overshoot`, `overloaded`, `at maximum` or `good`: the worst event.
    pub verdict: &'static str,
    /// Sentences with the numbers.
    pub reasons: Vec<String>,
    /// The longest time from CPU above the threshold of a scale-out rule until the instances requested then were
    /// ready; null if there was none.
    pub time_to_capacity_seconds: Option<u64>,
    /// Time in which the load was above 100% of all ready instances.
    pub overloaded_minutes: f64,
    /// The longest of these times.
    pub longest_overload_seconds: u64,
    /// Changes of the count.
    pub actions: usize,
    /// Those that added instances.
    pub scale_outs: usize,
    /// Those that removed instances.
    pub scale_ins: usize,
    /// Scale-outs undone although the load had not fallen.
    pub overshoots: usize,
    /// Scale-ins undone although the load had not risen.
    pub flaps: usize,
    /// Time in which a scale-out rule fired at the maximum.
    pub at_maximum_minutes: f64,
    /// Evaluations in which the flapping check prevented a scale-in.
    pub held_back_evaluations: u64,
    /// Wanted instances times hours.
    pub instance_hours: f64,
    /// Wanted instances, on average.
    pub average_instances: f64,
    /// The most wanted instances at one time.
    pub most_instances: u32,
}

impl Verdict {
    /// Judges the actions of the rules in `simulation`.
    pub fn on(simulation: &Simulation, setting: &Setting, model: &Model) -> Self {
        let reversals = Reversals::among(simulation);
        let overloaded_seconds = simulation.overloaded_seconds();
        let scale_outs = simulation
            .actions
            .iter()
            .filter(|action| action.to > action.from)
            .count();
        let instance_hours = simulation.instance_seconds as f64 / 3_600.0;
        let at_maximum = simulation.stood_still.iter();
        let at_maximum_seconds: u64 = at_maximum
            .filter(|still| still.cause == Obstacle::Maximum)
            .map(|still| still.to_seconds - still.at_seconds)
            .sum();
        let verdict = match (reversals.flaps, reversals.overshoots, overloaded_seconds) {
            (1.., _, _) => "flapping",
            (0, 1.., _) => "overshoot",
            (0, 0, 1..) => "overloaded",
            (0, 0, 0) if at_maximum_seconds > 0 => "at maximum",
            (0, 0, 0) => "good",
        };
        let causes = Causes {
            simulation,
            setting,
            model,
            reversals: &reversals,
        };
        Self {
            verdict,
            reasons: causes.sentences(),
            time_to_capacity_seconds: time_to_capacity(simulation, model),
            overloaded_minutes: overloaded_seconds as f64 / 60.0,
            longest_overload_seconds: simulation.longest_overload(),
            at_maximum_minutes: at_maximum_seconds as f64 / 60.0,
            actions: simulation.actions.len(),
            scale_outs,
            scale_ins: simulation.actions.len() - scale_outs,
            overshoots: reversals.overshoots,
            flaps: reversals.flaps,
            held_back_evaluations: simulation.held_back,
            instance_hours,
            average_instances: simulation.instance_seconds as f64 / simulation.seconds as f64,
            most_instances: most_instances(simulation),
        }
    }
}

fn most_instances(simulation: &Simulation) -> u32 {
    let reached = simulation.actions.iter().map(|action| action.to).max();
    reached.unwrap_or_default().max(simulation.initial)
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
