//! The lab's HTTP client: sends one request after the other to one server.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::connection::{Connection, Route};
use super::duration;
use super::failure::Failure;
use super::request::Encoded;
use super::response::Response;

/// Sends requests on one connection, which it opens when needed.
pub struct Client {
    route: Route,
    connection: Option<Connection>,
}

/// A response with its body.
#[derive(Debug)]
pub struct Reply {
    pub(super) head: Response,
    /// At most one mebibyte.
    pub body: Vec<u8>,
}

impl Reply {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The server's clock at the time of the response (RFC 9110, 6.6.1), in whole seconds.
    pub(super) fn date(&self) -> Option<OffsetDateTime> {
        let date = self.head.date?;
        let date = std::str::from_utf8(&date).ok()?;
        Some(httpdate::parse_http_date(date).ok()?.into())
    }
}

impl Client {
    /// Creates the client. It connects at the first request.
    pub fn new(route: Route) -> Self {
        Self {
            route,
            connection: None,
        }
    }

    /// Closes the connection. The next request opens another one.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Sends a request and reads the response, both within the route's time limit.
    ///
    /// # Errors
    /// The kind of failure, and a phrase for the user. In that case it is unknown how far the request got.
    pub async fn send(&mut self, request: &Request<Bytes>) -> Result<Reply, (Failure, String)> {
        // A connection that was abandoned during a request is dropped, so that no later request reads the rest of
        // that response.
        let kept = self.connection.take();
        let limit = self.route.timeout;
        let request = Encoded::from(request);
        let sending = timeout(limit, async {
            let mut connection = match kept {
                Some(kept) => kept,
                None => self.route.connect().await?,
            };
            if !connection.is_open().await {
                connection = self.route.connect().await?;
            }
            let mut body = Vec::new();
            let sent = connection.send(&request, |part| body.extend_from_slice(part));
            let head = sent
                .await
                .map_err(|failure| (failure, failure.to_string()))?;
            Ok((Reply { head, body }, connection))
        });
        let (reply, connection) = sending.await.unwrap_or_else(|_| {
            let waited = duration::describe(limit);
            Err((Failure::TimedOut, format!("no response within {waited}")))
        })?;
        self.connection = Some(connection);
        Ok(reply)
    }
}
