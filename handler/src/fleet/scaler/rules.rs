//! Applies the rule engine to the fleet's CPU per minute.

use std::time::Duration;

use autoscale::{Decision, History, Minute, Outcome, Profile, Setting, evaluate};

use crate::domain::{CpuMinute, Evaluation, MINUTE, ScalingDecision, Timestamp};

/// The most always-ready instances that a site on Elastic Premium can have
/// (learn.microsoft.com/azure/azure-functions/functions-premium-plan, "Always ready instances").
const MOST_INSTANCES: u32 = 20;

/// The rules that the app applies itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    setting: Setting,
}

impl Rules {
    /// The rules of a setting. A minimum of 0 becomes 1, because the platform always keeps one instance.
    ///
    /// # Errors
    /// One sentence if a profile allows more instances than the platform can keep.
    pub fn new(mut setting: Setting) -> Result<Self, String> {
        for profile in &mut setting.profiles {
            let capacity = &mut profile.capacity;
            if capacity.maximum > MOST_INSTANCES {
                return Err(format!(
                    "the profile {} allows {} instances, but Elastic Premium keeps at most {MOST_INSTANCES}: lower its \
                     maximum",
                    profile.title(),
                    profile.capacity.maximum
                ));
            }
            capacity.minimum = capacity.minimum.max(1);
            capacity.default = capacity.default.max(1);
            capacity.maximum = capacity.maximum.max(1);
        }
        Ok(Self { setting })
    }

    /// How far back the rules look, plus one minute.
    pub fn longest_window(&self) -> Duration {
        let profiles = self.setting.profiles.iter();
        let rules = profiles.flat_map(|profile| &profile.rules);
        // A window ends at a multiple of its time grain.
        let windows = rules.map(|rule| rule.time_window.max(rule.time_grain) + rule.time_grain);
        windows.max().unwrap_or_default() + MINUTE
    }

    /// Evaluates the rules at the end of a minute. `count` instances are wanted so far. Minutes are by the rules'
    /// clock.
    pub fn evaluate(
        &self,
        minutes: &[CpuMinute],
        count: Option<u32>,
        last_action: Option<Timestamp>,
        minute: Timestamp,
    ) -> Evaluation {
        let Some(from) = count else {
            return unevaluated(
                None,
                ScalingDecision::CountUnknown,
                "the current number of instances is not known",
            );
        };
        if !self.setting.enabled {
            return unevaluated(
                Some(from),
                ScalingDecision::NoProfile,
                "the autoscale setting is not enabled",
            );
        }
        let unix_seconds = minute.millis().div_euclid(1_000);
        let Some(profile) = self.setting.active(unix_seconds) else {
            return unevaluated(
                Some(from),
                ScalingDecision::NoProfile,
                "no profile applies now",
            );
        };
        let profile = &self.setting.profiles[profile];
        let rules = (profile, self.setting.metrics.as_slice());
        let cpu: Vec<Minute> = minutes.iter().map(engine_minute).collect();
        // Only the instances' CPU is measured.
        let metrics = self.setting.metrics.iter();
        let metrics: Vec<Vec<Minute>> = metrics
            .map(|metric| match metric.fleet_cpu {
                true => cpu.clone(),
                false => Vec::new(),
            })
            .collect();
        let now = since_1970(minute);
        let history = History {
            metrics: &metrics,
            until: now,
        };
        let last_action = last_action.map(|at| since_1970(at).min(now));
        let decision = evaluate(rules, history, from, last_action, now);
        recorded(profile, &decision, from, decision.describe(rules, from))
    }
}

fn unevaluated(count: Option<u32>, decision: ScalingDecision, reason: &str) -> Evaluation {
    Evaluation {
        from: count,
        wanted: count,
        decision,
        rule: None,
        observed: None,
        reason: reason.to_owned(),
        cooldown_left: Duration::ZERO,
    }
}

