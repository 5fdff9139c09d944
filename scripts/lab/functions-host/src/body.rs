//! Response bodies.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep_until};

use super::backends::{Admission, InFlight};
use super::dispatch;
use super::exchange::{Exchange, Expiry};
use super::pool::Connection;

/// A response body: a whole one, or a handler's that is passed on as a stream.
pub type Body = Either<Full<Bytes>, Box<ProxiedBody>>;

/// The handler's response while it is passed on. Holds the connection until the end. If the client disconnects, this
/// is dropped before the end, which closes the connection.
pub struct ProxiedBody {
    incoming: Incoming,
    connection: Option<Connection>,
    in_flight: InFlight,
    _admission: Option<Admission>,
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
        admission: Option<Admission>,
        exchange: Arc<Exchange>,
    ) -> Self {
        exchange.touch();
        Self {
            incoming,
            connection: Some(connection),
            in_flight,
            _admission: admission,
            exchange,
            alarm: None,
            finished: false,
        }
    }
}

impl HttpBody for ProxiedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(connection) = &mut this.connection {
            connection.advance(cx);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(cx) {
            this.exchange.touch();
            this.finished = frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let exchange = &this.exchange;
        let Some(expiry) = exchange.expiry() else {
            return Poll::Pending;
        };
        let alarm = this
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(expiry)));
        while alarm.as_mut().poll(cx).is_ready() {
            match exchange.expired() {
                None => alarm.as_mut().reset(exchange.expiry().unwrap_or(expiry)),
                Some(expiry) => {
                    if expiry == Expiry::Function {
                        this.in_flight.worker().timed_out();
                    }
                    return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
                }
            }
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
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
