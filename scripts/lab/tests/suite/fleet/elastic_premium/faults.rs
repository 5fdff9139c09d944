//! The app's scaler while the platform, the database or its own process fails. `KILLS_ROUNDS` and `KILLS_SEED` are as
//! in `kills`.

use std::time::Duration;

use super::platform::deployed;
use super::rehearsal::Rehearsal;
use super::visitors::Visitors;
use crate::fleet::view::{fleet, fleet_when, instances, ready};
use crate::kills::{Dice, rounds};
use crate::outage::server::Postgres;
use crate::support::{eventually, signal};

const VISITORS: u16 = 4;
const RESTARTS: [&str; 1] = ["--restart-on-patch"];

/// An Azure minute. A kill may happen at any time in it.
const MINUTE: Duration = Duration::from_secs(2);

#[test]
fn the_platform_fails_and_the_next_run_after_it_sets_the_count() {
    the_platform_fails(&[]);
}

#[test]
fn an_unavailable_database_during_load_delays_the_count() {
    the_database_is_unavailable(&[]);
}

#[test]
fn the_instance_with_the_timer_is_killed_repeatedly() {
    the_timers_instance_is_killed(&[]);
}

/// The same while each change of the count restarts the app. `scripts/test --long` runs it.
#[test]
fn the_platform_fails_with_restarts() {
    the_platform_fails(&RESTARTS);
}

/// The same while each change of the count restarts the app. `scripts/test --long` runs it.
#[test]
fn an_unavailable_database_with_restarts() {
    the_database_is_unavailable(&RESTARTS);
}

/// The same while each change of the count restarts the app. `scripts/test --long` runs it.
#[test]
fn the_instance_with_the_timer_is_killed_with_restarts() {
    the_timers_instance_is_killed(&RESTARTS);
}

fn the_platform_fails(further: &[&str]) {
    let rehearsal = Rehearsal::start("0.2", further, None);
    let visitors = Visitors::start(&rehearsal.host, VISITORS);
    for (endpoint, fault, outcome) in [
        ("arm", "answer=403", "refused"),
        ("arm", "answer=429&retry_after=1", "throttled"),
        ("arm", "answer=500", "failed"),
        ("arm", "answer=hang", "timed_out"),
        ("arm", "answer=close", "unreachable"),
        ("identity", "answer=close", "no_token"),
    ] {
        // A deployment resets the configuration. The fault comes before the scaler has noticed it.
        let platform = &rehearsal.platform;
        let token = platform.token();
        let fails = || {
            let failed = rehearsal.later(fault, |scaler| scaler["outcome"] == outcome);
            assert_eq!(failed["wanted"], 1, "{failed}");
        };
        loop {
            rehearsal.later("an evaluation is over", |scaler| {
                scaler["outcome"] == "as_wanted"
            });
            let deployed = deployed().to_string();
            let put_back = platform.send("PATCH", &platform.target(), &token, &deployed);
            assert_eq!(put_back.status, 200);
            rehearsal.set_fault(&format!("{endpoint}?{fault}"));
            fails();
            if rehearsal.configuration() == (1, 3) {
                break;
            }
            // On a busy machine, an evaluation may come before the fault.
            rehearsal.end_fault(endpoint);
        }
        fails();
        assert_eq!(rehearsal.configuration(), (1, 3), "{fault}");
        rehearsal.end_fault(endpoint);
        rehearsal.later("the next run sets the count", |scaler| {
            scaler["outcome"] == "set"
        });
        eventually("the count is set", || {
            (rehearsal.configuration() == (1, 1)).then_some(())
        });
    }
    let (visits, failed) = visitors.finish(&rehearsal.host);
    assert_eq!(rehearsal.check_actions(), [1]);
    let restarts = restarts(&rehearsal);
    println!("{visits} visits, {failed} attempts failed, {restarts} restarts");
    assert!(failed <= u64::from(VISITORS) * restarts);
}

