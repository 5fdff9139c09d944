//! The rules run in virtual time.

use std::time::Duration;

use autoscale::{
    Decision, History, LastAction, Minute, Outcome, Profile, Reading, decide, read,
};
use serde::Serialize;

use super::crossing::Crossing;
use super::fleet::Fleet;
use super::load::{Load, Step};
use super::model::Model;
use super::shortage::{Shortage, Watch};

const MINUTE: u64 = 60;

/// What happened when the rules met the load.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// How long it was, in virtual time.
    pub seconds: u64,
    /// Changes of the count, in order.
    pub actions: Vec<Action>,
    /// Each whole minute, in order.
    pub minutes: Vec<Sample>,
    /// Instances that became ready, in order.
    pub arrivals: Vec<Arrival>,
    /// When the load was above 100 % of every ready instance.
    pub shortages: Vec<Shortage>,
    /// Instances wanted, ready or not, times seconds: what is paid for.
    pub instance_seconds: u64,
    /// Evaluations made.
    pub evaluations: u64,
    /// Evaluations in which the guard against flapping held scale-in back, in full or in part.
    pub held_back: u64,
}

/// A change of the count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    /// When.
    pub at_seconds: u64,
    /// The count before.
    pub from: u32,
    /// The count after.
    pub to: u32,
    /// One sentence with the figures.
    pub reason: String,
    /// The mean load in the window of the rule that acted; `None` where no rule did.
    #[serde(skip)]
    pub load_seen: Option<f64>,
    /// Instances ready just after it.
    #[serde(skip)]
    pub ready: u32,
    /// Since when the CPU was above the threshold for a scale-out; `None` where it was not, or where it is a scale-in.
    #[serde(skip)]
    pub called_since: Option<u64>,
}

/// One whole minute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// When the minute ended.
    pub at_seconds: u64,
    /// Mean load in percent of one instance.
    pub load: f64,
    /// Mean CPU of the ready instances.
    pub cpu_percent: f64,
    /// Instances ready at its end.
    pub ready: u32,
    /// Instances wanted at its end.
    pub count: u32,
}

/// Instances that became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at_seconds: u64,
    /// How many are ready from then on.
    pub ready: u32,
}

/// Runs the rules of `profile` against `load`; the model is described in the [module](super).
pub fn simulate(profile: &Profile, load: &Load, model: &Model) -> Simulation {
    simulate_watched(profile, load, model, |_| {})
}

/// The same, and tells now and then how many seconds have been simulated.
pub(super) fn simulate_watched(
    profile: &Profile,
    load: &Load,
    model: &Model,
    mut tell: impl FnMut(u64),
) -> Simulation {
    const OFTEN: u64 = 3_600;
    let mut running = Running::new(profile, load, *model);
    while running.now < running.end {
        let hour = running.now / OFTEN;
        running.pass_until(running.next_event());
        running.happen();
        if running.now / OFTEN > hour {
            tell(running.now);
        }
    }
    running.finish()
}

struct Running<'a> {
    profile: &'a Profile,
    model: Model,
    now: u64,
    end: u64,
    /// Steps that are still to come.
    to_come: &'a [Step],
    load: f64,
    fleet: Fleet,
    /// Sums over the minute under way.
    cpu_seconds: f64,
    load_seconds: f64,
    /// The metric, as the rules see it; one for each sample.
    metric: Vec<Minute>,
    seen: Seen,
    last_action: Option<LastAction>,
    watch: Watch,
    crossing: Crossing,
    /// When those ordered last are ready, or were.
    settled: u64,
    simulation: Simulation,
}

/// What the rules saw last. An evaluation that sees the same, of the same count and with the same say of the cooldown,
/// comes to the same, so that it need not be made again.
#[derive(Default)]
struct Seen {
    /// Grows with each minute that comes into some rule's window or leaves it.
    windows: u64,
    readings: Vec<Reading>,
    /// The count that was left as it was, and whether the cooldown was over.
    unchanged: Option<(u32, bool, Outcome)>,
}

impl<'a> Running<'a> {
    fn new(profile: &'a Profile, load: &'a Load, model: Model) -> Self {
        let (first, to_come) = load.steps().split_first().expect("a load has steps");
        let fleet = Fleet::ready(profile.capacity.default);
        let mut running = Self {
            profile,
            model,
            now: 0,
            end: load.seconds(),
            to_come,
            load: first.percent,
            fleet,
            cpu_seconds: 0.0,
            load_seconds: 0.0,
            metric: Vec::new(),
            seen: Seen {
                windows: u64::MAX,
                ..Seen::default()
            },
            last_action: None,
            watch: Watch::default(),
            crossing: Crossing::of(profile),
            settled: 0,
            simulation: Simulation {
                seconds: load.seconds(),
                actions: Vec::new(),
                minutes: Vec::new(),
                arrivals: Vec::new(),
                shortages: Vec::new(),
                instance_seconds: 0,
                evaluations: 0,
                held_back: 0,
            },
        };
        running.look();
        running
    }

    fn next_event(&self) -> u64 {
        let after = |every: u64| (self.now / every + 1) * every;
        let mut next = self
            .end
            .min(after(MINUTE))
            .min(after(self.model.evaluate_seconds));
        if let Some(step) = self.to_come.first() {
            next = next.min(step.at_seconds);
        }
        if let Some(ready) = self.fleet.next_ready() {
            next = next.min(ready);
        }
        next
    }

