//! What every request and answer gets: its body read, the instance's id, a problem body for an error, a count
//! and a log line.

use std::any::Any;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use tower::{Service, ServiceExt as _};

use super::span::{self, RequestSpan};
use super::{App, Error, body};

/// Names the instance on every response.
pub const INSTANCE_ID: HeaderName = HeaderName::from_static("x-instance-id");

/// The outermost layer. A service of its own: as a function for axum's `from_fn` it would box what it encloses, and
/// that one's answer, for each request.
#[derive(Debug, Clone)]
pub(super) struct Finish<S> {
    app: Arc<App>,
    inner: S,
}

impl<S> Finish<S> {
    pub(super) fn new(app: &Arc<App>, inner: S) -> Self {
        Self {
            app: Arc::clone(app),
            inner,
        }
    }
}

impl<S> Service<Request> for Finish<S>
where
    S: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let app = Arc::clone(&self.app);
        let asked = Asked::of(&request);
        let mut span = RequestSpan::begin(&app.spans, &request, asked.is_probe);
        // Dropped with the future when the caller leaves.
        let under_way = (!asked.is_probe).then(|| app.traffic.begin());
        // Most requests have no body, and need not carry the room that reading one takes.
        let answer = if request.body().is_end_stream() {
            Ok(self.inner.call(request))
        } else {
            Err(Box::pin(with_body(request, self.inner.clone())))
        };
        Box::pin(async move {
            let _under_way = under_way;
            let finished = pin!(async {
                let mut response = match answer {
                    Ok(at_once) => response_of(at_once.await),
                    Err(later) => later.await,
                };
                complete(&mut response, &app);
                asked.answered(response.status(), &app);
                response
            });
            let response = span.around(finished).await;
            span.answered(response.status());
            Ok(response)
        })
    }
}

/// Has the request answered once its body is there.
async fn with_body<S>(request: Request, inner: S) -> Response
where
    S: Service<Request, Response: IntoResponse, Error = Infallible>,
{
    match body::arrived(request).await {
        Ok(request) => response_of(inner.oneshot(request).await),
        Err(error) => error.into_response(),
    }
}

fn response_of(answered: Result<impl IntoResponse, Infallible>) -> Response {
    answered.map_or_else(|never| match never {}, IntoResponse::into_response)
}

/// What is still to be known of a request once it is answered.
struct Asked {
    began: Instant,
    method: Method,
    uri: Uri,
    is_probe: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let uri = request.uri().clone();
        Self {
            began: Instant::now(),
            method: request.method().clone(),
            is_probe: is_probe(uri.path(), span::is_invocation(request.headers())),
            uri,
        }
    }

    /// Counts the answer and logs it.
    fn answered(&self, status: StatusCode, app: &App) {
        let Self { method, uri, .. } = self;
        let status = status.as_u16();
        let took = self.began.elapsed();
        if !self.is_probe {
            let timed = uri.path() != super::stress::PATH;
            app.traffic.count(status, timed.then_some(took));
        }
        app.pulse.answered();
        let took_ms = took.as_micros() as f64 / 1_000.0;
        if status >= 500 && status != 503 {
            let path = span::path(uri);
            tracing::error!(%method, path, status, took_ms, "answered");
        } else {
            // Not at the default level: a line for each would cost as much as a third of the answer, and the
            // Functions host keeps a record of every invocation. What makes an answer 503 is logged where it
            // is found, once for all who wait for it.
            tracing::debug!(%method, path = span::path(uri), status, took_ms, "answered");
        }
    }
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
