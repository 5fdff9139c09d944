//! Runs as they might have been, for the tests here and for those of the charts (handler/dashboard/fixtures).
//!
//! A small model, not a recording: what each instance computes is the load over the ready ones, with a little noise
//! that is always the same.

use std::collections::BTreeMap;

use report::judge;
use run_record::comparison::{Comparison, FleetOutcome, InstancePrice, RequestOutcome};
use run_record::{
    Action, Expectation, FleetSample, InstanceRecord, LoadSecond, Percentiles, Requests, Run,
    Verdict,
};
use serde_json::{Value, json};

/// The rules of infra/autoscale.json.
fn rules() -> Value {
    json!([
        {"metric": "CpuPercentage", "operator": "GreaterThan", "threshold": 70.0, "time_window": "PT5M",
         "direction": "Increase", "value": 1, "cooldown": "PT5M"},
        {"metric": "CpuPercentage", "operator": "LessThan", "threshold": 30.0, "time_window": "PT5M",
         "direction": "Decrease", "value": 1, "cooldown": "PT5M"}
    ])
}

fn profile() -> Value {
    let rule = |operator: &str, threshold: f64, direction: &str| {
        json!({
            "metricTrigger": {
                "metricName": "CpuPercentage", "metricNamespace": "microsoft.web/serverfarms", "timeGrain": "PT1M",
                "statistic": "Average", "timeWindow": "PT5M", "timeAggregation": "Average",
                "operator": operator, "threshold": threshold
            },
            "scaleAction": {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": "PT5M"}
        })
    };
    json!({
        "name": "CPU, 1 to 3 instances",
        "capacity": {"minimum": "1", "maximum": "3", "default": "1"},
        "rules": [rule("GreaterThan", 70.0, "Increase"), rule("LessThan", 30.0, "Decrease")]
    })
}

/// What a run is made of.
struct Plot {
    seconds: u32,
    time_scale: f64,
    /// Seconds between samples of the fleet.
    every: u32,
    /// Load in percent of one instance, from a second on.
    load: &'static [(u32, f64)],
    /// Requests a second that make one instance's CPU full.
    full: f64,
    /// When, to how many, why.
    actions: &'static [(f64, u32, &'static str)],
    /// From an action to a newcomer that serves.
    provision: f64,
    source: &'static str,
}

/// Always the same numbers from 0 to 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }
}

impl Plot {
    fn load_at(&self, at: f64) -> f64 {
        self.load
            .iter()
            .rev()
            .find(|(from, _)| f64::from(*from) <= at)
            .map_or(0.0, |(_, load)| *load)
    }

    fn instances(&self) -> Vec<InstanceRecord> {
        let new = |number: usize, started: f64, ready: f64| InstanceRecord {
            id: format!("lab-{:06x}", 0x3f_2a9c + number * 0x2_1d37),
            pid: Some(4711 + number as u32 * 13),
            started,
            ready: Some(ready),
            ..InstanceRecord::default()
        };
        let mut all = vec![new(0, -2.6, -2.1)];
        for (at, to, _) in self.actions {
            let mut live = all
                .iter()
                .filter(|instance| instance.ended.is_none())
                .count();
            while live < *to as usize {
                all.push(new(all.len(), *at, at + self.provision));
                live += 1;
            }
            while live > *to as usize {
                let last = all
                    .iter_mut()
                    .rev()
                    .find(|instance| instance.ended.is_none())
                    .unwrap();
                last.ended = Some(at + 0.35);
                live -= 1;
            }
        }
        all
    }

