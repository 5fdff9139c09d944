//! Whether a load was too short for the rules, and what to type instead.

use run_record::Run;
use run_record::format::span;

use crate::rules::{limits, rules};

/// What to type, where the load ended before a rule could scale out;
/// `command` is what to repeat, without `--until`.
pub fn too_short(run: &Run, command: &str) -> Option<String> {
    let windows = rules(run)?.into_iter().filter(|rule| rule.out);
    let window = windows.map(|rule| rule.window).min_by(f64::total_cmp)?;
    let (_, most) = limits(run)?;
    let served = run.samples.iter().map(|sample| sample.ready).max();
    if run.seconds * run.time_scale >= window
        || !run.actions.is_empty()
        || served.is_some_and(|served| served >= most)
    {
        return None;
    }
    Some(format!(
        "Too short for the rules, which average over {}. For scaling: {command} --until {most}",
        span(window / run.time_scale)
    ))
}
