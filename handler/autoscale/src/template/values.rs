//! Values of expressions: access, comparison, and checks of arguments.

use serde_json::{Map, Value};

use super::work::Work;
use crate::json::{cut, entry};

pub(super) const COPY: &str = "is created by a `copy` loop, and copy loops are not expanded here";

/// The name of a property, or the index of an item.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Name(String),
    Index(usize),
}

impl Key {
    pub(super) fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(name) => Ok(Self::Name(name.clone())),
            Value::Number(number) => number
                .as_u64()
                .and_then(|index| usize::try_from(index).ok())
                .map(Self::Index)
                .ok_or_else(|| format!("uses the index {number}, which is not a valid index")),
            other => Err(format!(
                "uses {} as a property's name or an index",
                kind(other)
            )),
        }
    }
}

/// The property or item with this key. Names are compared without regard to case.
pub(super) fn step<'a>(value: &'a Value, key: &Key, work: &Work) -> Result<&'a Value, String> {
    match (value, key) {
        (Value::Object(fields), Key::Name(name)) => find(fields, name, work)?.ok_or_else(|| {
            format!(
                "uses the property `{}`, which {}",
                cut(name),
                missing(fields, name)
            )
        }),
        (Value::Array(items), Key::Index(index)) => items
            .get(*index)
            .ok_or_else(|| format!("uses the index {index} in a list of {} items", items.len())),
        (other, Key::Name(name)) => Err(format!(
            "uses the property `{}` of {}",
            cut(name),
            kind(other)
        )),
        (other, Key::Index(index)) => Err(format!("uses the index {index} in {}", kind(other))),
    }
}

/// A copy of the value that these keys select.
pub(super) fn descend(value: &Value, keys: &[Key], work: &Work) -> Result<Value, String> {
    let mut value = value;
    for key in keys {
        value = step(value, key, work)?;
    }
    work.charge_value(value)?;
    Ok(value.clone())
}

/// An entry of an object by name, without regard to case. The search is charged, because the object may be large.
pub(super) fn find<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    work: &Work,
) -> Result<Option<&'a Value>, String> {
    if let Some(value) = fields.get(name) {
        return Ok(Some(value));
    }
    work.charge(fields.len())?;
    Ok(entry(fields, name).map(|(_, value)| value))
}

/// The copy loops that create some of these fields.
pub(super) fn copy_loops(fields: &Map<String, Value>) -> Option<&Vec<Value>> {
    entry(fields, "copy").and_then(|(_, copy)| copy.as_array())
}

/// Why a field with this name is missing.
pub(super) fn missing(fields: &Map<String, Value>, name: &str) -> &'static str {
    let named = |copy: &Value| {
        let name_of_copy = copy.get("name").and_then(Value::as_str);
        name_of_copy.is_some_and(|copied| copied.eq_ignore_ascii_case(name))
    };
    if copy_loops(fields).is_some_and(|loops| loops.iter().any(named)) {
        COPY
    } else {
        "is missing"
    }
}

/// Numbers are compared by value, strings and names with regard to case.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64()
        }
        _ => left == right,
    }
}

/// The form of a value inside a string, as .NET writes it.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn text<'a>(function: &str, value: &'a Value) -> Result<&'a str, String> {
    value
        .as_str()
        .ok_or_else(|| wrong(function, "a text", value))
}

pub(super) fn integer(function: &str, value: &Value) -> Result<i64, String> {
    value
        .as_i64()
        .ok_or_else(|| wrong(function, "a whole number", value))
}

pub(super) fn boolean(function: &str, value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| wrong(function, "true or false", value))
}

pub(super) fn wrong(function: &str, wanted: &str, value: &Value) -> String {
    format!(
        "uses the function {function} with {} instead of {wanted}",
        kind(value)
    )
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text '{}'", cut(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
