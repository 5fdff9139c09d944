//! The trace and the invocation of a request: their ids for its log lines, and its span if spans are exported.

use std::pin::Pin;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{HOST, USER_AGENT};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use opentelemetry::trace::{FutureExt as _, SpanBuilder, SpanKind, TraceContextExt as _, TraceId};
use opentelemetry::{Context, KeyValue, propagation::TextMapPropagator as _};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;

use crate::observe::telemetry::{self, LONGEST, RequestIds, Spans};

/// Set by the Functions host, one per invocation.
const INVOCATION_ID: HeaderName = HeaderName::from_static("x-azure-functions-invocationid");
/// W3C Trace Context (w3.org/TR/trace-context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The trace context of a request.
pub(super) struct RequestSpan {
    /// For its log lines.
    ids: RequestIds,
    /// The span to export.
    exported: Option<Context>,
}

impl RequestSpan {
    /// Probes get no span: they are the most frequent requests, and their spans are of no use.
    pub(super) fn begin(spans: &Spans, request: &Request, is_probe: bool) -> Self {
        let parent = parent(request.headers());
        let mut ids = RequestIds {
            trace: None,
            invocation: request.headers().get(INVOCATION_ID).cloned(),
        };
        let exported = if is_probe {
            None
        } else {
            // Built only if it is exported.
            spans.begin(&parent, || described(request, ids.invocation_id()))
        };
        let sent = exported.as_ref().unwrap_or(&parent);
        ids.trace =
            Some(sent.span().span_context().trace_id()).filter(|id| *id != TraceId::INVALID);
        Self { ids, exported }
    }

    /// Runs `response` with this request's ids in its log lines and in its writes. It takes a pinned reference, because a
    /// future that is moved in would be copied once for each of the two cases.
    pub(super) async fn around<T>(&mut self, response: Pin<&mut impl Future<Output = T>>) -> T {
        let ids = std::mem::take(&mut self.ids);
        match &self.exported {
            None => ids.around(response).await,
            Some(context) => ids.around(response.with_context(context.clone())).await,
        }
    }

    /// Ends the span. When the client disconnects before the response, the span ends without a status.
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(context) = &self.exported {
            let code = KeyValue::new("http.response.status_code", i64::from(status.as_u16()));
            context.span().set_attribute(code);
            let failed = status.is_server_error();
            telemetry::end(
                context,
                failed.then(|| (status.as_str().to_owned(), String::new())),
            );
        }
    }
}

/// Whether the Functions host forwarded this request for a client.
pub(super) fn is_invocation(headers: &HeaderMap) -> bool {
    headers.contains_key(INVOCATION_ID)
}

/// The path alone: a query may carry a function key.
pub(super) fn path(request: &axum::http::Uri) -> String {
    request.path().chars().take(LONGEST).collect()
}

/// The span that the caller names as the parent of this request, if the header has the standard's form.
fn parent(headers: &HeaderMap) -> Context {
    if headers.contains_key(TRACEPARENT) {
        TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &HeaderExtractor(headers))
    } else {
        Context::new()
    }
}

/// The span of a request, with the names of the semantic conventions for HTTP servers and for functions
/// (opentelemetry.io/docs/specs/semconv/http/http-spans, .../faas/faas-spans). It omits the client's address, which
/// leaves this program only as the settings allow, and the query, which may contain a key.
fn described(request: &Request, invocation: Option<String>) -> SpanBuilder {
    let headers = request.headers();
    let header = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let method = match request.method().as_str() {
        known @ ("GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS" | "PATCH" | "TRACE"
        | "CONNECT" | "QUERY") => known.to_owned(),
        _ => "_OTHER".to_owned(),
    };
    let route = request.extensions().get::<MatchedPath>();
    let named = if method == "_OTHER" { "HTTP" } else { &method };
    let name = route.map_or_else(
        || named.to_owned(),
        |route| format!("{named} {}", route.as_str()),
    );
    let scheme = match header(&FORWARDED_PROTO) {
        Some("https") => "https",
        _ => "http",
    };
    let mut attributes = vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.path", path(request.uri())),
        KeyValue::new("url.scheme", scheme),
        KeyValue::new("faas.trigger", "http"),
    ];
    if let Some(route) = route {
        attributes.push(KeyValue::new("http.route", route.as_str().to_owned()));
    }
    let host = header(&FORWARDED_HOST).or_else(|| header(&HOST));
    if let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) {
        let address = host.host().chars().take(LONGEST).collect::<String>();
        attributes.push(KeyValue::new("server.address", address));
        if let Some(port) = host.port_u16() {
            attributes.push(KeyValue::new("server.port", i64::from(port)));
        }
    }
    if let Some(agent) = header(&USER_AGENT) {
        let agent = agent.chars().take(LONGEST).collect::<String>();
        attributes.push(KeyValue::new("user_agent.original", agent));
    }
    if let Some(id) = invocation {
        attributes.push(KeyValue::new("faas.invocation_id", id));
    }
    SpanBuilder::from_name(name)
        .with_kind(SpanKind::Server)
        .with_attributes(attributes)
}
