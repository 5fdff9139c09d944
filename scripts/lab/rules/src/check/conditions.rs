//! Conditions that can never be true, or never together, and conditions that have no effect because of another one.

use autoscale::{Direction, Metric, Operator, Rule, Statistic};

use super::{Placed, Remark, Remarks};
use crate::view::MOST_RULES;

/// The interval of values at which a condition is true.
#[derive(Clone, Copy, PartialEq)]
struct Values {
    least: End,
    most: End,
}

/// One end of an interval.
#[derive(Clone, Copy, PartialEq)]
struct End {
    at: f64,
    is_included: bool,
}

const ALL: Values = Values {
    least: End {
        at: f64::NEG_INFINITY,
        is_included: true,
    },
    most: End {
        at: f64::INFINITY,
        is_included: true,
    },
};

pub(super) fn check(placed: &Placed<'_>, remarks: &mut Remarks) {
    let (rules, metrics) = (&placed.profile.rules, &placed.setting.metrics);
    let remark = |rule: usize, code: &'static str, message: String, remedy: &str| Remark {
        code,
        place: placed.place.rules[rule].clone(),
        message,
        remedy: remedy.to_owned(),
    };
    let is_possible: Vec<bool> = rules
        .iter()
        .map(|rule| !possible(rule, metrics).both(values(rule)).is_empty())
        .collect();
    for (index, _) in is_possible
        .iter()
        .enumerate()
        .filter(|(_, possible)| !**possible)
    {
        let never = match rules[index].direction {
            Direction::Decrease => "so the profile never scales in",
            _ => "so the rule never acts",
        };
        let message = format!(
            "can never be true: it asks whether {}, {never}.",
            placed.condition(index)
        );
        remarks.faults.push(remark(
            index,
            "never_true",
            message,
            "Choose a threshold that the metric can reach.",
        ));
    }
    let is_share = |rule: &Rule| rule.divide_per_instance && possible(rule, metrics) != ALL;
    for index in (0..rules.len()).filter(|index| is_share(&rules[*index])) {
        let message = "divides a percentage, which is already an average over the instances, by their number: with 2 instances \
                       it sees at most 50 %, with 4 at most 25 %.";
        let remedy = "Set dividePerInstance to false.";
        remarks.hints.push(remark(
            index,
            "divided_percentage",
            message.to_owned(),
            remedy,
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
                remarks
                    .faults
                    .push(remark(one, "never_scales_in", message, remedy));
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
            remarks
                .hints
                .push(remark(loose, "scale_in_needs_all", message, remedy));
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
    match is_value && rule.unit(metrics) == " %" {
        true => Values {
            least: End::included(0.0),
            most: End::included(100.0),
        },
        false => ALL,
    }
}

/// The values at which a rule's condition is true. `NotEquals` excludes only one value, which is ignored.
fn values(rule: &Rule) -> Values {
    let at = |is_included| End {
        at: rule.threshold,
        is_included,
    };
    match rule.operator {
        Operator::Equals => Values {
            least: at(true),
            most: at(true),
        },
        Operator::NotEquals => ALL,
        Operator::GreaterThan => Values {
            least: at(false),
            ..ALL
        },
        Operator::GreaterThanOrEqual => Values {
            least: at(true),
            ..ALL
        },
        Operator::LessThan => Values {
            most: at(false),
            ..ALL
        },
        Operator::LessThanOrEqual => Values {
            most: at(true),
            ..ALL
        },
    }
}

impl End {
    fn included(at: f64) -> Self {
        Self {
            at,
            is_included: true,
        }
    }

    /// The end that excludes more. `further` tells whether the first of two ends excludes more than the second one.
    fn stricter(self, other: Self, further: impl Fn(f64, f64) -> bool) -> Self {
        match self.at == other.at {
            true => Self {
                at: self.at,
                is_included: self.is_included && other.is_included,
            },
            false if further(self.at, other.at) => self,
            false => other,
        }
    }
}

impl Values {
    fn both(self, other: Self) -> Self {
        Self {
            least: self.least.stricter(other.least, |one, other| one > other),
            most: self.most.stricter(other.most, |one, other| one < other),
        }
    }

    fn is_empty(self) -> bool {
        let (least, most) = (self.least, self.most);
        least.at > most.at || (least.at == most.at && !(least.is_included && most.is_included))
    }

    fn is_within(self, other: Self) -> bool {
        let both = self.both(other);
        (both.least, both.most) == (self.least, self.most)
    }
}
