//! The request body for the handler.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::exchange::Exchange;

/// The request body for the handler.
pub(crate) enum RequestBody {
    Full(Option<Bytes>),
    Streamed(Upload),
}

/// A client's body while it is passed on.
pub(crate) struct Upload {
    incoming: Incoming,
    exchange: Arc<Exchange>,
}

impl Drop for Upload {
    /// The connection drops a body when it is done with it, sent or not.
    fn drop(&mut self) {
        self.exchange.set_uploading(false);
    }
}

impl RequestBody {
    pub(crate) const EMPTY: Self = Self::Full(None);

    pub(crate) fn streamed(incoming: Incoming, exchange: &Arc<Exchange>) -> Self {
        exchange.set_uploading(true);
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
                    exchange.break_off();
                    io::Error::other(error)
                })?;
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                if !exchange.receive(length) {
                    return Poll::Ready(Some(Err(io::Error::other(
                        "the request body is too large",
                    ))));
                }
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
