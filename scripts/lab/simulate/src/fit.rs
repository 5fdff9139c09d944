//! How the simulated number of instances compares with the recorded one.

use recorded_load::{Load, Span};
use serde::Serialize;

use crate::outcome::Simulation;
use crate::timeline::clock;

const MINUTE: u64 = 60;

/// The minutes in which the simulation and the record had the same number of instances.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Fit {
    /// Minutes with a recorded number.
    pub(crate) minutes: usize,
    /// The minutes with the same number.
    pub(crate) same: usize,
    /// Minutes that were recorded near 100% CPU, with an unknown true load.
    pub(crate) low_confidence: usize,
    /// The first minute with a different number.
    pub(crate) first_difference: Option<Difference>,
}

/// A minute with different numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// When the minute ended.
    pub(crate) at_seconds: u64,
    pub(crate) recorded: u32,
    pub(crate) simulated: u32,
}

impl Fit {
    /// `None` if the load has no recorded numbers.
    pub(crate) fn of(simulation: &Simulation, load: &Load) -> Option<Self> {
        let mut fit = Self::default();
        for minute in &simulation.minutes {
            let begin = minute.at_seconds - MINUTE;
            let Some(recorded) = load.count_at(begin) else {
                continue;
            };
            fit.minutes += 1;
            fit.low_confidence += usize::from(Span::contain(load.saturated(), begin));
            let simulated = minute.count;
            if recorded == simulated {
                fit.same += 1;
            } else {
                let difference = Difference {
                    at_seconds: minute.at_seconds,
                    recorded,
                    simulated,
                };
                fit.first_difference.get_or_insert(difference);
            }
        }
        (fit.minutes > 0).then_some(fit)
    }

    /// One or two sentences.
    pub(crate) fn describe(&self) -> String {
        let Self { minutes, same, .. } = *self;
        let share = 100.0 * same as f64 / minutes as f64;
        let mut text = format!(
            "in {same} of {minutes} minutes ({share:.1}%) the simulation has the recorded number of instances"
        );
        if let Some(first) = self.first_difference {
            text += &format!(
                "; first difference at {}: recorded {}, simulated {}",
                clock(first.at_seconds),
                first.recorded,
                first.simulated
            );
        }
        if self.low_confidence > 0 {
            text += &format!(
                "; {} minutes were recorded near 100% CPU and are uncertain",
                self.low_confidence
            );
        }
        text
    }
}
