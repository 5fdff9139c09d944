//! The parts of a setting that may change, and the values that are tried.

use std::time::Duration;

use autoscale::schedule::{Schedule, companion};
use autoscale::{Capacity, Change, Direction, MOST_INSTANCES, Profile, Rule, Setting};
use run_record::format::exact_span;
use serde::Serialize;

mod values;

use values::{COOLDOWNS, is_percent, seconds, spaced, steps, thresholds, windows};

/// Parameters that are kept or searched together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(super) enum Group {
    /// Thresholds of rules on the instances' CPU in percent.
    Thresholds,
    /// The rules' time windows.
    Windows,
    /// The number by which a rule changes the count.
    Steps,
    /// The rules' cooldowns.
    Cooldowns,
    /// Each profile's minimum and maximum.
    Limits,
}

/// A number in the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Minimum,
    Maximum,
    Threshold(usize),
    Window(usize),
    Step(usize),
    Cooldown(usize),
}

impl Field {
    /// Its group, its place in the profile or in the rule, and its name in words.
    fn names(self) -> (Group, &'static str, &'static str) {
        match self {
            Self::Minimum => (Group::Limits, "capacity.minimum", "minimum"),
            Self::Maximum => (Group::Limits, "capacity.maximum", "maximum"),
            Self::Threshold(_) => (Group::Thresholds, "metricTrigger.threshold", "threshold"),
            Self::Window(_) => (Group::Windows, "metricTrigger.timeWindow", "window"),
            Self::Step(_) => (Group::Steps, "scaleAction.value", "step"),
            Self::Cooldown(_) => (Group::Cooldowns, "scaleAction.cooldown", "cooldown"),
        }
    }

    fn value(self, profile: &Profile) -> f64 {
        match self {
            Self::Minimum => f64::from(profile.capacity.minimum),
            Self::Maximum => f64::from(profile.capacity.maximum),
            Self::Threshold(rule) => profile.rules[rule].threshold,
            Self::Window(rule) => profile.rules[rule].time_window.as_secs() as f64,
            Self::Cooldown(rule) => profile.rules[rule].cooldown.as_secs() as f64,
            Self::Step(rule) => f64::from(profile.rules[rule].change.value()),
        }
    }
}

/// A number in the setting, and the values that it may have.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    /// Its place in the file.
    pub(super) place: String,
    /// The same in words.
    pub(super) label: String,
    profile: usize,
    field: Field,
    /// In the field's unit (durations in seconds), ascending.
    values: Vec<f64>,
    /// The index of the present value.
    pub(super) present: u8,
}

/// For each parameter, the index of its value.
pub(super) type Choice = Vec<u8>;

/// All settings that may be tried.
#[derive(Debug)]
pub(super) struct Space<'a> {
    setting: &'a Setting,
    pub(super) parameters: Vec<Parameter>,
    /// Whether the load was read with the default count, which must then not change.
    keeps_default: bool,
}

impl<'a> Space<'a> {
    /// All parameters except those that are kept. `needed` instances can handle the highest load. A maximum without a
    /// spare instance beyond these is not tried, unless it is the present one.
    pub(super) fn of(
        setting: &'a Setting,
        keep: &[Group],
        needed: u32,
        keeps_default: bool,
    ) -> Self {
        let mut parameters = Vec::new();
        for (index, profile) in setting.profiles.iter().enumerate() {
            if default_of(setting, index).is_some() {
                continue;
            }
            let prefix = match setting.profiles.len() {
                1 => (String::new(), String::new()),
                _ => (
                    format!("profiles[{index}]."),
                    format!("{}: ", profile.title()),
                ),
            };
            let mut add = |field: Field, within: (&str, &str), values: Vec<f64>| {
                let (group, place, label) = field.names();
                let place = format!("{}{}{place}", prefix.0, within.0);
                let label = format!("{}{}{label}", prefix.1, within.1);
                let parameter = Parameter::new(place, label, index, field, values, profile);
                if !keep.contains(&group) && parameter.values.len() > 1 {
                    parameters.push(parameter);
                }
            };
            let Capacity {
                minimum, maximum, ..
            } = profile.capacity;
            add(Field::Minimum, ("", ""), spaced(1, maximum));
            let most = maximum.max(needed.min(MOST_INSTANCES));
            let least = minimum.max(needed.saturating_add(1)).min(maximum);
            add(Field::Maximum, ("", ""), spaced(least, most));
            for (number, rule) in profile.rules.iter().enumerate() {
                let metric = setting.metrics.get(rule.metric);
                if !metric.is_some_and(|metric| metric.fleet_cpu)
                    || rule.direction == Direction::None
                {
                    continue;
                }
                let place = format!("rules[{number}].");
                let label = format!("{}, ", rule_name(profile, number));
                for (field, values) in [
                    (Field::Threshold(number), thresholds(rule)),
                    (Field::Window(number), windows(rule)),
                    (Field::Step(number), steps(rule, most.saturating_sub(1))),
                    (Field::Cooldown(number), seconds(&COOLDOWNS)),
                ] {
                    add(field, (&place, &label), values);
                }
            }
        }
        Self {
            setting,
            parameters,
            keeps_default,
        }
    }

    /// The present setting.
    pub(super) fn present(&self) -> Choice {
        let parameters = self.parameters.iter();
        parameters.map(|parameter| parameter.present).collect()
    }

