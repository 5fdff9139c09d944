//! The cost of a request, measured while a load runs.

use std::collections::VecDeque;

use super::fleet::State;
use super::stages::HIGHEST_RATE;

/// Requests per second while their cost is unknown.
const FIRST_RATE: f64 = 10.0;
/// The largest factor between the rate and that of the last measurement.
const MOST_CHANGE: f64 = 3.0;
/// The number of measurements that change the rate at once. Later ones change it gradually.
const FIRST_MEASUREMENTS: u32 = 3;

/// The cost of a request, in percent of an instance for one request per second, measured from the fleet's own
/// readings.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost {
    percent: Option<f64>,
    measurements: u32,
    /// The rate of the last measurement.
    rate: f64,
    /// When the rate or the fleet last changed, in seconds of the run. Earlier readings are not used.
    since: f64,
    /// The number of ready and of wanted instances at the last call.
    instances: (u32, u32),
    /// The number of ended and of failed requests over time.
    past: VecDeque<(f64, u64, u64)>,
}

impl Cost {
    /// The requests per second for a load in percent of an instance.
    pub(super) fn rate(&self, load: f64) -> f64 {
        let Some(percent) = self.percent else {
            return if load > 0.0 { FIRST_RATE } else { 0.0 };
        };
        // A measurement at a small load says little about a large one.
        let highest = HIGHEST_RATE.min(self.rate * MOST_CHANGE);
        (load / percent).min(highest)
    }

    /// Updates the cost from the fleet's readings, if all of them are from after the last change.
    pub(super) fn measure(&mut self, state: &State, ended: u64, failed: u64, rate: f64) {
        let instances = (state.ready, state.wanted);
        if self.past.is_empty() || instances != self.instances {
            self.since = state.at;
            self.instances = instances;
            self.past.clear();
        }
        self.past.push_back((state.at, ended, failed));
        while self.past.len() > 2 && self.past[1].0 <= state.cpu_from {
            self.past.pop_front();
        }
        let (Some(cpu), (from, ended_before, failed_before)) = (state.cpu_percent, self.past[0])
        else {
            return;
        };
        let span = state.at - from;
        if state.cpu_from < self.since || span <= 0.0 || rate <= 0.0 || state.ready == 0 {
            return;
        }
        let (done, refused) = (
            (ended - ended_before) as f64,
            (failed - failed_before) as f64,
        );
        let used = cpu * f64::from(state.ready);
        // A refused request costs less than a successful one, so refusals only show that the rate is too high.
        let refusing = refused > 0.05 * done;
        let seen = if refusing {
            self.percent.unwrap_or(used / rate) * 1.3
        } else {
            used / (done / span).max(0.1)
        };
        let known = self.percent.unwrap_or(seen);
        // A large error is corrected at once. Otherwise a single disturbed measurement must not change much.
        let far = seen < known / 2.0 || seen > known * 4.0;
        let early = self.measurements < FIRST_MEASUREMENTS;
        let weight = if far || early || refusing { 1.0 } else { 0.3 };
        // An idle fleet must not reduce the cost to zero.
        self.percent = Some((known + weight * (seen - known)).max(1.0 / HIGHEST_RATE));
        self.measurements += 1;
        self.rate = rate;
        self.since = state.at;
        self.past.clear();
        self.past.push_back((state.at, ended, failed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(at: f64, cpu_percent: f64) -> State {
        State {
            at,
            cpu_from: at - 2.0,
            cpu_percent: Some(cpu_percent),
            ready: 1,
            wanted: 1,
            ..State::default()
        }
    }

    /// A fleet with readings of the last two seconds, whose requests cost `percent` each.
    fn follow(percent: f64, seconds: u32) -> (Cost, f64) {
        let mut cost = Cost::default();
        let (mut ended, mut rate, mut cpu) = (0.0, 0.0, VecDeque::from([0.0; 8]));
        for step in 0..4 * seconds {
            let at = f64::from(step) / 4.0;
            rate = cost.rate(80.0);
            ended += (rate / 4.0).min(25.0 / percent);
            cpu.push_back((rate * percent).min(100.0));
            cpu.pop_front();
            let seen = state(at, cpu.iter().sum::<f64>() / 8.0);
            cost.measure(&seen, ended as u64, 0, rate);
        }
        (cost, rate)
    }

    #[test]
    fn the_rate_that_fills_an_instance_is_found() {
        for percent in [8.0, 1.0, 0.02] {
            let (cost, rate) = follow(percent, 60);
            let load = rate * percent;
            assert!((70.0..90.0).contains(&load), "{percent}: {load} {cost:?}");
        }
    }

    #[test]
    fn a_reading_of_zero_is_corrected() {
        let mut cost = Cost::default();
        for (at, ended) in [(0.0, 0), (3.0, 30)] {
            cost.measure(&state(at, 0.0), ended, 0, 10.0);
        }
        assert_eq!(cost.rate(80.0), 30.0);
        cost.measure(&state(6.0, 60.0), 120, 0, 30.0);
        assert_eq!(cost.rate(80.0), 40.0);
    }

    #[test]
    fn refusals_lower_the_rate() {
        let mut cost = Cost::default();
        for (at, ended) in [(0.0, 0), (3.0, 240)] {
            cost.measure(&state(at, 80.0), ended, 0, 80.0);
        }
        assert_eq!(cost.rate(80.0), 80.0);
        cost.measure(&state(6.0, 20.0), 480, 200, 80.0);
        assert!(cost.rate(80.0) < 70.0, "{cost:?}");
    }
}
