//! Connections: accepted up to a limit, closed when the client is too slow, and finished when the instance stops.

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
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::stream::ClientStream;

/// Connections that stay open between requests.
const KEPT: usize = 10_000;
/// Further connections, each closed after one request, so that a probe succeeds even when clients hold all the others.
/// Connections beyond these wait in the kernel's queue.
const RESERVE: usize = 256;
/// Open files that are not connections: the database, the log, the runtime's own.
const OTHER_FILES: u64 = 128;

/// What a connection may do, and how long its client may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Whether further requests may follow the first one.
    keep_alive: bool,
    /// How long a head may take to arrive, and how long a connection may be idle.
    head: Duration,
    /// How long the client may accept nothing of a response that is ready.
    write: Duration,
}

/// The idle time is longer than the minute for which the Functions host keeps its own idle connections (.NET's
/// `PooledConnectionIdleTimeout`), because a connection closed from this side may be about to carry a request.
const ORDINARY: Limits = Limits {
    keep_alive: true,
    head: Duration::from_secs(75),
    write: Duration::from_secs(20),
};
/// Shorter, because further connections wait for these places.
const RESERVED: Limits = Limits {
    keep_alive: false,
    head: Duration::from_secs(5),
    write: Duration::from_secs(5),
};
/// The largest head, and the most that a connection reads ahead of a body.
const BUFFER: usize = 32 * 1024;

/// The pause after a failed accept. The usual cause is too many open files, and connections that end free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until `stop`, then lets every connection complete its current request.
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
                let is_reserved = places.available_permits() < RESERVE;
                let limits = if is_reserved { RESERVED } else { ORDINARY };
                let connection = connection(stream, peer, router.clone(), limits, stop.clone());
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
    limits: Limits,
    stop: CancellationToken,
) {
    // A small response must not wait for the next packet.
    let _ = stream.set_nodelay(true);
    // The kernel ends a connection whose client acknowledges nothing, or whose receive buffer stays full, for this long
    // (TCP_USER_TIMEOUT, tcp(7)). A client that is slow but reads keeps its connection.
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(limits.write));
    let service = service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = router.clone().call(request);
        async move { Ok::<_, Infallible>(response.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER)
        .max_header_size(BUFFER)
        .keep_alive(limits.keep_alive)
        .serve_connection(TokioIo::new(ClientStream::new(stream)), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors are the client's: it disconnected, was too slow or did not speak HTTP.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// How many connections may be kept within the system's limit of open files. Raises that limit as far as this process
/// may.
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use axum::routing::get;
    use bytes::Bytes;
    use http_body_util::StreamBody;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// A response that never ends, so no system buffer can hold all of it.
    async fn endless() -> Body {
        let frame =
            || Ok::<_, Infallible>(hyper::body::Frame::data(Bytes::from_static(&[0; 65_536])));
        Body::new(StreamBody::new(futures_util::stream::repeat_with(frame)))
    }

    #[tokio::test]
    async fn a_client_that_never_reads_loses_its_connection() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let router = Router::new().route("/", get(endless));
        let limits = Limits {
            write: Duration::from_millis(200),
            ..ORDINARY
        };
        let served = connection(stream, peer, router, limits, CancellationToken::new());
        let patience = Duration::from_secs(30);
        let ended = tokio::time::timeout(patience, served).await;
        assert!(ended.is_ok(), "it is still open after {patience:?}");
    }
}
