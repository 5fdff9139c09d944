//! The response body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep_until};

use super::backends::InFlight;
use super::dispatch;
use super::exchange::{Exchange, Expiry};
use super::pool::Connection;

/// The response body.
pub struct Body(Content);

enum Content {
    /// The whole body, or an empty one.
    Full(Option<Bytes>),
    /// A handler's body, streamed.
    Proxied(Box<ProxiedBody>),
}

impl Body {
    /// An empty body.
    pub const EMPTY: Self = Self(Content::Full(None));

    pub(crate) fn proxied(body: ProxiedBody) -> Self {
        Self(Content::Proxied(Box::new(body)))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(content: T) -> Self {
        let bytes = content.into();
        Self(Content::Full((!bytes.is_empty()).then_some(bytes)))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.get_mut().0 {
            Content::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Proxied(body) => body.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Full(bytes) => bytes.is_none(),
            Content::Proxied(body) => body.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Proxied(body) => body.incoming.size_hint(),
        }
    }
}

/// The handler's response while it is passed on. Holds the connection until the end. If the client disconnects, this
/// is dropped before the end, which closes the connection.
pub(crate) struct ProxiedBody {
    incoming: Incoming,
    connection: Option<Connection>,
    in_flight: InFlight,
    exchange: Arc<Exchange>,
    /// Created at the first wait for the handler.
    alarm: Option<Pin<Box<Sleep>>>,
    finished: bool,
}

impl ProxiedBody {
    pub(crate) fn new(
        incoming: Incoming,
        connection: Connection,
        in_flight: InFlight,
        exchange: Arc<Exchange>,
    ) -> Self {
        exchange.touch();
        Self {
            incoming,
            connection: Some(connection),
            in_flight,
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
        let Some(expiry) = exchange.expiry() else {
            return Poll::Pending;
        };
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(expiry)));
        while alarm.as_mut().poll(cx).is_ready() {
            match exchange.expired() {
                None => alarm.as_mut().reset(exchange.expiry().unwrap_or(expiry)),
                Some(expiry) => {
                    if expiry == Expiry::Function {
                        self.in_flight.worker().timed_out();
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
        let Some(connection) = self.connection.take() else {
            return;
        };
        if self.finished || self.incoming.is_end_stream() {
            dispatch::release(connection, &self.in_flight, &self.exchange);
        }
    }
}
