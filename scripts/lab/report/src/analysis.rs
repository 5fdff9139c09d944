//! What happened in a run and what its rules called for, without a verdict.

use run_record::format::Clock;
use run_record::{Action, Run};

use crate::rules::{self, Rule};
use crate::share::serving;
use crate::triggers::{ALLOWED_DELAY, Context, Trigger, triggers};
use crate::window::WindowMeans;

/// A scale-out and its outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScaleOut {
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
pub(crate) struct Analysis {
    pub(crate) clock: Clock,
    /// `None` where the run knows no rules.
    pub(crate) rules: Option<Vec<Rule>>,
    pub(crate) limits: Option<(u32, u32)>,
    pub(crate) counts: Option<Counts>,
    /// The actions to go by: the scaler's own where they are known, else the changes that were seen.
    pub(crate) actions: Vec<Action>,
    pub(crate) scale_outs: Vec<ScaleOut>,
    pub(crate) scale_out_triggers: Vec<Trigger>,
    pub(crate) scale_in_triggers: Vec<Trigger>,
    /// The highest mean over a whole window, with the rule that it belongs to.
    pub(crate) highest_mean: Option<(f64, Rule)>,
}

impl Analysis {
    /// Analyses a run's record.
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
        let outs = WindowMeans::of(run, outs.into_iter().filter(Rule::is_cpu).collect(), clock);
        // All of the rules to scale in must fire, so one that cannot be followed makes the others say nothing.
        let ins = WindowMeans::of(
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
        let context = |out| Context {
            clock,
            actions: &actions,
            cooldown: cooldown(out),
            out,
        };
        let scale_out_triggers = triggers(run, &context(true), |index, sample| {
            let room = limits.is_none_or(|(_, maximum)| sample.wanted < maximum);
            room.then(|| outs.any(index)).flatten()
        });
        let scale_in_triggers = triggers(run, &context(false), |index, sample| {
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
            scale_outs: scale_outs(run, &actions, &outs, clock),
            scale_out_triggers,
            scale_in_triggers,
            highest_mean: outs.highest(),
            actions,
            rules,
        }
    }

    /// The longest time from CPU over the threshold until the instance that it called for served, in seconds.
    pub(crate) fn time_to_capacity(&self) -> Option<f64> {
        self.scale_outs
            .iter()
            .filter_map(ScaleOut::time_to_capacity)
            .reduce(f64::max)
    }
}

impl ScaleOut {
    pub(crate) fn time_to_capacity(&self) -> Option<f64> {
        Some(self.ready? - self.crossed?)
    }
}

/// The scaler's own actions where they are known, else the changes that were seen, else those between samples.
fn actions(run: &Run) -> Vec<Action> {
    let reported = |action: &&Action| action.source != "seen";
    let mut actions: Vec<Action> = if run.actions.iter().any(|action| reported(&action)) {
        run.actions.iter().filter(reported).cloned().collect()
    } else {
        run.actions.clone()
    };
    actions.sort_by(|one, other| one.at.total_cmp(&other.at));
    actions
}

fn counts(run: &Run) -> Option<Counts> {
    Some(Counts {
        first: run.samples.first()?.ready,
        highest: run.samples.iter().map(|sample| sample.ready).max()?,
        last: run.samples.last()?.ready,
    })
}

fn scale_outs(run: &Run, actions: &[Action], outs: &WindowMeans, clock: Clock) -> Vec<ScaleOut> {
    let all = actions.iter().enumerate();
    let added = all.filter(|(_, action)| action.to > action.from);
    let scale_outs = added.map(|(index, action)| {
        let mut later = actions[index + 1..].iter();
        let fewer = later.find(|next| next.to < action.to);
        let until = fewer.map_or(f64::INFINITY, |next| next.at);
        ScaleOut {
            at: action.at,
            from: action.from,
            to: action.to,
            crossed: crossed(run, action.at, outs, clock),
            ready: ready(run, action, until),
        }
    });
    scale_outs.collect()
}

/// When as many instances served as the action wanted, before another one wanted fewer.
fn ready(run: &Run, action: &Action, until: f64) -> Option<f64> {
    let mut samples = run.samples.iter();
    let sampled = samples.find(|sample| sample.at >= action.at && sample.ready >= action.to);
    // The instances' own times are finer than the samples'.
    let lived = |at: f64| {
        let alive = run.instances.iter().filter(|one| serving(one, at));
        alive.count() as u64
    };
    let times = run.instances.iter().filter_map(|instance| instance.ready);
    let own = times.filter(|at| *at >= action.at && lived(*at) >= u64::from(action.to));
    let all = sampled.map(|sample| sample.at).into_iter().chain(own);
    all.reduce(f64::min).filter(|at| *at <= until)
}

/// When CPU went over the lowest threshold for an action: the begin of the time over it, dips shorter than half a
/// window forgiven. Two scale-outs that one rise called for began at the same time.
fn crossed(run: &Run, at: f64, outs: &WindowMeans, clock: Clock) -> Option<f64> {
    let rule = outs
        .rules
        .iter()
        .min_by(|one, other| one.threshold.total_cmp(&other.threshold))?;
    let window = rule.window / clock.scale();
    let mut crossed = None;
    let mut previous = at;
    let mut forgiven = window + ALLOWED_DELAY / clock.scale();
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
