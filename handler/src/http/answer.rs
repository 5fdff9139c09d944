//! What every answer gets: the instance's id, a problem body for an error, a count and a log line.

use std::any::Any;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use super::{App, Error};

/// Names the instance on every response.
pub const INSTANCE_ID: HeaderName = HeaderName::from_static("x-instance-id");
/// Set by the Functions host, one per invocation.
const INVOCATION_ID: HeaderName = HeaderName::from_static("x-azure-functions-invocationid");
/// The longest part of a path or an id that is logged.
const LOGGED: usize = 200;

/// The outermost layer.
pub(super) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    // The path alone: a query may carry a function key.
    let path: String = request.uri().path().chars().take(LOGGED).collect();
    let invocation_id = invocation_id(request.headers());
    let span = tracing::error_span!("request", invocation_id);

    let mut response = next.run(request).instrument(span.clone()).await;
    let _entered = span.entered();
    complete(&mut response, &app.instance);

    let status = response.status().as_u16();
    let took = began.elapsed();
    let took_ms = took.as_micros() as f64 / 1_000.0;
    let probe = is_probe(&path) && invocation_id.is_none() || path.starts_with("/health");
    if !probe {
        let timed = path != super::stress::PATH;
        app.traffic.count(timed.then_some(took));
    }
    if status == 503 {
        // What is missing has been logged where it was found; this is its consequence.
        tracing::warn!(%method, path, status, took_ms, "answered");
    } else if status >= 500 {
        tracing::error!(%method, path, status, took_ms, "answered");
    } else if probe {
        tracing::debug!(%method, path, status, took_ms, "answered");
    } else {
        tracing::info!(%method, path, status, took_ms, "answered");
    }
    response
}

/// The host's readiness poll is a `GET /` without an invocation.
fn is_probe(path: &str) -> bool {
    path == "/"
}

/// An id as the host writes it; anything else in its place is not worth a log line.
fn invocation_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(INVOCATION_ID)?.to_str().ok()?;
    Some(
        id.chars()
            .filter(char::is_ascii_graphic)
            .take(LOGGED)
            .collect(),
    )
}

/// Adds what every answer carries, and gives every error without a body of its own a problem body.
fn complete(response: &mut Response, instance: &super::Instance) {
    let status = response.status();
    let error = response.extensions_mut().remove::<Error>().or_else(|| {
        let failed = status.is_client_error() || status.is_server_error();
        // Not written by us: a layer's, or the router's own 404 and 405.
        let bare = response
            .headers()
            .get(CONTENT_TYPE)
            .is_none_or(|content_type| content_type.as_bytes().starts_with(b"text/plain"));
        (failed && bare).then_some(Error::Status(status))
    });
    if let Some(error) = error {
        error.problem(&instance.id).write_to(response);
    }
    let headers = response.headers_mut();
    headers.insert(INSTANCE_ID, instance.header.clone());
    // What this app says is true now; only embedded files, which say so themselves, may be kept.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The answer to a request whose handler panicked; the panic hook has logged where.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Error::Status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
