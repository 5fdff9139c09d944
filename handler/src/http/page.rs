//! `GET /`: the built-in page for a browser, a short JSON for everybody else. And the page's files.

use axum::Json;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;

/// Nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where to go from here.
#[derive(Serialize, ToSchema)]
struct Welcome {
    message: &'static str,
    version: &'static str,
    endpoints: Endpoints,
}

/// The paths of the API.
#[derive(Serialize, ToSchema)]
struct Endpoints {
    health: &'static str,
    live: &'static str,
    register_visit: &'static str,
    get_visits: &'static str,
    stress_test: &'static str,
    metrics: &'static str,
    instances: &'static str,
    timeline: &'static str,
    prometheus_metrics: &'static str,
    openapi: &'static str,
}

const WELCOME: Welcome = Welcome {
    message: "Elastic Visits API",
    version: super::VERSION,
    endpoints: Endpoints {
        health: "/health",
        live: "/health/live",
        register_visit: "/api/visit",
        get_visits: "/api/visits",
        stress_test: "/api/stress",
        metrics: "/api/metrics",
        instances: "/api/instances",
        timeline: "/api/timeline",
        prometheus_metrics: "/metrics",
        openapi: "/api/openapi.json",
    },
};

/// Show the page, or name the endpoints
///
/// HTML where `Accept` names `text/html`, else JSON.
#[utoipa::path(
    get, path = "/", operation_id = "WebApp", tag = "operations",
    responses(
        (status = 200, description = "The page, or the names of the endpoints", content(
            (Welcome = "application/json"),
            (String = "text/html"),
        )),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn index(headers: HeaderMap) -> Response {
    if wants_html(&headers) {
        let html = file("text/html; charset=utf-8", include_str!("page/index.html"));
        ([(VARY, "accept"), (CONTENT_SECURITY_POLICY, POLICY)], html).into_response()
    } else {
        ([(VARY, "accept")], Json(WELCOME)).into_response()
    }
}

pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/page.css"))
}

pub(super) async fn script() -> Response {
    file(
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    )
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range
            .split(';')
            .next()
            .is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html"))
    })
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &'static str); 3] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}
