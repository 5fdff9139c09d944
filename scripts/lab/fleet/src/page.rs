//! `GET /admin/lab`: the page about the fleet. It contains no data, but requests it from the endpoints below
//! `/admin/lab`.

use functions_host::{Body, content};
use http::{HeaderValue, Response, StatusCode, header};

/// Built from `handler/dashboard` by `scripts/dashboard`, as a single file without references to others.
const PAGE: &str = include_str!("../../../../handler/dashboard/dist/lab.html");
/// In addition to the policy in the page itself, where browsers ignore this directive.
const POLICY: &str = "frame-ancestors 'none'";

/// The page.
pub(super) fn answer() -> Response<Body> {
    let mut response = content(StatusCode::OK, "text/html; charset=utf-8", PAGE);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
