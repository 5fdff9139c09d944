//! Rebuilds a request for the handler and returns its response whole: `enableForwardingHttpRequest`, the older of the
//! two modes for plain HTTP functions (`DefaultHttpWorkerService.cs`, `ProcessHttpInAndOutInvocationRequest`;
//! `HttpRequestExtensions.cs`, `ToHttpRequestMessage`).
//!
//! Parts that a handler does not get, or gets in another form:
//!
//! | part | becomes |
//! | --- | --- |
//! | query | one value for each name, written anew ([`query`]) |
//! | body | passed on with a `Content-Length` above 0 only; in chunks it is an error ([`is_chunked`]) |
//! | headers of the content | `Content-Type` and `Content-Length` of a body; all others are dropped |
//! | repeated headers | one line (.NET's `HttpConnection.cs`) |
//! | `User-Agent` | followed by the host's |
//! | `traceparent` | added where it is absent |
//! | a client that disconnects | the handler is not notified |

use std::sync::Arc;

use http::header::{self, GetAll};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;

use super::app::{App, Failure, HOST_VERSION, HOST_VERSION_HEADER, INVOCATION_HEADER};
use super::backends::Admission;
use super::body::Body;
use super::detached::detached;
use super::dispatch::{self, To};
use super::exchange::Exchange;
use super::request_body::{RequestBody, Upload};
use super::response::whole;
use super::trace_context::{TRACEPARENT, traceparent};
use super::{path, query};

/// Whether the body is sent in chunks. Its `Transfer-Encoding` is copied like any header but the body is not, and
/// .NET refuses to send such a request (`SocketsHttpHandler.cs`, `ValidateAndNormalizeRequest`).
pub(crate) fn is_chunked(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
}

/// Sends `request` for the function at this index of the table to `path` (decoded) of the handler, and returns the
/// response.
pub(crate) async fn forward(
    app: &Arc<App>,
    function: usize,
    path: &str,
    request: Request<Incoming>,
    admission: Option<Admission>,
) -> Result<Response<Body>, Failure> {
    let exchange = Exchange::start(app.settings.function_timeout, app.settings.body_limit, None);
    let outbound = outbound(path, request, &exchange)?;
    let shared = Arc::clone(app);
    // The exchange's own limits end it.
    let answer = detached(app, function, async move {
        let to = To::Any(&shared.backends, admission.as_ref());
        match dispatch::exchange_whole(to, outbound, &exchange).await {
            Err(_) if exchange.too_large() => Err(Failure::TooLarge),
            Err(_) if exchange.broken() => Err(Failure::Client),
            answer => answer,
        }
    });
    let (mut parts, body) = answer.await?;
    // The host frames the response itself.
    parts.headers.remove(header::TRANSFER_ENCODING);
    let mut response = Response::new(whole(body));
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    Ok(response)
}

/// The request for the handler.
fn outbound(
    path: &str,
    request: Request<Incoming>,
    exchange: &Arc<Exchange>,
) -> Result<Request<RequestBody>, Failure> {
    let (parts, incoming) = request.into_parts();
    let unusable = |error: &dyn std::fmt::Display| Failure::Answer(error.to_string());
    let mut target = display_path(path);
    query::append(
        &mut target,
        &query::parameters(parts.uri.query().unwrap_or_default()),
    );
    let target = PathAndQuery::try_from(target).map_err(|error| unusable(&error))?;
    let has_body = content_length(&parts.headers) > 0;
    let headers = headers(&parts.headers, has_body).map_err(|error| unusable(&error))?;
    let body = if has_body {
        RequestBody::Right(Upload::new(incoming, exchange))
    } else {
        RequestBody::Left(Full::default())
    };
    let mut outbound = Request::new(body);
    *outbound.method_mut() = parts.method;
    *outbound.uri_mut() = Uri::from(target);
    *outbound.headers_mut() = headers;
    Ok(outbound)
}

fn content_length(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}

/// The path of `GetDisplayUrl`, which is decoded and then parsed as a URL again: an escaped `?` or `#` ends it.
fn display_path(path: &str) -> String {
    path::escape(path.split(['?', '#']).next().unwrap_or_default())
}

/// Headers of the content, which .NET does not accept as headers of a request (`KnownHeaders.cs`).
fn is_content(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "allow"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "content-length"
            | "content-location"
            | "content-md5"
            | "content-range"
            | "content-type"
            | "expires"
            | "last-modified"
    )
}

