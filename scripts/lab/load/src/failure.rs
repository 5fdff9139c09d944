//! Why a request failed.

use std::io;

use rustix::io::Errno;
use tokio_rustls::rustls;

/// A kind of failure; its text is what the record calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Failure {
    /// A response with another status than expected.
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
    /// No way to the host.
    #[error("unreachable")]
    Unreachable,
    /// This machine has no open file, port or memory left.
    #[error("out of local resources")]
    OutOfResources,
    /// The response is not HTTP.
    #[error("not HTTP")]
    NotHttp,
    /// Head or body larger than is read.
    #[error("answer too large")]
    TooLarge,
    /// No TLS connection; the certificate is not trusted, for instance.
    #[error("TLS")]
    Tls,
    /// Due, and not begun when the load was over, because too many were in flight.
    #[error("not started")]
    NotStarted,
    /// None of these.
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
            // EMFILE and ENFILE have no kind of their own.
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
