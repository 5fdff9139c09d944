//! What happened in a run and what its rules called for: facts, without a judgement.

use super::rules::{self, Rule};
use super::run::{Action, FleetSample, Run};
use super::words::Clock;

/// From a window's mean over the threshold to the action, in Azure seconds: the metric is up to four minutes late, an
/// evaluation comes every minute, and a metric that is late once more is no failure.
pub(crate) const PATIENCE: f64 = 600.0;

/// A time in which the rules called for another count than the one wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// From here on the window's mean fired the rule.
    pub(crate) from: f64,
    /// The last sample of which that is true.
    pub(crate) until: f64,
    /// The count wanted meanwhile.
    pub(crate) wanted: u32,
    /// The window's mean farthest over (or under) the threshold.
    pub(crate) extreme: f64,
    /// Whether it lasted to the last sample.
    pub(crate) to_the_end: bool,
    /// The part of it after the last action's cooldown, in Azure seconds: time in which an action was due.
    pub(crate) due: f64,
    /// Whether the count was changed the right way during it.
    pub(crate) answered: bool,
}

/// A scale-out and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) at: f64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// When CPU went over the threshold for it.
    pub(crate) crossed: Option<f64>,
    /// When so many instances served.
    pub(crate) ready: Option<f64>,
}

/// The instances that served: at the first sample, at most, at the last sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) first: u32,
    pub(crate) highest: u32,
    pub(crate) last: u32,
}

/// The facts of a run.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) clock: Clock,
    /// `None` where the run knows no rules.
    pub(crate) rules: Option<Vec<Rule>>,
    pub(crate) limits: Option<(u32, u32)>,
    pub(crate) counts: Option<Counts>,
    /// The actions to go by: the scaler's own where they are known, else the changes that were seen.
    pub(crate) actions: Vec<Action>,
    pub(crate) steps: Vec<Step>,
    pub(crate) calls_out: Vec<Call>,
    pub(crate) calls_in: Vec<Call>,
    /// The highest mean over a whole window, with the rule that it belongs to.
    pub(crate) highest_mean: Option<(f64, Rule)>,
}

impl Story {
    /// Reads the facts out of a run's record.
    pub(crate) fn of(run: &Run) -> Self {
        let clock = Clock::new(run.time_scale);
        let rules = rules::rules(run);
        let limits = rules::limits(run);
        let actions = actions(run);
        let (outs, ins): (Vec<Rule>, Vec<Rule>) = rules
            .clone()
            .unwrap_or_default()
            .into_iter()
            .partition(|rule| rule.out);
        let outs = Means::of(run, outs.into_iter().filter(Rule::is_cpu).collect(), clock);
        // All of the rules to scale in must fire, so one that cannot be followed makes the others say nothing.
        let ins = Means::of(
            run,
            if ins.iter().all(Rule::is_cpu) {
                ins
            } else {
                Vec::new()
            },
            clock,
        );

        let cooldown = |out: bool| {
            let of_rules = rules.iter().flatten().filter(|rule| rule.out == out);
            of_rules.map(|rule| rule.cooldown).fold(0.0, f64::max) / clock.scale()
        };
        let cooldowns = (cooldown(true), cooldown(false));
        let call = |out: bool, fires: &dyn Fn(usize, &FleetSample) -> Option<f64>| {
            calls(
                run,
                &Context {
                    clock,
                    actions: &actions,
                    cooldowns,
                    out,
                },
                fires,
            )
        };
        let calls_out = call(true, &|index, sample| {
            let room = limits.is_none_or(|(_, maximum)| sample.wanted < maximum);
            room.then(|| outs.any(index)).flatten()
        });
        let calls_in = call(false, &|index, sample| {
            let lowest = limits.map_or(1, |(minimum, _)| minimum).max(1);
            let spare = sample.wanted > lowest
                && outs.any(index).is_none()
                && !outs.would_fire(index, sample.wanted);
            spare.then(|| ins.all(index)).flatten()
        });
        Self {
            clock,
            limits,
            counts: counts(run),
            steps: steps(run, &actions, &outs, clock),
            calls_out,
            calls_in,
            highest_mean: outs.highest(),
            actions,
            rules,
        }
    }

