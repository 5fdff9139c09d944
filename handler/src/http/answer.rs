//! What every request and answer gets: its body read, the instance's id, a problem body for an error, a count
//! and a log line.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body as _;

use super::span::{self, RequestSpan};
use super::{App, Error, body};

/// Names the instance on every response.
pub const INSTANCE_ID: HeaderName = HeaderName::from_static("x-instance-id");

/// The outermost layer.
pub(super) async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let invocation = span::invocation_id(request.headers());
    let is_probe = is_probe(uri.path(), invocation.is_some());
    let span = RequestSpan::begin(&app.spans, &request, invocation.as_deref(), is_probe);
    // Dropped with this future when the caller leaves.
    let _under_way = (!is_probe).then(|| app.traffic.begin());

    let answer = pin!(async {
        // Most requests have no body, and need not carry the room that reading one takes.
        let arrived = if request.body().is_end_stream() {
            Ok(request)
        } else {
            Box::pin(body::arrived(request)).await
        };
        match arrived {
            Ok(request) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    });
    let mut response = span.around(answer).await;
    let _entered = span.lines().map(tracing::Span::enter);
    complete(&mut response, &app);

    let status = response.status().as_u16();
    let took = began.elapsed();
    if !is_probe {
        let timed = uri.path() != super::stress::PATH;
        app.traffic.count(status, timed.then_some(took));
    }
    app.pulse.answered();
    span.answered(response.status());
    let took_ms = took.as_micros() as f64 / 1_000.0;
    if status >= 500 && status != 503 {
        let path = span::path(&uri);
        tracing::error!(%method, path, status, took_ms, "answered");
    } else {
        // Not at the default level: a line for each would cost as much as a third of the answer, and the
        // Functions host keeps a record of every invocation. What makes an answer 503 is logged where it
        // is found, once for all who wait for it.
        tracing::debug!(%method, path = span::path(&uri), status, took_ms, "answered");
    }
    response
}

/// Probes are no traffic. The host's readiness poll is a `GET /` without an invocation.
fn is_probe(path: &str, is_invocation: bool) -> bool {
    path == "/" && !is_invocation || path.starts_with("/health")
}

/// Adds what every answer carries, and gives every error without a body of its own a problem body.
fn complete(response: &mut Response, app: &App) {
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
        if matches!(error, Error::Overloaded) {
            app.traffic.count_refused();
            app.overload.note_shed();
        }
        error.problem(&app.instance.id).write_to(response);
    }
    let headers = response.headers_mut();
    headers.insert(INSTANCE_ID, app.instance.header.clone());
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
