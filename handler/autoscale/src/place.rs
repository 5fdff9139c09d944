//! A value in a rule file together with its path, so that every message can name the place.

use serde_json::{Map, Value};

/// A value and its path.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> Place<'a> {
    pub(super) fn new(value: &'a Value, path: &str) -> Self {
        Self {
            value,
            path: path.to_owned(),
        }
    }

    /// The object at this place. Terraform writes a block as a list with one object.
    pub(super) fn object(&self) -> Option<(&'a Map<String, Value>, String)> {
        match self.value {
            Value::Object(object) => Some((object, self.path.clone())),
            Value::Array(items) => match items.as_slice() {
                [Value::Object(object)] => Some((object, format!("{}[0]", self.path))),
                _ => None,
            },
            _ => None,
        }
    }

    /// The first of these fields that exists. Azure ignores the case of keys. Terraform separates words with
    /// underscores, and writes an empty list for an absent block.
    pub(super) fn field(&self, names: &[&str]) -> Option<Place<'a>> {
        let (object, path) = self.object()?;
        let found = names.iter().find_map(|name| {
            let exact = object.get_key_value(*name);
            let (key, value) =
                exact.or_else(|| object.iter().find(|(key, _)| is_same_key(key, name)))?;
            (!is_absent(value)).then_some((key, value))
        });
        let (key, value) = found?;
        Some(Place {
            value,
            path: joined(&path, key),
        })
    }

    /// The path of a field that is missing.
    pub(super) fn missing(&self, name: &str) -> String {
        joined(&self.path, name)
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Option<Vec<Place<'a>>> {
        let Value::Array(items) = self.value else {
            return None;
        };
        let place = |(index, value)| Place {
            value,
            path: format!("{}[{index}]", self.path),
        };
        Some(items.iter().enumerate().map(place).collect())
    }

    /// The fields with other names than these.
    pub(super) fn other_fields(&self, known: &[&str]) -> Vec<Place<'a>> {
        let Some((object, path)) = self.object() else {
            return Vec::new();
        };
        let unknown = |key: &str| !known.iter().any(|name| is_same_key(key, name));
        object
            .iter()
            .filter(|(key, value)| unknown(key) && !is_absent(value))
            .map(|(key, value)| Place {
                value,
                path: joined(&path, key),
            })
            .collect()
    }

    /// The string at this place, if it is one and not a template expression without a value.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str().filter(|text| !is_expression(text))
    }

    /// A number, or a string that contains one.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite())
    }

    /// A whole number, or a string that contains one: the schema's counts are strings.
    pub(super) fn whole(&self) -> Option<u32> {
        let number = match self.value {
            // Some tools write 2.0.
            Value::Number(number) => number
                .as_u64()
                .or_else(|| number.as_f64().and_then(whole_number)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.and_then(|number| u32::try_from(number).ok())
    }

    /// A Boolean, or a string that contains one.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The value in the form for messages, shortened if it is long.
    pub(super) fn shown(&self) -> String {
        match self.value {
            Value::String(text) => format!("\"{}\"", printable(text)),
            Value::Number(number) => number.to_string(),
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        }
    }
}

/// Whether a string is a template expression. If it is still there, [`template`](super::template) could not evaluate
/// it.
pub(super) fn is_expression(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[")
}

fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn whole_number(number: f64) -> Option<u64> {
    let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    whole.then_some(number as u64)
}

fn is_same_key(key: &str, name: &str) -> bool {
    let letters = |text: &str| {
        let letters = text.bytes().filter(|byte| *byte != b'_');
        letters
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    key.eq_ignore_ascii_case(name) || (key.contains('_') && letters(key) == letters(name))
}

fn joined(path: &str, name: &str) -> String {
    let name = printable(name);
    match path.is_empty() {
        true => name,
        false => format!("{path}.{name}"),
    }
}

/// A string from a file without control characters, shortened if it is long.
pub(super) fn printable(text: &str) -> String {
    const LONGEST: usize = 80;
    let clean = |part: &str| {
        part.chars()
            .map(|sign| if sign.is_control() { ' ' } else { sign })
            .collect::<String>()
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", clean(&text[..end])),
        None => clean(text),
    }
}
