//! The log of `--evaluations`: all evaluations of a simulation as rows of Azure's table `AutoscaleEvaluationsLog`.
//!
//! Source of the columns: the reference page of the table in the Azure Monitor documentation. The rows of one
//! evaluation share a `CorrelationId`, and have the order of the page "Diagnostic settings in autoscale". Columns
//! without a value are left out, because they are empty in Azure's table. `CoolDown` is in seconds. The page does not
//! name its unit.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use autoscale::schedule::Schedule;
use autoscale::{Direction, Metric, Profile, Rule, Setting, window};
use jiff::Timestamp;
use run_record::write_whole;
use serde::Serialize;

use crate::outcome::Scenario;
use crate::replay::{LONGEST_LOG, MOST_ROWS};
use crate::simulation::{Evaluation, simulate_observed};

/// Repeats the simulation with every single evaluation, and writes the log.
///
/// # Errors
/// One sentence if the log would be longer than `lab replay` accepts, or cannot be written.
pub(crate) fn write(scenario: &Scenario<'_>, path: &Path) -> anyhow::Result<()> {
    write_whole(path, &log(scenario)?)
}

/// The log.
pub(crate) fn log(scenario: &Scenario<'_>) -> anyhow::Result<Vec<u8>> {
    let setting = scenario.setting;
    let rules = setting.profiles.iter().map(|profile| profile.rules.len());
    let rows = setting.profiles.len() + 2 * rules.max().unwrap_or_default() + 5;
    let evaluations = scenario.load.seconds() / scenario.model.evaluate_seconds;
    let most = (MOST_ROWS / rows) as u64;
    ensure!(
        evaluations <= most,
        "--evaluations writes at most {most} evaluations of these rules and not {evaluations}: raise --evaluate-seconds to {} or shorten the load",
        scenario.load.seconds().div_ceil(most),
    );
    let log = Log {
        setting,
        resource: Some(setting.name.as_str())
            .filter(|name| !name.is_empty())
            .map(|name| format!("/providers/microsoft.insights/autoscalesettings/{name}")),
    };
    let (mut text, mut number, mut outcome) = (Vec::new(), 0, Ok(()));
    simulate_observed(scenario, &mut |evaluation| {
        number += 1;
        if outcome.is_ok() {
            outcome = log.add(number, evaluation, &mut text);
        }
    });
    outcome.context("the log of the evaluations cannot be written as JSON")?;
    // Each row begins with a comma, which is removed before the first one.
    let rows = text.split_first().map_or(&[][..], |(_, rows)| rows);
    ensure!(
        rows.len() as u64 <= LONGEST_LOG,
        "the log of {number} evaluations would be longer than {} MiB: raise --evaluate-seconds or shorten the load",
        LONGEST_LOG >> 20
    );
    Ok([b"[", rows, b"\n]\n"].concat())
}

/// A row of the table. Empty columns are left out.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    time_generated: &'a str,
    operation_name: &'static str,
    category: &'static str,
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_resource_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_evaluation_time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_selected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_autoscale_profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_scale_action_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cool_down: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_rule_evaluation_for_cooldown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autoscale_metric_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_time_grain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_grain_statistic: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_window: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_aggregation_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_scale_result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_end_time: Option<String>,
    /// The samples as a JSON array. The type of the column is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_instance_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_instance_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_instance_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_instance_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_current_autoscale_evaluation: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_instance_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    should_update_instance: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_update_reason: Option<String>,
    #[serde(rename = "Type")]
    table: &'static str,
}

struct Log<'a> {
    setting: &'a Setting,
    resource: Option<String>,
}

