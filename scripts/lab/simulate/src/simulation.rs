//! Runs the rules in virtual time.

use std::time::Duration;

use autoscale::{Decision, History, Minute, Outcome, Profile, Setting, schedule};
use recorded_load::{Step, metric_column};

use crate::crossing::Crossing;
use crate::fleet::Fleet;
use crate::model::Model;
use crate::outcome::{Arrival, Sample, Scenario, Simulation};
use crate::shortage::Watch;
use crate::standstill::Standstills;

mod evaluation;

const MINUTE: u64 = 60;
/// The time before the first second that rules can see: no window, grain and lag together are longer. It is a
/// multiple of all time grains.
const BEFORE: u64 = 4 * 86_400;

/// Runs the rules against the load. For the model, see the [module](super).
pub fn simulate(scenario: &Scenario<'_>) -> Simulation {
    simulate_watched(scenario, |_| {})
}

/// The same. Also reports from time to time how many seconds have been simulated.
pub(crate) fn simulate_watched(scenario: &Scenario<'_>, tell: impl FnMut(u64)) -> Simulation {
    Running::new(*scenario).run(tell)
}

/// The same. Also reports every evaluation. None is skipped, so it takes longer.
pub(crate) fn simulate_observed<'a>(
    scenario: &Scenario<'a>,
    observe: &'a mut dyn FnMut(&Evaluation<'_>),
) -> Simulation {
    let mut running = Running::new(*scenario);
    running.observe = Some(observe);
    running.run(|_| {})
}

/// One evaluation: its input, and its result.
pub(crate) struct Evaluation<'a> {
    /// The time of the evaluation, in seconds since 1970 in UTC.
    pub(crate) at: i64,
    /// The index of the active profile, and the decision; `None` if no profile is active.
    pub(crate) decided: Option<(usize, &'a Decision)>,
    /// The samples that the metrics' lag makes available.
    pub(crate) history: History<'a>,
    /// The end of the available part, in seconds since 1970 in UTC.
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
    /// The index of the active profile; `None` if there is none.
    active: Option<usize>,
    /// When another profile may become active.
    calendar_changes: Option<i64>,
    now: u64,
    end: u64,
    /// Steps of the load that are still to come.
    to_come: &'a [Step],
    load: f64,
    first_load: f64,
    fleet: Fleet,
    /// Sums over the current minute, and the number of its seconds with a ready instance.
    cpu_seconds: f64,
    load_seconds: f64,
    ready_seconds: u64,
    /// The setting's metrics, in the form that the rules use.
    metrics: Vec<Vec<Minute>>,
    seen: Seen,
    last_action: Option<Duration>,
    watch: Watch,
    crossing: Crossing,
    /// When the instances requested last are ready, or were ready.
    settled: u64,
    standstills: Standstills,
    simulation: Simulation,
    /// Called with every evaluation.
    observe: Option<&'a mut dyn FnMut(&Evaluation<'_>)>,
}

/// The input of the last evaluation. An evaluation with the same samples, the same count and the same waiting rules
/// has the same result, so it can be skipped.
#[derive(Default)]
struct Seen {
    /// Increases with each minute that enters or leaves the window of a rule.
    windows: u64,
    count: u32,
    values: Vec<Option<f64>>,
    /// The number of rules that waited when the count stayed the same, and the reason.
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
            metrics: metric_column::minutes(setting, load, BEFORE),
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
                ..Simulation::default()
            },
            observe: None,
        };
        running.fill_before();
        running.look();
        running
    }

    /// Runs to the end. `tell` receives the seconds so far after each hour.
    fn run(mut self, mut tell: impl FnMut(u64)) -> Simulation {
        const OFTEN: u64 = 3_600;
        while self.now < self.end {
            let hour = self.now / OFTEN;
            self.pass_until(self.next_event());
            self.happen();
            if self.now / OFTEN > hour {
                tell(self.now);
            }
        }
        let mut simulation = self.simulation;
        simulation.shortages = self.watch.finish(self.now);
        simulation.stood_still = self.standstills.finish(self.now);
        simulation
    }

    /// The windows of the first evaluations begin before the first second. The first load is assumed there, with the
    /// initial count.
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

    /// A minute's sample of the instances' CPU, if any instance was ready.
    fn end_minute_at(&mut self, end: u64, cpu: f64) {
        let ready = self.fleet.ready_count();
        if ready == 0 {
            return;
        }
        // The load is distributed evenly, so each instance has the same value.
        let minute = Minute::even(Duration::from_secs(end), cpu, ready);
        let metrics = self.setting.metrics.iter().zip(&mut self.metrics);
        for (_, minutes) in metrics.filter(|(metric, _)| metric.fleet_cpu) {
            minutes.push(minute);
        }
    }

    fn profile(&self) -> Option<&'a Profile> {
        self.active.map(|index| &self.setting.profiles[index])
    }

    /// The present time, as the rules count it.
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

    /// Advances the time to the next change.
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

    /// Everything that happens at this time: results of the past come before changes for the future.
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

    /// CPU of each ready instance. Without one, any load is an overload.
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
}
