//! `GET /runtime/health`, `/live` and `/ready`: whether the host runs, for probes (`WebJobsApplicationBuilderExtension.cs`,
//! `UseHealthChecks`; `HealthCheckResponseWriter.cs`, `HealthCheckWaitMiddleware.cs`). Pure.
//!
//! The host counts as ready before its handler is, like the real one. With `?wait=SECONDS`, the real host responds
//! after its start. This host does not listen before that.

use http::{Response, StatusCode};
use serde_json::json;

use super::body::Body;
use super::query::parameter;
use super::response::json_response;

/// The response, if the path is one of these. Its segments are in lower case.
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
    let wait = parameter(query.unwrap_or_default(), "wait");
    if wait.is_some_and(|wait| wait.trim().parse::<u32>().is_err()) {
        let message = "'wait' query param must be a positive integer";
        let error = json!({ "code": "BadArgument", "message": message });
        return Some(json_response(StatusCode::BAD_REQUEST, &error));
    }
    let (status, word) = match is_healthy {
        true => (StatusCode::OK, "Healthy"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "Unhealthy"),
    };
    Some(json_response(status, &json!({ "status": word })))
}
