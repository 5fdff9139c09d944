//! The simulation against a second, plain one that follows the model's text second by second, without the engine.

use ::simulate::{Load, Model, Step, simulate};
use autoscale::{Aggregation, Capacity, Change, Direction, Operator, Profile, Rule, Statistic};
use proptest::prelude::*;

/// When, from, to.
type Change3 = (u64, u32, u32);

fn fires(operator: Operator, value: f64, threshold: f64) -> bool {
    match operator {
        Operator::GreaterThan => value > threshold,
        Operator::GreaterThanOrEqual => value >= threshold,
        Operator::LessThan => value < threshold,
        Operator::LessThanOrEqual => value <= threshold,
        Operator::Equals => value == threshold,
        Operator::NotEquals => value != threshold,
    }
}

/// The count after a rule, without limits.
fn after(rule: &Rule, count: u32) -> i64 {
    let count = i64::from(count);
    let out = rule.direction == Direction::Increase;
    match rule.change {
        Change::Count(by) if out => count + i64::from(by),
        Change::Count(by) => count - i64::from(by),
        Change::PercentCount(by) if out => count + ((count * i64::from(by) + 99) / 100).max(1),
        Change::PercentCount(by) => count - (count * i64::from(by) / 100).max(1),
        Change::ExactCount(to) if out => count.max(i64::from(to)),
        Change::ExactCount(to) => count.min(i64::from(to)),
    }
}

/// What an evaluation at `second` does: the new count and the cooldown that it starts.
fn evaluation(
    profile: &Profile,
    samples: &[(u64, f64)],
    until: Option<u64>,
    count: u32,
    cool: bool,
) -> Option<(u32, u64)> {
    let values: Vec<Option<f64>> = profile
        .rules
        .iter()
        .map(|rule| {
            let until = until? as i64;
            let window = rule.time_window.as_secs() as i64;
            let seen: Vec<f64> = samples
                .iter()
                .filter(|(end, _)| until - window < *end as i64 && *end as i64 <= until)
                .map(|(_, cpu)| *cpu)
                .collect();
            (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64)
        })
        .collect();
    let fired = |rule: &Rule, value: &Option<f64>| {
        value.is_some_and(|value| fires(rule.operator, value, rule.threshold))
    };
    let rules = || profile.rules.iter().zip(&values);
    let of = |direction| rules().filter(move |(rule, _)| rule.direction == direction);

    let outs: Vec<&Rule> = of(Direction::Increase)
        .filter(|(rule, value)| fired(rule, value))
        .map(|(rule, _)| rule)
        .collect();
    if !outs.is_empty() {
        let most = outs.iter().map(|rule| after(rule, count)).max().unwrap();
        let acting = outs.iter().find(|rule| after(rule, count) == most).unwrap();
        let to = most.min(i64::from(profile.capacity.maximum)) as u32;
        return (to > count && !cool).then_some((to, acting.cooldown.as_secs()));
    }
    let ins: Vec<&Rule> = of(Direction::Decrease).map(|(rule, _)| rule).collect();
    if ins.is_empty() || !of(Direction::Decrease).all(|(rule, value)| fired(rule, value)) || cool {
        return None;
    }
    let most = ins.iter().map(|rule| after(rule, count)).max().unwrap();
    let acting = ins.iter().find(|rule| after(rule, count) == most).unwrap();
    let mut to = most.max(i64::from(profile.capacity.minimum)) as u32;
    while to < count {
        let again = of(Direction::Increase).any(|(rule, value)| {
            value.is_some_and(|value| {
                fires(
                    rule.operator,
                    value * f64::from(count) / f64::from(to),
                    rule.threshold,
                )
            })
        });
        if !again {
            return Some((to, acting.cooldown.as_secs()));
        }
        to += 1;
    }
    None
}

/// The model's text, second by second.
fn plain(profile: &Profile, steps: &[Step], model: Model) -> Vec<Change3> {
    // Each instance by the second from which it is ready.
    let mut instances = vec![0_u64; profile.capacity.default as usize];
    let mut samples: Vec<(u64, f64)> = Vec::new();
    let mut minute = Vec::new();
    let mut actions: Vec<Change3> = Vec::new();
    let mut last_action: Option<(u64, u64)> = None;
    let end = steps.last().unwrap().at_seconds;
    for second in 0..=end {
        if second > 0 && second % 60 == 0 {
            samples.push((second, minute.iter().sum::<f64>() / 60.0));
            minute.clear();
        }
        if second > 0 && second % model.evaluate_seconds == 0 {
            let count = instances.len() as u32;
            let cool = last_action.is_some_and(|(at, cooldown)| second < at + cooldown);
            let until = second.checked_sub(model.metric_lag_seconds);
            if let Some((to, cooldown)) = evaluation(profile, &samples, until, count, cool) {
                actions.push((second, count, to));
                last_action = Some((second, cooldown));
                instances.sort_unstable();
                instances.resize(to as usize, second + model.provision_seconds);
            }
        }
        let load = steps
            .iter()
            .rev()
            .find(|step| step.at_seconds <= second)
            .unwrap()
            .percent;
        let ready = instances.iter().filter(|ready| **ready <= second).count();
        minute.push((load / ready as f64).min(100.0));
    }
    actions
}

fn any_operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        Just(Operator::GreaterThan),
        Just(Operator::GreaterThanOrEqual),
        Just(Operator::LessThan),
        Just(Operator::LessThanOrEqual),
    ]
}

