//! Responses of the host itself.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Either;
use serde::Serialize;
use serde_json::json;

use super::body::Body;

const JSON: &str = "application/json; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// A response without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// A response with a body of this media type.
pub fn content(
    status: StatusCode,
    media_type: &'static str,
    content: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = empty(status);
    let media_type = HeaderValue::from_static(media_type);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    *response.body_mut() = whole(content);
    response
}

/// A response with JSON.
pub fn json_response(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_vec(value).expect("the names of members are text");
    content(status, JSON, text)
}

/// A refusal with its reason.
pub fn refusal(status: StatusCode, reason: &str) -> Response<Body> {
    json_response(status, &json!({ "error": reason }))
}

/// A body that is known as a whole.
pub(crate) fn whole(content: impl Into<Bytes>) -> Body {
    Either::Left(content.into().into())
}
