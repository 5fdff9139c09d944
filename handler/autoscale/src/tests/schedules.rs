//! Which profile applies when: fixed dates, recurring times, and their descriptions.

use jiff::Timestamp;

use super::*;
use Schedule::{Default as Otherwise, FixedDate as Dates, Recurring};

const WORKDAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
const WEEKEND: [&str; 2] = ["Saturday", "Sunday"];

fn zone(name: &str) -> TimeZone {
    TimeZone::named(name).expect("it is valid")
}

fn weekly(zone_name: &str, days: &[&str], hours: &[i64], minutes: &[i64]) -> Schedule {
    Recurring(Recurrence::new("Week", zone(zone_name), days, hours, minutes).expect("it is valid"))
}

fn dates(zone_name: &str, start: &str, end: &str) -> Schedule {
    Dates(FixedDate::new(Some(zone(zone_name)), start, end).expect("it is valid"))
}

/// Unix seconds of an RFC 3339 time.
fn instant(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("it is valid").as_second()
}

/// At each local time of `zone_name`, the expected profile is the active one.
fn applies(schedules: &[Schedule], zone_name: &str, expected: &[(&str, usize)]) {
    for (time, index) in expected {
        let at = parse_start(time, &zone(zone_name)).expect("it is valid");
        assert_eq!(active(schedules, at), Some(*index), "{time}");
    }
}

/// Each change of the active profile in a span, with its time in RFC 3339.
fn changes(schedules: &[Schedule], from: &str, to: &str) -> Vec<(String, Option<usize>)> {
    let (mut at, end) = (instant(from), instant(to));
    let mut found = Vec::new();
    while let Some(next) = next_change(schedules, at).filter(|next| *next < end) {
        if active(schedules, next) != active(schedules, at) {
            let shown = Timestamp::from_second(next)
                .expect("it is valid")
                .to_string();
            found.push((shown, active(schedules, next)));
        }
        at = next;
    }
    found
}

fn expected(changes: &[(&str, usize)]) -> Vec<(String, Option<usize>)> {
    changes
        .iter()
        .map(|(time, index)| (time.to_string(), Some(*index)))
        .collect()
}

/// "Autoscale with multiple profiles": a profile for the weekend, and the portal's companion that ends it.
#[test]
fn a_weekend_profile_ends_where_its_companion_starts() {
    let name = "E. Europe Standard Time";
    let schedules = [
        weekly(name, &["Saturday"], &[6], &[0]),
        weekly(name, &["Sunday"], &[19], &[30]),
        Otherwise,
    ];
    applies(
        &schedules,
        name,
        &[
            ("2026-01-05T00:00", 1),
            ("2026-01-10T05:59:59", 1),
            ("2026-01-10T06:00", 0),
            ("2026-01-11T19:29:59", 0),
            ("2026-01-11T19:30", 1),
        ],
    );
}

#[test]
fn workdays_from_eight_to_six() {
    let name = "Europe/Berlin";
    let schedules = [
        Otherwise,
        weekly(name, &WORKDAYS, &[8], &[0]),
        weekly(name, &WORKDAYS, &[18], &[0]),
    ];
    applies(
        &schedules,
        name,
        &[
            ("2026-01-05T07:59", 2),
            ("2026-01-05T08:00", 1),
            ("2026-01-05T17:59", 1),
            ("2026-01-05T18:00", 2),
            ("2026-01-10T12:00", 2),
            ("2026-01-11T23:59", 2),
            ("2026-01-12T00:00", 2),
        ],
    );
}

#[test]
fn a_recurring_profile_without_another_one_never_ends() {
    let schedules = [Otherwise, weekly("UTC", &["Wednesday"], &[12], &[0])];
    applies(
        &schedules,
        "UTC",
        &[
            ("2026-01-05", 1),
            ("2026-01-07T11:59", 1),
            ("2026-01-07T12:00", 1),
        ],
    );
}

