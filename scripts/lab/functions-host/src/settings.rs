//! `host.json` with the environment laid over it, reduced to what the host acts on.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::command::Description;
use super::configuration::{boolean, known_keys, lookup, overlay, timespan};
use super::environment::Environment;
use super::json;

/// Kestrel's limit as the host sets it: 100 MiB (`ScriptConstants.cs`).
const BODY_LIMIT: u64 = 104_857_600;
/// What the `customHandler` section knows (`HttpWorkerOptions.cs`).
const HANDLER_KEYS: [&str; 6] = [
    "description",
    "enableForwardingHttpRequest",
    "enableProxyingHttpRequest",
    "initializationTimeout",
    "port",
    "http",
];
/// What its `description` knows (`WorkerDescription.cs`, `HttpWorkerDescription.cs`).
const DESCRIPTION_KEYS: [&str; 6] = [
    "defaultExecutablePath",
    "arguments",
    "workingDirectory",
    "workerDirectory",
    "defaultWorkerPath",
    "workerArguments",
];

/// What `extensions.http` knows (`HttpOptions.cs`).
const HTTP_KEYS: [&str; 6] = [
    "routePrefix",
    "maxConcurrentRequests",
    "maxOutstandingRequests",
    "dynamicThrottlesEnabled",
    "customHeaders",
    "hsts",
];

/// How requests of plain HTTP functions reach the handler (`DefaultHttpWorkerService.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpMode {
    /// As streams (`enableProxyingHttpRequest`).
    Proxying,
    /// Rebuilt, with a buffered response (`enableForwardingHttpRequest`).
    Forwarding,
    /// In the JSON protocol, as all other functions.
    Json,
}

