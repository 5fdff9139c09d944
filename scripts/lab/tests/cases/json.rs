//! The JSON protocol: what the host sends instead of the request, and how it treats the result.

use serde_json::{Value, json};

use crate::support::http::head;
use crate::support::program::Program;
use crate::support::{Host, Root, eventually};

super::cases! {
    /// `DefaultHttpWorkerServiceTests.cs`, `ProcessDefaultInvocationRequest_CustomHandler_Sends_FunctionName`.
    "2, 3, 45" the_request_becomes_data;
    /// `HttpTriggerAttributeBindingProvider.cs`, `GetRequestBindingDataAsync`; `ScriptInvocationContextExtensions.cs`,
    /// `ToHttpScriptInvocationContext`.
    "2, 45" metadata_contains_the_binding_data_of_a_function;
    /// `HttpRequestExtensions.cs`, `GetRequestAsJObject`: headers keep their case and are the client's.
    "2, 45" the_payload_keeps_the_clients_headers;
    /// `HttpRequestExtensions.cs`, `GetRequestAsJObject`; `ScriptRouteHandler.cs`; Core Tools' `CliAuthenticationHandler.cs`.
    "2, 45" the_payload_is_complete
        not on Image: "its identity is another one than that of Core Tools";
    /// `HttpRequestExtensions.cs`, `GetRequestBody`: binary bodies are base64, and one without a length is left out.
    "2" binary_bodies_and_bodies_without_a_length;
    /// `HttpRequestExtensionsTest.cs`, `ConvertQueryToDictionary`: repeated and blank values are text.
    "22" repeated_and_blank_query_values_are_text;
    /// `DefaultHttpWorkerServiceTests.cs`, `AddHeaders`: host version, invocation id, user agent.
    "5" an_invocation_names_host_version_and_id;
    /// `HttpScriptInvocationResultExtensions.cs`; `SamplesEndToEndTests_HttpWorker.cs`: outputs and `$return`.
    "8, 44" a_result_becomes_the_response;
    /// `HttpScriptInvocationResultExtensions.cs`; `WorkerFunctionInvoker.cs`, `HandleOutputDictionary`; #10987: each form of
    /// an output.
    "8, 44" each_form_of_a_result_has_its_response;
    /// `HttpScriptInvocationResultExtensions.cs`, `GetBindingValue`: `$return` is bytes, JSON, or text.
    "8, 44" a_return_value_is_bytes_json_or_text;
    /// `DefaultHttpWorkerServiceTests.cs`, `ProcessDefaultInvocationRequest_JsonResponse_Invalid`; #11086.
    "9" an_unusable_result_is_500;
    /// `DefaultHttpWorkerService.cs`, `ProcessLogsFromHttpResponse`; a list of texts in `HttpScriptInvocationResult.cs`.
    "10" logs_are_printed;
    /// `SamplesEndToEndTests_CustomHandlerRetry.cs`: `RetryContext` counts up.
    "21" a_retry_policy_counts_up;
    /// `DefaultHttpWorkerService.cs`, `SendInvocationRequestAsync`: no cancellation token is passed.
    "31" the_handler_does_not_notice_that_a_client_disconnects;
    /// `DefaultHttpWorkerService.cs`, lines 198 to 213: a null result hangs until `functionTimeout`, which is then 500.
    "32" a_null_result_is_not_a_result;
}

/// The app with these additional functions.
fn up(program: &Program, names: &[&str]) -> Host {
    let root = Root::app("json", program);
    for name in names {
        root.http(name, &format!("go/{name}/{{id?}}"), None, "anonymous");
    }
    root.up(&[])
}

