//! `local.settings.json`: settings of an app on a developer's machine (Core Tools' `AppSettingsFile.cs` and
//! `HostStartSettings.cs`).

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::json::{self, boolean, lookup, port_number};

const FILE: &str = "local.settings.json";

/// The content of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocalSettings {
    /// Names and values: `Values`, then `ConnectionStrings`.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) host: LocalHost,
    /// Differences from Core Tools' treatment of this file.
    pub(crate) warnings: Vec<String>,
}

/// The section `Host`: the start options, unless the command line overrides them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalHost {
    /// `LocalHttpPort`: the port to listen on.
    pub port: Option<u16>,
    /// `CORS`: origins whose pages may call the app, separated by commas; `*` for all. Empty for none.
    pub cors: String,
    /// `CORSCredentials`: whether such pages may send cookies.
    pub cors_credentials: bool,
}

impl LocalSettings {
    /// Reads the file of a script root. An app without this file has no such settings.
    pub(crate) fn read(script_root: &Path) -> anyhow::Result<Self> {
        let file = script_root.join(FILE);
        let Some(settings) = json::read(&file)? else {
            return Ok(Self::default());
        };
        let mut warnings = Vec::new();
        let is_encrypted = match lookup(&settings, "IsEncrypted") {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("true"),
            _ => false,
        };
        if is_encrypted {
            bail!(
                "{} is encrypted, which only func can read; decrypt it with `func settings decrypt`",
                file.display()
            );
        }
        if lookup(&settings, "IsEncrypted").is_none() {
            // AppSettingsFile.cs
            warnings.push(format!(
                "{FILE} has no \"IsEncrypted\": func takes its values for encrypted and does not start; add \"IsEncrypted\": false"
            ));
        }
        // Members without a value are skipped.
        let mut variables: Vec<_> = members(&settings, "Values")
            .filter_map(|(name, value)| Some((name.clone(), plain(value)?)))
            .collect();
        for (name, value) in members(&settings, "ConnectionStrings") {
            // A text, or an object that also contains a provider (AppSettingsFile.cs).
            if let Some(text) = plain(lookup(value, "ConnectionString").unwrap_or(value)) {
                variables.push((format!("ConnectionStrings:{name}"), text));
            }
        }
        let host = lookup(&settings, "Host").filter(|host| !host.is_null());
        let host = host
            .map_or(Ok(LocalHost::default()), LocalHost::read)
            .with_context(|| format!("{} cannot be used", file.display()))?;
        Ok(Self {
            variables,
            host,
            warnings,
        })
    }
}

impl LocalHost {
    fn read(section: &Value) -> anyhow::Result<Self> {
        let port = match lookup(section, "LocalHttpPort") {
            None | Some(Value::Null) => None,
            Some(value) => Some(
                port_number(value)
                    .context("Host.LocalHttpPort must be a port number from 1 to 65535")?,
            ),
        };
        let cors = match lookup(section, "CORS") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => {
                bail!("Host.CORS is {other} but must be a string: origins separated by commas")
            }
        };
        Ok(Self {
            // StartHostAction.cs treats 0 as absent.
            port: port.filter(|port| *port > 0),
            cors,
            cors_credentials: boolean(section, "Host", "CORSCredentials")?,
        })
    }
}

/// The members of a section; empty if there is no such section.
fn members<'a>(
    settings: &'a Value,
    section: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    lookup(settings, section)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// A value as the text of a variable.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_section_host_is_read_as_core_tools_reads_it() {
        for (section, expected) in [
            (json!({}), (None, "", false)),
            (
                json!({ "LocalHttpPort": 7072, "CORS": "*", "CORSCredentials": true }),
                (Some(7072), "*", true),
            ),
            (
                json!({ "localhttpport": "7073", "cors": null, "CORSCredentials": "False" }),
                (Some(7073), "", false),
            ),
            (json!({ "LocalHttpPort": 0 }), (None, "", false)),
        ] {
            let host = LocalHost::read(&section).expect("valid");
            assert_eq!(
                (host.port, host.cors.as_str(), host.cors_credentials),
                expected,
                "{section}"
            );
        }
        for wrong in [
            json!({ "LocalHttpPort": 65536 }),
            json!({ "LocalHttpPort": "x" }),
            json!({ "CORS": ["*"] }),
            json!({ "CORSCredentials": 1 }),
        ] {
            assert!(LocalHost::read(&wrong).is_err(), "{wrong}");
        }
    }
}
