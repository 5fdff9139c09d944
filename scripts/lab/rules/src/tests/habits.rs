//! Cooldowns, the default count, and missing rules.

use super::{checked, faults, hints, inward, out, profile, with};

#[test]
fn a_cooldown_shorter_than_the_delays_is_a_hint() {
    let rules = |outward: &str, back: &str| {
        hints(&profile(
            1,
            3,
            &[
                with(out(70), "cooldown", outward),
                with(inward(30), "cooldown", back),
            ],
        ))
    };
    // A window of 5 minutes, a lag of 3, and 2 to start an instance.
    assert!(rules("PT10M", "PT10M").is_empty());
    assert_eq!(rules("PT9M", "PT9M"), ["short_cooldown"]);
    assert_eq!(rules("PT7M", "PT7M"), ["short_cooldown", "short_cooldown"]);
}

#[test]
fn unequal_cooldowns_are_a_hint() {
    let rules = |back: &str| {
        checked(&profile(
            1,
            3,
            &[out(70), with(inward(30), "cooldown", back)],
        ))
        .hints
    };
    assert!(rules("PT10M").is_empty());
    let found = rules("PT20M");
    assert_eq!((found.len(), found[0].code), (1, "unequal_cooldowns"));
    assert_eq!(found[0].place, "rules");
}

#[test]
fn a_default_equal_to_the_minimum_is_a_hint() {
    let mut file = profile(1, 3, &[out(70), inward(30)]);
    assert!(hints(&file).is_empty());
    file["capacity"]["default"] = 1.into();
    assert_eq!(hints(&file), ["default_is_minimum"]);
    // A fixed number needs no separate default.
    let fixed = profile(2, 2, &[out(70), inward(30)]);
    assert!(hints(&fixed).is_empty());
}

#[test]
fn a_missing_direction_is_a_hint() {
    assert_eq!(hints(&profile(1, 3, &[out(70)])), ["no_scale_in"]);
    assert_eq!(hints(&profile(1, 3, &[inward(30)])), ["no_scale_out"]);
    assert_eq!(hints(&profile(1, 3, &[])), ["no_rules"]);
    assert!(hints(&profile(3, 3, &[])).is_empty());
    assert!(faults(&profile(1, 3, &[])).is_empty());
}
