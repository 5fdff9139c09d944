//! Timers with several instances: one of them runs the function, and another one when the first has ended.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::view::{fleet, instances, ready};
use crate::support::{Host, Root, eventually, signal};

/// A line of the host about a timer that fires.
struct Firing {
    instance: String,
    /// The occurrence for which it fires, in seconds.
    occurrence: i64,
}

fn firings(host: &Host) -> Vec<Firing> {
    let printed = host.printed();
    let lines = printed.lines().filter_map(|line| {
        let (_, firing) = line.split_once(" fires on ")?;
        let (instance, rest) = firing.split_once(' ')?;
        let (_, occurrence) = rest.trim_end_matches(')').split_once("next ")?;
        let occurrence = OffsetDateTime::parse(occurrence, &Rfc3339).unwrap();
        Some(Firing {
            instance: instance.to_owned(),
            occurrence: occurrence.unix_timestamp(),
        })
    });
    lines.collect()
}

/// Kills the process of an instance, like an accident.
fn kill(host: &Host, instance: &str) {
    let view = fleet(host);
    let victim = instances(&view, "ready")
        .into_iter()
        .find(|one| one["id"] == instance)
        .unwrap();
    signal(
        u32::try_from(victim["pid"].as_u64().unwrap()).unwrap(),
        "KILL",
    );
}

/// A timer of one second on three instances. The instance that runs it is killed again and again.
#[test]
fn a_killed_listener_is_replaced_and_nothing_is_fired_twice() {
    const KILLS: i64 = 6;
    /// Seconds from one kill to the next.
    const BETWEEN: i64 = 4;
    let root = Root::bare();
    root.timer("json-journal", "* * * * * *", &json!({}));
    let host = root.up(&["--min", "3", "--verbose"]);
    ready(&host, 3);
    let last_after = |occurrence: i64| {
        eventually("the timer goes on", || {
            firings(&host)
                .pop()
                .filter(|firing| firing.occurrence >= occurrence)
        })
    };
    let first = last_after(0).occurrence;
    for round in 1..=KILLS {
        let firing = last_after(first + BETWEEN * round);
        kill(&host, &firing.instance);
    }
    last_after(first + BETWEEN * (KILLS + 1));

    let calls = host.payloads().len();
    // Each line is printed before its call, but may be read later.
    let firings = eventually("the lines of all calls", || {
        Some(firings(&host)).filter(|firings| firings.len() >= calls)
    });
    let gaps: Vec<_> = firings
        .windows(2)
        .map(|pair| pair[1].occurrence - pair[0].occurrence)
        .collect();
    let missed: i64 = gaps.iter().map(|gap| gap - 1).sum();
    let twice = gaps.iter().filter(|gap| **gap <= 0).count();
    assert_eq!(
        twice, 0,
        "firings for an occurrence that was fired for before"
    );
    let most = gaps.iter().max().unwrap() - 1;
    println!(
        "{} firings, {missed} missed, {most} in a row at most",
        firings.len()
    );
    assert!(most <= 2, "{most} missed in a row");
    let listeners: BTreeSet<_> = firings.iter().map(|firing| &firing.instance).collect();
    assert_eq!(i64::try_from(listeners.len()).unwrap(), KILLS + 1);
    // The log contains all calls, and only calls of the killed processes may be missing.
    let fired = firings.len();
    let lost = usize::try_from(KILLS).unwrap();
    eventually("the calls of all firings", || {
        (host.payloads().len() + lost >= fired).then_some(())
    });
}

/// `ScheduleMonitor.cs`, `CheckPastDueAsync`: the status of the run was not recorded.
#[test]
fn a_run_that_ended_with_its_instance_is_past_due_for_the_next() {
    let root = Root::bare();
    root.timer("gated", "0 * * * * *", &json!({}));
    let host = root.up(&["--min", "2", "--time-scale", "10"]);
    let run = |number: usize| {
        eventually("the function runs", || {
            let runs = host.journal();
            let mut runs = runs
                .into_iter()
                .filter(|entry| entry.get("payload").is_some());
            runs.nth(number - 1)
        })
    };
    let timer = |entry: &Value| entry["payload"]["Data"]["myTimer"].clone();
    let first = run(1);
    assert_eq!(timer(&first)["IsPastDue"], false);
    let process = |entry: &Value| u32::try_from(entry["process"].as_u64().unwrap()).unwrap();
    // The other instance listens as soon as it exists.
    ready(&host, 2);
    signal(process(&first), "KILL");
    let second = run(2);
    assert_ne!(process(&first), process(&second));
    assert_eq!(timer(&second)["IsPastDue"], true);
    let next = |entry: &Value| timer(entry)["ScheduleStatus"]["Next"].clone();
    assert_eq!(next(&first), next(&second));
    host.line("ended while it ran gated; another instance listens to the timer from now on");
    host.open_gate("");
}
