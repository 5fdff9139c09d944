//! The listener, and the path of one request: limits, the host's own endpoints, routing, key, handler.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admin::{self, empty};
use super::app::{App, Failure};
use super::body::Body;
use super::console::Severity;
use super::function::{Level, Trigger};
use super::{invoke, path, proxy};

/// Connections served at a time; further ones wait in the listener's queue.
const CONNECTIONS: usize = 8192;
/// How long a kept connection may be silent (Kestrel's `KeepAliveTimeout`).
const KEEP_ALIVE: Duration = Duration::from_secs(130);
/// Kestrel's `MaxRequestLineSize`.
const REQUEST_LINE: usize = 8192;
/// What is read and thrown away of a body nobody wants, so that its sender sees the answer.
const UNWANTED: usize = 2 * 1024 * 1024;
const UNWANTED_TIME: Duration = Duration::from_secs(5);

/// Accepts until `stop`, then lets the connections finish what they are at. They are all in `tracker`.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return,
            Ok(place) = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, Arc::clone(&app), stop.clone());
                tracker.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                app.console.host(
                    Severity::Error,
                    format_args!("A connection could not be accepted: {error}"),
                );
                // Out of file descriptors, most likely: they come back as connections end.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, app: Arc<App>, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(respond(&app, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        // Head and body in one buffer: answers are small, and the kernel takes one piece sooner than two.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors are the client's: it went away or spoke no HTTP.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn respond(app: &Arc<App>, request: Request<Incoming>) -> Response<Body> {
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
    if admin::owns(&path) {
        return admin::answer(app, &path, request).await;
    }
    let mut response = function_response(app, &path, request).await;
    // TryAdd: what the handler set itself stays (CustomHttpHeadersMiddleware.cs).
    for (name, value) in &app.settings.custom_headers {
        if !response.headers().contains_key(name) {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    response
}

async fn function_response(app: &App, path: &str, request: Request<Incoming>) -> Response<Body> {
    let Some(route) = app.table.find(request.method(), path) else {
        return if path == "/" {
            homepage(app, request)
        } else {
            refuse(request, StatusCode::NOT_FOUND)
        };
    };
    let function = &app.table.functions[route.function];
    let needed = match &function.trigger {
        Trigger::Http(http) => http.level,
        _ => Level::Admin,
    };
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
    if request
        .body()
        .size_hint()
        .exact()
        .is_some_and(|length| length > app.settings.body_limit)
    {
        app.report(function, &Failure::TooLarge);
        return refuse(request, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let method = request.method().clone();
    let started = Instant::now();
    let answer = if app.settings.proxying && function.is_plain_http() {
        proxy::forward(app, path, request).await
    } else {
        invoke::http(app, function, route, path, request).await
    };
    app.fleet.traffic.answered(started.elapsed());
    let response = answer.unwrap_or_else(|failure| {
        app.report(function, &failure);
        empty(failure.status())
    });
    // Without the query, where a key may stand.
    app.console.host(
        Severity::Debug,
        format_args!(
            "{method} {} -> {} {} in {} ms",
            path.escape_debug(),
            function.name,
            response.status().as_u16(),
            started.elapsed().as_millis()
        ),
    );
    response
}

/// An answer that does not look at the body.
fn refuse(request: Request<Incoming>, status: StatusCode) -> Response<Body> {
    discard(request);
    empty(status)
}

/// Reads the rest of a small unwanted body in the background. Closing on unread data would reset the
/// connection and could take the answer with it. A client that waits for 100 has not sent anything.
fn discard(request: Request<Incoming>) {
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

/// What `/` shows when no function has it (`HomepageMiddleware.cs`).
fn homepage(app: &App, request: Request<Incoming>) -> Response<Body> {
    discard(request);
    if !app.settings.homepage {
        return empty(StatusCode::NO_CONTENT);
    }
    let mut response = Response::new(Body::from(HOMEPAGE));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

const HOMEPAGE: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Function app</title></head>
<body><h1>The function app is running</h1>
<p>No function has the route <code>/</code>. The functions and their URLs are listed where <code>lab up</code> was started.</p>
</body></html>
";
