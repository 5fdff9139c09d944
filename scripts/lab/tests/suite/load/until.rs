//! `--until`, and the message about a load that is too short for the rules.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Load;
use super::server::{Asked, Reply, Server, app};

const RULES: &str = r#"[{"metric":"CpuPercentage","operator":"GreaterThan","threshold":70.0,"time_window":"PT5M",
    "direction":"Increase","change":"ChangeCount","value":1,"cooldown":"PT5M"}]"#;

/// A fleet of at most two instances. One visit per second costs 2% of an instance. It changes after its CPU was
/// above 70% or below 30% for a second.
struct Fleet {
    begun: Instant,
    visits: VecDeque<Instant>,
    ready: u32,
    since: Instant,
}

impl Fleet {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            visits: VecDeque::new(),
            ready: 1,
            since: now,
        }
    }

    fn cpu(&mut self) -> f64 {
        let now = Instant::now();
        self.visits
            .retain(|visit| now - *visit < Duration::from_secs(1));
        let percent = 2.0 * self.visits.len() as f64 / f64::from(self.ready);
        let wanted = match percent {
            percent if percent > 70.0 => 2,
            percent if percent < 30.0 => 1,
            _ => self.ready,
        };
        if wanted == self.ready {
            self.since = now;
        } else if now - self.since > Duration::from_secs(1) {
            self.ready = wanted;
        }
        percent.min(100.0)
    }

    fn describe(&mut self) -> String {
        let cpu = self.cpu();
        let instances = (0..self.ready).map(|id| {
            format!(r#"{{"id":"i{id}","pid":1,"state":"ready","cpu_percent":{cpu},"requests":0}}"#)
        });
        let instances: Vec<String> = instances.collect();
        format!(
            r#"{{"time_scale":60.0,"azure_seconds":{},"now":"2026-11-24T10:00:00.000Z","count":{},"ready":{},
            "rules":{RULES},"capacity":{{"minimum":1,"maximum":2,"default":1}},"profile":null,
            "instances":[{}],"actions":[]}}"#,
            self.begun.elapsed().as_secs_f64() * 60.0,
            self.ready,
            self.ready,
            instances.join(",")
        )
    }
}

fn fleet() -> Server {
    let fleet = Mutex::new(Fleet::new());
    Server::start(move |asked: &Asked| match asked.line.as_str() {
        "GET /admin/lab/fleet?samples=0" => {
            Reply::Answer(200, "", fleet.lock().unwrap().describe())
        }
        "POST /api/visit" => {
            fleet.lock().unwrap().visits.push_back(Instant::now());
            app(asked)
        }
        _ => app(asked),
    })
}

#[test]
fn it_finds_the_rate_and_waits_for_the_minimum() {
    let server = fleet();
    let done = Load::on(&server.url(), &["--until", "2", "--mix", "visits=1"]).run();
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let run = done.record();
    let [expectation] = &run.verdict.expectations[..] else {
        panic!("{:?}", run.verdict);
    };
    assert_eq!(
        (
            expectation.condition.as_str(),
            expectation.measured.as_str()
        ),
        ("2 instances, then the minimum", "at most 2, 1 in the end")
    );
    assert!(expectation.held);
    for phase in ["the load fills one instance", "waiting for the minimum"] {
        assert!(
            run.plan.iter().any(|line| line.contains(phase)),
            "{:?}",
            run.plan
        );
        assert!(done.err.contains(phase), "{}", done.err);
    }
    assert!(!done.out.contains("Too short"), "{}", done.out);
}

#[test]
fn impossible_goals_are_refused() {
    let server = fleet();
    let said = |count| {
        let done = Load::on(&server.url(), &["--until", count]).run();
        done.refused().to_owned()
    };
    assert!(said("3").contains("the rules allow at most 2 instances"));
    assert!(said("1").contains("ready instances, which is 1"));
    assert_eq!(server.count("POST /api/visit"), 0);
    let unknown = Load::on(&Server::app().url(), &["--until", "3"]).run();
    assert!(unknown.refused().contains("does not list its instances"));
    let both = Load::on(&server.url(), &["--until", "2", "--rate", "5"]).run();
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}

#[test]
fn a_load_that_is_too_short_suggests_a_command() {
    let server = fleet();
    let done = Load::on(&server.url(), &["50", "5"]).run();
    assert_eq!(done.code, Some(0), "{}", done.err);
    let advice = format!(
        "Too short for the rules, which average over 5 s. For scaling: ./scripts/load {} --until 2",
        server.url()
    );
    assert_eq!(done.out.lines().last(), Some(advice.as_str()));
    assert!(done.record().notes.contains(&advice));
    let custom = Load::on(&server.url(), &["50", "5", "--path", "/api/visits"]).run();
    let advice = "Too short for the rules, which average over 5 s. For scaling: the same command, without a rate and a duration, with --until 2";
    assert_eq!(custom.out.lines().last(), Some(advice));
}