#[test]
fn fixed_dates_come_first_then_recurring_profiles_then_the_default() {
    let name = "W. Europe Standard Time";
    let schedules = [
        Otherwise,
        weekly(name, &WEEKEND, &[0], &[0]),
        weekly(name, &["Monday"], &[0], &[0]),
        dates(name, "2026-12-24T18:00:00", "2026-12-27T06:00:00"),
        dates(name, "2026-12-24T00:00:00", "2026-12-26T00:00:00"),
    ];
    applies(
        &schedules,
        name,
        &[
            ("2026-12-23T23:59:59", 2),
            ("2026-12-24T00:00:00", 4),
            ("2026-12-24T18:00:00", 3),
            ("2026-12-27T05:59:59", 3),
            ("2026-12-27T06:00:00", 1),
            ("2026-12-28T00:00:00", 2),
        ],
    );
    let found = changes(&schedules, "2026-12-22T00:00:00Z", "2026-12-29T00:00:00Z");
    let times = [
        ("2026-12-23T23:00:00Z", 4),
        ("2026-12-24T17:00:00Z", 3),
        ("2026-12-27T05:00:00Z", 1),
        ("2026-12-27T23:00:00Z", 2),
    ];
    assert_eq!(found, expected(&times));
}

#[test]
fn without_a_recurring_profile_the_first_default_fills_the_gaps() {
    let schedules = [
        dates("UTC", "2026-12-24", "2026-12-25"),
        Otherwise,
        Otherwise,
    ];
    applies(
        &schedules,
        "UTC",
        &[("2026-12-23", 1), ("2026-12-24", 0), ("2026-12-25", 1)],
    );
    assert_eq!(
        active(&schedules[..1], instant("2026-12-25T00:00:00Z")),
        None
    );
    assert_eq!(
        next_change(&schedules[..1], instant("2026-12-25T00:00:00Z")),
        None
    );
    assert_eq!(active(&[], 0), None);
    assert_eq!(next_change(&[], 0), None);
}

#[test]
fn of_two_profiles_with_the_same_start_the_first_applies() {
    let schedules = [
        weekly("UTC", &["Monday"], &[6], &[0]),
        weekly("UTC", &["Monday"], &[8], &[0]),
        // The same moment, in another zone.
        weekly("Europe/Berlin", &["Monday"], &[9], &[0]),
    ];
    applies(
        &schedules,
        "UTC",
        &[("2026-01-05T08:00", 1), ("2026-01-05T05:59", 1)],
    );
}

#[test]
fn sunday_night_lasts_into_the_next_week() {
    let schedules = [
        weekly("Tokyo Standard Time", &["Sunday"], &[23], &[59]),
        weekly("Tokyo Standard Time", &["Monday"], &[0], &[1]),
    ];
    applies(
        &schedules,
        "Asia/Tokyo",
        &[
            ("2026-01-04T23:58", 1),
            ("2026-01-04T23:59", 0),
            ("2026-01-05T00:00:59", 0),
            ("2026-01-05T00:01", 1),
        ],
    );
}

