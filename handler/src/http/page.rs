//! `GET /`: the dashboard for a browser, or an index of the API as JSON for other clients. And the files of the
//! dashboard, each at its exact path. `build.rs` compiles them in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::App;
use super::accept::{accepts_encoding, accepts_html, elements};
use super::error::Problem;

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The page has no inline code and loads nothing from other origins.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The names of files in this folder change with their content, so that browsers may cache them for ever.
const LASTING: &str = "/assets/";

/// A file of the dashboard, compressed with Brotli when it was built. The router's compression layer does gzip.
#[derive(Debug)]
struct File {
    path: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
}

/// The response of `GET /` to programs.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiIndex {
    pub(super) message: &'static str,
    pub(super) version: &'static str,
    /// The path of each operation.
    pub(super) endpoints: BTreeMap<String, String>,
}

/// Show the dashboard, or list the endpoints
///
/// HTML if `Accept` names `text/html`, otherwise JSON.
#[utoipa::path(
    get, path = "/", operation_id = "WebApp", tag = "operations",
    responses(
        (status = 200, description = "The dashboard, or the list of endpoints", content(
            (ApiIndex = "application/json"),
            (String = "text/html"),
        )),
        (status = 400, description = "The body could not be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn index(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !accepts_html(&headers) {
        let about = [(VARY, "accept"), (CONTENT_TYPE, "application/json")];
        return (about, app.api.index()).into_response();
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

/// The routes of the dashboard's files.
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

    /// The Brotli form if the client accepts it, otherwise the plain form.
    fn encoded(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        match self.brotli {
            Some(bytes) if accepts_encoding(headers, "br") => (Some("br"), bytes),
            _ => (None, self.plain),
        }
    }
}

/// Whether the client has this version in its cache.
fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let strong = |tag: &str| tag.trim_start_matches("W/").to_owned();
    elements(headers, &IF_NONE_MATCH).any(|known| known == "*" || strong(known) == strong(tag))
}