fn headers(received: &HeaderMap, has_body: bool) -> Result<HeaderMap, header::InvalidHeaderValue> {
    let mut headers = HeaderMap::with_capacity(received.keys_len() + 3);
    for name in received.keys().filter(|name| !is_content(name)) {
        headers.insert(name, one_line(name, &received.get_all(name), None)?);
    }
    if has_body {
        for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
            if let Some(value) = received.get(&name) {
                headers.insert(name, value.clone());
            }
        }
    }
    let version = HeaderValue::from_static(HOST_VERSION);
    let agent = HeaderValue::from_str(&format!("Azure-Functions-Host/{HOST_VERSION}"))?;
    let id = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string())?;
    // Added to the client's values (AddHeaders).
    for (name, value) in [
        (HOST_VERSION_HEADER, version),
        (INVOCATION_HEADER, id),
        (header::USER_AGENT, agent),
    ] {
        let line = one_line(&name, &received.get_all(&name), Some(&value))?;
        headers.insert(name, line);
    }
    if !headers.contains_key(TRACEPARENT)
        && let Some(value) = traceparent(received)
    {
        headers.insert(TRACEPARENT, value);
    }
    Ok(headers)
}

/// All values of a header in one line, as .NET writes them.
fn one_line(
    name: &HeaderName,
    values: &GetAll<'_, HeaderValue>,
    last: Option<&HeaderValue>,
) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let separator: &[u8] = if name == header::USER_AGENT {
        b" "
    } else if name == header::COOKIE {
        b"; "
    } else {
        b", "
    };
    let values: Vec<&[u8]> = values
        .iter()
        .chain(last)
        .map(HeaderValue::as_bytes)
        .collect();
    HeaderValue::from_bytes(&values.join(separator))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `DefaultHttpWorkerService.cs`, `GetPathValue`, with `UriHelper.GetDisplayUrl` and `Uri.AbsolutePath`.
    #[test]
    fn the_path_is_decoded_and_read_again() {
        for (decoded, expected) in [
            ("/api/Hello", "/api/Hello"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a?b", "/a"),
            ("/a#b", "/a"),
        ] {
            assert_eq!(display_path(decoded), expected, "{decoded}");
        }
    }

    /// `HttpRequestExtensions.cs`, `ToHttpRequestMessage`; `DefaultHttpWorkerService.cs`, `AddHeaders`.
    #[test]
    fn headers_are_copied_except_those_of_the_content() {
        let mut received = HeaderMap::new();
        for (name, value) in [
            ("host", "example.org"),
            ("x-many", "1"),
            ("x-many", "2"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("user-agent", "me/1"),
            ("content-encoding", "gzip"),
            ("content-language", "de"),
            ("expires", "0"),
            ("content-type", "text/plain"),
            ("content-length", "3"),
            ("x-azure-functions-invocationid", "mine"),
        ] {
            received.append(name, value.parse().expect("a header value"));
        }
        let sent = headers(&received, true).expect("valid");
        let line = |name: &str| sent[name].to_str().expect("text");
        assert_eq!(line("host"), "example.org");
        assert_eq!(line("x-many"), "1, 2");
        assert_eq!(line("cookie"), "a=1; b=2");
        assert_eq!(
            line("user-agent"),
            format!("me/1 Azure-Functions-Host/{HOST_VERSION}")
        );
        assert_eq!(line("content-type"), "text/plain");
        assert_eq!(line("content-length"), "3");
        assert!(line("x-azure-functions-invocationid").starts_with("mine, "));
        for gone in ["content-encoding", "content-language", "expires"] {
            assert!(!sent.contains_key(gone), "{gone}");
        }
        assert!(line("traceparent").ends_with("-00"));
        let mine = HeaderValue::from_static("mine");
        received.insert("traceparent", mine.clone());
        let sent = headers(&received, false).expect("valid");
        assert_eq!(sent["traceparent"], mine);
        assert!(!sent.contains_key("content-type") && !sent.contains_key("content-length"));
    }

    proptest! {
        #[test]
        fn every_path_becomes_a_target(path in "/\\PC{0,40}") {
            prop_assert!(PathAndQuery::try_from(display_path(&path)).is_ok());
        }
    }
}
