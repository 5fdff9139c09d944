use clap::Parser;
use time::macros::datetime;

use super::*;
use autoscale::BUILT_IN;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    fleet: FleetArgs,
}

fn read(arguments: &[&str]) -> Result<Options, String> {
    let line =
        Line::try_parse_from([&["lab"], arguments].concat()).map_err(|error| error.to_string())?;
    line.fleet
        .options(false)
        .map_err(|error| format!("{error:#}"))
}

fn capacity(arguments: &[&str]) -> (u32, u32, u32) {
    let setting = read(arguments).expect("valid").setting;
    let capacity = setting.profiles[0].capacity;
    (capacity.minimum, capacity.default, capacity.maximum)
}

#[test]
fn limits_override_the_rules() {
    assert_eq!(capacity(&[]), (1, 1, 3));
    assert_eq!(capacity(&["--min", "2"]), (2, 2, 3));
    assert_eq!(capacity(&["--min", "3", "--max", "5"]), (3, 3, 5));
    assert!(read(&["--max", "1"]).expect("valid").single());
    assert!(!read(&[]).expect("valid").single());
}

#[test]
fn another_app_gets_one_instance_unless_it_asks_for_more() {
    let maximum = |arguments: &[&str]| {
        let line = Line::try_parse_from([&["lab"], arguments].concat()).expect("valid");
        let options = line.fleet.options(true).expect("valid");
        (options.setting.minimum(), options.setting.maximum())
    };
    assert_eq!(maximum(&[]), (1, 1));
    assert_eq!(maximum(&["--time-scale", "60"]), (1, 1));
    assert_eq!(maximum(&["--max", "3"]), (1, 3));
    assert_eq!(maximum(&["--min", "2"]), (2, 3));
    assert_eq!(maximum(&["--plan", "elastic-premium"]), (1, 3));
}

/// Options with rules in a file.
fn with_rules(rules: &str, arguments: &[&str]) -> Result<Options, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), rules).expect("a file");
    let path = file.path().to_str().expect("a path in UTF-8");
    read(&[&["--autoscale", path], arguments].concat())
}

#[test]
fn a_minimum_of_zero_is_raised_and_reported() {
    let rules = BUILT_IN.replacen("\"minimum\": \"1\"", "\"minimum\": \"0\"", 1);
    let options = with_rules(&rules, &[]).expect("valid");
    assert_eq!(options.setting.minimum(), 1);
    assert_eq!(options.remarks, [NEVER_EMPTY]);
    assert_eq!(
        with_rules(&rules, &["--min", "2"]).expect("valid").remarks,
        [""; 0]
    );
    assert_eq!(read(&[]).expect("valid").remarks, [""; 0]);
}

#[test]
fn the_calendar_starts_at_the_given_time() {
    let start = |arguments: &[&str]| {
        let calendar = read(arguments).expect("valid").calendar;
        (calendar.start, calendar.zone.name().to_owned())
    };
    let eight = datetime!(2026-01-05 08:00 UTC);
    assert_eq!(start(&[]), (None, "UTC".to_owned()));
    assert_eq!(start(&["--start", "2026-01-05T08:00"]).0, Some(eight));
    let berlin = ["--start", "2026-01-05T09:00", "--timezone", "Europe/Berlin"];
    assert_eq!(start(&berlin), (Some(eight), "Europe/Berlin".to_owned()));
}

#[test]
fn impossible_options_are_refused_in_a_sentence() {
    let refused = |arguments: &[&str], part: &str| {
        let error = read(arguments).err().expect("refused");
        assert!(error.contains(part), "{error}");
    };
    refused(
        &["--min", "3", "--max", "2"],
        "--min 3 is more than --max 2",
    );
    refused(
        &["--min", "4"],
        "--min 4 is more than the maximum 3 of the rules (--max changes it)",
    );
    refused(
        &["--start", "Monday"],
        "--start: \"Monday\" is not a time such as",
    );
    refused(&["--start", "3000-01-01T00:00"], "is not from 1970 to 2999");
    refused(
        &["--timezone", "Mars"],
        "--timezone \"Mars\" is not a time zone",
    );
    refused(&["--metric", "Requests"], "write NAME=FILE");
    refused(&["--min", "0"], "0 is not in 1..=1000");
    refused(&["--restart-on-patch"], "needs --plan elastic-premium");
    refused(
        &["--plan", "elastic-premium", "--metric-lag", "60"],
        "are for the plan premium-v3",
    );
    refused(&["--time-scale", "601"], "must be a number from 0.1 to 600");
    refused(&["--time-scale", "NaN"], "must be a number from 0.1 to 600");
    refused(&["--instance-cpus", "0.05"], "must be a number from 0.1 to");
    refused(&["--instance-cpus", "5000"], "this machine has");
    refused(
        &["--time-scale", "600", "--evaluate-seconds", "20"],
        "the minimum for this scale is 30",
    );
    refused(
        &["--autoscale", "/nonexistent/rules.json"],
        "cannot read the rule file /nonexistent/rules.json",
    );
}