    /// Lets time pass in which nothing changes.
    fn pass_until(&mut self, next: u64) {
        let seconds = (next - self.now) as f64;
        self.cpu_seconds += self.cpu() * seconds;
        self.load_seconds += self.load * seconds;
        self.simulation.instance_seconds += u64::from(self.fleet.count()) * (next - self.now);
        self.now = next;
    }

    /// Everything that happens at this moment: what follows from the past comes before what changes the future.
    fn happen(&mut self) {
        if self.now.is_multiple_of(MINUTE) {
            self.end_minute();
        }
        if self.fleet.settle(self.now) > 0 {
            let arrival = Arrival {
                at_seconds: self.now,
                ready: self.fleet.ready_count(),
            };
            self.simulation.arrivals.push(arrival);
        }
        if self.now.is_multiple_of(self.model.evaluate_seconds) {
            self.evaluate();
        }
        if let Some((step, to_come)) = self.to_come.split_first()
            && step.at_seconds == self.now
        {
            self.load = step.percent;
            self.to_come = to_come;
        }
        self.look();
    }

    fn look(&mut self) {
        self.watch
            .see(self.now, self.load, self.fleet.ready_count());
        self.crossing.see(self.now, self.cpu());
    }

    /// CPU of each ready instance.
    fn cpu(&self) -> f64 {
        (self.load / f64::from(self.fleet.ready_count())).min(100.0)
    }

    fn end_minute(&mut self) {
        let cpu = self.cpu_seconds / MINUTE as f64;
        let ready = self.fleet.ready_count();
        self.simulation.minutes.push(Sample {
            at_seconds: self.now,
            load: self.load_seconds / MINUTE as f64,
            cpu_percent: cpu,
            ready,
            count: self.fleet.count(),
        });
        // The load is spread evenly, so that each instance shows the same.
        self.metric.push(Minute {
            end: Duration::from_secs(self.now),
            average: cpu,
            minimum: cpu,
            maximum: cpu,
            instances: ready,
        });
        (self.cpu_seconds, self.load_seconds) = (0.0, 0.0);
    }

    fn evaluate(&mut self) {
        self.simulation.evaluations += 1;
        let count = self.fleet.count();
        let cooling_down = self
            .last_action
            .is_some_and(|last| last.at + last.cooldown > Duration::from_secs(self.now));
        let windows = self.windows();
        if windows != self.seen.windows {
            self.seen.windows = windows;
            self.seen.readings = read(self.profile, self.history());
            self.seen.unchanged = None;
        }
        let outcome = match self.seen.unchanged {
            Some((seen, cooled, outcome)) if (seen, cooled) == (count, cooling_down) => outcome,
            _ => {
                let readings = self.seen.readings.clone();
                let now = Duration::from_secs(self.now);
                let decision = decide(self.profile, readings, count, self.last_action, now);
                let outcome = decision.outcome;
                if decision.to == count {
                    self.seen.unchanged = Some((count, cooling_down, outcome));
                } else {
                    self.act(&decision, count);
                }
                outcome
            }
        };
        if matches!(outcome, Outcome::Flapping(_) | Outcome::ScaledInLess(_)) {
            self.simulation.held_back += 1;
        }
    }

    fn act(&mut self, decision: &Decision, from: u32) {
        if let Some(cooldown) = decision.cooldown {
            self.last_action = Some(LastAction {
                at: Duration::from_secs(self.now),
                cooldown,
            });
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
            reason: decision.describe(self.profile, from),
            load_seen: self.load_seen(decision.outcome),
            ready: self.fleet.ready_count(),
            called_since,
        });
    }

    /// What the metric's lag lets be seen.
    fn history(&self) -> History<'_> {
        History {
            minutes: &self.metric,
            until: Duration::from_secs(self.now.saturating_sub(self.model.metric_lag_seconds)),
        }
    }

    /// Grows with each minute that comes into some rule's window or leaves it.
    fn windows(&self) -> u64 {
        let until = self.now.saturating_sub(self.model.metric_lag_seconds);
        let left = |window: Duration| until.saturating_sub(window.as_secs()) / MINUTE;
        until / MINUTE
            + self
                .profile
                .rules
                .iter()
                .map(|rule| left(rule.time_window))
                .sum::<u64>()
    }

    fn load_seen(&self, outcome: Outcome) -> Option<f64> {
        let (Outcome::ScaledOut(rule) | Outcome::ScaledIn(rule) | Outcome::ScaledInLess(rule)) =
            outcome
        else {
            return None;
        };
        let until = self.now.saturating_sub(self.model.metric_lag_seconds);
        let window = self.profile.rules[rule].time_window.as_secs();
        let minutes = &self.simulation.minutes;
        let seen = minutes.partition_point(|minute| minute.at_seconds <= until);
        let old = minutes.partition_point(|minute| minute.at_seconds + window <= until);
        let within = minutes.get(old..seen)?;
        Some(within.iter().map(|minute| minute.load).sum::<f64>() / within.len() as f64)
    }

    fn finish(self) -> Simulation {
        let mut simulation = self.simulation;
        simulation.shortages = self.watch.finish(self.now);
        simulation
    }
}

impl Simulation {
    /// Seconds in which the load was above 100 % of every ready instance.
    pub fn overloaded_seconds(&self) -> u64 {
        self.shortages
            .iter()
            .map(|shortage| shortage.to_seconds - shortage.from_seconds)
            .sum()
    }
}
