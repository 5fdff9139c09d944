//! The text of the model and of the rules, second by second, without the engine.

use super::calendar::{When, applies};

const MINUTE: i64 = 60;

/// One rule, with the terms of the schema.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// An index into [`super::settings::METRICS`]: 0 is the instances' CPU, 2 is of another resource.
    pub(super) metric: usize,
    pub(super) statistic: &'static str,
    pub(super) grain: i64,
    pub(super) window: i64,
    pub(super) aggregation: &'static str,
    pub(super) operator: &'static str,
    pub(super) threshold: f64,
    pub(super) divide: bool,
    pub(super) direction: &'static str,
    pub(super) change: &'static str,
    pub(super) value: i64,
    pub(super) cooldown: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) when: When,
    pub(super) minimum: i64,
    pub(super) maximum: i64,
    pub(super) default: i64,
    pub(super) rules: Vec<Rule>,
}

/// From a second on: the load, and the values of the other metrics.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) at: i64,
    pub(super) load: u32,
    pub(super) recorded: [Option<u32>; 2],
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Platform {
    pub(super) lag: i64,
    pub(super) provision: i64,
    pub(super) evaluate: i64,
}

/// A change of the count: time, from, to, and the cause.
pub(super) type Action = (i64, i64, i64, &'static str);

/// An evaluation that did not change the count.
#[derive(Debug, Clone)]
pub(super) struct Quiet {
    pub(super) at: i64,
    pub(super) count: i64,
    /// The index of the active profile.
    pub(super) profile: Option<usize>,
    /// The values of its rules.
    pub(super) values: Vec<Option<f64>>,
    /// The time of the last action of a rule.
    pub(super) last_action: Option<i64>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) actions: Vec<Action>,
    pub(super) quiet: Vec<Quiet>,
}

/// One minute of the instances' CPU: the mean, and the number of instances with a value.
type Sample = Option<(f64, i64)>;

struct World<'a> {
    rows: &'a [Row],
    /// The instances' values before second 0, and then minute by minute.
    before: Sample,
    minutes: Vec<Sample>,
}

fn row(rows: &[Row], second: i64) -> &Row {
    rows.iter()
        .rev()
        .find(|row| row.at <= second)
        .unwrap_or(&rows[0])
}

impl World<'_> {
    /// The sample of the minute that ends at this second.
    fn sample(&self, metric: usize, end: i64) -> Sample {
        if metric > 0 {
            let value = row(self.rows, end - MINUTE).recorded[metric - 1];
            return value.map(|value| (f64::from(value), 1));
        }
        match usize::try_from(end / MINUTE - 1) {
            Ok(index) if end > 0 => self.minutes.get(index).copied().flatten(),
            _ => self.before,
        }
    }

    /// The value of a rule in a window that ends at `until`.
    fn value(&self, rule: &Rule, until: i64, count: i64) -> Option<f64> {
        let window = rule.window.max(rule.grain);
        let mut grains: Vec<f64> = Vec::new();
        let mut end = until.div_euclid(rule.grain) * rule.grain;
        while end > until - window {
            let mut samples = Vec::new();
            let mut minute = end.div_euclid(MINUTE) * MINUTE;
            while minute > end - rule.grain {
                samples.extend(self.sample(rule.metric, minute));
                minute -= MINUTE;
            }
            if !samples.is_empty() {
                grains.push(of_grain(rule.statistic, &samples));
            }
            end -= rule.grain;
        }
        // The first one is the newest.
        let newest = *grains.first()?;
        let number = grains.len() as f64;
        let sum: f64 = grains.iter().sum();
        let value = match rule.aggregation {
            "Average" => sum / number,
            "Minimum" => grains.iter().copied().fold(f64::INFINITY, f64::min),
            "Maximum" => grains.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            "Total" => sum,
            "Count" => number,
            "Last" => newest,
            other => panic!("{other}"),
        };
        match (rule.divide, count) {
            (false, _) => Some(rounded(value)),
            (true, 0) => None,
            (true, _) => Some(rounded(value / count as f64)),
        }
    }
}

fn of_grain(statistic: &str, samples: &[(f64, i64)]) -> f64 {
    let values: i64 = samples.iter().map(|(_, instances)| instances).sum();
    let sum: f64 = samples
        .iter()
        .map(|(mean, instances)| mean * *instances as f64)
        .sum();
    let means = samples.iter().map(|(mean, _)| *mean);
    match statistic {
        "Average" => sum / values as f64,
        "Min" => means.fold(f64::INFINITY, f64::min),
        "Max" => means.fold(f64::NEG_INFINITY, f64::max),
        "Sum" => sum,
        "Count" => values as f64,
        other => panic!("{other}"),
    }
}

