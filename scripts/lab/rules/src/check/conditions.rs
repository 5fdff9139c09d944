//! Conditions that can never be true, or never together, and conditions that have no effect because of another one.

use autoscale::{Direction, Metric, Operator, Rule, Statistic};

use super::{Placed, Remark, Remarks};
use crate::view::MOST_RULES;

/// The values at which a condition is true: from `least` to `most`, both included.
#[derive(Clone, Copy, PartialEq)]
struct Values {
    least: f64,
    most: f64,
}

const ALL: Values = Values {
    least: f64::NEG_INFINITY,
    most: f64::INFINITY,
};

pub(super) fn check(placed: &Placed<'_>, remarks: &mut Remarks) {
    let (rules, metrics) = (&placed.profile.rules, &placed.setting.metrics);
    let place = |rule: usize| placed.place.rules[rule].as_str();
    let is_possible: Vec<bool> = rules
        .iter()
        .map(|rule| !possible(rule, metrics).both(values(rule)).is_empty())
        .collect();
    for index in (0..rules.len()).filter(|index| !is_possible[*index]) {
        let never = match rules[index].direction {
            Direction::Decrease => "so the profile never scales in",
            _ => "so the rule never acts",
        };
        let condition = placed.condition(index);
        remarks.faults.push(Remark::new(
            "never_true",
            place(index),
            format!("can never be true: it asks whether {condition}, {never}."),
            "Choose a threshold that the metric can reach.",
        ));
    }
    let is_share = |rule: &Rule| rule.divide_per_instance && possible(rule, metrics) != ALL;
    for index in (0..rules.len()).filter(|index| is_share(&rules[*index])) {
        remarks.hints.push(Remark::new(
            "divided_percentage",
            place(index),
            "divides a percentage, which is already an average over the instances, by their number: with 2 instances \
             it sees at most 50%, with 4 at most 25%.",
            "Set dividePerInstance to false.",
        ));
    }
    let inward: Vec<usize> = (0..rules.len().min(MOST_RULES))
        .filter(|index| rules[*index].direction == Direction::Decrease && is_possible[*index])
        .collect();
    for (position, &one) in inward.iter().enumerate() {
        for &other in &inward[position + 1..] {
            if !sees_the_same(&rules[one], &rules[other]) {
                continue;
            }
            let (first, second) = (values(&rules[one]), values(&rules[other]));
            let within = possible(&rules[one], metrics);
            if first.both(second).both(within).is_empty() {
                let message = format!(
                    "and {} can never both be true ({}; {}), so the profile never scales in: Azure scales in only when all \
                     scale-in rules are true.",
                    placed.short(other),
                    placed.condition(one),
                    placed.condition(other),
                );
                let remedy = "Remove one of them, or make their conditions overlap.";
                let fault = Remark::new("never_scales_in", place(one), message, remedy);
                remarks.faults.push(fault);
                continue;
            }
            let (loose, strict) = match (second.is_within(first), first.is_within(second)) {
                (true, _) => (one, other),
                (_, true) => (other, one),
                _ => continue,
            };
            let message = format!(
                "never decides alone: Azure scales in only when all scale-in rules are true, and {} is stricter ({}). Of \
                 their steps the smaller one is taken.",
                placed.short(strict),
                placed.condition(strict),
            );
            let remedy = "Keep one scale-in rule for each metric.";
            let hint = Remark::new("scale_in_needs_all", place(loose), message, remedy);
            remarks.hints.push(hint);
        }
    }
}

/// Whether both rules use the same value under a constant load.
fn sees_the_same(one: &Rule, other: &Rule) -> bool {
    let sees = |rule: &Rule| {
        (
            rule.metric,
            rule.statistic,
            rule.time_aggregation,
            rule.divide_per_instance,
        )
    };
    sees(one) == sees(other)
}

/// A percentage is between 0 and 100. Totals and counts may be larger.
fn possible(rule: &Rule, metrics: &[Metric]) -> Values {
    use autoscale::Aggregation::{Count, Total};
    let is_value = !matches!(rule.statistic, Statistic::Sum | Statistic::Count)
        && !matches!(rule.time_aggregation, Total | Count);
    match is_value && rule.unit(metrics) == "%" {
        true => Values {
            least: 0.0,
            most: 100.0,
        },
        false => ALL,
    }
}

/// The values at which a rule's condition is true. `NotEquals` excludes only one value, which is ignored.
fn values(rule: &Rule) -> Values {
    let threshold = rule.threshold;
    let (least, most) = match rule.operator {
        Operator::Equals => (threshold, threshold),
        Operator::NotEquals => (ALL.least, ALL.most),
        Operator::GreaterThan => (threshold.next_up(), ALL.most),
        Operator::GreaterThanOrEqual => (threshold, ALL.most),
        Operator::LessThan => (ALL.least, threshold.next_down()),
        Operator::LessThanOrEqual => (ALL.least, threshold),
    };
    Values { least, most }
}

impl Values {
    fn both(self, other: Self) -> Self {
        Self {
            least: self.least.max(other.least),
            most: self.most.min(other.most),
        }
    }

    fn is_empty(self) -> bool {
        self.least > self.most
    }

    fn is_within(self, other: Self) -> bool {
        self.both(other) == self
    }
}
