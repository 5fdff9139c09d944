//! The autoscaler: its history, its last action, and its evaluations by the rule engine.

use std::sync::Arc;
use std::time::Duration;

use autoscale::{Decision, History, Metric, Minute, Profile, Setting, evaluate};

use super::meter::Use;

/// The longest window (12 hours) and the longest delay of metrics look back no further.
const KEPT: usize = 1_440;

pub(super) struct Scaler {
    pub(super) setting: Arc<Setting>,
    /// The index of the profile that applies; between profiles, of the one that applied last.
    pub(super) active: usize,
    lag: Duration,
    /// The minutes of each of the setting's metrics: measured ones for the instances' CPU, replayed ones for other
    /// metrics.
    metrics: Vec<Vec<Minute>>,
    last_action: Option<Duration>,
    pub(super) paused: bool,
}

impl Scaler {
    /// A scaler whose calendar starts at `unix_seconds`, with the minutes to replay for each of the setting's
    /// metrics.
    pub(super) fn new(
        setting: Setting,
        replayed: Vec<Vec<Minute>>,
        lag: Duration,
        unix_seconds: i64,
    ) -> Self {
        Self {
            active: setting.active(unix_seconds).unwrap_or_default(),
            metrics: replayed,
            setting: Arc::new(setting),
            lag,
            last_action: None,
            paused: false,
        }
    }

    /// The profile that applies.
    pub(super) fn profile(&self) -> &Profile {
        &self.setting.profiles[self.active]
    }

    /// Uses another setting from the next evaluation on. The history and the cooldowns stay.
    pub(super) fn replace(&mut self, setting: Arc<Setting>, unix_seconds: i64) {
        let minutes = |metric: &Metric| {
            let before = self.setting.metrics.iter();
            let place = before
                .zip(&self.metrics)
                .find(|(known, _)| is_same(metric, known));
            place
                .map(|(_, minutes)| minutes.clone())
                .unwrap_or_default()
        };
        self.metrics = setting.metrics.iter().map(minutes).collect();
        self.active = setting.active(unix_seconds).unwrap_or_default();
        self.setting = setting;
    }

    /// Adds a minute's sample of the instances' CPU.
    pub(super) fn sample(&mut self, minute: Minute) {
        let metrics = self.setting.metrics.iter().zip(&mut self.metrics);
        for (_, minutes) in metrics.filter(|(metric, _)| metric.fleet_cpu) {
            if minutes.len() >= 2 * KEPT {
                minutes.drain(..KEPT);
            }
            minutes.push(minute);
        }
    }

    /// Follows the calendar. Returns whether another profile applies from now on.
    pub(super) fn follow_calendar(&mut self, unix_seconds: i64) -> bool {
        let active = self.setting.active(unix_seconds).unwrap_or(self.active);
        std::mem::replace(&mut self.active, active) != active
    }

    /// The decision at `now`, with this number of wanted instances.
    pub(super) fn evaluate(&mut self, count: u32, now: Duration) -> Decision {
        let history = History {
            metrics: &self.metrics,
            until: now.saturating_sub(self.lag),
        };
        let rules = (self.profile(), self.setting.metrics.as_slice());
        let decision = evaluate(rules, history, count, self.last_action, now);
        if decision.starts_cooldown() {
            self.last_action = Some(now);
        }
        decision
    }

    /// The longest remaining cooldown of a rule.
    pub(super) fn cooldown_left(&self, now: Duration) -> Duration {
        let Some(last) = self.last_action else {
            return Duration::ZERO;
        };
        let rules = self.profile().rules.iter();
        let longest = rules.map(|rule| rule.cooldown).max().unwrap_or_default();
        (last + longest).saturating_sub(now)
    }
}

/// Whether two settings' metrics have the same samples.
pub(super) fn is_same(one: &Metric, other: &Metric) -> bool {
    one == other || one.fleet_cpu && other.fleet_cpu
}

/// A minute's sample, from the CPU use of each instance while it was ready. It is the average over that time, so an
/// instance that was ready for only a second has little influence. `None` if no instance was ready.
pub(super) fn minute(end: Duration, instances: &[Use], cpus: f64) -> Option<Minute> {
    let mut all = Use::default();
    let (mut minimum, mut maximum) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut count = 0;
    for instance in instances {
        let Some(percent) = instance.percent(cpus) else {
            continue;
        };
        all.add(*instance);
        minimum = minimum.min(percent);
        maximum = maximum.max(percent);
        count += 1;
    }
    Some(Minute {
        end,
        average: all.percent(cpus)?,
        minimum,
        maximum,
        instances: count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(cpu: u64, span: u64) -> Use {
        Use {
            cpu: Duration::from_millis(cpu),
            span: Duration::from_millis(span),
        }
    }

    #[test]
    fn a_sample_is_the_average_over_the_time_in_which_instances_were_ready() {
        let end = Duration::from_secs(60);
        let sample = minute(end, &[used(400, 1_000), used(0, 250), used(0, 0)], 0.4)
            .expect("two were ready");
        assert!((sample.average - 80.0).abs() < 1e-9);
        assert_eq!((sample.minimum, sample.maximum), (0.0, 100.0));
        assert_eq!(sample.instances, 2);
        assert!(minute(end, &[used(0, 0)], 0.4).is_none());
    }

    #[test]
    fn another_setting_finds_the_minutes_and_the_cooldown_of_the_one_before() {
        let minute = Duration::from_secs(60);
        let mut scaler = Scaler::new(Setting::built_in(), vec![Vec::new()], Duration::ZERO, 0);
        scaler.sample(super::minute(minute, &[used(320, 1_000)], 0.4).expect("one is ready"));
        assert_eq!(scaler.evaluate(1, minute).to, 2);
        let mut eager = Setting::built_in();
        eager.profiles[0].rules[0].threshold = 50.0;
        eager.profiles[0].rules[0].cooldown = 3 * minute;
        scaler.replace(Arc::new(eager), 0);
        scaler.sample(super::minute(2 * minute, &[used(240, 1_000)], 0.4).expect("one is ready"));
        // The mean of 80 and 60% is above 50%, and the rules' last action was a minute ago.
        assert_eq!(scaler.evaluate(2, 2 * minute).to, 2);
        assert_eq!(scaler.cooldown_left(2 * minute), 4 * minute);
        assert_eq!(scaler.evaluate(2, 4 * minute).to, 3);
    }

    #[test]
    fn constant_load_scales_out_when_the_model_says() {
        // 80% of one instance from the start: from 1 to 2 at 240 s, when the first sample is old enough to be used.
        let lag = Duration::from_secs(180);
        let mut scaler = Scaler::new(Setting::built_in(), vec![Vec::new()], lag, 0);
        let mut count = 1;
        let mut actions = Vec::new();
        for number in 1..=12_u64 {
            let now = Duration::from_secs(60 * number);
            let sample = minute(now, &[used(320, 1_000)], 0.4).expect("one is ready");
            scaler.sample(sample);
            let decision = scaler.evaluate(count, now);
            if decision.to != count {
                actions.push((now.as_secs(), count, decision.to));
                count = decision.to;
            }
        }
        assert_eq!(actions, [(240, 1, 2), (540, 2, 3)]);
    }
}
