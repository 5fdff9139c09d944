//! Properties of any rules, any history, and any file.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn any_of<T: Copy + std::fmt::Debug + 'static>(
    names: &'static [(&'static str, T)],
) -> impl Strategy<Value = T> {
    (0..names.len()).prop_map(|index| names[index].1)
}

prop_compose! {
    fn any_rule()(
        statistic in any_of(&Statistic::NAMES),
        time_window in 60..43_200_u64,
        time_aggregation in any_of(&Aggregation::NAMES),
        operator in any_of(&Operator::NAMES),
        // Numbers as people write them. The JSON reader is exact for numbers with up to fifteen digits.
        threshold in prop_oneof![Just(50.0), (-10_000_000..150_000_000_i64).prop_map(|number| number as f64 / 1e6)],
        direction in any_of(&Direction::NAMES),
        change in (1..=1_000_u32).prop_flat_map(|value| {
            prop_oneof![
                Just(Change::Count(value)), Just(Change::PercentCount(value)), Just(Change::ExactCount(value)),
                Just(Change::NextAllowed),
            ]
        }),
        cooldown in 60..604_800_u64,
    ) -> Rule {
        Rule {
            metric: 0,
            statistic,
            time_grain: MINUTE,
            time_window: Duration::from_secs(time_window),
            time_aggregation,
            operator,
            threshold,
            divide_per_instance: false,
            direction,
            change,
            cooldown: Duration::from_secs(cooldown),
        }
    }
}

prop_compose! {
    fn any_profile()(
        bounds in [1..=1_000_u32, 1..=1_000_u32, 1..=1_000_u32],
        rules in prop::collection::vec(any_rule(), 0..=10),
        name in any::<String>(),
    ) -> Profile {
        let mut bounds = bounds;
        bounds.sort_unstable();
        let [minimum, default, maximum] = bounds;
        Profile { name, schedule: Schedule::Default, capacity: Capacity { minimum, maximum, default }, rules }
    }
}

/// Rules that act often: averages over some minutes, and thresholds that are easily reached.
fn lively_profile() -> impl Strategy<Value = Profile> {
    let rule = (any_rule(), 1..8_u32, 1..12_u32, 10..95_u32).prop_map(
        |(rule, window, cooldown, threshold)| Rule {
            statistic: Statistic::Average,
            time_aggregation: Aggregation::Average,
            operator: match rule.direction {
                Direction::Increase => Operator::GreaterThan,
                Direction::Decrease | Direction::None => Operator::LessThan,
            },
            threshold: f64::from(threshold),
            time_window: minutes(window),
            cooldown: minutes(cooldown),
            ..rule
        },
    );
    (any_profile(), prop::collection::vec(rule, 1..4))
        .prop_map(|(profile, rules)| Profile { rules, ..profile })
}

/// A value for each minute, with a missing value at times.
fn any_values() -> impl Strategy<Value = Vec<Option<f64>>> {
    prop::collection::vec(prop::option::weighted(0.9, 0.0..100.0_f64), 1..120)
}

fn samples(values: &[Option<f64>], instances: u32) -> Vec<Minute> {
    let sample =
        |(end, value): (u32, &Option<f64>)| value.map(|value| minute(end, value, instances));
    (1..).zip(values).filter_map(sample).collect()
}

