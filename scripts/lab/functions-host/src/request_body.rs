//! The request body for the handler.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;

use super::exchange::Exchange;

/// The request body for the handler: a whole one, or a client's that is passed on as a stream.
pub(crate) type RequestBody = Either<Full<Bytes>, Upload>;

/// A client's body while it is passed on.
pub(crate) struct Upload {
    incoming: Incoming,
    exchange: Arc<Exchange>,
}

impl Upload {
    pub(crate) fn new(incoming: Incoming, exchange: &Arc<Exchange>) -> Self {
        exchange.set_uploading(true);
        Self {
            incoming,
            exchange: Arc::clone(exchange),
        }
    }
}

impl Drop for Upload {
    /// The connection drops a body when it is done with it, sent or not.
    fn drop(&mut self) {
        self.exchange.set_uploading(false);
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { incoming, exchange } = self.get_mut();
        let Some(frame) = std::task::ready!(Pin::new(incoming).poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(|error| {
            exchange.break_off();
            io::Error::other(error)
        })?;
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        Poll::Ready(Some(match exchange.receive(length) {
            true => Ok(frame),
            false => Err(io::Error::other("the request body is too large")),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
