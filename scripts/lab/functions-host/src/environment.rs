//! The environment the host and its handler see: this process's variables, then those of
//! `local.settings.json` that are not set already (Core Tools, `StartHostAction.cs`).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

/// Variables by name. What this process did not have itself is also listed in `added`, because a
/// child inherits the rest without our help, values that are not Unicode included.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    added: Vec<(String, String)>,
}

impl Environment {
    /// The process's environment completed by `local.settings.json` of the script root.
    pub(crate) fn load(script_root: &Path) -> anyhow::Result<Self> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut environment = Self {
            variables,
            added: Vec::new(),
        };
        let file = script_root.join("local.settings.json");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(environment),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", file.display()));
            }
        };
        let settings: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", file.display()))?;
        if settings.get("IsEncrypted").and_then(Value::as_bool) == Some(true) {
            bail!(
                "{} is encrypted, which only func can read; decrypt it with `func settings decrypt`",
                file.display()
            );
        }
        if let Some(values) = settings.get("Values").and_then(Value::as_object) {
            for (name, value) in values {
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                environment.add(name, &value);
            }
        }
        Ok(environment)
    }

    /// Sets a variable for the handler unless the environment has it already.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if std::env::var_os(name).is_none() && !self.variables.contains_key(name) {
            self.variables.insert(name.to_owned(), value.to_owned());
            self.added.push((name.to_owned(), value.to_owned()));
        }
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether a variable says yes: `1` or `true` in any case.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.var(name)
            .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The variables a child does not inherit by itself.
    pub(crate) fn added(&self) -> &[(String, String)] {
        &self.added
    }

    /// Replaces `%NAME%` by the variable's value. An unset name is dropped where `drop_unset`
    /// (arguments) and left as written elsewhere (the executable), as in `WorkerDescription.cs`
    /// and `DefaultWorkerProcessFactory.cs`.
    pub(crate) fn expand(&self, text: &str, drop_unset: bool) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('%') {
            let Some(length) = rest[start + 1..].find('%') else {
                break;
            };
            let name = &rest[start + 1..start + 1 + length];
            expanded.push_str(&rest[..start]);
            match self.var(name) {
                Some(value) if !name.is_empty() => expanded.push_str(value),
                _ if drop_unset && !name.is_empty() => {}
                _ => {
                    // The closing sign may open the next name.
                    expanded.push_str(&rest[start..start + 1 + length]);
                    rest = &rest[start + 1 + length..];
                    continue;
                }
            }
            rest = &rest[start + length + 2..];
        }
        expanded.push_str(rest);
        expanded
    }

    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            added: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn names_between_percent_signs_are_expanded() {
        let environment = Environment::of(&[("A", "1"), ("B", "")]);
        assert_eq!(environment.expand("x%A%y%B%z", true), "x1yz");
        assert_eq!(environment.expand("%NONE%/run", false), "%NONE%/run");
        assert_eq!(environment.expand("-%NONE%-", true), "--");
        assert_eq!(
            environment.expand("100% %A%", false),
            "100% %A%".replace("%A%", "1")
        );
        assert_eq!(environment.expand("50%", true), "50%");
    }
}
