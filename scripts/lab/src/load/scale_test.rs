//! A load that follows the fleet: finds the rate that fills the instances present, holds it until enough of them
//! serve, then ends and waits for the minimum.
//!
//! The load follows the fleet and not the clock, so it never exceeds what the instances can do. What a request costs is
//! measured while it runs, from the CPU that the fleet reports and the requests that were completed meanwhile.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::fleet::{Fleet, State};
use super::generator::Progress;
use super::stages::HIGHEST_RATE;
use crate::report::run::Expectation;

/// Requests a second while nothing is known of their cost.
const FIRST_RATE: f64 = 10.0;
/// By how much one measurement may raise or lower the rate.
const MOST_CHANGE: f64 = 3.0;
/// Load of each instance in percent where no rule names a threshold; above that of the usual rules.
const FULL: f64 = 80.0;
/// Instances are not loaded beyond this, so that nothing is refused.
const MOST_LOAD: f64 = 95.0;
/// How far the load goes from the threshold of the rule to [`MOST_LOAD`].
const ABOVE_THRESHOLD: f64 = 0.4;
/// Measurements that change the rate at once; later ones change it a little.
const FIRST_MEASUREMENTS: u32 = 3;
/// Azure seconds for each instance that is to be added and removed again.
const LONGEST: f64 = 3_000.0;
/// So many failures, if they are more than half of all requests, end the load.
const MOST_FAILED: u64 = 1_000;

/// What the load is to show. The defaults of a demonstration and of `lab load --until` differ in the times only.
#[derive(Clone, Copy, Debug)]
pub struct ScaleTest {
    /// Instances that are to serve.
    pub instances: u32,
    /// Azure seconds for which they share the load.
    pub hold: f64,
    /// Load afterwards, in percent of one instance.
    pub rest: f64,
    /// Azure seconds for which the minimum is watched in the end.
    pub settle: f64,
}

/// Where a scale test is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// So many instances are filled, until one more serves.
    Rising {
        /// Instances that serve.
        ready: u32,
    },
    /// All of them serve, until this Azure second.
    Holding {
        /// When it ends.
        until: f64,
    },
    /// The load has ended; waits for the minimum.
    Falling,
    /// The minimum is reached, until this Azure second.
    Settling {
        /// When it ends.
        until: f64,
    },
    /// It is over.
    Done,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rising { ready } if *ready <= 1 => {
                formatter.write_str("the load fills one instance")
            }
            Self::Rising { ready } => write!(formatter, "the load fills {ready} instances"),
            Self::Holding { .. } => formatter.write_str("all instances share the load"),
            Self::Falling => formatter.write_str("the load falls; waiting for the minimum"),
            Self::Settling { .. } => formatter.write_str("the minimum is reached"),
            Self::Done => formatter.write_str("done"),
        }
    }
}

/// What became of a scale test.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The phases, each with the load and the Azure minute at which it began.
    pub phases: Vec<String>,
    /// Whether enough instances served.
    reached: bool,
    /// Whether the minimum was reached afterwards.
    pub finished: bool,
    /// The most that served, and how many serve at the end.
    most: u32,
    last: u32,
    wanted: u32,
}

impl Outcome {
    /// For the record of the run.
    pub fn expectation(&self) -> Expectation {
        Expectation {
            condition: format!("{} instances, then the minimum", self.wanted),
            measured: format!("at most {}, {} in the end", self.most, self.last),
            held: self.reached && self.finished,
        }
    }
}

impl ScaleTest {
    /// For `lab load --until`: no longer than it takes.
    pub fn until(instances: u32) -> Self {
        Self {
            instances,
            hold: 0.0,
            rest: 0.0,
            settle: 0.0,
        }
    }

