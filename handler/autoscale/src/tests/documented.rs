//! Evaluations for which the documentation gives the result.

use super::*;

/// The page on flapping: out above 50%, in below 30%.
#[test]
fn documented_56_percent_scales_out_and_28_percent_on_two_is_deferred() {
    use Operator::{GreaterThan, LessThan};
    let profile = profile(
        1,
        2,
        vec![
            out(GreaterThan, 50.0, Change::Count(1)),
            inward(LessThan, 30.0, Change::Count(1)),
        ],
    );
    assert_eq!(
        reached(&constant(&profile, 56.0, 1)),
        (2, Outcome::ScaledOut(0))
    );
    assert_eq!(
        reached(&constant(&profile, 28.0, 2)),
        (2, Outcome::Flapping(0))
    );
    assert_eq!(
        reached(&constant(&profile, 25.0, 2)),
        (1, Outcome::ScaledIn(1))
    );
}

/// The page on flapping, threads: at or above 600 out, below 600 in, and then below 400 in.
#[test]
fn documented_thread_counts_flap_without_a_margin_and_not_with_one() {
    use Operator::{GreaterThanOrEqual, LessThan};
    let with = |threshold| {
        let out = out(GreaterThanOrEqual, 600.0, Change::Count(1));
        profile(
            1,
            9,
            vec![out, inward(LessThan, threshold, Change::Count(1))],
        )
    };
    assert_eq!(
        reached(&constant(&with(600.0), 625.0, 2)),
        (3, Outcome::ScaledOut(0))
    );
    assert_eq!(
        reached(&constant(&with(600.0), 1250.0 / 3.0, 3)),
        (3, Outcome::Flapping(0))
    );
    assert_eq!(
        reached(&constant(&with(400.0), 1250.0 / 3.0, 3)),
        (3, Outcome::Steady)
    );
    assert_eq!(
        reached(&constant(&with(400.0), 1180.0 / 3.0, 3)),
        (2, Outcome::ScaledIn(1))
    );
    assert_eq!(
        reached(&constant(&with(400.0), 590.0, 2)),
        (2, Outcome::Steady)
    );
}

/// The page on best practices: 575 threads on three instances would be 862.5 on two. With out at 80% and in at 60%,
/// 60 on three would be 90 on two, and 50 would be 75.
#[test]
fn documented_projections_defer_or_allow_scale_in() {
    use Operator::{GreaterThanOrEqual, LessThanOrEqual};
    let with = |high, low| {
        let out = out(GreaterThanOrEqual, high, Change::Count(1));
        profile(
            2,
            9,
            vec![out, inward(LessThanOrEqual, low, Change::Count(1))],
        )
    };
    assert_eq!(
        reached(&constant(&with(600.0, 600.0), 575.0, 3)),
        (3, Outcome::Flapping(0))
    );
    assert_eq!(
        reached(&constant(&with(80.0, 60.0), 60.0, 3)),
        (3, Outcome::Flapping(0))
    );
    assert_eq!(
        reached(&constant(&with(80.0, 60.0), 50.0, 3)),
        (2, Outcome::ScaledIn(1))
    );
}

/// The page on flapping: 65% on 30 instances, and ten fewer requested. By the page's own formula, the first count
/// that stays at or below 70% is 28. The page's table says 27, which would be 72%.
#[test]
fn documented_scale_in_by_ten_is_shortened() {
    use Operator::{GreaterThan, LessThanOrEqual};
    let rules = vec![
        out(GreaterThan, 70.0, Change::Count(20)),
        inward(LessThanOrEqual, 65.0, Change::Count(10)),
    ];
    assert_eq!(
        reached(&constant(&profile(1, 100, rules), 65.0, 30)),
        (28, Outcome::ScaledInLess(1))
    );
}

/// The log on the page on flapping: six instances, one intended, four reached (3 requests fire; 2 on six are 3 on
/// four).
#[test]
fn documented_log_six_to_one_becomes_four() {
    use Operator::{GreaterThan, LessThan};
    let rules = vec![
        out(GreaterThan, 3.0, Change::Count(10)),
        inward(LessThan, 3.0, Change::Count(5)),
    ];
    assert_eq!(
        reached(&constant(&profile(1, 30, rules), 2.0, 6)),
        (4, Outcome::ScaledInLess(1))
    );
}

/// The page on settings: of three more and five more, five is chosen. Of 50% fewer (five) and three fewer (seven),
/// seven is chosen.
#[test]
fn documented_several_rules_take_the_largest_count() {
    use Operator::{GreaterThan, LessThan};
    let rules = vec![
        out(GreaterThan, 70.0, Change::Count(3)),
        out(GreaterThan, 80.0, Change::Count(5)),
        out(GreaterThan, 75.0, Change::PercentCount(15)),
        inward(LessThan, 30.0, Change::PercentCount(50)),
        inward(LessThan, 40.0, Change::Count(3)),
    ];
    let profile = profile(1, 100, rules);
    assert_eq!(
        reached(&constant(&profile, 90.0, 10)),
        (15, Outcome::ScaledOut(1))
    );
    assert_eq!(
        reached(&constant(&profile, 76.0, 10)),
        (13, Outcome::ScaledOut(0)),
        "15% of ten is less than three"
    );
    assert_eq!(
        reached(&constant(&profile, 76.0, 40)),
        (46, Outcome::ScaledOut(2)),
        "15% of forty is six"
    );
    assert_eq!(
        reached(&constant(&profile, 20.0, 10)),
        (7, Outcome::ScaledIn(4))
    );
    assert_eq!(
        reached(&constant(&profile, 35.0, 10)),
        (10, Outcome::HeldBack(3)),
        "one rule of two"
    );
}
