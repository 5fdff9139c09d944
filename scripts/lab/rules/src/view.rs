//! A profile under one constant load: only the rules that depend on this load, and the engine's decisions for it.
//!
//! Nothing here repeats the engine's calculations. Under a constant load, the value of a rule is linear in the
//! metric, so the engine calculates it at two points. The decision about the values is [`autoscale::decide`]'s.

use std::time::Duration;

use autoscale::{Decision, Direction, History, Metric, Minute, Profile, decide, read};
use serde::Serialize;

const MINUTE: u64 = 60;
/// A whole number of every usual time grain, and longer than every window.
const CONSTANT: Duration = Duration::from_secs(24 * 60 * MINUTE);
/// The most rules that Azure accepts in a profile.
pub(crate) const MOST_RULES: usize = 10;

/// The constant quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// Work that needs this many percent of one instance. The instances share it, and none uses more than 100%.
    Cpu,
    /// The value of the metric of this index, which all rules divide by the number of instances.
    Divided(usize),
}

/// The rules of a profile that depend on one load. The others are assumed to require nothing, and not to prevent a
/// scale-in.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) load: Load,
    /// The profile with these rules only.
    pub(crate) profile: Profile,
    /// The index of each of them in the whole profile.
    pub(crate) rules: Vec<usize>,
    /// Whether the profile has further rules that change the count.
    pub(crate) has_others: bool,
    pub(crate) metrics: &'a [Metric],
}

/// A view at a number of instances.
#[derive(Debug)]
pub(crate) struct At<'a> {
    view: &'a View<'a>,
    count: u32,
    lines: Vec<Option<Line>>,
}

/// A rule's value is `base + slope x sample`.
#[derive(Debug, Clone, Copy)]
struct Line {
    base: f64,
    slope: f64,
}

impl<'a> View<'a> {
    /// The views of a profile. There is none for rules whose metric depends on the number of instances in an unknown
    /// way, and none if there are more rules than Azure accepts.
    pub(crate) fn all(metrics: &'a [Metric], profile: &Profile) -> Vec<Self> {
        if profile.rules.len() > MOST_RULES {
            return Vec::new();
        }
        let mut loads = Vec::new();
        for rule in &profile.rules {
            let load = match metrics[rule.metric].fleet_cpu {
                true => Load::Cpu,
                false => Load::Divided(rule.metric),
            };
            let mut same = profile
                .rules
                .iter()
                .filter(|other| load.is_seen_by(other.metric, metrics));
            if !loads.contains(&load)
                && (load == Load::Cpu || same.all(|rule| rule.divide_per_instance))
            {
                loads.push(load);
            }
        }
        let view = |load: Load| {
            let seen = |index: &usize| load.is_seen_by(profile.rules[*index].metric, metrics);
            let rules: Vec<usize> = (0..profile.rules.len()).filter(seen).collect();
            Self {
                load,
                has_others: rules.len() < profile.rules.len(),
                profile: Profile {
                    rules: rules
                        .iter()
                        .map(|index| profile.rules[*index].clone())
                        .collect(),
                    ..profile.clone()
                },
                rules,
                metrics,
            }
        };
        loads.into_iter().map(view).collect()
    }

    /// The view at a number of instances.
    pub(crate) fn at(&'a self, count: u32) -> At<'a> {
        let values = |sample: f64| self.read(count, sample);
        let line = |(base, far): (Option<f64>, Option<f64>)| {
            let base = base?;
            Some(Line {
                base,
                slope: (far? - base) / 100.0,
            })
        };
        At {
            view: self,
            count,
            lines: values(0.0)
                .into_iter()
                .zip(values(100.0))
                .map(line)
                .collect(),
        }
    }

    /// The values of the rules after the metric has been constant for long. Without an instance there is no sample.
    fn read(&self, count: u32, sample: f64) -> Vec<Option<f64>> {
        let instances = match self.load {
            Load::Cpu => count,
            // Recorded metrics are one value a minute, whatever the number of instances.
            Load::Divided(_) => 1,
        };
        let minute =
            |minute: u64| Minute::even(Duration::from_secs(minute * MINUTE), sample, instances);
        // No rule uses older samples, and `lab tune` calls this often.
        let rules = self.profile.rules.iter();
        let reach = rules.map(|rule| rule.time_window.max(rule.time_grain) + rule.time_grain);
        let before = CONSTANT.saturating_sub(reach.max().unwrap_or_default());
        let minutes: Vec<Minute> = match count {
            0 => Vec::new(),
            _ => (before.as_secs() / MINUTE + 1..=CONSTANT.as_secs() / MINUTE)
                .map(minute)
                .collect(),
        };
        let mut metrics = vec![Vec::new(); self.metrics.len()];
        for rule in &self.profile.rules {
            metrics[rule.metric].clone_from(&minutes);
        }
        read(
            &self.profile,
            History {
                metrics: &metrics,
                until: CONSTANT,
            },
            count,
        )
    }
}

impl Load {
    fn is_seen_by(self, metric: usize, metrics: &[Metric]) -> bool {
        match self {
            Self::Cpu => metrics[metric].fleet_cpu,
            Self::Divided(index) => metric == index,
        }
    }

