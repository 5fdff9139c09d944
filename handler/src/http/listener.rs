//! Connections: accepted up to a limit, timed out, and finished when the instance stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::wire::Wire;

/// Connections that are kept open between requests.
const KEPT: usize = 10_000;
/// Connections beyond those: each is served one request and closed, so that a probe gets through even when
/// somebody holds all the others. Further ones wait in the system's queue.
const RESERVE: usize = 256;
/// Files that are no connections: the database, the log, the runtime's own.
const OTHER_FILES: u64 = 128;

/// How long a head may take to arrive, and how long a kept connection may be silent. Longer than the minute
/// for which the Functions host keeps its own idle connections (.NET's `PooledConnectionIdleTimeout`): closed
/// from this side, one might be just about to carry a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);
/// The same on a connection of the reserve, which somebody waits for.
const RESERVE_HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// The largest head; what a connection reads ahead of a body is no more either.
const BUFFER: usize = 32 * 1024;

/// After an accept failed: out of files, most likely, which come back as connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stop`, then lets every connection finish the request it is at.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(kept() + RESERVE));
    let connections = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            Ok(place) = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let is_reserve = places.available_permits() < RESERVE;
                let connection = connection(stream, peer, router.clone(), is_reserve, stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    is_reserve: bool,
    stop: CancellationToken,
) {
    // A small answer must not wait for the next packet.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().call(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let deadline = if is_reserve {
        RESERVE_HEAD_DEADLINE
    } else {
        HEAD_DEADLINE
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .max_buf_size(BUFFER)
        .max_header_size(BUFFER)
        .keep_alive(!is_reserve)
        .serve_connection(TokioIo::new(Wire::new(stream)), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors are the client's: it went away, was too slow or spoke no HTTP.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// How many connections may be kept, as far as the system's limit of open files allows; raises the limit as
/// far as this process may.
fn kept() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let reserved = OTHER_FILES + RESERVE as u64;
    let free = files.map_or(KEPT as u64, |files| files.saturating_sub(reserved));
    usize::try_from(free).unwrap_or(KEPT).clamp(RESERVE, KEPT)
}
