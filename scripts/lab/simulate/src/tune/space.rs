//! What may change in a setting, and the values that are tried.

use std::ops::RangeInclusive;
use std::time::Duration;

use autoscale::{
    Aggregation, Capacity, Change, Direction, MOST_INSTANCES, Operator, Profile, Rule, Setting,
    Statistic,
};
use run_record::format::exact_span;
use serde::Serialize;

const MINUTE: u64 = 60;
/// Percent of CPU of rules that fire from above. Higher ones leave no room for what comes before the next instance.
const HIGH_THRESHOLDS: RangeInclusive<u32> = 40..=85;
/// Percent of CPU of rules that fire from below.
const LOW_THRESHOLDS: RangeInclusive<u32> = 5..=60;
const THRESHOLD_STEP: usize = 5;
/// Minutes. Azure's documentation asks for five at least.
const WINDOWS: [u64; 7] = [5, 10, 15, 20, 30, 45, 60];
/// Minutes.
const COOLDOWNS: [u64; 8] = [1, 2, 3, 5, 10, 15, 20, 30];
const STEPS: RangeInclusive<u32> = 1..=10;
const PERCENT_STEPS: [u32; 6] = [10, 20, 25, 50, 75, 100];
/// So many limits are tried, evenly spaced.
const MOST_LIMITS: u32 = 24;

/// Parameters that are kept or searched together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(super) enum Group {
    /// Thresholds of rules on the instances' CPU in percent.
    Thresholds,
    /// The rules' time windows.
    Windows,
    /// By how much a rule changes the count.
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

/// A number in the setting, and the values that it may have.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    /// Its place in the file.
    pub(super) place: String,
    /// The same for people.
    pub(super) label: String,
    profile: usize,
    field: Field,
    /// In the field's unit (durations in seconds), ascending.
    values: Vec<f64>,
    /// The index of the present value.
    present: u8,
}

/// For each parameter, the index of its value.
pub(super) type Choice = Vec<u8>;

/// Every setting that may be tried.
#[derive(Debug)]
pub(super) struct Space<'a> {
    setting: &'a Setting,
    pub(super) parameters: Vec<Parameter>,
    /// Whether the load was read with the default count, which must then stay.
    keeps_default: bool,
}

impl<'a> Space<'a> {
    /// Everything but what is kept. `needed` instances can carry the highest load; a maximum that leaves no other one
    /// free is not tried, unless it is the present one.
    pub(super) fn of(
        setting: &'a Setting,
        keep: &[Group],
        needed: u32,
        keeps_default: bool,
    ) -> Self {
        let mut parameters = Vec::new();
        for (index, profile) in setting.profiles.iter().enumerate() {
            let prefix = match setting.profiles.len() {
                1 => (String::new(), String::new()),
                _ => (
                    format!("profiles[{index}]."),
                    format!("{}: ", profile.title()),
                ),
            };
            let mut add = |group: Group, field, place: &str, label: &str, values: Vec<f64>| {
                let place = format!("{}{place}", prefix.0);
                let label = format!("{}{label}", prefix.1);
                let present = value_of(profile, field);
                let parameter = Parameter::new(place, label, index, field, values, present);
                if !keep.contains(&group) && parameter.values.len() > 1 {
                    parameters.push(parameter);
                }
            };
            let Capacity {
                minimum, maximum, ..
            } = profile.capacity;
            let limits = Group::Limits;
            add(
                limits,
                Field::Minimum,
                "capacity.minimum",
                "minimum",
                spaced(1, maximum),
            );
            let most = maximum.max(needed.min(MOST_INSTANCES));
            let least = minimum.max(needed.saturating_add(1)).min(maximum);
            add(
                limits,
                Field::Maximum,
                "capacity.maximum",
                "maximum",
                spaced(least, most),
            );
            for (number, rule) in profile.rules.iter().enumerate() {
                let metric = setting.metrics.get(rule.metric);
                if !metric.is_some_and(|metric| metric.fleet_cpu)
                    || rule.direction == Direction::None
                {
                    continue;
                }
                let name = rule_name(profile, number);
                let mut add = |group, field, place: &str, label: &str, values| {
                    let place = format!("rules[{number}].{place}");
                    add(group, field, &place, &format!("{name}, {label}"), values);
                };
                add(
                    Group::Thresholds,
                    Field::Threshold(number),
                    "metricTrigger.threshold",
                    "threshold",
                    thresholds(rule),
                );
                add(
                    Group::Windows,
                    Field::Window(number),
                    "metricTrigger.timeWindow",
                    "window",
                    windows(rule),
                );
                add(
                    Group::Steps,
                    Field::Step(number),
                    "scaleAction.value",
                    "step",
                    steps(rule, most.saturating_sub(1)),
                );
                let cooldowns = seconds(&COOLDOWNS);
                add(
                    Group::Cooldowns,
                    Field::Cooldown(number),
                    "scaleAction.cooldown",
                    "cooldown",
                    cooldowns,
                );
            }
        }
        Self {
            setting,
            parameters,
            keeps_default,
        }
    }

