//! Bodies in both directions, and the clock that watches an exchange.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::fleet::Ticket;
use super::pool::Connection;

/// How long an exchange may stand still (`DefaultHttpProxyService.cs`, `ActivityTimeout`).
pub(crate) const ACTIVITY_TIMEOUT: Duration = Duration::from_secs(240);
/// How long the rest of an upload may take whose answer is out already.
const LINGER: Duration = Duration::from_secs(5);

/// Why an exchange was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Nothing moved for [`ACTIVITY_TIMEOUT`].
    Idle,
    /// `functionTimeout` is over.
    Function,
}

/// What both directions of one exchange share.
pub(crate) struct Exchange {
    started: Instant,
    /// Milliseconds from `started` to the last byte moved.
    last: AtomicU64,
    deadline: Option<Instant>,
    /// Bytes the client may still send.
    allowance: AtomicU64,
    too_large: AtomicBool,
    /// Whether the client's body was malformed or ended too soon.
    broken: AtomicBool,
    /// Whether the handler's connection still sends the request's body.
    uploading: AtomicBool,
}

impl Exchange {
    pub(crate) fn start(function_timeout: Option<Duration>, body_limit: u64) -> Arc<Self> {
        let started = Instant::now();
        Arc::new(Self {
            started,
            last: AtomicU64::new(0),
            deadline: function_timeout.and_then(|timeout| started.checked_add(timeout)),
            allowance: AtomicU64::new(body_limit),
            too_large: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            uploading: AtomicBool::new(false),
        })
    }

    fn touch(&self) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed, Ordering::Relaxed);
    }

    /// When to look again at the soonest.
    fn expiry(&self) -> Instant {
        let idle = self.started
            + Duration::from_millis(self.last.load(Ordering::Relaxed))
            + ACTIVITY_TIMEOUT;
        self.deadline.map_or(idle, |deadline| deadline.min(idle))
    }

    /// Called when [`Self::expiry`] has come: None if something has moved since.
    fn expired(&self) -> Option<Expiry> {
        let now = Instant::now();
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            Some(Expiry::Function)
        } else {
            (now >= self.expiry()).then_some(Expiry::Idle)
        }
    }

    /// Waits for a future as long as the exchange may last.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> Result<T, Expiry> {
        tokio::pin!(work);
        loop {
            match tokio::time::timeout_at(self.expiry(), &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) => {
                    if let Some(expiry) = self.expired() {
                        return Err(expiry);
                    }
                }
            }
        }
    }

    /// Whether the client sent more than it may.
    pub(crate) fn too_large(&self) -> bool {
        self.too_large.load(Ordering::Relaxed)
    }

    /// Whether the client's body was malformed or ended too soon.
    pub(crate) fn broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

/// What is sent to the handler.
pub(crate) enum RequestBody {
    Full(Option<Bytes>),
    Streamed(Upload),
}

/// A client's body on its way through.
pub(crate) struct Upload {
    incoming: Incoming,
    exchange: Arc<Exchange>,
}

impl Drop for Upload {
    /// The connection drops a body it is done with, sent or not.
    fn drop(&mut self) {
        self.exchange.uploading.store(false, Ordering::Release);
    }
}

impl RequestBody {
    pub(crate) const EMPTY: Self = Self::Full(None);

    pub(crate) fn streamed(incoming: Incoming, exchange: &Arc<Exchange>) -> Self {
        exchange.uploading.store(true, Ordering::Release);
        Self::Streamed(Upload {
            incoming,
            exchange: Arc::clone(exchange),
        })
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Streamed(upload) => {
                let exchange = &upload.exchange;
                let Some(frame) = std::task::ready!(Pin::new(&mut upload.incoming).poll_frame(cx))
                else {
                    return Poll::Ready(None);
                };
                let frame = frame.map_err(|error| {
                    exchange.broken.store(true, Ordering::Relaxed);
                    io::Error::other(error)
                })?;
                exchange.touch();
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                let left = exchange.allowance.load(Ordering::Relaxed);
                let Some(left) = left.checked_sub(length) else {
                    exchange.too_large.store(true, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(io::Error::other(
                        "the request body is too large",
                    ))));
                };
                exchange.allowance.store(left, Ordering::Relaxed);
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Streamed(upload) => upload.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Streamed(upload) => upload.incoming.size_hint(),
        }
    }
}

/// What the client gets.
pub(crate) enum Body {
    Full(Option<Bytes>),
    Proxied(Box<ProxiedBody>),
}

impl Body {
    pub(crate) const EMPTY: Self = Self::Full(None);
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(content: T) -> Self {
        let bytes = content.into();
        Self::Full((!bytes.is_empty()).then_some(bytes))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Proxied(body) => body.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Proxied(body) => body.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Proxied(body) => body.incoming.size_hint(),
        }
    }
}

/// The handler's answer on its way through. Holds the connection until the end; a client that goes
/// away drops it in the middle and thereby closes the connection.
pub(crate) struct ProxiedBody {
    incoming: Incoming,
    connection: Option<Connection>,
    ticket: Ticket,
    exchange: Arc<Exchange>,
    /// Made when the handler first lets us wait.
    alarm: Option<Pin<Box<Sleep>>>,
    finished: bool,
}

impl ProxiedBody {
    pub(crate) fn new(
        incoming: Incoming,
        connection: Connection,
        ticket: Ticket,
        exchange: Arc<Exchange>,
    ) -> Self {
        exchange.touch();
        Self {
            incoming,
            connection: Some(connection),
            ticket,
            exchange,
            alarm: None,
            finished: false,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            self.exchange.touch();
            self.finished = frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let exchange = &self.exchange;
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(exchange.expiry())));
        while alarm.as_mut().poll(cx).is_ready() {
            match exchange.expired() {
                None => alarm.as_mut().reset(exchange.expiry()),
                Some(expiry) => {
                    if expiry == Expiry::Function {
                        self.ticket.worker().timed_out();
                    }
                    return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for ProxiedBody {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if !self.finished && !self.incoming.is_end_stream() {
            return;
        }
        if self.exchange.uploading.load(Ordering::Acquire) {
            // The answer came before the whole request was sent. Cutting the upload off now would reset
            // the client's connection before it has read that answer.
            let worker = Arc::clone(self.ticket.worker());
            tokio::spawn(async move {
                if let Ok(true) = tokio::time::timeout(LINGER, connection.settled()).await {
                    worker.pool.checkin(connection);
                }
            });
            return;
        }
        self.ticket.worker().pool.checkin(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_exchange_ends_when_nothing_moves_for_240_seconds() {
        let exchange = Exchange::start(None, 1);
        let begin = Instant::now();
        let moving = async {
            tokio::time::sleep(Duration::from_secs(200)).await;
            exchange.touch();
            std::future::pending::<()>().await;
        };
        assert_eq!(exchange.watch(moving).await, Err(Expiry::Idle));
        assert_eq!(begin.elapsed().as_secs(), 440);
    }

    #[tokio::test(start_paused = true)]
    async fn the_function_timeout_ends_a_moving_exchange() {
        let exchange = Exchange::start(Some(Duration::from_secs(300)), 1);
        let moving = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                exchange.touch();
            }
        };
        let ended: Result<(), Expiry> = exchange.watch(moving).await;
        assert_eq!(ended, Err(Expiry::Function));
    }
}