impl Log<'_> {
    /// Adds the rows of the evaluation with this number.
    fn add(
        &self,
        number: u64,
        evaluation: &Evaluation<'_>,
        text: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        let id = format!("00000000-0000-0000-0000-{number:012}");
        let at = shown(evaluation.at);
        let row = |operation_name| Row {
            time_generated: &at,
            operation_name,
            category: "AutoscaleEvaluations",
            correlation_id: &id,
            resource_id: self.resource.as_deref(),
            target_resource_id: self.setting.target.as_deref(),
            table: "AutoscaleEvaluationsLog",
            ..Row::default()
        };
        let selected = evaluation.decided.map(|(profile, _)| profile);
        let mut rows: Vec<Row<'_>> = in_order(&self.setting.profiles)
            .map(|(index, profile, operation)| Row {
                profile: Some(&profile.name),
                profile_evaluation_time: Some(&at),
                profile_selected: Some(Some(index) == selected),
                ..row(operation)
            })
            .collect();
        let applies = selected.map(|index| &self.setting.profiles[index]);
        if let Some(profile) = applies {
            let cooldowns = cooldowns(profile, evaluation);
            rows.extend(cooldowns.map(|(cooldown, skips)| Row {
                selected_autoscale_profile: Some(&profile.name),
                last_scale_action_time: evaluation.last_action.map(shown),
                cool_down: Some(cooldown.as_secs()),
                evaluation_time: Some(&at),
                skip_rule_evaluation_for_cooldown: Some(skips),
                ..row("ScaleRuleCooldownEvaluation")
            }));
            rows.extend(self.rules(profile, evaluation, &row));
            rows.extend(self.samples(profile, evaluation, &row));
        }
        let capacity = applies.map(|profile| profile.capacity);
        rows.push(Row {
            current_instance_count: Some(evaluation.count),
            minimum_instance_count: capacity.map(|capacity| capacity.minimum),
            maximum_instance_count: capacity.map(|capacity| capacity.maximum),
            default_instance_count: capacity.map(|capacity| capacity.default),
            ..row("InstanceCountEvaluation")
        });
        rows.push(Row {
            skip_current_autoscale_evaluation: Some(false),
            ..row("ScaleActionOperationEvaluation")
        });
        let decision = evaluation.decided.map(|(_, decision)| decision);
        let to = decision.map_or(evaluation.count, |decision| decision.to);
        let reason = applies.zip(decision).map(|(profile, decision)| {
            decision.describe((profile, &self.setting.metrics), evaluation.count)
        });
        rows.push(Row {
            current_instance_count: Some(evaluation.count),
            new_instance_count: Some(to),
            should_update_instance: Some(to != evaluation.count),
            instance_update_reason: Some(reason.unwrap_or_else(|| "no profile applies".to_owned())),
            ..row("InstanceUpdateEvaluation")
        });
        for row in &rows {
            text.extend(b",\n");
            serde_json::to_writer(&mut *text, row)?;
        }
        Ok(())
    }

    /// A row for each rule that does not wait.
    fn rules<'r>(
        &'r self,
        profile: &'r Profile,
        evaluation: &'r Evaluation<'_>,
        row: &'r impl Fn(&'static str) -> Row<'r>,
    ) -> impl Iterator<Item = Row<'r>> {
        let readings = evaluation.decided.iter();
        let readings = readings.flat_map(|(_, decision)| &decision.readings);
        let rules = profile.rules.iter().zip(readings);
        rules
            .filter(|(_, reading)| reading.waits.is_zero())
            .map(|(rule, reading)| Row {
                time_window: Some(clock(rule.time_window)),
                time_aggregation_type: Some(rule.time_aggregation.name()),
                operator: Some(rule.operator.name()),
                threshold: Some(rule.threshold),
                observed_value: reading.value,
                estimate_scale_result: Some(match (reading.value, reading.holds) {
                    (None, _) => "Unknown",
                    (Some(_), true) => "Triggered",
                    (Some(_), false) => "NotTriggered",
                }),
                ..self.measured(rule, row("ScaleRuleEvaluation"))
            })
    }

    /// The samples of each window that the rules use, once.
    fn samples<'r>(
        &'r self,
        profile: &'r Profile,
        evaluation: &'r Evaluation<'_>,
        row: &'r impl Fn(&'static str) -> Row<'r>,
    ) -> impl Iterator<Item = Row<'r>> {
        let window = |rule: &Rule| rule.time_window.max(rule.time_grain);
        let key = move |rule: &Rule| (rule.metric, rule.time_grain, rule.statistic, window(rule));
        let rules = profile.rules.iter().enumerate();
        rules
            .filter(move |(index, rule)| {
                let mut before = profile.rules[..*index].iter();
                !before.any(|other| key(other) == key(rule))
            })
            .map(move |(_, rule)| {
                let samples: Vec<f64> = window::samples(rule, evaluation.history).collect();
                let seconds = i64::try_from(window(rule).as_secs()).unwrap_or(i64::MAX);
                Row {
                    metric_start_time: Some(shown(evaluation.until.saturating_sub(seconds))),
                    metric_end_time: Some(shown(evaluation.until)),
                    metric_data: serde_json::to_string(&samples).ok(),
                    ..self.measured(rule, row("MetricEvaluation"))
                }
            })
    }

    /// The columns that describe the metric and the window of a rule.
    fn measured<'r>(&'r self, rule: &Rule, row: Row<'r>) -> Row<'r> {
        let metric: Option<&Metric> = self.setting.metrics.get(rule.metric);
        Row {
            autoscale_metric_name: metric.map(|metric| metric.name.as_str()),
            metric_namespace: metric.and_then(|metric| metric.namespace.as_deref()),
            metric_time_grain: Some(clock(rule.time_grain)),
            time_grain_statistic: Some(rule.statistic.name()),
            ..row
        }
    }
}

