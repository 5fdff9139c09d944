//! `GET /`: the dashboard for a browser, a short JSON for all other clients. And the dashboard's files, each at its exact
//! path. `build.rs` compiles them in.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::error::Problem;

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The names of files in this folder change with their content.
const LASTING: &str = "/assets/";

/// A file of the dashboard, compressed with Brotli when it was built. The router's compression layer does gzip.
#[derive(Debug)]
struct File {
    path: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
}

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
    if !wants_html(&headers) {
        return ([(VARY, "accept")], Json(WELCOME)).into_response();
    }
    let about_page = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (ETAG, PAGE_TAG),
        (VARY, "accept, accept-encoding"),
    ];
    let mut response = if has_tag(&headers, PAGE_TAG) {
        ([(CACHE_CONTROL, "no-cache")], StatusCode::NOT_MODIFIED).into_response()
    } else {
        PAGE.answer(&headers)
    };
    for (name, value) in about_page {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The routes of the files.
pub(super) fn files<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    FILES.iter().fold(OpenApiRouter::new(), |router, file| {
        let answer = move |headers: HeaderMap| async move { file.answer(&headers) };
        router.route(file.path, get(answer))
    })
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let (encoding, bytes) = self.encoded(headers);
        let cache = if self.path.starts_with(LASTING) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let about: [(HeaderName, &'static str); 4] = [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, cache),
            (VARY, "accept-encoding"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let encoding = encoding.map(|name| [(CONTENT_ENCODING, name)]);
        let body = Body::from(Bytes::from_static(bytes));
        match encoding {
            Some(encoding) => (about, encoding, body).into_response(),
            None => (about, body).into_response(),
        }
    }

    /// The Brotli form for a client that accepts it, else the plain one.
    fn encoded(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        match self.brotli {
            Some(bytes) if takes(headers, "br") => (Some("br"), bytes),
            _ => (None, self.plain),
        }
    }
}

/// Whether `Accept-Encoding` names it, and not with the weight 0.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    listed(headers, &ACCEPT_ENCODING).any(|element| {
        let mut parts = element.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .unwrap_or("1");
        named.eq_ignore_ascii_case(encoding) && weight.parse().is_ok_and(|weight: f32| weight > 0.0)
    })
}

/// Whether the caller has this version already.
fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let strong = |tag: &str| tag.trim_start_matches("W/").to_owned();
    listed(headers, &IF_NONE_MATCH).any(|known| known == "*" || strong(known) == strong(tag))
}

fn wants_html(headers: &HeaderMap) -> bool {
    listed(headers, &ACCEPT).any(|range| {
        let media = range.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case("text/html")
    })
}

/// The elements of a list that may be spread over several lines.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter();
    lines
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}