    /// The longest time from CPU over the threshold until the instance that it called for served, in seconds.
    pub(crate) fn time_to_capacity(&self) -> Option<f64> {
        self.steps
            .iter()
            .filter_map(Step::time_to_capacity)
            .reduce(f64::max)
    }
}

impl Step {
    pub(crate) fn time_to_capacity(&self) -> Option<f64> {
        Some(self.ready? - self.crossed?)
    }
}

/// The mean of each rule's window, by sample.
struct Means {
    rules: Vec<Rule>,
    /// By rule, then by sample; `None` before a whole window was seen.
    of: Vec<Vec<Option<f64>>>,
}

impl Means {
    fn of(run: &Run, rules: Vec<Rule>, clock: Clock) -> Self {
        let of = rules
            .iter()
            .map(|rule| window_means(&run.samples, rule.window / clock.scale()))
            .collect();
        Self { rules, of }
    }

    fn at(&self, index: usize) -> impl Iterator<Item = (&Rule, Option<f64>)> {
        self.rules
            .iter()
            .zip(self.of.iter().map(move |means| means[index]))
    }

    /// The mean that fires one of the rules.
    fn any(&self, index: usize) -> Option<f64> {
        self.at(index)
            .find_map(|(rule, mean)| mean.filter(|mean| rule.fires(*mean)))
    }

    /// The first rule's mean, if all of them fire.
    fn all(&self, index: usize) -> Option<f64> {
        let fires = self
            .at(index)
            .all(|(rule, mean)| mean.is_some_and(|mean| rule.fires(mean)));
        if fires {
            self.at(index).next()?.1
        } else {
            None
        }
    }

    /// Whether one instance fewer would fire one of the rules: Azure's guard against flapping.
    fn would_fire(&self, index: usize, count: u32) -> bool {
        count > 1
            && self.at(index).any(|(rule, mean)| {
                mean.is_some_and(|mean| rule.fires(mean * f64::from(count) / f64::from(count - 1)))
            })
    }

    fn highest(&self) -> Option<(f64, Rule)> {
        let means = self
            .rules
            .iter()
            .zip(&self.of)
            .flat_map(|(rule, means)| means.iter().flatten().map(move |mean| (*mean, rule)));
        means
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(mean, rule)| (mean, rule.clone()))
    }
}

/// The mean CPU of the window that ends at each sample.
fn window_means(samples: &[FleetSample], window: f64) -> Vec<Option<f64>> {
    let known: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|sample| Some((sample.at, sample.cpu_percent?)))
        .collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return vec![None; samples.len()];
    };
    // A sample stands for the time up to it, so the first one's time belongs to the window too.
    let gap = (last.0 - first.0) / (known.len().max(2) - 1) as f64;
    let (mut begin, mut end, mut sum) = (0, 0, 0.0);
    samples
        .iter()
        .map(|sample| {
            while end < known.len() && known[end].0 <= sample.at {
                sum += known[end].1;
                end += 1;
            }
            while begin < end && known[begin].0 <= sample.at - window {
                sum -= known[begin].1;
                begin += 1;
            }
            (begin < end && sample.at - first.0 >= window - gap * 1.01)
                .then(|| sum / (end - begin) as f64)
        })
        .collect()
}

/// The scaler's own actions where they are known, else the changes that were seen, else those between samples.
fn actions(run: &Run) -> Vec<Action> {
    let said = |action: &&Action| action.source != "seen";
    let mut actions: Vec<Action> = if run.actions.iter().any(|action| said(&action)) {
        run.actions.iter().filter(said).cloned().collect()
    } else {
        run.actions.clone()
    };
    actions.sort_by(|one, other| one.at.total_cmp(&other.at));
    actions
}

struct Context<'a> {
    clock: Clock,
    actions: &'a [Action],
    /// Of a scale-out, of a scale-in; in seconds of the run.
    cooldowns: (f64, f64),
    out: bool,
}

