//! One request after the other to the app.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;
use tokio::time::timeout;

use crate::load::connection::Route;
use crate::load::request::{Encoded, ask_for};
use crate::load::target::Target;

/// How long an answer may take. `/health` has 2 s; a front end that just woke an instance needs longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends requests, each on a connection of its own: a smoke test has a dozen, and the front end may spread them.
pub(super) struct Caller {
    target: Target,
    route: Route,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Caller {
    /// Finds the app's address.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) async fn new(target: Target, more_roots: Option<&Path>) -> anyhow::Result<Self> {
        let address = target.addresses().await?[0];
        let route = Route::new(&target, address, more_roots, PATIENCE)?;
        Ok(Self { target, route })
    }

    pub(super) async fn get(&self, endpoint: &str) -> Result<Answer, String> {
        self.send(ask_for(&self.target, endpoint)).await
    }

    /// As a browser asks for a page.
    pub(super) async fn browse(&self, endpoint: &str) -> Result<Answer, String> {
        let mut request = ask_for(&self.target, endpoint);
        let accept = HeaderValue::from_static("text/html");
        request.headers_mut().insert(header::ACCEPT, accept);
        self.send(request).await
    }

    /// A visit; with the same key it is the same one.
    pub(super) async fn visit(&self, key: &str) -> Result<Answer, String> {
        let mut request = ask_for(&self.target, "/api/visit");
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(
            HeaderName::from_static("idempotency-key"),
            HeaderValue::from_str(key).expect("a UUID is visible ASCII"),
        );
        self.send(request).await
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Answer, String> {
        let connecting = self.route.connect().await;
        let mut connection = connecting.map_err(|(_, sentence)| sentence)?;
        let mut body = Vec::new();
        let request = Encoded::from(&request);
        let asking = connection.ask(&request, |part| body.extend_from_slice(part));
        let answer = timeout(PATIENCE, asking).await;
        let answer = answer.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))?;
        let answer = answer.map_err(|failure| failure.to_string())?;
        Ok(Answer {
            status: answer.status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
