//! Decisions for which the documentation gives no example.

use super::*;

#[test]
fn thresholds_are_strict_and_noise_does_not_cross_them() {
    let profile = built_in_profile();
    assert_eq!(reached(&constant(&profile, 70.0, 1)), (1, Outcome::Steady));
    assert_eq!(
        reached(&constant(&profile, 70.0 + 1e-12, 1)),
        (1, Outcome::Steady)
    );
    assert_eq!(
        reached(&constant(&profile, 70.001, 1)),
        (2, Outcome::ScaledOut(0))
    );
    assert_eq!(reached(&constant(&profile, 30.0, 2)), (2, Outcome::Steady));
    assert_eq!(
        reached(&constant(&profile, 29.999, 2)),
        (1, Outcome::ScaledIn(1))
    );
}

/// "Understand autoscale settings": cooldowns of 60 minutes out and 40 minutes in, and a scale-out at 10:00. Scale-in
/// may act from 10:40, scale-out again from 11:00.
#[test]
fn documented_each_rule_waits_for_its_own_cooldown() {
    use Operator::{GreaterThan, LessThan};
    let mut out = out(GreaterThan, 70.0, Change::Count(1));
    out.cooldown = minutes(60);
    let mut inward = inward(LessThan, 30.0, Change::Count(1));
    inward.cooldown = minutes(40);
    let profile = profile(1, 3, vec![out, inward]);
    let ten = minutes(20);
    let at = |value: f64, past_ten: u32| {
        let now = ten + minutes(past_ten);
        let samples = (1..=20 + past_ten)
            .map(|end| minute(end, value, 2))
            .collect();
        reached(&evaluated(&profile, samples, 2, Some(ten), now))
    };
    assert_eq!(at(10.0, 39), (2, Outcome::CoolingDown(1)));
    assert_eq!(at(10.0, 40), (1, Outcome::ScaledIn(1)));
    assert_eq!(at(90.0, 59), (2, Outcome::CoolingDown(0)));
    assert_eq!(at(90.0, 60), (3, Outcome::ScaledOut(0)));
}

#[test]
fn a_rule_waits_until_the_last_moment_of_its_cooldown() {
    let profile = built_in_profile();
    let acted = |ago: Duration| Some(minutes(20) - ago);
    let moment = Duration::from_millis(1);
    let held = after(&profile, 90.0, 1, acted(minutes(5) - moment));
    assert_eq!(reached(&held), (1, Outcome::CoolingDown(0)));
    assert_eq!(held.readings[0].waits, moment);
    assert!(held.readings[0].holds && !held.readings[0].fires());
    assert!(!held.starts_cooldown());
    let free = after(&profile, 90.0, 1, acted(minutes(5)));
    assert_eq!(reached(&free), (2, Outcome::ScaledOut(0)));
    assert!(free.starts_cooldown());
    assert_eq!(
        reached(&after(&profile, 10.0, 2, acted(MINUTE))),
        (2, Outcome::CoolingDown(1))
    );
}

#[test]
fn a_scale_in_rule_that_waits_does_not_count_as_true() {
    use Operator::{GreaterThan, LessThan};
    let mut slow = inward(LessThan, 30.0, Change::Count(1));
    slow.cooldown = minutes(10);
    let quick = inward(LessThan, 30.0, Change::Count(1));
    let profile = profile(
        1,
        3,
        vec![out(GreaterThan, 70.0, Change::Count(1)), quick, slow],
    );
    let at = |ago: u32| reached(&after(&profile, 10.0, 3, Some(minutes(20 - ago))));
    assert_eq!(at(9), (3, Outcome::CoolingDown(2)));
    assert_eq!(at(10), (2, Outcome::ScaledIn(1)));
}

/// A scale-out rule that waits would fire with fewer instances, so it still prevents the scale-in.
#[test]
fn the_flapping_check_projects_rules_that_wait() {
    use Operator::{GreaterThan, LessThan};
    let mut out = out(GreaterThan, 70.0, Change::Count(1));
    out.cooldown = minutes(60);
    let profile = profile(1, 3, vec![out, inward(LessThan, 50.0, Change::Count(1))]);
    let decision = after(&profile, 40.0, 2, Some(minutes(10)));
    assert_eq!(reached(&decision), (2, Outcome::Flapping(0)));
}

