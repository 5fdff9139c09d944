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
use autoscale::{Capacity, Direction, Profile, Rule, Setting, window};
use jiff::Timestamp;
use run_record::write_whole;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

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

/// The columns of a row and their values; null if a column is empty.
type Columns = Vec<(&'static str, Value)>;

/// A row of the table. Empty columns are left out.
struct Row(Columns);

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.0.iter().filter(|(_, value)| !value.is_null());
        serializer.collect_map(columns.map(|(name, value)| (name, value)))
    }
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
        let mut row = |operation: &str, columns: Columns| {
            let mut all = vec![
                ("TimeGenerated", json!(at)),
                ("OperationName", json!(operation)),
                ("Category", json!("AutoscaleEvaluations")),
                ("CorrelationId", json!(id)),
                ("ResourceId", json!(self.resource)),
                ("TargetResourceId", json!(self.setting.target)),
            ];
            all.extend(columns);
            all.push(("Type", json!("AutoscaleEvaluationsLog")));
            text.extend(b",\n");
            serde_json::to_writer(&mut *text, &Row(all))
        };
        let selected = evaluation.decided.map(|(profile, _)| profile);
        for (index, operation) in in_order(&self.setting.profiles) {
            let columns = vec![
                ("Profile", json!(self.setting.profiles[index].name)),
                ("ProfileEvaluationTime", json!(at)),
                ("ProfileSelected", json!(Some(index) == selected)),
            ];
            row(operation, columns)?;
        }
        let applies = selected.map(|index| &self.setting.profiles[index]);
        if let Some(profile) = applies {
            let last_action = evaluation.last_action.map(shown);
            for (cooldown, skips) in cooldowns(profile, evaluation) {
                let columns = vec![
                    ("SelectedAutoscaleProfile", json!(profile.name)),
                    ("LastScaleActionTime", json!(last_action)),
                    ("CoolDown", json!(cooldown.as_secs())),
                    ("EvaluationTime", json!(at)),
                    ("SkipRuleEvaluationForCooldown", json!(skips)),
                ];
                row("ScaleRuleCooldownEvaluation", columns)?;
            }
            for columns in self.rules(profile, evaluation) {
                row("ScaleRuleEvaluation", columns)?;
            }
            for columns in self.samples(profile, evaluation) {
                row("MetricEvaluation", columns)?;
            }
        }
        let limit = |of: fn(Capacity) -> u32| json!(applies.map(|profile| of(profile.capacity)));
        let columns = vec![
            ("CurrentInstanceCount", json!(evaluation.count)),
            ("MinimumInstanceCount", limit(|limits| limits.minimum)),
            ("MaximumInstanceCount", limit(|limits| limits.maximum)),
            ("DefaultInstanceCount", limit(|limits| limits.default)),
        ];
        row("InstanceCountEvaluation", columns)?;
        let columns = vec![("SkipCurrentAutoscaleEvaluation", json!(false))];
        row("ScaleActionOperationEvaluation", columns)?;
        let decision = evaluation.decided.map(|(_, decision)| decision);
        let to = decision.map_or(evaluation.count, |decision| decision.to);
        let reason = applies.zip(decision).map(|(profile, decision)| {
            decision.describe((profile, &self.setting.metrics), evaluation.count)
        });
        let reason = reason.unwrap_or_else(|| "no profile applies".to_owned());
        let columns = vec![
            ("CurrentInstanceCount", json!(evaluation.count)),
            ("NewInstanceCount", json!(to)),
            ("ShouldUpdateInstance", json!(to != evaluation.count)),
            ("InstanceUpdateReason", json!(reason)),
        ];
        row("InstanceUpdateEvaluation", columns)
    }

    /// The columns for each rule that does not wait.
    fn rules(
        &self,
        profile: &Profile,
        evaluation: &Evaluation<'_>,
    ) -> impl Iterator<Item = Columns> {
        let readings = evaluation.decided.iter();
        let readings = readings.flat_map(|(_, decision)| &decision.readings);
        let rules = profile.rules.iter().zip(readings);
        rules
            .filter(|(_, reading)| reading.waits.is_zero())
            .map(|(rule, reading)| {
                let result = match (reading.value, reading.holds) {
                    (None, _) => "Unknown",
                    (Some(_), true) => "Triggered",
                    (Some(_), false) => "NotTriggered",
                };
                let mut columns = self.measured(rule);
                columns.extend([
                    ("TimeWindow", json!(clock(rule.time_window))),
                    ("TimeAggregationType", json!(rule.time_aggregation.name())),
                    ("Operator", json!(rule.operator.name())),
                    ("Threshold", json!(rule.threshold)),
                    ("ObservedValue", json!(reading.value)),
                    ("EstimateScaleResult", json!(result)),
                ]);
                columns
            })
    }

    /// The columns for the samples of each window that the rules use, once.
    fn samples(
        &self,
        profile: &Profile,
        evaluation: &Evaluation<'_>,
    ) -> impl Iterator<Item = Columns> {
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
                let start = evaluation.until.saturating_sub(seconds);
                let mut columns = self.measured(rule);
                columns.extend([
                    ("MetricStartTime", json!(shown(start))),
                    ("MetricEndTime", json!(shown(evaluation.until))),
                    // The type of the column is text.
                    ("MetricData", json!(json!(samples).to_string())),
                ]);
                columns
            })
    }

    /// The columns that describe the metric and the window of a rule.
    fn measured(&self, rule: &Rule) -> Columns {
        let metric = self.setting.metrics.get(rule.metric);
        let name = metric.map(|metric| &metric.name);
        let namespace = metric.map(|metric| &metric.namespace);
        vec![
            ("AutoscaleMetricName", json!(name)),
            ("MetricNamespace", json!(namespace)),
            ("MetricTimeGrain", json!(clock(rule.time_grain))),
            ("TimeGrainStatistic", json!(rule.statistic.name())),
        ]
    }
}

/// The indices of the profiles in order of precedence, with the name of their evaluation.
fn in_order(profiles: &[Profile]) -> Vec<(usize, &'static str)> {
    let kinds = [
        "FixedDateProfileEvaluation",
        "RecurrentProfileEvaluation",
        "DefaultProfileEvaluation",
    ];
    let kind = |profile: &Profile| match profile.schedule {
        Schedule::FixedDate(_) => 0,
        Schedule::Recurring(_) => 1,
        Schedule::Default => 2,
    };
    let mut ordered: Vec<(usize, usize)> = profiles.iter().map(kind).zip(0..).collect();
    ordered.sort_unstable();
    let named = ordered
        .into_iter()
        .map(|(kind, index)| (index, kinds[kind]));
    named.collect()
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
