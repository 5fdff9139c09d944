//! A log as JSON: rows of the table, tables with columns and rows, or records; alone, in a list, or one after the
//! other.

use std::fmt;
use std::marker::PhantomData;

use anyhow::anyhow;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::column::{Cells, key};
use super::rows::Rows;

/// The longest row of a log, in bytes. JSON in memory takes many times the space of its text.
const LONGEST_ROW: usize = 1024 * 1024;

/// Reads all values of a text.
///
/// # Errors
/// One sentence with the line and the column of the error.
pub(super) fn read(text: &str, rows: &mut Rows) -> anyhow::Result<()> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Document>() {
        let Document(read) =
            document.map_err(|error| anyhow!("it is not the JSON of a log: {error}"))?;
        rows.append(read).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

/// A list of rows, or an object: a row, or an object with tables or a list of rows.
struct Document(Rows);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("rows or records of a log")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Document, A::Error> {
        let mut rows = Rows::default();
        each::<&'de RawValue, _>(|row| rows.add(&cells(object(row)?))).visit_seq(list)?;
        Ok(Document(rows))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Document, A::Error> {
        let mut rows = Rows::default();
        let mut row = Map::new();
        let mut length = 0;
        while let Some(name) = object.next_key::<String>()? {
            match name.to_ascii_lowercase().as_str() {
                "tables" => object.next_value_seed(each(|Table(read)| rows.append(read)))?,
                "records" | "value" | "results" => {
                    object.next_value_seed(each::<&'de RawValue, _>(|row| {
                        rows.add(&cells(self::object(row)?))
                    }))?;
                }
                _ => {
                    let value: &RawValue = object.next_value()?;
                    length += name.len() + value.get().len();
                    if length > LONGEST_ROW {
                        return Err(A::Error::custom(too_long()));
                    }
                    row.insert(name, parsed(value).map_err(A::Error::custom)?);
                }
            }
        }
        rows.add(&cells(row)).map_err(A::Error::custom)?;
        Ok(Document(rows))
    }
}

/// A row as an object. Some exports have rows as JSON in a text, and `null` is a row without columns.
fn object(row: &RawValue) -> Result<Map<String, Value>, String> {
    match parsed(row)? {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        Value::String(text) => serde_json::from_str(&text).map_err(|_| not_a_row()),
        _ => Err(not_a_row()),
    }
}

/// A value whose syntax has been checked.
fn parsed<T: serde::de::DeserializeOwned>(value: &RawValue) -> Result<T, String> {
    if value.get().len() > LONGEST_ROW {
        return Err(too_long());
    }
    serde_json::from_str(value.get()).map_err(|error| format!("in a row: {error}"))
}

fn too_long() -> String {
    format!("a row is longer than {LONGEST_ROW} bytes")
}

fn not_a_row() -> String {
    "a row is not an object with columns".to_owned()
}

/// The columns of an object and of the `property` or `properties` in it. In some exports, the properties are JSON in a
/// text.
fn cells(object: Map<String, Value>) -> Cells {
    let mut found = Cells::default();
    for (name, value) in object {
        let key = key(&name);
        if !matches!(key.as_str(), "property" | "properties") {
            found.add(key, value);
            continue;
        }
        let properties: Option<Map<String, Value>> = match value {
            Value::String(text) => serde_json::from_str(&text).ok(),
            value => serde_json::from_value(value).ok(),
        };
        found.extend(properties.map(cells).unwrap_or_default());
    }
    found
}

/// A table in a response of Log Analytics. The columns must come before the rows.
struct Table(Rows);

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor)
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = Table;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table with columns and rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Table, A::Error> {
        let mut rows = Rows::default();
        let mut columns: Option<Vec<String>> = None;
        while let Some(name) = table.next_key::<String>()? {
            if name.eq_ignore_ascii_case("columns") {
                let named: Vec<Named> = table.next_value()?;
                columns = Some(named.iter().map(|column| key(&column.name)).collect());
            } else if name.eq_ignore_ascii_case("rows") {
                let columns = columns
                    .as_deref()
                    .ok_or_else(|| A::Error::custom("a table's columns come after its rows"))?;
                table.next_value_seed(each::<&'de RawValue, _>(|row| {
                    let values: Vec<Value> = parsed(row)?;
                    let mut cells = Cells::default();
                    for (column, value) in columns.iter().zip(values) {
                        cells.add(column.clone(), value);
                    }
                    rows.add(&cells)
                }))?;
            } else {
                table.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Table(rows))
    }
}

/// A column of a table.
#[derive(serde::Deserialize)]
struct Named {
    #[serde(alias = "Name", alias = "ColumnName", alias = "columnName", default)]
    name: String,
}

/// Calls a function with each element of a list, because a log may be too large to keep all of its JSON.
fn each<T, F: FnMut(T) -> Result<(), String>>(then: F) -> Each<T, F> {
    Each {
        then,
        element: PhantomData,
    }
}

struct Each<T, F> {
    then: F,
    element: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), String>> DeserializeSeed<'de>
    for Each<T, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), String>> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.then)(element).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