#[test]
fn moves_into_the_limits_and_to_the_default_neither_wait_for_a_cooldown_nor_start_one() {
    let mut profile = built_in_profile();
    profile.capacity.default = 2;
    let just_now = Some(minutes(20));
    let limited = after(&profile, 50.0, 7, just_now);
    assert_eq!(reached(&limited), (3, Outcome::Limited));
    let blind = evaluated(&profile, Vec::new(), 1, just_now, minutes(20));
    assert_eq!(reached(&blind), (2, Outcome::MetricMissing));
    assert!(!limited.starts_cooldown() && !blind.starts_cooldown());
}

#[test]
fn a_scale_in_rule_that_does_not_fire_is_named_when_it_prevents_scale_in() {
    use Operator::{GreaterThan, LessThan};
    let never = inward(LessThan, 5.0, Change::Count(1));
    let profile = profile(
        1,
        3,
        vec![
            out(GreaterThan, 70.0, Change::Count(1)),
            inward(LessThan, 30.0, Change::Count(1)),
            never,
        ],
    );
    let decision = constant(&profile, 20.0, 2);
    assert_eq!(reached(&decision), (2, Outcome::HeldBack(2)));
}

#[test]
fn without_a_direction_an_exact_count_is_reached_from_both_sides() {
    let mut exact = out(Operator::GreaterThan, 70.0, Change::ExactCount(3));
    exact.direction = Direction::None;
    let exact = profile(1, 9, vec![exact]);
    assert_eq!(
        reached(&constant(&exact, 90.0, 2)),
        (3, Outcome::ScaledOut(0))
    );
    assert_eq!(
        reached(&constant(&exact, 90.0, 8)),
        (3, Outcome::ScaledIn(0))
    );
    assert_eq!(reached(&constant(&exact, 90.0, 3)), (3, Outcome::Steady));
    let mut nothing = out(Operator::GreaterThan, 70.0, Change::Count(1));
    nothing.direction = Direction::None;
    let nothing = profile(1, 9, vec![nothing]);
    assert_eq!(reached(&constant(&nothing, 90.0, 2)), (2, Outcome::Steady));
}

/// By arithmetic: when instances are removed, a sum stays the same, a count of values decreases, and a value per
/// instance increases.
#[test]
fn the_flapping_check_follows_the_statistic() {
    use Operator::{GreaterThan, LessThan};
    let with = |change: &dyn Fn(&mut Rule)| {
        let mut rules = vec![
            out(GreaterThan, 70.0, Change::Count(1)),
            inward(LessThan, 60.0, Change::Count(1)),
        ];
        rules.iter_mut().for_each(change);
        profile(1, 3, rules)
    };
    let average = with(&|_| {});
    assert_eq!(
        reached(&constant(&average, 50.0, 2)),
        (2, Outcome::Flapping(0))
    );
    let sum = with(&|rule| rule.statistic = Statistic::Sum);
    assert_eq!(reached(&constant(&sum, 25.0, 2)), (1, Outcome::ScaledIn(1)));
    let shared = with(&|rule| {
        rule.statistic = Statistic::Sum;
        rule.divide_per_instance = true;
    });
    assert_eq!(
        reached(&constant(&shared, 50.0, 2)),
        (2, Outcome::Flapping(0))
    );
    assert_eq!(
        reached(&constant(&shared, 30.0, 2)),
        (1, Outcome::ScaledIn(1))
    );
}

/// A queue of another resource does not depend on the number of instances.
#[test]
fn a_metric_of_another_resource_does_not_grow_when_instances_leave() {
    use Operator::{GreaterThan, LessThan};
    let queue = Metric {
        resource: Some("/queue".to_owned()),
        ..metric("ActiveMessages", false)
    };
    let rules = vec![
        out(GreaterThan, 70.0, Change::Count(1)),
        inward(LessThan, 60.0, Change::Count(1)),
    ];
    let profile = profile(1, 3, rules);
    let history = History {
        metrics: &[(1..=20).map(|end| minute(end, 50.0, 1)).collect()],
        until: minutes(20),
    };
    let decision = evaluate((&profile, &[queue]), history, 2, None, minutes(20));
    assert_eq!(reached(&decision), (1, Outcome::ScaledIn(1)));
}

