//! The environment of the host and its handler: this process's variables, and those of `local.settings.json` that are
//! not yet set (Core Tools, `StartHostAction.cs`).

use std::collections::BTreeMap;
use std::path::Path;

use super::local_settings::LocalSettings;

/// The flag of apps that host an MCP server as a custom handler.
const MCP_PREVIEW: &str = "EnableMcpCustomHandlerPreview";

/// Variables by name. `added` also lists those that this process did not have. A child process inherits the others by
/// itself, including values that are not Unicode.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    added: Vec<(String, String)>,
}

impl Environment {
    /// The process's environment, completed by `local.settings.json`.
    pub(crate) fn load(script_root: &Path, settings: &LocalSettings) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut environment = Self {
            variables,
            added: Vec::new(),
        };
        // Program.cs
        environment.set("FUNCTIONS_CORETOOLS_ENVIRONMENT", "true");
        // These take precedence over the file (StartHostAction.cs, GetConfigurationSettings).
        environment.add("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
        environment.add("AzureWebJobsScriptRoot", &script_root.display().to_string());
        for (name, value) in &settings.variables {
            environment.add(name, value);
        }
        // StartHostAction.cs, UpdateEnvironmentVariables: for every runtime in the settings.
        let flags = environment
            .var("AzureWebJobsFeatureFlags")
            .unwrap_or_default();
        if flags
            .split(',')
            .any(|flag| flag.trim().eq_ignore_ascii_case(MCP_PREVIEW))
        {
            environment.set("FUNCTIONS_WORKER_RUNTIME", "custom");
        }
        environment
    }

    /// Sets a variable for the handler unless the environment already has a value for it.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let is_set = std::env::var_os(name).is_some_and(|value| !value.is_empty())
            || self.var(name).is_some_and(|value| !value.is_empty());
        if !is_set {
            self.set(name, value);
        }
    }

    /// Sets a variable for the handler, even if the environment has a value for it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
        self.added.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether a variable is `1` or `true`, in any case.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.var(name)
            .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The variables that a child process does not inherit by itself.
    pub(crate) fn added(&self) -> &[(String, String)] {
        &self.added
    }

    /// Replaces `%NAME%` by the variable's value and leaves unset names as written, as .NET's
    /// `Environment.ExpandEnvironmentVariables` does.
    pub(crate) fn expand(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('%') {
            let Some(length) = rest[start + 1..].find('%') else {
                break;
            };
            let end = start + 1 + length;
            expanded.push_str(&rest[..start]);
            match self.var(&rest[start + 1..end]) {
                Some(value) => {
                    expanded.push_str(value);
                    rest = &rest[end + 1..];
                }
                None => {
                    // The closing sign may be the beginning of the next name.
                    expanded.push_str(&rest[start..end]);
                    rest = &rest[end..];
                }
            }
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
        for (text, expanded) in [
            ("x%A%y%B%z", "x1yz"),
            ("%NONE%/run", "%NONE%/run"),
            ("%NONE%A%", "%NONE1"),
            ("100% %A%", "100% 1"),
            ("50%", "50%"),
            ("%%A%%", "%1%"),
        ] {
            assert_eq!(environment.expand(text), expanded);
        }
    }
}
