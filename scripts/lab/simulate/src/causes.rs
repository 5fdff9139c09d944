//! The causes of the problems in a simulation, the most important one first, in sentences.

use autoscale::{Direction, Profile, Rule, Setting};
use run_record::format::exact_span;

use crate::model::Model;
use crate::outcome::Simulation;
use crate::reversals::Reversals;
use crate::shortage::Shortage;
use crate::standstill::{Obstacle, Standstill};
use crate::timeline::clock;

/// A simulation, its rules and its model.
pub(crate) struct Causes<'a> {
    pub(crate) simulation: &'a Simulation,
    pub(crate) setting: &'a Setting,
    pub(crate) model: &'a Model,
    pub(crate) reversals: &'a Reversals,
}

impl Causes<'_> {
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut sentences = self.reversed();
        sentences.extend(self.overload());
        let held = [
            (Obstacle::Maximum, "The maximum held the fleet back"),
            (Obstacle::Flapping, "The flapping check held scale-in back"),
            (Obstacle::HeldBack, "A scale-in rule held scale-in back"),
            (Obstacle::MetricMissing, "The rules had no metric"),
            (Obstacle::NoProfile, "No profile applied"),
        ];
        let mut held: Vec<(u64, String)> = held
            .iter()
            .filter_map(|(cause, what)| self.held(*cause, what))
            .collect();
        held.sort_by_key(|(seconds, _)| std::cmp::Reverse(*seconds));
        sentences.extend(held.into_iter().map(|(_, sentence)| sentence));
        if sentences.is_empty() {
            sentences.push("The ready instances could always handle the load.".to_owned());
        }
        sentences
    }

    /// Actions that were undone, and the change that prevents this.
    fn reversed(&self) -> Vec<String> {
        let Reversals { flaps, overshoots } = *self.reversals;
        let mut sentences = Vec::new();
        if flaps > 0 {
            sentences.push(format!(
                "{} undone although the load had not risen by a tenth.",
                number(flaps, "scale-in was", "scale-ins were"),
            ));
        }
        if overshoots > 0 {
            sentences.push(format!(
                "{} undone although the load had not fallen by a tenth.",
                number(overshoots, "scale-out was", "scale-outs were"),
            ));
        }
        if sentences.is_empty() {
            return sentences;
        }
        sentences.extend(self.short_cooldown());
        if flaps > 0 {
            sentences
                .push("Move the thresholds of scale-out and scale-in further apart.".to_owned());
        }
        sentences
    }

    /// The usual cause: the next action is decided before the last one has an effect on the metric.
    fn short_cooldown(&self) -> Option<String> {
        // Only a profile that caused actions can be the reason.
        let acted = |profile: &&Profile| {
            let title = profile.title();
            self.simulation
                .actions
                .iter()
                .any(|action| action.profile == title)
        };
        let profiles = self.setting.profiles.iter().filter(acted);
        let rules = profiles.flat_map(|profile| &profile.rules);
        let missing = |rule: &&Rule| {
            self.until_seen(rule)
                .saturating_sub(rule.cooldown.as_secs())
        };
        let rule = rules.max_by_key(missing).filter(|rule| missing(rule) > 0)?;
        let window = rule.time_window.max(rule.time_grain).as_secs();
        let provision = match rule.direction {
            Direction::Decrease => String::new(),
            _ => format!("{} to be ready, ", exact_span(self.model.provision_seconds)),
        };
        Some(format!(
            "A cooldown of {} is over before the rule ({}) sees the effect of the last action, which takes {}: {provision}{} of \
             metric lag and a window of {}. Make the cooldown at least that long.",
            exact_span(rule.cooldown.as_secs()),
            rule.describe(&self.setting.metrics),
            exact_span(self.until_seen(rule)),
            exact_span(self.model.metric_lag_seconds),
            exact_span(window),
        ))
    }

    /// After this many seconds, a rule's window contains no samples from before the action. Removed instances leave
    /// at once.
    fn until_seen(&self, rule: &Rule) -> u64 {
        let provision = match rule.direction {
            Direction::Decrease => 0,
            _ => self.model.provision_seconds,
        };
        rule.time_window.max(rule.time_grain).as_secs() + self.model.metric_lag_seconds + provision
    }

    fn overload(&self) -> Option<String> {
        let simulation = self.simulation;
        let total = simulation.overloaded_seconds();
        if total == 0 {
            return None;
        }
        let share = 100.0 * total as f64 / simulation.seconds as f64;
        let mut sentence = format!(
            "The load was more than the ready instances could handle for {} ({share:.1}% of the time)",
            exact_span(total)
        );
        if simulation.shortages.len() > 1 {
            sentence += &format!(
                " in {} spans, the longest of {}",
                simulation.shortages.len(),
                exact_span(simulation.longest_overload())
            );
        }
        let maximum = self.setting.maximum();
        let loads = simulation.minutes.iter().map(|minute| minute.load);
        if let Some(highest) = loads.reduce(f64::max)
            && highest > f64::from(maximum) * 100.0
        {
            sentence += &format!(
                "; the maximum of {maximum} instances does not suffice for a load of {highest:.0}%"
            );
        }
        let profiles = self.setting.profiles.iter();
        let mut rules = profiles.flat_map(|profile| &profile.rules);
        if !rules.any(|rule| rule.direction != Direction::Decrease) {
            sentence += "; no rule adds instances";
        }
        let waited = self.overlap(Obstacle::Cooldown);
        if waited > 0 {
            sentence += &format!(
                "; for {} of that time a rule waited for its cooldown",
                exact_span(waited)
            );
        }
        Some(sentence + ".")
    }

    /// Seconds of overload in which this obstacle existed.
    fn overlap(&self, cause: Obstacle) -> u64 {
        let spans = self.of(cause);
        let common = |still: &Standstill, shortage: &Shortage| {
            let from = still.at_seconds.max(shortage.from_seconds);
            still
                .to_seconds
                .min(shortage.to_seconds)
                .saturating_sub(from)
        };
        let shortages = &self.simulation.shortages;
        spans
            .map(|still| {
                shortages
                    .iter()
                    .map(|shortage| common(still, shortage))
                    .sum::<u64>()
            })
            .sum()
    }

    fn of(&self, cause: Obstacle) -> impl Iterator<Item = &Standstill> {
        let spans = self.simulation.stood_still.iter();
        spans.filter(move |still| still.cause == cause)
    }

    /// How long an obstacle existed, and when it first occurred.
    fn held(&self, cause: Obstacle, what: &str) -> Option<(u64, String)> {
        let first = self.of(cause).next()?;
        let total = self
            .of(cause)
            .map(|still| still.to_seconds - still.at_seconds)
            .sum();
        let sentence = format!(
            "{what} for {}, first at {}: {}.",
            exact_span(total),
            clock(first.at_seconds),
            first.reason
        );
        Some((total, sentence))
    }
}

fn number(count: usize, one: &str, several: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {several}")
    }
}
