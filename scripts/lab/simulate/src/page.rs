//! A simulation as the record of a run, for the report page.

use serde_json::json;

use crate::load::Load;
use crate::model::Model;
use crate::outcome::{self, Sample};
use crate::prices::Prices;
use crate::record::thinned;
use crate::summary::Outcome;
use run_record::format::exact_span;
use run_record::{Action, FleetSample, Run, Verdict};

/// The first of the outcomes as a run without requests; the other one is told of in the notes.
pub(crate) fn run(outcomes: &[Outcome], load: &Load, model: Model, prices: &Prices) -> Run {
    let first = &outcomes[0];
    let setting = &first.rules.setting;
    // The page's chart shows the thresholds and limits of one profile.
    let profile = &setting.profiles[first.simulation.first_profile];
    let capacity = profile.capacity;
    let (sample_minutes, samples) = thinned(&first.simulation);
    let action = |action: &outcome::Action| Action {
        at: action.at_seconds as f64,
        from: action.from,
        to: action.to,
        reason: action.reason.clone(),
        source: "simulation".to_owned(),
    };
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
    notes.extend(load.notes().iter().map(|note| note.text.clone()));
    notes.extend(first.findings.iter().map(ToString::to_string));
    for other in &outcomes[1..] {
        notes.push(format!(
            "Compared with {}, {}: {}",
            other.rules.name,
            other.verdict.verdict,
            figures(other, prices).join(" ")
        ));
    }
    Run {
        title: "Simulation".to_owned(),
        target: first.rules.name.clone(),
        simulated: true,
        seconds: first.simulation.seconds as f64,
        time_scale: 1.0,
        rules: json!(
            profile
                .rules
                .iter()
                .map(|rule| rule.summary(&setting.metrics))
                .collect::<Vec<_>>()
        ),
        capacity: json!({
            "minimum": capacity.minimum, "maximum": capacity.maximum, "default": capacity.default,
        }),
        profile: setting.to_arm(),
        plan: vec![load.describe()],
        samples: fleet(first, &samples),
        actions: first.simulation.actions.iter().map(action).collect(),
        verdict: Verdict {
            autoscaling: headline(first).to_owned(),
            reasons: figures(first, prices),
            expectations: Vec::new(),
        },
        notes,
        ..Run::default()
    }
}

/// The samples, each with the counts as they are from that second on, and one for the start.
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
    // At the same second, as in the model: what becomes ready comes first.
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
        "overloaded" => "These rules come too late for this load",
        "at maximum" => "The maximum holds the fleet back",
        _ => "These rules carry this load",
    }
}

/// The verdict's reasons, and what it costs.
fn figures(outcome: &Outcome, prices: &Prices) -> Vec<String> {
    let setting = &outcome.rules.setting;
    let mut sentences = outcome.verdict.reasons.clone();
    if let Some(seconds) = outcome.verdict.time_to_capacity_seconds {
        sentences.push(format!(
            "From CPU over the threshold until one more served it took up to {}.",
            exact_span(seconds)
        ));
    }
    sentences.push(format!(
        "{:.2} instances on average.",
        outcome.verdict.average_instances
    ));
    for cost in &outcome.costs {
        sentences.push(format!(
            "{}: {:.0} {} for a month that goes on like this ({:.0} with always {}, {:.0} with always {}).",
            cost.plan, cost.per_month, prices.currency, cost.always_minimum, setting.minimum(), cost.always_maximum, setting.maximum(),
        ));
    }
    sentences
}
