//! Configuration profiles, and the handler's own routes and port.

use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::{Root, free_port};

super::cases! {
    /// `HostConfigurationProfile.cs`; #11303, #11304, #11320; Microsoft's page about self-hosted MCP servers, with the port
    /// as text.
    "38, 39, 51" a_profile_gives_every_path_to_the_handler_as_a_stream;
    /// `HostJsonFileConfigurationOptions.cs`: the variable counts for more than the file, and the file for more than the
    /// profile.
    "38" a_profile_contains_defaults_for_the_file;
    /// `HostJsonFileConfigurationOptions.cs`; `HttpWorkerFunctionProviderTests.cs`,
    /// `GetFunctionMetadataAsync_MixedSources_Throws`.
    "38" an_unknown_profile_and_a_profile_with_folders_stop_the_host;
    /// `HttpWorkerFunctionProvider.cs`; `HttpWorkerOptionsSetupTests.cs`, `CustomHandler_WithValidHttpRoutes_ConfiguresRoutes`.
    "39" routes_of_the_file_are_functions_with_a_level_each;
    /// `HttpWorkerOptionsSetup.cs`, `Validate`: the next process gets the same port.
    "39" a_fixed_port_is_kept;
    /// `DefaultHttpWorkerService.cs`, `GetPathValue`: the section `httpWorker` forwards to the function's name.
    "3, 37" the_section_http_worker_forwards_to_the_functions_name;
}

/// An app with this `host.json`, with the probe handler, and without function folders.
fn root(program: &Program, host: &Value) -> Root {
    let root = Root::app("web-app", program);
    let mut host = host.clone();
    host["version"] = "2.0".into();
    host["customHandler"]["description"] = json!({ "defaultExecutablePath": "handler" });
    root.host(&host);
    root
}

fn a_profile_contains_defaults_for_the_file(program: &Program) {
    let mut root = root(
        program,
        &json!({
            "configurationProfile": "nonsense",
            "extensions": { "http": { "routePrefix": "v1" } },
            "customHandler": { "http": { "routes": [{ "authorizationLevel": "anonymous" }] } },
        }),
    );
    root.variable(
        "AzureFunctionsJobHost__configurationProfile",
        "mcp-custom-handler",
    );
    let host = root.with_keys().up(&[]);
    assert_eq!(host.get("/v1/x").json()["target"], "/v1/x");
    assert_eq!(host.get("/x").status, 404);
}

fn routes_of_the_file_are_functions_with_a_level_each(program: &Program) {
    let root = root(
        program,
        &json!({
            "extensions": { "http": { "routePrefix": "" } },
            "customHandler": {
                "enableForwardingHttpRequest": true,
                "http": { "routes": [
                    { "route": "/open/{id}", "authorizationLevel": "Anonymous" },
                    { "route": "closed" },
                    { "route": "admin/{*rest}", "authorizationLevel": "admin" },
                    { "route": " " },
                    { "route": "a//b" },
                ] },
            },
        }),
    );
    let host = root.with_keys().up(&[]);
    assert_eq!(host.get("/open/7").json()["target"], "/open/7");
    assert_eq!(host.get("/closed").status, 401);
    assert_eq!(host.get("/open").status, 404);
    for number in [3, 4, 5] {
        host.lab_up_prints(&format!("The function http-handler{number} "));
    }
}

fn the_section_http_worker_forwards_to_the_functions_name(program: &Program) {
    let root = Root::app("web-app", program);
    root.host(&json!({
        "version": "2.0",
        "httpWorker": { "description": { "defaultExecutablePath": "handler" } },
    }));
    root.http("Visit", "visits/{id}", None, "anonymous");
    let host = root.up(&[]);
    host.lab_up_prints("httpWorker is the predecessor of customHandler");
    let echo = host
        .request("POST", "/api/visits/7?a=1&a=2", &[], "x")
        .json();
    assert_eq!(echo["target"], "/Visit?a=1,2");
    assert_eq!(
        (&echo["method"], &echo["body"]),
        (&json!("POST"), &json!("x"))
    );
}

fn a_profile_gives_every_path_to_the_handler_as_a_stream(program: &Program) {
    for app in ["mcp", "web-app"] {
        let port = free_port().to_string();
        let root = Root::app(app, program);
        root.edit_host(|host| host["customHandler"]["port"] = port.as_str().into());
        let host = root.up(&[]);
        let start = host.started();
        assert_eq!(start["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"], port);
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            for target in ["/", "/mcp", "/a/b?c=1&c=2"] {
                let answer = host.request(method, target, &[], "");
                assert_eq!(answer.status, 200, "{method} {target}");
                assert_eq!(answer.json()["target"], target);
            }
        }
        let mut streaming = host.open();
        streaming
            .send("POST /mcp/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
        assert_eq!(streaming.head().0, 200);
        assert_eq!(streaming.chunk().as_deref(), Some(&b"data: 0\n\n"[..]));
        host.open_gate("next");
        assert_eq!(streaming.chunk().as_deref(), Some(&b"data: 1\n\n"[..]));
        host.lab_up_prints("http-handler1");
    }
}

fn an_unknown_profile_and_a_profile_with_folders_stop_the_host(program: &Program) {
    let unknown = root(program, &json!({ "configurationProfile": "mcp" }));
    unknown.start(&[]).serves_nothing("/x");
    let mixed = Root::app("web-app", program);
    mixed.http("Visit", "visit", None, "anonymous");
    mixed.start(&[]).serves_nothing("/visit");
}

fn a_fixed_port_is_kept(program: &Program) {
    let root = Root::app("mcp", program);
    let port = free_port();
    root.edit_host(|host| host["customHandler"]["port"] = port.into());
    let host = root.up(&[]);
    assert_eq!(host.get("/exit-200").status, 500);
    host.handler(2);
    assert_eq!(host.get("/x").status, 200);
    let ports: Vec<_> = host
        .journal()
        .iter()
        .filter(|entry| entry["start"].is_u64())
        .map(|entry| entry["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"].clone())
        .collect();
    assert_eq!(ports, [json!(port.to_string()), json!(port.to_string())]);
}
