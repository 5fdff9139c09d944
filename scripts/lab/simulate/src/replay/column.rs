//! The columns of the log, by their names in the Log Analytics table and in the records of a storage account.

/// A column that the replay uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Time,
    Operation,
    Correlation,
    Resource,
    Profile,
    ProfileSelected,
    ProfileTime,
    SelectedProfile,
    Direction,
    LastAction,
    Cooldown,
    EvaluationTime,
    SkipsRules,
    Metric,
    Namespace,
    Grain,
    Statistic,
    Window,
    Aggregation,
    Operator,
    Threshold,
    Observed,
    Result,
    Start,
    End,
    Samples,
    Current,
    Minimum,
    Maximum,
    Default,
    SkipsEvaluation,
    New,
    Updates,
    Reason,
}

/// Sources: the reference page of the table, and "Diagnostic settings in autoscale" for the records.
const NAMES: [(&str, Column); 43] = [
    ("TimeGenerated", Column::Time),
    ("time", Column::Time),
    ("OperationName", Column::Operation),
    ("CorrelationId", Column::Correlation),
    ("ResourceId", Column::Resource),
    ("_ResourceId", Column::Resource),
    ("Profile", Column::Profile),
    ("ProfileSelected", Column::ProfileSelected),
    ("ProfileEvaluationTime", Column::ProfileTime),
    ("SelectedAutoscaleProfile", Column::SelectedProfile),
    ("selectedProfile", Column::SelectedProfile),
    ("ScaleDirection", Column::Direction),
    ("LastScaleActionTime", Column::LastAction),
    ("CoolDown", Column::Cooldown),
    ("EvaluationTime", Column::EvaluationTime),
    ("SkipRuleEvaluationForCooldown", Column::SkipsRules),
    ("AutoscaleMetricName", Column::Metric),
    ("metricName", Column::Metric),
    ("MetricNamespace", Column::Namespace),
    ("MetricTimeGrain", Column::Grain),
    ("timeGrain", Column::Grain),
    ("TimeGrainStatistic", Column::Statistic),
    ("TimeWindow", Column::Window),
    ("TimeAggregationType", Column::Aggregation),
    ("Operator", Column::Operator),
    ("Threshold", Column::Threshold),
    ("ObservedValue", Column::Observed),
    ("EstimateScaleResult", Column::Result),
    ("MetricStartTime", Column::Start),
    ("startTime", Column::Start),
    ("MetricEndTime", Column::End),
    ("endTime", Column::End),
    ("MetricData", Column::Samples),
    ("data", Column::Samples),
    ("CurrentInstanceCount", Column::Current),
    ("MinimumInstanceCount", Column::Minimum),
    ("MaximumInstanceCount", Column::Maximum),
    ("DefaultInstanceCount", Column::Default),
    ("SkipCurrentAutoscaleEvaluation", Column::SkipsEvaluation),
    ("NewInstanceCount", Column::New),
    ("ShouldUpdateInstance", Column::Updates),
    ("InstanceUpdateReason", Column::Reason),
    ("reason", Column::Reason),
];

impl Column {
    /// The column of this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.trim().trim_start_matches('\u{feff}');
        // The portal uses such headings for times in its CSV exports.
        let name = name.strip_suffix(" [UTC]").unwrap_or(name);
        let mut names = NAMES.iter();
        names
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, column)| *column)
    }
}

/// The cells of one row, as text; lists of numbers stay numbers.
#[derive(Debug, Default)]
pub(super) struct Cells(Vec<(Column, Cell)>);

/// The content of a row in a column.
#[derive(Debug)]
pub(super) enum Cell {
    /// Numbers and logical values are texts, too.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<f64>),
}

impl Cells {
    /// Adds a cell. Empty cells are ignored. If a column occurs twice, the first cell counts.
    pub(super) fn add(&mut self, column: Column, cell: Cell) {
        let empty = matches!(&cell, Cell::Text(text) if text.trim().is_empty());
        if !empty && self.get(column).is_none() {
            self.0.push((column, cell));
        }
    }

    /// Adds all cells of another row.
    pub(super) fn extend(&mut self, other: Self) {
        for (column, cell) in other.0 {
            self.add(column, cell);
        }
    }

    fn get(&self, column: Column) -> Option<&Cell> {
        let mut cells = self.0.iter();
        cells
            .find(|(other, _)| *other == column)
            .map(|(_, cell)| cell)
    }

    /// The text in a column.
    pub(super) fn text(&self, column: Column) -> Option<&str> {
        match self.get(column)? {
            Cell::Text(text) => Some(text.trim()),
            Cell::Numbers(_) => None,
        }
    }

    /// The number in a column, if it is a finite number.
    pub(super) fn number(&self, column: Column) -> Option<f64> {
        let number: f64 = self.text(column)?.parse().ok()?;
        number.is_finite().then_some(number)
    }

    /// The logical value in a column.
    pub(super) fn truth(&self, column: Column) -> Option<bool> {
        let text = self.text(column)?;
        let says = |word: &str| text.eq_ignore_ascii_case(word);
        match (says("true") || says("1"), says("false") || says("0")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// The list of numbers in a column, even if it is JSON in a text. Values that are not numbers are left out.
    pub(super) fn numbers(&self, column: Column) -> Option<Vec<f64>> {
        match self.get(column)? {
            Cell::Numbers(numbers) => Some(numbers.clone()),
            Cell::Text(text) => {
                let numbers: Vec<Option<f64>> = serde_json::from_str(text).ok()?;
                Some(numbers.into_iter().flatten().collect())
            }
        }
    }
}