    /// The setting as it is.
    pub(super) fn present(&self) -> Choice {
        let parameters = self.parameters.iter();
        parameters.map(|parameter| parameter.present).collect()
    }

    /// The setting with these values; `None` where they contradict each other.
    pub(super) fn setting(&self, choice: &[u8]) -> Option<Setting> {
        let mut setting = self.setting.clone();
        for (parameter, index) in self.parameters.iter().zip(choice) {
            parameter.apply(&mut setting.profiles[parameter.profile], *index);
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
        }
        Some(setting)
    }

    /// How many values differ from the present ones.
    pub(super) fn changes(&self, choice: &[u8]) -> usize {
        self.changed(choice).count()
    }

    /// The parameters whose values differ from the present ones, with their indices.
    pub(super) fn changed(&self, choice: &[u8]) -> impl Iterator<Item = (usize, &Parameter)> {
        let all = self.parameters.iter().zip(choice).enumerate();
        all.filter(|(_, (parameter, index))| parameter.present != **index)
            .map(|(number, (parameter, _))| (number, parameter))
    }

    /// Whether some profile's maximum is higher than now.
    pub(super) fn raises_maximum(&self, choice: &[u8]) -> bool {
        let mut all = self.parameters.iter().zip(choice);
        all.any(|(parameter, index)| {
            parameter.field == Field::Maximum && *index > parameter.present
        })
    }

    /// Whether some profile's minimum is lower than now.
    pub(super) fn lowers_minimum(&self, choice: &[u8]) -> bool {
        let mut all = self.parameters.iter().zip(choice);
        all.any(|(parameter, index)| {
            parameter.field == Field::Minimum && *index < parameter.present
        })
    }
}

impl Parameter {
    fn new(
        place: String,
        label: String,
        profile: usize,
        field: Field,
        mut values: Vec<f64>,
        present: f64,
    ) -> Self {
        values.push(present);
        values.sort_by(f64::total_cmp);
        values.dedup();
        let index = values.iter().position(|value| *value == present);
        Self {
            place,
            label,
            profile,
            field,
            values,
            present: index
                .and_then(|index| u8::try_from(index).ok())
                .unwrap_or_default(),
        }
    }

    /// How many values it may have; more than one.
    pub(super) fn len(&self) -> u8 {
        u8::try_from(self.values.len()).unwrap_or(u8::MAX)
    }

    /// The index of its present value.
    pub(super) fn present(&self) -> u8 {
        self.present
    }

    /// The value of this index in the field's unit; durations in seconds.
    pub(super) fn value(&self, index: u8) -> f64 {
        self.values[usize::from(index)]
    }