/// Night starts at 02:30, day at 06:00, around both changes of the clocks.
#[test]
fn daylight_saving_moves_a_skipped_start_and_uses_the_first_of_two() {
    for (name, from, to, times) in [
        (
            "W. Europe Standard Time",
            "2026-03-28T12:00:00Z",
            "2026-03-30T12:00:00Z",
            // Clocks go from 02:00 to 03:00, so the start at 02:30 is at 03:30.
            [
                ("2026-03-29T01:30:00Z", 0),
                ("2026-03-29T04:00:00Z", 1),
                ("2026-03-30T00:30:00Z", 0),
                ("2026-03-30T04:00:00Z", 1),
            ],
        ),
        (
            "W. Europe Standard Time",
            "2026-10-24T12:00:00Z",
            "2026-10-26T12:00:00Z",
            [
                ("2026-10-25T00:30:00Z", 0),
                ("2026-10-25T05:00:00Z", 1),
                ("2026-10-26T01:30:00Z", 0),
                ("2026-10-26T05:00:00Z", 1),
            ],
        ),
        (
            "Eastern Standard Time",
            "2026-03-07T12:00:00Z",
            "2026-03-09T12:00:00Z",
            [
                ("2026-03-08T07:30:00Z", 0),
                ("2026-03-08T10:00:00Z", 1),
                ("2026-03-09T06:30:00Z", 0),
                ("2026-03-09T10:00:00Z", 1),
            ],
        ),
        (
            // Clocks go back at 02:00, so 02:30 occurs once.
            "Eastern Standard Time",
            "2026-10-31T12:00:00Z",
            "2026-11-02T12:00:00Z",
            [
                ("2026-11-01T07:30:00Z", 0),
                ("2026-11-01T11:00:00Z", 1),
                ("2026-11-02T07:30:00Z", 0),
                ("2026-11-02T11:00:00Z", 1),
            ],
        ),
        (
            "AUS Eastern Standard Time",
            "2026-10-03T02:00:00Z",
            "2026-10-05T02:00:00Z",
            [
                ("2026-10-03T16:30:00Z", 0),
                ("2026-10-03T19:00:00Z", 1),
                ("2026-10-04T15:30:00Z", 0),
                ("2026-10-04T19:00:00Z", 1),
            ],
        ),
        (
            "AUS Eastern Standard Time",
            "2026-04-04T02:00:00Z",
            "2026-04-06T02:00:00Z",
            [
                ("2026-04-04T15:30:00Z", 0),
                ("2026-04-04T20:00:00Z", 1),
                ("2026-04-05T16:30:00Z", 0),
                ("2026-04-05T20:00:00Z", 1),
            ],
        ),
    ] {
        let every_day = [&WORKDAYS[..], &WEEKEND[..]].concat();
        let schedules = [
            weekly(name, &every_day, &[2], &[30]),
            weekly(name, &every_day, &[6], &[0]),
        ];
        assert_eq!(
            changes(&schedules, from, to),
            expected(&times),
            "{name} {from}"
        );
    }
}

