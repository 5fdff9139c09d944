//! Configuration profiles, the handler's own routes, its port and its type.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::Root;

/// A root with this `host.json` and the probe handler.
fn root(host: &Value) -> Root {
    let root = Root::bare();
    let mut host = host.clone();
    host["version"] = "2.0".into();
    host["customHandler"]["description"] = json!({ "defaultExecutablePath": "handler" });
    root.host(&host);
    root
}

/// `HttpWorkerFunctionProviderTests.cs`, `GetFunctionMetadataAsync_MixedSources_Throws`.
#[test]
fn folders_beside_routes_are_refused() {
    for host in [
        json!({ "configurationProfile": "web-app-custom-handler" }),
        json!({ "customHandler": { "http": { "routes": [{ "route": "a" }] } } }),
    ] {
        let root = root(&host);
        root.warmup();
        let (code, printed) = root.refused(&[]);
        assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
        assert!(
            printed.contains("the function folder warmup and also routes in host.json"),
            "{printed}"
        );
    }
}

#[test]
fn unknown_values_are_refused_with_the_known_ones() {
    for (host, part) in [
        (
            json!({ "configurationProfile": "mcp" }),
            "use default, mcp-custom-handler or web-app-custom-handler",
        ),
        (
            json!({ "customHandler": { "type": "grpc" } }),
            "customHandler.type is \"grpc\" but must be \"http\"",
        ),
        (
            json!({ "customHandler": { "port": "<MCP server port>" } }),
            "must be a port number from 1 to 65535",
        ),
        (
            json!({ "customHandler": { "port": 0 } }),
            "must be a port number from 1 to 65535",
        ),
        (
            json!({ "customHandler": { "http": { "defaultAuthorizationLevel": "user" } } }),
            "must be anonymous, function or admin",
        ),
        (
            json!({ "customHandler": { "http": { "routes": [{ "authorizationLevel": "system" }] } } }),
            "customHandler.http.routes[0].authorizationLevel is \"system\"",
        ),
        (
            json!({ "customHandler": { "http": { "routes": "a" } } }),
            "customHandler.http.routes must be a list",
        ),
    ] {
        let (code, printed) = root(&host).refused(&["--max", "1"]);
        assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
        assert!(printed.contains(part), "{printed}");
    }
}

/// `HttpWorkerOptionsSetup.cs`, `Validate`; one port cannot serve two instances.
#[test]
fn a_fixed_port_must_be_free_and_has_one_instance() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let host = json!({
        "configurationProfile": "mcp-custom-handler",
        "customHandler": { "port": port },
    });
    let (code, printed) = root(&host).refused(&["--max", "1"]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains(&format!("the handler cannot listen on port {port}")),
        "{printed}"
    );
    drop(taken);
    // The app's own port is also refused.
    let (code, printed) = root(&host).refused(&["--max", "1", "--port", &port.to_string()]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains(&format!("the handler cannot listen on port {port}")),
        "{printed}"
    );
    let (code, printed) = root(&host).refused(&["--max", "3"]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains("only one instance can run; add --max 1"),
        "{printed}"
    );
}

/// `HttpWorkerFunctionProviderTests.cs`, `CustomRoutesDisabled_WithRoutes_Throws`.
#[test]
fn the_worker_runtime_must_be_custom() {
    let routes = json!({ "customHandler": { "http": { "routes": [{ "route": "a" }] } } });
    let mut root_of_node = root(&routes);
    root_of_node.variable("FUNCTIONS_WORKER_RUNTIME", "node");
    let (code, printed) = root_of_node.refused(&[]);
    assert_eq!(code, 2);
    assert!(
        printed.contains("FUNCTIONS_WORKER_RUNTIME is \"node\"; set it to \"custom\""),
        "{printed}"
    );

    // A profile decides, whatever the language of the app.
    let mut profiled = root(&json!({ "configurationProfile": "mcp-custom-handler" }));
    profiled.variable("FUNCTIONS_WORKER_RUNTIME", "python");
    let host = profiled.up(&[]);
    assert_eq!(host.get("/x").status, 200);
    assert!(!host.printed().contains("FUNCTIONS_WORKER_RUNTIME"));

    let host = root(&routes).up(&[]);
    host.line("FUNCTIONS_WORKER_RUNTIME is not set; it counts as \"custom\"");
    let mut root = Root::new();
    root.variable("FUNCTIONS_WORKER_RUNTIME", "node");
    let host = root.up(&[]);
    host.line("FUNCTIONS_WORKER_RUNTIME is \"node\", but the app has a custom handler");
    assert_eq!(host.get("/x").status, 200);
}