fn calls(
    run: &Run,
    context: &Context<'_>,
    fires: &dyn Fn(usize, &FleetSample) -> Option<f64>,
) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open = false;
    // The last sample of each call: what ended it happened before the next one.
    let mut lasts: Vec<usize> = Vec::new();
    for (index, sample) in run.samples.iter().enumerate() {
        let Some(mean) = fires(index, sample) else {
            open = false;
            continue;
        };
        match calls
            .last_mut()
            .filter(|call| open && call.wanted == sample.wanted)
        {
            Some(call) => {
                *lasts.last_mut().expect("one for each call") = index;
                call.until = sample.at;
                call.extreme = if context.out {
                    call.extreme.max(mean)
                } else {
                    call.extreme.min(mean)
                };
            }
            None => {
                lasts.push(index);
                calls.push(Call {
                    from: sample.at,
                    until: sample.at,
                    wanted: sample.wanted,
                    extreme: mean,
                    to_the_end: false,
                    due: 0.0,
                    answered: false,
                });
            }
        }
        open = true;
    }
    for (call, last) in calls.iter_mut().zip(lasts) {
        let closed = run.samples.get(last + 1).map(|sample| sample.at);
        call.to_the_end = closed.is_none();
        let closed = closed.unwrap_or(f64::INFINITY);
        let before = context
            .actions
            .iter()
            .rev()
            .find(|action| action.at <= call.from);
        let free = before.map_or(f64::NEG_INFINITY, |action| {
            action.at
                + if action.to > action.from {
                    context.cooldowns.0
                } else {
                    context.cooldowns.1
                }
        });
        call.due = (call.until - call.from.max(free)).max(0.0) * context.clock.scale();
        call.answered = context.actions.iter().any(|action| {
            (action.to > action.from) == context.out
                && call.from <= action.at
                && action.at <= closed
        });
    }
    calls
}

fn counts(run: &Run) -> Option<Counts> {
    Some(Counts {
        first: run.samples.first()?.ready,
        highest: run.samples.iter().map(|sample| sample.ready).max()?,
        last: run.samples.last()?.ready,
    })
}

fn steps(run: &Run, actions: &[Action], outs: &Means, clock: Clock) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, action) in actions
        .iter()
        .enumerate()
        .filter(|(_, action)| action.to > action.from)
    {
        let until = actions[index + 1..]
            .iter()
            .find(|next| next.to < action.to)
            .map_or(f64::INFINITY, |next| next.at);
        let ready = ready(run, action, until);
        steps.push(Step {
            at: action.at,
            from: action.from,
            to: action.to,
            crossed: crossed(run, action.at, outs, clock),
            ready,
        });
    }
    steps
}

/// When as many instances served as the action wanted, before another one wanted fewer.
fn ready(run: &Run, action: &Action, until: f64) -> Option<f64> {
    let sampled = run
        .samples
        .iter()
        .find(|sample| sample.at >= action.at && sample.ready >= action.to);
    // The instances' own times are finer than the samples'.
    let lived = |at: f64| {
        let alive = run.instances.iter().filter(|instance| {
            instance.ready.is_some_and(|ready| ready <= at)
                && instance.ended.is_none_or(|ended| ended > at)
        });
        alive.count() as u64
    };
    let own = run
        .instances
        .iter()
        .filter_map(|instance| instance.ready)
        .filter(|at| *at >= action.at);
    let own = own
        .filter(|at| lived(*at) >= u64::from(action.to))
        .reduce(f64::min);
    sampled
        .map(|sample| sample.at)
        .into_iter()
        .chain(own)
        .reduce(f64::min)
        .filter(|at| *at <= until)
}

/// When CPU went over the lowest threshold for an action: the begin of the time over it, dips shorter than half a
/// window forgiven. Two steps that one rise called for began at the same time.
fn crossed(run: &Run, at: f64, outs: &Means, clock: Clock) -> Option<f64> {
    let rule = outs
        .rules
        .iter()
        .min_by(|one, other| one.threshold.total_cmp(&other.threshold))?;
    let window = rule.window / clock.scale();
    let mut crossed = None;
    let mut previous = at;
    let mut forgiven = window + PATIENCE / clock.scale();
    for sample in run.samples.iter().rev().skip_while(|sample| sample.at > at) {
        if previous - sample.at > forgiven {
            break;
        }
        if sample.cpu_percent.is_some_and(|cpu| rule.fires(cpu)) {
            crossed = Some(sample.at);
            previous = sample.at;
            forgiven = window / 2.0;
        }
    }
    crossed
}