/// To a billionth, as the engine documents it.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

fn holds(rule: &Rule, value: Option<f64>) -> bool {
    value.is_some_and(|value| match rule.operator {
        "Equals" => value == rule.threshold,
        "NotEquals" => value != rule.threshold,
        "GreaterThan" => value > rule.threshold,
        "GreaterThanOrEqual" => value >= rule.threshold,
        "LessThan" => value < rule.threshold,
        "LessThanOrEqual" => value <= rule.threshold,
        other => panic!("{other}"),
    })
}

fn direction(rule: &Rule, count: i64) -> &'static str {
    match (rule.direction, rule.change) {
        ("None", "ExactCount") if rule.value > count => "Increase",
        ("None", "ExactCount") if rule.value < count => "Decrease",
        (direction, _) => direction,
    }
}

/// The count after a rule, without limits.
fn after(rule: &Rule, count: i64) -> i64 {
    let out = direction(rule, count) == "Increase";
    let by = match rule.change {
        "ChangeCount" => rule.value,
        // Towards more instances, one at least.
        "PercentChangeCount" if out => (count * rule.value + 99).div_euclid(100).max(1),
        "PercentChangeCount" => (count * rule.value).div_euclid(100).max(1),
        "ExactCount" if out => (rule.value - count).max(0),
        "ExactCount" => (count - rule.value).max(0),
        "ServiceAllowedNextValue" => 1,
        other => panic!("{other}"),
    };
    if out { count + by } else { count - by }
}

/// The value of the rule with fewer instances.
fn projected(rule: &Rule, value: f64, count: i64, fewer: i64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let (count, fewer) = (count as f64, fewer as f64);
    let grows = value * (count / fewer);
    rounded(match rule.statistic {
        _ if rule.divide => grows,
        _ if rule.metric == 2 => value,
        "Sum" => value,
        "Count" => value * (fewer / count),
        _ => grows,
    })
}

/// The result of an evaluation: the new count, and whether a rule, the limits or the default caused it.
fn evaluation(
    profile: &Profile,
    values: &[Option<f64>],
    count: i64,
    waits: impl Fn(&Rule) -> bool,
) -> Option<(i64, &'static str)> {
    let limited = |wanted: i64| wanted.max(profile.minimum).min(profile.maximum);
    if limited(count) != count {
        return Some((limited(count), "limits"));
    }
    if !values.is_empty() && values.iter().all(Option::is_none) {
        return (count < profile.default).then_some((profile.default, "default"));
    }
    let rules = || profile.rules.iter().zip(values);
    let out = |count: i64| rules().filter(move |(rule, _)| direction(rule, count) == "Increase");
    let wanted = out(count)
        .filter(|(rule, value)| holds(rule, **value) && !waits(rule))
        .map(|(rule, _)| after(rule, count))
        .max();
    if let Some(wanted) = wanted {
        let to = limited(wanted);
        return (to > count).then_some((to, "rule"));
    }
    let inward: Vec<_> = rules()
        .filter(|(rule, _)| direction(rule, count) == "Decrease")
        .collect();
    if inward
        .iter()
        .any(|(rule, value)| !holds(rule, **value) || waits(rule))
    {
        return None;
    }
    let wanted = inward.iter().map(|(rule, _)| after(rule, count)).max()?;
    let flaps = |fewer: i64| {
        out(fewer).any(|(rule, value)| {
            holds(
                rule,
                value.map(|value| projected(rule, value, count, fewer)),
            )
        })
    };
    let to = (limited(wanted)..count).find(|fewer| !flaps(*fewer))?;
    Some((to, "rule"))
}

