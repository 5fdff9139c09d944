//! The values of a profile's rules in one evaluation, according to the log.

use std::time::Duration;

use autoscale::{Direction, Metric, Profile, Rule, window};

use super::disagreement::{Comparison, Kind};
use super::log::Evaluation;
use super::row::{Measured, RuleRow, SamplesRow};

/// The value of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Seen {
    /// A value; `None` if there was no sample.
    Known(Option<f64>),
    /// The log does not contain it.
    Unknown,
}

/// The values of all rules of a profile, in the profile's order.
#[derive(Debug, Default)]
pub(super) struct Seeing {
    pub(super) values: Vec<Seen>,
    /// The same, calculated from the samples if the log contains them.
    pub(super) by_samples: Vec<Seen>,
    /// A rule that may act and does not wait, but has no row.
    pub(super) missing: Option<usize>,
}

impl Seeing {
    /// Finds the row of each rule, and compares each rule's result.
    pub(super) fn of(
        evaluation: &Evaluation,
        profile: &Profile,
        metrics: &[Metric],
        comparison: &mut Comparison,
    ) -> Self {
        let now = evaluation.evaluated_at().unwrap_or_default();
        let last_action = evaluation.last_action();
        let left = |rule: &Rule| {
            let over = last_action.map(|last| last.saturating_add(rule.cooldown));
            over.map_or(Duration::ZERO, |over| over.saturating_sub(now))
        };
        let rows = rows(evaluation, profile, metrics, &left, comparison);
        let count = evaluation.current().unwrap_or(profile.capacity.default);
        let mut seeing = Self::default();
        for (index, (rule, row)) in profile.rules.iter().zip(rows).enumerate() {
            let sampled = by_samples(evaluation, rule, metrics, count);
            let left = left(rule);
            let value = match row {
                Some(row) => {
                    compare_row(row, (rule, metrics), &sampled, left, comparison);
                    Seen::Known(row.observed)
                }
                None => {
                    // A rule that sets the present count does nothing.
                    let acts = rule.direction_at(count) != Direction::None;
                    if acts && left.is_zero() {
                        seeing.missing = seeing.missing.or(Some(index));
                    }
                    match sampled.last() {
                        Some(value) => Seen::Known(*value),
                        None => of_another_rule(evaluation, rule, metrics),
                    }
                }
            };
            seeing.values.push(value);
            seeing.by_samples.push(match sampled.last() {
                Some(value) => Seen::Known(*value),
                None => value,
            });
        }
        seeing
    }
}

/// The row of each rule. A row without a rule is a disagreement.
fn rows<'e>(
    evaluation: &'e Evaluation,
    profile: &Profile,
    metrics: &[Metric],
    left: &impl Fn(&Rule) -> Duration,
    comparison: &mut Comparison,
) -> Vec<Option<&'e RuleRow>> {
    let mut rows: Vec<Option<&RuleRow>> = vec![None; profile.rules.len()];
    for row in &evaluation.rules {
        let free =
            |index: &usize| rows[*index].is_none() && is_of(row, &profile.rules[*index], metrics);
        let found: Vec<usize> = (0..profile.rules.len()).filter(free).collect();
        // Of two rules on the same metric and window, only the one that does not wait has a row.
        let due = found
            .iter()
            .find(|index| left(&profile.rules[**index]).is_zero());
        match due.or(found.first()) {
            Some(index) => rows[*index] = Some(row),
            // Exports may contain a row twice.
            None if rows.iter().flatten().any(|other| *other == row) => {}
            None => {
                let has: Vec<String> = profile
                    .rules
                    .iter()
                    .map(|rule| rule.describe(metrics))
                    .collect();
                comparison.add(
                    Kind::UnknownRule,
                    format!("rules of {}", profile.title()),
                    format!(
                        "a rule on {} {} {}, window {} s, {}",
                        row.measured.metric,
                        row.operator,
                        row.threshold,
                        row.window.unwrap_or_default().as_secs(),
                        row.aggregation.as_deref().unwrap_or("any aggregation"),
                    ),
                    match has.is_empty() {
                        true => "has no rules".to_owned(),
                        false => format!("has: {}", has.join("; ")),
                    },
                );
            }
        }
    }
    rows
}

