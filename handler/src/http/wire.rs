//! How answers leave.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What is sent in one piece; holds an answer of the register's with its head.
const PIECE: usize = 2_048;

/// A connection that sends head and body of a small answer as one piece of memory, which the kernel takes sooner than
/// two. The piece lives for one call only: hyper's own way of doing this has every connection keep a buffer as large as
/// its largest answer.
#[derive(Debug)]
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.0);
        let mut piece = [0; PIECE];
        match joined(parts, &mut piece) {
            Some(bytes) => stream.poll_write(cx, bytes),
            None => stream.poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// All parts one after the other, if they fit.
fn joined<'a>(parts: &[IoSlice<'_>], piece: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut length = 0;
    for part in parts {
        let end = length + part.len();
        piece.get_mut(length..end)?.copy_from_slice(part);
        length = end;
    }
    Some(&piece[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_while_they_fit() {
        let slices = |parts: &[&'static str]| -> Vec<IoSlice<'static>> {
            let bytes = parts.iter().map(|part| IoSlice::new(part.as_bytes()));
            bytes.collect()
        };
        let mut piece = [0; 8];
        let fits = slices(&["head", "", "body"]);
        assert_eq!(joined(&fits, &mut piece), Some(&b"headbody"[..]));
        assert_eq!(joined(&[], &mut piece), Some(&b""[..]));
        let too_long = slices(&["head", "body", "!"]);
        assert_eq!(joined(&too_long, &mut piece), None);
    }
}