/// Evaluates once a minute, as a scaler does. Returns each decision with the count before it and its time.
fn evaluations(
    profile: &Profile,
    values: &[Option<f64>],
    start: u32,
) -> Vec<(Duration, u32, Decision)> {
    let metrics = [samples(values, 1)];
    let (mut count, mut last_action) = (start, None);
    (1..=values.len() as u32)
        .map(|end| {
            let now = minutes(end);
            let history = History {
                metrics: &metrics,
                until: now,
            };
            let decision = evaluate((profile, &cpu()), history, count, last_action, now);
            let before = std::mem::replace(&mut count, decision.to);
            if decision.starts_cooldown() {
                last_action = Some(now);
            }
            (now, before, decision)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_count_is_never_outside_the_limits(
        profile in prop_oneof![any_profile(), lively_profile()], values in any_values(), start in any::<u32>(),
    ) {
        for (_, before, decision) in evaluations(&profile, &values, start) {
            let capacity = profile.capacity;
            prop_assert!((capacity.minimum..=capacity.maximum).contains(&decision.to), "{decision:?}");
            prop_assert!(!decision.describe((&profile, &cpu()), before).is_empty());
        }
    }

    #[test]
    fn no_rule_acts_within_its_cooldown_after_any_action(profile in lively_profile(), values in any_values()) {
        let mut last_action = None;
        for (now, before, decision) in evaluations(&profile, &values, profile.capacity.default) {
            let acted = match decision.outcome {
                Outcome::ScaledOut(rule) | Outcome::ScaledIn(rule) | Outcome::ScaledInLess(rule) => Some(rule),
                _ => None,
            };
            prop_assert_eq!(decision.starts_cooldown(), acted.is_some());
            let by_default = decision.outcome == Outcome::MetricMissing;
            prop_assert_eq!(decision.to != before, acted.is_some() || by_default);
            if let Some(rule) = acted {
                let cooldown = profile.rules[rule].cooldown;
                let free = last_action.is_none_or(|at| now >= at + cooldown);
                prop_assert!(free, "acted at {now:?}, the last action was at {last_action:?}");
                last_action = Some(now);
            }
        }
    }

    #[test]
    fn scale_in_never_ends_where_scale_out_would_fire(profile in lively_profile(), values in any_values()) {
        for (_, before, decision) in evaluations(&profile, &values, profile.capacity.default) {
            if decision.to >= before {
                continue;
            }
            for (rule, reading) in profile.rules.iter().zip(&decision.readings) {
                let projected = reading.value.map(|value| value * f64::from(before) / f64::from(decision.to));
                let fires = projected.is_some_and(|projected| projected > rule.threshold + 1e-6);
                prop_assert!(rule.direction != Direction::Increase || !fires, "{projected:?} after {decision:?}");
            }
        }
    }

    /// A load in percent of one instance, which is constant at the current count, with no active cooldown.
    #[test]
    fn the_bands_of_the_built_in_rules_hold(load in 0.0..400.0_f64, count in 1..=3_u32) {
        let decision = constant(&built_in_profile(), (load / f64::from(count)).min(100.0), count);
        let expected = match count {
            1 if load > 70.0 => 2,
            2 if load > 140.0 => 3,
            2 if load < 60.0 => 1,
            3 if load < 90.0 => 2,
            count => count,
        };
        prop_assert_eq!(decision.to, expected);
    }

    #[test]
    fn any_setting_that_is_written_reads_back(profiles in prop::collection::vec(any_profile(), 1..4)) {
        let setting = Setting {
            name: "written".to_owned(),
            enabled: true,
            target: None,
            metrics: match profiles.iter().all(|profile| profile.rules.is_empty()) {
                true => Vec::new(),
                false => cpu(),
            },
            profiles,
        };
        prop_assert_eq!(parsed(&setting.to_arm()), setting);
    }

    #[test]
    fn any_text_is_refused_with_one_short_sentence(text in any::<String>()) {
        let refusal = Setting::parse(&text).expect_err("this is not a rule file").to_string();
        prop_assert!(refusal.lines().count() <= 1 && refusal.chars().count() < 400, "{refusal}");
    }

    #[test]
    fn any_change_to_a_rule_file_is_read_or_refused(
        place in any::<prop::sample::Index>(), value in any_json(), wrapped in any::<bool>(),
    ) {
        let mut file = built_in();
        if wrapped {
            file = json!({"enabled": true, "targetResourceUri": "/x", "profiles": [file], "tags": {}});
        }
        let mut places = Vec::new();
        pointers(&file, String::new(), &mut places);
        let place = place.get(&places);
        *file.pointer_mut(place).expect("it is one of its places") = value;
        match Setting::parse(&file.to_string()) {
            Ok(setting) => prop_assert_eq!(parsed(&setting.to_arm()).profiles, setting.profiles),
            Err(refusal) => {
                let long = refusal.problems.iter().any(|problem| problem.to_string().chars().count() > 600);
                prop_assert!(!refusal.problems.is_empty() && !long, "{refusal}");
            }
        }
    }
}

/// JSON that resembles the content of a rule file, and JSON that does not.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "name",
        "capacity",
        "rules",
        "profiles",
        "properties",
        "resources",
        "minimum",
        "maximum",
        "default",
        "value",
        "metricTrigger",
        "scaleAction",
        "enabled",
        "Enabled",
        "type",
        "recurrence",
        "timeWindow",
        "dimensions",
    ]);
    let texts = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "PT5M",
            "PT99999999999999999999H",
            "1",
            "-1",
            "1e400",
            "[x]",
            "Average",
            "\n"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5).prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

/// Every place in a value, as JSON pointers.
fn pointers(value: &Value, here: String, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{here}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                pointers(field, format!("{here}/{name}"), found);
            }
        }
        _ => {}
    }
    found.push(here);
}
