//! `GET /runtime/health`, `/live` and `/ready`: whether the host runs, for probes (`WebJobsApplicationBuilderExtension.cs`,
//! `UseHealthChecks`; `HealthCheckResponseWriter.cs`, `HealthCheckWaitMiddleware.cs`). Pure.
//!
//! The host counts as ready before its handler is, as the real one does. With `?wait=SECONDS` the real host answers once
//! it has started; this one listens only then.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::admin::json_text;
use super::body::Body;

/// The answer, where the path is one of these; its segments are in lower case.
pub(super) fn answer(
    segments: &[&str],
    query: Option<&str>,
    is_running: bool,
) -> Option<Response<Body>> {
    let is_healthy = match segments {
        ["runtime", "health", "live"] => true,
        ["runtime", "health"] | ["runtime", "health", "ready"] => is_running,
        _ => return None,
    };
    let mut query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let wait = query.find(|(name, _)| name.eq_ignore_ascii_case("wait"));
    if wait.is_some_and(|(_, wait)| wait.trim().parse::<u32>().is_err()) {
        let error = json!({ "code": "BadArgument", "message": "'wait' query param must be a positive integer" });
        return Some(with_status(error.to_string(), StatusCode::BAD_REQUEST));
    }
    let (status, word) = if is_healthy {
        (StatusCode::OK, "Healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "Unhealthy")
    };
    let mut response = with_status(json!({ "status": word }).to_string(), status);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    Some(response)
}

fn with_status(text: String, status: StatusCode) -> Response<Body> {
    let mut response = json_text(text);
    *response.status_mut() = status;
    response
}
