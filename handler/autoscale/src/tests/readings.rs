//! The inputs of rules, and the counts that they request.

use super::*;

#[test]
fn the_window_includes_its_end_and_excludes_its_beginning() {
    let samples: Vec<Minute> = (1..=10).map(|end| minute(end, f64::from(end), 1)).collect();
    let mut rule = out(Operator::GreaterThan, 0.0, Change::Count(1));
    let value = |rule: &Rule, until| {
        let profile = profile(1, 2, vec![rule.clone()]);
        let history = History {
            metrics: std::slice::from_ref(&samples),
            until,
        };
        read(&profile, history, 1)[0]
    };
    assert_eq!(value(&rule, minutes(7)), Some(5.0), "minutes 3 to 7, not 2");
    assert_eq!(
        value(&rule, minutes(7) - Duration::from_millis(1)),
        Some(4.0),
        "minutes 2 to 6"
    );
    assert_eq!(value(&rule, minutes(2)), Some(1.5), "those there are");
    assert_eq!(value(&rule, minutes(14)), Some(10.0));
    assert_eq!(value(&rule, minutes(15)), None);
    assert_eq!(value(&rule, Duration::ZERO), None);
    for (aggregation, expected) in [
        (Aggregation::Average, 5.0),
        (Aggregation::Minimum, 3.0),
        (Aggregation::Maximum, 7.0),
        (Aggregation::Total, 25.0),
        (Aggregation::Count, 5.0),
        (Aggregation::Last, 7.0),
    ] {
        rule.time_aggregation = aggregation;
        assert_eq!(value(&rule, minutes(7)), Some(expected), "{aggregation:?}");
    }
}

#[test]
fn statistics_combine_the_values_of_the_instances() {
    let samples = [vec![Minute {
        end: MINUTE,
        average: 40.0,
        minimum: 10.0,
        maximum: 90.0,
        instances: 4,
    }]];
    let mut rule = out(Operator::GreaterThan, 0.0, Change::Count(1));
    for (statistic, expected) in [
        (Statistic::Average, 40.0),
        (Statistic::Min, 10.0),
        (Statistic::Max, 90.0),
        (Statistic::Sum, 160.0),
        (Statistic::Count, 4.0),
    ] {
        rule.statistic = statistic;
        let profile = profile(1, 2, vec![rule.clone()]);
        let history = History {
            metrics: &samples,
            until: MINUTE,
        };
        assert_eq!(
            read(&profile, history, 4)[0],
            Some(expected),
            "{statistic:?}"
        );
    }
}

#[test]
fn every_operator_compares_as_it_is_named() {
    use Operator::*;
    for (operator, below, same, above) in [
        (Equals, false, true, false),
        (NotEquals, true, false, true),
        (GreaterThan, false, false, true),
        (GreaterThanOrEqual, false, true, true),
        (LessThan, true, false, false),
        (LessThanOrEqual, true, true, false),
    ] {
        let profile = profile(1, 2, vec![out(operator, 50.0, Change::Count(1))]);
        let fires = |value| constant(&profile, value, 1).readings[0].fires();
        assert_eq!(
            (fires(49.0), fires(50.0), fires(51.0)),
            (below, same, above),
            "{operator:?}"
        );
    }
}

#[test]
fn changes_are_counted_from_the_present_count() {
    use Direction::{Decrease, Increase};
    for (direction, change, count, wanted) in [
        (Increase, Change::Count(1_000), u32::MAX, 4_294_968_295),
        (Increase, Change::PercentCount(10), 3, 4),
        (Increase, Change::PercentCount(50), 3, 5),
        (Increase, Change::PercentCount(100), 3, 6),
        (Increase, Change::ExactCount(5), 3, 5),
        (Increase, Change::ExactCount(2), 3, 3),
        (Decrease, Change::Count(5), 3, -2),
        (Decrease, Change::PercentCount(10), 3, 2),
        (Decrease, Change::PercentCount(50), 5, 3),
        (Decrease, Change::PercentCount(1_000), 5, -45),
        (Decrease, Change::ExactCount(2), 3, 2),
        (Decrease, Change::ExactCount(9), 3, 3),
        (Increase, Change::NextAllowed, 3, 4),
        (Decrease, Change::NextAllowed, 3, 2),
        (Direction::None, Change::ExactCount(5), 3, 5),
        (Direction::None, Change::ExactCount(2), 3, 2),
        (Direction::None, Change::Count(2), 3, 3),
    ] {
        let rule = rule(direction, Operator::GreaterThan, 0.0, change);
        assert_eq!(
            rule.asks_for(count),
            wanted,
            "{direction:?} {change:?} from {count}"
        );
    }
}

/// Five minutes make one sample, from the values of all instances in them. An incomplete grain gives no sample.
#[test]
fn a_longer_time_grain_makes_fewer_samples() {
    let samples = [(1..=13)
        .map(|end| Minute {
            end: minutes(end),
            average: f64::from(end),
            minimum: f64::from(end) - 1.0,
            maximum: f64::from(end) + 1.0,
            instances: if end > 5 { 2 } else { 1 },
        })
        .collect()];
    let mut rule = out(Operator::GreaterThan, 0.0, Change::Count(1));
    rule.time_grain = minutes(5);
    rule.time_window = minutes(10);
    for (statistic, first, second) in [
        (Statistic::Average, 3.0, 8.0),
        (Statistic::Min, 0.0, 5.0),
        (Statistic::Max, 6.0, 11.0),
        (Statistic::Sum, 15.0, 80.0),
        (Statistic::Count, 5.0, 10.0),
    ] {
        rule.statistic = statistic;
        let value = |rule: &Rule, until| {
            let history = History {
                metrics: &samples,
                until: minutes(until),
            };
            read(&profile(1, 2, vec![rule.clone()]), history, 1)[0]
        };
        assert_eq!(
            value(&rule, 13),
            Some((first + second) / 2.0),
            "{statistic:?}"
        );
        let mut last = rule.clone();
        last.time_aggregation = Aggregation::Last;
        assert_eq!(value(&last, 13), Some(second), "{statistic:?}");
        assert_eq!(value(&last, 9), Some(first), "{statistic:?}");
        assert_eq!(value(&rule, 4), None, "{statistic:?}");
        // A window that is shorter than the grain is extended to one grain.
        let mut short = rule.clone();
        short.time_window = minutes(1);
        assert_eq!(value(&short, 13), Some(second), "{statistic:?}");
    }
}

#[test]
fn a_value_may_be_divided_by_the_number_of_instances() {
    let samples = [vec![minute(1, 80.0, 1)]];
    let mut rule = out(Operator::GreaterThan, 0.0, Change::Count(1));
    rule.divide_per_instance = true;
    let profile = profile(0, 4, vec![rule]);
    let value = |count| {
        let history = History {
            metrics: &samples,
            until: MINUTE,
        };
        read(&profile, history, count)[0]
    };
    assert_eq!((value(4), value(0)), (Some(20.0), None));
}

#[test]
fn a_metric_without_samples_gives_no_values() {
    let mut rule = out(Operator::GreaterThan, 0.0, Change::Count(1));
    rule.metric = 7;
    let history = History {
        metrics: &[],
        until: MINUTE,
    };
    assert_eq!(read(&profile(1, 2, vec![rule]), history, 1), [None]);
}