    /// The setting with these values; `None` if they contradict each other.
    pub(super) fn setting(&self, choice: &[u8]) -> Option<Setting> {
        let mut setting = self.setting.clone();
        for (parameter, index) in self.parameters.iter().zip(choice) {
            for (number, profile) in setting.profiles.iter_mut().enumerate() {
                let profile_of = default_of(self.setting, number).unwrap_or(number);
                if profile_of == parameter.profile {
                    parameter.apply(profile, *index);
                }
            }
        }
        for (profile, before) in setting.profiles.iter_mut().zip(&self.setting.profiles) {
            let Capacity {
                minimum,
                maximum,
                default,
            } = profile.capacity;
            if minimum > maximum {
                return None;
            }
            profile.capacity.default = default.clamp(minimum, maximum);
            if self.keeps_default && profile.capacity.default != default {
                return None;
            }
            if profile.rules != before.rules && thresholds_cross(profile) {
                return None;
            }
            if profile != before {
                let metrics = &self.setting.metrics;
                let known = rules::flapping(metrics, before);
                let mut found = rules::flapping(metrics, profile).into_iter();
                if found.any(|pair| !known.contains(&pair)) {
                    return None;
                }
            }
        }
        Some(setting)
    }

    /// The parameters whose values differ from the present ones, with their indices.
    pub(super) fn changed(&self, choice: &[u8]) -> impl Iterator<Item = (usize, &Parameter)> {
        let all = self.parameters.iter().zip(choice).enumerate();
        all.filter(|(_, (parameter, index))| parameter.present != **index)
            .map(|(number, (parameter, _))| (number, parameter))
    }

    /// Whether the maximum of any profile is higher than the present one.
    pub(super) fn raises_maximum(&self, choice: &[u8]) -> bool {
        let mut changed = self.changed(choice);
        changed.any(|(number, parameter)| {
            parameter.field == Field::Maximum && choice[number] > parameter.present
        })
    }

    /// Whether the minimum of any profile is lower than the present one.
    pub(super) fn lowers_minimum(&self, choice: &[u8]) -> bool {
        let mut changed = self.changed(choice);
        changed.any(|(number, parameter)| {
            parameter.field == Field::Minimum && choice[number] < parameter.present
        })
    }
}

impl Parameter {
    fn new(
        place: String,
        label: String,
        index: usize,
        field: Field,
        mut values: Vec<f64>,
        profile: &Profile,
    ) -> Self {
        let present = field.value(profile);
        values.push(present);
        values.sort_by(f64::total_cmp);
        values.dedup();
        let position = values.iter().position(|value| *value == present);
        let present = position.and_then(|position| u8::try_from(position).ok());
        Self {
            place,
            label,
            profile: index,
            field,
            values,
            present: present.unwrap_or_default(),
        }
    }

    /// The number of possible values, at least two.
    pub(super) fn len(&self) -> u8 {
        u8::try_from(self.values.len()).unwrap_or(u8::MAX)
    }

    /// The value with this index in the field's unit; durations in seconds.
    pub(super) fn value(&self, index: u8) -> f64 {
        self.values[usize::from(index)]
    }

    /// The value with this index in words.
    pub(super) fn show(&self, index: u8) -> String {
        let value = self.value(index);
        match self.field {
            Field::Threshold(_) => format!("{value}%"),
            Field::Window(_) | Field::Cooldown(_) => exact_span(value as u64),
            Field::Minimum | Field::Maximum | Field::Step(_) => value.to_string(),
        }
    }

    fn apply(&self, profile: &mut Profile, index: u8) {
        let value = self.value(index);
        let duration = Duration::from_secs(value as u64);
        let count = value as u32;
        match self.field {
            Field::Minimum => profile.capacity.minimum = count,
            Field::Maximum => profile.capacity.maximum = count,
            Field::Threshold(rule) => profile.rules[rule].threshold = value,
            Field::Window(rule) => profile.rules[rule].time_window = duration,
            Field::Cooldown(rule) => profile.rules[rule].cooldown = duration,
            Field::Step(rule) => {
                let change = &mut profile.rules[rule].change;
                *change = match *change {
                    Change::Count(_) => Change::Count(count),
                    Change::PercentCount(_) => Change::PercentCount(count),
                    other => other,
                };
            }
        }
    }
}

/// Such as `scale-out`, with a number if the profile has several such rules.
fn rule_name(profile: &Profile, number: usize) -> String {
    let direction = profile.rules[number].direction;
    let same = |rule: &&Rule| rule.direction == direction;
    let name = match direction {
        Direction::Increase => "scale-out",
        _ => "scale-in",
    };
    match profile.rules.iter().filter(same).count() {
        1 => name.to_owned(),
        _ => format!("{name} (rules[{number}])"),
    }
}

/// Whether there is a CPU value at which one rule adds instances and another one removes some.
fn thresholds_cross(profile: &Profile) -> bool {
    let of = |direction| {
        let rules = profile.rules.iter();
        rules.filter(move |rule| rule.direction == direction && is_percent(rule))
    };
    of(Direction::Increase)
        .filter(|rule| rule.operator.is_above())
        .any(|out| {
            let mut inward = of(Direction::Decrease).filter(|rule| !rule.operator.is_above());
            inward.any(|rule| rule.metric == out.metric && rule.threshold >= out.threshold)
        })
}

/// The default that this companion profile repeats. The default's values are then also the companion's. A companion
/// that differs from all defaults is a separate profile.
fn default_of(setting: &Setting, index: usize) -> Option<usize> {
    let profile = &setting.profiles[index];
    companion(&profile.name)?;
    setting.profiles.iter().position(|other| {
        let is_default = matches!(other.schedule, Schedule::Default);
        is_default && other.rules == profile.rules && other.capacity == profile.capacity
    })
}

#[cfg(test)]
mod tests;
