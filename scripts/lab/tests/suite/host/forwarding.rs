use serde_json::json;

use crate::support::http::head;
use crate::support::{Root, eventually};

/// A root whose plain HTTP functions are forwarded, with the catch-all function.
fn root() -> Root {
    let root = Root::new();
    root.host_with(|host| {
        let handler = host["customHandler"].as_object_mut().unwrap();
        handler.remove("enableProxyingHttpRequest");
        handler.insert("enableForwardingHttpRequest".into(), true.into());
    });
    root
}

/// `DefaultHttpWorkerServiceTests.cs`: `ProcessSimpleHttpTriggerInvocationRequest_CustomHandler_EnableForwardingHttpRequest`,
/// `AddHeaders`; `HttpRequestExtensionsTest.cs`: `GetHttpRequest_HasAllHeadersMethodAndBody`.
#[test]
fn case_05_06_and_22_a_forwarded_request_is_rebuilt() {
    let host = root().up(&[]);
    let answer = host.request(
        "PUT",
        "/api/Echo?a=1&a=2&b&code=key&c=%20+",
        &[
            ("User-Agent", "me/1"),
            ("Accept", "text/x"),
            ("Accept-Charset", "utf-8"),
            ("X-Many", "1"),
            ("X-Many", "2"),
            ("X-Forwarded-For", "203.0.113.7"),
            ("Forwarded", "for=203.0.113.7"),
            ("X-Azure-Functions-InvocationId", "mine"),
            ("x-functions-key", "key"),
            ("TE", "trailers"),
            ("Content-Type", "text/plain"),
            ("Content-Encoding", "identity"),
            ("Content-Language", "de"),
            ("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ],
        "the body",
    );
    assert_eq!(answer.status, 200);
    let echo = answer.json();
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["target"], "/api/Echo?a=1,2&b=&code=key&c=%20%20");
    assert_eq!(echo["body"], "the body");
    let headers = &echo["headers"];
    let version = headers["x-azure-functions-hostversion"][0]
        .as_str()
        .unwrap();
    assert!(version.starts_with("4."), "{version}");
    let agent = format!("me/1 Azure-Functions-Host/{version}");
    for (name, value) in [
        ("host", "localhost"),
        ("user-agent", agent.as_str()),
        ("accept", "text/x"),
        ("accept-charset", "utf-8"),
        ("x-many", "1, 2"),
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("x-functions-key", "key"),
        ("te", "trailers"),
        ("content-type", "text/plain"),
        ("content-length", "8"),
    ] {
        assert_eq!(headers[name], json!([value]), "{name}");
    }
    let id = headers["x-azure-functions-invocationid"][0]
        .as_str()
        .unwrap();
    assert_eq!(id.strip_prefix("mine, ").map(str::len), Some(36), "{id}");
    for gone in [
        "content-encoding",
        "content-language",
        "last-modified",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-ms-invocation-id",
    ] {
        assert!(headers[gone].is_null(), "{gone}");
    }
}

/// `DefaultHttpWorkerServiceTests.cs`: `GetPathValue_Tests`.
#[test]
fn case_01_and_03_the_path_is_the_clients_with_its_prefix() {
    let root = Root::bare();
    root.host_with(|host| {
        host["customHandler"]["enableProxyingHttpRequest"] = false.into();
        host["customHandler"]["enableForwardingHttpRequest"] = true.into();
        host["extensions"]["http"]["routePrefix"] = "api".into();
    });
    root.http("Hello", "", None, "anonymous");
    root.function(
        "json-good",
        &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" },
            { "type": "http", "direction": "out", "name": "res" },
            { "type": "queue", "direction": "out", "name": "message" },
        ] }),
    );
    let host = root.up(&[]);
    assert_eq!(host.get("/API/hello").json()["target"], "/API/hello");
    // A further binding is what the JSON protocol is for.
    let answer = host.get("/api/json-good");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["got"]["Data"]["req"]["Method"], "GET");
    assert_eq!(host.requests(), ["/API/hello", "/json-good"]);
}

