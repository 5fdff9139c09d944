//! A value in a rule file together with its path, so that every complaint names the place.

use serde_json::{Map, Value};

use super::duration;
use super::parse_error::ParseError;
use std::time::Duration;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    /// A complaint about this place.
    pub(super) fn refuse(&self, problem: impl Into<String>) -> ParseError {
        let problem = problem.into();
        ParseError {
            // Without a place to name, the sentence needs a subject.
            problem: if self.path.is_empty() {
                format!("it {problem}")
            } else {
                problem
            },
            path: self.path.clone(),
        }
    }

    /// A field; absent and null are the same to Azure. Fails where the value is no object.
    pub(super) fn field(&self, name: &str) -> Result<Option<Place<'a>>, ParseError> {
        let object = self.object()?;
        if let Some(value) = object.get(name) {
            return Ok((!value.is_null()).then(|| self.below(value, name)));
        }
        // Azure takes any case, but exports this one; a field quietly passed over would change what the rules do.
        match object.keys().find(|key| key.eq_ignore_ascii_case(name)) {
            Some(key) => Err(self
                .below(&object[key], key)
                .refuse(format!("is written `{name}`"))),
            None => Ok(None),
        }
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &str, accepted: &str) -> Result<Place<'a>, ParseError> {
        match self.field(name)? {
            Some(place) => Ok(place),
            None => Err(self
                .below(self.value, name)
                .refuse(format!("is missing; accepted: {accepted}"))),
        }
    }

    /// Refuses fields of other names than these, which would be passed over in silence.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), ParseError> {
        let unknown = |key: &&String| !names.contains(&key.as_str());
        let Some(key) = self.object()?.keys().find(unknown) else {
            return Ok(());
        };
        let problem = match names.iter().find(|name| key.eq_ignore_ascii_case(name)) {
            Some(name) => format!("is written `{name}`"),
            None => format!(
                "is no field of the schema here; accepted: {}",
                names.join(", ")
            ),
        };
        Err(self.below(self.value, key).refuse(problem))
    }

    fn object(&self) -> Result<&'a Map<String, Value>, ParseError> {
        match self.value {
            Value::Object(object) => Ok(object),
            other => Err(self.refuse(format!("is {}, where an object is wanted", kind(other)))),
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<Place<'a>>, ParseError> {
        let Value::Array(items) = self.value else {
            return Err(self.refuse(format!("is {}, where a list is wanted", kind(self.value))));
        };
        let place = |(index, value)| Place {
            value,
            path: format!("{}[{index}]", self.path),
        };
        Ok(items.iter().enumerate().map(place).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, ParseError> {
        match self.value {
            Value::String(text) => Ok(text),
            other => Err(self.refuse(format!("is {}, where a text is wanted", kind(other)))),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, ParseError> {
        self.value.as_bool().ok_or_else(|| {
            self.refuse(format!("is {}; accepted: true or false", shown(self.value)))
        })
    }

    /// A number, or the text of one.
    pub(super) fn number(&self) -> Result<f64, ParseError> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| {
            self.refuse(format!(
                "is {}, where a number is wanted",
                shown(self.value)
            ))
        })
    }

    /// A whole number within bounds, or the text of one: the schema's counts are texts.
    pub(super) fn count(&self, least: u32, most: u32) -> Result<u32, ParseError> {
        let number = match self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()
            }
            _ => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                self.refuse(format!(
                    "is {}; accepted: a whole number from {least} to {most}",
                    shown(self.value)
                ))
            })
    }

    /// A duration within bounds.
    pub(super) fn duration(&self, least: &str, most: &str) -> Result<Duration, ParseError> {
        let bound = |text| duration::parse(text).expect("a bound is a duration");
        duration::parse(self.text()?)
            .filter(|duration| (bound(least)..=bound(most)).contains(duration))
            .ok_or_else(|| {
                let accepted = format!(
                    "an ISO 8601 duration from {least} to {most}, such as PT5M for five minutes"
                );
                self.refuse(format!("is {}; accepted: {accepted}", shown(self.value)))
            })
    }

    /// One of these names, in any case.
    pub(super) fn one_of<T: Copy>(&self, names: &[(&'static str, T)]) -> Result<T, ParseError> {
        let text = self.text()?;
        match names
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            Some((_, value)) => Ok(*value),
            None => {
                let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                Err(self.refuse(format!(
                    "is {}; accepted: {}",
                    shown(self.value),
                    names.join(", ")
                )))
            }
        }
    }

    fn below(&self, value: &'a Value, name: &str) -> Place<'a> {
        let name = cut(name);
        let path = if self.path.is_empty() {
            name
        } else {
            format!("{}.{name}", self.path)
        };
        Place { value, path }
    }
}

/// A value as a complaint shows it, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with('[') => {
            format!("the template expression {}", cut(text))
        }
        Value::String(text) => format!("\"{}\"", cut(text)),
        Value::Number(number) => number.to_string(),
        other => kind(other).to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn cut(text: &str) -> String {
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
