//! Encodes requests for the network.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};

use super::target::Target;

/// Identifies the sender for the operator of the target.
const USER_AGENT: &str = concat!("elastic-visits-load/", env!("CARGO_PKG_VERSION"));

/// A GET of an endpoint of the app.
pub fn get(target: &Target, endpoint: &str) -> Request<Bytes> {
    let request = Request::builder()
        .uri(target.path(endpoint))
        .header(header::HOST, target.host())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "application/json");
    request
        .body(Bytes::new())
        .expect("every part of it was checked")
}

/// A POST to an endpoint of the app with a JSON body, which may be empty.
pub fn post(target: &Target, endpoint: &str, json: &str) -> Request<Bytes> {
    let mut request = get(target, endpoint);
    *request.method_mut() = Method::POST;
    if !json.is_empty() {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    *request.body_mut() = Bytes::copy_from_slice(json.as_bytes());
    request
}

/// A request's bytes, encoded once and sent many times.
#[derive(Clone)]
pub struct Encoded {
    pub(super) bytes: Bytes,
    /// Whether its response has no body, whatever the headers say (RFC 9112, 6.3).
    pub(super) is_head: bool,
}

impl From<&Request<Bytes>> for Encoded {
    /// Encodes HTTP/1.1. A request that may have a body has a length, even if the body is empty (RFC 9110, 8.6).
    fn from(request: &Request<Bytes>) -> Self {
        let path = request.uri().path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        let mut text = format!("{} {path} HTTP/1.1\r\n", request.method()).into_bytes();
        for (name, value) in request.headers() {
            let line: [&[u8]; 4] = [name.as_ref(), b": ", value.as_bytes(), b"\r\n"];
            text.extend(line.concat());
        }
        let body = request.body();
        if !request.method().is_safe() || !body.is_empty() {
            text.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(body);
        Self {
            bytes: text.into(),
            is_head: request.method() == Method::HEAD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_may_have_a_body_has_a_length() {
        let target = Target::parse("http://[::1]:7071/eu").expect("a target");
        let get_request = get(&target, "/api/visits?limit=2");
        let text = |request: &Request<Bytes>| {
            String::from_utf8(Encoded::from(request).bytes.to_vec()).expect("ASCII")
        };
        let get = text(&get_request);
        assert!(
            get.starts_with("GET /eu/api/visits?limit=2 HTTP/1.1\r\nhost: [::1]:7071\r\n"),
            "{get}"
        );
        assert!(
            get.ends_with("\r\n\r\n") && !get.contains("content-length"),
            "{get}"
        );
        let empty = text(&post(&target, "/api/visit", ""));
        assert!(empty.ends_with("\r\ncontent-length: 0\r\n\r\n"), "{empty}");
        let json = text(&post(&target, "/api/stress", "{}"));
        let end = "\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert!(json.ends_with(end), "{json}");
        let mut searching = get_request;
        *searching.body_mut() = Bytes::from_static(b"{}");
        let searching = text(&searching);
        assert!(
            searching.ends_with("\r\ncontent-length: 2\r\n\r\n{}"),
            "{searching}"
        );
    }
}
