//! Connections to one handler process, kept alive between requests.
//!
//! A pool belongs to one process and ends with it: a request for a new process never gets a connection to the old
//! one.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::Context;
use std::time::{Duration, Instant};

use http::HeaderValue;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::handler_stream::HandlerStream;
use super::lock::lock;
use super::request_body::RequestBody;

/// The most idle connections that are kept. Further ones are closed after use.
const IDLE: usize = 512;
/// The default of `SocketsHttpHandler`.
const IDLE_TIME: Duration = Duration::from_secs(60);

pub(crate) struct Pool {
    address: SocketAddr,
    /// The address as the header `Host`.
    pub(crate) host: HeaderValue,
    /// The most recently used one is at the back. The lock is never held across an await.
    idle: Mutex<VecDeque<(Connection, Instant)>>,
}

/// One connection. Dropping it closes the socket at once, which tells the handler that the caller has disconnected.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    driver: Driver,
}

/// What reads and writes the socket.
enum Driver {
    /// The code that uses the connection, with [`Connection::drive`]: a task would cost two task switches per request.
    Caller(Pin<Box<http1::Connection<TokioIo<HandlerStream>, RequestBody>>>),
    /// A task, from the first request with a streamed body. Its rest must reach the handler even while the caller
    /// cannot read the response, because its own client reads nothing before it has sent everything.
    Task {
        _ended_on_drop: AbortOnDropHandle<()>,
    },
    /// Nothing, because the connection is closed.
    Closed,
}

impl Pool {
    pub(crate) fn new(port: u16) -> Self {
        // The host always uses this address (WorkerConstants.cs).
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            address,
            host: HeaderValue::from_str(&address.to_string()).expect("an address is plain text"),
            idle: Mutex::default(),
        }
    }

    /// An idle connection, or a new one. The error is that of the connection attempt.
    pub(crate) async fn checkout(&self) -> std::io::Result<Connection> {
        while let Some(mut connection) = self.pop() {
            if connection.settled().await {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(self.address).await?;
        if stream.local_addr()? == self.address {
            // No process listens, and the kernel has chosen the target port for this side as well: TCP then connects
            // the socket with itself.
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::Builder::new()
            // As in the server: most requests have no body.
            .writev(false)
            .handshake(TokioIo::new(HandlerStream::new(stream)))
            .await
            .map_err(std::io::Error::other)?;
        Ok(Connection {
            sender,
            driver: Driver::Caller(Box::pin(connection)),
        })
    }

    /// Takes back a connection whose response has been read to its end.
    pub(crate) fn checkin(&self, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let now = Instant::now();
        let mut idle = lock(&self.idle);
        let is_old = |(_, since): &mut (_, Instant)| now.duration_since(*since) > IDLE_TIME;
        while idle.pop_front_if(is_old).is_some() {}
        if idle.len() < IDLE {
            idle.push_back((connection, now));
        }
    }

    fn pop(&self) -> Option<Connection> {
        let last = lock(&self.idle).pop_back();
        last.map(|(connection, _)| connection)
    }
}

impl Connection {
    /// Sends a request. If it was certainly not sent, the error contains it.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        if matches!(request.body(), RequestBody::Right(_)) {
            self.driver.detach();
        }
        let answer = self.sender.try_send_request(request);
        self.driver.drive(answer).await
    }

    /// Waits until the last exchange is over on both sides. Returns false if the connection cannot be used again.
    pub(crate) async fn settled(&mut self) -> bool {
        self.driver.drive(self.sender.ready()).await.is_ok()
    }

    /// Does `work`, which waits for something that comes from this connection.
    pub(crate) async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.driver.drive(work).await
    }

    /// Reads and writes as far as possible. Before each poll of something that comes from this connection.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_>) {
        self.driver.advance(cx);
    }
}

impl Driver {
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.advance(cx);
            work.as_mut().poll(cx)
        })
        .await
    }

    fn advance(&mut self, cx: &mut Context<'_>) {
        if let Self::Caller(connection) = self
            && connection.as_mut().poll(cx).is_ready()
        {
            // The code that waits for the response also gets the error.
            *self = Self::Closed;
        }
    }

    fn detach(&mut self) {
        match std::mem::replace(self, Self::Closed) {
            Self::Caller(connection) => {
                let task = tokio::spawn(async move {
                    let _ = connection.await;
                });
                *self = Self::Task {
                    _ended_on_drop: AbortOnDropHandle::new(task),
                };
            }
            other => *self = other,
        }
    }
}