/// Whether a row belongs to this rule.
fn is_of(row: &RuleRow, rule: &Rule, metrics: &[Metric]) -> bool {
    let same = (row.threshold - rule.threshold).abs() <= 1e-9 * rule.threshold.abs().max(1.0);
    same && row.operator.eq_ignore_ascii_case(rule.operator.name())
        && row.window.is_none_or(|window| window == rule.time_window)
        && is_named(row.aggregation.as_deref(), rule.time_aggregation.name())
        && looks_at(&row.measured, rule, metrics)
}

/// Whether a row has the metric and the window of this rule.
fn looks_at(measured: &Measured, rule: &Rule, metrics: &[Metric]) -> bool {
    metrics.get(rule.metric).is_some_and(|metric| {
        metric.name.eq_ignore_ascii_case(&measured.metric)
            && is_named(
                measured.namespace.as_deref(),
                metric.namespace.as_deref().unwrap_or_default(),
            )
    }) && measured.grain.is_none_or(|grain| grain == rule.time_grain)
        && is_named(measured.statistic.as_deref(), rule.statistic.name())
}

/// Whether two names may be the same. A missing name matches every name.
fn is_named(logged: Option<&str>, own: &str) -> bool {
    let logged = logged.unwrap_or_default();
    logged.is_empty() || own.is_empty() || logged.eq_ignore_ascii_case(own)
}

/// The values for a rule, calculated from the log's samples.
fn by_samples(
    evaluation: &Evaluation,
    rule: &Rule,
    metrics: &[Metric],
    count: u32,
) -> Vec<Option<f64>> {
    const APART: Duration = Duration::from_secs(1);
    let window = rule.time_window.max(rule.time_grain);
    let is_of = |row: &&SamplesRow| {
        let spans = row.span.is_none_or(|span| span.abs_diff(window) <= APART);
        spans && looks_at(&row.measured, rule, metrics)
    };
    let rows = evaluation.samples.iter().filter(is_of);
    rows.map(|row| window::value_of(rule, row.samples.iter().copied(), count))
        .collect()
}

/// The value of another rule with the same metric and window.
fn of_another_rule(evaluation: &Evaluation, rule: &Rule, metrics: &[Metric]) -> Seen {
    let is_same = |row: &&RuleRow| {
        row.window == Some(rule.time_window)
            && row.aggregation.is_some()
            && is_named(row.aggregation.as_deref(), rule.time_aggregation.name())
            && looks_at(&row.measured, rule, metrics)
    };
    match evaluation.rules.iter().find(is_same) {
        // The log does not contain whether the other rule's value is divided by the instances.
        Some(row) if !rule.divide_per_instance => Seen::Known(row.observed),
        _ => Seen::Unknown,
    }
}

/// Compares a rule's result, and its observed value with the samples.
fn compare_row(
    row: &RuleRow,
    (rule, metrics): (&Rule, &[Metric]),
    sampled: &[Option<f64>],
    left: Duration,
    comparison: &mut Comparison,
) {
    let about = || format!("the rule that {}", rule.describe(metrics));
    if !left.is_zero() {
        comparison.add(
            Kind::Cooldown,
            about(),
            "evaluates it",
            format!(
                "it waits: {} s of its cooldown are left",
                left.as_secs_f64()
            ),
        );
    }
    let holds = row
        .observed
        .map(|value| rule.operator.holds(value, rule.threshold));
    let ours = match holds {
        None => "Unknown",
        Some(true) => "Triggered",
        Some(false) => "NotTriggered",
    };
    if let Some(logged) = &row.result {
        comparison.rule_results += 1;
        if !logged.eq_ignore_ascii_case(ours) {
            let observed = shown(row.observed);
            let sign = rule.operator.symbol();
            let threshold = rule.threshold;
            let lab = match holds {
                None => format!("{ours}: without a value no rule fires"),
                Some(true) => format!("{ours}: {observed} {sign} {threshold}"),
                Some(false) => format!("{ours}: not {observed} {sign} {threshold}"),
            };
            let samples = match sampled.last() {
                Some(Some(value)) => format!("; its samples give {value}"),
                _ => String::new(),
            };
            let log = format!("{logged}: observed {observed}{samples}");
            return comparison.add(Kind::RuleResult, about(), log, lab);
        }
    }
    let agrees = |value: &Option<f64>| match (value, row.observed) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-6 * one.abs().max(1.0),
        (one, other) => one.is_none() && other.is_none(),
    };
    if let Some(value) = sampled.last()
        && !sampled.iter().any(agrees)
    {
        comparison.add(
            Kind::ObservedValue,
            about(),
            format!("observed {}", shown(row.observed)),
            format!("its samples give {}", shown(*value)),
        );
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}
