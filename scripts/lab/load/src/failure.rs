//! The reasons why a request failed.

use std::io;

use rustix::io::Errno;
use tokio_rustls::rustls;

/// A kind of failure. Its text is its name in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Failure {
    /// A response with an unexpected status.
    #[error("{0}")]
    Status(u16),
    /// No response within `--timeout`.
    #[error("timeout")]
    TimedOut,
    /// Nothing listens at the address.
    #[error("connection refused")]
    Refused,
    /// The connection ended before the response was complete.
    #[error("connection closed")]
    Closed,
    /// There is no route to the host.
    #[error("unreachable")]
    Unreachable,
    /// This machine has no open file, port, or memory left.
    #[error("out of local resources")]
    OutOfResources,
    /// The response is not HTTP.
    #[error("not HTTP")]
    NotHttp,
    /// The head or the body is larger than the limit.
    #[error("answer too large")]
    TooLarge,
    /// No TLS connection, for example because the certificate is not trusted.
    #[error("TLS")]
    Tls,
    /// The request was due, but too many were in flight to start it before the end of the load.
    #[error("not started")]
    NotStarted,
    /// Another reason.
    #[error("other")]
    Other,
}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        if inner.is_some_and(|_: &rustls::Error| true) {
            return Self::Tls;
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof => Self::Closed,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Self::Unreachable,
            io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::AddrInUse
            | io::ErrorKind::OutOfMemory => Self::OutOfResources,
            // EMFILE and ENFILE have no error kind.
            _ => match Errno::from_io_error(error) {
                Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS) => Self::OutOfResources,
                _ => Self::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_have_names() {
        let named = |error: io::Error| Failure::from(&error).to_string();
        let system = |code: Errno| named(code.into());
        assert_eq!(system(Errno::CONNREFUSED), "connection refused");
        assert_eq!(system(Errno::CONNRESET), "connection closed");
        assert_eq!(system(Errno::MFILE), "out of local resources");
        assert_eq!(system(Errno::HOSTUNREACH), "unreachable");
        let tls = rustls::Error::HandshakeNotComplete;
        assert_eq!(
            named(io::Error::new(io::ErrorKind::InvalidData, tls)),
            "TLS"
        );
        assert_eq!(Failure::Status(503).to_string(), "503");
    }
}
