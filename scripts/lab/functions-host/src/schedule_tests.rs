use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const PACIFIC: &[(&str, &str)] = &[("WEBSITE_TIME_ZONE", "America/Los_Angeles")];

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Schedule, String> {
    Schedule::read(text, &Environment::of(variables)).map_err(|error| format!("{error:#}"))
}

/// The next occurrences in Pacific time, as .NET writes them.
fn pacific(text: &str, start: DateTime, count: usize) -> Vec<String> {
    let schedule = read(text, PACIFIC).expect(text);
    let mut now = schedule.zone.to_timestamp(start).expect("a moment");
    let mut occurrences = Vec::new();
    for _ in 0..count {
        now = schedule.next(now).expect("an occurrence");
        occurrences.push(schedule.local(now));
    }
    occurrences
}

/// `CronScheduleTests.cs`, `Interval_IntoDST_ReturnsExpectedValue`.
#[test]
fn an_interval_continues_if_clocks_skip_an_hour() {
    assert_eq!(
        pacific("0 30 * * * *", date(2018, 3, 11).at(0, 0, 0, 0), 4),
        [
            "2018-03-11T00:30:00-08:00",
            "2018-03-11T01:30:00-08:00",
            "2018-03-11T03:30:00-07:00",
            "2018-03-11T04:30:00-07:00",
        ]
    );
}

/// `CronScheduleTests.cs`, `PointInTime_WithinAmbiguousHour_ReturnsExpectedValue`.
#[test]
fn an_interval_continues_through_a_repeated_hour() {
    assert_eq!(
        pacific("0 */20 * * * *", date(2018, 11, 4).at(0, 30, 0, 0), 9),
        [
            "2018-11-04T00:40:00-07:00",
            "2018-11-04T01:00:00-07:00",
            "2018-11-04T01:20:00-07:00",
            "2018-11-04T01:40:00-07:00",
            "2018-11-04T01:00:00-08:00",
            "2018-11-04T01:20:00-08:00",
            "2018-11-04T01:40:00-08:00",
            "2018-11-04T02:00:00-08:00",
            "2018-11-04T02:20:00-08:00",
        ]
    );
}

/// `CronScheduleTests.cs`, `PointInTime_IntoDST_ReturnsExpectedValue` and `PointInTime_OutOfDST_ReturnsExpectedValue`.
#[test]
fn a_point_in_time_occurs_once_a_day() {
    assert_eq!(
        pacific("0 30 1 * * *", date(2018, 3, 10).at(0, 0, 0, 0), 3),
        [
            "2018-03-10T01:30:00-08:00",
            "2018-03-11T01:30:00-08:00",
            "2018-03-12T01:30:00-07:00",
        ]
    );
    assert_eq!(
        pacific("0 30 1 * * *", date(2018, 11, 3).at(0, 0, 0, 0), 3),
        [
            "2018-11-03T01:30:00-07:00",
            "2018-11-04T01:30:00-07:00",
            "2018-11-05T01:30:00-08:00",
        ]
    );
    // At a start in the second of these hours, it has already occurred.
    let schedule = read("0 30 1 * * *", PACIFIC).expect("valid");
    let now: Timestamp = "2018-11-04T01:29:00-08:00".parse().expect("a moment");
    let next = schedule.next(now).expect("an occurrence");
    assert_eq!(schedule.local(next), "2018-11-05T01:30:00-08:00");
}

/// `TimerScheduleTests.cs`, `Create_ConstantSchedule_ScheduleIntervalsAreValid`; the table of time spans in the
/// documentation of the timer trigger.
#[test]
fn time_spans_have_the_syntax_of_net() {
    for (text, seconds, shown) in [
        ("00:00:45", 45, "Constant: 00:00:45"),
        ("12:00:00", 12 * 3_600, "Constant: 12:00:00"),
        ("1.00:00", 86_400, "Constant: 1.00:00:00"),
        ("1.00:00:00", 86_400, "Constant: 1.00:00:00"),
        ("24:00:00", 24 * 86_400, "Constant: 24.00:00:00"),
        ("25:00:00", 25 * 86_400, "Constant: 25.00:00:00"),
        ("1:02:03:04", 93_784, "Constant: 1.02:03:04"),
        ("2", 2 * 86_400, "Constant: 2.00:00:00"),
    ] {
        let schedule = read(text, &[]).expect(text);
        assert_eq!(schedule.to_string(), shown);
        assert!(!schedule.adjusts_for_dst());
        let next = schedule.next(Timestamp::UNIX_EPOCH).expect("a moment");
        assert_eq!(next.as_second(), seconds, "{text}");
    }
}

