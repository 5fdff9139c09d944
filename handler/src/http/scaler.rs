//! The app's own scaler, as `GET /api/instances` and `GET /metrics` show it.

use serde::Serialize;
use utoipa::ToSchema;

use super::exposition::{fleet_line, head, seconds};
use crate::domain::{ScalerReport, Timestamp};

/// The app's own scaler as of its last evaluation; nulls before the first one.
#[derive(Serialize, ToSchema)]
pub(super) struct FleetScaler {
    /// When the rules were last evaluated.
    #[schema(format = DateTime, required = true)]
    evaluated_at: Option<String>,
    /// The result: `scaled_out`, `scaled_in`, or why nothing changed.
    #[schema(
        required = true,
        pattern = "^(scaled_out|scaled_in|limited|metric_missing|cooling_down|at_maximum|at_minimum|flapping|held_back|steady|unknown|no_profile|count_unknown)$"
    )]
    decision: Option<&'static str>,
    /// One sentence with the numbers.
    #[schema(required = true)]
    reason: Option<String>,
    /// The instances wanted before; null if that was not known.
    #[schema(minimum = 0, required = true)]
    from: Option<u32>,
    /// The instances wanted from then on.
    #[schema(minimum = 0, required = true)]
    wanted: Option<u32>,
    /// The always-ready instances that the platform keeps, as last reported in that run; null if it reported none.
    #[schema(minimum = 0, required = true)]
    actual: Option<u32>,
    /// The time left of the cooldown after that, by the rules' clock: of the rule that decided, or else the longest of
    /// any rule.
    #[schema(minimum = 0, required = true)]
    cooldown_left_seconds: Option<f64>,
    /// What happened to the wanted count; null while that is not known. The next run retries what failed.
    #[schema(
        required = true,
        pattern = "^(as_wanted|set|refused|throttled|failed|timed_out|unreachable|no_token)$"
    )]
    outcome: Option<&'static str>,
    /// Azure Resource Manager's status and code, such as `403 AuthorizationFailed`; null for a success.
    #[schema(required = true)]
    problem: Option<String>,
}

impl FleetScaler {
    pub(super) fn of(report: &ScalerReport) -> Self {
        let evaluation = report.last.as_ref().map(|(_, evaluation)| evaluation);
        let settled = report.settled.as_ref();
        let problem = settled.map(|settled| settled.problem.clone());
        Self {
            evaluated_at: report.last.as_ref().map(|(at, _)| at.rfc3339()),
            decision: evaluation.map(|evaluation| evaluation.decision.as_str()),
            reason: evaluation.map(|evaluation| evaluation.reason.clone()),
            from: evaluation.and_then(|evaluation| evaluation.from),
            wanted: evaluation.and_then(|evaluation| evaluation.wanted),
            actual: settled.and_then(|settled| settled.actual),
            cooldown_left_seconds: evaluation
                .map(|evaluation| evaluation.cooldown_left.as_secs_f64()),
            outcome: settled.map(|settled| settled.outcome.as_str()),
            problem: problem.filter(|problem| !problem.is_empty()),
        }
    }
}

/// The scaler's metrics. They belong to the whole fleet, so no series has an instance label.
pub(super) fn exposition(report: &ScalerReport, now: Timestamp) -> String {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, series: &[(&[(&str, &str)], String)]| {
        let name = format!("elastic_visits_scaler_{name}");
        text += &head(&name, kind, help);
        for (labels, value) in series {
            fleet_line(&mut text, &name, labels, value);
        }
    };
    let decisions = report.decisions.iter();
    let evaluations: u64 = decisions.map(|(_, total)| total).sum();
    family(
        "evaluations_total",
        "counter",
        "Evaluations of the autoscale rules by the app itself.",
        &[(&[], evaluations.to_string())],
    );
    let decisions: Vec<_> = report
        .decisions
        .iter()
        .map(|(decision, total)| ([("decision", decision.as_str())], total.to_string()))
        .collect();
    family(
        "decisions_total",
        "counter",
        "Evaluations of the autoscale rules by decision.",
        &series_of(&decisions),
    );
    let outcomes: Vec<_> = report
        .outcomes
        .iter()
        .map(|(outcome, total)| ([("outcome", outcome.as_str())], total.to_string()))
        .collect();
    family(
        "outcomes_total",
        "counter",
        "Evaluations of the autoscale rules by the result for the wanted count. A run that was cut off has no result.",
        &series_of(&outcomes),
    );
    let failures = report.outcomes.iter();
    let failures: u64 = failures
        .filter(|(outcome, _)| !outcome.is_success())
        .map(|(_, total)| total)
        .sum();
    family(
        "errors_total",
        "counter",
        "Evaluations after which a call to Azure Resource Manager failed.",
        &[(&[], failures.to_string())],
    );
    let gauge = |value: Option<String>| value.map(|value| (&[][..], value));
    let last = report.last.as_ref();
    let wanted = last.and_then(|(_, evaluation)| evaluation.wanted);
    family(
        "wanted_instances",
        "gauge",
        "The instances that the last evaluation wants.",
        gauge(wanted.map(|wanted| wanted.to_string())).as_slice(),
    );
    let actual = report.settled.as_ref().and_then(|settled| settled.actual);
    family(
        "actual_instances",
        "gauge",
        "The always-ready instances that the platform keeps, as reported in the last run.",
        gauge(actual.map(|actual| actual.to_string())).as_slice(),
    );
    family(
        "evaluation_age_seconds",
        "gauge",
        "The time since the last evaluation, by the database's clock.",
        gauge(last.map(|(at, _)| seconds(now.since(*at)))).as_slice(),
    );
    text
}

fn series_of<'a>(
    totals: &'a [([(&'a str, &'a str); 1], String)],
) -> Vec<(&'a [(&'a str, &'a str)], String)> {
    let series = totals.iter();
    series
        .map(|(labels, total)| (&labels[..], total.clone()))
        .collect()
}
