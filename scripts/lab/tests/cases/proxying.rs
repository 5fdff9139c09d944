//! Requests that the host passes on as a stream (`enableProxyingHttpRequest`).

use serde_json::json;

use crate::support::Root;
use crate::support::http::head;
use crate::support::program::Program;

/// A client's trace.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

super::cases! {
    /// `DefaultHttpWorkerServiceTests.cs`, `GetPathValue_Tests`: the handler gets the client's path.
    "3, 4" the_path_is_the_clients;
    /// `ScriptInvocationRequestTransformer.cs`; `DefaultHttpWorkerServiceTests.cs`, `AddHeaders`: all but what the host sets.
    "5, 6" a_proxied_request_keeps_all_but_what_the_host_sets;
    /// `ScriptInvocationRequestTransformer.cs` with YARP's `HttpTransformer.Default`; #11254, #10253: `AddXForwarded` sets,
    /// and the original host is not kept.
    "5, 35" forwarded_headers_describe_the_hosts_own_connection;
    /// `SamplesEndToEndTests_CustomHandler.cs`: the handler's 500 is the client's.
    "7" the_handlers_500_is_passed_on;
    /// `DefaultHttpProxyService.cs`; #11025: an upload in chunks is a stream.
    "29" chunked_uploads_are_streamed;
    /// `DefaultHttpProxyService.cs`: GET may have a body in chunks.
    "29" a_chunked_get_keeps_its_body;
    /// `DefaultHttpProxyService.cs`; #7860: events reach the client one by one.
    "29" events_are_flushed_at_once;
    /// `DefaultHttpProxyService.cs`, `AllowAutoRedirect`; #7860: redirects and each cookie reach the client.
    "30" redirects_and_cookies_are_passed_on;
    /// `DefaultHttpProxyService.cs`: 204, 304, and the answer to HEAD have no body.
    "30" responses_without_a_body_stay_without_one;
    /// `HttpRequestBodySizeMiddleware.cs`, `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`: a larger body is refused.
    "31" a_body_over_the_limit_is_413
        not on Func: "Core Tools set the limit of the server themselves (StartHostAction.cs)";
    /// `ScriptConstants.cs`, `DefaultMaxRequestBodySize`: 104,857,600 bytes.
    "31" the_default_limit_is_100_mib;
    /// `DefaultHttpProxyService.cs`: a client that leaves cancels its request to the handler.
    "31" a_client_that_disconnects_cancels_its_request;
    /// `WebJobsApplicationBuilderExtension.cs`: compression is opt-in.
    "50" a_response_is_not_compressed;
}

fn the_path_is_the_clients(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    for target in ["/", "/?", "/api/hello", "/a//b/", "/a;b=1/@x"] {
        assert_eq!(host.get(target).json()["target"], target);
    }
}

fn a_proxied_request_keeps_all_but_what_the_host_sets(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let answer = host.request(
        "POST",
        "/api/echo?a=1&a=2&b&c=%20+",
        &[
            ("User-Agent", "me/1"),
            ("Accept", "text/x"),
            ("Accept-Charset", "utf-8"),
            ("Cookie", "a=1"),
            ("X-Many", "1"),
            ("X-Many", "2"),
            ("traceparent", TRACEPARENT),
            ("tracestate", "vendor=opaque"),
            ("X-Azure-Functions-InvocationId", "mine"),
            ("X-Azure-Functions-HostVersion", "0"),
            ("x-ms-invocation-id", "mine"),
            ("Forwarded", "for=203.0.113.7"),
            ("X-Forwarded-Prefix", "/mine"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("Upgrade", "h2c"),
            ("Connection", "keep-alive, Upgrade"),
            ("TE", "trailers"),
        ],
        "the body",
    );
    let echo = answer.json();
    let headers = &echo["headers"];
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["target"], "/api/echo?a=1&a=2&b&c=%20+");
    assert_eq!(echo["body"], "the body");
    assert_eq!(headers["user-agent"], json!(["me/1"]));
    assert_eq!(headers["accept"], json!(["text/x"]));
    assert_eq!(headers["accept-charset"], json!(["utf-8"]));
    assert_eq!(headers["cookie"], json!(["a=1"]));
    assert_eq!(headers["x-many"], json!(["1", "2"]));
    // The client's trace continues. The host creates none.
    assert_eq!(headers["traceparent"], json!([TRACEPARENT]));
    assert_eq!(headers["tracestate"], json!(["vendor=opaque"]));
    let id = &headers["x-azure-functions-invocationid"];
    assert_eq!(id[0].as_str().unwrap().len(), 36);
    assert_eq!(headers["x-ms-invocation-id"], *id);
    assert!(
        headers["x-azure-functions-hostversion"][0]
            .as_str()
            .unwrap()
            .starts_with("4.")
    );
    for gone in [
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "connection",
        "te",
        "forwarded",
        "x-forwarded-prefix",
    ] {
        assert!(headers[gone].is_null(), "{gone}");
    }
    // Each invocation has a different id.
    let other = host.get("/").json();
    assert!(other["headers"]["traceparent"].is_null());
    assert_ne!(other["headers"]["x-azure-functions-invocationid"], *id);
}

