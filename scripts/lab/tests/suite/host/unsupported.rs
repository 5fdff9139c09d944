//! The emulator reports the features that it does not have.

use serde_json::json;

use crate::support::Root;

/// A queue trigger, a blob input, and two outputs.
fn copying(root: &Root, name: &str) {
    root.host_with(|host| {
        host["extensionBundle"] = json!({
            "id": "Microsoft.Azure.Functions.ExtensionBundle",
            "version": "[4.*, 5.0.0)",
        });
    });
    root.function(
        name,
        &json!({ "bindings": [
            { "type": "queueTrigger", "direction": "in", "name": "order", "queueName": "orders" },
            { "type": "blob", "direction": "in", "name": "image", "path": "images/{order}" },
            { "type": "queue", "direction": "out", "name": "message", "queueName": "done" },
            { "type": "cosmosDB", "direction": "out", "name": "$return" },
        ] }),
    );
}

const START: [&str; 5] = [
    "Nothing listens to the queueTrigger of Copy; run the function with POST /admin/functions/Copy",
    "The input image (blob) of Copy is not read",
    "The output message (queue) of Copy is not delivered; its value is logged",
    "The output $return (cosmosDB) of Copy is not delivered",
    "AzureWebJobsStorage is not set: func start would refuse to start because of the queueTrigger of Copy and 1 more.",
];

#[test]
fn missing_features_are_reported_at_the_start() {
    let root = Root::new();
    copying(&root, "Copy");
    root.timer("Tick", "0 0 0 29 2 *", &json!({}));
    let host = root.up(&["--max", "1"]);
    for part in START {
        let line = host.line(part);
        assert!(line.contains(" Warning host: "), "{line}");
    }
}

/// Core Tools' `StartHostAction.cs`, `CheckNonOptionalSettings`.
#[test]
fn a_storage_account_is_required_only_if_func_start_needs_it() {
    let mut root = Root::new();
    root.timer("Tick", "0 0 0 29 2 *", &json!({}));
    root.variable("AzureWebJobsStorage", "UseDevelopmentStorage=true");
    for root in [root, Root::new()] {
        let host = root.up(&["--max", "1"]);
        assert!(!host.printed().contains("AzureWebJobsStorage"));
    }
}

#[test]
fn outputs_are_logged_with_their_values() {
    let root = Root::new();
    root.function(
        "json-own",
        &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" },
            { "type": "http", "direction": "out", "name": "res" },
            { "type": "queue", "direction": "out", "name": "message" },
            { "type": "blob", "direction": "out", "name": "file" },
        ] }),
    );
    let host = root.up(&["--max", "1"]);
    let result = json!({
        "Outputs": { "res": { "body": "ok" }, "message": "a\n\u{1b}[31m", "file": { "size": 1 } },
    });
    let answer = host.request("POST", "/json-own", &[], &result.to_string());
    assert_eq!((answer.status, answer.text()), (200, "ok"));
    host.line(
        "Warning host: The output message (queue) of json-own is not delivered: a\\n\\u{1b}[31m",
    );
    host.line("The output file (blob) of json-own is not delivered: {\"size\":1}");
    // A member of the returned object is also an output.
    let result =
        json!({ "ReturnValue": { "res": { "body": "ok" }, "message": "b".repeat(5_000) } });
    host.request("POST", "/json-own", &[], &result.to_string());
    host.line("bbb... (5000 bytes in all)");
}

#[test]
fn with_strict_each_missing_feature_is_an_error() {
    let root = Root::new();
    copying(&root, "Copy");
    root.timer("Bad", "* *", &json!({}));
    root.timer("Tick", "0 0 0 29 2 *", &json!({}));
    let (code, printed) = root.refused(&["--strict"]);
    assert_eq!(code, 1);
    for part in START {
        assert!(printed.contains(&format!("lab: {part}")), "{printed}");
    }
    assert!(
        printed.contains("lab: The function Bad is not loaded"),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), START.len() + 1);
}

#[test]
fn with_strict_an_output_makes_a_run_fail() {
    // A disabled function causes no message at the start, and can still be run by hand.
    let mut root = Root::new();
    root.function(
        "json-return",
        &json!({ "bindings": [
            { "type": "queueTrigger", "direction": "in", "name": "order" },
            { "type": "queue", "direction": "out", "name": "$return" },
        ] }),
    );
    root.variable("AzureWebJobs.json-return.Disabled", "true");
    let host = root.up(&["--strict", "--max", "1"]);
    let target = "/admin/functions/json-return";
    assert_eq!(
        host.request("POST", target, &[], "{\"input\":\"\"}").status,
        202
    );
    host.line("The output $return (queue) of json-return is not delivered: ");
    host.line("The invocation of json-return failed: its output $return is not delivered, which --strict makes an error");
}
