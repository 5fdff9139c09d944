//! The server's side of a TCP connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The largest response, head included, that is copied into one buffer. The responses to visitors are smaller.
const BUFFER: usize = 2_048;

/// A TCP stream that copies head and body of a small response into one buffer, because one buffer is cheaper for the
/// kernel to send than two. The buffer is on the stack for one call: with hyper's own copying, every connection would
/// keep a buffer as large as its largest response.
#[derive(Debug)]
pub(super) struct ClientStream(TcpStream);

impl ClientStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ClientStream {
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
        let mut buffer = [0; BUFFER];
        match joined(parts, &mut buffer) {
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

/// Copies all parts into `buffer`, if they fit.
fn joined<'a>(parts: &[IoSlice<'_>], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut length = 0;
    for part in parts {
        let end = length + part.len();
        buffer.get_mut(length..end)?.copy_from_slice(part);
        length = end;
    }
    Some(&buffer[..length])
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
        let mut buffer = [0; 8];
        let fits = slices(&["head", "", "body"]);
        assert_eq!(joined(&fits, &mut buffer), Some(&b"headbody"[..]));
        assert_eq!(joined(&[], &mut buffer), Some(&b""[..]));
        let too_long = slices(&["head", "body", "!"]);
        assert_eq!(joined(&too_long, &mut buffer), None);
    }
}