prop_compose! {
    fn any_rule()(
        out in any::<bool>(),
        usual in prop::bool::weighted(0.8),
        operator in any_operator(),
        // Not a value that a mean of whole loads can have, so that the two ways to add up cannot differ.
        threshold in (5..98_u32).prop_map(|whole| f64::from(whole) + 0.123_456),
        window in 60..900_u64,
        cooldown in 60..900_u64,
        change in prop_oneof![
            (1..4_u32).prop_map(Change::Count),
            (1..150_u32).prop_map(Change::PercentCount),
            (1..12_u32).prop_map(Change::ExactCount),
        ],
    ) -> Rule {
        let direction = if out { Direction::Increase } else { Direction::Decrease };
        let operator = match (usual, out) {
            (true, true) => Operator::GreaterThan,
            (true, false) => Operator::LessThan,
            (false, _) => operator,
        };
        Rule {
            metric: "CpuPercentage".to_owned(),
            statistic: Statistic::Average,
            time_grain: std::time::Duration::from_secs(60),
            time_window: std::time::Duration::from_secs(window),
            time_aggregation: Aggregation::Average,
            operator,
            threshold,
            direction,
            change,
            cooldown: std::time::Duration::from_secs(cooldown),
        }
    }
}

prop_compose! {
    fn any_profile()(
        bounds in [1..12_u32, 1..12_u32, 1..12_u32],
        rules in prop::collection::vec(any_rule(), 1..6),
    ) -> Profile {
        let mut bounds = bounds;
        bounds.sort_unstable();
        let [minimum, default, maximum] = bounds;
        Profile { name: "any".to_owned(), capacity: Capacity { minimum, maximum, default }, rules }
    }
}

prop_compose! {
    fn any_steps()(rows in prop::collection::vec((1..1_500_u64, 0..1_300_u32), 2..10)) -> Vec<Step> {
        let mut at_seconds = 0;
        rows.iter().map(|(seconds, load)| {
            let step = Step { at_seconds, percent: f64::from(*load) };
            at_seconds += seconds;
            step
        }).collect()
    }
}

prop_compose! {
    fn any_model()(metric_lag_seconds in 0..400_u64, provision_seconds in 0..400_u64, evaluate_seconds in 1..130_u64) -> Model {
        Model { metric_lag_seconds, provision_seconds, evaluate_seconds }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_simulation_does_what_the_text_of_the_model_says(
        profile in any_profile(), steps in any_steps(), model in any_model(),
    ) {
        let expected = plain(&profile, &steps, model);
        let simulation = simulate(&profile, &Load::new("any", steps).unwrap(), &model);
        let actions: Vec<Change3> =
            simulation.actions.iter().map(|action| (action.at_seconds, action.from, action.to)).collect();
        prop_assert_eq!(actions, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// The built-in thresholds, with other windows and limits, and a cooldown after which the window holds nothing from
    /// before the last action.
    #[test]
    fn constant_load_settles_without_a_reversal_when_the_cooldown_is_long_enough(
        load in 0.0..1_200.0_f64,
        windows in [1..15_u64, 1..15_u64],
        [lag, provision, more] in [0..6_u64, 0..6_u64, 0..3_u64],
        evaluate_seconds in 1..130_u64,
        [default, maximum] in [1..10_u32, 1..10_u32],
    ) {
        let mut profile = Profile::built_in();
        profile.capacity = Capacity { minimum: 1, default: default.min(maximum), maximum: default.max(maximum) };
        for (rule, window) in profile.rules.iter_mut().zip(windows) {
            rule.time_window = std::time::Duration::from_secs(60 * window);
            let longest = windows[0].max(windows[1]);
            rule.cooldown = std::time::Duration::from_secs(60 * (longest + lag + provision + more));
        }
        let model = Model { metric_lag_seconds: 60 * lag, provision_seconds: 60 * provision, evaluate_seconds };
        let steps = [0, 5 * 3_600].map(|at_seconds| Step { at_seconds, percent: load });
        let simulation = simulate(&profile, &Load::new("constant", steps.to_vec()).unwrap(), &model);
        let directions: Vec<bool> = simulation.actions.iter().map(|action| action.to > action.from).collect();
        prop_assert!(directions.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", simulation.actions);
        let count = simulation.minutes.last().unwrap().count;
        let cpu = simulation.minutes.last().unwrap().cpu_percent;
        prop_assert!(count == profile.capacity.maximum || cpu <= 70.0, "{count} with {cpu} %");
        prop_assert!(count == 1 || cpu >= 30.0, "{count} with {cpu} %");
    }
}

/// The figures that the model was agreed on with.
#[test]
fn eighty_percent_from_the_start_overshoots_once() {
    let steps = vec![
        Step {
            at_seconds: 0,
            percent: 80.0,
        },
        Step {
            at_seconds: 7_200,
            percent: 80.0,
        },
    ];
    let expected = vec![(240, 1, 2), (540, 2, 3), (1_080, 3, 2)];
    assert_eq!(
        plain(&Profile::built_in(), &steps, Model::DEFAULT),
        expected
    );
    let simulation = simulate(
        &Profile::built_in(),
        &Load::new("80", steps).unwrap(),
        &Model::DEFAULT,
    );
    let actions: Vec<Change3> = simulation
        .actions
        .iter()
        .map(|action| (action.at_seconds, action.from, action.to))
        .collect();
    assert_eq!(actions, expected);
}