fn forwarded_headers_describe_the_hosts_own_connection(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let port = host.started()["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"].clone();
    let answer = host.request(
        "GET",
        "/x",
        &[
            ("X-Forwarded-For", "203.0.113.7, 198.51.100.1"),
            ("X-Forwarded-For", "203.0.113.8"),
            ("X-Forwarded-Host", "forged.example"),
            ("X-Forwarded-Proto", "https"),
            ("X-Azure-ClientIP", "203.0.113.9"),
            ("CLIENT-IP", "203.0.113.9:5000"),
        ],
        "",
    );
    let headers = &answer.json()["headers"];
    let handler = format!("127.0.0.1:{}", port.as_str().unwrap());
    for (name, value) in [
        ("host", handler.as_str()),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "http"),
        // Headers of a front door or of the platform are passed on.
        ("x-azure-clientip", "203.0.113.9"),
        ("client-ip", "203.0.113.9:5000"),
    ] {
        assert_eq!(headers[name], json!([value]), "{name}");
    }
}

fn the_handlers_500_is_passed_on(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let answer = host.get("/status-500");
    assert_eq!((answer.status, answer.text()), (500, "the body"));
    assert_eq!(answer.header("set-cookie"), Some("a=1; Path=/"));
    if program.is_lab_up() {
        assert!(!host.printed().contains("failed"));
    }
}

fn chunked_uploads_are_streamed(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let mut connection = host.open();
    connection
        .send("POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    // The handler has the first bytes before the last ones are sent.
    host.entry("the first chunk arrives", |entry| entry["received"] == 3);
    connection.send("2\r\nde\r\n0\r\n\r\n");
    let echo = connection.answer("POST").json();
    assert_eq!(echo["body"], "abcde");
    assert_eq!(echo["headers"]["transfer-encoding"], json!(["chunked"]));
    assert!(echo["headers"]["content-length"].is_null());
}

fn a_chunked_get_keeps_its_body(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let mut connection = host.open();
    connection.send(
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    assert_eq!(connection.answer("GET").json()["body"], "abc");
}

fn events_are_flushed_at_once(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let mut connection = host.open();
    connection.send(head("GET", "/stream", &[], 0));
    let (status, _) = connection.head();
    assert_eq!(status, 200);
    for number in 0..3 {
        // The next event is created only after this one was read here.
        assert_eq!(
            connection.chunk().unwrap(),
            format!("data: {number}\n\n").into_bytes()
        );
        host.open_gate(if number < 2 { "more" } else { "end" });
    }
    assert_eq!(connection.chunk().unwrap(), b"");
}

fn redirects_and_cookies_are_passed_on(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let answer = host.get("/redirect");
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("/elsewhere"))
    );
    let answer = host.get("/status-200");
    assert_eq!(answer.all("set-cookie"), ["a=1; Path=/", "b=2"]);
    assert!(answer.header("keep-alive").is_none());
    assert_eq!(host.requests(), ["/redirect", "/status-200"]);
}

fn responses_without_a_body_stay_without_one(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let mut connection = host.open();
    for status in [204, 304] {
        connection.send(head("GET", &format!("/status-{status}"), &[], 0));
        let answer = connection.answer("GET");
        assert_eq!((answer.status, answer.body.len()), (status, 0));
        assert!(answer.header("transfer-encoding").is_none());
    }
    connection.send(head("HEAD", "/status-200", &[], 0));
    let answer = connection.answer("HEAD");
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (200, Some("8"))
    );
    // The connection is still usable.
    connection.send(head("GET", "/x", &[], 0));
    assert_eq!(connection.answer("GET").json()["target"], "/x");
}

fn a_body_over_the_limit_is_413(program: &Program) {
    let mut root = Root::app("proxying", program);
    root.variable("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000");
    let host = root.up(&[]);
    // With a length: refused without a call of the handler.
    let answer = host.request("POST", "/", &[], &"x".repeat(1001));
    assert_eq!((answer.status, answer.body.len()), (413, 0));
    assert!(host.requests().is_empty());
    // Without a length: cut off during the upload.
    let mut connection = host.open();
    connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..3 {
        connection.send(format!("190\r\n{}\r\n", "x".repeat(0x190)));
    }
    assert_eq!(connection.answer("POST").status, 413);
    // At the limit, the body is passed on.
    assert_eq!(
        host.request("POST", "/", &[], &"x".repeat(1000)).json()["length"],
        1000
    );
}

fn the_default_limit_is_100_mib(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let mut connection = host.open();
    connection.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 104857601\r\n\r\n",
    );
    assert_eq!(connection.head().0, 413);
    assert!(host.requests().is_empty());
}

fn a_client_that_disconnects_cancels_its_request(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    // While the client waits for the start of the response.
    let mut connection = host.open();
    connection.send(head("GET", "/stall", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stall");
    connection.close();
    host.entry("the handler learns it", |entry| {
        entry["abandoned"] == "/stall"
    });
    // In the middle of the response.
    let mut connection = host.open();
    connection.send(head("GET", "/stream", &[], 0));
    connection.head();
    connection.chunk();
    connection.close();
    host.entry("the handler learns it", |entry| {
        entry["abandoned"] == "/stream"
    });
    // While the client still sends.
    let mut connection = host.open();
    connection.send(head("POST", "/upload", &[], 1000));
    connection.send("some");
    host.entry("the body arrives", |entry| entry["received"] == 4);
    connection.close();
    host.entry("the handler learns it", |entry| {
        entry["abandoned"] == "/upload"
    });
}

fn a_response_is_not_compressed(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let answer = host.request("GET", "/x", &[("Accept-Encoding", "gzip, br")], "");
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.json()["target"], "/x");
}
