//! The outermost service: what every request and response gets. `router` in the parent module lists the order.

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

/// The header that names the instance, on every response.
pub const INSTANCE_ID: HeaderName = HeaderName::from_static("x-instance-id");

/// Sets the instance's id, begins the trace span, counts and logs the request, and reads its body.
///
/// It is one service, and not one `from_fn` function for each of these: axum boxes the inner service and its response
/// for each such function and each request.
#[derive(Debug, Clone)]
pub(super) struct OuterService<S> {
    app: Arc<App>,
    inner: S,
}

impl<S> OuterService<S> {
    pub(super) fn new(app: &Arc<App>, inner: S) -> Self {
        Self {
            app: Arc::clone(app),
            inner,
        }
    }
}

impl<S> Service<Request> for OuterService<S>
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
        let record = RequestRecord::of(&request);
        let mut span = RequestSpan::begin(&app.spans, &request, record.is_probe);
        // Dropped with the future when the client disconnects.
        let in_flight = (!record.is_probe).then(|| app.traffic.begin());
        // Most requests have no body, and do not need the memory that reading one takes.
        let response = if request.body().is_end_stream() {
            Ok(self.inner.call(request))
        } else {
            let keep = app.api.reads_body(&request);
            Err(Box::pin(with_body(request, keep, self.inner.clone())))
        };
        Box::pin(async move {
            let _in_flight = in_flight;
            let finished = pin!(async {
                let mut response = match response {
                    Ok(without_body) => response_of(without_body.await),
                    Err(with_body) => with_body.await,
                };
                complete(&mut response, &app);
                record.finish(response.status(), &app);
                response
            });
            let response = span.around(finished).await;
            span.answered(response.status());
            Ok(response)
        })
    }
}

/// Calls the inner service once the body has arrived.
async fn with_body<S>(request: Request, keep: bool, inner: S) -> Response
where
    S: Service<Request, Response: IntoResponse, Error = Infallible>,
{
    match body::receive(request, keep).await {
        Ok(request) => response_of(inner.oneshot(request).await),
        Err(error) => error.into_response(),
    }
}

fn response_of(result: Result<impl IntoResponse, Infallible>) -> Response {
    result.map_or_else(|never| match never {}, IntoResponse::into_response)
}

/// The data of a request that the metrics and the log need when its response is complete.
struct RequestRecord {
    began: Instant,
    method: Method,
    uri: Uri,
    is_probe: bool,
}

impl RequestRecord {
    fn of(request: &Request) -> Self {
        let uri = request.uri().clone();
        Self {
            began: Instant::now(),
            method: request.method().clone(),
            is_probe: is_probe(uri.path(), span::is_invocation(request.headers())),
            uri,
        }
    }

    /// Counts the response and logs it.
    fn finish(&self, status: StatusCode, app: &App) {
        let Self { method, uri, .. } = self;
        let status = status.as_u16();
        let took = self.began.elapsed();
        if !self.is_probe {
            let timed = ![super::stress::PATH, super::triggers::AUTOSCALE].contains(&uri.path());
            app.traffic.count(status, timed.then_some(took));
        }
        app.lifecycle.answered();
        let took_ms = took.as_micros() as f64 / 1_000.0;
        if status >= 500 && status != 503 {
            let path = span::path(uri);
            tracing::error!(%method, path, status, took_ms, "answered");
        } else {
            // Not at the default level: a line for each request would cost a third as much as the response, and the
            // Functions host already records every invocation. The cause of a 503 is logged where it occurs, once for
            // all requests that fail because of it.
            tracing::debug!(%method, path = span::path(uri), status, took_ms, "answered");
        }
    }
}

/// Probes are not counted as traffic. The host's readiness poll is a `GET /` without an invocation id.
fn is_probe(path: &str, is_invocation: bool) -> bool {
    path == "/" && !is_invocation || path.starts_with("/health")
}

/// Adds the headers of every response, and gives an error without a body a problem body.
fn complete(response: &mut Response, app: &App) {
    let status = response.status();
    let error = response.extensions_mut().remove::<Error>().or_else(|| {
        let failed = status.is_client_error() || status.is_server_error();
        // The response comes from a layer, or is the router's own 404 or 405.
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
    // API responses must not be cached. Embedded files set their own value.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The response to a request whose handler panicked. The panic hook logs the location.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Error::Status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
