//! Functions that create strings. The length is checked before a string is created.

use serde_json::{Value, json};

use super::values::{integer, text, written, wrong};
use super::work::check_length;

/// A created string as a value.
pub(super) fn created(text: String) -> Result<Value, String> {
    check_length(text.len())?;
    Ok(Value::String(text))
}

pub(super) fn concat(values: &[Value]) -> Result<Value, String> {
    let mut result = String::new();
    for value in values {
        match value {
            Value::Array(_) | Value::Object(_) | Value::Null => {
                return Err(wrong("concat", "a text, as the first argument is", value));
            }
            value => append(&mut result, &written(value))?,
        }
    }
    Ok(Value::String(result))
}

/// Placeholders are numbers in braces, and two braces stand for one. Formats in placeholders are not supported.
pub(super) fn format(format: &str, values: &[Value]) -> Result<Value, String> {
    let unclear = || {
        Err(
            "uses the function format with a placeholder other than {0}, {1} and so on, which is not evaluated here"
                .to_owned(),
        )
    };
    let mut result = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        append(&mut result, &rest[..at])?;
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            append(&mut result, &rest[..1])?;
            rest = &rest[2..];
            continue;
        }
        let Some((number, after)) = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        else {
            return unclear();
        };
        let Ok(number) = number.parse::<usize>() else {
            return unclear();
        };
        let value = values.get(number).ok_or_else(|| {
            format!("uses the function format with {{{number}}}, for which no value is given")
        })?;
        append(&mut result, &written(value))?;
        rest = after;
    }
    append(&mut result, rest)?;
    Ok(Value::String(result))
}

pub(super) fn replace(from: &str, old: &str, new: &str) -> Result<Value, String> {
    if old.is_empty() {
        return Err("uses the function replace with an empty text to be replaced".to_owned());
    }
    let growth = new.len().saturating_sub(old.len());
    check_length(
        from.len()
            .saturating_add(from.matches(old).count().saturating_mul(growth)),
    )?;
    created(from.replace(old, new))
}

/// Start and length are in characters. Without a length, the result extends to the end.
pub(super) fn substring(
    from: &str,
    start: &Value,
    length: Option<&Value>,
) -> Result<Value, String> {
    let characters = from.chars().count();
    let count = |value| {
        usize::try_from(integer("substring", value)?)
            .map_err(|_| wrong("substring", "a whole number from 0", value))
    };
    let start = count(start)?;
    let length = length.map_or(Ok(characters.saturating_sub(start)), count)?;
    if start.saturating_add(length) > characters {
        return Err(format!(
            "uses the function substring beyond the end of a text of {characters} characters"
        ));
    }
    Ok(json!(
        from.chars().skip(start).take(length).collect::<String>()
    ))
}

/// Splits at one delimiter, or at any of several.
pub(super) fn split(from: &str, delimiters: &Value) -> Result<Value, String> {
    let delimiters = match delimiters {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let delimiters = delimiters
        .iter()
        .map(|delimiter| text("split", delimiter))
        .collect::<Result<Vec<_>, _>>()?;
    let delimiters: Vec<&str> = delimiters
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    // The limit bounds the work: each delimiter is compared at each position.
    if delimiters.len() > 16 {
        return Err("uses the function split with more than 16 delimiters".to_owned());
    }
    while at < from.len() {
        let found = delimiters
            .iter()
            .find(|delimiter| from.as_bytes()[at..].starts_with(delimiter.as_bytes()));
        if let Some(delimiter) = found {
            parts.push(json!(from[start..at]));
            at += delimiter.len();
            start = at;
        } else {
            at += 1;
        }
    }
    parts.push(json!(from[start..]));
    Ok(Value::Array(parts))
}

pub(super) fn join(items: &[Value], delimiter: &str) -> Result<Value, String> {
    let mut result = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            append(&mut result, delimiter)?;
        }
        append(&mut result, &written(item))?;
    }
    Ok(Value::String(result))
}

/// A string or whole number, padded on the left to a width in characters.
pub(super) fn pad_left(
    value: &Value,
    width: &Value,
    fill: Option<&Value>,
) -> Result<Value, String> {
    if !value.is_string() && !value.is_i64() {
        return Err(wrong("padLeft", "a text or a whole number", value));
    }
    let value = written(value);
    let fill = fill.map_or(Ok(" "), |fill| text("padLeft", fill))?;
    let mut signs = fill.chars();
    let (Some(sign), None) = (signs.next(), signs.next()) else {
        return Err(
            "uses the function padLeft with a filling that is not one character".to_owned(),
        );
    };
    let width = integer("padLeft", width)?;
    let missing = usize::try_from(width)
        .unwrap_or(0)
        .saturating_sub(value.chars().count());
    check_length(missing.saturating_mul(sign.len_utf8()))?;
    created(
        std::iter::repeat_n(sign, missing)
            .chain(value.chars())
            .collect(),
    )
}

/// `resourceId([subscription], [resource group], type, name, ...)`: the string that Azure would return, with
/// placeholders for the deployment's subscription and resource group, so that equal calls return equal strings.
pub(super) fn resource_id(values: &[Value]) -> Result<Value, String> {
    let values = values
        .iter()
        .map(|value| text("resourceId", value))
        .collect::<Result<Vec<_>, _>>()?;
    let wrong = || {
        "uses the function resourceId with other arguments than a type such as Microsoft.Web/serverfarms \
         and a name for each of its parts"
            .to_owned()
    };
    let at = values
        .iter()
        .position(|value| value.contains('/'))
        .ok_or_else(wrong)?;
    let (subscription, group) = match values[..at] {
        [] => ("{subscriptionId}", "{resourceGroupName}"),
        [group] => ("{subscriptionId}", group),
        [subscription, group] => (subscription, group),
        _ => return Err(wrong()),
    };
    let mut kinds = values[at].split('/');
    let namespace = kinds.next().unwrap_or_default();
    let kinds: Vec<&str> = kinds.collect();
    let names = &values[at + 1..];
    if kinds.len() != names.len() {
        return Err(wrong());
    }
    let mut id = String::new();
    append(
        &mut id,
        &format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}"),
    )?;
    for (kind, name) in kinds.iter().zip(names) {
        append(&mut id, &format!("/{kind}/{name}"))?;
    }
    Ok(Value::String(id))
}

fn append(result: &mut String, part: &str) -> Result<(), String> {
    check_length(result.len() + part.len())?;
    result.push_str(part);
    Ok(())
}