    fn run(&self) -> Run {
        let mut noise = Noise(7);
        let mut instances = self.instances();
        let mut load = Vec::new();
        let mut samples = Vec::new();
        let mut requests = Requests::default();
        let mut answered: BTreeMap<String, u64> = BTreeMap::new();
        for second in 0..self.seconds {
            let at = f64::from(second);
            let serving: Vec<usize> = (0..instances.len())
                .filter(|index| {
                    let one = &instances[*index];
                    one.ready.is_some_and(|ready| ready <= at)
                        && one.ended.is_none_or(|ended| ended > at)
                })
                .collect();
            let each = self.load_at(at) / serving.len() as f64;
            let sent = (self.load_at(at) / 100.0 * self.full * (0.97 + 0.06 * noise.next())).round()
                as u64;
            let busy = if sent > 0 && second % 7 == 3 { 1 } else { 0 };
            let ok = sent - busy.min(sent);
            // Waiting grows as the instance fills.
            let p50 = 1.6 / (1.0 - each.min(97.0) / 100.0 * 0.8) * (0.95 + 0.1 * noise.next());
            let latency_ms = if ok == 0 {
                Percentiles::default()
            } else {
                let p99 = p50 * (3.0 + 1.5 * noise.next());
                Percentiles {
                    p50: Some(p50),
                    p95: Some(p50 * 2.1),
                    p99: Some(p99),
                    max: Some(p99 * 1.8),
                }
            };
            load.push(LoadSecond {
                at,
                sent,
                ok,
                failed: 0,
                busy,
                latency_ms,
            });
            requests.sent += sent;
            requests.ok += ok;
            requests.busy += busy;
            if second % self.every == 0 {
                let per_instance: BTreeMap<String, f64> = serving
                    .iter()
                    .map(|index| {
                        (
                            instances[*index].id.clone(),
                            (each + 6.0 * noise.next() - 3.0).clamp(0.4, 100.0),
                        )
                    })
                    .collect();
                let wanted = self
                    .actions
                    .iter()
                    .rev()
                    .find(|(when, _, _)| *when <= at)
                    .map_or(1, |(_, to, _)| *to);
                samples.push(FleetSample {
                    at,
                    ready: serving.len() as u32,
                    wanted,
                    cpu_percent: Some(
                        per_instance.values().sum::<f64>() / per_instance.len() as f64,
                    ),
                    per_instance,
                    requests: answered.clone(),
                });
            }
            for (place, index) in serving.iter().enumerate() {
                let share = ok / serving.len() as u64
                    + u64::from((place as u64) < ok % serving.len() as u64);
                instances[*index].requests += share;
                *answered.entry(instances[*index].id.clone()).or_default() += share;
            }
        }
        requests.by_kind = [
            ("visit".to_owned(), requests.sent / 2),
            ("metrics".to_owned(), requests.sent / 3),
            (
                "stress".to_owned(),
                requests.sent - requests.sent / 2 - requests.sent / 3,
            ),
        ]
        .into();
        let highest = |of: fn(&Percentiles) -> Option<f64>| {
            load.iter()
                .filter_map(|one| of(&one.latency_ms))
                .reduce(f64::max)
        };
        requests.latency_ms = Percentiles {
            p50: Some(2.4),
            p95: Some(6.9),
            p99: highest(|ms| ms.p99),
            max: highest(|ms| ms.max),
        };
        let mut from = 1;
        let actions = self.actions.iter().map(|(at, to, reason)| {
            let action = Action {
                at: *at,
                from,
                to: *to,
                reason: (*reason).to_owned(),
                source: self.source.to_owned(),
            };
            from = *to;
            action
        });
        let mut run = Run {
            title: "lab demo".to_owned(),
            target: "http://127.0.0.1:7071".to_owned(),
            started: "2026-11-24T20:00:00Z".to_owned(),
            seconds: f64::from(self.seconds),
            time_scale: self.time_scale,
            rules: rules(),
            capacity: json!({"minimum": 1, "maximum": 3, "default": 1}),
            profile: profile(),
            plan: vec!["3 visits to 2 metrics to 1 stress run".to_owned()],
            actions: actions.collect(),
            per_instance: answered,
            requests,
            load,
            samples,
            instances,
            ..Run::default()
        };
        run.verdict = judge(&run);
        run
    }
}

/// Out to three and back to one, at 60 times Azure's pace.
pub(crate) fn story() -> Run {
    let mut run = Plot {
        seconds: 104,
        time_scale: 60.0,
        every: 1,
        load: &[(0, 38.0), (10, 86.0), (30, 170.0), (62, 58.0), (82, 22.0)],
        full: 420.0,
        actions: &[
            (
                17.0,
                2,
                "average CPU over 5 minutes 74.2% is above 70%: out from 1 to 2",
            ),
            (
                37.0,
                3,
                "average CPU over 5 minutes 79.6% is above 70%: out from 2 to 3",
            ),
            (
                71.0,
                2,
                "average CPU over 5 minutes 19.4% is below 30%: in from 3 to 2",
            ),
            (
                90.0,
                1,
                "average CPU over 5 minutes 14.8% is below 30%: in from 2 to 1",
            ),
        ],
        provision: 2.0,
        source: "lab",
    }
    .run();
    run.plan = vec![
        "10 s at 160 requests a second".to_owned(),
        "20 s at 360 requests a second: more than one instance should carry".to_owned(),
        "32 s at 710 requests a second: more than two should carry".to_owned(),
        "42 s at 240, then 90: one instance is enough".to_owned(),
    ];
    run.notes = vec![
        "Each instance is limited to 0.4 CPUs by a control group (v1).".to_owned(),
        "The lab measured CPU itself, as the platform does in Azure.".to_owned(),
    ];
    run.verdict.expectations = vec![Expectation {
        condition: "errors<0.1%".to_owned(),
        measured: "0%".to_owned(),
        held: true,
    }];
    let lost = |instances, instance_hours, failed, p99_ms| FleetOutcome {
        instances,
        instance_hours,
        requests: Some(RequestOutcome {
            sent: run.requests.sent,
            failed,
            refused: failed,
            p99_ms: Some(p99_ms),
        }),
        overloaded_minutes: None,
    };
    run.comparison = Some(Comparison {
        simulated: false,
        hours: 1.73,
        autoscaled: lost(3, 3.05, 0, 22.2),
        fixed: vec![lost(1, 1.73, 11_204, 2_140.0), lost(3, 5.2, 0, 12.9)],
        price: Some(InstancePrice {
            plan: "P0v3".to_owned(),
            currency: "USD".to_owned(),
            per_hour: 0.101,
        }),
    });
    run
}

