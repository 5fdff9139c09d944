//! Reads JSON as .NET configuration does: keys in any case, with overrides by variables.

use std::cmp::Ordering;
use std::time::Duration;

use anyhow::{anyhow, bail};
use serde_json::{Map, Value};
use strsim::levenshtein;

use super::environment::Environment;
use super::json::lookup;

/// The section of variables that override `host.json` (`ScriptConstants.cs`).
const SECTION: &str = "AzureFunctionsJobHost:";

/// .NET configuration ignores unknown keys without a message, so a misspelt switch can change the protocol unnoticed.
/// A similar name is refused, any other one is reported.
pub(super) fn known_keys(
    section: &Value,
    path: &str,
    known: &[&str],
    warnings: &mut Vec<String>,
) -> anyhow::Result<()> {
    let members = section
        .as_object()
        .ok_or_else(|| anyhow!("{path} must be an object"))?;
    for key in members.keys() {
        if known.iter().any(|name| name.eq_ignore_ascii_case(key)) {
            continue;
        }
        let near = known
            .iter()
            .map(|name| {
                (
                    levenshtein(&name.to_ascii_lowercase(), &key.to_ascii_lowercase()),
                    name,
                )
            })
            .min();
        match near {
            Some((edits, name)) if edits <= name.len() / 3 => bail!(
                "{path}.{key} is not a setting of the host, which would ignore it; did you mean {name}?"
            ),
            _ => warnings.push(format!(
                "host.json: {path}.{key} is not a setting of the host; ignored"
            )),
        }
    }
    Ok(())
}

/// Overrides members with variables: `AzureFunctionsJobHost__a__b` or `AzureFunctionsJobHost:a:b` for `a.b`, and
/// `...__a__0` for the first member of the list `a`.
pub(super) fn overlay(host: &mut Value, environment: &Environment) {
    let mut overrides: Vec<(String, &str)> = environment
        .iter()
        .filter_map(|(name, value)| {
            let key = name.replace("__", ":");
            let section = key.get(..SECTION.len())?;
            section
                .eq_ignore_ascii_case(SECTION)
                .then(|| (key[SECTION.len()..].to_owned(), value))
        })
        .collect();
    overrides.sort_by(|(a, _), (b, _)| by_segment(a, b));
    for (key, value) in overrides {
        let path: Vec<&str> = key.split(':').collect();
        place(host, &path, value);
    }
}

/// The order of .NET's `ConfigurationKeyComparer`: numbers by value and before words.
fn by_segment(a: &str, b: &str) -> Ordering {
    let rank = |segment: &str| match segment.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, segment.to_ascii_lowercase()),
    };
    a.split(':').map(rank).cmp(b.split(':').map(rank))
}

pub(super) fn place(node: &mut Value, path: &[&str], value: &str) {
    let Some((first, rest)) = path.split_first() else {
        // A section keeps its members if it also has a value. A list keeps them if the value is blank text, which is
        // not a list (HttpWorkerOptionsSetup.cs, GetArgumentList).
        let is_kept = node.is_object() || (node.is_array() && value.trim().is_empty());
        if !is_kept {
            *node = Value::String(value.to_owned());
        }
        return;
    };
    if let Ok(index) = first.parse::<usize>() {
        if node.is_null() || node.as_str().is_some_and(|text| text.trim().is_empty()) {
            *node = Value::Array(Vec::new());
        }
        match node {
            Value::Array(items) => {
                let index = index.min(items.len());
                if index == items.len() {
                    items.push(Value::Null);
                }
                return place(&mut items[index], rest, value);
            }
            // The whole list as text takes precedence.
            Value::String(_) => return,
            _ => {}
        }
    }
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    let Value::Object(members) = node else { return };
    let key = members
        .keys()
        .find(|key| key.eq_ignore_ascii_case(first))
        .cloned()
        .unwrap_or_else(|| (*first).to_owned());
    place(members.entry(key).or_insert(Value::Null), rest, value);
}

/// A list of names at the top of `host.json`, if there is one.
pub(super) fn names(host: &Value, name: &str) -> anyhow::Result<Option<Vec<String>>> {
    let wrong = || anyhow!("{name} must be a list of names");
    match lookup(host, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => list
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect::<anyhow::Result<_>>()
            .map(Some),
        Some(_) => Err(wrong()),
    }
}

/// A .NET time span: `hh:mm:ss`, optionally with days and a fraction. As in .NET, a first number above 23 means days,
/// so `24:00:00` lasts 24 days.
pub(crate) fn timespan(value: &Value) -> anyhow::Result<Duration> {
    let parse = |text: &str| {
        let (days, clock) = match text.split_once('.') {
            Some((days, rest)) if rest.contains(':') => (Some(days), rest),
            _ => (None, text),
        };
        let parts: Vec<&str> = days.into_iter().chain(clock.split(':')).collect();
        let has_days = |first: &str| first.parse::<u64>().is_ok_and(|number| number > 23);
        let (days, hours, minutes, seconds) = match (days, parts.as_slice()) {
            (None, [first, hours, minutes]) if has_days(first) => (*first, *hours, *minutes, "0"),
            (None, [hours, minutes]) => ("0", *hours, *minutes, "0"),
            (None, [hours, minutes, seconds]) => ("0", *hours, *minutes, *seconds),
            (Some(_), [days, hours, minutes]) => (*days, *hours, *minutes, "0"),
            (_, [days, hours, minutes, seconds]) => (*days, *hours, *minutes, *seconds),
            _ => return None,
        };
        let hours: u64 = hours.parse().ok()?;
        let minutes: u64 = minutes.parse().ok()?;
        let seconds: f64 = seconds.parse().ok()?;
        if hours > 23 || minutes > 59 || !(0.0..60.0).contains(&seconds) {
            return None;
        }
        let days = days.parse::<u64>().ok()?.checked_mul(86_400)?;
        let whole = days.checked_add(hours * 3600 + minutes * 60)?;
        Duration::from_secs(whole).checked_add(Duration::from_secs_f64(seconds))
    };
    value
        .as_str()
        .and_then(parse)
        .filter(|span| !span.is_zero())
        .ok_or_else(|| anyhow!("it is {value} but must be a time span such as \"00:00:30\""))
}
