//! The names of time zones, and times read and written in them.

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::*;
use crate::time_zone::{EARLIEST, LATEST, windows};

fn zone(name: &str) -> TimeZone {
    TimeZone::named(name).unwrap_or_else(|| panic!("{name} must be known"))
}

/// Unix seconds of an RFC 3339 time.
fn instant(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("it is valid").as_second()
}

#[test]
fn the_windows_names_are_sorted_and_each_one_has_a_zone() {
    for pair in windows::ZONES.windows(2) {
        let [one, other] = [
            pair[0].0.to_ascii_lowercase(),
            pair[1].0.to_ascii_lowercase(),
        ];
        assert!(one < other, "{one} and {other}");
    }
    for (name, iana) in windows::ZONES {
        assert!(TimeZoneDatabase::bundled().get(iana).is_ok(), "{iana}");
        for name in [
            name.to_string(),
            name.to_ascii_uppercase(),
            format!("\t{name} "),
        ] {
            assert!(
                zone(&name)
                    .to_string()
                    .starts_with(&format!("{} (", windows_name(&name))),
                "{name}"
            );
        }
    }
}

fn windows_name(text: &str) -> &'static str {
    let is_it = |row: &&(&str, &str)| row.0.eq_ignore_ascii_case(text.trim());
    windows::ZONES.iter().find(is_it).expect("it is valid").0
}

#[test]
fn names_are_shown_in_their_usual_spelling() {
    for (name, shown) in [
        (
            "w. europe standard time",
            "W. Europe Standard Time (Europe/Berlin)",
        ),
        (
            "E. Europe Standard Time",
            "E. Europe Standard Time (Europe/Chisinau)",
        ),
        ("India Standard Time", "India Standard Time (Asia/Kolkata)"),
        (
            "Pacific Standard Time (Mexico)",
            "Pacific Standard Time (Mexico) (America/Tijuana)",
        ),
        ("UTC+12", "UTC+12 (Etc/GMT-12)"),
        ("europe/berlin", "Europe/Berlin"),
        ("Utc", "UTC"),
        (" ", "UTC"),
        ("", "UTC"),
        ("GMT", "GMT"),
        ("Etc/UTC", "Etc/UTC"),
    ] {
        assert_eq!(zone(name).to_string(), shown, "{name:?}");
    }
}

#[test]
fn unknown_time_zones_are_not_accepted() {
    for name in [
        "Europe/Nowhere",
        "Standard Time",
        "W. Europe",
        "W. Europe Standard Time (Europe/Berlin)",
        "Etc/Unknown",
        "+01:00",
        "../../etc/passwd",
        "Europe/Berlin\0",
        "ſ",
    ] {
        assert_eq!(TimeZone::named(name), None, "{name:?}");
    }
    assert_eq!(TimeZone::named(&"x".repeat(1_000_000)), None);
}

#[test]
fn a_time_is_read_in_the_zone_unless_an_offset_is_written() {
    let berlin = zone("Europe/Berlin");
    for (text, expected) in [
        ("2026-01-05", "2026-01-04T23:00:00Z"),
        ("2026-01-05T08:00", "2026-01-05T07:00:00Z"),
        ("2026-07-05T08:00:00", "2026-07-05T06:00:00Z"),
        ("2026-01-05 08:00:00.75", "2026-01-05T07:00:00Z"),
        ("2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z"),
        ("2026-01-05T08:00:00-05:30", "2026-01-05T13:30:00Z"),
        // Clocks skip 02:00 to 03:00 in spring, and show it twice in autumn.
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
    ] {
        assert_eq!(parse_start(text, &berlin), Ok(instant(expected)), "{text}");
    }
}

#[test]
fn invalid_times_are_refused_with_an_example() {
    for text in [
        "",
        "monday",
        "08:00",
        "2026-13-01",
        "2026-02-29",
        "2026-01-05T25:00",
        "2026-01-05T08:00:00[Europe/Paris]",
        "1767571200",
    ] {
        let error = parse_start(text, &TimeZone::UTC).expect_err("it must be refused");
        let expected = format!("\"{text}\" is not a time such as 2026-12-24T18:00:00");
        assert_eq!(error, expected);
    }
    let long = parse_start(&"9".repeat(1_000_000), &TimeZone::UTC).expect_err("it must be refused");
    assert!(long.len() < 120, "{long}");
    let far = parse_start("9999-12-31T23:59:59", &zone("Pacific/Honolulu"))
        .expect_err("it must be refused");
    assert_eq!(
        far,
        "\"9999-12-31T23:59:59\" is outside the years -9999 to 9999"
    );
}

#[test]
fn a_simulation_starts_on_a_monday_at_midnight() {
    for name in [
        "UTC",
        "Europe/Berlin",
        "India Standard Time",
        "Line Islands Standard Time",
    ] {
        let zone = zone(name);
        assert_eq!(
            format_local(default_start(&zone), &zone),
            "Mon 2026-01-05 00:00"
        );
    }
    assert_eq!(
        default_start(&zone("Europe/Berlin")),
        instant("2026-01-04T23:00:00Z")
    );
}

#[test]
fn local_times_follow_daylight_saving() {
    let new_york = zone("Eastern Standard Time");
    for (at, shown) in [
        ("2026-03-08T06:59:00Z", "Sun 2026-03-08 01:59"),
        ("2026-03-08T07:00:00Z", "Sun 2026-03-08 03:00"),
        ("2026-11-01T05:59:00Z", "Sun 2026-11-01 01:59"),
        ("2026-11-01T06:00:00Z", "Sun 2026-11-01 01:00"),
    ] {
        assert_eq!(format_local(instant(at), &new_york), shown);
    }
}

#[test]
fn moments_outside_the_calendar_are_shown_as_its_first_or_last_moment() {
    assert_eq!(
        (EARLIEST, LATEST),
        (Timestamp::MIN.as_second(), Timestamp::MAX.as_second())
    );
    for name in ["UTC", "Etc/GMT+12", "Line Islands Standard Time"] {
        let zone = zone(name);
        assert_eq!(format_local(i64::MIN, &zone), format_local(EARLIEST, &zone));
        assert_eq!(format_local(i64::MAX, &zone), format_local(LATEST, &zone));
    }
}

/// The search for starts depends on this: a local time that a change skips or repeats never extends to the next
/// change.
#[test]
fn each_change_of_an_offset_is_smaller_than_the_time_to_the_next_change() {
    let mut checked = 0;
    for name in TimeZoneDatabase::bundled().available() {
        let Some(zone) = TimeZone::named(name.as_str()) else {
            continue;
        };
        let mut at = instant("1970-01-01T00:00:00Z");
        while at < instant("2040-01-01T00:00:00Z") {
            let span = zone.span_at(at);
            let Some(end) = span.end else { break };
            if let Some(start) = span.start {
                let [own, skipped] = span.local;
                let repeated = own.from - (start + own.offset);
                assert!(
                    end - start > repeated.max(skipped.to - skipped.from),
                    "{name} at {start}"
                );
                checked += 1;
            }
            at = end;
        }
    }
    assert!(checked > 10_000, "{checked}");
}
