//! The loads that come with the program.

use crate::load::{Load, Step};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A load that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Up at once, and down at once.
    Step,
    /// Slowly up and slowly down.
    Ramp,
    /// Much for a short time.
    Spike,
    /// A day and a night.
    Daily,
}

impl Shape {
    /// The names by which they are asked for.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("step", Self::Step),
        ("ramp", Self::Ramp),
        ("spike", Self::Spike),
        ("daily", Self::Daily),
    ];

    /// The shape of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, shape)| *shape)
    }

    /// Its figures, in percent of one instance.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Step => "step: 20 % for 10 minutes, 150 % for an hour, 20 % for 50 minutes",
            Self::Ramp => {
                "ramp: from 0 to 240 % in an hour, 240 % for 30 minutes, to 0 in an hour, 0 for 30 minutes"
            }
            Self::Spike => {
                "spike: 30 % for an hour and a half, but 250 % for 5 minutes after the first half hour"
            }
            Self::Daily => {
                "daily: 24 hours from midnight, 20 % at 4 o'clock, 200 % at 16 o'clock, a sine between"
            }
        }
    }

    /// The load itself.
    pub fn load(self) -> Load {
        Load::described(self.describe(), self.steps())
    }

    fn steps(self) -> Vec<Step> {
        let step = |(at_seconds, percent)| Step {
            at_seconds,
            percent,
        };
        match self {
            Self::Step => {
                let steps = [
                    (0, 20.0),
                    (10 * MINUTE, 150.0),
                    (70 * MINUTE, 20.0),
                    (2 * HOUR, 20.0),
                ];
                steps.map(step).to_vec()
            }
            Self::Ramp => every_minute(3 * HOUR, |minute| match minute {
                0..60 => 4.0 * minute as f64,
                60..90 => 240.0,
                90..150 => 4.0 * (150 - minute) as f64,
                _ => 0.0,
            }),
            Self::Spike => {
                let steps = [
                    (0, 30.0),
                    (30 * MINUTE, 250.0),
                    (35 * MINUTE, 30.0),
                    (95 * MINUTE, 30.0),
                ];
                steps.map(step).to_vec()
            }
            Self::Daily => every_minute(DAY, |minute| {
                let turn = (minute as f64 - 240.0) / 1440.0 * std::f64::consts::TAU;
                // To a thousandth, so that the same figures come out wherever the cosine is worked out.
                ((110.0 - 90.0 * turn.cos()) * 1e3).round() / 1e3
            }),
        }
    }
}

fn every_minute(seconds: u64, percent: impl Fn(u64) -> f64) -> Vec<Step> {
    let step = |minute| Step {
        at_seconds: minute * MINUTE,
        percent: percent(minute),
    };
    (0..=seconds / MINUTE).map(step).collect()
}
