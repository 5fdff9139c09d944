//! `GET /runtime/health`, `/live` and `/ready`: whether the host runs, for probes (`WebJobsApplicationBuilderExtension.cs`,
//! `UseHealthChecks`; `HealthCheckResponseWriter.cs`, `HealthCheckWaitMiddleware.cs`). Pure.
//!
//! The host counts as ready before its handler is, like the real one. With `?wait=SECONDS`, the real host responds
//! after its start. This host does not listen before that.

use http::StatusCode;
use serde_json::{Value, json};

/// The response, if the path is one of these. Its segments are in lower case.
pub(super) fn check(
    segments: &[&str],
    query: Option<&str>,
    is_running: bool,
) -> Option<(StatusCode, Value)> {
    let is_healthy = match segments {
        ["runtime", "health", "live"] => true,
        ["runtime", "health"] | ["runtime", "health", "ready"] => is_running,
        _ => return None,
    };
    let mut query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let wait = query.find(|(name, _)| name.eq_ignore_ascii_case("wait"));
    if wait.is_some_and(|(_, wait)| wait.trim().parse::<u32>().is_err()) {
        let message = "'wait' query param must be a positive integer";
        let error = json!({ "code": "BadArgument", "message": message });
        return Some((StatusCode::BAD_REQUEST, error));
    }
    Some(if is_healthy {
        (StatusCode::OK, json!({ "status": "Healthy" }))
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "Unhealthy" }),
        )
    })
}
