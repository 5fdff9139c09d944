//! Connections: accepted up to a limit, with time limits, and completed when the host stops.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::io::InspectReader;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::Body;
use super::console::Console;
use super::header_names::SentHead;
use super::peer::Peer;

/// Connections that are kept open between requests.
const KEPT: usize = 8192;
/// Connections beyond those: each serves one request and is closed, so that a probe succeeds even if all other
/// connections are in use. Further connections wait in the system's queue.
const RESERVE: usize = 256;
/// Files other than connections: the handlers' pipes, logs, and the runtime's files.
const OTHER_FILES: u64 = 128;

/// How long a head may take to arrive, and how long a kept connection may be idle (Kestrel's `KeepAliveTimeout`).
const HEAD_DEADLINE: Duration = Duration::from_secs(130);
/// The same for a connection of the reserve, which others may be waiting for.
const RESERVE_HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// How long a client may read no byte of a response. (Kestrel requires 240 bytes per second after 5 s.)
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// The pause after a failed accept. The usual cause is a lack of file handles, which become free when connections
/// end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on a port; 0 picks a free one.
///
/// # Errors
/// One sentence for the user.
pub async fn listen(ip: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(ip, port);
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("port {port} on {ip} is in use; stop the other program or choose another port with --port")
        }
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// Accepts connections until `stop`, and then lets them complete their current request. They are all in `tracker`. If
/// `respond` fails, its connection is closed without a response.
pub async fn serve<R, E>(
    listener: Arc<TcpListener>,
    console: Console,
    stop: CancellationToken,
    tracker: TaskTracker,
    respond: impl Fn(Request<Incoming>, Peer) -> R + Clone + Send + Sync + 'static,
) where
    R: Future<Output = Result<Response<Body>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(kept() + RESERVE));
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
            Ok((stream, address)) => {
                // A small response must not wait for the next packet.
                let _ = stream.set_nodelay(true);
                let is_reserve = places.available_permits() < RESERVE;
                let respond = respond.clone();
                let peer = Peer::from(address.ip());
                let head = peer.head.clone();
                let respond = move |request| respond(request, peer.clone());
                let connection = connection(stream, head, is_reserve, stop.clone(), respond);
                tracker.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                console.error(format_args!("A connection could not be accepted: {error}"));
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection<R, E>(
    stream: impl AsyncRead + AsyncWrite,
    head: SentHead,
    is_reserve: bool,
    stop: CancellationToken,
    respond: impl Fn(Request<Incoming>) -> R,
) where
    R: Future<Output = Result<Response<Body>, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_DEADLINE));
    let stream = std::pin::pin!(stream);
    let appended = head.clone();
    let stream = InspectReader::new(stream, move |bytes: &[u8]| appended.append(bytes));
    let service = service_fn(|request| {
        head.complete();
        let (response, head) = (respond(request), &head);
        async move {
            let response = response.await;
            head.restart();
            response
        }
    });
    let deadline = if is_reserve {
        RESERVE_HEAD_DEADLINE
    } else {
        HEAD_DEADLINE
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .keep_alive(!is_reserve)
        // Head and body in one buffer: responses are small, and one write is faster than two.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors are the client's: it disconnected, was too slow, or did not send HTTP.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The number of connections that may be kept with the system's limit of open files, which is raised as far as
/// possible. A request needs two files: the client's connection and one to a handler.
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
    let free = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES) / 2);
    usize::try_from(free)
        .unwrap_or(KEPT)
        .saturating_sub(RESERVE)
        .clamp(RESERVE, KEPT)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;
    use crate::response::whole;

    const SIZE: usize = 1_000_000;

    /// A served connection, and the client's end of it, which has sent one request. The buffer between them is small.
    async fn exchange() -> (tokio::io::DuplexStream, impl Future<Output = ()>) {
        let (mut client, server) = tokio::io::duplex(1_000);
        client
            .write_all(b"GET / HTTP/1.1\r\n\r\n")
            .await
            .expect("it fits");
        let respond =
            |_| async { Ok::<_, std::convert::Infallible>(Response::new(whole(vec![b'x'; SIZE]))) };
        (
            client,
            connection(
                server,
                SentHead::default(),
                false,
                CancellationToken::new(),
                respond,
            ),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_disconnected() {
        let (_client, connection) = exchange().await;
        let begin = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(3_600), connection).await;
        assert_eq!(ended, Ok(()));
        assert_eq!(begin.elapsed().as_secs(), WRITE_DEADLINE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_gets_its_whole_response() {
        let (mut client, connection) = exchange().await;
        let read = async {
            let mut total = 0;
            let mut piece = [0; 100_000];
            while total < SIZE {
                tokio::time::sleep(WRITE_DEADLINE - Duration::from_secs(1)).await;
                let end = (total + piece.len()).min(SIZE);
                while total < end {
                    match client.read(&mut piece).await {
                        Ok(read @ 1..) => total += read,
                        _ => return total,
                    }
                }
            }
            total
        };
        tokio::select! {
            total = read => assert!(total >= SIZE, "{total}"),
            () = connection => panic!("the connection was cut off"),
        }
    }
}