    /// The value of this index for people.
    pub(super) fn show(&self, index: u8) -> String {
        let value = self.value(index);
        match self.field {
            Field::Threshold(_) => format!("{value} %"),
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

fn value_of(profile: &Profile, field: Field) -> f64 {
    match field {
        Field::Minimum => f64::from(profile.capacity.minimum),
        Field::Maximum => f64::from(profile.capacity.maximum),
        Field::Threshold(rule) => profile.rules[rule].threshold,
        Field::Window(rule) => profile.rules[rule].time_window.as_secs() as f64,
        Field::Cooldown(rule) => profile.rules[rule].cooldown.as_secs() as f64,
        Field::Step(rule) => f64::from(profile.rules[rule].change.value()),
    }
}

/// Such as `scale-out`, with a number where the profile has several such rules.
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

/// Every so many of the numbers, so that there are not too many.
fn spaced(least: u32, most: u32) -> Vec<f64> {
    let every = (most.saturating_sub(least) / MOST_LIMITS).max(1) as usize;
    (least..=most).step_by(every).map(f64::from).collect()
}

fn seconds(minutes: &[u64]) -> Vec<f64> {
    minutes
        .iter()
        .map(|minutes| (minutes * MINUTE) as f64)
        .collect()
}

/// Whether the rule compares an instance's CPU in percent with a threshold from above or below.
fn is_percent(rule: &Rule) -> bool {
    let of_instances = matches!(
        rule.statistic,
        Statistic::Average | Statistic::Min | Statistic::Max
    );
    let of_samples = !matches!(
        rule.time_aggregation,
        Aggregation::Total | Aggregation::Count
    );
    let one_sided = !matches!(rule.operator, Operator::Equals | Operator::NotEquals);
    of_instances && of_samples && one_sided && !rule.divide_per_instance
}

fn is_above(rule: &Rule) -> bool {
    matches!(
        rule.operator,
        Operator::GreaterThan | Operator::GreaterThanOrEqual
    )
}

/// None but the present one where the threshold is no percentage.
fn thresholds(rule: &Rule) -> Vec<f64> {
    let values = match is_above(rule) {
        _ if !is_percent(rule) => return Vec::new(),
        true => HIGH_THRESHOLDS,
        false => LOW_THRESHOLDS,
    };
    values.step_by(THRESHOLD_STEP).map(f64::from).collect()
}

/// A total or a count over the window would need another threshold with another window.
fn windows(rule: &Rule) -> Vec<f64> {
    let whole = |window: &f64| {
        let grain = rule.time_grain.as_secs().max(1);
        (*window as u64).is_multiple_of(grain)
    };
    let scales = matches!(
        rule.time_aggregation,
        Aggregation::Total | Aggregation::Count
    );
    let all = seconds(&WINDOWS).into_iter();
    all.filter(|window| !scales && whole(window)).collect()
}

/// More instances than there can be make no difference. An exact count is left as it is.
fn steps(rule: &Rule, most: u32) -> Vec<f64> {
    match rule.change {
        Change::Count(_) => STEPS
            .take_while(|step| *step <= most)
            .map(f64::from)
            .collect(),
        Change::PercentCount(_) => PERCENT_STEPS.map(f64::from).to_vec(),
        Change::ExactCount(_) | Change::NextAllowed => Vec::new(),
    }
}

/// Whether a CPU exists at which one rule adds instances and another one removes some.
fn thresholds_cross(profile: &Profile) -> bool {
    let of = |direction| {
        let rules = profile.rules.iter();
        rules.filter(move |rule| rule.direction == direction && is_percent(rule))
    };
    of(Direction::Increase)
        .filter(|rule| is_above(rule))
        .any(|out| {
            let mut inward = of(Direction::Decrease).filter(|rule| !is_above(rule));
            inward.any(|rule| rule.metric == out.metric && rule.threshold >= out.threshold)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(setting: &Setting) -> Space<'_> {
        Space::of(setting, &[], 3, false)
    }

    /// The choice with another value for the parameter at this place.
    fn with(space: &Space<'_>, place: &str, value: f64) -> Choice {
        let mut choice = space.present();
        let parameters = space.parameters.iter();
        let (number, parameter) = parameters
            .enumerate()
            .find(|(_, parameter)| parameter.place == place)
            .expect("a parameter");
        let index = parameter.values.iter().position(|other| *other == value);
        choice[number] = u8::try_from(index.expect("a value")).expect("few values");
        choice
    }

    #[test]
    fn the_present_choice_is_the_present_setting() {
        let setting = Setting::built_in();
        let space = all(&setting);
        assert_eq!(space.setting(&space.present()).as_ref(), Some(&setting));
        assert_eq!(space.changes(&space.present()), 0);
    }

    #[test]
    fn a_choice_changes_what_its_place_names() {
        let setting = Setting::built_in();
        let space = all(&setting);
        let changed = |place: &str, value| space.setting(&with(&space, place, value));
        let threshold = changed("rules[0].metricTrigger.threshold", 55.0).expect("a setting");
        assert_eq!(threshold.profiles[0].rules[0].threshold, 55.0);
        let window = changed("rules[1].metricTrigger.timeWindow", 600.0).expect("a setting");
        assert_eq!(
            window.profiles[0].rules[1].time_window,
            Duration::from_secs(600)
        );
        let cooldown = changed("rules[1].scaleAction.cooldown", 60.0).expect("a setting");
        assert_eq!(
            cooldown.profiles[0].rules[1].cooldown,
            Duration::from_secs(60)
        );
        let step = changed("rules[0].scaleAction.value", 2.0).expect("a setting");
        assert_eq!(step.profiles[0].rules[0].change, Change::Count(2));
        let minimum = changed("capacity.minimum", 2.0).expect("a setting");
        let capacity = minimum.profiles[0].capacity;
        assert_eq!((capacity.minimum, capacity.default), (2, 2));
    }

    #[test]
    fn contradictions_are_no_setting() {
        let mut setting = Setting::built_in();
        setting.profiles[0].rules[0].threshold = 45.0;
        let space = all(&setting);
        assert_eq!(
            space.setting(&with(&space, "rules[1].metricTrigger.threshold", 45.0)),
            None
        );
        let keeps_default = Space::of(&setting, &[], 3, true);
        assert_eq!(
            keeps_default.setting(&with(&keeps_default, "capacity.minimum", 2.0)),
            None
        );
    }

    #[test]
    fn what_is_kept_is_not_searched() {
        let setting = Setting::built_in();
        for (group, part) in [
            (Group::Thresholds, "threshold"),
            (Group::Windows, "timeWindow"),
            (Group::Steps, "value"),
            (Group::Cooldowns, "cooldown"),
            (Group::Limits, "capacity"),
        ] {
            let searched = |keep: &[Group]| {
                let space = Space::of(&setting, keep, 3, false);
                let mut places = space.parameters.iter().map(|parameter| &parameter.place);
                places.any(|place| place.contains(part))
            };
            assert!(searched(&[]) && !searched(&[group]), "{part}");
        }
    }

    #[test]
    fn a_rule_on_another_metric_stays() {
        let mut setting = Setting::built_in();
        setting.metrics[0].fleet_cpu = false;
        let space = all(&setting);
        let of_rules = space
            .parameters
            .iter()
            .filter(|one| one.place.contains("rules"));
        assert_eq!(of_rules.count(), 0);
    }

    #[test]
    fn the_maximum_leaves_one_instance_free_and_reaches_the_highest_load() {
        let maxima = |maximum, needed| {
            let mut setting = Setting::built_in();
            setting.profiles[0].capacity.maximum = maximum;
            let space = Space::of(&setting, &[], needed, false);
            let mut parameters = space.parameters.iter();
            let found = parameters.find(|parameter| parameter.field == Field::Maximum);
            found.map(|parameter| parameter.values.clone())
        };
        assert_eq!(maxima(3, 2), None);
        assert_eq!(maxima(6, 3), Some(vec![4.0, 5.0, 6.0]));
        assert_eq!(maxima(3, 5), Some(vec![3.0, 4.0, 5.0]));
    }
}
