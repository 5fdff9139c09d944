//! Extension bundles, which the emulator does not load. It reports if the host would not start, or not load a
//! function.

use serde_json::json;

use crate::support::Root;

/// An app with a queue trigger and this bundle.
fn app(bundle: Option<&str>) -> Root {
    let root = Root::new();
    root.function(
        "Copy",
        &json!({ "bindings": [{ "type": "queueTrigger", "direction": "in", "name": "order" }] }),
    );
    root.host_with(|host| {
        if let Some(version) = bundle {
            let id = "Microsoft.Azure.Functions.ExtensionBundle";
            host["extensionBundle"] = json!({ "id": id, "version": version });
        }
    });
    root
}

/// `ScriptStartupTypeLocator.cs`, `ValidateBundleRequirements`; several public samples have this version.
#[test]
fn a_bundle_that_the_host_refuses_is_named() {
    let host = app(Some("[1.*, 2.0.0)")).up(&["--max", "1"]);
    let line = host.line("the host refuses to start with the extension bundle [1.*, 2.0.0)");
    assert!(
        line.contains(" Warning ") && line.contains("\"[4.*, 5.0.0)\""),
        "{line}"
    );
}

#[test]
fn a_missing_bundle_is_named_with_the_function_that_needs_it() {
    let host = app(None).up(&["--max", "1"]);
    host.line("host.json has no extensionBundle: without it, the host does not load Copy, because of its queueTrigger");
    let root = app(None);
    let (code, printed) = root.refused(&["--strict"]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("lab: host.json has no extensionBundle"),
        "{printed}"
    );
}