fn recorded(profile: &Profile, decision: &Decision, from: u32, reason: String) -> Evaluation {
    use ScalingDecision as To;
    let (name, rule) = match decision.outcome {
        Outcome::ScaledOut(rule) => (To::ScaledOut, Some(rule)),
        Outcome::ScaledIn(rule) | Outcome::ScaledInLess(rule) => (To::ScaledIn, Some(rule)),
        Outcome::Limited => (To::Limited, None),
        Outcome::MetricMissing => (To::MetricMissing, None),
        Outcome::CoolingDown(rule) => (To::CoolingDown, Some(rule)),
        Outcome::AtMaximum(rule) => (To::AtMaximum, Some(rule)),
        Outcome::AtMinimum(rule) => (To::AtMinimum, Some(rule)),
        Outcome::Flapping(rule) => (To::Flapping, Some(rule)),
        Outcome::HeldBack(rule) => (To::HeldBack, Some(rule)),
        Outcome::Steady => (To::Steady, None),
        Outcome::Unknown => (To::Unknown, None),
    };
    let readings = &decision.readings;
    let first = readings.iter().find_map(|reading| reading.value);
    // An action restarts the cooldown of every rule.
    let cooldown_left = match decision.starts_cooldown() {
        true => profile.rules.iter().map(|rule| rule.cooldown).max(),
        false => match decision.outcome {
            Outcome::CoolingDown(rule) => Some(readings[rule].waits),
            _ => readings.iter().map(|reading| reading.waits).max(),
        },
    };
    Evaluation {
        from: Some(from),
        wanted: Some(decision.to),
        decision: name,
        rule: rule.and_then(|rule| u32::try_from(rule).ok()),
        observed: rule.map_or(first, |rule| readings[rule].value),
        reason,
        cooldown_left: cooldown_left.unwrap_or_default(),
    }
}

fn engine_minute(minute: &CpuMinute) -> Minute {
    Minute {
        end: since_1970(minute.end),
        average: minute.average,
        minimum: minute.minimum,
        maximum: minute.maximum,
        instances: minute.instances,
    }
}

/// The engine counts time from a start that the caller chooses.
fn since_1970(at: Timestamp) -> Duration {
    at.since(Timestamp::from_millis(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Timestamp = Timestamp::from_millis(1_795_525_500_000);

    fn rules() -> Rules {
        Rules::new(Setting::built_in()).expect("three at most")
    }

    fn at(minutes: u32) -> Timestamp {
        BEGIN.later(MINUTE * minutes)
    }

    fn constant(cpu: f64, minutes: std::ops::RangeInclusive<u32>) -> Vec<CpuMinute> {
        minutes
            .map(|minute| CpuMinute {
                end: at(minute),
                average: cpu,
                minimum: cpu,
                maximum: cpu,
                instances: 1,
            })
            .collect()
    }

    #[test]
    fn a_constant_load_scales_out_when_the_model_says() {
        // Without the delay of metrics, the first complete minute counts at once.
        let mut count = 1;
        let mut last_action = None;
        let mut actions = Vec::new();
        for minute in 1..=12 {
            let minutes = constant(90.0, 1..=minute);
            let evaluation = rules().evaluate(&minutes, Some(count), last_action, at(minute));
            let wanted = evaluation.wanted.expect("it is known");
            if wanted != count {
                assert_eq!(evaluation.decision, ScalingDecision::ScaledOut);
                assert_eq!(
                    (evaluation.rule, evaluation.observed),
                    (Some(0), Some(90.0))
                );
                actions.push((minute, count, wanted));
                (count, last_action) = (wanted, Some(at(minute)));
            }
        }
        assert_eq!(actions, [(1, 1, 2), (6, 2, 3)]);
        let full = rules().evaluate(&constant(90.0, 1..=13), Some(3), last_action, at(13));
        assert_eq!(
            (full.decision, full.wanted),
            (ScalingDecision::AtMaximum, Some(3))
        );
    }

    #[test]
    fn unknown_values_change_nothing() {
        let unknown = rules().evaluate(&constant(90.0, 1..=5), None, None, at(5));
        assert_eq!(
            (unknown.decision, unknown.wanted),
            (ScalingDecision::CountUnknown, None)
        );
        let unmeasured = rules().evaluate(&[], Some(2), None, at(5));
        assert_eq!(
            (unmeasured.decision, unmeasured.wanted),
            (ScalingDecision::Unknown, Some(2))
        );
        let waiting = rules().evaluate(&constant(90.0, 1..=5), Some(2), Some(at(3)), at(5));
        assert_eq!(waiting.decision, ScalingDecision::CoolingDown);
        assert_eq!(waiting.cooldown_left, MINUTE * 3);
    }

    #[test]
    fn limits_are_bounded_by_the_platform() {
        let setting = |minimum: u32, maximum: u32| {
            let capacity =
                format!(r#"{{"minimum":"{minimum}","maximum":"{maximum}","default":"{minimum}"}}"#);
            let profile = format!(r#"{{"name":"day","capacity":{capacity},"rules":[]}}"#);
            Rules::new(Setting::parse(&profile).expect("a profile"))
        };
        let sentence = setting(1, 21).expect_err("too many");
        assert!(
            sentence.contains("day") && sentence.contains("20"),
            "{sentence}"
        );
        let none = setting(0, 3).expect("raised");
        let evaluation = none.evaluate(&[], Some(0), None, at(1));
        assert_eq!(
            (evaluation.decision, evaluation.wanted),
            (ScalingDecision::Limited, Some(1))
        );
    }
}
