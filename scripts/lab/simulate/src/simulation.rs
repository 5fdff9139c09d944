//! The rules run in virtual time.

use std::time::Duration;

use autoscale::{Decision, History, Minute, Outcome, Profile, Setting, decide, read, schedule};
use serde::Serialize;

use crate::crossing::Crossing;
use crate::fleet::Fleet;
use crate::load::{self, Load, Step};
use crate::metric_column;
use crate::model::Model;
use crate::shortage::{Shortage, Watch};
use crate::standstill::{Standstill, Standstills};

const MINUTE: u64 = 60;
/// Rules see what was before the first second: no window, grain and lag together reach further back. A multiple of
/// every time grain.
const BEFORE: u64 = 4 * 86_400;

/// Rules, a load, and when it begins.
#[derive(Debug, Clone, Copy)]
pub struct Scenario<'a> {
    /// The rules.
    pub setting: &'a Setting,
    /// What the fleet has to carry.
    pub load: &'a Load,
    /// What is assumed of the platform.
    pub model: Model,
    /// The time of second 0, in seconds since 1970 in UTC. Profiles with a calendar depend on it.
    pub start: i64,
}

/// What happened when the rules met the load.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// How long it was, in virtual time.
    pub seconds: u64,
    /// The count at the start: the default of the profile that applies then.
    pub initial: u32,
    /// The index of that profile; of the first one where none applies.
    pub first_profile: usize,
    /// Changes of the count, in order.
    pub actions: Vec<Action>,
    /// Why the count stayed as it was, in order; a new one whenever the reason changes.
    pub stood_still: Vec<Standstill>,
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
    /// Evaluations in which the flapping check kept instances, in full or in part.
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
    /// What changed it.
    pub cause: Cause,
    /// The name of the profile that applied.
    pub profile: String,
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

/// What changed the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A rule.
    Rule,
    /// The limits of a profile that began to apply at this evaluation.
    Profile,
    /// The limits.
    Limits,
    /// No metric could be read, so the count went up to the default.
    Default,
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

/// Runs the rules against the load; the model is described in the [module](super).
pub fn simulate(scenario: &Scenario<'_>) -> Simulation {
    simulate_watched(scenario, |_| {})
}

/// The same, and tells now and then how many seconds have been simulated.
pub(crate) fn simulate_watched(scenario: &Scenario<'_>, mut tell: impl FnMut(u64)) -> Simulation {
    const OFTEN: u64 = 3_600;
    let mut running = Running::new(*scenario);
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

/// The same, and tells of every evaluation. None is left out, so that it takes longer.
pub(crate) fn simulate_observed<'a>(
    scenario: &Scenario<'a>,
    observe: &'a mut dyn FnMut(&Evaluation<'_>),
) -> Simulation {
    let mut running = Running::new(*scenario);
    running.observe = Some(observe);
    while running.now < running.end {
        running.pass_until(running.next_event());
        running.happen();
    }
    running.finish()
}

/// One evaluation: what it saw, and what it came to.
pub(crate) struct Evaluation<'a> {
    /// When, in seconds since 1970 in UTC.
    pub(crate) at: i64,
    /// The index of the profile that applies, and the decision; `None` where none applies.
    pub(crate) decided: Option<(usize, &'a Decision)>,
    /// What the metrics' lag lets be seen.
    pub(crate) history: History<'a>,
    /// When the visible part ends, in seconds since 1970 in UTC.
    pub(crate) until: i64,
    /// The count before the evaluation.
    pub(crate) count: u32,
    /// When a rule last changed the count, in seconds since 1970 in UTC.
    pub(crate) last_action: Option<i64>,
}

