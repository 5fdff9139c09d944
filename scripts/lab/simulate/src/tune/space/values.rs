//! The values for a search.

use std::ops::RangeInclusive;

use autoscale::{Aggregation, Change, Rule, Statistic};

const MINUTE: u64 = 60;
/// Percent of CPU for rules with an upper threshold. Higher values leave no reserve until the next instance is ready.
const HIGH_THRESHOLDS: RangeInclusive<u32> = 40..=85;
/// Percent of CPU for rules with a lower threshold.
const LOW_THRESHOLDS: RangeInclusive<u32> = 5..=60;
const THRESHOLD_STEP: usize = 5;
/// Minutes. Azure's documentation recommends at least five.
const WINDOWS: [u64; 7] = [5, 10, 15, 20, 30, 45, 60];
/// Minutes.
pub(super) const COOLDOWNS: [u64; 8] = [1, 2, 3, 5, 10, 15, 20, 30];
const STEPS: RangeInclusive<u32> = 1..=10;
const PERCENT_STEPS: [u32; 6] = [10, 20, 25, 50, 75, 100];
/// The most limits that are tried, evenly spaced.
const MOST_LIMITS: u32 = 24;

/// Numbers at equal distances, so that there are not too many.
pub(super) fn spaced(least: u32, most: u32) -> Vec<f64> {
    let every = (most.saturating_sub(least) / MOST_LIMITS).max(1) as usize;
    (least..=most).step_by(every).map(f64::from).collect()
}

pub(super) fn seconds(minutes: &[u64]) -> Vec<f64> {
    minutes
        .iter()
        .map(|minutes| (minutes * MINUTE) as f64)
        .collect()
}

/// Whether the rule compares an instance's CPU in percent with an upper or lower threshold.
pub(super) fn is_percent(rule: &Rule) -> bool {
    let of_instances = matches!(
        rule.statistic,
        Statistic::Average | Statistic::Min | Statistic::Max
    );
    let one_sided = rule.operator.is_above() || rule.operator.is_below();
    of_instances && !adds_up(rule) && one_sided && !rule.divide_per_instance
}

/// Whether the value of the window grows with the window.
fn adds_up(rule: &Rule) -> bool {
    matches!(
        rule.time_aggregation,
        Aggregation::Total | Aggregation::Count
    )
}

/// Only the present one if the threshold is not a percentage.
pub(super) fn thresholds(rule: &Rule) -> Vec<f64> {
    let values = match rule.operator.is_above() {
        _ if !is_percent(rule) => return Vec::new(),
        true => HIGH_THRESHOLDS,
        false => LOW_THRESHOLDS,
    };
    values.step_by(THRESHOLD_STEP).map(f64::from).collect()
}

/// A total or a count over the window would require another threshold for another window.
pub(super) fn windows(rule: &Rule) -> Vec<f64> {
    let whole = |window: &f64| {
        let grain = rule.time_grain.as_secs().max(1);
        (*window as u64).is_multiple_of(grain)
    };
    let all = seconds(&WINDOWS).into_iter();
    all.filter(|window| !adds_up(rule) && whole(window))
        .collect()
}

/// Steps beyond the possible number of instances make no difference. An exact count stays unchanged.
pub(super) fn steps(rule: &Rule, most: u32) -> Vec<f64> {
    match rule.change {
        Change::Count(_) => STEPS
            .take_while(|step| *step <= most)
            .map(f64::from)
            .collect(),
        Change::PercentCount(_) => PERCENT_STEPS.map(f64::from).to_vec(),
        Change::ExactCount(_) | Change::NextAllowed => Vec::new(),
    }
}
