//! One evaluation of the rules in a simulation, and its consequences.

use std::time::Duration;

use autoscale::{Decision, History, Outcome, Profile, decide, read, schedule};

use super::{BEFORE, Evaluation, MINUTE, Running, Seen};
use crate::outcome::{Action, Cause};

impl Running<'_> {
    pub(super) fn evaluate(&mut self) {
        self.simulation.evaluations += 1;
        let switched = self.follow_calendar();
        let count = self.fleet.count();
        let Some(profile) = self.profile() else {
            self.standstills.without_profile(self.now, count);
            self.tell(None, count);
            return;
        };
        let windows = self.windows(profile);
        if (windows, count) != (self.seen.windows, self.seen.count) || switched {
            self.seen = Seen {
                windows,
                count,
                values: read(profile, self.history(), count),
                unchanged: None,
            };
        }
        let waiting = self.waiting(profile);
        let outcome = match self.seen.unchanged {
            Some((waited, outcome)) if waited == waiting && self.observe.is_none() => outcome,
            _ => {
                let rules = (profile, self.setting.metrics.as_slice());
                let decision = decide(
                    rules,
                    &self.seen.values,
                    count,
                    self.last_action,
                    self.time(),
                );
                self.tell(Some(&decision), count);
                if decision.to == count {
                    self.seen.unchanged = Some((waiting, decision.outcome));
                    self.standstills.see(self.now, rules, &decision, count);
                } else {
                    self.standstills.end(self.now);
                    self.act(profile, &decision, count, switched);
                }
                decision.outcome
            }
        };
        if matches!(outcome, Outcome::Flapping(_) | Outcome::ScaledInLess(_)) {
            self.simulation.held_back += 1;
        }
    }

    fn tell(&mut self, decision: Option<&Decision>, count: u32) {
        let Some(observe) = self.observe.take() else {
            return;
        };
        let until = self.history().until;
        let unix = |time: Duration| self.start + time.as_secs() as i64 - BEFORE as i64;
        observe(&Evaluation {
            at: unix(self.time()),
            decided: self.active.zip(decision),
            history: History {
                metrics: &self.metrics,
                until,
            },
            until: unix(until),
            count,
            last_action: self.last_action.map(unix),
        });
        self.observe = Some(observe);
    }

    /// Whether another profile is active from now on.
    fn follow_calendar(&mut self) -> bool {
        let now = self.start + self.now as i64;
        if self.calendar_changes.is_none_or(|at| now < at) {
            return false;
        }
        let schedules = || {
            self.setting
                .profiles
                .iter()
                .map(|profile| &profile.schedule)
        };
        self.calendar_changes = schedule::next_change(schedules(), now);
        let active = schedule::active(schedules(), now);
        if active == self.active {
            return false;
        }
        self.active = active;
        self.crossing.follow(self.setting, self.profile());
        true
    }

    /// The number of rules that wait for their cooldown.
    fn waiting(&self, profile: &Profile) -> usize {
        let Some(last) = self.last_action else {
            return 0;
        };
        let now = self.time();
        let waits = |rule: &&autoscale::Rule| last + rule.cooldown > now;
        profile.rules.iter().filter(waits).count()
    }

    fn act(&mut self, profile: &Profile, decision: &Decision, from: u32, switched: bool) {
        if decision.starts_cooldown() {
            self.last_action = Some(self.time());
        }
        let out = decision.to > from;
        let called_since = self.crossing.called_since(self.settled).filter(|_| out);
        if out {
            self.settled = self.now + self.model.provision_seconds;
        }
        self.fleet
            .set_count(decision.to, self.now + self.model.provision_seconds);
        self.fleet.settle(self.now);
        self.simulation.actions.push(Action {
            at_seconds: self.now,
            from,
            to: decision.to,
            cause: match decision.outcome {
                Outcome::Limited if switched => Cause::Profile,
                Outcome::Limited => Cause::Limits,
                Outcome::MetricMissing => Cause::Default,
                _ => Cause::Rule,
            },
            profile: profile.title(),
            reason: decision.describe((profile, &self.setting.metrics), from),
            load_seen: self.load_seen(profile, decision.outcome),
            ready: self.fleet.ready_count(),
            called_since,
        });
    }

    /// The samples that the metrics' lag makes available.
    fn history(&self) -> History<'_> {
        let lag = Duration::from_secs(self.model.metric_lag_seconds);
        History {
            metrics: &self.metrics,
            until: self.time().saturating_sub(lag),
        }
    }

    /// Increases with each minute that enters or leaves the window of a rule.
    fn windows(&self, profile: &Profile) -> u64 {
        let until = self.history().until.as_secs();
        let left = |window: Duration| until.saturating_sub(window.as_secs()) / MINUTE;
        let rules = profile.rules.iter();
        until / MINUTE
            + rules
                .map(|rule| left(rule.time_window.max(rule.time_grain)))
                .sum::<u64>()
    }

    fn load_seen(&self, profile: &Profile, outcome: Outcome) -> Option<f64> {
        let (Outcome::ScaledOut(rule) | Outcome::ScaledIn(rule) | Outcome::ScaledInLess(rule)) =
            outcome
        else {
            return None;
        };
        let until = self.now.saturating_sub(self.model.metric_lag_seconds);
        let window = profile.rules[rule].time_window.as_secs();
        let minutes = &self.simulation.minutes;
        let seen = minutes.partition_point(|minute| minute.at_seconds <= until);
        let old = minutes.partition_point(|minute| minute.at_seconds + window <= until);
        let within = minutes.get(old..seen).filter(|within| !within.is_empty());
        // Before the end of the first minute, the rule used the first load.
        let Some(within) = within else {
            return Some(self.first_load);
        };
        Some(within.iter().map(|minute| minute.load).sum::<f64>() / within.len() as f64)
    }
}