/// `HttpRequestExtensions.cs`, `ToHttpRequestMessage`: content only where `ContentLength` is above 0.
#[test]
fn case_29_a_body_is_forwarded_with_a_length_only() {
    let host = root().up(&[]);
    let echo = host
        .request("POST", "/x", &[("Content-Type", "text/plain")], "")
        .json();
    assert_eq!(
        (&echo["length"], &echo["headers"]["content-type"]),
        (&json!(0), &json!(null))
    );
    // A GET may have a body.
    let echo = host.request("GET", "/x", &[], "abc").json();
    assert_eq!(
        (&echo["method"], &echo["body"]),
        (&json!("GET"), &json!("abc"))
    );

    // .NET refuses to send `Transfer-Encoding: chunked` without a body.
    let before = host.requests().len();
    let mut connection = host.open();
    connection.send("POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let answer = connection.answer("POST");
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    host.line("enableProxyingHttpRequest");
    assert_eq!(host.requests().len(), before);
}

#[test]
fn case_31_the_limit_of_a_body_counts() {
    let mut root = root();
    root.variable("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000");
    let host = root.up(&[]);
    assert_eq!(
        host.request("POST", "/x", &[], &"x".repeat(1001)).status,
        413
    );
    assert_eq!(
        host.request("POST", "/x", &[], &"x".repeat(1000)).json()["length"],
        1000
    );
}

/// `SamplesEndToEndTests_CustomHandler.cs`; redirects: I#6462.
#[test]
fn case_07_and_30_a_response_is_passed_on_as_it_is() {
    let host = root().up(&[]);
    let answer = host.get("/status-500");
    assert_eq!((answer.status, answer.text()), (500, "the body"));
    assert_eq!(answer.all("set-cookie"), ["a=1; Path=/", "b=2"]);
    assert!(!host.printed().contains("failed"));
    let answer = host.get("/redirect");
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("/elsewhere"))
    );
    let mut connection = host.open();
    for status in [204, 304] {
        connection.send(head("GET", &format!("/status-{status}"), &[], 0));
        let answer = connection.answer("GET");
        assert_eq!((answer.status, answer.body.len()), (status, 0));
    }
    connection.send(head("HEAD", "/status-200", &[], 0));
    let answer = connection.answer("HEAD");
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (200, Some("8"))
    );
}

/// I#7860: `SendAsync` waits for the whole response, whose length is therefore known.
#[test]
fn case_29_a_response_is_buffered() {
    let host = root().up(&[]);
    for line in ["more", "end"] {
        host.open_gate(line);
    }
    let answer = host.get("/stream");
    assert_eq!(answer.text(), "data: 0\n\ndata: 1\n\n");
    assert_eq!(answer.header("content-length"), Some("18"));
    assert!(answer.header("transfer-encoding").is_none());
}

#[test]
fn a_response_that_breaks_off_is_500() {
    let host = root().up(&[]);
    let answer = host.get("/cut");
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    host.line("The invocation of WebApp failed");
}

/// `DefaultHttpWorkerService.cs`, `SendInvocationRequestAsync`: no cancellation token is passed.
#[test]
fn case_31_a_client_that_leaves_is_not_told_to_the_handler() {
    let host = root().up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/stream", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stream");
    connection.close();
    // The host has seen the end of that connection by the time it has served another client.
    eventually("others are served", || {
        (host.get("/count").status == 200).then_some(())
    });
    host.open_gate("end");
    let end = host.entry("the stream ends", |entry| {
        entry["streamed"] == "/stream" || entry["abandoned"] == "/stream"
    });
    assert_eq!(end["streamed"], "/stream", "{end}");
}

#[test]
fn a_failure_after_the_client_has_left_is_reported() {
    let host = root().up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/stream", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stream");
    connection.close();
    eventually("others are served", || {
        (host.get("/count").status == 200).then_some(())
    });
    host.open_gate("cut");
    host.line("The invocation of WebApp failed");
}
