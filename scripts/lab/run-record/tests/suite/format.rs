//! Numbers and times as text.

use run_record::format::{Clock, count, decimal, latency, percent, span, things};

#[test]
fn spans_use_the_most_readable_unit() {
    for (seconds, text) in [
        (0.0, "0 s"),
        (0.42, "0.42 s"),
        (9.27, "9.3 s"),
        (74.31, "74.3 s"),
        (99.97, "1 min 40 s"),
        (372.0, "6 min 12 s"),
        (3600.0, "1 h"),
        (7500.0, "2 h 5 min"),
        (-5.0, "-5 s"),
    ] {
        assert_eq!(span(seconds), text);
    }
}

#[test]
fn numbers_keep_only_significant_digits() {
    for (value, text) in [
        (0.0, "0"),
        (0.034, "0.03"),
        (8.1, "8.1"),
        (81.26, "81.3"),
        (1234.6, "1,235"),
        (-0.001, "0"),
    ] {
        assert_eq!(decimal(value), text);
    }
    assert_eq!(decimal(f64::NAN), "–");
    assert_eq!(count(1_234_567), "1,234,567");
    assert_eq!(percent(0.003), "< 0.01%");
    assert_eq!(count(999), "999");
    assert_eq!(things(1, "request"), "1 request");
    assert_eq!(latency(Some(1240.0)), "1.2 s");
}

#[test]
fn an_accelerated_clock_gives_azures_minutes_too() {
    assert_eq!(Clock::new(60.0).time(14.2), "14.2 s (Azure minute 14.2)");
    assert_eq!(Clock::new(1.0).time(372.0), "6 min 12 s");
    assert_eq!(Clock::new(0.0).time(1.0), "1 s");
}

#[test]
fn one_azure_minute_is_one() {
    let clock = Clock::new(60.0);
    assert_eq!(clock.length(1.0), "1 s (1 Azure minute)");
    assert_eq!(clock.length(9.2), "9.2 s (9.2 Azure minutes)");
}
