//! The supported functions, except those that may not need all of their arguments (`if`, `and`, `or`, `coalesce`) and
//! those that look up values (`parameters`, `variables`).
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions>

use serde_json::{Map, Value, json};

use super::texts;
use super::values::{boolean, find, integer, same, text, written, wrong};
use super::work::{Work, check_length};
use crate::json;

/// All of them, in lower case.
pub(super) const NAMES: [&str; 41] = [
    "add",
    "array",
    "bool",
    "concat",
    "contains",
    "createarray",
    "createobject",
    "div",
    "empty",
    "equals",
    "false",
    "first",
    "float",
    "format",
    "greater",
    "greaterorequals",
    "int",
    "join",
    "json",
    "last",
    "length",
    "less",
    "lessorequals",
    "max",
    "min",
    "mod",
    "mul",
    "not",
    "null",
    "padleft",
    "replace",
    "resourceid",
    "split",
    "string",
    "sub",
    "substring",
    "tolower",
    "toupper",
    "trim",
    "true",
    "union",
];

/// Calls one of [`NAMES`].
///
/// # Errors
/// What is wrong with the arguments, or that the result is too large.
pub(super) fn call(name: &str, arguments: Vec<Value>, work: &Work) -> Result<Value, String> {
    let given = arguments.as_slice();
    Ok(match (name, given) {
        ("true", []) => json!(true),
        ("false", []) => json!(false),
        ("null", []) => Value::Null,
        ("not", [value]) => json!(!boolean(name, value)?),
        ("equals", [left, right]) => json!(same(left, right)),
        ("less", [left, right]) => json!(order(name, left, right)?.is_lt()),
        ("lessorequals", [left, right]) => json!(order(name, left, right)?.is_le()),
        ("greater", [left, right]) => json!(order(name, left, right)?.is_gt()),
        ("greaterorequals", [left, right]) => json!(order(name, left, right)?.is_ge()),
        ("add" | "sub" | "mul" | "div" | "mod", [left, right]) => arithmetic(name, left, right)?,
        ("max" | "min", [Value::Array(items)]) => extreme(name, items)?,
        ("max" | "min", [_, ..]) => extreme(name, given)?,
        ("int", [value]) => int(value)?,
        ("float", [value]) => float(value)?,
        ("bool", [value]) => bool(value)?,
        ("string", [value]) => texts::created(written(value))?,
        ("json", [value]) => json::parse(text(name, value)?)
            .map_err(|problem| format!("uses the function json with a text: {problem}"))?,
        ("array", [Value::Array(_)]) => arguments.into_iter().next().unwrap_or_default(),
        ("array", [_]) | ("createarray", _) => Value::Array(arguments),
        ("createobject", pairs) if pairs.len() % 2 == 0 => create_object(pairs)?,
        ("concat", [Value::Array(_), ..]) => concat_arrays(arguments)?,
        ("concat", [_, ..]) => texts::concat(given)?,
        ("union", [_, _, ..]) => union(arguments, work)?,
        ("empty", [value]) => {
            json!(length(value).is_none_or(|length| length == 0) && measurable(name, value)?)
        }
        ("length", [value]) => {
            json!(length(value).ok_or_else(|| wrong(name, "a text, list or object", value))?)
        }
        ("first" | "last", [value]) => end_of(name, value)?,
        ("contains", [container, item]) => json!(contains(container, item, work)?),
        ("format", [format, values @ ..]) => texts::format(text(name, format)?, values)?,
        ("tolower", [value]) => texts::created(text(name, value)?.to_lowercase())?,
        ("toupper", [value]) => texts::created(text(name, value)?.to_uppercase())?,
        ("trim", [value]) => json!(text(name, value)?.trim()),
        ("replace", [from, old, new]) => {
            texts::replace(text(name, from)?, text(name, old)?, text(name, new)?)?
        }
        ("substring", [from, start, rest @ ..]) if rest.len() <= 1 => {
            texts::substring(text(name, from)?, start, rest.first())?
        }
        ("split", [from, delimiters]) => texts::split(text(name, from)?, delimiters)?,
        ("join", [Value::Array(items), delimiter]) => texts::join(items, text(name, delimiter)?)?,
        ("padleft", [value, width, rest @ ..]) if rest.len() <= 1 => {
            texts::pad_left(value, width, rest.first())?
        }
        ("resourceid", _) => texts::resource_id(given)?,
        _ => {
            return Err(format!(
                "uses the function {name} with {} arguments of other types than it accepts",
                given.len()
            ));
        }
    })
}

fn order(name: &str, left: &Value, right: &Value) -> Result<std::cmp::Ordering, String> {
    if let (Value::String(left), Value::String(right)) = (left, right) {
        return Ok(left.cmp(right));
    }
    Ok(integer(name, left)?.cmp(&integer(name, right)?))
}