struct Running<'a> {
    setting: &'a Setting,
    model: Model,
    start: i64,
    /// The index of the profile that applies; `None` where none does.
    active: Option<usize>,
    /// When another may apply.
    calendar_changes: Option<i64>,
    now: u64,
    end: u64,
    /// Steps that are still to come.
    to_come: &'a [Step],
    load: f64,
    first_load: f64,
    fleet: Fleet,
    /// Sums over the minute under way, and how many of its seconds had a ready instance.
    cpu_seconds: f64,
    load_seconds: f64,
    ready_seconds: u64,
    /// The setting's metrics, as the rules see them.
    metrics: Vec<Vec<Minute>>,
    seen: Seen,
    last_action: Option<Duration>,
    watch: Watch,
    crossing: Crossing,
    /// When those ordered last are ready, or were.
    settled: u64,
    standstills: Standstills,
    simulation: Simulation,
    /// Is told of every evaluation.
    observe: Option<&'a mut dyn FnMut(&Evaluation<'_>)>,
}

/// What the rules saw last. An evaluation that sees the same, of the same count and with the same rules waiting, comes to
/// the same, so that it need not be made again.
#[derive(Default)]
struct Seen {
    /// Grows with each minute that comes into some rule's window or leaves it.
    windows: u64,
    count: u32,
    values: Vec<Option<f64>>,
    /// How many rules waited when the count was left as it was, and why it was.
    unchanged: Option<(usize, Outcome)>,
}

impl<'a> Running<'a> {
    fn new(scenario: Scenario<'a>) -> Self {
        let Scenario {
            setting,
            load,
            model,
            start,
        } = scenario;
        let (first, to_come) = load.steps().split_first().expect("a load has steps");
        let schedules = || setting.profiles.iter().map(|profile| &profile.schedule);
        let active = schedule::active(schedules(), start);
        let applies = |index: usize| &setting.profiles[index];
        let initial = applies(active.unwrap_or_default()).capacity.default;
        let mut running = Self {
            setting,
            model,
            start,
            active,
            calendar_changes: schedule::next_change(schedules(), start),
            now: 0,
            end: load.seconds(),
            to_come,
            load: first.percent,
            first_load: first.percent,
            fleet: Fleet::ready(initial),
            cpu_seconds: 0.0,
            load_seconds: 0.0,
            ready_seconds: 0,
            metrics: recorded(setting, load),
            seen: Seen::default(),
            last_action: None,
            watch: Watch::default(),
            crossing: Crossing::of(setting, active.map(applies)),
            settled: 0,
            standstills: Standstills::default(),
            simulation: Simulation {
                seconds: load.seconds(),
                initial,
                first_profile: active.unwrap_or_default(),
                actions: Vec::new(),
                stood_still: Vec::new(),
                minutes: Vec::new(),
                arrivals: Vec::new(),
                shortages: Vec::new(),
                instance_seconds: 0,
                evaluations: 0,
                held_back: 0,
            },
            observe: None,
        };
        running.fill_before();
        running.look();
        running
    }

    /// The windows of the first evaluations reach back before the first second: the first load is assumed to have been
    /// there on the initial count.
    fn fill_before(&mut self) {
        let reach = |profile: &Profile| {
            let rules = profile.rules.iter();
            rules
                .map(|rule| {
                    rule.time_window.max(rule.time_grain).as_secs() + rule.time_grain.as_secs()
                })
                .max()
        };
        let longest = self.setting.profiles.iter().filter_map(reach).max();
        let span = longest.unwrap_or_default() + self.model.metric_lag_seconds + MINUTE;
        let minutes = span.div_ceil(MINUTE).min(BEFORE / MINUTE - 1);
        for back in (0..minutes).rev() {
            self.end_minute_at(BEFORE - back * MINUTE, self.cpu());
        }
    }

    /// A minute's sample of the instances' CPU, where any were ready.
    fn end_minute_at(&mut self, end: u64, cpu: f64) {
        let ready = self.fleet.ready_count();
        if ready == 0 {
            return;
        }
        // The load is spread evenly, so that each instance shows the same.
        let minute = Minute::even(Duration::from_secs(end), cpu, ready);
        let metrics = self.setting.metrics.iter().zip(&mut self.metrics);
        for (_, minutes) in metrics.filter(|(metric, _)| metric.fleet_cpu) {
            minutes.push(minute);
        }
    }

