use serde_json::{Value, json};

use crate::support::http::head;
use crate::support::{Host, Root, eventually};

/// A function of this name with an HTTP trigger and one more output, which rules proxying out.
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

fn up(names: &[&str]) -> Host {
    let root = Root::new();
    for name in names {
        with_output(&root, name);
    }
    root.up(&["--verbose"])
}

#[test]
fn case_02_without_proxying_the_request_becomes_data() {
    let root = Root::bare();
    root.host_with(|host| host["customHandler"]["enableProxyingHttpRequest"] = false.into());
    root.http("json-good", "api/{kind}/{id:int?}", None, "anonymous");
    let host = root.up(&[]);
    let answer = host.request(
        "POST",
        "/api/visit/7?name=a&blank&name=b%20c&x=",
        &[
            ("Content-Type", "application/json"),
            ("X-Many", "1"),
            ("X-Many", "2"),
        ],
        "{\"a\":1}",
    );
    assert_eq!(answer.status, 201);
    let got = &answer.json()["got"];
    let request = &got["Data"]["req"];
    assert_eq!(
        request["Url"],
        "http://localhost/api/visit/7?name=a&blank&name=b%20c&x="
    );
    assert_eq!(request["Method"], "POST");
    assert_eq!(request["Headers"]["X-Many"], json!(["1", "2"]));
    assert_eq!(
        request["Headers"]["Content-Type"],
        json!(["application/json"])
    );
    assert_eq!(request["Params"], json!({ "kind": "visit", "id": "7" }));
    assert_eq!(request["Body"], "{\"a\":1}");
    assert_eq!(got["Metadata"]["sys"]["MethodName"], "json-good");
    assert_eq!(host.requests(), ["/json-good"]);
}

/// `HttpTriggerAttributeBindingProvider.cs`, `GetRequestBindingDataAsync`; `ScriptInvocationContextExtensions.cs`,
/// `ToHttpScriptInvocationContext`.
#[test]
fn case_02_metadata_holds_what_a_function_can_bind_to() {
    let host = up(&["json-good"]);
    let answer = host.request(
        "POST",
        "/go/json-good?name=a&name=b&code=key&myTrigger=x&flag=query&ID=query",
        &[("X-Many", "1"), ("X-Many", "2")],
        r#"{"Name":"body","flag":true,"number":1.5,"list":[1,{"a":2}],"object":{"a":1},"none":null}"#,
    );
    let mut metadata = answer.json()["got"]["Metadata"].clone();
    let metadata = metadata.as_object_mut().unwrap();
    let headers = metadata.remove("Headers").unwrap();
    assert_eq!(headers["X-Many"], "1,2");
    metadata.remove("sys");
    // Everything but objects is JSON within JSON. The query counts for more than the body, and the route, where `id`
    // is absent, for more than the query.
    assert_eq!(
        json!(metadata),
        json!({
            "Name": "\"a,b\"",
            "flag": "\"query\"",
            "number": "\"1.5\"",
            "list": "[1,{\"a\":2}]",
            "object": { "a": 1 },
            "Query": { "name": "b", "code": "key", "myTrigger": "x", "flag": "query", "ID": "query" },
        })
    );
    let got = host.get("/go/json-good/7").json()["got"].clone();
    assert_eq!(got["Metadata"]["id"], "\"7\"");
}

/// `HttpRequestExtensions.cs`, `GetRequestAsJObject`; `ScriptRouteHandler.cs`; Core Tools' `CliAuthenticationHandler.cs`.
#[test]
fn case_02_the_payload_is_complete() {
    let root = Root::new();
    with_output(&root, "json-good");
    let host = root.up(&[]);
    let request = host.get("/go/json-good").json()["got"]["Data"]["req"].clone();
    assert_eq!(request["Params"], json!({ "id": null }));
    let identity = &request["Identities"][0];
    assert_eq!(identity["AuthenticationType"], "WebJobsAuthLevel");
    assert_eq!(identity["IsAuthenticated"], true);
    assert_eq!(identity["Claims"][0]["Value"], "Admin");
    let request = host.get("/go/json-good/caf%C3%A9%20x").json()["got"]["Data"]["req"].clone();
    assert_eq!(request["Params"], json!({ "id": "café x" }));
    assert_eq!(
        request["Url"],
        "http://localhost/go/json-good/caf%C3%A9%20x"
    );
}

