//! A load that follows the fleet: it finds the rate that fills the existing instances, holds it until enough of them
//! are ready, then ends and waits for the minimum.
//!
//! The load follows the fleet and not the clock, so it never exceeds the capacity of the instances. The cost of a
//! request is measured during the load, from the fleet's CPU and the number of completed requests.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::cost::Cost;
use super::fleet::{Fleet, State};
use super::generator::Progress;
use run_record::Expectation;

/// The load of each instance in percent if no rule has a threshold. It is above the threshold of the usual rules.
const FULL: f64 = 80.0;
/// The largest load of an instance, so that nothing is refused.
const MOST_LOAD: f64 = 95.0;
/// How far the load lies between the threshold of the rule and [`MOST_LOAD`].
const ABOVE_THRESHOLD: f64 = 0.4;
/// The longest time for each instance to add, and again for each to remove, in Azure seconds.
const LONGEST: f64 = 3_000.0;
/// This many failures end the load, if they are more than half of all requests.
const MOST_FAILED: u64 = 1_000;

/// The goals of the test. A demonstration and `lab load --until` differ only in the times.
#[derive(Clone, Copy, Debug)]
pub struct ScaleTest {
    /// The number of instances to reach.
    pub instances: u32,
    /// How long they share the load, in Azure seconds.
    pub hold: f64,
    /// The load after that, in percent of one instance.
    pub rest: f64,
    /// How long the minimum is observed at the end, in Azure seconds.
    pub settle: f64,
}

/// The phase of a scale test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// The load fills this many instances, until one more is ready.
    Rising {
        /// The number of ready instances.
        ready: u32,
    },
    /// All of them are ready, until this Azure second.
    Holding {
        /// The end of the phase.
        until: f64,
    },
    /// The load has ended; the test waits for the minimum.
    Falling,
    /// The minimum is reached, until this Azure second.
    Settling {
        /// The end of the phase.
        until: f64,
    },
    /// The test has ended.
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

/// The result of a scale test.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The phases, each with the load and the Azure minute at which it began.
    pub phases: Vec<String>,
    /// Whether enough instances were ready.
    reached: bool,
    /// Whether the minimum was reached afterwards.
    pub finished: bool,
    /// The most ready instances, and their number at the end.
    most: u32,
    last: u32,
    wanted: u32,
    /// The phase that took too long.
    too_slow: Option<Phase>,
}

impl Outcome {
    /// For the record of the run.
    pub fn expectation(&self) -> Expectation {
        Expectation {
            condition: format!("{} instances, then the minimum", self.wanted),
            measured: match self.too_slow {
                None => format!("at most {}, {} in the end", self.most, self.last),
                Some(phase) => format!(
                    "at most {}, {} when time was up ({phase})",
                    self.most, self.last
                ),
            },
            held: self.reached && self.finished,
        }
    }
}

impl ScaleTest {
    /// The test of `lab load --until`, which is as short as possible.
    pub fn until(instances: u32) -> Self {
        Self {
            instances,
            hold: 0.0,
            rest: 0.0,
            settle: 0.0,
        }
    }

    /// Checks whether the fleet can reach the goal.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn check(&self, fleet: &Fleet) -> Result<(), String> {
        let wanted = self.instances;
        let Some(state) = fleet.state() else {
            return Err(
                "the target does not list its instances, which --until needs. lab up lists those of any app (GET /admin/lab/fleet; with --enable-auth, FUNCTIONS_KEY must be the master key), Elastic Visits its own (GET /api/instances)"
                    .to_owned(),
            );
        };
        if state.ready >= wanted {
            return Err(format!(
                "--until must be more than the number of ready instances, which is {}",
                state.ready
            ));
        }
        match fleet.maximum() {
            Some(maximum) if maximum < wanted => Err(format!(
                "the rules allow at most {maximum} instances, so {wanted} cannot be reached; to change the maximum, use --max of lab up"
            )),
            _ => Ok(()),
        }
    }

    /// Sets the rate until the test has ended, takes too long, or `stop` is cancelled. Calls `entered` for each phase
    /// with the load in percent of an instance, and `seen` with the fleet after each reading. Ends the load by
    /// dropping `rate`.
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
        let longest = Duration::from_secs_f64(LONGEST * steps / scale);
        let mut deadline = Instant::now() + longest;
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
                let told = format!("Minute {minute:.0}: {phase} ({load:.0}% of an instance)");
                entered(&told);
                outcome.phases.push(told);
            }
            rate.send_replace(cost.rate(load));
            let changed = tokio::select! {
                changed = timeout_at(deadline, fleet.changed()) => changed,
                () = stop.cancelled() => return outcome,
            };
            // The time is up, or the load has ended for another reason.
            if !matches!(changed, Ok(Ok(()))) {
                outcome.too_slow = changed.is_err().then_some(phase);
                return outcome;
            }
            let state = {
                let fleet = fleet.borrow_and_update();
                seen(&fleet);
                fleet.state().unwrap_or_default()
            };
            let (ended, failed) = {
                let progress = progress.borrow();
                (progress.requests.sent, progress.requests.failed)
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
            if matches!((phase, next), (Phase::Rising { .. }, Phase::Holding { .. })) {
                deadline = Instant::now() + longest;
            }
            entering = grown || std::mem::discriminant(&next) != std::mem::discriminant(&phase);
            phase = next;
        }
    }

    /// The phase that follows from the fleet's state.
    fn next(&self, phase: Phase, state: &State, minimum: u32) -> Phase {
        let now = state.azure_seconds;
        match phase {
            Phase::Rising { .. } if state.ready >= self.instances => Phase::Holding {
                until: now + self.hold,
            },
            // At least one: while the only instance is being replaced, its load waits.
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

    /// The load of a phase, in percent of one instance. `full` is the load that fills an instance.
    fn load(&self, phase: Phase, full: f64) -> f64 {
        match phase {
            Phase::Rising { ready } => full * f64::from(ready),
            Phase::Holding { .. } => full * f64::from(self.instances.saturating_sub(1).max(1)),
            Phase::Falling | Phase::Settling { .. } => self.rest,
            Phase::Done => 0.0,
        }
    }
}

/// The load that triggers the first scale-out rule on CPU, in percent of an instance.
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
            // The third instance is still draining.
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
    fn the_load_falls_when_an_instance_is_lost() {
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
}
