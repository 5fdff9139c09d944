//! A log as JSON: rows of the table, tables with columns and rows, or records; alone, in a list, or one after the
//! other.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::column::{Cell, Cells, Column};
use super::rows::Rows;

/// Reads all values of a text.
///
/// # Errors
/// One sentence with the line and the column of the error.
pub(super) fn read(text: &str, rows: &mut Rows) -> anyhow::Result<()> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Document>() {
        let Document(read) =
            document.map_err(|error| anyhow::anyhow!("it is not the JSON of a log: {error}"))?;
        rows.append(read).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

/// The rows of one value.
struct Document(Rows);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Rows::default();
        deserializer.deserialize_any(Value(&mut rows))?;
        Ok(Self(rows))
    }
}

/// A list of rows, or an object: a row, or an object with tables or a list of rows.
struct Value<'r>(&'r mut Rows);

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("rows or records of a log")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut cells = Cells::default();
        while let Some(key) = object.next_key::<String>()? {
            let is = |name: &str| key.eq_ignore_ascii_case(name);
            if is("tables") {
                object.next_value_seed(Tables(self.0))?;
            } else if is("records") || is("value") || is("results") {
                object.next_value_seed(List(self.0))?;
            } else {
                cell(&key, &mut object, &mut cells)?;
            }
        }
        self.0.add(&cells).map_err(A::Error::custom)
    }
}

/// A list of rows.
struct List<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(OneRow(self.0))?.is_some() {}
        Ok(())
    }
}

/// A row: an object.
struct OneRow<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for OneRow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let cells = deserializer.deserialize_any(Object)?;
        self.0.add(&cells).map_err(D::Error::custom)
    }
}

/// The columns of an object and of the `property` or `properties` in it.
struct Object;

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Cells;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cells, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Cells;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with the columns of a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Cells, A::Error> {
        let mut cells = Cells::default();
        while let Some(key) = object.next_key::<String>()? {
            cell(&key, &mut object, &mut cells)?;
        }
        Ok(cells)
    }

    /// In some exports, the properties are JSON in a text.
    fn visit_str<E: Error>(self, text: &str) -> Result<Cells, E> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        // Texts inside this text are not parsed.
        let object = deserializer.deserialize_map(Object);
        Ok(object.unwrap_or_default())
    }

    fn visit_unit<E: Error>(self) -> Result<Cells, E> {
        Ok(Cells::default())
    }
}

/// Reads the value of a key into its column.
fn cell<'de, A: MapAccess<'de>>(
    key: &str,
    object: &mut A,
    cells: &mut Cells,
) -> Result<(), A::Error> {
    if let Some(column) = Column::named(key) {
        if let Some(cell) = object.next_value_seed(OneCell)? {
            cells.add(column, cell);
        }
    } else if key.eq_ignore_ascii_case("property") || key.eq_ignore_ascii_case("properties") {
        cells.extend(object.next_value_seed(Object)?);
    } else {
        object.next_value::<IgnoredAny>()?;
    }
    Ok(())
}

/// A value; `None` if it is empty.
struct OneCell;

impl<'de> DeserializeSeed<'de> for OneCell {
    type Value = Option<Cell>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneCell {
    type Value = Option<Cell>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(truth.to_string())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Cell::Text(number.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut numbers = Vec::new();
        while let Some(element) = list.next_element_seed(OneCell)? {
            if let Some(Cell::Text(text)) = element
                && let Ok(number) = text.parse()
            {
                numbers.push(number);
            }
        }
        Ok(Some(Cell::Numbers(numbers)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// The tables in a response of Log Analytics.
struct Tables<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for Tables<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Tables<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("tables with columns and rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tables: A) -> Result<(), A::Error> {
        while tables.next_element_seed(OneTable(self.0))?.is_some() {}
        Ok(())
    }
}

/// A table. The columns must come before the rows.
struct OneTable<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for OneTable<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneTable<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table with columns and rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<(), A::Error> {
        let mut columns: Option<Vec<Option<Column>>> = None;
        while let Some(key) = table.next_key::<String>()? {
            if key.eq_ignore_ascii_case("columns") {
                let named: Vec<Named> = table.next_value()?;
                columns = Some(named.into_iter().map(Named::column).collect());
            } else if key.eq_ignore_ascii_case("rows") {
                let columns = columns
                    .as_deref()
                    .ok_or_else(|| A::Error::custom("a table's columns come after its rows"))?;
                table.next_value_seed(TableRows(columns, self.0))?;
            } else {
                table.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A column of a table.
#[derive(serde::Deserialize)]
struct Named {
    #[serde(alias = "Name", alias = "ColumnName", alias = "columnName", default)]
    name: String,
}

impl Named {
    fn column(self) -> Option<Column> {
        Column::named(&self.name)
    }
}

/// The rows of a table: lists of values.
struct TableRows<'r>(&'r [Option<Column>], &'r mut Rows);

impl<'de> DeserializeSeed<'de> for TableRows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TableRows<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("lists of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(cells) = list.next_element_seed(TableRow(self.0))? {
            self.1.add(&cells).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// One such list.
struct TableRow<'r>(&'r [Option<Column>]);

impl<'de> DeserializeSeed<'de> for TableRow<'_> {
    type Value = Cells;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cells, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TableRow<'_> {
    type Value = Cells;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cells, A::Error> {
        let mut cells = Cells::default();
        let mut columns = self.0.iter();
        while let Some(cell) = list.next_element_seed(OneCell)? {
            if let Some(Some(column)) = columns.next()
                && let Some(cell) = cell
            {
                cells.add(*column, cell);
            }
        }
        Ok(cells)
    }
}
