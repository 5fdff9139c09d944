//! Profiles with a calendar.

use serde_json::{Value, json};

use super::{checked, faults, hints, inward, out, profile, setting};

fn named(name: &str, maximum: u32) -> Value {
    let mut profile = profile(1, maximum, &[out(70), inward(30)]);
    profile["name"] = name.into();
    profile
}

fn weekly(name: &str, maximum: u32, (day, hour): (&str, u32)) -> Value {
    let mut profile = named(name, maximum);
    profile["recurrence"] = json!({
        "frequency": "Week",
        "schedule": {"timeZone": "W. Europe Standard Time", "days": [day], "hours": [hour], "minutes": [0]},
    });
    profile
}

fn companion(maximum: u32, start: (&str, u32)) -> Value {
    weekly(r#"{"name":"default","for":"Peak"}"#, maximum, start)
}

fn dated(name: &str, start: &str, end: &str) -> Value {
    let mut profile = named(name, 3);
    profile["fixedDate"] = json!({"timeZone": "UTC", "start": start, "end": end});
    profile
}

#[test]
fn a_default_beside_a_recurring_profile_needs_a_companion() {
    let peak = weekly("Peak", 10, ("Monday", 8));
    let found = checked(&setting(&[named("default", 3), peak.clone()]));
    assert_eq!(found.faults[0].code, "never_applies");
    assert_eq!(found.faults[0].place, "profiles[0]");
    assert!(found.hints.is_empty(), "{:?}", found.hints);
    let ended = setting(&[
        named("default", 3),
        peak.clone(),
        companion(3, ("Monday", 18)),
    ]);
    let found = checked(&ended);
    assert!(
        found.faults.is_empty() && found.hints.is_empty(),
        "{found:?}"
    );
    // The name is the portal's. Only the equal content of another profile matters.
    let repeated = setting(&[
        named("default", 3),
        peak,
        weekly("Night", 3, ("Monday", 18)),
    ]);
    assert!(faults(&repeated).is_empty());
}

#[test]
fn a_companion_that_differs_from_its_default_is_a_hint() {
    let peak = weekly("Peak", 10, ("Monday", 8));
    let stale = setting(&[named("default", 3), peak, companion(4, ("Monday", 18))]);
    assert_eq!(hints(&stale), ["stale_companion"]);
}

#[test]
fn a_recurring_profile_without_an_end_is_a_hint() {
    assert_eq!(
        hints(&setting(&[weekly("Peak", 10, ("Monday", 8))])),
        ["no_end"]
    );
    let two = [
        weekly("Peak", 10, ("Monday", 8)),
        weekly("Night", 3, ("Monday", 18)),
    ];
    assert!(hints(&setting(&two)).is_empty());
    let third = weekly("Friday", 5, ("Friday", 8));
    let rest = [named("default", 3), companion(3, ("Monday", 18))];
    let found = checked(&setting(&[&rest[..], &two[..1], &[third]].concat())).hints;
    assert_eq!((found.len(), found[0].code), (1, "no_end"));
    assert_eq!(found[0].place, "profiles[3]");
}

#[test]
fn a_recurring_profile_that_always_comes_second_never_applies() {
    let twice = [
        weekly("Peak", 10, ("Monday", 8)),
        weekly("Night", 3, ("Monday", 8)),
    ];
    let found = checked(&setting(&twice)).faults;
    assert_eq!((found.len(), found[0].code), (1, "never_applies"));
    assert_eq!(found[0].place, "profiles[1]");
}

#[test]
fn a_fixed_date_inside_an_earlier_one_never_applies() {
    let long = dated("long", "2026-06-01T00:00:00", "2026-07-01T00:00:00");
    let within = dated("within", "2026-06-10T00:00:00", "2026-06-11T00:00:00");
    let later = dated("later", "2026-06-10T00:00:00", "2026-07-11T00:00:00");
    let file = |second| setting(&[named("default", 3), long.clone(), second]);
    let found = checked(&file(within)).faults;
    assert_eq!((found.len(), found[0].code), (1, "never_applies"));
    assert_eq!(found[0].place, "profiles[2]");
    assert!(faults(&file(later)).is_empty());
}

#[test]
fn a_fixed_date_that_is_over_is_a_hint() {
    let past = dated("past", "2025-12-24T00:00:00", "2025-12-27T00:00:00");
    assert_eq!(hints(&setting(&[named("default", 3), past])), ["ended"]);
    let coming = dated("coming", "2026-12-24T00:00:00", "2026-12-27T00:00:00");
    assert!(hints(&setting(&[named("default", 3), coming.clone()])).is_empty());
    let found = checked(&setting(&[coming])).hints;
    assert_eq!((found.len(), found[0].code), (1, "no_profile"));
    assert_eq!(found[0].place, "profiles");
}
