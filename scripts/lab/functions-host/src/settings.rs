//! `host.json` with the overrides of the environment, reduced to the parts that the host uses.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::configuration::{known_keys, names, overlay, timespan};
use super::environment::Environment;
use super::extension_bundle::ExtensionBundle;
use super::handler_options::HandlerOptions;
use super::json::{self, lookup, switch};
use super::throttle::Limits;
use super::watched::Watched;
use super::{profile, worker_runtime};

/// Kestrel's limit as set by the host: 100 MiB (`ScriptConstants.cs`).
const BODY_LIMIT: u64 = 104_857_600;

/// The members of `extensions.http` (`HttpOptions.cs`).
const HTTP_KEYS: [&str; 6] = [
    "routePrefix",
    "maxConcurrentRequests",
    "maxOutstandingRequests",
    "dynamicThrottlesEnabled",
    "customHeaders",
    "hsts",
];

/// The settings in `host.json`.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) handler: HandlerOptions,
    pub(crate) extension_bundle: Option<ExtensionBundle>,
    /// The functions to load; `None` for all.
    pub(crate) functions: Option<Vec<String>>,
    pub(crate) watched: Watched,
    /// Without slashes at its ends.
    pub(crate) route_prefix: String,
    /// Limits of the requests of each instance.
    pub(crate) limits: Option<Limits>,
    /// Added to responses that do not already have them.
    pub(crate) custom_headers: Vec<(HeaderName, HeaderValue)>,
    /// `None`: no limit.
    pub(crate) function_timeout: Option<Duration>,
    pub(crate) body_limit: u64,
    /// Whether an unmatched `/` returns a page or 204.
    pub(crate) homepage: bool,
    /// Messages for the user about problems that the host ignores silently.
    pub(crate) warnings: Vec<String>,
}

/// Advice on how to specify a function app.
pub(super) const FOLDER: &str =
    "name the folder with host.json and the function folders in --script-root";

impl Settings {
    pub(crate) fn read(script_root: &Path, environment: &Environment) -> anyhow::Result<Self> {
        let file = script_root.join("host.json");
        let host =
            json::read(&file)?.ok_or_else(|| anyhow!("{} is missing; {FOLDER}", file.display()))?;
        Self::from_json(host, script_root, environment)
            .with_context(|| format!("{} cannot be used", file.display()))
    }

    fn from_json(
        mut host: Value,
        script_root: &Path,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        if !host.is_object() {
            bail!("it must contain a JSON object");
        }
        // The version is read only from the file (HostJsonFileConfigurationSource.cs).
        match host.get("version") {
            Some(Value::String(version)) if version == "2.0" => {}
            Some(other) => bail!("its \"version\" is {other} but must be exactly \"2.0\""),
            None => bail!("it needs \"version\": \"2.0\""),
        }
        let mut warnings = Vec::new();
        let profile = profile::apply(&mut host, environment, &mut warnings)?;
        overlay(&mut host, environment);
        if lookup(&host, "languageWorkers").is_some() {
            warnings.push(
                "host.json: languageWorkers is ignored; it is about the workers of other runtimes, and a custom handler has none"
                    .to_owned(),
            );
        }
        let handler = HandlerOptions::read(&host, script_root, environment, &mut warnings)?;
        let has_routes = !handler.routes.is_empty();
        worker_runtime::check(profile, has_routes, environment, &mut warnings)?;

        let http = lookup(&host, "extensions").and_then(|extensions| lookup(extensions, "http"));
        if let Some(http) = http {
            known_keys(http, "extensions.http", &HTTP_KEYS, &mut warnings)?;
            // The counters of PerformanceCountersExceeded (HostPerformanceManager.cs) only exist on Windows.
            if switch(http, "extensions.http", "dynamicThrottlesEnabled")? == Some(true) {
                warnings.push(
                    "host.json: extensions.http.dynamicThrottlesEnabled is not applied by lab up; it has an effect only on Windows"
                        .to_owned(),
                );
            }
        }
        let route_prefix = match http.and_then(|http| lookup(http, "routePrefix")) {
            None => "api",
            Some(Value::String(prefix)) => prefix,
            Some(_) => bail!("extensions.http.routePrefix must be a string"),
        };
        let custom_headers = http
            .and_then(|http| lookup(http, "customHeaders"))
            .map_or(Ok(Vec::new()), custom_headers)?;

        Ok(Self {
            handler,
            extension_bundle: ExtensionBundle::read(&host),
            functions: names(&host, "functions")?.filter(|names| !names.is_empty()),
            watched: Watched::read(&host)?,
            limits: http.map_or(Ok(None), Limits::read)?,
            route_prefix: route_prefix.trim_matches('/').to_owned(),
            custom_headers,
            function_timeout: match lookup(&host, "functionTimeout") {
                // The default of Premium and Dedicated plans (ScriptJobHostOptionsSetup.cs).
                None => Some(Duration::from_secs(30 * 60)),
                Some(Value::String(text)) if text == "-1" => None,
                Some(value) => Some(timespan(value).context("functionTimeout")?),
            },
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
                    anyhow!("extensions.http.customHeaders: {name:?} is not a header name")
                })?,
                text.parse().map_err(|_| {
                    anyhow!("extensions.http.customHeaders.{name} is not a header value")
                })?,
            ))
        })
        .collect()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
