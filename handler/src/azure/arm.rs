//! Two calls to Azure Resource Manager (ARM): one reads the number of instances that a site on Elastic Premium keeps,
//! the other sets it.
//!
//! - `address`: the checked ids of the site and the endpoint
//! - `answer`: reads a response

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

/// The API version that is used to read and set the site's configuration.
const API_VERSION: &str = "2025-05-01";
/// The most bytes that are read of a response. A site's configuration has a few thousand.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Attempts per call.
const ATTEMPTS: u32 = 3;

/// Why a call failed. The sentences are for the operator's log; none of them contains the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no token for the call.
    #[error("no access token for Azure Resource Manager: {0}")]
    NoToken(Reason),
    /// A status from 400 to 499. A retry does not help.
    #[error("Azure Resource Manager refused with {status} {code}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// ARM's own error code, such as `AuthorizationFailed`; may be empty.
        code: String,
        /// ARM's own message; may be empty.
        message: String,
    },
    /// 429, and there was no time left for another attempt.
    #[error("Azure Resource Manager throttled the request: {message}")]
    Throttled {
        /// ARM's own message; may be empty.
        message: String,
    },
    /// A status of 500 or more, or an undocumented one.
    #[error("Azure Resource Manager failed with {status} {code}: {message}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// ARM's own error code; may be empty.
        code: String,
        /// ARM's own message; may be empty.
        message: String,
    },
    /// The connection could not be opened, or it ended early.
    #[error("Azure Resource Manager cannot be reached")]
    Unreachable,
    /// No response in time.
    #[error("Azure Resource Manager did not answer in time")]
    Slow,
    /// The response is not a site's configuration.
    #[error("Azure Resource Manager returned something that is not a site configuration")]
    Malformed,
}

/// The number of instances that a site keeps, read and set through ARM.
#[derive(Debug)]
pub struct Arm {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// The address of the site's configuration.
    url: String,
    token: CachedToken,
}

/// The result of one attempt.
enum Attempt {
    Done(InstanceCounts),
    /// Another attempt may succeed, after this time if the server named one.
    Again(Failure, Option<Duration>),
    Over(Failure),
}

impl Arm {
    /// Creates the client. It makes no call yet.
    pub fn new(endpoint: &ArmEndpoint, site: &SiteId, identity: Option<Endpoint>) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            // Runs are a minute apart, so a kept connection would hardly be open any more.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(connector),
            url: format!("{endpoint}{site}/config/web?api-version={API_VERSION}"),
            token: CachedToken::new(identity),
        }
    }

    /// Reads how many instances the site keeps.
    ///
    /// # Errors
    /// The reason why the number is not known. Returns at the deadline at the latest.
    pub async fn counts(&self, deadline: Instant) -> Result<InstanceCounts, Failure> {
        self.call(Method::GET, &Bytes::new(), deadline).await
    }

    /// Sets the number of instances that the site keeps: the number of always-ready instances, and the same number as
    /// the limit for scaling by events.
    ///
    /// # Errors
    /// The reason why the change is not confirmed. Returns at the deadline at the latest. The change may have been
    /// made nevertheless.
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

    /// Both calls can be repeated safely: one only reads, and the other sets the same value again.
    async fn call(
        &self,
        method: Method,
        body: &Bytes,
        deadline: Instant,
    ) -> Result<InstanceCounts, Failure> {
        let budget = deadline.saturating_duration_since(Instant::now());
        // If the first attempt hangs, there is time for another one.
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
        // The parts of the address were checked when the settings were read.
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
