//! Responses while the app cannot be served (`HostAvailabilityCheckMiddleware.cs`, `HostController.cs`).

use std::net::SocketAddr;
use std::time::Instant;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::body::Body;
use super::cross_site::{Policy, Target};
use super::function::Level;
use super::keys::{Access, KeyRing, Keys};
use super::response::{TEXT, content, empty, json_response};
use super::server::discard;
use super::{admin, health, path};

/// A host whose app cannot be served: ping and status still respond, all other requests get 503.
pub struct Unavailable {
    access: Access,
    reasons: Vec<String>,
    id: String,
    since: Instant,
}

impl Unavailable {
    /// The host at `address`. With `keys`, its status requires the master key.
    pub fn new(address: SocketAddr, keys: Option<&KeyRing>, reasons: Vec<String>) -> Self {
        let access = match keys {
            Some(ring) => Access::Keyed(Keys::new(ring, &[])),
            None => Access::Open(Policy::new(address, "")),
        };
        Self {
            access,
            reasons,
            id: uuid::Uuid::new_v4().simple().to_string(),
            since: Instant::now(),
        }
    }

    /// Responds to one request.
    pub fn respond(&self, request: Request<Incoming>) -> Response<Body> {
        let path = path::decode(request.uri().path()).unwrap_or_default();
        let lower = path.to_ascii_lowercase();
        let segments: Vec<&str> = lower.trim_matches('/').split('/').collect();
        let response = match (request.method(), segments.as_slice()) {
            (&Method::GET | &Method::POST, ["admin", "host", "ping"]) => admin::ping(),
            (&Method::GET, ["admin", "host", "status"]) => self.status(&request),
            _ => match health::answer(&segments, request.uri().query(), false) {
                Some(answer) => admin::uncached(answer),
                None => content(
                    StatusCode::SERVICE_UNAVAILABLE,
                    TEXT,
                    "Function host is not running.",
                ),
            },
        };
        discard(request);
        response
    }

    fn status(&self, request: &Request<Incoming>) -> Response<Body> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        if let Access::Open(policy) = &self.access
            && policy.check(method, uri, headers, Target::Admin).is_err()
        {
            return empty(StatusCode::FORBIDDEN);
        }
        if self.access.level(headers, uri.query(), None) < Level::Admin {
            return empty(StatusCode::UNAUTHORIZED);
        }
        let mut status = admin::status(&self.id, self.since, "Error");
        status["errors"] = self.reasons.clone().into();
        json_response(StatusCode::OK, &status)
    }
}
