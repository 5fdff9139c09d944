//! An autoscale profile as Azure Resource Manager writes it (`Microsoft.Insights/autoscaleSettings`).

use std::time::Duration;

use serde::Deserialize;

/// The rules that come with the app, `infra/autoscale.json`, as the file stands.
pub const BUILT_IN: &str = include_str!("../../../infra/autoscale.json");

/// No plan and no scale set has more instances, so no profile may ask for more.
pub const MOST_INSTANCES: u32 = 1_000;

/// Bounds on the number of instances, and the rules that change it within them.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// As the file names it.
    pub name: String,
    /// Bounds on the number of instances.
    pub capacity: Capacity,
    /// In the file's order.
    pub rules: Vec<Rule>,
}

/// Bounds on the number of instances; `minimum <= default <= maximum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Never fewer.
    pub minimum: u32,
    /// Never more.
    pub maximum: u32,
    /// At the start, and at least so many when the metric cannot be read.
    pub default: u32,
}

/// One rule: when it fires and what it then does.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Such as `CpuPercentage`.
    pub metric: String,
    /// How the instances' values of one time grain become one.
    pub statistic: Statistic,
    /// The span of one value.
    pub time_grain: Duration,
    /// The span looked at.
    pub time_window: Duration,
    /// How the values of the window become one.
    pub time_aggregation: Aggregation,
    /// How the window's value is compared with the threshold.
    pub operator: Operator,
    /// In the metric's unit.
    pub threshold: f64,
    /// Which way the count goes.
    pub direction: Direction,
    /// By how much it changes.
    pub change: Change,
    /// The time after this rule's action in which nothing scales.
    pub cooldown: Duration,
}

/// How the instances' values of one time grain become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Their mean.
    Average,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// All added up.
    Sum,
    /// How many there are.
    Count,
}

/// How the values of the window become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// Their mean.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// All added up.
    Total,
    /// How many there are.
    Count,
    /// The newest.
    Last,
}

/// How the window's value is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Operator {
    /// `=`
    Equals,
    /// `!=`
    NotEquals,
    /// `>`
    GreaterThan,
    /// `>=`
    GreaterThanOrEqual,
    /// `<`
    LessThan,
    /// `<=`
    LessThanOrEqual,
}

/// Which way the count goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Direction {
    /// More instances.
    Increase,
    /// Fewer instances.
    Decrease,
}

/// By how much the count changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// By so many instances.
    Count(u32),
    /// By so many percent of the present count.
    PercentCount(u32),
    /// To exactly so many.
    ExactCount(u32),
}

impl Statistic {
    /// The schema's names.
    pub(super) const NAMES: [(&'static str, Self); 5] = [
        ("Average", Self::Average),
        ("Min", Self::Min),
        ("Max", Self::Max),
        ("Sum", Self::Sum),
        ("Count", Self::Count),
    ];

    /// As the schema writes it.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }
}

impl Aggregation {
    /// The schema's names.
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("Average", Self::Average),
        ("Minimum", Self::Minimum),
        ("Maximum", Self::Maximum),
        ("Total", Self::Total),
        ("Count", Self::Count),
        ("Last", Self::Last),
    ];

    /// As the schema writes it.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }
}

impl Operator {
    /// The schema's names.
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("Equals", Self::Equals),
        ("NotEquals", Self::NotEquals),
        ("GreaterThan", Self::GreaterThan),
        ("GreaterThanOrEqual", Self::GreaterThanOrEqual),
        ("LessThan", Self::LessThan),
        ("LessThanOrEqual", Self::LessThanOrEqual),
    ];

    /// As the schema writes it.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }
}

impl Direction {
    /// The schema's names; it also has `None`, which does nothing.
    pub(super) const NAMES: [(&'static str, Self); 2] =
        [("Increase", Self::Increase), ("Decrease", Self::Decrease)];

    /// As the schema writes it.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }
}

impl Change {
    /// As the schema writes its `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count(_) => "ChangeCount",
            Self::PercentCount(_) => "PercentChangeCount",
            Self::ExactCount(_) => "ExactCount",
        }
    }

    /// As the schema writes its `value`.
    pub fn value(self) -> u32 {
        match self {
            Self::Count(value) | Self::PercentCount(value) | Self::ExactCount(value) => value,
        }
    }
}

fn name_in<T: PartialEq>(names: &[(&'static str, T)], wanted: &T) -> &'static str {
    names
        .iter()
        .find(|(_, value)| value == wanted)
        .map(|(name, _)| *name)
        .expect("every value has a name")
}