    /// Whether the fleet can do it.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn check(&self, fleet: &Fleet) -> Result<(), String> {
        let wanted = self.instances;
        let Some(state) = fleet.state() else {
            return Err(
                "the target does not list its instances (GET /api/instances), which --until needs"
                    .to_owned(),
            );
        };
        if state.ready >= wanted {
            return Err(format!(
                "{} instances serve already; --until must be more than that",
                state.ready
            ));
        }
        match fleet.maximum() {
            Some(maximum) if maximum < wanted => Err(format!(
                "the rules allow {maximum} instances at most, so {wanted} will never serve"
            )),
            _ => Ok(()),
        }
    }

    /// Sets the rate until everything is done, it takes too long, or `stop` is cancelled. `entered` is given each phase
    /// with the load in percent of an instance, and `seen` the fleet after each look. Ends the load by dropping `rate`.
    pub async fn drive(
        self,
        rate: watch::Sender<f64>,
        progress: watch::Receiver<Progress>,
        mut fleet: watch::Receiver<Fleet>,
        stop: &CancellationToken,
        mut entered: impl FnMut(&str),
        mut seen: impl FnMut(&Fleet),
    ) -> Outcome {
        let (first, full, scale) = {
            let fleet = fleet.borrow();
            let scale = fleet.time_scale();
            (fleet.state(), full_load(fleet.rules()), scale)
        };
        let minimum = fleet.borrow().minimum();
        let minimum = minimum.or(first.map(|state| state.ready)).unwrap_or(1);
        let steps = f64::from(self.instances.saturating_sub(minimum).max(1));
        let deadline = Instant::now() + Duration::from_secs_f64(LONGEST * steps / scale);
        let mut outcome = Outcome {
            wanted: self.instances,
            ..Outcome::default()
        };
        let mut cost = Cost::default();
        let mut phase = Phase::Rising {
            ready: first.map_or(1, |state| state.ready.max(1)),
        };
        let mut entering = true;
        loop {
            let load = self.load(phase, full);
            let now = fleet.borrow().state().unwrap_or_default();
            if std::mem::take(&mut entering) {
                let minute = now.azure_seconds / 60.0;
                let told = format!("Minute {minute:.0}: {phase} ({load:.0} % of an instance)");
                entered(&told);
                outcome.phases.push(told);
            }
            rate.send_replace(cost.rate(load));
            let changed = tokio::select! {
                changed = timeout_at(deadline, fleet.changed()) => changed,
                () = stop.cancelled() => return outcome,
            };
            // Too late, or the load has ended for a reason of its own.
            if !matches!(changed, Ok(Ok(()))) {
                return outcome;
            }
            let state = {
                let fleet = fleet.borrow_and_update();
                seen(&fleet);
                fleet.state().unwrap_or_default()
            };
            let (ended, failed) = {
                let progress = progress.borrow();
                (progress.sent, progress.failed)
            };
            if failed > MOST_FAILED && failed * 2 > ended {
                return outcome;
            }
            cost.measure(&state, ended, failed, *rate.borrow());
            outcome.most = outcome.most.max(state.ready);
            outcome.last = state.ready;
            let next = self.next(phase, &state, minimum);
            outcome.reached |= matches!(next, Phase::Holding { .. } | Phase::Falling);
            if next == Phase::Done {
                outcome.finished = true;
                return outcome;
            }
            let grown = matches!((phase, next), (Phase::Rising { ready: before }, Phase::Rising { ready }) if ready > before);
            entering = grown || std::mem::discriminant(&next) != std::mem::discriminant(&phase);
            phase = next;
        }
    }

    /// The phase that follows from what the fleet is now.
    fn next(&self, phase: Phase, state: &State, minimum: u32) -> Phase {
        let now = state.azure_seconds;
        match phase {
            Phase::Rising { .. } if state.ready >= self.instances => Phase::Holding {
                until: now + self.hold,
            },
            // Never less than one: while the only instance is replaced, its load waits.
            Phase::Rising { .. } => Phase::Rising {
                ready: state.ready.max(1),
            },
            Phase::Holding { until } if now >= until => Phase::Falling,
            Phase::Falling if state.wanted <= minimum && state.alive <= minimum => {
                Phase::Settling {
                    until: now + self.settle,
                }
            }
            Phase::Settling { until } if now >= until => Phase::Done,
            phase => phase,
        }
    }

    /// The load of a phase, in percent of one instance, where `full` fills one.
    fn load(&self, phase: Phase, full: f64) -> f64 {
        match phase {
            Phase::Rising { ready } => full * f64::from(ready),
            Phase::Holding { .. } => full * f64::from(self.instances.saturating_sub(1).max(1)),
            Phase::Falling | Phase::Settling { .. } => self.rest,
            Phase::Done => 0.0,
        }
    }
}

/// The load that makes the first CPU rule scale out, in percent of an instance.
fn full_load(rules: &Value) -> f64 {
    let mut rules = rules.as_array().into_iter().flatten();
    let rule = rules.find(|rule| {
        let metric = rule["metric"].as_str().unwrap_or_default();
        rule["direction"] == "Increase" && metric.to_ascii_lowercase().contains("cpu")
    });
    let threshold = rule.and_then(|rule| rule["threshold"].as_f64());
    threshold.map_or(FULL, |threshold| {
        threshold.max(0.0) + ABOVE_THRESHOLD * (MOST_LOAD - threshold).max(0.0)
    })
}

/// What a request costs, in percent of an instance for one request a second, measured from the fleet's own figures.
#[derive(Clone, Debug, Default)]
struct Cost {
    percent: Option<f64>,
    measurements: u32,
    /// The rate of the last measurement.
    rate: f64,
    /// When rate or fleet last changed, in seconds of the run; figures from before that are not used.
    since: f64,
    /// Instances that served and were wanted when it was last looked.
    instances: (u32, u32),
    /// When how many requests had ended, and how many of them had failed.
    past: VecDeque<(f64, u64, u64)>,
}

impl Cost {
    /// Requests a second for a load in percent of an instance.
    fn rate(&self, load: f64) -> f64 {
        let Some(percent) = self.percent else {
            return if load > 0.0 { FIRST_RATE } else { 0.0 };
        };
        let rate = load / percent;
        // One measurement at a small load says little of a large one.
        if self.measurements <= FIRST_MEASUREMENTS && self.rate > 0.0 {
            return rate.min(self.rate * MOST_CHANGE).min(HIGHEST_RATE);
        }
        rate.min(HIGHEST_RATE)
    }

