//! `local.settings.json` as Core Tools reads it.

use serde_json::json;

use crate::support::Root;

fn settings(root: &Root, settings: &serde_json::Value) {
    std::fs::write(root.path.join("local.settings.json"), settings.to_string()).unwrap();
}

/// `StartHostAction.cs`, `UpdateEnvironmentVariables`: Microsoft's samples of MCP servers set the runtime of their
/// language.
#[test]
fn the_flag_for_mcp_servers_makes_the_runtime_custom() {
    let root = Root::bare();
    root.host_with(|host| {
        host["customHandler"]["http"] =
            json!({ "routes": [{ "route": "{*route}", "authorizationLevel": "anonymous" }] });
    });
    let values = |flags: &str| {
        json!({
            "IsEncrypted": false,
            "Values": { "FUNCTIONS_WORKER_RUNTIME": "node", "AzureWebJobsFeatureFlags": flags },
        })
    };
    settings(&root, &values("Other"));
    let (code, printed) = root.refused(&["--max", "1"]);
    assert!(
        code == 2 && printed.contains("FUNCTIONS_WORKER_RUNTIME is \"node\""),
        "{printed}"
    );
    settings(&root, &values("Other,EnableMcpCustomHandlerPreview"));
    let host = root.up(&["--max", "1"]);
    assert_eq!(host.get("/mcp").status, 200);
    let environment = host.journal()[0]["environment"].clone();
    assert_eq!(environment["FUNCTIONS_WORKER_RUNTIME"], "custom");
}

/// `AppSettingsFile.cs`: the default of `IsEncrypted` is true.
#[test]
fn a_file_without_is_encrypted_gets_a_warning() {
    let root = Root::new();
    settings(&root, &json!({ "Values": { "COLOR": "red" } }));
    let host = root.up(&["--max", "1"]);
    host.line("local.settings.json has no \"IsEncrypted\": func takes its values for encrypted");
    assert_eq!(host.journal()[0]["environment"]["COLOR"], "red");
}