/// `TimerScheduleTests.cs`, `Create_CronSchedule_CreatesExpectedSchedule` and `Create_ConstantSchedule_...`.
#[test]
fn frequent_schedules_are_not_recorded() {
    for (text, expected) in [
        ("*/15 * * * * *", true),
        ("0 0 * * * *", false),
        ("00:00:15", true),
        ("00:01:00", false),
    ] {
        assert_eq!(read(text, &[]).expect(text).is_frequent(), expected);
    }
}

#[test]
fn settings_are_resolved() {
    let variables = [("MINUTES", "*/5"), ("ALL", "00:00:15")];
    let shown = |text: &str| read(text, &variables).expect(text).to_string();
    assert_eq!(shown("0 %MINUTES% * * * *"), "Cron: '0 */5 * * * *'");
    assert_eq!(shown("%ALL%"), "Constant: 00:00:15");
}

#[test]
fn invalid_schedules_are_refused_with_the_correct_form() {
    for (text, variables, parts) in [
        (
            "every minute",
            &[][..],
            &[
                "'every minute' was not recognized as a valid cron expression or timespan string",
                "it has 2 fields",
                "\"0 */5 * * * *\"",
            ][..],
        ),
        ("0 0 25 * * *", &[], &["its hour is \"25\"", "six fields"]),
        ("00:75:00", &[], &["was not recognized", "\"00:05:00\""]),
        ("00:00:00", &[], &["must be longer than zero"]),
        ("0", &[], &["must be longer than zero"]),
        ("-00:05:00", &[], &["must be longer than zero"]),
        ("-1", &[], &["must be longer than zero"]),
        ("", &[], &["it has 0 fields"]),
        (
            "%NONE%",
            &[],
            &["'%NONE%' does not resolve to a value; set NONE"],
        ),
        ("0 %NONE", &[], &["has no closing '%'"]),
        (
            "0 0 * * * *",
            &[("WEBSITE_TIME_ZONE", "Eastern Standard Time")],
            &[
                "is not an IANA time zone; set it to a name such as Europe/Berlin (Linux plans accept no Windows names)",
            ],
        ),
    ] {
        let error = read(text, variables).expect_err(text);
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("database"), "{text}: {error}");
        }
    }
}

proptest! {
    /// Otherwise, a timer would fire without end.
    #[test]
    fn the_next_occurrence_is_later(
        second in prop_oneof![Just("0"), Just("*"), Just("*/20")],
        minute in prop_oneof![Just("0"), Just("30"), Just("*/7"), Just("15,45")],
        hour in prop_oneof![Just("*"), Just("1"), Just("2"), Just("0-3"), Just("1,2")],
        zone in prop_oneof![
            Just("America/Los_Angeles"), Just("Europe/Berlin"), Just("Australia/Lord_Howe"),
            Just("Europe/Moscow"), Just("Pacific/Apia"), Just("Africa/Casablanca"),
        ],
        start in 1_293_840_000_i64..1_577_836_800,
    ) {
        let schedule = read(&format!("{second} {minute} {hour} * * *"), &[("WEBSITE_TIME_ZONE", zone)]).expect("valid");
        let mut now = Timestamp::from_second(start).expect("a moment");
        for _ in 0..50 {
            let next = schedule.next(now).expect("an occurrence");
            prop_assert!(next > now, "{} after {}", next, now);
            now = next;
        }
    }

    /// Transitions are rare, so this tests the days around them.
    #[test]
    fn the_next_occurrence_is_later_where_clocks_change(
        expression in prop_oneof![
            Just("0 30 1 * * *"), Just("0 15,45 1 * * *"), Just("0 0 5-6 * * *"), Just("*/20 */7 * * * *"), Just("0 30 2 * * *"),
        ],
        change in prop_oneof![
            Just(("America/Los_Angeles", 1_541_322_000_i64)), Just(("America/Los_Angeles", 1_520_762_400)),
            Just(("Australia/Lord_Howe", 1_522_506_600)), Just(("Europe/Moscow", 1_414_274_400)), Just(("Pacific/Apia", 1_325_239_200)),
        ],
        offset in -7_200_i64..7_200,
    ) {
        let (zone, at) = change;
        let schedule = read(expression, &[("WEBSITE_TIME_ZONE", zone)]).expect("valid");
        let mut now = Timestamp::from_second(at + offset).expect("a moment");
        for _ in 0..50 {
            let next = schedule.next(now).expect("an occurrence");
            prop_assert!(next > now, "{} after {}", next, now);
            now = next;
        }
    }
}