/// What `host.json` asks for.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) description: Description,
    pub(crate) http_mode: HttpMode,
    /// Without slashes at its ends.
    pub(crate) route_prefix: String,
    /// Added to answers that do not carry them already.
    pub(crate) custom_headers: Vec<(HeaderName, HeaderValue)>,
    /// None: unbounded.
    pub(crate) function_timeout: Option<Duration>,
    pub(crate) initialization_timeout: Duration,
    pub(crate) body_limit: u64,
    /// Whether an unmatched `/` shows a page or 204.
    pub(crate) homepage: bool,
    /// What a user should know although the host would go on silently.
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    pub(crate) fn read(script_root: &Path, environment: &Environment) -> anyhow::Result<Self> {
        let file = script_root.join("host.json");
        let host = json::read(&file)?.ok_or_else(|| {
            anyhow!(
                "{} is missing; point --script-root at an assembled function app (scripts/run makes target/app)",
                file.display()
            )
        })?;
        Self::from_json(host, script_root, environment)
            .with_context(|| format!("{} cannot be used", file.display()))
    }

    fn from_json(
        mut host: Value,
        script_root: &Path,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        if !host.is_object() {
            bail!("it must hold a JSON object");
        }
        // The version is read from the file alone (HostJsonFileConfigurationSource.cs).
        match host.get("version") {
            Some(Value::String(version)) if version == "2.0" => {}
            Some(other) => bail!("its \"version\" is {other} but must be exactly \"2.0\""),
            None => bail!("it needs \"version\": \"2.0\""),
        }
        overlay(&mut host, environment);

        let mut warnings = Vec::new();
        let section = match (lookup(&host, "customHandler"), lookup(&host, "httpWorker")) {
            (Some(handler), legacy) => {
                if legacy.is_some() {
                    warnings.push(
                        "host.json has both customHandler and the old httpWorker; customHandler is used".to_owned(),
                    );
                }
                handler
            }
            (None, Some(_)) => {
                bail!("it has the old \"httpWorker\" section; rename it to \"customHandler\"")
            }
            (None, None) => bail!(
                "it has no \"customHandler\" section, so there is no handler to start; add customHandler.description.defaultExecutablePath"
            ),
        };
        known_keys(section, "customHandler", &HANDLER_KEYS, &mut warnings)?;
        let description = lookup(section, "description").ok_or_else(|| {
            anyhow!("customHandler has no \"description\"; add description.defaultExecutablePath")
        })?;
        known_keys(
            description,
            "customHandler.description",
            &DESCRIPTION_KEYS,
            &mut warnings,
        )?;

        let proxying = boolean(section, "customHandler", "enableProxyingHttpRequest")?;
        let forwarding = boolean(section, "customHandler", "enableForwardingHttpRequest")?;
        let http_mode = match (proxying, forwarding) {
            (true, _) => HttpMode::Proxying,
            (false, true) => HttpMode::Forwarding,
            (false, false) => HttpMode::Json,
        };
        if lookup(section, "http").is_some() {
            bail!(
                "customHandler.http (routes without function.json) is not known to lab up; use function folders"
            );
        }
        if lookup(section, "port")
            .is_some_and(|port| !matches!(port, Value::Number(n) if n.as_u64() == Some(0)))
        {
            bail!("customHandler.port is not known to lab up, which picks a free port; remove it");
        }

        let http = lookup(&host, "extensions").and_then(|extensions| lookup(extensions, "http"));
        if let Some(http) = http {
            known_keys(http, "extensions.http", &HTTP_KEYS, &mut warnings)?;
            for limit in ["maxConcurrentRequests", "maxOutstandingRequests"] {
                if lookup(http, limit)
                    .and_then(Value::as_i64)
                    .is_some_and(|limit| limit >= 0)
                {
                    warnings.push(format!(
                        "host.json: extensions.http.{limit} is not applied by lab up"
                    ));
                }
            }
        }
        let route_prefix = http.and_then(|http| lookup(http, "routePrefix")).map_or(
            Ok("api".to_owned()),
            |prefix| {
                prefix
                    .as_str()
                    .map(|text| text.trim_matches('/').to_owned())
                    .ok_or_else(|| anyhow!("extensions.http.routePrefix must be a string"))
            },
        )?;
        let custom_headers = http
            .and_then(|http| lookup(http, "customHeaders"))
            .map_or(Ok(Vec::new()), custom_headers)?;

        Ok(Self {
            description: Description::read(description, script_root, environment)?,
            http_mode,
            route_prefix,
            custom_headers,
            function_timeout: match lookup(&host, "functionTimeout") {
                // The default of Premium and Dedicated plans (ScriptJobHostOptionsSetup.cs).
                None => Some(Duration::from_secs(30 * 60)),
                Some(Value::String(text)) if text == "-1" => None,
                Some(value) => Some(timespan(value).context("functionTimeout")?),
            },
            initialization_timeout: lookup(section, "initializationTimeout")
                .map_or(Ok(Duration::from_secs(30)), timespan)
                .context("customHandler.initializationTimeout")?,
            body_limit: match environment.var("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT") {
                None | Some("") => BODY_LIMIT,
                Some(text) => text.parse().map_err(|_| {
                    anyhow!(
                        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not {text:?}"
                    )
                })?,
            },
            homepage: !environment.flag("AzureWebJobsDisableHomepage"),
            warnings,
        })
    }
}

fn custom_headers(value: &Value) -> anyhow::Result<Vec<(HeaderName, HeaderValue)>> {
    let members = value
        .as_object()
        .ok_or_else(|| anyhow!("extensions.http.customHeaders must be an object"))?;
    members
        .iter()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .ok_or_else(|| anyhow!("extensions.http.customHeaders.{name} must be a string"))?;
            Ok((
                name.parse().map_err(|_| {
                    anyhow!("extensions.http.customHeaders: {name:?} is no header name")
                })?,
                text.parse().map_err(|_| {
                    anyhow!("extensions.http.customHeaders.{name} holds no header value")
                })?,
            ))
        })
        .collect()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