/// Load that one instance carries.
pub(crate) fn quiet() -> Run {
    let plot = Plot {
        seconds: 45,
        time_scale: 60.0,
        every: 1,
        load: &[(0, 42.0)],
        full: 300.0,
        actions: &[],
        provision: 2.0,
        source: "lab",
    };
    let overloaded = |instances, instance_hours| FleetOutcome {
        instances,
        instance_hours,
        requests: None,
        overloaded_minutes: Some(0.0),
    };
    Run {
        title: "lab load".to_owned(),
        comparison: Some(Comparison {
            simulated: true,
            hours: 0.75,
            autoscaled: overloaded(1, 0.75),
            fixed: vec![overloaded(1, 0.75), overloaded(3, 2.25)],
            price: None,
        }),
        ..plot.run()
    }
}

/// Load that called for more and did not get it, and failed for it.
pub(crate) fn failed() -> Run {
    let mut run = Plot {
        seconds: 60,
        time_scale: 60.0,
        every: 1,
        load: &[(0, 35.0), (8, 140.0)],
        full: 300.0,
        actions: &[],
        provision: 2.0,
        source: "lab",
    }
    .run();
    for second in run.load.iter_mut().filter(|second| second.at >= 12.0) {
        let failed = second.sent / 5;
        second.ok -= failed;
        second.failed = failed;
        run.requests.failed += failed;
        run.requests.ok -= failed;
        second.latency_ms.p99 = Some(2400.0);
    }
    run.requests.errors = [
        ("503".to_owned(), run.requests.failed - 31),
        ("timeout".to_owned(), 24),
        ("connection refused".to_owned(), 7),
    ]
    .into();
    run.verdict = judge(&run);
    run.verdict.expectations = vec![
        Expectation {
            condition: "p99<250ms".to_owned(),
            measured: "2,400 ms".to_owned(),
            held: false,
        },
        Expectation {
            condition: "instances>=2".to_owned(),
            measured: "1".to_owned(),
            held: false,
        },
    ];
    run
}

/// Forty minutes against Azure, with the events of its own log.
pub(crate) fn cloud() -> Run {
    let mut run = Plot {
        seconds: 2400,
        time_scale: 1.0,
        every: 30,
        load: &[(0, 60.0), (120, 130.0), (1200, 35.0)],
        full: 90.0,
        actions: &[
            (600.0, 2, "The autoscale engine attempting to scale resource 'elastic-visits-plan' from 1 instances count to 2 instances count."),
            (1740.0, 1, "The autoscale engine attempting to scale resource 'elastic-visits-plan' from 2 instances count to 1 instances count."),
        ],
        provision: 95.0,
        source: "azure",
    }
    .run();
    run.title = "lab load".to_owned();
    run.target = "https://elastic-visits.azurewebsites.net".to_owned();
    run.plan = vec!["2 min to 50 users, 18 min at 100, 20 min at 25".to_owned()];
    for instance in &mut run.instances {
        instance.pid = None;
    }
    run.notes = vec!["No function key was given, so no stress runs were asked for.".to_owned()];
    run
}

/// A run that was over before it began.
pub(crate) fn empty() -> Run {
    Run {
        title: "lab load".to_owned(),
        started: "2026-11-24T20:00:00Z".to_owned(),
        time_scale: 1.0,
        ..Run::default()
    }
}

/// Every field filled, with text that would break a page that trusted it.
pub(crate) fn hostile() -> Run {
    let evil = "</script><!--<script>alert(1)</script>\u{2028}\u{2029}&amp;\"'<b>".to_owned();
    let mut run = story();
    run.seconds = 12.0;
    run.load.truncate(12);
    run.samples.truncate(12);
    run.title.clone_from(&evil);
    run.target.clone_from(&evil);
    run.started.clone_from(&evil);
    run.plan = vec![evil.clone()];
    run.notes = vec![evil.clone()];
    if let Some(price) = run.comparison.as_mut().and_then(|made| made.price.as_mut()) {
        price.plan.clone_from(&evil);
        price.currency.clone_from(&evil);
    }
    run.rules[0]["metric"] = evil.clone().into();
    run.profile["name"] = evil.clone().into();
    run.actions[0].reason.clone_from(&evil);
    run.actions[1].source.clone_from(&evil);
    run.instances[0].id.clone_from(&evil);
    run.per_instance = [(evil.clone(), 3)].into();
    for sample in &mut run.samples {
        sample.per_instance = [(evil.clone(), 50.0)].into();
        sample.requests = [(evil.clone(), 1)].into();
    }
    run.requests.errors = [(evil.clone(), 1)].into();
    run.requests.by_kind = [(evil.clone(), 1)].into();
    run.verdict = Verdict {
        autoscaling: evil.clone(),
        reasons: vec![evil.clone()],
        expectations: vec![Expectation {
            condition: evil.clone(),
            measured: evil,
            held: false,
        }],
    };
    run
}
