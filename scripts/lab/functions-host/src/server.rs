//! The path of one request: pages of other origins, limits, access, the host's own endpoints, routing, key, handler.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::admin::{self, LabRequest};
use super::app::{App, Failure};
use super::backends::{Admission, NotAdmitted};
use super::body::Body;
use super::cross_site::{Refusal, Target};
use super::function::Level;
use super::handler_options::HttpMode;
use super::keys::Access;
use super::peer::Peer;
use super::response::{HTML, TEXT, content, empty};
use super::route::Route;
use super::{forwarding, invoke, path, proxy};

/// Kestrel's `MaxRequestLineSize`.
const REQUEST_LINE: usize = 8192;
/// `AntaresScaleOutHeaderName` (`ScriptConstants.cs`). The host adds it outside Azure, too.
const SCALE_OUT: HeaderName = HeaderName::from_static("x-function-scaleout");
/// The bytes of an unwanted body that are read and discarded, so that its sender gets the response.
const UNWANTED: usize = 2 * 1024 * 1024;
const UNWANTED_TIME: Duration = Duration::from_secs(5);

/// Responds to one request of `peer`. For `/admin/lab` and below, `lab` responds.
pub async fn respond<R: Future<Output = Response<Body>> + Send>(
    app: &Arc<App>,
    request: Request<Incoming>,
    peer: Peer,
    lab: impl FnOnce(LabRequest) -> R + Send,
) -> Response<Body> {
    let cors = app.cors.as_ref();
    let grant = cors.and_then(|cors| cors.grant(request.method(), request.headers()));
    let mut response = match &grant {
        Some(grant) if grant.is_preflight => refuse(request, StatusCode::NO_CONTENT),
        _ => answer(app, request, peer, lab).await,
    };
    if let Some(grant) = grant {
        grant.apply(response.headers_mut());
    }
    response
}

