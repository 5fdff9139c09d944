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

/// The number of bytes per read. The app's responses fit.
const READ: usize = 4 * 1024;

type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// Opens connections to the target.
#[derive(Clone)]
pub struct Route {
    addresses: Arc<[SocketAddr]>,
    /// The number of connections so far. Each uses the next address.
    opened: Arc<AtomicUsize>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// How long connecting and responding may each take.
    pub(super) timeout: Duration,
    /// The most bytes of a response's body.
    pub(super) largest_body: u64,
}

impl Route {
    /// A route to these addresses of the target. Certificates are checked against Mozilla's roots and those in
    /// `more`, a file of PEM certificates. Connecting and responding may each take as long as `timeout`.
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

    /// A route to servers without TLS.
    pub fn plain(addresses: Vec<SocketAddr>, timeout: Duration) -> Self {
        Self {
            addresses: addresses.into(),
            opened: Arc::default(),
            tls: None,
            timeout,
            largest_body: LARGEST_BODY,
        }
    }

    /// Connects within the time limit of a response.
    ///
    /// # Errors
    /// The reason, in the system's words if there are any.
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
        let failed = |error: std::io::Error| {
            let reason = terminal::without_error_numbers(&error.to_string());
            (Failure::from(&error), reason)
        };
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

fn secure(
    target: &Target,
    more: Option<&Path>,
) -> anyhow::Result<(TlsConnector, ServerName<'static>)> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
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

/// An open connection for one request after the other. It does not use a library: a client that must be driven, wakes
/// tasks, and takes messages apart would use more CPU per request than the server that it measures.
pub struct Connection {
    /// `None` if no other request may be sent.
    stream: Option<Stream>,
    received: BytesMut,
    largest_body: u64,
    /// The instance that responded last, which is usually the same one.
    instance: Option<Arc<str>>,
}

impl Connection {
    /// Sends the request and reads the complete response. `keep` receives the parts of the body.
    ///
    /// # Errors
    /// When there is no complete response. In that case it is unknown how far the request got.
    pub async fn send(
        &mut self,
        request: &Encoded,
        mut keep: impl FnMut(&[u8]),
    ) -> Result<Response, Failure> {
        // The stream is taken out, so that the rest of a failed or abandoned response is never read as the next
        // one's.
        let mut stream = self.stream.take().ok_or(Failure::Closed)?;
        self.received.clear();
        let failed = |error: std::io::Error| Failure::from(&error);
        stream.write_all(&request.bytes).await.map_err(failed)?;
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
        // Data after the response belongs to no request.
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

    /// Whether another request may be sent: the server has kept the connection open and has sent nothing unexpected.
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
