use jiff::civil::{DateTime, Weekday, date};
use proptest::prelude::*;

use super::*;

fn cron(expression: &str) -> Cron {
    Cron::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

fn next(expression: &str, after: &str) -> String {
    let after: DateTime = after.parse().expect("a local time");
    let next = cron(expression).next(after).expect("an occurrence");
    next.to_string()
}

#[test]
fn the_next_occurrence_is_after_now() {
    for (expression, after, expected) in [
        (
            "* * * * * *",
            "2026-11-29T10:00:00.9",
            "2026-11-29T10:00:01",
        ),
        (
            "0 */5 * * * *",
            "2026-11-29T10:00:00",
            "2026-11-29T10:05:00",
        ),
        (
            "0 */5 * * * *",
            "2026-11-29T10:59:59",
            "2026-11-29T11:00:00",
        ),
        // Without seconds.
        ("*/5 * * * *", "2026-11-29T10:00:00", "2026-11-29T10:05:00"),
        // Months start at 1, and a step without a range runs to the end.
        (
            "0 0 0 1 6/3 *",
            "2026-01-01T00:00:00",
            "2026-06-01T00:00:00",
        ),
        (
            "0 0 0 1 6/3 *",
            "2026-06-01T00:00:00",
            "2026-09-01T00:00:00",
        ),
        (
            "30 59 23 31 12 *",
            "2026-12-31T23:59:30",
            "2027-12-31T23:59:30",
        ),
        // Names, also shortened; ranges in either direction.
        (
            "0 0 9 * * mon-fri",
            "2026-11-28T09:00:00",
            "2026-11-30T09:00:00",
        ),
        (
            "0 0 9 * * FRIDAY-M",
            "2026-11-28T09:00:00",
            "2026-11-30T09:00:00",
        ),
        (
            "0 0 0 1 ja,mar *",
            "2026-01-01T00:00:00",
            "2026-03-01T00:00:00",
        ),
        // Both the day and the day of the week must match.
        ("0 0 0 13 * 5", "2026-11-29T00:00:00", "2027-08-13T00:00:00"),
        ("0 0 0 29 2 *", "2026-11-29T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 31 * *", "2026-01-31T00:00:00", "2026-03-31T00:00:00"),
    ] {
        assert_eq!(next(expression, after), expected, "{expression}");
    }
}

/// `CronScheduleTests.cs`, `GetNextOccurrence_ThreeDaySchedule_MultipleScheduleIterations`.
#[test]
fn weekdays_follow_each_other() {
    let cron = cron("0 59 11 * * 1-5");
    let mut now = date(2015, 5, 23).at(9, 0, 0, 0);
    for weekday in [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
    ] {
        now = cron.next(now).expect("an occurrence");
        assert_eq!((now.weekday(), now.hour(), now.minute()), (weekday, 11, 59));
    }
}

#[test]
fn invalid_expressions_are_refused_with_the_field() {
    for (expression, part) in [
        ("", "it has 0 fields"),
        ("@daily", "it has 1 field instead"),
        ("* * * *", "it has 4 fields"),
        ("* * * * * * *", "it has 7 fields"),
        (
            "60 * * * * *",
            "its second is \"60\" but must be from 0 to 59",
        ),
        ("0 0 24 * * *", "its hour is \"24\""),
        ("0 0 0 0 * *", "its day is \"0\" but must be from 1 to 31"),
        (
            "0 0 0 1 13 *",
            "its month is \"13\" but must be from 1 to 12, or a name",
        ),
        (
            "0 0 0 * * 7",
            "its day of the week is \"7\" but must be from 0 to 6",
        ),
        ("0 0 0 * * mondays", "or a name from Sunday to Saturday"),
        ("0 0 0 L * *", "its day is \"L\""),
        ("0 0 0 ? * *", "its day is \"?\""),
        ("0 0 0 * * 5#3", "its day of the week is \"5#3\""),
        (
            "*/x * * * * *",
            "its step \"x\" of the second is not a number",
        ),
        ("1, * * * * *", "its second is \"\""),
        (",1 * * * * *", "its second is \",1\""),
        ("-1 * * * * *", "its second is \"-1\""),
        ("0 70/5 * * * *", "its minute is \"70\""),
        ("0 0 0 30 2 *", "no month of it has such a day"),
    ] {
        let error = Cron::parse(expression).expect_err(expression);
        assert!(error.contains(part), "{expression}: {error}");
    }
}

#[test]
fn a_step_below_one_is_one() {
    assert_eq!(cron("*/0 * * * * *"), cron("* * * * * *"));
    assert_eq!(cron("0-10/-3 * * * * *"), cron("0-10 * * * * *"));
}

/// `CronScheduleTests.cs`, `IsInterval_ReturnsExpectedValue`.
#[test]
fn intervals_and_points_in_time_are_distinguished() {
    for (expression, expected) in [
        ("* * * * * *", true),
        ("0 * * * * *", true),
        ("0 0 * * * *", true),
        ("0 0-15 * * * *", true),
        ("0 0 * * * 0", true),
        ("0 0 1-3 * * 0", true),
        ("0 0 0 * * *", false),
        ("0 0 0 1 * *", false),
        ("0 0 0 1 1 *", false),
        ("0 0 0 * * 1", false),
        ("* * * * *", true),
        ("0 * * * *", true),
        ("0-15 * * * *", true),
        ("0 * * * 0", true),
        ("0 1-3 * * 0", true),
        (" 0 1 * * *", false),
        ("0 0 * * *", false),
        ("0 0 1 * *", false),
        ("0 0 1 1 *", false),
        ("0 0 * * 1", false),
    ] {
        assert_eq!(cron(expression).is_interval(), expected, "{expression}");
    }
}

/// `TimerScheduleTests.cs`, `ShouldDisableScheduleMonitor_ReturnsExpectedValue`.
#[test]
fn schedules_below_a_minute_are_frequent() {
    for (expression, expected) in [
        ("* * * * * *", true),
        ("*/15 * * * * *", true),
        ("0,30 * * * * *", true),
        ("0 * * * * *", false),
        ("*/15 0 * * * *", false),
        ("* * * * *", false),
    ] {
        assert_eq!(cron(expression).is_frequent(), expected, "{expression}");
    }
}

/// The occurrence found by checking every second of a day, in seconds since the midnight before.
fn by_looking(cron: &Cron, after: i64) -> Option<i64> {
    let value = |second: i64| i8::try_from(second).expect("a field's value");
    (after + 1..=after + 86_400).find(|second| {
        let second = second % 86_400;
        cron.second.has(value(second % 60))
            && cron.minute.has(value(second / 60 % 60))
            && cron.hour.has(value(second / 3_600))
    })
}

fn field(highest: u8) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (1..=highest).prop_map(|value| value.to_string()),
        (1..=highest, 1..=highest).prop_map(|(a, b)| format!("{a}-{b}")),
        (1..=highest, 1..=highest).prop_map(|(value, step)| format!("{value}/{step}")),
        (1..=highest).prop_map(|step| format!("*/{step}")),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[0-9*/,\\- a-zA-Z#?]{0,24}") {
        let _ = Cron::parse(&text);
    }

    #[test]
    fn no_occurrence_is_skipped(
        second in field(59), minute in field(59), hour in field(23),
        start in 0_i64..86_400,
    ) {
        let cron = cron(&format!("{second} {minute} {hour} * * *"));
        let midnight = date(2026, 2, 28).at(0, 0, 0, 0);
        let expected = by_looking(&cron, start).map(|passed| midnight + passed.seconds());
        prop_assert_eq!(cron.next(midnight + start.seconds()), expected);
    }
}