async fn answer<R: Future<Output = Response<Body>> + Send>(
    app: &Arc<App>,
    request: Request<Incoming>,
    peer: Peer,
    lab: impl FnOnce(LabRequest) -> R + Send,
) -> Response<Body> {
    let line = request.method().as_str().len()
        + request
            .uri()
            .path_and_query()
            .map_or(0, |target| target.as_str().len());
    if line > REQUEST_LINE {
        return refuse(request, StatusCode::URI_TOO_LONG);
    }
    let raw = request.uri().clone();
    let Some(path) = path::decode(raw.path()) else {
        return refuse(request, StatusCode::BAD_REQUEST);
    };
    let is_admin = admin::owns(&path);
    let route = (!is_admin)
        .then(|| app.table.find(request.method(), &path))
        .flatten();
    if let Access::Open(policy) = &app.access {
        let target = match route.map(|route| &app.table.functions[route.function]) {
            Some(function) if function.disabled => Target::Function(Level::Admin),
            Some(function) => Target::Function(function.level()),
            None if is_admin && !admin::is_public(&path) => Target::Admin,
            None => Target::Other,
        };
        let verdict = policy.check(request.method(), &raw, request.headers(), target);
        if let Err(refusal) = verdict {
            return forbid(app, request, refusal);
        }
    }
    if is_admin {
        return boxed(|| admin::answer(app, &path, request, lab)).await;
    }
    if let Some(page) = app.offline.page() {
        discard(request);
        return content(StatusCode::SERVICE_UNAVAILABLE, "text/html", page);
    }
    let arrival = Instant::now();
    let admission = match app.settings.limits {
        None => None,
        Some(limits) => match Box::pin(app.backends.admit(limits)).await {
            Ok(admission) => Some(admission),
            Err(reason) => return reject(app, &path, request, &reason),
        },
    };
    let mut response =
        function_response(app, &path, route, request, peer, admission, arrival).await;
    // TryAdd: the handler's own headers stay (CustomHttpHeadersMiddleware.cs).
    for (name, value) in &app.settings.custom_headers {
        if !response.headers().contains_key(name) {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    response
}

async fn function_response(
    app: &Arc<App>,
    path: &str,
    route: Option<&Route>,
    mut request: Request<Incoming>,
    peer: Peer,
    admission: Option<Admission>,
    arrival: Instant,
) -> Response<Body> {
    let Some(route) = route else {
        return if path == "/" {
            homepage(app, request)
        } else {
            refuse(request, StatusCode::NOT_FOUND)
        };
    };
    let function = &app.table.functions[route.function];
    let needed = function.level();
    if needed > Level::Anonymous || function.disabled {
        let level = app.access.level(
            request.headers(),
            request.uri().query(),
            Some(&function.name),
        );
        if function.disabled && level < Level::Admin {
            return refuse(request, StatusCode::NOT_FOUND);
        }
        if level < needed {
            return refuse(request, StatusCode::UNAUTHORIZED);
        }
    }
    let mode = if function.is_plain_http() {
        app.settings.handler.http_mode
    } else {
        HttpMode::Json
    };
    if let Some(failure) = unfit(app, mode, &request) {
        app.report(function, &failure);
        return refuse(request, failure.status());
    }
    let method = request.method().clone();
    let answer = match mode {
        HttpMode::Proxying => boxed(|| proxy::forward(app, path, request, peer, admission)).await,
        HttpMode::Forwarding => {
            boxed(|| forwarding::forward(app, route.function, path, request, admission)).await
        }
        HttpMode::ForwardingToName => {
            let path = format!("/{}", function.name);
            boxed(|| forwarding::forward(app, route.function, &path, request, admission)).await
        }
        HttpMode::Json => {
            request.extensions_mut().insert(peer.head);
            boxed(|| invoke::http(app, route, path, request, admission)).await
        }
    };
    app.traffic.answered(arrival.elapsed());
    let response = answer.unwrap_or_else(|failure| {
        app.report(function, &failure);
        empty(failure.status())
    });
    // Without the query, which may contain a key.
    app.console.debug(format_args!(
        "{method} {} -> {} {} in {} ms",
        path.escape_debug(),
        function.name,
        response.status().as_u16(),
        arrival.elapsed().as_millis()
    ));
    response
}

/// Creates a future, and hides its type. The futures of the modes take kilobytes. Without this function, they and the code that
/// polls them are part of the stack frame of every request, which took 49 KB.
#[inline(never)]
fn boxed<'a, F: Future + Send + 'a>(
    create: impl FnOnce() -> F,
) -> Pin<Box<dyn Future<Output = F::Output> + Send + 'a>> {
    Box::pin(create())
}

/// Why a request fails before it reaches the handler.
fn unfit(app: &App, mode: HttpMode, request: &Request<Incoming>) -> Option<Failure> {
    let length = request.body().size_hint().exact();
    if length.is_some_and(|length| length > app.settings.body_limit) {
        return Some(Failure::TooLarge);
    }
    let is_rebuilt = matches!(mode, HttpMode::Forwarding | HttpMode::ForwardingToName);
    (is_rebuilt && forwarding::is_chunked(request.headers())).then_some(Failure::Chunked)
}

/// A response that ignores the body.
pub(super) fn refuse(request: Request<Incoming>, status: StatusCode) -> Response<Body> {
    discard(request);
    empty(status)
}

/// The response to a request that no instance admits (`HttpThrottleMiddleware.cs`, `RejectRequest`). On `/`, the homepage
/// replaces 429, because no function has responded (`HomepageMiddleware.cs`).
fn reject(
    app: &App,
    path: &str,
    request: Request<Incoming>,
    reason: &NotAdmitted,
) -> Response<Body> {
    if matches!(reason, NotAdmitted::Unavailable(_)) {
        app.console
            .error(format_args!("A request failed: {reason}"));
        return refuse(request, StatusCode::INTERNAL_SERVER_ERROR);
    }
    // This is not a warning, because it occurs under load.
    app.console
        .debug(format_args!("A request was refused: {reason}"));
    let mut response = match path {
        "/" => homepage(app, request),
        _ => refuse(request, StatusCode::TOO_MANY_REQUESTS),
    };
    let headers = response.headers_mut();
    headers.insert(SCALE_OUT, HeaderValue::from_static("1"));
    response
}

/// Refuses a request of a web page of another origin, and logs the reason.
fn forbid(app: &App, request: Request<Incoming>, refusal: Refusal) -> Response<Body> {
    // This is not a warning, because a page could otherwise fill the terminal.
    app.console
        .debug(format_args!("A request was refused: {refusal}"));
    discard(request);
    content(StatusCode::FORBIDDEN, TEXT, format!("{refusal}\n"))
}

/// Reads the rest of a small unwanted body in the background. Closing a connection with unread data would reset it,
/// and the response could be lost. A client that waits for 100 has not sent anything.
pub(super) fn discard(request: Request<Incoming>) {
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = request.into_body();
    tokio::spawn(tokio::time::timeout(UNWANTED_TIME, async move {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, bytes::Bytes::len);
            if seen > UNWANTED {
                break;
            }
        }
    }));
}

/// The content of `/` if no function has this route (`HomepageMiddleware.cs`).
fn homepage(app: &App, request: Request<Incoming>) -> Response<Body> {
    discard(request);
    if !app.settings.homepage {
        return empty(StatusCode::NO_CONTENT);
    }
    content(StatusCode::OK, HTML, HOMEPAGE)
}

const HOMEPAGE: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Function app</title></head>
<body><h1>The function app is running</h1>
<p>No function has the route <code>/</code>. The functions and their URLs are listed where <code>lab up</code> was started.</p>
</body></html>
";