/// Checks an obstacle of an evaluation with the text of the rules.
pub(super) fn hinders(
    profiles: &[Profile],
    quiet: &Quiet,
    obstacle: &str,
    rule: Option<usize>,
) -> bool {
    let count = quiet.count;
    let Some(profile) = quiet.profile.map(|index| &profiles[index]) else {
        return obstacle == "no_profile" && rule.is_none();
    };
    let waits = |rule: &Rule| {
        quiet
            .last_action
            .is_some_and(|at| quiet.at < at + rule.cooldown)
    };
    let holds_at = |index: usize| holds(&profile.rules[index], quiet.values[index]);
    let fires = |index: usize| holds_at(index) && !waits(&profile.rules[index]);
    let way = |index: usize| direction(&profile.rules[index], count);
    let rules = 0..profile.rules.len();
    let of = |wanted: &'static str| rules.clone().filter(move |index| way(*index) == wanted);
    let out_fires = of("Increase").any(fires);
    let all_in_fire = of("Decrease").next().is_some() && of("Decrease").all(fires);
    match (obstacle, rule) {
        ("metric_missing", None) => {
            !quiet.values.is_empty()
                && quiet.values.iter().all(Option::is_none)
                && count >= profile.default
        }
        ("maximum", Some(rule)) => {
            let waiting = holds_at(rule) && !out_fires;
            way(rule) == "Increase" && (fires(rule) || waiting) && count == profile.maximum
        }
        ("minimum", Some(rule)) => {
            let all_hold = of("Decrease").all(holds_at);
            !out_fires && all_hold && way(rule) == "Decrease" && count == profile.minimum
        }
        // It requires no count other than the present one.
        ("count_reached", Some(rule)) => {
            holds_at(rule) && after(&profile.rules[rule], count) == count
        }
        ("cooldown", Some(rule)) => {
            let named = &profile.rules[rule];
            let alone = way(rule) == "Increase" || of("Decrease").all(holds_at);
            let moves = after(named, count).clamp(profile.minimum, profile.maximum) != count;
            holds_at(rule) && waits(named) && moves && !out_fires && alone
        }
        ("flapping", Some(rule)) => {
            let fewer = count - 1;
            let named = &profile.rules[rule];
            let value = quiet.values[rule].map(|value| projected(named, value, count, fewer));
            !out_fires
                && all_in_fire
                && direction(named, fewer) == "Increase"
                && holds(named, value)
        }
        ("held_back", Some(rule)) => {
            !out_fires && way(rule) == "Decrease" && !holds_at(rule) && of("Decrease").any(holds_at)
        }
        ("no_rule_fires", None) => {
            let nothing = profile.rules.is_empty() || quiet.values.iter().any(Option::is_some);
            nothing && !of("Increase").any(holds_at) && !of("Decrease").any(holds_at)
        }
        _ => false,
    }
}

/// The actions of the rules, second by second, with a load whose second 0 is at `start`.
pub(super) fn run(profiles: &[Profile], rows: &[Row], platform: Platform, start: i64) -> Outcome {
    let calendar: Vec<&When> = profiles.iter().map(|profile| &profile.when).collect();
    let mut active = applies(&calendar, start);
    // Each instance, by the second from which it is ready.
    let initial = profiles[active.unwrap_or(0)].default;
    let mut instances = vec![i64::MIN; initial as usize];
    let cpu = |load: u32, ready: i64| (f64::from(load) / ready as f64).min(100.0);
    let mut world = World {
        rows,
        before: (initial > 0).then(|| (cpu(rows[0].load, initial), initial)),
        minutes: Vec::new(),
    };
    // For the current minute: the CPU of each second with a ready instance, and the number of ready instances in the
    // last one.
    let (mut seconds, mut ready): (Vec<f64>, i64) = (Vec::new(), 0);
    let mut last_action: Option<i64> = None;
    let mut outcome = Outcome::default();
    for second in 0..=rows[rows.len() - 1].at {
        if second > 0 && second % MINUTE == 0 {
            let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
            world.minutes.push((ready > 0).then_some((mean, ready)));
            seconds.clear();
        }
        if second > 0 && second % platform.evaluate == 0 {
            let now_active = applies(&calendar, start + second);
            let switched = now_active != active;
            active = now_active;
            let count = instances.len() as i64;
            let profile = active.map(|index| &profiles[index]);
            let rules = profile.map_or(&[][..], |profile| &profile.rules);
            let values: Vec<Option<f64>> = rules
                .iter()
                .map(|rule| world.value(rule, second - platform.lag, count))
                .collect();
            let waits = |rule: &Rule| last_action.is_some_and(|at| second < at + rule.cooldown);
            let decided = profile.and_then(|profile| evaluation(profile, &values, count, waits));
            if let Some((to, cause)) = decided {
                let cause = if cause == "limits" && switched {
                    "profile"
                } else {
                    cause
                };
                outcome.actions.push((second, count, to, cause));
                if cause == "rule" {
                    last_action = Some(second);
                }
                instances.sort_unstable();
                instances.resize(to as usize, second + platform.provision);
            } else {
                outcome.quiet.push(Quiet {
                    at: second,
                    count,
                    profile: active,
                    values,
                    last_action,
                });
            }
        }
        ready = instances.iter().filter(|at| **at <= second).count() as i64;
        if ready > 0 {
            seconds.push(cpu(row(rows, second).load, ready));
        }
    }
    outcome
}
