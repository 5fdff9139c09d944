//! The cells of a row, by the names of their columns in the Log Analytics table.

use std::collections::HashMap;

use serde_json::Value;

/// Other names of columns, and the names in the table, in lower case. Sources: the reference page of the table, and
/// "Diagnostic settings in autoscale" for the records of a storage account.
const OTHER_NAMES: [(&str, &str); 9] = [
    ("time", "timegenerated"),
    ("_resourceid", "resourceid"),
    ("selectedprofile", "selectedautoscaleprofile"),
    ("metricname", "autoscalemetricname"),
    ("timegrain", "metrictimegrain"),
    ("starttime", "metricstarttime"),
    ("endtime", "metricendtime"),
    ("data", "metricdata"),
    ("reason", "instanceupdatereason"),
];

/// The key of a column in [`Cells`]: its name in the table, in lower case, because the case varies.
pub(super) fn key(heading: &str) -> String {
    let name = heading.trim().trim_start_matches('\u{feff}');
    // The portal uses such headings for times in its CSV exports.
    let name = name.strip_suffix(" [UTC]").unwrap_or(name);
    let name = name.to_ascii_lowercase();
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    other.map_or(name, |(_, in_table)| (*in_table).to_owned())
}

/// The cells of one row: texts, to which numbers and logical values are converted, and lists.
#[derive(Debug, Default)]
pub(super) struct Cells(HashMap<String, Value>);

impl Cells {
    /// Adds a cell. Empty cells are ignored. If two columns have the same key, the first one counts; in
    /// JSON, they are in the order of their names.
    pub(super) fn add(&mut self, key: String, value: Value) {
        let value = match value {
            Value::Null | Value::Object(_) => return,
            Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
            Value::String(_) | Value::Array(_) => value,
        };
        if value.as_str().is_none_or(|text| !text.trim().is_empty()) {
            self.0.entry(key).or_insert(value);
        }
    }

    /// Adds all cells of another row.
    pub(super) fn extend(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.add(key, value);
        }
    }

    fn get(&self, column: &str) -> Option<&Value> {
        self.0.get(&column.to_ascii_lowercase())
    }

    /// The text in a column.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.get(column)?.as_str().map(str::trim)
    }

    /// The number in a column, if it is a finite number.
    pub(super) fn number(&self, column: &str) -> Option<f64> {
        let number: f64 = self.text(column)?.parse().ok()?;
        number.is_finite().then_some(number)
    }

    /// The logical value in a column.
    pub(super) fn truth(&self, column: &str) -> Option<bool> {
        match self.text(column)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// The list of numbers in a column, even if it is JSON in a text. Values that are not numbers are left out.
    pub(super) fn numbers(&self, column: &str) -> Option<Vec<f64>> {
        match self.get(column)? {
            Value::Array(list) => {
                let number =
                    |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
                Some(list.iter().filter_map(number).collect())
            }
            text => {
                let numbers: Vec<Option<f64>> = serde_json::from_str(text.as_str()?).ok()?;
                Some(numbers.into_iter().flatten().collect())
            }
        }
    }
}