/// The profiles in order of precedence, with the name of their evaluation.
fn in_order(profiles: &[Profile]) -> impl Iterator<Item = (usize, &Profile, &'static str)> {
    let operation = |schedule: &Schedule| match schedule {
        Schedule::FixedDate(_) => "FixedDateProfileEvaluation",
        Schedule::Recurring(_) => "RecurrentProfileEvaluation",
        Schedule::Default => "DefaultProfileEvaluation",
    };
    let kinds = [
        "FixedDateProfileEvaluation",
        "RecurrentProfileEvaluation",
        "DefaultProfileEvaluation",
    ];
    kinds.into_iter().flat_map(move |kind| {
        let profiles = profiles.iter().enumerate();
        profiles
            .filter(move |(_, profile)| operation(&profile.schedule) == kind)
            .map(move |(index, profile)| (index, profile, kind))
    })
}

/// For each direction that has rules at the present count: the shortest cooldown, and whether it is still active.
fn cooldowns(
    profile: &Profile,
    evaluation: &Evaluation<'_>,
) -> impl Iterator<Item = (Duration, bool)> {
    let (count, at, last_action) = (evaluation.count, evaluation.at, evaluation.last_action);
    let directions = [Direction::Increase, Direction::Decrease];
    directions.into_iter().filter_map(move |direction| {
        let shortest = shortest_cooldown(profile, direction, count)?;
        let since = last_action.map(|last| u64::try_from(at - last).unwrap_or_default());
        let waits = since.is_some_and(|since| since < shortest.as_secs());
        Some((shortest, waits))
    })
}

/// The shortest cooldown of the rules that scale in this direction at `count`.
pub(crate) fn shortest_cooldown(
    profile: &Profile,
    direction: Direction,
    count: u32,
) -> Option<Duration> {
    let rules = profile.rules.iter();
    rules
        .filter(|rule| rule.direction_at(count) == direction)
        .map(|rule| rule.cooldown)
        .min()
}

/// A time in the form of the table's export.
fn shown(unix_seconds: i64) -> String {
    Timestamp::from_second(unix_seconds)
        .map_or_else(|_| unix_seconds.to_string(), |at| at.to_string())
}

/// A span in the form of the documentation's records: `00:10:00`, and with days `1.00:00:00`.
fn clock(span: Duration) -> String {
    const DAY: u64 = 86_400;
    let (days, seconds) = (span.as_secs() / DAY, span.as_secs() % DAY);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let days = match days {
        0 => String::new(),
        days => format!("{days}."),
    };
    format!("{days}{hours:02}:{minutes:02}:{:02}", seconds % 60)
}
