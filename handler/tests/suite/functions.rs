//! The function folders, host.json, the router, and the API's description must match.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::Backend;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const ALL_METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

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

#[derive(Debug)]
struct Function {
    route: String,
    methods: BTreeSet<String>,
    auth: String,
}

/// Every HTTP function by name. Also checks what the host requires of each folder.
fn functions() -> BTreeMap<String, Function> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_type().unwrap().is_dir() {
            assert_eq!(
                entry.file_name(),
                "local.settings.json",
                "only folders and the local settings"
            );
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
            "a second file in {name} would become its script"
        );
        let definition = read(&entry.path().join("function.json"));
        let bindings = definition["bindings"].as_array().unwrap();
        if bindings[0]["type"] == "warmupTrigger" {
            assert_eq!(name, "warmup");
            assert_eq!(bindings.len(), 1);
            continue;
        }
        if bindings[0]["type"] == "timerTrigger" {
            assert_eq!(name, "Autoscale");
            // A minute that was missed while the host was stopped is not made up, because the next run compares the
            // count anyway.
            assert_eq!(bindings[0]["useMonitor"], false);
            assert_eq!(bindings[0]["schedule"], "0 * * * * *");
            assert_eq!(bindings.len(), 1);
            continue;
        }
        // Exactly one trigger and one output, because the host does not proxy anything else.
        assert_eq!(bindings.len(), 2, "{name}");
        assert_eq!(bindings[0]["type"], "httpTrigger", "{name}");
        assert_eq!(bindings[0]["direction"], "in", "{name}");
        assert_eq!(
            bindings[1],
            json!({"type": "http", "direction": "out", "name": "res"}),
            "{name}"
        );
        let methods = bindings[0]["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m.as_str().unwrap().to_owned());
        found.insert(
            name,
            Function {
                route: bindings[0]["route"].as_str().unwrap().to_owned(),
                methods: methods.collect(),
                auth: bindings[0]["authLevel"].as_str().unwrap().to_owned(),
            },
        );
    }
    found
}

/// The routes of the functions with their methods. OPTIONS is listed for preflight requests, which depend on a
/// setting.
fn by_route() -> BTreeMap<String, BTreeSet<String>> {
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for function in functions().into_values() {
        let path = if function.route == "{*path}" {
            "/".to_owned()
        } else {
            format!("/{}", function.route)
        };
        routes.entry(path).or_default().extend(
            function
                .methods
                .into_iter()
                .filter(|method| method != "options"),
        );
    }
    routes
}

#[test]
fn the_catch_all_route_sorts_last() {
    // The host sorts names without regard to case, and uses the first matching template.
    let functions = functions();
    let last = functions
        .keys()
        .map(|name| name.to_lowercase())
        .max()
        .unwrap();
    assert_eq!(last, "webapp");
    assert_eq!(functions["WebApp"].route, "{*path}");
    assert_eq!(
        functions["WebApp"].methods,
        BTreeSet::from(["get".to_owned()]),
        "another method would bypass the keys"
    );
    assert!(
        functions
            .iter()
            .all(|(name, function)| name == "WebApp" || !function.route.contains('{'))
    );
}

#[test]
fn only_stress_requires_a_key() {
    for (name, function) in functions() {
        let wanted = if name.contains("Stress") {
            "function"
        } else {
            "anonymous"
        };
        assert_eq!(function.auth, wanted, "{name}");
    }
}

#[test]
fn the_description_has_the_same_routes_methods_and_keys() {
    let document: Value =
        serde_json::from_str(&handler::http::openapi().to_json().unwrap()).unwrap();
    let mut described: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !ALL_METHODS.contains(&method.as_str()) {
                continue;
            }
            described
                .entry(path.clone())
                .or_default()
                .insert(method.clone());
            let auth = functions()
                .into_values()
                .find(|function| {
                    format!("/{}", function.route) == *path && function.methods.contains(method)
                })
                .map_or_else(|| "anonymous".to_owned(), |function| function.auth);
            assert_eq!(
                operation.get("security").is_some(),
                auth == "function",
                "{method} {path}"
            );
        }
    }
    assert_eq!(described, by_route());
}

#[tokio::test]
async fn the_router_accepts_the_same_routes_and_methods() {
    let backend = Backend::sqlite();
    let app = backend.instance(&["--stress-max-seconds", "0.1"]).await;
    for (path, listed) in by_route() {
        let mut taken = BTreeSet::new();
        for method in ALL_METHODS {
            let answer = app
                .call(
                    Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                    &path,
                )
                .await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path}");
            if answer.status != StatusCode::METHOD_NOT_ALLOWED {
                taken.insert(method.to_owned());
            }
        }
        // The host forwards HEAD only if it is listed. The handler would respond to it as to GET.
        if !listed.contains("head") && path != "/api/stress" && listed.contains("get") {
            taken.remove("head");
        }
        assert_eq!(taken, listed, "{path}");
    }
    app.stop().await;
}

#[test]
fn host_json_starts_the_handler_and_proxies() {
    let host = read(&root().join("host.json"));
    assert_eq!(host["version"], "2.0");
    // Packagers set the executable bit only on the file with exactly this name.
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
    // Longer than any response may take (Azure's front end gives up after 230 s). At this timeout the host kills the
    // process.
    assert_eq!(host["functionTimeout"], "00:05:00");
}

#[test]
fn local_settings_suit_func_start() {
    let settings = read(&root().join("functions/local.settings.json"));
    assert_eq!(settings["Values"]["FUNCTIONS_WORKER_RUNTIME"], "custom");
    assert_eq!(
        settings["Values"]["AzureWebJobsStorage"],
        "UseDevelopmentStorage=true"
    );
}
