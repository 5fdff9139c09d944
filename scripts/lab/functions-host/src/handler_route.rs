//! Routes of the handler in `host.json` that need no function folders: each counts as a function
//! (`HttpWorkerRoute.cs`, `HttpWorkerFunctionProvider.cs`).

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::configuration::known_keys;
use super::environment::Environment;
use super::function::{self, Function, Level};
use super::json::{lookup, string};

const KEYS: [&str; 2] = ["route", "authorizationLevel"];
/// `BuildAllHttpMethods`.
const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
];

/// One member of `customHandler.http.routes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandlerRoute {
    /// As in the file; empty if there is none.
    route: String,
    level: Level,
}

impl HandlerRoute {
    /// Reads the member at `path`. Its default level is `default`.
    pub(super) fn read(
        route: &Value,
        path: &str,
        default: Level,
        warnings: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        known_keys(route, path, &KEYS, warnings)?;
        Ok(Self {
            route: string(route, path, "route")?.unwrap_or_default().to_owned(),
            level: level(route, path, "authorizationLevel", default)?,
        })
    }

    /// The route in the form of a `function.json`.
    fn config(&self) -> Value {
        let level = match self.level {
            Level::Anonymous => "anonymous",
            Level::Function => "function",
            Level::Admin => "admin",
        };
        json!({ "bindings": [
            {
                "type": "httpTrigger",
                "authLevel": level,
                "direction": "in",
                "name": "req",
                "methods": METHODS,
                "route": self.route,
            },
            { "type": "http", "direction": "out", "name": "res" },
        ] })
    }
}

/// The functions of the routes, and one sentence for each invalid route.
pub(super) fn functions(
    routes: &[HandlerRoute],
    environment: &Environment,
) -> (Vec<Function>, Vec<String>) {
    let mut functions = Vec::new();
    let mut problems = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let name = format!("http-handler{}", index + 1);
        let function = if route.route.trim().is_empty() {
            Err(anyhow!(
                "its route is empty; the route of the root is {{*route}}"
            ))
        } else {
            function::parse(&name, route.config(), Path::new(""), environment)
        };
        match function {
            Ok(function) => functions.push(function),
            Err(error) => problems.push(format!(
                "The function {name} of customHandler.http.routes[{index}] is not loaded: {error:#}"
            )),
        }
    }
    function::sort(&mut functions);
    (functions, problems)
}

/// The authorization level in a member of a section.
pub(super) fn level(
    section: &Value,
    path: &str,
    name: &str,
    default: Level,
) -> anyhow::Result<Level> {
    match lookup(section, name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            let level = value.as_str().and_then(Level::named);
            level.with_context(|| {
                format!("{path}.{name} is {value} but must be anonymous, function or admin")
            })
        }
    }
}
