//! When the rules called for another number of instances, and whether an action followed.

use run_record::format::Clock;
use run_record::{Action, FleetSample, Run};

/// From a window's mean over the threshold to the action, in Azure seconds: the metric is up to four minutes late, an
/// evaluation comes every minute, and a metric that is late once more is not a failure.
pub(crate) const ALLOWED_DELAY: f64 = 600.0;

/// A period in which the rules called for another count than the one wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trigger {
    /// From here on the window's mean fired the rule.
    pub(crate) from: f64,
    /// The last sample of which that is true.
    pub(crate) until: f64,
    /// The count wanted meanwhile.
    pub(crate) wanted: u32,
    /// The window's mean farthest over (or under) the threshold.
    pub(crate) extreme: f64,
    /// Whether it lasted to the last sample.
    pub(crate) to_the_end: bool,
    /// The part of it after the last action's cooldown, in Azure seconds: time in which an action was due.
    pub(crate) due: f64,
    /// Whether the count was changed the right way during it.
    pub(crate) acted: bool,
}

/// What is needed to find the triggers of one direction.
pub(crate) struct Context<'a> {
    pub(crate) clock: Clock,
    pub(crate) actions: &'a [Action],
    /// The longest of the rules of this direction, in seconds of the run.
    pub(crate) cooldown: f64,
    pub(crate) out: bool,
}

/// The periods in which `fires` gives a window's average that fires the rules, in order.
pub(crate) fn triggers(
    run: &Run,
    context: &Context<'_>,
    fires: impl Fn(usize, &FleetSample) -> Option<f64>,
) -> Vec<Trigger> {
    let mut triggers: Vec<Trigger> = Vec::new();
    // Whether the last one goes on.
    let mut open = false;
    for (index, sample) in run.samples.iter().enumerate() {
        let Some(mean) = fires(index, sample) else {
            if std::mem::take(&mut open) {
                close(triggers.last_mut(), context, Some(sample.at));
            }
            continue;
        };
        match triggers.last_mut() {
            Some(trigger) if open && trigger.wanted == sample.wanted => {
                trigger.until = sample.at;
                trigger.extreme = if context.out {
                    trigger.extreme.max(mean)
                } else {
                    trigger.extreme.min(mean)
                };
            }
            last => {
                if open {
                    close(last, context, Some(sample.at));
                }
                triggers.push(Trigger {
                    from: sample.at,
                    until: sample.at,
                    wanted: sample.wanted,
                    extreme: mean,
                    to_the_end: false,
                    due: 0.0,
                    acted: false,
                });
            }
        }
        open = true;
    }
    if open {
        close(triggers.last_mut(), context, None);
    }
    triggers
}

/// Fills in what is known once a trigger is over: `next` is the first sample after it, which comes later than what
/// ended it.
fn close(trigger: Option<&mut Trigger>, context: &Context<'_>, next: Option<f64>) {
    let Some(trigger) = trigger else { return };
    trigger.to_the_end = next.is_none();
    let next = next.unwrap_or(f64::INFINITY);
    let mut before = context.actions.iter().rev();
    let cooldown_end = before
        .find(|action| action.at <= trigger.from)
        .map_or(f64::NEG_INFINITY, |action| action.at + context.cooldown);
    trigger.due = (trigger.until - trigger.from.max(cooldown_end)).max(0.0) * context.clock.scale();
    trigger.acted = context.actions.iter().any(|action| {
        (action.to > action.from) == context.out && (trigger.from..=next).contains(&action.at)
    });
}
