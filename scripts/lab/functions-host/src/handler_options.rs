//! The section of `host.json` about the handler: `customHandler`, or its predecessor `httpWorker`
//! (`HttpWorkerOptions.cs`, `HttpWorkerOptionsSetup.cs`).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;

use super::command::Description;
use super::configuration::{known_keys, timespan};
use super::environment::Environment;
use super::function::Level;
use super::handler_route::{HandlerRoute, level};
use super::json::{boolean, lookup, port_number};

const CUSTOM_HANDLER: &str = "customHandler";
const HTTP_WORKER: &str = "httpWorker";
const KEYS: [&str; 7] = [
    "description",
    "enableForwardingHttpRequest",
    "enableProxyingHttpRequest",
    "initializationTimeout",
    "type",
    "port",
    "http",
];
/// `WorkerDescription.cs`, `HttpWorkerDescription.cs`.
const DESCRIPTION_KEYS: [&str; 6] = [
    "defaultExecutablePath",
    "arguments",
    "workingDirectory",
    "workerDirectory",
    "defaultWorkerPath",
    "workerArguments",
];
/// `CustomHandlerHttpOptions.cs`, and [`DOCUMENTED_ONLY`].
const HTTP_KEYS: [&str; 3] = ["defaultAuthorizationLevel", "routes", DOCUMENTED_ONLY];
/// In Microsoft's documentation ("Self-hosted remote MCP server on Azure Functions"), but not in the host's source.
const DOCUMENTED_ONLY: &str = "enableProxying";

/// How requests of plain HTTP functions reach the handler (`DefaultHttpWorkerService.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpMode {
    /// As streams (`enableProxyingHttpRequest`).
    Proxying,
    /// Rebuilt, with a buffered response (`enableForwardingHttpRequest`).
    Forwarding,
    /// The same, but with the path `/FunctionName`, as with `httpWorker`.
    ForwardingToName,
    /// In the JSON protocol, like all other functions.
    Json,
}

/// The content of the section.
#[derive(Clone, Debug)]
pub(crate) struct HandlerOptions {
    pub(crate) description: Description,
    pub(crate) http_mode: HttpMode,
    /// `None`: a free port for each process.
    pub(crate) port: Option<u16>,
    pub(crate) initialization_timeout: Duration,
    /// Routes without function folders, in the order of the file.
    pub(crate) routes: Vec<HandlerRoute>,
}

impl HandlerOptions {
    pub(super) fn read(
        host: &Value,
        script_root: &Path,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        let (name, section) = section(host, warnings)?;
        let is_legacy = name == HTTP_WORKER;
        known_keys(section, name, &KEYS, warnings)?;
        let description = lookup(section, "description").ok_or_else(|| {
            anyhow!("{name} has no \"description\"; add description.defaultExecutablePath")
        })?;
        let description_path = format!("{name}.description");
        let known = [&DESCRIPTION_KEYS[..], &KEYS].concat();
        known_keys(description, &description_path, &known, warnings)?;
        for key in KEYS.iter().filter(|key| lookup(description, key).is_some()) {
            warnings.push(format!(
                "host.json: the host ignores {description_path}.{key}; it reads {name}.{key}"
            ));
        }
        if !is_legacy {
            check_type(section, warnings)?;
        }

        let proxying = boolean(section, name, "enableProxyingHttpRequest")?;
        let forwarding = boolean(section, name, "enableForwardingHttpRequest")?;
        let http_mode = match (proxying, forwarding) {
            (true, _) => HttpMode::Proxying,
            _ if is_legacy => HttpMode::ForwardingToName,
            (false, true) => HttpMode::Forwarding,
            (false, false) => HttpMode::Json,
        };
        Ok(Self {
            description: Description::read(description, script_root, environment)?,
            http_mode,
            port: port(section, name)?,
            initialization_timeout: lookup(section, "initializationTimeout")
                .map_or(Ok(Duration::from_secs(30)), timespan)
                .with_context(|| format!("{name}.initializationTimeout"))?,
            routes: routes(section, name, warnings)?,
        })
    }
}

/// The section that applies, and its name.
fn section<'a>(
    host: &'a Value,
    warnings: &mut Vec<String>,
) -> anyhow::Result<(&'static str, &'a Value)> {
    match (lookup(host, CUSTOM_HANDLER), lookup(host, HTTP_WORKER)) {
        (Some(section), legacy) => {
            if legacy.is_some() {
                warnings.push(
                    "host.json has both customHandler and its predecessor httpWorker; customHandler is used"
                        .to_owned(),
                );
            }
            Ok((CUSTOM_HANDLER, section))
        }
        (None, Some(section)) => {
            warnings.push(
                "host.json: httpWorker is the predecessor of customHandler and will be removed from the host; rename it. \
                 Requests then keep their paths, if enableForwardingHttpRequest is true"
                    .to_owned(),
            );
            Ok((HTTP_WORKER, section))
        }
        (None, None) => bail!(
            "it has no \"customHandler\" section, so there is no handler to start; add customHandler.description.defaultExecutablePath"
        ),
    }
}

/// `CustomHandlerType.cs`.
fn check_type(section: &Value, warnings: &mut Vec<String>) -> anyhow::Result<()> {
    match lookup(section, "type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind.is_empty() || kind.eq_ignore_ascii_case("http") => {}
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("none") => warnings.push(
            "host.json: customHandler.type \"none\" is not supported; \"http\" is used".to_owned(),
        ),
        Some(other) => bail!("customHandler.type is {other} but must be \"http\""),
    }
    Ok(())
}

fn port(section: &Value, name: &str) -> anyhow::Result<Option<u16>> {
    match lookup(section, "port") {
        None | Some(Value::Null) => Ok(None),
        // Validate refuses 0.
        Some(value) => match port_number(value).filter(|port| *port > 0) {
            Some(port) => Ok(Some(port)),
            None => bail!(
                "{name}.port is {value} but must be a port number from 1 to 65535; without it the host picks a free one"
            ),
        },
    }
}

fn routes(
    section: &Value,
    name: &str,
    warnings: &mut Vec<String>,
) -> anyhow::Result<Vec<HandlerRoute>> {
    let path = format!("{name}.http");
    let Some(http) = lookup(section, "http").filter(|http| !http.is_null()) else {
        return Ok(Vec::new());
    };
    known_keys(http, &path, &HTTP_KEYS, warnings)?;
    if let Some(proxying) = lookup(http, DOCUMENTED_ONLY) {
        warnings.push(format!(
            "host.json: {path}.{DOCUMENTED_ONLY} ({proxying}) is in Microsoft's documentation, but the host ignores it; set {name}.enableProxyingHttpRequest"
        ));
    }
    let default = level(http, &path, "defaultAuthorizationLevel", Level::Function)?;
    let list = match lookup(http, "routes") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => {
            bail!("{path}.routes must be a list of objects such as {{\"route\": \"{{*route}}\"}}")
        }
    };
    list.iter()
        .enumerate()
        .map(|(index, route)| {
            HandlerRoute::read(route, &format!("{path}.routes[{index}]"), default, warnings)
        })
        .collect()
}
