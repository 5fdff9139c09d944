//! Since when the CPU requires more instances: the start of the time to capacity.

use autoscale::{Direction, Profile, Rule, Setting, Statistic};

/// Records when the CPU exceeds the lowest threshold of the scale-out rules.
#[derive(Debug, Default)]
pub(crate) struct Crossing {
    /// `None` if no scale-out rule compares the instances' CPU with an upper threshold.
    threshold: Option<f64>,
    /// A shorter dip does not end the wait.
    longest_dip: u64,
    /// Since when the CPU is above the threshold, ignoring short dips.
    above_since: Option<u64>,
    /// Since when it is below, while the time before still counts.
    below_since: Option<u64>,
}

impl Crossing {
    /// With the rules of the active profile.
    pub(crate) fn of(setting: &Setting, profile: Option<&Profile>) -> Self {
        let mut crossing = Self::default();
        crossing.follow(setting, profile);
        crossing
    }

    /// Uses the rules of this profile from now on.
    pub(crate) fn follow(&mut self, setting: &Setting, profile: Option<&Profile>) {
        let rules = profile.map_or(&[][..], |profile| &profile.rules);
        let rules = rules.iter().filter(|rule| calls_by_cpu(setting, rule));
        let lowest = rules.min_by(|one, other| one.threshold.total_cmp(&other.threshold));
        self.threshold = lowest.map(|rule| rule.threshold);
        self.longest_dip = lowest.map_or(0, |rule| rule.time_window.as_secs() / 2);
    }

    /// The CPU from `now` on.
    pub(crate) fn see(&mut self, now: u64, cpu: f64) {
        let Some(threshold) = self.threshold else {
            return;
        };
        if cpu <= threshold {
            self.below_since = self.below_since.or(Some(now));
            return;
        }
        let dipped_long = self
            .below_since
            .is_some_and(|since| now - since > self.longest_dip);
        if self.above_since.is_none() || dipped_long {
            self.above_since = Some(now);
        }
        self.below_since = None;
    }

    /// Since when an instance was required that is requested only now. Times before `settled`, when the instances
    /// requested earlier became ready, required those.
    pub(crate) fn called_since(&self, settled: u64) -> Option<u64> {
        let above_since = self.above_since?;
        let still = self.below_since.is_none_or(|since| since > settled);
        still.then_some(above_since.max(settled))
    }
}

fn calls_by_cpu(setting: &Setting, rule: &Rule) -> bool {
    let metric = setting.metrics.get(rule.metric);
    let of_cpu = metric.is_some_and(|metric| metric.fleet_cpu);
    let of_instances = matches!(
        rule.statistic,
        Statistic::Average | Statistic::Min | Statistic::Max
    );
    let is_out = rule.direction == Direction::Increase;
    of_cpu && is_out && of_instances && rule.operator.is_above()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(values: &[(u64, f64)]) -> Crossing {
        let setting = Setting::built_in();
        let mut crossing = Crossing::of(&setting, setting.profiles.first());
        for (now, cpu) in values {
            crossing.see(*now, *cpu);
        }
        crossing
    }

    #[test]
    fn the_wait_begins_when_the_cpu_goes_above_the_threshold() {
        assert_eq!(seen(&[(0, 70.0)]).called_since(0), None);
        assert_eq!(seen(&[(0, 50.0), (90, 71.0)]).called_since(0), Some(90));
    }

    #[test]
    fn a_short_dip_is_ignored_but_a_long_one_is_not() {
        assert_eq!(
            seen(&[(0, 80.0), (60, 60.0), (210, 80.0)]).called_since(0),
            Some(0)
        );
        assert_eq!(
            seen(&[(0, 80.0), (60, 60.0), (211, 80.0)]).called_since(0),
            Some(211)
        );
    }

    #[test]
    fn load_of_instances_that_became_ready_no_longer_counts() {
        assert_eq!(
            seen(&[(0, 100.0), (360, 75.0)]).called_since(360),
            Some(360)
        );
        assert_eq!(seen(&[(0, 80.0), (360, 40.0)]).called_since(360), None);
        assert_eq!(
            seen(&[(0, 100.0), (300, 30.0)]).called_since(0),
            Some(0),
            "a spike that is over"
        );
    }
}
