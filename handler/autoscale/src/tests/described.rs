//! Decisions and rules in words.

use super::*;

#[test]
fn decisions_are_described_with_their_numbers() {
    use Operator::{GreaterThan, LessThan};
    let default = built_in_profile();
    let acted = Some(minutes(19));
    let said = |decision: &Decision, count| decision.describe((&default, &cpu()), count);
    for (decision, count, expected) in [
        (
            constant(&default, 82.44, 1),
            1,
            "average CPU over 5 minutes 82.4% is above 70%: out from 1 to 2",
        ),
        (
            constant(&default, 70.04, 2),
            2,
            "average CPU over 5 minutes 70.04% is above 70%: out from 2 to 3",
        ),
        (
            constant(&default, 12.0, 2),
            2,
            "average CPU over 5 minutes 12.0% is below 30%: in from 2 to 1",
        ),
        (
            constant(&default, 50.0, 2),
            2,
            "average CPU over 5 minutes 50.0%: no rule requires a change",
        ),
        (
            constant(&default, 90.0, 3),
            3,
            "average CPU over 5 minutes 90.0% is above 70%, but 3 is the maximum",
        ),
        (
            constant(&default, 9.0, 1),
            1,
            "average CPU over 5 minutes 9.0% is below 30%, but 1 is the minimum",
        ),
        (
            after(&default, 90.0, 1, acted),
            1,
            "average CPU over 5 minutes 90.0% is above 70%, but its cooldown ends in 4 minutes: stays at 1",
        ),
        (
            constant(&default, 50.0, 9),
            9,
            "9 is outside the limits 1 to 3: set to 3",
        ),
    ] {
        assert_eq!(said(&decision, count), expected);
    }

    let close = profile(
        1,
        9,
        vec![
            out(GreaterThan, 70.0, Change::Count(9)),
            inward(LessThan, 50.0, Change::Count(9)),
        ],
    );
    for (value, count, expected) in [
        (
            49.0,
            2,
            "scale-in fires, but with 1 instead of 2 the average CPU over 5 minutes would be 98.0%, above 70%: \
             stays at 2 (flapping)",
        ),
        (
            49.0,
            8,
            "average CPU over 5 minutes 49.0% is below 50%: in from 8 to 6 and not to 1, where scale-out would follow \
             (flapping)",
        ),
        (
            71.0,
            2,
            "average CPU over 5 minutes 71.0% is above 70%: out from 2 to 9, the maximum",
        ),
    ] {
        assert_eq!(
            constant(&close, value, count).describe((&close, &cpu()), count),
            expected
        );
    }
}

#[test]
fn the_rule_that_prevents_scale_in_is_named() {
    use Operator::LessThan;
    let rules = vec![
        inward(LessThan, 30.0, Change::Count(1)),
        inward(LessThan, 5.0, Change::Count(1)),
    ];
    let profile = profile(1, 3, rules);
    assert_eq!(
        constant(&profile, 20.0, 2).describe((&profile, &cpu()), 2),
        "another scale-in rule fires, but average CPU over 5 minutes 20.0% is not below 5%: stays at 2"
    );
}

#[test]
fn other_metrics_are_named_and_have_their_unit() {
    let mut queue = out(Operator::GreaterThan, 100.0, Change::NextAllowed);
    queue.divide_per_instance = true;
    let metrics = [metric("ActiveMessages", false)];
    assert_eq!(
        queue.describe(&metrics),
        "adds one step when average ActiveMessages per instance over 5 minutes is above 100, cooldown 5 minutes"
    );
    let mut memory = out(Operator::GreaterThan, 80.0, Change::Count(1));
    memory.statistic = Statistic::Max;
    memory.time_grain = minutes(5);
    let metrics = [metric("MemoryPercentage", false)];
    assert_eq!(
        memory.describe(&metrics),
        "adds 1 when MemoryPercentage over 5 minutes (Average of the Max of 5 minutes each) is above 80%, cooldown 5 minutes"
    );
}