fn the_request_becomes_data(program: &Program) {
    let root = Root::app("json", program);
    root.http("json-good", "api/{kind}/{id:int?}", None, "anonymous");
    let host = root.up(&[]);
    let answer = host.request(
        "POST",
        "/api/visit/7?name=a&blank&name=b%20c&x=",
        &[
            ("Content-Type", "application/json"),
            ("X-Many", "1"),
            ("X-Many", "2"),
            ("X-UPPER-lower", "3"),
            ("user-agent", "4"),
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
    // As sent, except for the names that Kestrel knows.
    assert_eq!(request["Headers"]["X-UPPER-lower"], json!(["3"]));
    assert_eq!(request["Headers"]["User-Agent"], json!(["4"]));
    assert_eq!(
        request["Headers"]["Content-Type"],
        json!(["application/json"])
    );
    assert_eq!(request["Params"], json!({ "kind": "visit", "id": "7" }));
    assert_eq!(request["Body"], "{\"a\":1}");
    assert_eq!(got["Metadata"]["sys"]["MethodName"], "json-good");
    assert_eq!(host.requests(), ["/json-good"]);
}

fn metadata_contains_the_binding_data_of_a_function(program: &Program) {
    let host = up(program, &[]);
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
    // All values except objects are JSON within JSON. The query takes precedence over the body, and the route, in
    // which `id` is absent, over the query.
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

fn the_payload_keeps_the_clients_headers(program: &Program) {
    let host = up(program, &[]);
    let answer = host.request(
        "GET",
        "/go/json-good",
        &[("X-Forwarded-For", "203.0.113.7")],
        "",
    );
    let headers = answer.json()["got"]["Data"]["req"]["Headers"].clone();
    assert_eq!(headers["X-Forwarded-For"], json!(["203.0.113.7"]));
    assert_eq!(headers["Host"], json!(["localhost"]));
}

fn the_payload_is_complete(program: &Program) {
    let host = up(program, &[]);
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

fn binary_bodies_and_bodies_without_a_length(program: &Program) {
    let host = up(program, &[]);
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

fn repeated_and_blank_query_values_are_text(program: &Program) {
    let host = up(program, &[]);
    let answer = host.get("/go/json-good?a=1&a=2&b&c=");
    assert_eq!(
        answer.json()["got"]["Data"]["req"]["Query"],
        json!({ "a": "1,2", "b": "", "c": "" })
    );
}

fn an_invocation_names_host_version_and_id(program: &Program) {
    let host = up(program, &["json-headers"]);
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

fn a_result_becomes_the_response(program: &Program) {
    let root = Root::app("json", program);
    root.function(
        "json-return",
        &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" },
            { "type": "http", "direction": "out", "name": "$return" },
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

fn each_form_of_a_result_has_its_response(program: &Program) {
    let root = Root::app("json", program);
    root.http("json-own", "go/json-own", None, "anonymous");
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

fn an_unusable_result_is_500(program: &Program) {
    let names = ["json-invalid", "json-media", "json-refused"];
    let host = up(program, &names);
    for name in names {
        let answer = host.get(&format!("/go/{name}"));
        assert_eq!((answer.status, answer.text()), (500, ""), "{name}");
        host.lab_up_prints(&format!("The invocation of {name} failed"));
    }
    // Logs of a failed invocation are lost.
    assert!(!host.printed().contains("never seen"));
}

fn a_retry_policy_counts_up(program: &Program) {
    let root = Root::app("json", program);
    root.function(
        "json-retry",
        &json!({
            "retry": { "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.01" },
            "bindings": [
                { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "route": "retry" },
                { "type": "http", "direction": "out", "name": "res" },
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

fn the_handler_does_not_notice_that_a_client_disconnects(program: &Program) {
    let host = up(program, &["stream"]);
    let mut connection = host.open();
    connection.send(head("GET", "/go/stream", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stream");
    connection.close();
    // When the host has served another client, it has seen the end of that connection.
    eventually("others are served", || {
        (host.get("/go/json-good").status == 201).then_some(())
    });
    host.open_gate("end");
    let end = host.entry("the stream ends", |entry| {
        entry["streamed"] == "/stream" || entry["abandoned"] == "/stream"
    });
    assert_eq!(end["streamed"], "/stream", "{end}");
    // Events are not a result. This is reported although no client waits for one.
    host.lab_up_prints("The invocation of stream failed");
}

fn a_return_value_is_bytes_json_or_text(program: &Program) {
    let host = up(program, &[]);
    for (value, status, body) in [
        (json!("not base64!"), 200, "not base64!"),
        (json!("aGVs bG8=\n"), 200, "hello"),
        (json!("{\"body\":\"b\",\"status\":202}"), 202, "b"),
        (json!({ "body": "b", "statusCode": "404" }), 404, "b"),
        (
            json!({ "statusCode": 404 }),
            200,
            "{\n  \"statusCode\": 404\n}",
        ),
        (json!(7), 200, "7"),
    ] {
        let result = json!({ "ReturnValue": value });
        let answer = host.request("POST", "/go/json-own", &[], &result.to_string());
        assert_eq!((answer.status, answer.text()), (status, body), "{value}");
    }
}

fn logs_are_printed(program: &Program) {
    let host = up(program, &["json-return", "json-lines"]);
    host.get("/go/json-good");
    let line = host.line("line one");
    assert!(
        !program.is_lab_up() || line.contains(" Information json-good:"),
        "{line}"
    );
    host.line("line two");
    // The next function has null for Logs.
    assert_eq!(host.get("/go/json-return").status, 200);
    // A log with several lines keeps them.
    assert_eq!(host.get("/go/json-lines").status, 200);
    for line in ["first", "second", "third"] {
        host.line(line);
        host.lab_up_prints(&format!(" Information json-lines: {line}"));
    }
    host.lab_up_prints(" Information json-lines: 7");
}

fn a_null_result_is_not_a_result(program: &Program) {
    let names = ["json-empty", "json-null"];
    let mut root = Root::app("json", program);
    // The real host hangs until then.
    let limit = if program.is_lab_up() {
        "00:05:00"
    } else {
        "00:00:05"
    };
    root.variable("AzureFunctionsJobHost__functionTimeout", limit);
    for name in names {
        root.http(name, &format!("go/{name}"), None, "anonymous");
    }
    let host = root.up(&[]);
    for name in names {
        let answer = host.get(&format!("/go/{name}"));
        assert_eq!((answer.status, answer.text()), (500, ""), "{name}");
        let line = host.lab_up_prints(&format!("The invocation of {name} failed"));
        assert!(
            line.is_none_or(|line| line.contains("hangs until functionTimeout")),
            "{name}"
        );
    }
}