/// The start at 02:30 is skipped and moves to 03:30, after the start at 03:00.
#[test]
fn a_skipped_start_may_overtake_another_one() {
    let schedules = [
        weekly("Europe/Berlin", &["Sunday"], &[2], &[30]),
        weekly("Europe/Berlin", &["Sunday"], &[3], &[0]),
    ];
    let found = changes(&schedules, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z");
    assert_eq!(found, expected(&[("2026-03-29T01:30:00Z", 0)]));
}

/// Clocks show 02:00 to 03:00 twice. Only the first of the two starts a profile.
#[test]
fn a_repeated_hour_does_not_start_a_profile_again() {
    let schedules = [
        weekly("Europe/Berlin", &["Sunday"], &[2], &[15]),
        weekly("Europe/Berlin", &["Sunday"], &[2], &[45]),
    ];
    let found = changes(&schedules, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    let times = [("2026-10-25T00:15:00Z", 0), ("2026-10-25T00:45:00Z", 1)];
    assert_eq!(found, expected(&times));
}

/// The week of the autumn change has 169 hours, so the only start is more than seven days ago.
#[test]
fn the_week_of_the_change_is_an_hour_longer() {
    let schedules = [Otherwise, weekly("Europe/Berlin", &["Friday"], &[8], &[0])];
    applies(&schedules, "Europe/Berlin", &[("2026-10-30T07:59", 1)]);
    assert_eq!(
        next_change(&schedules, instant("2026-10-23T06:00:00Z")),
        Some(instant("2026-10-30T07:00:00Z"))
    );
}

#[test]
fn zones_may_be_half_an_hour_apart() {
    let schedules = [
        weekly("India Standard Time", &["Monday"], &[0], &[0]),
        weekly("Newfoundland Standard Time", &["Monday"], &[0], &[0]),
    ];
    let found = changes(&schedules, "2026-01-04T00:00:00Z", "2026-01-06T00:00:00Z");
    assert_eq!(
        found,
        expected(&[("2026-01-04T18:30:00Z", 0), ("2026-01-05T03:30:00Z", 1)])
    );
}

#[test]
fn fixed_dates_are_read_in_each_form() {
    for (zone_name, start, at, ignored) in [
        (
            Some("Europe/Berlin"),
            "2026-07-01T18:00:00",
            "2026-07-01T16:00:00Z",
            false,
        ),
        (
            Some("Europe/Berlin"),
            "2026-07-01T18:00:00.0000000",
            "2026-07-01T16:00:00Z",
            false,
        ),
        (
            Some("Europe/Berlin"),
            "2026-07-01T18:00:00Z",
            "2026-07-01T16:00:00Z",
            true,
        ),
        (
            Some("Europe/Berlin"),
            "2026-07-01T18:00:00+02:00",
            "2026-07-01T16:00:00Z",
            false,
        ),
        (
            Some("Europe/Berlin"),
            "2026-07-01T18:00:00-08:00",
            "2026-07-01T16:00:00Z",
            true,
        ),
        (
            Some(""),
            "2026-07-01T18:00:00+00:00",
            "2026-07-01T18:00:00Z",
            false,
        ),
        (None, "2026-07-01T18:00:00", "2026-07-01T18:00:00Z", false),
        (None, "2026-07-01T18:00:00Z", "2026-07-01T18:00:00Z", false),
        (
            None,
            "2026-07-01T18:00:00+02:00",
            "2026-07-01T16:00:00Z",
            false,
        ),
    ] {
        let dates =
            FixedDate::new(zone_name.map(zone), start, "2026-08-01T00:00:00").expect("it is valid");
        assert_eq!(dates.span().start, instant(at), "{start}");
        assert_eq!(dates.offset_ignored(), ignored, "{start}");
    }
}

#[test]
fn fixed_dates_that_span_no_time_are_refused() {
    for end in ["2026-07-01T18:00:00", "2026-07-01T17:59:59", "2025-08-01"] {
        let error =
            FixedDate::new(None, "2026-07-01T18:00:00", end).expect_err("it must be refused");
        assert_eq!(
            error,
            format!("the end \"{end}\" is not after the start \"2026-07-01T18:00:00\"")
        );
    }
    let error = FixedDate::new(None, "soon", "2026-07-01").expect_err("it must be refused");
    assert_eq!(error, "\"soon\" is not a time such as 2026-12-24T18:00:00");
}

#[test]
fn recurrences_are_read_in_each_form() {
    let read = |days: &[&str], hours: &[i64], minutes: &[i64]| {
        Recurrence::new(" week", TimeZone::UTC, days, hours, minutes)
            .expect("it is valid")
            .starts()
            .to_vec()
    };
    assert_eq!(
        read(&["TUE", "monday ", "Tuesday"], &[1, 0, 1], &[30, 0]),
        [0, 30, 60, 90, 1440, 1470, 1500, 1530]
    );
    assert_eq!(read(&["sun"], &[23], &[59]), [7 * 1440 - 1]);
}

#[test]
fn invalid_recurrences_are_refused() {
    let refused = |frequency: &str, days: &[&str], hours: &[i64], minutes: &[i64]| {
        Recurrence::new(frequency, TimeZone::UTC, days, hours, minutes)
            .expect_err("it must be refused")
    };
    assert_eq!(
        refused("Day", &["Mon"], &[0], &[0]),
        "the frequency is \"Day\"; Azure knows only \"Week\""
    );
    for day in ["1", "", "Mo", "Mond", "Montag", "Mondays", "Täg"] {
        let expected = format!("\"{day}\" is not a day of the week; write Monday to Sunday");
        assert_eq!(refused("Week", &[day], &[0], &[0]), expected);
    }
    for hour in [24, -1, i64::MIN, i64::MAX] {
        let expected = format!("the hour {hour} is not between 0 and 23");
        assert_eq!(refused("Week", &["Mon"], &[hour], &[0]), expected);
    }
    assert_eq!(
        refused("Week", &["Mon"], &[0], &[60]),
        "the minute 60 is not between 0 and 59"
    );
    for (days, hours, minutes) in [
        (&[][..], &[0][..], &[0][..]),
        (&["Mon"], &[], &[0]),
        (&["Mon"], &[0], &[]),
    ] {
        let expected = "it has no day, no hour or no minute, so it never starts";
        assert_eq!(refused("Week", days, hours, minutes), expected);
    }
}

#[test]
fn schedules_are_described() {
    let hours: Vec<i64> = (0..24).collect();
    let zone = "W. Europe Standard Time";
    let every_day = [&WORKDAYS[..], &WEEKEND[..]].concat();
    for (schedule, words) in [
        (Otherwise, "when no other profile applies"),
        (
            dates(
                "Europe/Berlin",
                "2026-12-24T18:00:00",
                "2026-12-27T06:00:00",
            ),
            "from 2026-12-24 18:00 to 2026-12-27 06:00, Europe/Berlin",
        ),
        (
            dates("", "2026-12-24", "2026-12-27T23:59:59"),
            "from 2026-12-24 00:00 to 2026-12-27 23:59:59, UTC",
        ),
        (
            weekly(zone, &WORKDAYS, &[8], &[0]),
            "every Monday to Friday at 08:00, W. Europe Standard Time (Europe/Berlin)",
        ),
        (
            weekly("UTC", &WEEKEND, &[0, 12], &[5]),
            "every Saturday and Sunday at 00:05 and 12:05, UTC",
        ),
        (
            weekly("UTC", &["Mon", "Tue", "Wed", "Fri", "Sun"], &[7], &[0]),
            "every Monday to Wednesday, Friday and Sunday at 07:00, UTC",
        ),
        (
            weekly("UTC", &every_day, &hours, &[0]),
            "every day at 00:00, 01:00, 02:00 and 21 more times, UTC",
        ),
        (
            weekly("UTC", &["Sat"], &[6], &[0, 10, 20]),
            "every Saturday at 06:00, 06:10 and 06:20, UTC",
        ),
    ] {
        assert_eq!(schedule.describe(), words);
    }
}

#[test]
fn companion_names_of_the_portal_are_read() {
    let found = companion(r#"{"name":"Auto created default scale condition","for":"Weekend"}"#);
    let expected = Companion {
        name: "Auto created default scale condition".to_owned(),
        for_profile: "Weekend".to_owned(),
    };
    assert_eq!(found, Some(expected.clone()));
    assert_eq!(
        companion(r#" {"for":"Weekend", "name":"Auto created default scale condition"}"#),
        Some(expected)
    );
    for name in [
        "",
        "Weekend",
        "{}",
        r#"{"name":"a"}"#,
        r#"{"name":1,"for":"b"}"#,
        r#"["a","b","c"]"#,
        "null",
    ] {
        assert_eq!(companion(name), None, "{name}");
    }
    assert_eq!(companion(&"[".repeat(100_000)), None);
}

#[test]
fn extreme_moments_are_accepted() {
    let starts = weekly("Europe/Berlin", &["Monday"], &[8], &[0]);
    let schedules = [
        starts,
        dates("UTC", "-009999-01-03", "-009998-01-01"),
        dates("UTC", "9998-01-01", "9999-12-30"),
        Otherwise,
    ];
    for at in [
        i64::MIN,
        i64::MIN + 1,
        -400_000_000_000,
        -377_705_023_201,
        -62_135_596_800,
        -1,
        0,
    ] {
        let next = next_change(&schedules, at).expect("it is valid");
        assert!(next > at);
        assert!(active(&schedules, at).is_some());
    }
    for at in [
        253_402_207_199,
        253_402_207_200,
        253_402_207_201,
        i64::MAX - 1,
        i64::MAX,
    ] {
        assert_eq!(active(&schedules, at), Some(0));
        assert_eq!(next_change(&schedules, at), None);
    }
}
