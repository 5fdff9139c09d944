//! The data that requests need, and the ways in which an invocation can fail.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use http::{HeaderName, StatusCode};

use super::backends::{Backends, Unavailable};
use super::console::Console;
use super::cors::Cors;
use super::exchange::Expiry;
use super::function::Function;
use super::keys::Access;
use super::offline::Offline;
use super::route::Table;
use super::settings::Settings;
use super::timer::Statuses;
use super::traffic::Traffic;

/// The version that this host reports: a production version of 2026.
pub(crate) const HOST_VERSION: &str = "4.1052.100";
pub(crate) const HOST_VERSION_HEADER: HeaderName =
    HeaderName::from_static("x-azure-functions-hostversion");
pub(crate) const INVOCATION_HEADER: HeaderName =
    HeaderName::from_static("x-azure-functions-invocationid");

/// A served function app: the data that its requests need.
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) table: Table,
    pub(crate) access: Access,
    /// `None`: the functions themselves handle requests of web pages.
    pub(crate) cors: Option<Cors>,
    pub(crate) backends: Backends,
    pub(crate) offline: Offline,
    /// The latency of requests.
    pub traffic: Traffic,
    /// The host's output.
    pub console: Console,
    pub(crate) started: Instant,
    /// Identifies this host process, like `WEBSITE_INSTANCE_ID`.
    pub(crate) id: String,
    /// The address of the app, for links in responses.
    pub(crate) base_url: String,
    /// Whether the warm-up function was called; it runs once per host process.
    pub(crate) warmed: AtomicBool,
    pub(crate) timers: Statuses,
    /// Whether an invocation fails if its outputs are not delivered.
    pub(crate) is_strict: bool,
}

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the handler could not be reached: {0}")]
    Connect(std::io::Error),
    #[error("the handler closed the connection before it responded: {0}")]
    Broken(hyper::Error),
    #[error("no data was transferred for 240 seconds")]
    Idle,
    #[error("it ran longer than functionTimeout, so the host kills the handler")]
    Timeout,
    #[error("the request body is larger than the host accepts")]
    TooLarge,
    /// See `forwarding::is_chunked`.
    #[error(
        "a request body without Content-Length cannot be forwarded; set enableProxyingHttpRequest to true instead of enableForwardingHttpRequest"
    )]
    Chunked,
    #[error("the client sent a malformed or incomplete body")]
    Client,
    #[error("the handler answered {0}")]
    Status(StatusCode),
    #[error("the handler's answer cannot be used: {0}")]
    Answer(String),
    #[error("its output {0} is not delivered, which --strict makes an error")]
    Undelivered(String),
    /// `DefaultHttpWorkerService.cs` never completes an invocation whose result parses to null.
    #[error(
        "the handler answered 200 with an empty body or null, on which the real host hangs until functionTimeout and then kills the handler; answer {{\"Outputs\":{{}},\"Logs\":[],\"ReturnValue\":null}} as application/json"
    )]
    Null,
}

impl Failure {
    /// The client only gets a status: the host's error responses have no body (`ExceptionMiddleware.cs`).
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Client => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the process may have ended before it responded.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Connect(_) | Self::Broken(_)
        )
    }
}

impl From<Expiry> for Failure {
    fn from(expiry: Expiry) -> Self {
        match expiry {
            Expiry::Idle => Self::Idle,
            Expiry::Function => Self::Timeout,
        }
    }
}

impl App {
    /// Prints once that requests are served. Scripts wait for this line.
    pub async fn announce(&self) -> std::convert::Infallible {
        if self.backends.first().await.is_some() {
            self.console.plain(format!("Ready: {}/", self.base_url));
        }
        std::future::pending().await
    }

    /// Logs why an invocation failed. Faults of a client appear only with `--verbose`, because a client could
    /// otherwise fill the terminal.
    pub(crate) fn report(&self, function: &Function, failure: &Failure) {
        let text = format!("The invocation of {} failed: {failure}", function.name);
        match failure {
            Failure::TooLarge | Failure::Client => self.console.debug(text),
            _ => self.console.error(text),
        }
    }
}
