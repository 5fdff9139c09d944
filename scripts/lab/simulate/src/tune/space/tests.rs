//! The space of rule sets.

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
    assert_eq!(space.changed(&space.present()).count(), 0);
}

#[test]
fn a_choice_changes_what_its_place_names() {
    let setting = Setting::built_in();
    let space = all(&setting);
    let changed = |place: &str, value| space.setting(&with(&space, place, value));
    let threshold = changed("rules[0].metricTrigger.threshold", 80.0).expect("a setting");
    assert_eq!(threshold.profiles[0].rules[0].threshold, 80.0);
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
    let step = changed("rules[1].scaleAction.value", 2.0).expect("a setting");
    assert_eq!(step.profiles[0].rules[1].change, Change::Count(2));
    let minimum = changed("capacity.minimum", 2.0).expect("a setting");
    let capacity = minimum.profiles[0].capacity;
    assert_eq!((capacity.minimum, capacity.default), (2, 2));
}

#[test]
fn contradictory_choices_have_no_setting() {
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
fn kept_groups_are_not_searched() {
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

#[test]
fn a_pair_of_rules_that_undo_each_other_is_tried_only_if_it_exists() {
    let mut setting = Setting::built_in();
    let inward = "rules[1].metricTrigger.threshold";
    let tried = |setting: &Setting, value| {
        let space = all(setting);
        space.setting(&with(&space, inward, value)).is_some()
    };
    // 70% on one instance is 35% on two.
    assert!(tried(&setting, 35.0));
    assert!(!tried(&setting, 40.0));
    setting.profiles[0].rules[0].threshold = 50.0;
    assert!(tried(&setting, 40.0));
}

#[test]
fn companions_follow_their_default() {
    let mut setting = Setting::built_in();
    let mut companion = setting.profiles[0].clone();
    companion.name = r#"{"name":"cpu-70-30","for":"Weekend"}"#.to_owned();
    setting.profiles.push(companion);
    let space = all(&setting);
    let mut places = space.parameters.iter().map(|parameter| &parameter.place);
    assert!(places.all(|place| place.starts_with("profiles[0].")));
    let place = "profiles[0].rules[0].metricTrigger.threshold";
    let changed = space.setting(&with(&space, place, 80.0));
    let profiles = changed.expect("a setting").profiles;
    assert_eq!(profiles[0].rules[0].threshold, 80.0);
    assert_eq!(profiles[0].rules, profiles[1].rules);
}
