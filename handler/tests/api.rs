//! The router is the only list of endpoints: the function folders and the API's description come from it.
//!
//! A program of its own, so that it is built in seconds after a change of the routes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What writes the folders and the snapshot again.
const UPDATE: &str = "INSTA_UPDATE=always cargo test --profile quick --test api";

/// In this order they stand in a function's binding.
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn read(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn description() -> Value {
    serde_json::from_str(&handler::http::openapi().to_json().unwrap()).unwrap()
}

#[derive(Debug)]
struct Function {
    route: String,
    methods: Vec<&'static str>,
    auth: &'static str,
}

/// The HTTP functions of the router, by name, which is the operation's id. A second operation of a path belongs to the
/// function with whose name its id begins: `StressByQuery` to `Stress`.
fn functions() -> BTreeMap<String, Function> {
    let mut functions: BTreeMap<String, Function> = BTreeMap::new();
    let description = description();
    for (path, item) in description["paths"].as_object().unwrap() {
        // The page and its files, whose paths the description does not list.
        let route = match path.as_str() {
            "/" => "{*path}",
            path => &path[1..],
        };
        let operations = || {
            METHODS
                .iter()
                .filter_map(|method| Some((*method, item.get(method)?)))
        };
        let ids: BTreeSet<&str> = operations().map(|(_, operation)| id(operation)).collect();
        let name_of = |operation: &Value| {
            *ids.iter()
                .find(|other| id(operation).starts_with(**other))
                .unwrap()
        };
        for (method, operation) in operations() {
            let name = name_of(operation);
            let auth = match operation.get("security") {
                Some(_) => "function",
                None => "anonymous",
            };
            let function = functions
                .entry(name.to_owned())
                .or_insert_with(|| Function {
                    route: route.to_owned(),
                    methods: Vec::new(),
                    auth,
                });
            assert_eq!(function.route, route, "{name}: one path for each function");
            assert_eq!(
                function.auth, auth,
                "{name}: a key for all its methods or for none"
            );
            if !function.methods.contains(&method) {
                function.methods.push(method);
            }
        }
        // Preflights of pages from other origins, which CORS_ORIGINS lets in: once for each path.
        if path.starts_with("/api/") {
            let (_, first) = operations().next().unwrap();
            functions
                .get_mut(name_of(first))
                .unwrap()
                .methods
                .push("options");
        }
    }
    functions
}

fn id(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap()
}

impl Function {
    /// Its function.json.
    fn definition(&self) -> String {
        let Self {
            route,
            methods,
            auth,
        } = self;
        let methods: Vec<String> = methods
            .iter()
            .map(|method| format!("        \"{method}\""))
            .collect();
        let methods = methods.join(",\n");
        format!(
            r#"{{
  "bindings": [
    {{
      "type": "httpTrigger",
      "direction": "in",
      "name": "req",
      "authLevel": "{auth}",
      "methods": [
{methods}
      ],
      "route": "{route}"
    }},
    {{
      "type": "http",
      "direction": "out",
      "name": "res"
    }}
  ]
}}
"#
        )
    }
}

/// The function folders of the project that have an HTTP trigger.
fn folders() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == "local.settings.json" {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let files: Vec<_> = std::fs::read_dir(entry.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(
            files,
            ["function.json"],
            "{name}: the host takes a second file for its script"
        );
        let text = std::fs::read_to_string(entry.path().join("function.json")).unwrap();
        if text.contains("\"httpTrigger\"") {
            found.insert(name, text);
        }
    }
    found
}

#[test]
fn the_function_folders_are_those_of_the_router() {
    let wanted: BTreeMap<String, String> = functions()
        .into_iter()
        .map(|(name, function)| (name, function.definition()))
        .collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        for name in folders().keys().filter(|name| !wanted.contains_key(*name)) {
            std::fs::remove_dir_all(root().join("functions").join(name)).unwrap();
        }
        for (name, definition) in &wanted {
            let folder = root().join("functions").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("function.json"), definition).unwrap();
        }
    }
    let present = folders();
    let differing: Vec<&String> = wanted
        .keys()
        .chain(present.keys())
        .filter(|name| wanted.get(*name) != present.get(*name))
        .collect();
    assert!(
        differing.is_empty(),
        "functions/ is not what the router says: {differing:?}; this writes it: {UPDATE}"
    );
}

#[test]
fn the_description_is_what_it_was() {
    let mut document = description();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    document["info"]["version"] = "[version]".into();
    insta::assert_json_snapshot!("openapi", document);
}

#[test]
fn the_host_takes_the_catch_all_last() {
    // It sorts names without regard to case and takes the first template that fits.
    let functions = functions();
    let last = functions.keys().max_by_key(|name| name.to_lowercase());
    assert_eq!(last.unwrap(), "WebApp");
    assert_eq!(functions["WebApp"].route, "{*path}");
    assert_eq!(
        functions["WebApp"].methods,
        ["get"],
        "another method would bypass keys"
    );
}

#[test]
fn the_stress_functions_require_a_key() {
    for name in ["Stress", "StopStress"] {
        assert_eq!(functions()[name].auth, "function", "{name}");
    }
}

#[test]
fn the_host_calls_two_functions_itself() {
    let functions = root().join("functions");
    let warmup = read(&functions.join("warmup/function.json"));
    assert_eq!(warmup["bindings"].as_array().unwrap().len(), 1);
    assert_eq!(warmup["bindings"][0]["type"], "warmupTrigger");
    let timer = read(&functions.join("Autoscale/function.json"));
    assert_eq!(timer["bindings"].as_array().unwrap().len(), 1);
    let timer = &timer["bindings"][0];
    assert_eq!(timer["type"], "timerTrigger");
    // A minute missed by a stopped host is not made up for: the next one compares anyway.
    assert_eq!(timer["useMonitor"], false);
    assert_eq!(timer["schedule"], "0 * * * * *");
}

#[test]
fn host_json_starts_the_handler_and_proxies() {
    let host = read(&root().join("host.json"));
    assert_eq!(host["version"], "2.0");
    // Packagers give the run bit only to the file that this names exactly.
    assert_eq!(
        host["customHandler"]["description"]["defaultExecutablePath"],
        "handler"
    );
    assert_eq!(host["customHandler"]["enableProxyingHttpRequest"], true);
    assert_eq!(host["extensions"]["http"]["routePrefix"], "");
    assert!(host.get("extensionBundle").is_none());
    let headers = host["extensions"]["http"]["customHeaders"]
        .as_object()
        .unwrap();
    assert_eq!(headers["X-Content-Type-Options"], "nosniff");
    // Longer than any answer may take (Azure's front end gives up at 230 s): at its end the host kills us.
    assert_eq!(host["functionTimeout"], "00:05:00");
}

#[test]
fn local_settings_let_func_start() {
    let settings = read(&root().join("functions/local.settings.json"));
    assert_eq!(settings["Values"]["FUNCTIONS_WORKER_RUNTIME"], "custom");
    assert_eq!(
        settings["Values"]["AzureWebJobsStorage"],
        "UseDevelopmentStorage=true"
    );
}
