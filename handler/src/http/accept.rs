//! What a request accepts: `Accept`, `Accept-Encoding`, and other list headers.

use axum::extract::Request;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Removes the entries of `Accept-Encoding` that refuse a plain response.
///
/// If no encoding is acceptable, the compression layer replaces the status with 406, but only after the work was
/// done: a visit would be counted and reported as an error. RFC 9110, section 12.5.3, lets a server send a plain
/// response to such a request.
pub(super) fn allow_plain(mut request: Request) -> Request {
    let elements = || elements(request.headers(), &ACCEPT_ENCODING);
    if elements().any(refuses_plain) {
        let kept: Vec<&str> = elements()
            .filter(|element| !refuses_plain(element))
            .collect();
        if let Ok(value) = HeaderValue::try_from(kept.join(", ")) {
            request.headers_mut().insert(ACCEPT_ENCODING, value);
        }
    }
    request
}

fn refuses_plain(element: &str) -> bool {
    let (coding, accepted) = coding(element);
    !accepted && (coding == "*" || coding.eq_ignore_ascii_case("identity"))
}

/// Whether `Accept-Encoding` names `encoding` with a weight above 0.
pub(super) fn accepts_encoding(headers: &HeaderMap, encoding: &str) -> bool {
    elements(headers, &ACCEPT_ENCODING)
        .map(coding)
        .any(|(coding, accepted)| accepted && coding.eq_ignore_ascii_case(encoding))
}

/// Whether `Accept` names `text/html`.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    elements(headers, &ACCEPT).any(|range| {
        let media = range.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case("text/html")
    })
}

/// The elements of a list header, which may have several lines.
pub(super) fn elements<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter();
    lines
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// The content coding of an element of `Accept-Encoding`, and whether its weight is above 0.
fn coding(element: &str) -> (&str, bool) {
    let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
    let weight = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let accepted = weight.is_none_or(|text| text.parse().is_ok_and(|weight: f32| weight > 0.0));
    (coding.trim(), accepted)
}