fn arithmetic(name: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let (left, right) = (integer(name, left)?, integer(name, right)?);
    let result = match name {
        "add" => left.checked_add(right),
        "sub" => left.checked_sub(right),
        "mul" => left.checked_mul(right),
        "div" | "mod" if right == 0 => {
            return Err(format!("uses the function {name} with 0 as the divisor"));
        }
        "div" => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    let result = result.ok_or_else(|| {
        format!("uses the function {name}, and its result is too large for 64 bits")
    })?;
    Ok(json!(result))
}

fn extreme(name: &str, values: &[Value]) -> Result<Value, String> {
    let numbers = values
        .iter()
        .map(|value| integer(name, value))
        .collect::<Result<Vec<_>, _>>()?;
    let numbers = numbers.into_iter();
    let result = if name == "max" {
        numbers.max()
    } else {
        numbers.min()
    };
    result
        .map(|number| json!(number))
        .ok_or_else(|| format!("uses the function {name} with an empty list"))
}

fn int(value: &Value) -> Result<Value, String> {
    let parsed = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    parsed
        .map(|number: i64| json!(number))
        .ok_or_else(|| wrong("int", "a whole number or the text of one", value))
}

fn float(value: &Value) -> Result<Value, String> {
    let parsed = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    parsed
        .filter(|number: &f64| number.is_finite())
        .map(|number| json!(number))
        .ok_or_else(|| wrong("float", "a number or the text of one", value))
}

fn bool(value: &Value) -> Result<Value, String> {
    let parsed = match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    parsed
        .map(|truth| json!(truth))
        .ok_or_else(|| wrong("bool", "true or false, or the text or number of one", value))
}

fn create_object(pairs: &[Value]) -> Result<Value, String> {
    let mut object = Map::new();
    for pair in pairs.chunks_exact(2) {
        object.insert(text("createObject", &pair[0])?.to_owned(), pair[1].clone());
    }
    Ok(Value::Object(object))
}

fn concat_arrays(arguments: Vec<Value>) -> Result<Value, String> {
    let mut all = Vec::new();
    for argument in arguments {
        match argument {
            Value::Array(mut items) => all.append(&mut items),
            other => return Err(wrong("concat", "a list, as the first argument is", &other)),
        }
    }
    Ok(Value::Array(all))
}

/// Combines lists without duplicates. Combines objects with the last of equal names; nested objects are merged.
fn union(arguments: Vec<Value>, work: &Work) -> Result<Value, String> {
    let mut arguments = arguments.into_iter();
    match arguments.next().unwrap_or_default() {
        Value::Array(items) => {
            let mut all: Vec<Value> = Vec::new();
            let mut add = |items: Vec<Value>| {
                for item in items {
                    work.charge(all.len())?;
                    if !all.iter().any(|known| same(known, &item)) {
                        all.push(item);
                    }
                }
                Ok::<_, String>(())
            };
            add(items)?;
            for argument in arguments {
                match argument {
                    Value::Array(items) => add(items)?,
                    other => {
                        return Err(wrong("union", "a list, as the first argument is", &other));
                    }
                }
            }
            Ok(Value::Array(all))
        }
        Value::Object(mut all) => {
            for argument in arguments {
                match argument {
                    Value::Object(fields) => merge(&mut all, fields, work)?,
                    other => {
                        return Err(wrong(
                            "union",
                            "an object, as the first argument is",
                            &other,
                        ));
                    }
                }
            }
            Ok(Value::Object(all))
        }
        other => Err(wrong("union", "lists or objects", &other)),
    }
}

fn merge(
    into: &mut Map<String, Value>,
    from: Map<String, Value>,
    work: &Work,
) -> Result<(), String> {
    for (name, value) in from {
        if !into.contains_key(&name) {
            work.charge(into.len())?;
        }
        let known = json::entry(into, &name).map(|(known, _)| known.clone());
        let place = into.entry(known.unwrap_or(name)).or_insert(Value::Null);
        match (place, value) {
            (Value::Object(into), Value::Object(from)) => merge(into, from, work)?,
            (place, value) => *place = value,
        }
    }
    Ok(())
}

/// The length of a value for `length`; `None` if it has none.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    }
}

/// Whether `empty` accepts the value: strings, lists, objects, and null.
fn measurable(name: &str, value: &Value) -> Result<bool, String> {
    if value.is_null() || length(value).is_some() {
        return Ok(true);
    }
    Err(wrong(name, "a text, list or object", value))
}

/// The first or last item or character.
fn end_of(name: &str, value: &Value) -> Result<Value, String> {
    let first = name == "first";
    match value {
        Value::Array(items) => {
            let item = if first { items.first() } else { items.last() };
            Ok(item.cloned().unwrap_or_default())
        }
        Value::String(text) => {
            let sign = if first {
                text.chars().next()
            } else {
                text.chars().next_back()
            };
            Ok(json!(sign.map(String::from).unwrap_or_default()))
        }
        other => Err(wrong(name, "a text or list", other)),
    }
}

fn contains(container: &Value, item: &Value, work: &Work) -> Result<bool, String> {
    match container {
        Value::Array(items) => Ok(items.iter().any(|known| same(known, item))),
        Value::Object(fields) => Ok(find(fields, text("contains", item)?, work)?.is_some()),
        Value::String(whole) => {
            let part = written(item);
            check_length(part.len())?;
            Ok(whole.contains(&part))
        }
        other => Err(wrong("contains", "a text, list or object", other)),
    }
}
