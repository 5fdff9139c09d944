//! Actions that were undone although the load did not require it.
//!
//! - Overshoot: a scale-out that a scale-in undid, in full or in part, although the load had not fallen.
//! - Flapping: a scale-in that a scale-out undid, in full or in part, although the load had not risen.
//!
//! A load must change by a tenth or more to count as fallen or risen. The load at an action is the value of the rule
//! that acted, the mean of its window, because rules are not responsible for load that they could not see yet. A load
//! has fallen if it is lower at the scale-in than the highest load since the scale-out. It has risen if it is higher
//! at the scale-out than the lowest load since the scale-in. In between, means over five minutes count, so that noise
//! does not matter.

use crate::outcome::{Action, Sample, Simulation};

/// The fraction by which the load must change to justify an action.
const NOTICEABLE: f64 = 0.1;
const SMOOTHED_MINUTES: usize = 5;

/// The number of actions that were undone although the load did not require it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reversals {
    /// Scale-outs undone although the load had not fallen.
    pub(crate) overshoots: usize,
    /// Scale-ins undone although the load had not risen.
    pub(crate) flaps: usize,
}

impl Reversals {
    pub(crate) fn among(simulation: &Simulation) -> Self {
        let mut reversals = Self::default();
        let mut outs = Standing::default();
        let mut ins = Standing::default();
        let mut smoothed = smoothed(&simulation.minutes).peekable();
        for action in &simulation.actions {
            while let Some((_, load)) =
                smoothed.next_if(|(at_seconds, _)| *at_seconds <= action.at_seconds)
            {
                outs.note(load, f64::max);
                ins.note(load, f64::min);
            }
            let seen = action.load_seen;
            if action.to > action.from {
                let risen = |lowest: f64, now: f64| now - lowest >= lowest * NOTICEABLE;
                reversals.flaps +=
                    ins.undo(|scale_in| scale_in.to < action.to, seen, f64::min, risen);
                outs.stand(action);
            } else {
                let fallen = |highest: f64, now: f64| highest - now >= highest * NOTICEABLE;
                reversals.overshoots +=
                    outs.undo(|scale_out| scale_out.to > action.to, seen, f64::max, fallen);
                ins.stand(action);
            }
        }
        reversals
    }
}

/// Mean loads over the last minutes, by the second at which they end.
fn smoothed(minutes: &[Sample]) -> impl Iterator<Item = (u64, f64)> {
    minutes.iter().enumerate().map(|(index, minute)| {
        let last = &minutes[(index + 1).saturating_sub(SMOOTHED_MINUTES)..=index];
        (
            minute.at_seconds,
            last.iter().map(|minute| minute.load).sum::<f64>() / last.len() as f64,
        )
    })
}

/// Actions of one direction that nothing has undone yet, the newest last. Each has the most extreme load between it
/// and the next action; `None` if none is known.
#[derive(Default)]
struct Standing<'a>(Vec<(&'a Action, Option<f64>)>);

impl<'a> Standing<'a> {
    fn stand(&mut self, action: &'a Action) {
        self.0.push((action, action.load_seen));
    }

    fn note(&mut self, load: f64, utmost: fn(f64, f64) -> f64) {
        if let Some((_, known)) = self.0.last_mut() {
            *known = Some(known.map_or(load, |known| utmost(known, load)));
        }
    }

    /// Removes the actions that are undone, and counts those for which the load (`seen` now) has not changed.
    fn undo(
        &mut self,
        is_undone: impl Fn(&Action) -> bool,
        seen: Option<f64>,
        utmost: fn(f64, f64) -> f64,
        changed: impl Fn(f64, f64) -> bool,
    ) -> usize {
        let mut count = 0;
        let mut since = None;
        while let Some((_, known)) = self.0.pop_if(|(action, _)| is_undone(action)) {
            since = match (since, known) {
                (Some(since), Some(known)) => Some(utmost(since, known)),
                (since, known) => since.or(known),
            };
            if let (Some(since), Some(seen)) = (since, seen) {
                count += usize::from(!changed(since, seen));
            }
        }
        // This load also belongs to the action before.
        if let Some(since) = since {
            self.note(since, utmost);
        }
        count
    }
}
