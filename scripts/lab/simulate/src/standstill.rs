//! Why the number of instances did not change.

use autoscale::{Decision, Metric, Outcome, Profile};
use serde::Serialize;

/// A hostile setting could change its reason at every evaluation. More entries would be of no use to a reader.
const MOST: usize = 10_000;

/// A span of time in which the count did not change, for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standstill {
    /// The evaluation that found this reason.
    pub at_seconds: u64,
    /// The evaluation that found another reason, or the end.
    pub to_seconds: u64,
    /// The number of instances.
    pub count: u32,
    /// Why nothing changed.
    pub cause: Obstacle,
    /// The rule's index in the profile, if the reason is one rule.
    pub rule: Option<usize>,
    /// One sentence with the numbers at `at_seconds`.
    pub reason: String,
}

/// Why nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// No rule fires.
    NoRuleFires,
    /// A rule would fire, but its cooldown is not over.
    Cooldown,
    /// A scale-out rule fires at the maximum.
    Maximum,
    /// The scale-in rules fire at the minimum.
    Minimum,
    /// A rule that sets an exact count fires, but the fleet already has this count.
    CountReached,
    /// With fewer instances, a scale-out rule would fire.
    Flapping,
    /// One scale-in rule fires, but another one does not.
    HeldBack,
    /// No metric can be read.
    MetricMissing,
    /// No profile is active.
    NoProfile,
}

/// Collects the reasons as time passes.
#[derive(Debug, Default)]
pub(crate) struct Standstills {
    found: Vec<Standstill>,
    /// Whether the last reason still applies.
    open: bool,
}

impl Standstills {
    /// An evaluation that did not change the count.
    pub(crate) fn see(
        &mut self,
        now: u64,
        rules: (&Profile, &[Metric]),
        decision: &Decision,
        count: u32,
    ) {
        let capacity = rules.0.capacity;
        let (cause, rule) = match decision.outcome {
            Outcome::CoolingDown(rule) => (Obstacle::Cooldown, Some(rule)),
            Outcome::AtMaximum(rule) if count == capacity.maximum => {
                (Obstacle::Maximum, Some(rule))
            }
            Outcome::AtMinimum(rule) if count == capacity.minimum => {
                (Obstacle::Minimum, Some(rule))
            }
            Outcome::AtMaximum(rule) | Outcome::AtMinimum(rule) => {
                (Obstacle::CountReached, Some(rule))
            }
            Outcome::Flapping(rule) => (Obstacle::Flapping, Some(rule)),
            Outcome::HeldBack(rule) => (Obstacle::HeldBack, Some(rule)),
            Outcome::Unknown | Outcome::MetricMissing => (Obstacle::MetricMissing, None),
            // All other outcomes change the count.
            _ => (Obstacle::NoRuleFires, None),
        };
        self.note(now, count, (cause, rule), || {
            decision.describe(rules, count)
        });
    }

    /// An evaluation without an active profile.
    pub(crate) fn without_profile(&mut self, now: u64, count: u32) {
        let reason = || format!("no profile applies: stays at {count}");
        self.note(now, count, (Obstacle::NoProfile, None), reason);
    }

    /// The count changes.
    pub(crate) fn end(&mut self, now: u64) {
        if let Some(last) = self.found.last_mut().filter(|_| self.open) {
            last.to_seconds = now;
        }
        self.open = false;
    }

    pub(crate) fn finish(mut self, now: u64) -> Vec<Standstill> {
        self.end(now);
        self.found
    }

    /// Begins a new entry if the cause, its rule or the count is another one.
    fn note(
        &mut self,
        now: u64,
        count: u32,
        (cause, rule): (Obstacle, Option<usize>),
        reason: impl FnOnce() -> String,
    ) {
        let last = self.found.last().filter(|_| self.open);
        if last.is_some_and(|last| (last.cause, last.rule, last.count) == (cause, rule, count)) {
            return;
        }
        self.end(now);
        if self.found.len() < MOST {
            self.open = true;
            self.found.push(Standstill {
                at_seconds: now,
                to_seconds: now,
                count,
                cause,
                rule,
                reason: reason(),
            });
        }
    }
}