#[test]
fn scale_in_to_zero_requires_no_load() {
    use Operator::{GreaterThan, LessThan};
    let profile = profile(
        0,
        3,
        vec![
            out(GreaterThan, 70.0, Change::Count(1)),
            inward(LessThan, 30.0, Change::Count(1)),
        ],
    );
    assert_eq!(
        reached(&constant(&profile, 0.0, 1)),
        (0, Outcome::ScaledIn(1))
    );
    assert_eq!(
        reached(&constant(&profile, 1.0, 1)),
        (1, Outcome::Flapping(0))
    );
    let nobody = evaluated(&profile, Vec::new(), 0, None, minutes(20));
    assert_eq!(reached(&nobody), (0, Outcome::Unknown));
}

#[test]
fn at_a_limit_nothing_changes_and_no_cooldown_begins() {
    let profile = built_in_profile();
    for (value, count, outcome) in [
        (90.0, 3, Outcome::AtMaximum(0)),
        (10.0, 1, Outcome::AtMinimum(1)),
    ] {
        let decision = constant(&profile, value, count);
        assert_eq!(reached(&decision), (count, outcome));
        assert!(!decision.starts_cooldown());
    }
}

#[test]
fn a_scale_out_rule_that_fires_at_the_maximum_prevents_scale_in() {
    use Operator::{GreaterThan, LessThan};
    // Both fire: the maximum is high, and the average is low.
    let mut high = out(GreaterThan, 70.0, Change::Count(1));
    high.time_aggregation = Aggregation::Maximum;
    let profile = profile(1, 3, vec![high, inward(LessThan, 30.0, Change::Count(1))]);
    let samples: Vec<Minute> = (1..=5)
        .map(|end| minute(end, if end == 1 { 80.0 } else { 10.0 }, 3))
        .collect();
    let decision = evaluated(&profile, samples, 3, None, minutes(5));
    assert!(decision.readings.iter().all(Reading::fires));
    assert_eq!(reached(&decision), (3, Outcome::AtMaximum(0)));
}

#[test]
fn a_count_outside_the_limits_goes_back_at_once() {
    let profile = built_in_profile();
    for (count, back) in [(0, 1), (7, 3)] {
        let decision = after(&profile, 50.0, count, Some(minutes(20)));
        assert_eq!(reached(&decision), (back, Outcome::Limited));
    }
}

#[test]
fn without_samples_the_count_goes_up_to_the_default_and_never_down() {
    let mut profile = built_in_profile();
    profile.capacity.default = 2;
    let at = |count| reached(&evaluated(&profile, Vec::new(), count, None, MINUTE));
    assert_eq!(at(1), (2, Outcome::MetricMissing));
    assert_eq!(at(2), (2, Outcome::Unknown));
    assert_eq!(at(3), (3, Outcome::Unknown));
}

#[test]
fn a_rule_without_a_sample_prevents_scale_in_but_not_scale_out() {
    use Operator::{GreaterThan, LessThan};
    let mut short = inward(LessThan, 30.0, Change::Count(1));
    short.time_window = MINUTE;
    let long = inward(LessThan, 30.0, Change::Count(1));
    let profile = profile(
        1,
        3,
        vec![out(GreaterThan, 70.0, Change::Count(1)), short, long],
    );
    let at = |value| {
        reached(&evaluated(
            &profile,
            vec![minute(1, value, 2)],
            2,
            None,
            minutes(3),
        ))
    };
    assert_eq!(at(10.0), (2, Outcome::HeldBack(1)));
    assert_eq!(at(90.0), (3, Outcome::ScaledOut(0)));
}

#[test]
fn a_profile_without_rules_only_enforces_the_limits() {
    let profile = profile(2, 4, Vec::new());
    assert_eq!(reached(&constant(&profile, 99.0, 3)), (3, Outcome::Steady));
    assert_eq!(reached(&constant(&profile, 99.0, 5)), (4, Outcome::Limited));
}

#[test]
fn the_first_rule_that_requests_the_largest_count_acts() {
    let larger = out(Operator::GreaterThan, 70.0, Change::Count(5));
    let rules = vec![
        out(Operator::GreaterThan, 70.0, Change::Count(1)),
        larger.clone(),
        larger,
    ];
    let decision = constant(&profile(1, 2, rules), 90.0, 1);
    assert_eq!(reached(&decision), (2, Outcome::ScaledOut(1)));
}
