//! Passes a request on to the handler and its answer back, both as streams
//! (`DefaultHttpProxyService.cs`, and YARP's `HttpForwarder` with its default transform).

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};
use hyper::body::{Body as _, Incoming};

use super::app::{App, Failure, HOST_VERSION, HOST_VERSION_HEADER, INVOCATION_HEADER};
use super::body::{Body, ProxiedBody};
use super::dispatch::{self, To};
use super::exchange::Exchange;
use super::path;
use super::request_body::RequestBody;

const CORRELATION_HEADER: HeaderName = HeaderName::from_static("x-ms-invocation-id");

/// Headers that belong to one connection, or that YARP takes out for other reasons
/// (`RequestUtilities.cs`, `ShouldSkipRequestHeader`). Trace headers, which it takes out as well, are
/// kept: .NET puts them back with the same trace id.
fn is_skipped(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "transfer-encoding"
            | "keep-alive"
            | "upgrade"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-features"
            | "proxy-instruction"
            | "security-scheme"
            | "alpn"
            | "close"
            | "http2-settings"
            | "upgrade-insecure-requests"
            | "te"
            | "trailer"
            | "alt-svc"
    )
}

/// Sends `request`, matched by `path` (decoded), to the handler and returns what it answers.
pub(crate) async fn forward(
    app: &App,
    path: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, Failure> {
    let exchange = Exchange::start(app.settings.function_timeout, app.settings.body_limit);
    let outbound = outbound(path, request, &exchange)?;
    let to = To::Any(&app.backends);
    let (in_flight, connection, answer) = match dispatch::send(to, outbound, &exchange).await {
        Err(_) if exchange.too_large() => return Err(Failure::TooLarge),
        Err(_) if exchange.broken() => return Err(Failure::Client),
        answered => answered?,
    };
    let (mut parts, incoming) = answer.into_parts();
    strip(&mut parts.headers);
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let body = ProxiedBody::new(incoming, connection, in_flight, exchange);
    Ok(Response::from_parts(parts, Body::proxied(body)))
}

/// The request as the handler gets it.
fn outbound(
    path: &str,
    request: Request<Incoming>,
    exchange: &Arc<Exchange>,
) -> Result<Request<RequestBody>, Failure> {
    let (mut parts, incoming) = request.into_parts();
    parts.uri = target(path, &parts.uri)?;
    parts.version = Version::HTTP_11;
    parts.extensions.clear();

    let chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
    strip(&mut parts.headers);
    // This host has answered the expectation itself by reading the body.
    parts.headers.remove(header::EXPECT);
    let body = if incoming.is_end_stream() {
        RequestBody::EMPTY
    } else {
        RequestBody::streamed(incoming, exchange)
    };
    if chunked {
        // Beside chunks a length means nothing, and repeating it would let others read it differently.
        parts.headers.remove(header::CONTENT_LENGTH);
        if !body.is_end_stream() {
            parts.headers.insert(
                header::TRANSFER_ENCODING,
                HeaderValue::from_static("chunked"),
            );
        }
    }
    if !parts.headers.contains_key(header::HOST) {
        parts
            .headers
            .insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
    }
    let mut text = uuid::Uuid::encode_buffer();
    let id = HeaderValue::from_str(uuid::Uuid::new_v4().hyphenated().encode_lower(&mut text))
        .map_err(|error| Failure::Answer(error.to_string()))?;
    parts
        .headers
        .insert(HOST_VERSION_HEADER, HeaderValue::from_static(HOST_VERSION));
    parts.headers.insert(INVOCATION_HEADER, id.clone());
    parts.headers.insert(CORRELATION_HEADER, id);
    Ok(Request::from_parts(parts, body))
}

/// The decoded path written anew, and the query as it came.
fn target(path: &str, uri: &Uri) -> Result<Uri, Failure> {
    let encoded = path::encode(path);
    let target = match uri.path_and_query() {
        Some(raw) if raw.path() == encoded => raw.clone(),
        _ => {
            let text = match uri.query() {
                Some(query) => format!("{encoded}?{query}"),
                None => encoded.into_owned(),
            };
            PathAndQuery::try_from(text).map_err(|error| Failure::Answer(error.to_string()))?
        }
    };
    Ok(Uri::from(target))
}

/// Looks at the few headers that are there rather than for each of those that must go, which are rare.
fn strip(headers: &mut HeaderMap) {
    let unwanted: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_skipped(name))
        .cloned()
        .collect();
    for name in unwanted {
        headers.remove(name);
    }
}
