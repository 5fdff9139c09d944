//! One row of the log.

use std::time::Duration;

use autoscale::{Direction, MOST_INSTANCES, parse_duration};

use super::column::Cells;
use super::moment;

/// A row of an evaluation. Columns without a usable value are `None`. Times are since 1970 in UTC.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) at: Option<Duration>,
    /// The same in all rows of one evaluation.
    pub(super) correlation: String,
    /// The autoscale setting.
    pub(super) resource: Option<String>,
    pub(super) entry: Entry,
}

/// The content of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    Profile(ProfileRow),
    Cooldown(CooldownRow),
    Rule(RuleRow),
    Samples(SamplesRow),
    Count(CountRow),
    /// Whether the evaluation is skipped, because an operation is still in progress.
    Operation(bool),
    Update(UpdateRow),
}

/// Whether a profile applies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ProfileRow {
    pub(super) name: String,
    pub(super) selected: bool,
    pub(super) at: Option<Duration>,
}

/// Whether the rules of one direction wait.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CooldownRow {
    /// The records of a storage account contain the direction, but the table does not.
    pub(super) direction: Option<Direction>,
    pub(super) profile: Option<String>,
    pub(super) last_action: Option<Duration>,
    /// A number is in seconds.
    pub(super) cooldown: Option<Duration>,
    pub(super) at: Option<Duration>,
    pub(super) skips: Option<bool>,
}

/// The metric and the window of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) metric: String,
    pub(super) namespace: Option<String>,
    pub(super) grain: Option<Duration>,
    pub(super) statistic: Option<String>,
}

/// The value of a rule, and whether the rule fires.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RuleRow {
    pub(super) measured: Measured,
    pub(super) window: Option<Duration>,
    pub(super) aggregation: Option<String>,
    pub(super) operator: String,
    pub(super) threshold: f64,
    pub(super) observed: Option<f64>,
    pub(super) result: Option<String>,
}

/// The samples of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SamplesRow {
    pub(super) measured: Measured,
    /// From the first moment to the last.
    pub(super) span: Option<Duration>,
    pub(super) samples: Vec<f64>,
}

/// The count and its limits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CountRow {
    pub(super) current: Option<u32>,
    pub(super) minimum: Option<u32>,
    pub(super) maximum: Option<u32>,
    pub(super) default: Option<u32>,
}

/// The result of the evaluation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UpdateRow {
    pub(super) current: Option<u32>,
    pub(super) new: Option<u32>,
    pub(super) updates: Option<bool>,
    pub(super) reason: Option<String>,
}

impl Row {
    /// `None` for a row of another operation, or without the columns of an evaluation.
    pub(super) fn read(cells: &Cells) -> Option<Self> {
        let operation = cells.text("OperationName")?.to_ascii_lowercase();
        let entry = match operation.as_str() {
            "fixeddateprofileevaluation"
            | "recurrentprofileevaluation"
            | "defaultprofileevaluation" => Entry::Profile(ProfileRow {
                name: cells.text("Profile").unwrap_or_default().to_owned(),
                selected: cells.truth("ProfileSelected")?,
                at: moment_in(cells, "ProfileEvaluationTime"),
            }),
            "scalerulecooldownevaluation" => Entry::Cooldown(CooldownRow {
                direction: cells.text("ScaleDirection").and_then(direction),
                profile: cells.text("SelectedAutoscaleProfile").map(str::to_owned),
                last_action: moment_in(cells, "LastScaleActionTime"),
                cooldown: span_in(cells, "CoolDown"),
                at: moment_in(cells, "EvaluationTime"),
                skips: cells.truth("SkipRuleEvaluationForCooldown"),
            }),
            "scaleruleevaluation" => Entry::Rule(RuleRow {
                measured: measured(cells)?,
                window: span_in(cells, "TimeWindow"),
                aggregation: cells.text("TimeAggregationType").map(str::to_owned),
                operator: cells.text("Operator")?.to_owned(),
                threshold: cells.number("Threshold")?,
                observed: cells.number("ObservedValue"),
                result: cells.text("EstimateScaleResult").map(str::to_owned),
            }),
            "metricevaluation" => Entry::Samples(SamplesRow {
                measured: measured(cells)?,
                span: moment_in(cells, "MetricEndTime")
                    .zip(moment_in(cells, "MetricStartTime"))
                    .and_then(|(end, start)| end.checked_sub(start)),
                samples: cells.numbers("MetricData")?,
            }),
            "instancecountevaluation" => Entry::Count(CountRow {
                current: count_in(cells, "CurrentInstanceCount"),
                minimum: count_in(cells, "MinimumInstanceCount"),
                maximum: count_in(cells, "MaximumInstanceCount"),
                default: count_in(cells, "DefaultInstanceCount"),
            }),
            "scaleactionoperationevaluation" => Entry::Operation(
                cells
                    .truth("SkipCurrentAutoscaleEvaluation")
                    .unwrap_or_default(),
            ),
            "instanceupdateevaluation" => Entry::Update(UpdateRow {
                current: count_in(cells, "CurrentInstanceCount"),
                new: count_in(cells, "NewInstanceCount"),
                updates: cells.truth("ShouldUpdateInstance"),
                reason: cells.text("InstanceUpdateReason").map(str::to_owned),
            }),
            _ => return None,
        };
        Some(Self {
            at: moment_in(cells, "TimeGenerated"),
            correlation: cells.text("CorrelationId")?.to_owned(),
            resource: cells.text("ResourceId").map(str::to_ascii_lowercase),
            entry,
        })
    }
}

fn measured(cells: &Cells) -> Option<Measured> {
    Some(Measured {
        metric: cells.text("AutoscaleMetricName")?.to_owned(),
        namespace: cells.text("MetricNamespace").map(str::to_owned),
        grain: span_in(cells, "MetricTimeGrain"),
        statistic: cells.text("TimeGrainStatistic").map(str::to_owned),
    })
}

fn direction(text: &str) -> Option<Direction> {
    let directions = [Direction::Increase, Direction::Decrease];
    directions
        .into_iter()
        .find(|direction| direction.name().eq_ignore_ascii_case(text))
}

fn moment_in(cells: &Cells, column: &str) -> Option<Duration> {
    moment::read(cells.text(column)?)
}

/// A span in the forms of ISO 8601 or `hh:mm:ss`. A number is in seconds.
fn span_in(cells: &Cells, column: &str) -> Option<Duration> {
    let text = cells.text(column)?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let whole = text.trim_end_matches('0').strip_suffix('.');
    parse_duration(text).or_else(|| parse_duration(whole?))
}

/// A number of instances; `None` beyond the limits of all resources.
fn count_in(cells: &Cells, column: &str) -> Option<u32> {
    let number = cells.number(column)?;
    let is_count = number.fract() == 0.0 && (0.0..=f64::from(MOST_INSTANCES)).contains(&number);
    is_count.then_some(number as u32)
}
