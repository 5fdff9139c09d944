//! One HTTP/1.1 connection, plain or over TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::BytesMut;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::either::Either;

use super::failure::Failure;
use super::request::Encoded;
use super::response::{Body, Head, LARGEST_BODY, Response, head};
use super::target::Target;

/// So much is read at a time; responses of the app fit.
const READ: usize = 4 * 1024;

type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// How to get a connection to the target.
#[derive(Clone)]
pub struct Route {
    addresses: Arc<[SocketAddr]>,
    /// Connections so far; each goes to the next of the addresses.
    opened: Arc<AtomicUsize>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
    /// Bytes of a response's body.
    largest_body: u64,
}

impl Route {
    /// To these of the target's addresses. Certificates are checked against Mozilla's roots, and against those in
    /// `more`, a file of PEM certificates. Connecting and responding may take as long as `timeout` each.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn new(
        target: &Target,
        addresses: Vec<SocketAddr>,
        more: Option<&Path>,
        timeout: Duration,
    ) -> anyhow::Result<Self> {
        let tls = target.secure.then(|| secure(target, more)).transpose()?;
        Ok(Self {
            tls,
            ..Self::plain(addresses, timeout)
        })
    }

    /// To servers without TLS.
    pub fn plain(addresses: Vec<SocketAddr>, timeout: Duration) -> Self {
        Self {
            addresses: addresses.into(),
            opened: Arc::default(),
            tls: None,
            timeout,
            largest_body: LARGEST_BODY,
        }
    }

    /// The same with another time limit.
    pub(super) fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// The same for responses with bodies of up to so many bytes, instead of a mebibyte.
    pub(super) fn with_largest_body(self, largest_body: u64) -> Self {
        Self {
            largest_body,
            ..self
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Connects, in the time that a response may take.
    ///
    /// # Errors
    /// The reason; the system's own where there is one.
    pub async fn connect(&self) -> Result<Connection, (Failure, String)> {
        let connecting = timeout(self.timeout, self.open()).await;
        connecting.unwrap_or_else(|_| {
            let waited = self.timeout.as_secs_f64();
            Err((
                Failure::TimedOut,
                format!("no connection within {waited} s"),
            ))
        })
    }

    async fn open(&self) -> Result<Connection, (Failure, String)> {
        let failed = |error: std::io::Error| (Failure::from(&error), sentence(&error));
        let next = self.opened.fetch_add(1, Ordering::Relaxed) % self.addresses.len();
        let connecting = TcpStream::connect(self.addresses[next]).await;
        let stream = connecting.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let stream = match &self.tls {
            None => Either::Left(stream),
            Some((connector, name)) => {
                let secured = connector.connect(name.clone(), stream).await;
                Either::Right(secured.map_err(failed)?)
            }
        };
        Ok(Connection {
            stream: Some(stream),
            received: BytesMut::with_capacity(READ),
            largest_body: self.largest_body,
            instance: None,
        })
    }
}

/// Without the number that the system's messages end with.
fn sentence(error: &std::io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}

fn secure(
    target: &Target,
    more: Option<&Path>,
) -> anyhow::Result<(TlsConnector, ServerName<'static>)> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = more {
        let unreadable = || format!("cannot read the certificates in {}", path.display());
        let mut found = 0;
        for certificate in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
            let certificate = certificate.with_context(unreadable)?;
            roots.add(certificate).with_context(unreadable)?;
            found += 1;
        }
        ensure!(
            found > 0,
            "there is no certificate in {}; it must be PEM",
            path.display()
        );
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("cannot set up TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(target.name().to_owned())
        .with_context(|| format!("'{}' cannot be in a certificate", target.name()))?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}

/// An open connection, for one request after the other. Not a library's, because a client that has to be driven, wakes
/// tasks and takes messages apart uses more CPU for a request than the server that it measures.
pub struct Connection {
    /// `None` once no other request may be sent.
    stream: Option<Stream>,
    received: BytesMut,
    largest_body: u64,
    /// The instance that responded last; it is mostly the same one.
    instance: Option<Arc<str>>,
}

impl Connection {
    /// Sends the request and reads the response to its end; `keep` is given the body piece by piece.
    ///
    /// # Errors
    /// When there is no complete response. It is not known then how far the request got.
    pub async fn send(
        &mut self,
        request: &Encoded,
        mut keep: impl FnMut(&[u8]),
    ) -> Result<Response, Failure> {
        // Taken, so that what is left of a response that failed or was given up is never read as the next one's.
        let mut stream = self.stream.take().ok_or(Failure::Closed)?;
        self.received.clear();
        let failed = |error: std::io::Error| Failure::from(&error);
        stream.write_all(request.bytes()).await.map_err(failed)?;
        stream.flush().await.map_err(failed)?;
        let Head {
            response,
            mut body,
            keeps_alive,
        } = loop {
            if self.receive(&mut stream).await? == 0 {
                return Err(Failure::Closed);
            }
            if let Some(head) = head(&mut self.received, self.instance.as_ref())? {
                break head;
            }
        };
        if request.is_head {
            body = Body::Length(0);
        }
        while !body.take(&mut self.received, self.largest_body, &mut keep)? {
            if self.receive(&mut stream).await? == 0 {
                if body.ends_here() {
                    break;
                }
                return Err(Failure::Closed);
            }
        }
        self.instance.clone_from(&response.instance);
        // What came beyond the response belongs to no request.
        if keeps_alive && self.received.is_empty() {
            self.stream = Some(stream);
        }
        Ok(response)
    }

    async fn receive(&mut self, stream: &mut Stream) -> Result<usize, Failure> {
        self.received.reserve(READ);
        let received = stream.read_buf(&mut self.received).await;
        received.map_err(|error| Failure::from(&error))
    }

    /// Whether another request may be sent: the server has kept the connection open so far, and said nothing unasked.
    pub(super) async fn is_open(&mut self) -> bool {
        let Some(stream) = &mut self.stream else {
            return false;
        };
        std::future::poll_fn(|context| {
            let mut unasked = [0; 1];
            let reading =
                Pin::new(&mut *stream).poll_read(context, &mut ReadBuf::new(&mut unasked));
            Poll::Ready(reading.is_pending())
        })
        .await
    }
}
