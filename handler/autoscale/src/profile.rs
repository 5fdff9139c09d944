//! An autoscale setting as Azure Resource Manager writes it (`Microsoft.Insights/autoscaleSettings`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::place::printable;
use super::resource_type;
use super::schedule::{self, Schedule};

/// The built-in rules: the text of `infra/autoscale.json`.
pub const BUILT_IN: &str = include_str!("../../../infra/autoscale.json");

/// No plan and no scale set has more instances, so a profile may not request more.
pub const MOST_INSTANCES: u32 = 1_000;

/// An autoscale setting: one target, and the profiles that apply to it according to the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The resource's name; empty for a bare profile.
    pub name: String,
    /// Whether Azure would apply it.
    pub enabled: bool,
    /// The resource that is scaled, if the file names it.
    pub target: Option<String>,
    /// In the file's order.
    pub profiles: Vec<Profile>,
    /// The metrics that the rules use; [`Rule::metric`] is an index into this list.
    pub metrics: Vec<Metric>,
}

/// The metric that a rule uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// For example `CpuPercentage`.
    pub name: String,
    /// For example `microsoft.web/serverfarms`, if the file names it.
    pub namespace: Option<String>,
    /// The resource of the metric, if it is not the one that is scaled.
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
    /// The values for the comparison.
    pub values: Vec<String>,
}

/// The limits of the number of instances, and the rules that change it within them.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The name in the file.
    pub name: String,
    /// When it applies.
    pub schedule: Schedule,
    /// The limits of the number of instances.
    pub capacity: Capacity,
    /// In the file's order.
    pub rules: Vec<Rule>,
}

/// The limits of the number of instances; `minimum <= default <= maximum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// The minimum.
    pub minimum: u32,
    /// The maximum.
    pub maximum: u32,
    /// The number at the start, and the least number while the metric cannot be read.
    pub default: u32,
}

/// One rule: when it fires, and what it does then.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The metric: an index into [`Setting::metrics`].
    pub metric: usize,
    /// How the instances' values of one time grain are combined.
    pub statistic: Statistic,
    /// The span of one value.
    pub time_grain: Duration,
    /// The span that is evaluated.
    pub time_window: Duration,
    /// How the values in the window are combined.
    pub time_aggregation: Aggregation,
    /// How the window's value is compared with the threshold.
    pub operator: Operator,
    /// In the metric's unit.
    pub threshold: f64,
    /// Whether the window's value is divided by the number of instances.
    pub divide_per_instance: bool,
    /// The direction of the change.
    pub direction: Direction,
    /// The amount of the change.
    pub change: Change,
    /// The time that this rule waits after the last action of any rule.
    pub cooldown: Duration,
}

/// How the instances' values of one time grain are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Their average.
    Average,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Their sum.
    Sum,
    /// Their number.
    Count,
}

/// How the values in the window are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// Their average.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// Their sum.
    Total,
    /// Their number.
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

/// The direction in which the count changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Direction {
    /// More instances.
    Increase,
    /// Fewer instances.
    Decrease,
    /// Either direction with [`Change::ExactCount`]; no effect with any other change.
    None,
}

/// The amount by which the count changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// This number of instances.
    Count(u32),
    /// This percentage of the current count.
    PercentCount(u32),
    /// To exactly this count.
    ExactCount(u32),
    /// To the next count that the service offers; here, one instance more or fewer.
    NextAllowed,
}

impl Setting {
    /// The index of the profile that applies at a time; `None` if none applies.
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
    /// The name of the metric's resource, if it is not the one that is scaled.
    pub fn resource_name(&self) -> Option<String> {
        let resource = self.resource.as_deref()?;
        Some(printable(resource_type::name(resource)))
    }
}

impl Profile {
    /// The profile's name for people. The portal's companion profiles have JSON as their name.
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

    /// The name in the schema.
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

    /// The name in the schema.
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

    /// The name in the schema.
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

    /// The name in the schema.
    pub fn name(self) -> &'static str {
        name_in(&Self::NAMES, &self)
    }
}

impl Change {
    /// The schema's `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count(_) => "ChangeCount",
            Self::PercentCount(_) => "PercentChangeCount",
            Self::ExactCount(_) => "ExactCount",
            Self::NextAllowed => "ServiceAllowedNextValue",
        }
    }

    /// The schema's `value`.
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
