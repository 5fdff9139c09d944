//! An autoscale setting as Azure Resource Manager writes it (`Microsoft.Insights/autoscaleSettings`).

use std::time::Duration;

use serde::Deserialize;

use super::place::printable;
use super::resource_type;
use super::schedule::{self, Schedule};

/// The rules that come with the app, `infra/autoscale.json`, as the file stands.
pub const BUILT_IN: &str = include_str!("../../../infra/autoscale.json");

/// No plan and no scale set has more instances, so no profile may ask for more.
pub const MOST_INSTANCES: u32 = 1_000;

/// An autoscale setting: one target, and the profiles that apply to it by the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The resource's name; empty for a bare profile.
    pub name: String,
    /// Whether Azure would act on it.
    pub enabled: bool,
    /// The resource that is scaled, where the file tells it.
    pub target: Option<String>,
    /// In the file's order.
    pub profiles: Vec<Profile>,
    /// What the rules look at; [`Rule::metric`] is an index into it.
    pub metrics: Vec<Metric>,
}

/// What a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Such as `CpuPercentage`.
    pub name: String,
    /// Such as `microsoft.web/serverfarms`, where the file tells it.
    pub namespace: Option<String>,
    /// The resource that has the metric, where it is not the one that is scaled.
    pub resource: Option<String>,
    /// Only samples with these dimensions count.
    pub dimensions: Vec<Dimension>,
    /// Whether it is the CPU of the instances that are scaled.
    pub fleet_cpu: bool,
}

/// A condition on a metric's dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The dimension.
    pub name: String,
    /// `Equals` or `NotEquals`.
    pub operator: String,
    /// What it is compared with.
    pub values: Vec<String>,
}

/// Bounds on the number of instances, and the rules that change it within them.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// As the file names it.
    pub name: String,
    /// When it applies.
    pub schedule: Schedule,
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
    /// What it looks at: an index into [`Setting::metrics`].
    pub metric: usize,
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
    /// Whether the window's value is divided by the number of instances.
    pub divide_per_instance: bool,
    /// Which way the count goes.
    pub direction: Direction,
    /// By how much it changes.
    pub change: Change,
    /// This rule waits so long after the most recent action of any rule.
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
    /// Either, with [`Change::ExactCount`]; nothing with any other change.
    None,
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
    /// To the next count that the service offers; here, one instance more or fewer.
    NextAllowed,
}

impl Setting {
    /// The index of the profile that applies at a time; `None` where none does.
    pub fn active(&self, unix_seconds: i64) -> Option<usize> {
        let schedules = self.profiles.iter().map(|profile| &profile.schedule);
        schedule::active(schedules, unix_seconds)
    }

    /// The largest number of instances that a profile allows.
    pub fn maximum(&self) -> u32 {
        let maxima = self.profiles.iter().map(|profile| profile.capacity.maximum);
        maxima.max().unwrap_or_default()
    }

    /// The smallest number of instances that a profile allows.
    pub fn minimum(&self) -> u32 {
        let minima = self.profiles.iter().map(|profile| profile.capacity.minimum);
        minima.min().unwrap_or_default()
    }
}

impl Metric {
    /// The name of the resource that has the metric, where it is not the one that is scaled.
    pub fn resource_name(&self) -> Option<String> {
        let resource = self.resource.as_deref()?;
        Some(printable(resource_type::name(resource)))
    }
}

impl Profile {
    /// The profile's name for people: the portal's companion profiles have JSON for a name.
    pub fn title(&self) -> String {
        match schedule::companion(&self.name) {
            Some(companion) => {
                let (name, before) = (companion.name, companion.for_profile);
                printable(&format!("{name} (after {before})"))
            }
            None => printable(&self.name),
        }
    }
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
    /// The schema's names.
    pub(super) const NAMES: [(&'static str, Self); 3] = [
        ("Increase", Self::Increase),
        ("Decrease", Self::Decrease),
        ("None", Self::None),
    ];

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
            Self::NextAllowed => "ServiceAllowedNextValue",
        }
    }

    /// As the schema writes its `value`.
    pub fn value(self) -> u32 {
        match self {
            Self::Count(value) | Self::PercentCount(value) | Self::ExactCount(value) => value,
            Self::NextAllowed => 1,
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
