//! Responses while the app cannot be served (`HostAvailabilityCheckMiddleware.cs`, `HostController.cs`).

use std::net::SocketAddr;
use std::time::Instant;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::admin;
use super::body::Body;
use super::cross_site::{Policy, Target};
use super::function::Level;
use super::keys::{Access, KeyRing, Keys};
use super::path;
use super::server::refuse;

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
        if admin::is_ping(&path) && matches!(*request.method(), Method::GET | Method::POST) {
            let _ = refuse(request, StatusCode::OK);
            return admin::ping();
        }
        let lower = path.to_ascii_lowercase();
        let segments: Vec<&str> = lower.trim_matches('/').split('/').collect();
        if let Some(answer) = admin::health_answer(&segments, request.uri().query(), false) {
            let _ = refuse(request, StatusCode::OK);
            return answer;
        }
        let is_status = path
            .trim_matches('/')
            .eq_ignore_ascii_case("admin/host/status");
        if is_status && *request.method() == Method::GET {
            return self.status(request);
        }
        let mut response = refuse(request, StatusCode::SERVICE_UNAVAILABLE);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        *response.body_mut() = Body::from("Function host is not running.");
        response
    }

    fn status(&self, request: Request<Incoming>) -> Response<Body> {
        let (uri, headers) = (request.uri(), request.headers());
        if let Access::Open(policy) = &self.access
            && policy
                .check(request.method(), uri, headers, Target::Admin)
                .is_err()
        {
            return refuse(request, StatusCode::FORBIDDEN);
        }
        if self.access.level(headers, uri.query(), None) < Level::Admin {
            return refuse(request, StatusCode::UNAUTHORIZED);
        }
        let mut status = admin::status(&self.id, self.since, "Error");
        status["errors"] = self.reasons.clone().into();
        let _ = refuse(request, StatusCode::OK);
        admin::json_answer(&status)
    }
}
