//! Contradictions in a run's record, and actions without a cause.

use run_record::format::{count, percent, things, total};
use run_record::{Action, Run};

use crate::analysis::Analysis;
use crate::findings::{Finding, push_few};
use crate::triggers::ALLOWED_DELAY;

/// From the end of a metric's minute to an evaluation that sees it, in Azure seconds.
const DELAY: f64 = 300.0;

/// Adds a finding for each contradiction.
pub(crate) fn contradictions(run: &Run, analysis: &Analysis, findings: &mut Vec<Finding>) {
    let clock = analysis.clock;
    let untriggered = analysis
        .actions
        .iter()
        .filter_map(|action| untriggered(run, analysis, action));
    push_few(findings, untriggered.collect(), |more| {
        format!("CPU did not trigger {} more.", things(more, "change"))
    });
    let broken = analysis.actions.windows(2).filter(|pair| pair[0].to != pair[1].from).map(|pair| {
        Finding::Note(format!(
            "The actions are inconsistent: one ended at {}, and the next one, at {}, started from {}.",
            pair[0].to,
            clock.time(pair[1].at),
            pair[1].from
        ))
    });
    push_few(findings, broken.collect(), |more| {
        format!(
            "The actions are inconsistent {} more.",
            things(more, "time")
        )
    });
    if let (Some(counts), true) = (analysis.counts, analysis.actions.is_empty())
        && counts.highest > counts.first
    {
        findings.push(Finding::Bad(format!(
            "The number of instances rose from {} to {} without a recorded action.",
            counts.first, counts.highest
        )));
    }
    if let (Some((minimum, maximum)), Some(counts)) = (analysis.limits, analysis.counts)
        && counts.highest > maximum
    {
        findings.push(Finding::Bad(format!(
            "{} were ready at the same time, but the rules allow {minimum} to {maximum}.",
            things(counts.highest.into(), "instance")
        )));
    }
    let requests = &run.requests;
    let ended = total([requests.ok, requests.failed, requests.busy]);
    if ended > requests.sent {
        findings.push(Finding::Note(format!(
            "The counts are inconsistent: {} sent, but {} completed.",
            things(requests.sent, "request"),
            count(ended)
        )));
    }
}

/// A finding if CPU did not trigger this action at any time that the rules could have looked at.
fn untriggered(run: &Run, analysis: &Analysis, action: &Action) -> Option<Finding> {
    let out = action.to > action.from;
    // Pulled back into the limits: no rule of CPU is needed for that.
    let limited = analysis
        .limits
        .is_some_and(|(minimum, maximum)| action.from < minimum || action.from > maximum);
    let rules: Vec<_> = analysis
        .rules
        .iter()
        .flatten()
        .filter(|rule| rule.out == out)
        .collect();
    if limited || action.from == 0 || rules.is_empty() || !rules.iter().all(|rule| rule.is_cpu()) {
        return None;
    }
    let window = rules.iter().map(|rule| rule.window).fold(0.0, f64::max);
    let since = action.at - (window + ALLOWED_DELAY) / analysis.clock.scale();
    // What was before the first sample may have called for it, as long as the window and the metric's delay reach.
    let hidden = action.at - (window + DELAY) / analysis.clock.scale();
    if run.samples.first().is_none_or(|first| first.at > hidden) {
        return None;
    }
    let seen = run
        .samples
        .iter()
        .filter(|sample| since <= sample.at && sample.at <= action.at);
    let values: Vec<f64> = seen.filter_map(|sample| sample.cpu_percent).collect();
    if values.is_empty()
        || values
            .iter()
            .any(|value| rules.iter().any(|rule| rule.fires(*value)))
    {
        return None;
    }
    let (extreme, which) = if out {
        (values.iter().copied().fold(f64::MIN, f64::max), "highest")
    } else {
        (values.iter().copied().fold(f64::MAX, f64::min), "lowest")
    };
    Some(Finding::Bad(format!(
        "The number of instances went from {} to {} at {}, but CPU did not trigger a rule ({}): its {which} value was {}.",
        action.from,
        action.to,
        analysis.clock.time(action.at),
        rules[0].condition(),
        percent(extreme)
    )))
}
