//! Passes a request on to the handler and its answer back, both as streams
//! (`DefaultHttpProxyService.cs`, `ScriptInvocationRequestTransformer.cs`, and YARP's `HttpForwarder` with
//! `HttpTransformer.Default`).

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};

use super::app::{App, Failure, HOST_VERSION, HOST_VERSION_HEADER, INVOCATION_HEADER};
use super::backends::Admission;
use super::body::{Body, ProxiedBody};
use super::dispatch::{self, Refused, To};
use super::exchange::{ACTIVITY_TIMEOUT, Exchange};
use super::path;
use super::peer::Peer;
use super::request_body::{RequestBody, Upload};

const CORRELATION_HEADER: HeaderName = HeaderName::from_static("x-ms-invocation-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The number of headers that may be added to a request.
const ADDED_HEADERS: usize = 6;

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

/// Headers about the origin of a request that only this host may set. It sets no `X-Forwarded-Prefix`, because no app
/// is below another path (`ForwardedTransformExtensions.cs`, `AddXForwarded`).
fn is_origin(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "forwarded"
            | "x-forwarded-for"
            | "x-forwarded-host"
            | "x-forwarded-prefix"
            | "x-forwarded-proto"
    )
}

/// Sends `request`, matched by `path` (decoded), to the handler, and returns the response.
pub(crate) async fn forward(
    app: &App,
    path: &str,
    request: Request<Incoming>,
    peer: Peer,
    admission: Option<Admission>,
) -> Result<Response<Body>, Failure> {
    let exchange = Exchange::start(
        app.settings.function_timeout,
        app.settings.body_limit,
        Some(ACTIVITY_TIMEOUT),
    );
    let outbound = outbound(path, request, peer, &exchange)?;
    let to = To::Any(&app.backends, admission.as_ref());
    let (in_flight, connection, answer) =
        match dispatch::send(to, outbound, &exchange, Refused::Retried).await {
            Err(_) if exchange.too_large() => return Err(Failure::TooLarge),
            Err(_) if exchange.broken() => return Err(Failure::Client),
            answered => answered?,
        };
    let (mut parts, incoming) = answer.into_parts();
    strip(&mut parts.headers, is_skipped);
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let body = ProxiedBody::new(incoming, connection, in_flight, admission, exchange);
    Ok(Response::from_parts(parts, Body::Right(Box::new(body))))
}

/// The request for the handler.
fn outbound(
    path: &str,
    request: Request<Incoming>,
    peer: Peer,
    exchange: &Arc<Exchange>,
) -> Result<Request<RequestBody>, Failure> {
    let (mut parts, incoming) = request.into_parts();
    parts.uri = target(path, &parts.uri)?;
    parts.version = Version::HTTP_11;
    parts.extensions.clear();

    let headers = &mut parts.headers;
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    // Grows at most once.
    headers.reserve(ADDED_HEADERS);
    strip(headers, |name| is_skipped(name) || is_origin(name));
    // This host has fulfilled the expectation by reading the body.
    headers.remove(header::EXPECT);
    let body = if incoming.is_end_stream() {
        RequestBody::Left(Full::default())
    } else {
        RequestBody::Right(Upload::new(incoming, exchange))
    };
    if chunked {
        // A length is meaningless for a chunked body, and other software could read it differently.
        headers.remove(header::CONTENT_LENGTH);
        if !body.is_end_stream() {
            let chunked = HeaderValue::from_static("chunked");
            headers.insert(header::TRANSFER_ENCODING, chunked);
        }
    }
    // Replaced by the handler's own address.
    if let Some(host) = headers.remove(header::HOST) {
        headers.insert(FORWARDED_HOST, host);
    }
    headers.insert(FORWARDED_FOR, peer.address);
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    let mut text = uuid::Uuid::encode_buffer();
    let id = HeaderValue::from_str(uuid::Uuid::new_v4().hyphenated().encode_lower(&mut text))
        .map_err(|error| Failure::Answer(error.to_string()))?;
    headers.insert(HOST_VERSION_HEADER, HeaderValue::from_static(HOST_VERSION));
    headers.insert(INVOCATION_HEADER, id.clone());
    headers.insert(CORRELATION_HEADER, id);
    Ok(Request::from_parts(parts, body))
}

/// The decoded path, encoded again, and the original query.
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

/// Checks the few existing headers, instead of looking for all unwanted ones, which are rare.
fn strip(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_unwanted(name))
        .cloned()
        .collect();
    for name in unwanted {
        headers.remove(name);
    }
}
