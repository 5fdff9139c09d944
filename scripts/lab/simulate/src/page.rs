//! A simulation as the record of a run, for the report page.

use autoscale::{Finding, Profile, Setting};
use run_record::format::exact_span;
use run_record::simulation::{
    CostRecord, FindingRecord, ProfileRecord, SimulationOutcome, SimulationRecord, StandstillRecord,
};
use run_record::{Action, FleetSample, Run, Verdict};
use serde_json::{Value, json};

use crate::model::Model;
use crate::outcome::{self, Sample};
use crate::period::Period;
use crate::prices::Prices;
use crate::record::thinned;
use crate::standstill::{Obstacle, Standstill};
use crate::summary::Outcome;

mod calendar;

/// The first outcome as a run without requests. It contains the other outcome, if there is one.
pub(crate) fn run(outcomes: &[Outcome], period: &Period, prices: &Prices) -> Run {
    let mut runs = outcomes.iter().map(|outcome| one(outcome, period, prices));
    let mut first = runs.next().expect("one rule file at least is run");
    first.compared = runs.next().map(Box::new);
    first
}

fn one(outcome: &Outcome, period: &Period, prices: &Prices) -> Run {
    let setting = &outcome.rules.setting;
    let profile = &setting.profiles[outcome.simulation.first_profile];
    let (sample_minutes, samples) = thinned(&outcome.simulation);
    Run {
        title: "Simulation".to_owned(),
        target: outcome.rules.name.clone(),
        simulated: true,
        seconds: outcome.simulation.seconds as f64,
        time_scale: 1.0,
        rules: rules(profile, setting),
        capacity: json!(profile.capacity),
        profile: setting.to_arm(),
        plan: vec![period.load.describe()],
        samples: fleet(outcome, &samples),
        actions: outcome.simulation.actions.iter().map(action).collect(),
        verdict: Verdict {
            autoscaling: headline(outcome).to_owned(),
            reasons: sentences(outcome, prices),
            expectations: Vec::new(),
        },
        notes: notes(period.model, prices, sample_minutes),
        simulation: Some(simulation(outcome, period, &prices.currency)),
        ..Run::default()
    }
}

fn rules(profile: &Profile, setting: &Setting) -> Value {
    let rules = profile.rules.iter();
    let rules = rules.map(|rule| json!(rule.summary(&setting.metrics)));
    rules.collect()
}

fn action(action: &outcome::Action) -> Action {
    Action {
        at: action.at_seconds as f64,
        from: action.from,
        to: action.to,
        reason: action.reason.clone(),
        source: "simulation".to_owned(),
    }
}

fn notes(model: Model, prices: &Prices, sample_minutes: usize) -> Vec<String> {
    let mut notes = vec![format!(
        "This is a simulation; nothing was started. Assumed of the platform: samples of the metric are seen {} after their \
         minute, an instance is ready {} after its order, the rules are evaluated every {}.",
        exact_span(model.metric_lag_seconds),
        exact_span(model.provision_seconds),
        exact_span(model.evaluate_seconds),
    )];
    if sample_minutes > 1 {
        notes.push(format!(
            "CPU is drawn as means of {sample_minutes} minutes."
        ));
    }
    notes.push(format!(
        "Prices of {} for {}: {}",
        prices.as_of, prices.region, prices.source
    ));
    notes
}

fn simulation(outcome: &Outcome, period: &Period, currency: &str) -> SimulationRecord {
    let setting = &outcome.rules.setting;
    let seconds = outcome.simulation.seconds;
    let start = &period.start;
    let profile = |profile: &Profile| ProfileRecord {
        name: profile.title(),
        when: profile.schedule.describe(),
        rules: rules(profile, setting),
        capacity: json!(profile.capacity),
    };
    let cost = |cost: &crate::prices::Cost| CostRecord {
        plan: cost.plan.clone(),
        per_month: cost.per_month,
    };
    let clock = start
        .matters(setting)
        .then(|| calendar::clock(start.unix_seconds, seconds, &start.zone));
    let notes = period.load.notes().iter();
    SimulationRecord {
        clock: clock.unwrap_or_default(),
        time_zone: start.zone.to_string(),
        outcome: SimulationOutcome {
            verdict: outcome.verdict.verdict.to_owned(),
            overloaded_minutes: outcome.verdict.overloaded_minutes,
            costs: outcome.costs.iter().map(cost).collect(),
            currency: currency.to_owned(),
        },
        profiles: setting.profiles.iter().map(profile).collect(),
        applied: calendar::applied(setting, start.unix_seconds, seconds),
        stood_still: stood_still(&outcome.simulation.stood_still),
        findings: outcome.findings.iter().map(finding).collect(),
        load_notes: notes.map(|note| note.text.clone()).collect(),
    }
}

/// Why nothing changed. Spans in which no rule fires are left out, because they need no reason.
fn stood_still(spans: &[Standstill]) -> Vec<StandstillRecord> {
    let told = spans
        .iter()
        .filter(|still| still.cause != Obstacle::NoRuleFires);
    told.map(|still| StandstillRecord {
        from: still.at_seconds as f64,
        to: still.to_seconds as f64,
        count: still.count,
        // The same word as in the JSON of `--json`.
        cause: json!(still.cause)
            .as_str()
            .expect("a unit variant")
            .to_owned(),
        reason: still.reason.clone(),
    })
    .collect()
}