#[test]
fn case_02_binary_and_unmeasured_bodies() {
    let host = up(&["json-good"]);
    let body = |headers: &[(&str, &str)], body: &str| {
        let answer = host.request("POST", "/go/json-good", headers, body);
        answer.json()["got"]["Data"]["req"]["Body"].clone()
    };
    assert_eq!(
        body(&[("Content-Type", "application/octet-stream")], "abc"),
        "YWJj"
    );
    assert_eq!(
        body(
            &[("Content-Type", "multipart/form-data; boundary=x")],
            "abc"
        ),
        "YWJj"
    );
    assert_eq!(body(&[], ""), Value::Null);
    let mut connection = host.open();
    connection.send("POST /go/json-good HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let answer = connection.answer("POST");
    assert_eq!(answer.json()["got"]["Data"]["req"]["Body"], Value::Null);
}

#[test]
fn case_22_repeated_and_blank_query_values_stringify() {
    let host = up(&["json-good"]);
    let answer = host.get("/go/json-good?a=1&a=2&b&c=");
    assert_eq!(
        answer.json()["got"]["Data"]["req"]["Query"],
        json!({ "a": "1,2", "b": "", "c": "" })
    );
}

#[test]
fn case_05_an_invocation_names_host_version_and_id() {
    let host = up(&["echo"]);
    // The echo is no valid result; what it received is in the journal's stead in its answer.
    assert_eq!(host.get("/go/echo").status, 200);
    let host = up(&["json-headers"]);
    let headers = host.get("/go/json-headers").json();
    assert_eq!(
        headers["x-azure-functions-invocationid"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let version = headers["x-azure-functions-hostversion"][0]
        .as_str()
        .unwrap();
    assert_eq!(
        headers["user-agent"],
        json!([format!("Azure-Functions-Host/{version}")])
    );
}

#[test]
fn case_08_a_result_becomes_the_answer() {
    let root = Root::new();
    with_output(&root, "json-good");
    root.function(
        "json-return",
        &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" },
            { "type": "http", "direction": "out", "name": "$return" },
            { "type": "queue", "direction": "out", "name": "message" },
        ] }),
    );
    root.function(
        "json-none",
        &json!({ "bindings": [{ "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" }] }),
    );
    let host = root.up(&[]);
    let answer = host.get("/go/json-good");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("x-kind"), Some("good"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let answer = host.get("/json-return");
    assert_eq!((answer.status, answer.text()), (200, "returned!"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let answer = host.get("/json-none");
    assert_eq!((answer.status, answer.text()), (200, ""));
}

#[test]
fn case_09_an_unusable_result_is_500() {
    let names = ["json-invalid", "json-media", "json-refused"];
    let host = up(&names);
    for name in names {
        let answer = host.get(&format!("/go/{name}"));
        assert_eq!((answer.status, answer.body.len()), (500, 0), "{name}");
        host.line(&format!("The invocation of {name} failed"));
    }
    // Logs of a failed invocation are lost.
    assert!(!host.printed().contains("never seen"));
}

#[test]
fn case_10_logs_are_information() {
    let host = up(&["json-good", "json-return"]);
    host.get("/go/json-good");
    assert!(host.line("line one").contains(" Information json-good:"));
    host.line("line two");
    // The other one has null for Logs.
    assert_eq!(host.get("/go/json-return").status, 200);
}

/// `DefaultHttpWorkerService.cs`, `ProcessLogsFromHttpResponse`; a list of texts in `HttpScriptInvocationResult.cs`.
#[test]
fn case_10_a_log_of_several_lines_keeps_them() {
    let host = up(&["json-lines"]);
    assert_eq!(host.get("/go/json-lines").status, 200);
    for line in ["first", "second", "third", "7"] {
        host.line(&format!(" Information json-lines: {line}"));
    }
}

/// The forms of results that the unit tests go through, over the wire: `HttpScriptInvocationResultExtensions.cs` and
/// `WorkerFunctionInvoker.cs`.
#[test]
fn case_08_each_form_of_a_result_has_its_response() {
    let root = Root::new();
    with_output(&root, "json-own");
    let host = root.up(&[]);
    let ask = |target: &str, result: Value| {
        let answer = host.request("POST", target, &[], &result.to_string());
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let output = "/go/json-own";
    for (result, status, body) in [
        (json!({ "Outputs": { "res": "hello" } }), 500, ""),
        (json!({ "Outputs": { "res": { "headers": {} } } }), 200, ""),
        (json!({ "Outputs": {} }), 200, "{}"),
        (
            json!({ "ReturnValue": { "res": { "body": "b" } } }),
            200,
            "b",
        ),
    ] {
        assert_eq!(
            ask(output, result.clone()),
            (status, body.to_owned()),
            "{result}"
        );
    }
}

#[test]
fn case_21_a_retry_policy_counts_up() {
    let root = Root::new();
    root.function(
        "json-retry",
        &json!({
            "retry": { "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.01" },
            "bindings": [
                { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "retry" },
                { "type": "http", "direction": "out", "name": "res" },
                { "type": "queue", "direction": "out", "name": "message" },
            ],
        }),
    );
    let host = root.up(&[]);
    let answer = host.get("/retry");
    assert_eq!(answer.status, 200);
    let context = answer.json();
    assert_eq!(
        (&context["RetryCount"], &context["MaxRetryCount"]),
        (&json!(2), &json!(2))
    );
    assert!(
        context["Exception"]["Message"]
            .as_str()
            .unwrap()
            .contains("500")
    );
    assert_eq!(host.requests().len(), 3);
}

/// `DefaultHttpWorkerService.cs`, `SendInvocationRequestAsync`: no cancellation token is passed.
#[test]
fn case_31_a_client_that_leaves_is_not_told_to_the_handler() {
    let host = up(&["stream", "json-good"]);
    let mut connection = host.open();
    connection.send(head("GET", "/go/stream", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stream");
    connection.close();
    // The host has seen the end of that connection by the time it has served another client.
    eventually("others are served", || {
        (host.get("/go/json-good").status == 201).then_some(())
    });
    host.open_gate("end");
    let end = host.entry("the stream ends", |entry| {
        entry["streamed"] == "/stream" || entry["abandoned"] == "/stream"
    });
    assert_eq!(end["streamed"], "/stream", "{end}");
    // Events are no result, which is reported although nobody waits for one.
    host.line("The invocation of stream failed");
}

/// `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT` is about requests.
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
fn case_32_a_null_result_is_named_as_the_hang_it_would_be() {
    let names = ["json-empty", "json-null"];
    let host = up(&names);
    for name in names {
        let answer = host.get(&format!("/go/{name}"));
        assert_eq!((answer.status, answer.body.len()), (500, 0));
        let line = host.line(&format!("The invocation of {name} failed"));
        assert!(line.contains("hangs until functionTimeout"), "{line}");
    }
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

#[test]
fn case_19_a_failing_warm_up_is_500() {
    let mut root = Root::new();
    root.warmup();
    root.variable("PROBE_WARMUP", "refused");
    let host = root.up(&[]);
    assert_eq!(host.get("/admin/warmup").status, 500);
}
