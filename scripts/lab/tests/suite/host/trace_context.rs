//! `traceparent` of the host's own requests, as .NET's `HttpClient` adds it (`DiagnosticsHandler.cs`). The expected
//! form is that of a public app which shows the problem of Azure without Application Insights (I#9576).

use crate::support::{Host, Root};

const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A host that forwards, or uses the JSON protocol.
fn up(forwards: bool) -> Host {
    let root = Root::bare();
    root.host_with(|host| {
        host["customHandler"]["enableProxyingHttpRequest"] = false.into();
        host["customHandler"]["enableForwardingHttpRequest"] = forwards.into();
    });
    root.http("json-headers", "", None, "anonymous");
    root.http("Echo", "", None, "anonymous");
    root.up(&["--max", "1"])
}

/// The value that the handler gets for a request to this path with these headers.
fn received(host: &Host, path: &str, headers: &[(&str, &str)]) -> String {
    let mut body = host.request("GET", path, headers, "").json();
    if let Some(inner) = body.get("headers") {
        body = inner.clone();
    }
    let value = &body["traceparent"];
    let value = value.get(0).unwrap_or(value);
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_forwarded_request_has_the_callers_trace_or_a_new_one() {
    let host = up(true);
    assert_eq!(received(&host, "/Echo", &[("traceparent", SENT)]), SENT);
    let value = received(&host, "/Echo", &[]);
    assert!(
        value.len() == SENT.len() && value.ends_with("-00"),
        "{value}"
    );
}

#[test]
fn in_the_json_protocol_a_request_is_a_new_span_of_the_callers_trace() {
    let host = up(false);
    let value = received(&host, "/json-headers", &[("traceparent", SENT)]);
    assert!(
        value.starts_with(&SENT[..36]) && value.ends_with("-01") && value != SENT,
        "{value}"
    );
    let value = received(&host, "/json-headers", &[]);
    assert!(
        value.len() == SENT.len() && value.ends_with("-00"),
        "{value}"
    );
}
