//! Requests that the host rebuilds and sends as a whole (`enableForwardingHttpRequest`).

use serde_json::json;

use crate::support::http::head;
use crate::support::program::Program;
use crate::support::{Root, eventually};

super::cases! {
    /// `DefaultHttpWorkerServiceTests.cs`, `GetPathValue_Tests`; `SamplesEndToEndTests_CustomHandler.cs`: the client's path
    /// with its prefix.
    "1, 3" the_path_is_the_clients_with_its_prefix;
    /// `DefaultHttpWorkerServiceTests.cs`, `ProcessSimpleHttpTriggerInvocationRequest_CustomHandler_EnableForwardingHttpRequest`,
    /// `AddHeaders`; `HttpRequestExtensionsTest.cs`, `GetHttpRequest_HasAllHeadersMethodAndBody`.
    "5, 6, 22, 37" a_forwarded_request_is_rebuilt;
    /// `HttpRequestExtensions.cs`, `ToHttpRequestMessage`: content only where `ContentLength` is above 0.
    "29, 37" a_body_is_forwarded_with_a_length_only;
    /// `HttpRequestBodySizeMiddleware.cs`, `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`.
    "31, 37" the_limit_of_a_body_counts
        not on Func: "Core Tools set the limit of the server themselves (StartHostAction.cs)";
    /// `SamplesEndToEndTests_CustomHandler.cs`; redirects: #6462, #7860.
    "7, 30, 37" a_response_is_passed_on_as_it_is;
    /// `DefaultHttpWorkerService.cs`; #7860: `SendAsync` waits for the whole response, whose length is therefore known.
    "29, 37" a_response_is_buffered;
    /// `DefaultHttpWorkerService.cs`, `SendInvocationRequestAsync`: no cancellation token is passed.
    "31, 37" the_handler_does_not_notice_that_a_client_disconnects;
}

fn the_path_is_the_clients_with_its_prefix(program: &Program) {
    let mut root = Root::app("forwarding", program);
    root.variable(
        "AzureFunctionsJobHost__extensions__http__routePrefix",
        "api",
    );
    root.http("Hello", "", None, "anonymous");
    root.function(
        "json-good",
        &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" },
        ] }),
    );
    let host = root.up(&[]);
    assert_eq!(host.get("/API/hello").json()["target"], "/API/hello");
    // A function without its own output is called in the JSON protocol.
    assert_eq!(host.get("/api/json-good").status, 200);
    assert_eq!(host.requests(), ["/API/hello", "/json-good"]);
}

fn a_forwarded_request_is_rebuilt(program: &Program) {
    let host = Root::app("forwarding", program).up(&[]);
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

fn a_body_is_forwarded_with_a_length_only(program: &Program) {
    let host = Root::app("forwarding", program).up(&[]);
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
    host.lab_up_prints("enableProxyingHttpRequest");
    assert_eq!(host.requests().len(), before);
}

fn the_limit_of_a_body_counts(program: &Program) {
    let mut root = Root::app("forwarding", program);
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

fn a_response_is_passed_on_as_it_is(program: &Program) {
    let host = Root::app("forwarding", program).up(&[]);
    let answer = host.get("/status-500");
    assert_eq!((answer.status, answer.text()), (500, "the body"));
    assert_eq!(answer.all("set-cookie"), ["a=1; Path=/", "b=2"]);
    if program.is_lab_up() {
        assert!(!host.printed().contains("failed"));
    }
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

fn a_response_is_buffered(program: &Program) {
    let host = Root::app("forwarding", program).up(&[]);
    for line in ["more", "end"] {
        host.open_gate(line);
    }
    let answer = host.get("/stream");
    assert_eq!(answer.text(), "data: 0\n\ndata: 1\n\n");
    assert_eq!(answer.header("content-length"), Some("18"));
    assert!(answer.header("transfer-encoding").is_none());
}

fn the_handler_does_not_notice_that_a_client_disconnects(program: &Program) {
    let host = Root::app("forwarding", program).up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/stream", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stream");
    connection.close();
    // When the host has served another client, it has seen the end of that connection.
    eventually("others are served", || {
        (host.get("/count").status == 200).then_some(())
    });
    host.open_gate("end");
    let end = host.entry("the stream ends", |entry| {
        entry["streamed"] == "/stream" || entry["abandoned"] == "/stream"
    });
    assert_eq!(end["streamed"], "/stream", "{end}");
}
