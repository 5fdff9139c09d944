//! Decisions on which the documentation gives no example.

use super::*;

#[test]
fn thresholds_are_strict_and_noise_does_not_cross_them() {
    let profile = Profile::built_in();
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

#[test]
fn the_cooldown_of_the_rule_that_acted_holds_until_its_last_moment() {
    let profile = Profile::built_in();
    let acted = |ago: Duration| {
        Some(LastAction {
            at: minutes(20) - ago,
            cooldown: minutes(5),
        })
    };
    let held = after(
        &profile,
        90.0,
        1,
        acted(minutes(5) - Duration::from_millis(1)),
    );
    assert_eq!(reached(&held), (1, Outcome::CoolingDown(0)));
    assert_eq!(
        (held.cooldown_left, held.cooldown),
        (Duration::from_millis(1), None)
    );
    let free = after(&profile, 90.0, 1, acted(minutes(5)));
    assert_eq!(reached(&free), (2, Outcome::ScaledOut(0)));
    assert_eq!(
        (free.cooldown_left, free.cooldown),
        (Duration::ZERO, Some(minutes(5)))
    );
    assert_eq!(
        reached(&after(&profile, 10.0, 2, acted(MINUTE))),
        (2, Outcome::CoolingDown(1))
    );
}

#[test]
fn at_a_limit_nothing_is_done_and_no_cooldown_begins() {
    let profile = Profile::built_in();
    for (value, count, outcome) in [
        (90.0, 3, Outcome::AtMaximum(0)),
        (10.0, 1, Outcome::AtMinimum(1)),
    ] {
        let decision = constant(&profile, value, count);
        assert_eq!(reached(&decision), (count, outcome));
        assert_eq!(decision.cooldown, None);
    }
}

#[test]
fn scale_out_that_fires_at_the_maximum_holds_scale_in_back() {
    use Operator::{GreaterThan, LessThan};
    // Both fire: high at its worst, low on average.
    let mut high = out(GreaterThan, 70.0, Change::Count(1));
    high.time_aggregation = Aggregation::Maximum;
    let profile = profile(1, 3, vec![high, inward(LessThan, 30.0, Change::Count(1))]);
    let samples: Vec<Minute> = (1..=5)
        .map(|end| minute(end, if end == 1 { 80.0 } else { 10.0 }, 3))
        .collect();
    let history = History {
        minutes: &samples,
        until: minutes(5),
    };
    let decision = evaluate(&profile, history, 3, None, minutes(5));
    assert!(decision.readings.iter().all(|reading| reading.fires));
    assert_eq!(reached(&decision), (3, Outcome::AtMaximum(0)));
}

#[test]
fn a_count_outside_the_limits_goes_back_at_once() {
    let profile = Profile::built_in();
    let acted = Some(LastAction {
        at: minutes(20),
        cooldown: minutes(5),
    });
    for (count, back) in [(0, 1), (7, 3)] {
        let decision = after(&profile, 50.0, count, acted);
        assert_eq!(reached(&decision), (back, Outcome::Limited));
        assert_eq!(decision.cooldown, None);
    }
}

#[test]
fn without_samples_the_count_goes_up_to_the_default_and_never_down() {
    let mut profile = Profile::built_in();
    profile.capacity.default = 2;
    let history = History {
        minutes: &[],
        until: Duration::ZERO,
    };
    let at = |count| reached(&evaluate(&profile, history, count, None, MINUTE));
    assert_eq!(at(1), (2, Outcome::MetricMissing));
    assert_eq!(at(2), (2, Outcome::Unknown));
    assert_eq!(at(3), (3, Outcome::Unknown));
}

#[test]
fn a_rule_without_a_sample_holds_scale_in_back_but_not_scale_out() {
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
        let samples = [minute(1, value, 2)];
        let history = History {
            minutes: &samples,
            until: minutes(3),
        };
        reached(&evaluate(&profile, history, 2, None, minutes(3)))
    };
    assert_eq!(at(10.0), (2, Outcome::Steady));
    assert_eq!(at(90.0), (3, Outcome::ScaledOut(0)));
}

#[test]
fn a_profile_without_rules_only_keeps_the_limits() {
    let profile = profile(2, 4, Vec::new());
    assert_eq!(reached(&constant(&profile, 99.0, 3)), (3, Outcome::Steady));
    assert_eq!(reached(&constant(&profile, 99.0, 5)), (4, Outcome::Limited));
}

#[test]
fn the_cooldown_is_that_of_the_rule_whose_count_is_taken() {
    let mut larger = out(Operator::GreaterThan, 70.0, Change::Count(5));
    larger.cooldown = minutes(9);
    let rules = vec![
        out(Operator::GreaterThan, 70.0, Change::Count(1)),
        larger.clone(),
        larger,
    ];
    let decision = constant(&profile(1, 2, rules), 90.0, 1);
    assert_eq!(reached(&decision), (2, Outcome::ScaledOut(1)));
    assert_eq!(decision.cooldown, Some(minutes(9)));
}
