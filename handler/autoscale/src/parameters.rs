//! Values for the parameters of a template.

use serde_json::{Map, Value};

use crate::json::{self, cut, entry};
use crate::language;

/// Reads a parameter file of Azure Resource Manager (`{"parameters": {"minimum": {"value": 2}}}`), or an object of
/// plain values (`{"minimum": 2}`). A parameter from a key vault has no value here and is left out; this only matters
/// if an expression uses it.
///
/// # Errors
/// One sentence: the position at which the file is not JSON, or the command that creates JSON from it, or the entry
/// that has no value.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, String> {
    let value = json::parse(text).map_err(|error| {
        let compiled_first = language::language_of(None, text);
        compiled_first.map_or(error, str::to_owned)
    })?;
    let Value::Object(root) = value else {
        return Err(
            "it is not an object; accepted: a parameter file, or an object such as {\"minimum\": 2}"
                .to_owned(),
        );
    };
    let Some((_, Value::Object(entries))) = entry(&root, "parameters") else {
        // `az` also accepts the entries without the `parameters` level.
        let plain = |(name, value): (String, Value)| {
            let wrapped = value.as_object().filter(|fields| fields.len() == 1);
            let inner = wrapped.and_then(|fields| entry(fields, "value"));
            let inner = inner.map(|(_, inner)| inner.clone());
            (name, inner.unwrap_or(value))
        };
        return Ok(root.into_iter().map(plain).collect());
    };
    let mut values = Map::new();
    for (name, fields) in entries {
        let value = |key| fields.as_object().and_then(|fields| entry(fields, key));
        if let Some((_, value)) = value("value") {
            values.insert(name.clone(), value.clone());
        } else if value("reference").is_none() {
            let name = cut(name);
            return Err(format!(
                "parameters.{name} has no value; accepted: {{\"value\": ...}}"
            ));
        }
    }
    Ok(values)
}
