use serde_json::json;

use crate::support::Root;

/// A function with an HTTP trigger and another output, so that the host does not proxy.
fn with_output(root: &Root, name: &str) {
    root.function(
        name,
        &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": format!("go/{name}/{{id?}}") },
            { "type": "http", "direction": "out", "name": "res" },
            { "type": "queue", "direction": "out", "name": "message", "queueName": "q" },
        ] }),
    );
}

/// `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT` applies to requests.
#[test]
fn case_31_the_limit_of_a_request_does_not_limit_a_result() {
    let mut root = Root::new();
    root.variable("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000");
    with_output(&root, "json-good");
    let host = root.up(&[]);
    let answer = host.request("POST", "/go/json-good", &[], &"x".repeat(1000));
    assert_eq!(answer.status, 201);
    assert!(answer.body.len() > 1000, "{}", answer.body.len());
}

#[test]
fn case_32_a_warm_up_answered_with_an_empty_200_fails() {
    let mut root = Root::new();
    root.warmup();
    root.variable("PROBE_WARMUP", "empty");
    let host = root.up(&[]);
    assert_eq!(host.get("/admin/warmup").status, 500);
    assert!(
        host.line("The invocation of warmup failed")
            .contains("hangs")
    );
}