    fn profile(&self) -> Option<&'a Profile> {
        self.active.map(|index| &self.setting.profiles[index])
    }

    /// Now, as the rules count time.
    fn time(&self) -> Duration {
        Duration::from_secs(BEFORE + self.now)
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
        if self.fleet.ready_count() > 0 {
            self.cpu_seconds += self.cpu() * seconds;
            self.ready_seconds += next - self.now;
        }
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

    /// CPU of each ready instance; where there is none, any load is too much.
    fn cpu(&self) -> f64 {
        match self.fleet.ready_count() {
            0 if self.load > 0.0 => 100.0,
            0 => 0.0,
            ready => (self.load / f64::from(ready)).min(100.0),
        }
    }

    fn end_minute(&mut self) {
        let cpu = match self.ready_seconds {
            0 => self.cpu(),
            ready => self.cpu_seconds / ready as f64,
        };
        self.simulation.minutes.push(Sample {
            at_seconds: self.now,
            load: self.load_seconds / MINUTE as f64,
            cpu_percent: cpu,
            ready: self.fleet.ready_count(),
            count: self.fleet.count(),
        });
        if self.ready_seconds > 0 {
            self.end_minute_at(BEFORE + self.now, cpu);
        }
        (self.cpu_seconds, self.load_seconds, self.ready_seconds) = (0.0, 0.0, 0);
    }

    fn evaluate(&mut self) {
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

    /// Whether another profile applies from now on.
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

    /// How many rules wait for their cooldown.
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

    /// What the metrics' lag lets be seen.
    fn history(&self) -> History<'_> {
        let lag = Duration::from_secs(self.model.metric_lag_seconds);
        History {
            metrics: &self.metrics,
            until: self.time().saturating_sub(lag),
        }
    }

    /// Grows with each minute that comes into some rule's window or leaves it.
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
        // Before the first minute ended, the rule saw the first load.
        let Some(within) = within else {
            return Some(self.first_load);
        };
        Some(within.iter().map(|minute| minute.load).sum::<f64>() / within.len() as f64)
    }

    fn finish(self) -> Simulation {
        let mut simulation = self.simulation;
        simulation.shortages = self.watch.finish(self.now);
        simulation.stood_still = self.standstills.finish(self.now);
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

    /// The longest span of such seconds.
    pub fn longest_overload(&self) -> u64 {
        let shortages = self.shortages.iter();
        let lengths = shortages.map(|shortage| shortage.to_seconds - shortage.from_seconds);
        lengths.max().unwrap_or_default()
    }
}

/// The recorded metrics of the load that the setting's rules look at; nothing for the CPU of the instances, which the
/// simulation makes.
fn recorded(setting: &Setting, load: &Load) -> Vec<Vec<Minute>> {
    let metrics = setting.metrics.iter();
    metrics
        .map(|metric| match metric.fleet_cpu {
            true => Vec::new(),
            false => minutes_of(metric_column::of(load, metric), load.seconds()),
        })
        .collect()
}

/// A sample holds until the next one; a minute has the value that holds when it begins. What holds first is assumed to
/// have held before.
fn minutes_of(metric: Option<&load::Metric>, seconds: u64) -> Vec<Minute> {
    let Some(metric) = metric else {
        return Vec::new();
    };
    let before = BEFORE / MINUTE;
    let value = |minute: u64| metric.at(minute.saturating_sub(before) * MINUTE);
    (1..before + seconds / MINUTE)
        .filter_map(|minute| {
            let end = Duration::from_secs((minute + 1) * MINUTE);
            value(minute).map(|value| Minute::even(end, value, 1))
        })
        .collect()
}
