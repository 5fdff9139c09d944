//! Azure Resource Manager (ARM), asked for two things only: the number of instances that a site on Elastic Premium keeps,
//! and to change it.
//!
//! - `address`: the setting's site and endpoint, checked
//! - `answer`: what an answer says

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::identity::{CachedToken, Endpoint, Reason};

mod address;
mod answer;

pub use address::{ArmEndpoint, SiteId};
pub use answer::InstanceCounts;
use answer::{problem, retry_after};

/// The version of the site's configuration that is read and changed.
const API_VERSION: &str = "2025-05-01";
/// The most that is read of an answer; a site's configuration has a few thousand bytes.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Attempts of one call.
const ATTEMPTS: u32 = 3;

/// Why a call was in vain. Each sentence is for the operator's log; none holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no token to call with.
    #[error("no access token for Azure Resource Manager: {0}")]
    NoToken(Reason),
    /// A status from 400 to 499, which trying again does not mend.
    #[error("Azure Resource Manager refused with {status} {code}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// ARM's own code, such as `AuthorizationFailed`; may be empty.
        code: String,
        /// ARM's own sentence; may be empty.
        message: String,
    },
    /// 429, and no later attempt fitted into the time.
    #[error("Azure Resource Manager throttles: {message}")]
    Throttled {
        /// ARM's own sentence; may be empty.
        message: String,
    },
    /// A status of 500 or more, or one that is not documented.
    #[error("Azure Resource Manager failed with {status} {code}: {message}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// ARM's own code; may be empty.
        code: String,
        /// ARM's own sentence; may be empty.
        message: String,
    },
    /// No connection, or one that ended early.
    #[error("Azure Resource Manager cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("Azure Resource Manager did not answer in time")]
    Slow,
    /// An answer that is no site's configuration.
    #[error("Azure Resource Manager gave an answer that is no site configuration")]
    Malformed,
}

/// A site's number of instances, as ARM knows it.
#[derive(Debug)]
pub struct Arm {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// The address of the site's configuration.
    url: String,
    token: CachedToken,
}

/// What one attempt came to.
enum Attempt {
    Done(InstanceCounts),
    /// Another attempt may go better, after this time if the server said so.
    Again(Failure, Option<Duration>),
    Over(Failure),
}

impl Arm {
    /// Calls nobody yet.
    pub fn new(endpoint: &ArmEndpoint, site: &SiteId, identity: Option<Endpoint>) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            // A run is a minute after the one before: the connection would hardly be open any more.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(connector),
            url: format!("{endpoint}{site}/config/web?api-version={API_VERSION}"),
            token: CachedToken::new(identity),
        }
    }

    /// Asks how many instances the site keeps.
    ///
    /// # Errors
    /// Why it is not known, at the deadline at the latest.
    pub async fn counts(&self, deadline: Instant) -> Result<InstanceCounts, Failure> {
        self.call(Method::GET, &Bytes::new(), deadline).await
    }

    /// Has the site keep exactly so many instances: as many as always-ready ones, and no more for events.
    ///
    /// # Errors
    /// Why that is not known to be done, at the deadline at the latest. It may be done nevertheless.
    pub async fn set_count(
        &self,
        count: u32,
        deadline: Instant,
    ) -> Result<InstanceCounts, Failure> {
        let properties = json!({
            "minimumElasticInstanceCount": count,
            "functionAppScaleLimit": count,
        });
        let body = Bytes::from(json!({ "properties": properties }).to_string());
        self.call(Method::PATCH, &body, deadline).await
    }

    /// Both calls can be repeated: one reads, and the other sets what it did before.
    async fn call(
        &self,
        method: Method,
        body: &Bytes,
        deadline: Instant,
    ) -> Result<InstanceCounts, Failure> {
        let budget = deadline.saturating_duration_since(Instant::now());
        // A first attempt that hangs leaves room for another one.
        let longest = budget / 2;
        let mut wait = budget / 20;
        let mut attempt = 1;
        loop {
            let end = deadline.min(Instant::now() + longest);
            let (failure, pause) = match self.attempt(&method, body, end).await {
                Attempt::Done(counts) => return Ok(counts),
                Attempt::Over(failure) => return Err(failure),
                Attempt::Again(failure, pause) => (failure, pause.unwrap_or(wait)),
            };
            if attempt == ATTEMPTS || Instant::now() + pause >= deadline {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
            wait *= 2;
        }
    }

    async fn attempt(&self, method: &Method, body: &Bytes, end: Instant) -> Attempt {
        match timeout_at(end, self.exchange(method, body)).await {
            Ok(attempt) => attempt,
            Err(_) => Attempt::Again(Failure::Slow, None),
        }
    }

    async fn exchange(&self, method: &Method, body: &Bytes) -> Attempt {
        let token = match self.token.get().await {
            Ok(token) => token,
            Err(reason) => return Attempt::Again(Failure::NoToken(reason), None),
        };
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", token.secret())) else {
            return Attempt::Over(Failure::NoToken(Reason::Malformed));
        };
        bearer.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(&self.url)
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.clone()));
        // The parts of the address were checked.
        let Ok(request) = request else {
            return Attempt::Over(Failure::Unreachable);
        };
        let Ok(answer) = self.client.request(request).await else {
            return Attempt::Again(Failure::Unreachable, None);
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await;
        let Ok(body) = body.map(http_body_util::Collected::to_bytes) else {
            return Attempt::Again(Failure::Unreachable, None);
        };
        if head.status == StatusCode::OK {
            return match InstanceCounts::parse(&body) {
                Some(counts) => Attempt::Done(counts),
                None => Attempt::Over(Failure::Malformed),
            };
        }
        if head.status == StatusCode::UNAUTHORIZED {
            self.token.forget();
        }
        let (code, message) = problem(&body, token.secret());
        let status = head.status.as_u16();
        let pause = retry_after(&head.headers);
        match status {
            429 => Attempt::Again(Failure::Throttled { message }, pause),
            400..=499 => Attempt::Over(Failure::Refused {
                status,
                code,
                message,
            }),
            500.. => Attempt::Again(
                Failure::Failed {
                    status,
                    code,
                    message,
                },
                pause,
            ),
            _ => Attempt::Over(Failure::Failed {
                status,
                code,
                message,
            }),
        }
    }
}
