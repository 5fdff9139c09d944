//! Connections to one handler process, kept alive between requests.
//!
//! A pool belongs to one process and goes with it: a connection to a dead handler is never offered to
//! a request meant for its successor.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::HeaderValue;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::handler_stream::HandlerStream;
use super::request_body::RequestBody;

/// Idle connections kept; more are closed after use.
const IDLE: usize = 512;
/// As `SocketsHttpHandler` keeps them by default.
const IDLE_TIME: Duration = Duration::from_secs(60);

pub(crate) struct Pool {
    address: SocketAddr,
    /// The address as the header `Host`.
    pub(crate) host: HeaderValue,
    /// The most recently used at the back. Never held over an await.
    idle: Mutex<VecDeque<(Connection, Instant)>>,
}

/// One connection. Dropping it closes the socket at once, which is what tells the handler that its
/// caller has gone.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    task: AbortHandle,
}

impl Pool {
    pub(crate) fn new(port: u16) -> Self {
        // The host always dials this address (WorkerConstants.cs).
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            address,
            host: HeaderValue::from_str(&address.to_string()).expect("an address is plain text"),
            idle: Mutex::default(),
        }
    }

    /// An idle connection, or a new one; the error is one of connecting.
    pub(crate) async fn checkout(&self) -> std::io::Result<Connection> {
        while let Some(mut connection) = self.pop() {
            if connection.settled().await {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(self.address).await?;
        if stream.local_addr()? == self.address {
            // Nobody listens, and the kernel happened to choose the dialled port for this side as well:
            // TCP then connects the socket with itself.
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::Builder::new()
            // As the server writes: most requests have no body.
            .writev(false)
            .handshake(TokioIo::new(HandlerStream::new(stream)))
            .await
            .map_err(std::io::Error::other)?;
        let task = tokio::spawn(async move {
            // An error also reaches whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Connection {
            sender,
            task: task.abort_handle(),
        })
    }

    /// Takes a connection back whose answer has been read to its end.
    pub(crate) fn checkin(&self, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let now = Instant::now();
        let mut idle = self
            .idle
            .lock()
            .expect("nothing panics while holding the lock");
        while idle
            .front()
            .is_some_and(|(_, since)| now.duration_since(*since) > IDLE_TIME)
        {
            idle.pop_front();
        }
        if idle.len() < IDLE {
            idle.push_back((connection, now));
        }
    }

    fn pop(&self) -> Option<Connection> {
        let mut idle = self
            .idle
            .lock()
            .expect("nothing panics while holding the lock");
        idle.pop_back().map(|(connection, _)| connection)
    }
}

impl Connection {
    /// Sends a request. One that was certainly not sent comes back in the error.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.sender.try_send_request(request).await
    }

    /// Waits until the last exchange is over on both sides; false if the connection is of no more use.
    pub(crate) async fn settled(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