    /// Learns from what the fleet reports, once all of it is from after the last change.
    fn measure(&mut self, state: &State, ended: u64, failed: u64, rate: f64) {
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
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (done, refused) = (
            (ended - ended_before) as f64,
            (failed - failed_before) as f64,
        );
        let used = cpu * f64::from(state.ready);
        // Refusals cost less than what was asked for, so they say nothing but that it was too much.
        let seen = if refused > 0.05 * done {
            self.percent.unwrap_or(used / rate) * 1.3
        } else {
            used / (done / span).max(0.1)
        };
        let known = self.percent.unwrap_or(seen);
        let early = self.measurements < FIRST_MEASUREMENTS || seen < known / 2.0;
        let weight = if early { 1.0 } else { 0.3 };
        let bounds = (known / MOST_CHANGE, known * MOST_CHANGE);
        // A little at least, so that an idle fleet does not make the rate infinite.
        let least = 1.0 / HIGHEST_RATE;
        let percent = known + weight * (seen.clamp(bounds.0, bounds.1) - known);
        self.percent = Some(percent.max(least));
        self.measurements += 1;
        self.rate = rate;
        self.since = state.at;
        self.past.clear();
        self.past.push_back((state.at, ended, failed));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DEMO: ScaleTest = ScaleTest {
        instances: 3,
        hold: 420.0,
        rest: 20.0,
        settle: 180.0,
    };

    fn state(ready: u32, wanted: u32, alive: u32, azure_seconds: f64) -> State {
        State {
            ready,
            wanted,
            alive,
            azure_seconds,
            ..State::default()
        }
    }

    #[test]
    fn the_load_follows_the_fleet() {
        let mut phase = Phase::Rising { ready: 1 };
        let mut loads = vec![DEMO.load(phase, 80.0)];
        for seen in [
            state(1, 2, 2, 300.0),
            state(2, 2, 2, 420.0),
            state(2, 3, 3, 540.0),
            state(3, 3, 3, 660.0),
            state(3, 3, 3, 1_079.0),
            state(3, 3, 3, 1_080.0),
            state(2, 2, 3, 1_500.0),
            // The third one still drains.
            state(1, 1, 2, 1_800.0),
            state(1, 1, 1, 1_801.0),
            state(1, 1, 1, 1_981.0),
        ] {
            phase = DEMO.next(phase, &seen, 1);
            let load = DEMO.load(phase, 80.0);
            assert!(load <= 95.0 * f64::from(seen.ready), "{load} on {seen:?}");
            if loads.last() != Some(&load) {
                loads.push(load);
            }
        }
        assert_eq!(phase, Phase::Done);
        assert_eq!(loads, [80.0, 160.0, 20.0, 0.0]);
    }

    #[test]
    fn a_lost_instance_takes_its_load_along() {
        let load = |ready| {
            let phase = DEMO.next(Phase::Rising { ready: 2 }, &state(ready, 2, 2, 410.0), 1);
            DEMO.load(phase, 80.0)
        };
        assert_eq!([load(2), load(1), load(0)], [160.0, 80.0, 80.0]);
    }

    #[test]
    fn the_load_is_above_the_threshold_of_the_rule() {
        let rule = |direction, threshold| json!({"metric": "CpuPercentage", "direction": direction, "threshold": threshold});
        let full = |rules: Value| full_load(&rules);
        assert_eq!(
            full(json!([rule("Decrease", 30.0), rule("Increase", 70.0)])),
            80.0
        );
        assert_eq!(full(json!([rule("Increase", 45.0)])), 65.0);
        assert_eq!(full(json!([rule("Increase", 98.0)])), 98.0);
        assert_eq!(full(Value::Null), FULL);
    }

    /// A fleet whose figures are a second old and whose requests cost `percent` each.
    fn follow(percent: f64, seconds: u32) -> (Cost, f64) {
        let mut cost = Cost::default();
        let (mut ended, mut rate, mut cpu) = (0.0, 0.0, VecDeque::from([0.0; 8]));
        for step in 0..4 * seconds {
            let at = f64::from(step) / 4.0;
            rate = cost.rate(80.0);
            ended += (rate / 4.0).min(25.0 / percent);
            cpu.push_back((rate * percent).min(100.0));
            cpu.pop_front();
            let seen = State {
                at,
                cpu_from: at - 2.0,
                cpu_percent: Some(cpu.iter().sum::<f64>() / 8.0),
                ..state(1, 1, 1, at)
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count"
            )]
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
    fn refusals_lower_the_rate() {
        let (mut cost, rate) = follow(1.0, 60);
        let seen = |at| State {
            at,
            cpu_from: at - 2.0,
            cpu_percent: Some(20.0),
            ..state(1, 1, 1, at)
        };
        cost.measure(&seen(100.0), 10_000, 0, rate);
        cost.measure(&seen(103.0), 10_300, 200, rate);
        assert!(cost.rate(80.0) < rate, "{cost:?}");
    }
}
