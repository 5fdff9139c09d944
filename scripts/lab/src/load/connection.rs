//! One HTTP/1.1 connection of the load generator, plain or over TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
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
use super::target::Target;

/// Heads larger than this are refused.
const LARGEST_HEAD: usize = 256 * 1024;
/// Bodies larger than this are refused.
const LARGEST_BODY: usize = 1024 * 1024;
/// Which instance answered.
const INSTANCE: HeaderName = HeaderName::from_static("x-instance-id");
/// Longer ids are cut.
const LONGEST_ID: usize = 64;

type Stream = Either<TcpStream, TlsStream<TcpStream>>;
type Body = Full<Bytes>;

/// How to get a connection to the target.
#[derive(Clone)]
pub(crate) struct Route {
    address: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    patience: Duration,
}

impl Route {
    /// To one of the target's addresses. Certificates are checked against Mozilla's roots, and against those in
    /// `more`, a file of PEM certificates.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(crate) fn new(
        target: &Target,
        address: SocketAddr,
        more: Option<&Path>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let tls = target.secure.then(|| secure(target, more)).transpose()?;
        Ok(Self {
            address,
            tls,
            patience,
        })
    }

    /// Connects, in the time that an answer may take.
    ///
    /// # Errors
    /// The reason; the system's own where there is one.
    pub(crate) async fn connect(&self) -> Result<Connection, (Failure, String)> {
        let connecting = timeout(self.patience, self.open()).await;
        connecting.unwrap_or_else(|_| {
            let waited = self.patience.as_secs_f64();
            Err((
                Failure::TimedOut,
                format!("no connection within {waited} s"),
            ))
        })
    }

    async fn open(&self) -> Result<Connection, (Failure, String)> {
        let failed = |error: std::io::Error| (Failure::from(&error), sentence(&error));
        let stream = TcpStream::connect(self.address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let stream = match &self.tls {
            None => Either::Left(stream),
            Some((connector, name)) => {
                let secured = connector.connect(name.clone(), stream).await;
                Either::Right(secured.map_err(failed)?)
            }
        };
        let mut builder = http1::Builder::new();
        builder.max_buf_size(LARGEST_HEAD);
        let (sender, driver) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| (Failure::from(&error), error.to_string()))?;
        Ok(Connection {
            sender,
            driver: Some(driver),
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

/// An answer, but for its body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The instance that gave it, where it says so.
    pub(super) instance: Option<String>,
    /// Where it sends callers, where it does.
    pub(super) location: Option<String>,
}

impl Answer {
    fn of(response: &Response<Incoming>) -> Self {
        let text = |name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(
                value
                    .chars()
                    .filter(|letter| !letter.is_control())
                    .collect(),
            )
        };
        let instance = text(INSTANCE).map(|id: String| id.chars().take(LONGEST_ID).collect());
        Self {
            status: response.status(),
            instance: instance.filter(|id: &String| !id.is_empty()),
            location: text(http::header::LOCATION),
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The server had closed the connection before; nothing was sent, and another may be tried.
    Unsent(Box<Request<Body>>),
    /// It is not known how far the request got.
    Failed(Failure),
}

/// An open connection. The protocol is driven by whoever asks, so that no task of its own has to be woken for
/// every request.
pub(crate) struct Connection {
    sender: http1::SendRequest<Body>,
    /// `None` once the connection has ended.
    driver: Option<http1::Connection<TokioIo<Stream>, Body>>,
}

impl Connection {
    /// Sends the request and reads the answer to its end; `keep` is given the body piece by piece.
    pub(crate) async fn ask(
        &mut self,
        request: Request<Body>,
        mut keep: impl FnMut(&[u8]),
    ) -> Result<Answer, Unanswered> {
        let sending = self.sender.try_send_request(request);
        let exchange = async move {
            let mut response = match sending.await {
                Ok(response) => response,
                Err(mut error) => {
                    return Err(error.take_message().map_or_else(
                        || Unanswered::Failed(Failure::from(error.error())),
                        |unsent| Unanswered::Unsent(Box::new(unsent)),
                    ));
                }
            };
            let answer = Answer::of(&response);
            let mut length = 0;
            while let Some(frame) = response.frame().await {
                let frame = frame.map_err(|error| Unanswered::Failed(Failure::from(&error)))?;
                let data = frame.data_ref().map_or(&[][..], |data| data);
                length += data.len();
                if length > LARGEST_BODY {
                    return Err(Unanswered::Failed(Failure::TooLarge));
                }
                keep(data);
            }
            Ok(answer)
        };
        let mut exchange = pin!(exchange);
        let driver = &mut self.driver;
        let outcome = std::future::poll_fn(|context| {
            if let Poll::Ready(outcome) = exchange.as_mut().poll(context) {
                return Poll::Ready(outcome);
            }
            if let Some(driving) = driver
                && Pin::new(driving).poll(context).is_ready()
            {
                *driver = None;
            }
            exchange.as_mut().poll(context)
        })
        .await;
        if matches!(outcome, Err(Unanswered::Failed(_))) {
            // What is left of the answer must not be taken for the next one.
            self.driver = None;
        }
        outcome
    }

    /// Whether another request may be sent: the server has kept the connection open so far.
    pub(super) async fn is_open(&mut self) -> bool {
        let Self { sender, driver } = self;
        std::future::poll_fn(|context| {
            let Some(driving) = driver else {
                return Poll::Ready(false);
            };
            if Pin::new(driving).poll(context).is_ready() {
                *driver = None;
                return Poll::Ready(false);
            }
            Poll::Ready(matches!(sender.poll_ready(context), Poll::Ready(Ok(()))))
        })
        .await
    }
}