fn finding(finding: &Finding) -> FindingRecord {
    FindingRecord {
        kind: finding.kind.name().to_owned(),
        place: finding.place.clone(),
        message: finding.message.clone(),
        remedy: finding.remedy.clone(),
    }
}

/// The samples, each with the counts from that second on, and one for the start.
fn fleet(outcome: &Outcome, samples: &[Sample]) -> Vec<FleetSample> {
    let simulation = &outcome.simulation;
    let arrivals = simulation
        .arrivals
        .iter()
        .map(|arrival| (arrival.at_seconds, None, arrival.ready));
    let actions = simulation
        .actions
        .iter()
        .map(|action| (action.at_seconds, Some(action.to), action.ready));
    let mut changes: Vec<(u64, Option<u32>, u32)> = arrivals.chain(actions).collect();
    // At the same second, as in the model, arrivals come first.
    changes.sort_by_key(|(at_seconds, wanted, _)| (*at_seconds, wanted.is_some()));

    let start = simulation.initial;
    let (mut wanted, mut ready) = (start, start);
    let mut changes = changes.into_iter().peekable();
    let first = samples.first().map(|sample| Sample {
        at_seconds: 0,
        ..*sample
    });
    let mut sample = |sample: Sample| {
        while let Some((_, count, now_ready)) =
            changes.next_if(|(at_seconds, ..)| *at_seconds <= sample.at_seconds)
        {
            wanted = count.unwrap_or(wanted);
            ready = now_ready;
        }
        FleetSample {
            at: sample.at_seconds as f64,
            ready,
            wanted,
            cpu_percent: Some(sample.cpu_percent),
            ..FleetSample::default()
        }
    };
    first
        .into_iter()
        .chain(samples.iter().copied())
        .map(&mut sample)
        .collect()
}

fn headline(outcome: &Outcome) -> &'static str {
    match outcome.verdict.verdict {
        "flapping" => "These rules flap",
        "overshoot" => "These rules overshoot",
        "overloaded" => "These rules react too late for this load",
        "at maximum" => "The maximum holds the fleet back",
        _ => "These rules handle this load",
    }
}

/// The verdict's reasons, and the cost.
fn sentences(outcome: &Outcome, prices: &Prices) -> Vec<String> {
    let setting = &outcome.rules.setting;
    let mut sentences = outcome.verdict.reasons.clone();
    if let Some(seconds) = outcome.verdict.time_to_capacity_seconds {
        sentences.push(format!(
            "The time from CPU above the threshold until one more instance was ready was up to {}.",
            exact_span(seconds)
        ));
    }
    sentences.push(format!(
        "{:.2} instances on average.",
        outcome.verdict.average_instances
    ));
    for cost in &outcome.costs {
        sentences.push(format!(
            "{}: {:.0} {} for a month with this load ({:.0} with always {}, {:.0} with always {}).",
            cost.plan,
            cost.per_month,
            prices.currency,
            cost.always_minimum,
            setting.minimum(),
            cost.always_maximum,
            setting.maximum(),
        ));
    }
    sentences
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use autoscale::{ReadOptions, RuleFile};
    use rules::Rules;

    use super::*;
    use crate::prices;
    use crate::start::Start;

    const FAST: &str = include_str!("../../../../infra/autoscale.fast.json");

    fn rules(name: &str, text: Option<&str>) -> Rules {
        let read = text.map(|text| RuleFile::read(text, ReadOptions::default()).unwrap());
        let (setting, findings) = read.map_or((Setting::built_in(), Vec::new()), |file| {
            (file.setting, file.findings)
        });
        Rules {
            setting,
            findings,
            places: Vec::new(),
            source: name.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn the_page_has_both_rule_files_and_their_standstills() {
        let load = recorded_load::named("step").unwrap();
        let prices = Prices::parse(prices::BUILT_IN).unwrap();
        let slow = rules("slow.json", None);
        let zone = rules::zone(None, &[&slow.setting]).unwrap();
        let start = Start::of(Some("2026-01-05T08:00"), &zone, &load).unwrap();
        let period = Period {
            load,
            start,
            model: Model::DEFAULT,
        };
        let outcomes = [slow, rules("fast.json", Some(FAST))]
            .map(|rules| crate::outcome(rules, &period, &prices));
        let run = run(&outcomes, &period, &prices);
        let record = run.simulation.unwrap();
        let other = run.compared.unwrap();
        assert_eq!(
            (run.target.as_str(), other.target.as_str()),
            ("slow.json", "fast.json")
        );
        assert_eq!(record.outcome.overloaded_minutes, 9.0);
        assert!(other.simulation.unwrap().outcome.overloaded_minutes < 9.0);
        let causes: Vec<&str> = record
            .stood_still
            .iter()
            .map(|still| still.cause.as_str())
            .collect();
        assert!(causes.contains(&"maximum"), "{causes:?}");
        assert!(!causes.contains(&"no_rule_fires"), "{causes:?}");
        // The user specified the time, so the page has dates.
        assert_eq!(record.clock.len(), 1);
        assert_eq!(record.applied.len(), 1);
    }
}
