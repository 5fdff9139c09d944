//! The requests of the checks.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};

use load::client::{Client, Reply};
use load::connection::Route;
use load::request::{get, post};
use load::target::Target;

/// How long a response may take. `/health` has 2 s, but a front end that has just started an instance needs longer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Sends requests to the app.
pub(super) struct Caller {
    target: Target,
    address: SocketAddr,
    client: Client,
}

impl Caller {
    /// Finds the app's address.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) async fn new(target: Target, more_roots: Option<&Path>) -> anyhow::Result<Self> {
        let address = target.addresses().await?[0];
        let client = Client::new(Route::new(&target, vec![address], more_roots, TIMEOUT)?);
        Ok(Self {
            target,
            address,
            client,
        })
    }

    /// Where the requests go.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn get(&mut self, endpoint: &str) -> Result<Reply, String> {
        self.send(get(&self.target, endpoint)).await
    }

    /// Sends the request of a browser for a page.
    pub(super) async fn browse(&mut self, endpoint: &str) -> Result<Reply, String> {
        let mut request = get(&self.target, endpoint);
        let accept = HeaderValue::from_static("text/html");
        request.headers_mut().insert(header::ACCEPT, accept);
        self.send(request).await
    }

    /// Records a visit. With the same key, it is the same visit.
    pub(super) async fn visit(&mut self, key: &str) -> Result<Reply, String> {
        let mut request = post(&self.target, "/api/visit", "");
        request.headers_mut().insert(
            HeaderName::from_static("idempotency-key"),
            HeaderValue::from_str(key).expect("a UUID is visible ASCII"),
        );
        self.send(request).await
    }

    async fn send(&mut self, request: Request<Bytes>) -> Result<Reply, String> {
        let reply = self.client.send(&request).await;
        reply.map_err(|(_, reason)| reason)
    }
}