#[test]
fn ignored_settings_are_reported() {
    let root = root(&json!({
        "configurationProfile": "mcp-custom-handler",
        "languageWorkers": { "node": { "arguments": "--inspect" } },
        "customHandler": {
            "type": "none",
            "http": { "enableProxying": true, "routes": [{ "methods": ["get"] }] },
        },
    }));
    let host = root.up(&[]);
    for part in [
        "languageWorkers is ignored",
        "customHandler.type \"none\" is not supported",
        "customHandler.http.enableProxying (true) is in Microsoft's documentation",
        "customHandler.http.routes[0].methods is not a setting of the host",
    ] {
        host.line(part);
    }
    assert_eq!(host.request("POST", "/x", &[], "").status, 200);
}

/// `FunctionMetadataManager.cs`, `ApplyAllowList`; Core Tools' `StartHostAction.cs`.
#[test]
fn only_the_listed_functions_are_loaded() {
    let apps = || {
        let root = Root::bare();
        for name in ["One", "Two", "Three"] {
            root.http(name, "", None, "anonymous");
        }
        root
    };
    let served = |root: Root, arguments: &[&str]| {
        let host = root.up(arguments);
        ["/One", "/Two", "/Three"].map(|path| host.get(path).status == 200)
    };
    assert_eq!(
        served(apps(), &["--functions", "two", "Three"]),
        [false, true, true]
    );
    // The variables of the command line override the members of the list.
    let root = apps();
    root.host_with(|host| host["functions"] = json!(["One", "Three"]));
    assert_eq!(served(root, &["--functions", "Two"]), [false, true, true]);
    let root = apps();
    root.host_with(|host| host["functions"] = json!([]));
    assert_eq!(served(root, &[]), [true, true, true]);

    let host = apps().up(&["--functions", "One", "Four"]);
    host.line("There is no function \"Four\"");
    let (code, printed) = apps().refused(&["--functions", "Four", "Five"]);
    assert_eq!(code, 2);
    assert!(printed.contains("contains no usable function"), "{printed}");
    for name in ["Four", "Five"] {
        let reason = format!("\n  There is no function {name:?}");
        assert!(printed.contains(&reason), "{printed}");
    }
}

/// Core Tools' `StartHostAction.cs`, `ParseArgs`.
#[test]
fn the_port_of_the_local_settings_is_the_default() {
    let settings = |root: &Root, host: &Value| {
        let text = json!({ "Host": host }).to_string();
        std::fs::write(root.path.join("local.settings.json"), text).unwrap();
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let root = Root::new();
    settings(&root, &json!({ "LocalHttpPort": port }));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["up", "--script-root"])
        .arg(&root.path)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(
        printed.contains(&format!("port {port} on 127.0.0.1 is in use")),
        "{printed}"
    );
    // The command line takes precedence.
    let host = root.up(&[]);
    assert_eq!(host.get("/x").status, 200);

    let root = Root::new();
    settings(&root, &json!({ "LocalHttpPort": "high" }));
    let (code, printed) = root.refused(&[]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains("local.settings.json") && printed.contains("Host.LocalHttpPort"),
        "{printed}"
    );
}
