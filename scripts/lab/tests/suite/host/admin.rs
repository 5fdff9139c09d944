use serde_json::json;

use crate::support::Root;

#[test]
fn case_19_warm_up_is_the_hosts_own_route() {
    let root = Root::bare();
    root.warmup();
    root.http("catchall", "{*path}", None, "anonymous");
    // An HTTP function may have the route of that name.
    root.http("Warm", "warmup", Some(&["put"]), "anonymous");
    let host = root.up(&["--max", "1", "--enable-auth"]);
    let answer = host.get("/admin/warmup");
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(host.requests(), ["/warmup"]);
    assert_eq!(
        host.request("PUT", "/warmup", &[], "").json()["method"],
        "PUT"
    );
}

#[test]
fn case_23_warm_up_runs_once() {
    let root = Root::new();
    root.warmup();
    let host = root.up(&["--max", "1"]);
    for method in ["POST", "GET", "DELETE"] {
        assert_eq!(host.request(method, "/admin/warmup", &[], "").status, 200);
    }
    assert_eq!(host.requests(), ["/warmup"]);
}

#[test]
fn case_19_without_a_warm_up_function_the_answer_is_200() {
    let root = Root::new();
    // The name alone does not make one, nor does the trigger alone.
    root.function(
        "Warm",
        &json!({ "bindings": [{ "type": "warmupTrigger", "name": "context" }] }),
    );
    let host = root.up(&[]);
    assert_eq!(host.get("/admin/warmup").status, 200);
    assert!(host.requests().is_empty());
}

#[test]
fn case_20_the_hosts_endpoints_need_the_master_key_and_shadow_every_function() {
    let host = Root::new().up(&["--enable-auth"]);
    let key = |name: &str| {
        host.line(&format!("  {name} "))
            .split_whitespace()
            .last()
            .unwrap()
            .to_owned()
    };
    let (master, default) = (key("master"), key("default"));
    for target in [
        "/admin/host/status",
        "/ADMIN/functions",
        "/%61dmin/functions/WebApp",
    ] {
        for headers in [&[][..], &[("x-functions-key", default.as_str())]] {
            let answer = host.request("GET", target, headers, "");
            assert_eq!((answer.status, answer.body.len()), (401, 0), "{target}");
        }
    }
    for target in [
        "/admin/123",
        "/admin",
        "/admin/",
        "/runtime/webhooks/x",
        "/x/../admin/123",
        "/admin/host",
    ] {
        let answer = host.request("GET", target, &[("x-functions-key", &master)], "");
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{target}");
    }
    let status = host
        .request(
            "GET",
            "/admin/host/status",
            &[("x-functions-key", &master)],
            "",
        )
        .json();
    assert_eq!(status["state"], "Running");
    assert!(status["version"].as_str().unwrap().starts_with("4."));
    assert!(status["processUptime"].is_u64());
    assert!(host.requests().is_empty());
    // Only whole first segments are the host's.
    assert_eq!(host.get("/administration").status, 200);
}

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