fn the_database_is_unavailable(further: &[&str]) {
    let mut postgres = Postgres::start(None, &[]);
    let rehearsal = Rehearsal::start("0.2", further, Some(&postgres.url()));
    let host = &rehearsal.host;
    let visitors = Visitors::start(host, VISITORS);
    rehearsal.set_load(true);
    fleet_when(host, "it scales out", |fleet| fleet["count"] == 2);
    let last = rehearsal.scaler()["evaluated_at"].clone();
    postgres.crash();
    let before = fleet(host)["count"].clone();
    let until = rehearsal.minutes() + 2.0;
    fleet_when(host, "two minutes pass", |fleet| {
        fleet["azure_seconds"].as_f64().unwrap() / 60.0 >= until
    });
    assert_eq!(fleet(host)["count"], before);
    postgres.resume();
    let back = rehearsal.minutes();
    rehearsal.evaluation("it evaluates again", |scaler| {
        scaler["evaluated_at"] != last
    });
    println!(
        "evaluated {:.1} minutes after the database was back",
        rehearsal.minutes() - back
    );
    ready(host, 3);
    rehearsal.scales_in();
    visitors.finish(host);
    assert_eq!(rehearsal.check_actions(), [1, 2, 3, 2, 1]);
}

fn the_timers_instance_is_killed(further: &[&str]) {
    let mut dice = Dice::new();
    println!("KILLS_SEED={}", dice.seed());
    let rehearsal = Rehearsal::start("0.2", further, None);
    let host = &rehearsal.host;
    let visitors = Visitors::start(host, VISITORS);
    rehearsal.scales_out();
    let mut longest: f64 = 0.0;
    for _ in 0..rounds() {
        std::thread::sleep(dice.up_to(MINUTE));
        let last = rehearsal.scaler()["evaluated_at"].clone();
        let holder = timer_holder(&rehearsal);
        signal(holder, "KILL");
        let killed = rehearsal.minutes();
        rehearsal.evaluation("another instance evaluates", |scaler| {
            scaler["evaluated_at"] != last && scaler["outcome"].is_string()
        });
        longest = longest.max(rehearsal.minutes() - killed);
        eventually("somebody serves", || {
            (fleet(host)["ready"].as_u64() > Some(1)).then_some(())
        });
    }
    ready(host, 3);
    rehearsal.scales_in();
    let (visits, failed) = visitors.finish(host);
    let (kills, restarts) = (rounds(), restarts(&rehearsal));
    println!(
        "{kills} kills: evaluated within {longest:.1} minutes; {visits} visits, {failed} attempts failed, {restarts} restarts"
    );
    assert_eq!(rehearsal.check_actions(), [1, 2, 3, 2, 1]);
    // Each visitor has one request in flight.
    assert!(failed <= u64::from(VISITORS) * (u64::from(kills) + restarts));
}

/// The number of times that a change of the configuration restarted the app.
fn restarts(rehearsal: &Rehearsal) -> u64 {
    fleet(&rehearsal.host)["site"]["restarts"].as_u64().unwrap()
}

/// The process of the instance on which the timer fired last.
fn timer_holder(rehearsal: &Rehearsal) -> u32 {
    eventually("a timer fired on an instance that runs", || {
        let printed = rehearsal.host.printed();
        let mut firings = printed.lines().rev().filter_map(|line| {
            let (_, firing) = line.split_once(" fires on ")?;
            Some(firing.split(' ').next()?.to_owned())
        });
        let id = firings.next()?;
        let running = instances(&fleet(&rehearsal.host), "ready");
        let holder = running.iter().find(|instance| instance["id"] == *id)?;
        u32::try_from(holder["pid"].as_u64()?).ok()
    })
}

#[test]
fn two_schedulers_evaluate_each_minute_once() {
    let rehearsal = Rehearsal::start("0.2", &[], None);
    let host = &rehearsal.host;
    let evaluations = || {
        let text = host.get("/metrics").text().to_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("elastic_visits_scaler_evaluations_total"))
            .unwrap_or_default()
            .to_owned();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    rehearsal.later("a minute begins", |_| true);
    let (begin, before) = (rehearsal.minutes(), evaluations());
    while rehearsal.minutes() < begin + 5.0 {
        // The host's own endpoint, used like a second scheduler.
        let content = [("content-type", "application/json")];
        let called = host.request(
            "POST",
            "/admin/functions/Autoscale",
            &content,
            r#"{"input":""}"#,
        );
        assert_eq!(called.status, 202);
        std::thread::sleep(Duration::from_millis(50));
    }
    let (minutes, evaluated) = (rehearsal.minutes() - begin, evaluations() - before);
    println!("{evaluated} evaluations in {minutes:.2} minutes");
    // A call just before a minute counts as that minute's call.
    assert!(
        evaluated <= minutes.ceil() + 1.0,
        "{evaluated} in {minutes}"
    );
    assert!(
        evaluated >= minutes.floor() - 1.0,
        "{evaluated} in {minutes}"
    );
    rehearsal.check_actions();
}