    /// The metric at a load.
    fn sample(self, load: f64, count: u32) -> f64 {
        match self {
            Self::Cpu => (load / f64::from(count)).min(100.0),
            Self::Divided(_) => load,
        }
    }

    /// The load at which the metric has a value; `None` if it never has.
    fn with_sample(self, sample: f64, count: u32) -> Option<f64> {
        match self {
            Self::Cpu => (0.0 < sample && sample <= 100.0).then(|| sample * f64::from(count)),
            Self::Divided(_) => (0.0 < sample && sample.is_finite()).then_some(sample),
        }
    }
}

impl At<'_> {
    /// The decision of an evaluation if no rule waits.
    pub(crate) fn decision(&self, load: f64) -> Decision {
        let values: Vec<Option<f64>> = (0..self.lines.len())
            .map(|rule| self.value(rule, load))
            .collect();
        let profile = (&self.view.profile, self.view.metrics);
        decide(profile, &values, self.count, None, Duration::ZERO)
    }

    /// The value of a rule, rounded as the engine rounds.
    pub(crate) fn value(&self, rule: usize, load: f64) -> Option<f64> {
        const BILLION: f64 = 1e9;
        let line = self.lines[rule]?;
        let value = line.base + line.slope * self.view.load.sample(load, self.count);
        Some((value * BILLION).round() / BILLION)
    }

    /// The loads, sorted, between which no condition changes.
    pub(crate) fn thresholds(&self) -> Vec<f64> {
        self.loads_of(|_| vec![1.0])
    }

    /// The loads, sorted, between which the decision does not change: those of [`Self::thresholds`], and those at
    /// which the flapping check starts to prevent a smaller count.
    pub(crate) fn boundaries(&self) -> Vec<f64> {
        let View {
            profile, metrics, ..
        } = self.view;
        self.loads_of(|rule| {
            let rule = &profile.rules[rule];
            let smaller = profile.capacity.minimum..self.count;
            let checked = smaller.filter(|fewer| rule.direction_at(*fewer) == Direction::Increase);
            let shares = checked.map(|fewer| rule.projected(metrics, 1.0, self.count, fewer));
            shares.chain([1.0]).collect()
        })
    }

    /// The loads at which a rule's value, multiplied by a share, equals the threshold.
    fn loads_of(&self, shares: impl Fn(usize) -> Vec<f64>) -> Vec<f64> {
        let mut loads = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let Some(line) = line else {
                continue;
            };
            let threshold = self.view.profile.rules[index].threshold;
            let samples = shares(index)
                .into_iter()
                .map(|share| (threshold / share - line.base) / line.slope);
            loads.extend(
                samples.filter_map(|sample| self.view.load.with_sample(sample, self.count)),
            );
        }
        if self.view.load == Load::Cpu && self.count > 0 {
            loads.push(100.0 * f64::from(self.count));
        }
        loads.sort_by(f64::total_cmp);
        loads
    }
}

/// The spans between these loads, starting at 0. The last one has no end.
pub(crate) fn spans(mut loads: Vec<f64>) -> Vec<Span> {
    loads.sort_by(f64::total_cmp);
    let ends = loads.into_iter().map(Some).chain([None]);
    let mut spans = Vec::new();
    let mut from = 0.0;
    for to in ends {
        let is_wide = to.is_none_or(|to| to - from > from.max(1.0) * 1e-7);
        if is_wide {
            spans.push(Span { from, to });
            from = to.unwrap_or(from);
        }
    }
    spans
}

/// A span of loads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Span {
    pub(crate) from: f64,
    /// `None` if it has no end.
    pub(crate) to: Option<f64>,
}

impl Span {
    /// A load within it.
    pub(crate) fn inside(self) -> f64 {
        match self.to {
            Some(to) => f64::midpoint(self.from, to),
            None => self.from * 2.0 + 1.0,
        }
    }
}
