use serde_json::json;

use crate::support::Root;

#[test]
fn ping_is_open_and_empty() {
    let host = Root::new().up(&["--enable-auth"]);
    for method in ["GET", "POST"] {
        let answer = host.request(method, "/admin/host/ping", &[], "");
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert!(answer.header("cache-control").unwrap().contains("no-store"));
    }
}

#[test]
fn functions_are_listed() {
    let root = Root::new();
    root.http("Stress", "api/Stress", Some(&["post"]), "function");
    let host = root.up(&[]);
    let list = host.get("/admin/functions").json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|function| &function["name"])
        .collect();
    assert_eq!(names, ["Stress", "WebApp"]);
    let stress = host.get("/admin/functions/stress").json();
    assert_eq!(stress, list[0]);
    assert!(
        stress["invoke_url_template"]
            .as_str()
            .unwrap()
            .ends_with("/api/stress")
    );
    assert_eq!(stress["config"]["bindings"][0]["route"], "api/Stress");
    assert_eq!(stress["isDisabled"], false);
    assert_eq!(host.get("/admin/functions/none").status, 404);
}

#[test]
fn a_function_without_http_runs_by_hand() {
    let root = Root::new();
    root.function(
        "json-logs",
        &json!({ "bindings": [{ "type": "queueTrigger", "direction": "in", "name": "item" }] }),
    );
    let host = root.up(&[]);
    let run = |name: &str, body: &str| {
        host.request("POST", &format!("/admin/functions/{name}"), &[], body)
            .status
    };
    assert_eq!(run("none", "{\"input\":\"x\"}"), 404);
    assert_eq!(run("json-logs", ""), 400);
    assert_eq!(run("json-logs", "{\"input\":\"x\"}"), 202);
    host.entry("the handler is called", |entry| {
        entry["request"] == "/json-logs"
    });
}
