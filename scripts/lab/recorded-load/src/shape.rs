//! The built-in loads.

use super::{Load, Step};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Their names.
pub(crate) const NAMES: [&str; 4] = ["step", "ramp", "spike", "daily"];

/// The built-in load with this name, in percent of one instance.
pub fn named(name: &str) -> Option<Load> {
    let (description, steps) = match name {
        "step" => (
            "step: 20% for 10 minutes, 150% for an hour, 20% for 50 minutes",
            [(0, 20.0), (10, 150.0), (70, 20.0), (120, 20.0)]
                .map(at_minute)
                .to_vec(),
        ),
        "ramp" => (
            "ramp: from 0 to 240% in an hour, 240% for 30 minutes, to 0 in an hour, 0 for 30 minutes",
            every_minute(3 * HOUR, |minute| match minute {
                0..60 => 4.0 * minute as f64,
                60..90 => 240.0,
                90..150 => 4.0 * (150 - minute) as f64,
                _ => 0.0,
            }),
        ),
        "spike" => (
            "spike: 30% for an hour and a half, but 250% for 5 minutes after the first half hour",
            [(0, 30.0), (30, 250.0), (35, 30.0), (95, 30.0)]
                .map(at_minute)
                .to_vec(),
        ),
        "daily" => (
            "daily: 24 hours from midnight, 20% at 4 o'clock, 200% at 16 o'clock, a sine between",
            every_minute(DAY, |minute| {
                let turn = (minute as f64 - 240.0) / 1440.0 * std::f64::consts::TAU;
                // Rounded to a thousandth, so that the numbers are the same wherever the cosine is computed.
                ((110.0 - 90.0 * turn.cos()) * 1e3).round() / 1e3
            }),
        ),
        _ => return None,
    };
    Some(Load::described(description, steps))
}

fn at_minute((minute, percent): (u64, f64)) -> Step {
    Step {
        at_seconds: minute * MINUTE,
        percent,
    }
}

fn every_minute(seconds: u64, percent: impl Fn(u64) -> f64) -> Vec<Step> {
    let minutes = 0..=seconds / MINUTE;
    minutes
        .map(|minute| at_minute((minute, percent(minute))))
        .collect()
}
