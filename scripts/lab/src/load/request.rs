//! A request as it goes over the wire.

use bytes::Bytes;
use http::{Request, header};

use super::target::Target;

/// Names the sender to the operator of the target.
const USER_AGENT: &str = concat!("elastic-visits-load/", env!("CARGO_PKG_VERSION"));

/// A GET to an endpoint of the app.
pub(crate) fn ask_for(target: &Target, endpoint: &str) -> Request<Bytes> {
    let request = Request::builder()
        .uri(target.path(endpoint))
        .header(header::HOST, target.host())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "application/json");
    request
        .body(Bytes::new())
        .expect("every part of it was checked")
}

/// A request's bytes, made once for all the times that it is sent.
#[derive(Clone)]
pub(crate) struct Encoded(Bytes);

impl Encoded {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&Request<Bytes>> for Encoded {
    /// In HTTP/1.1; what may have a body tells its length, also where it has none (RFC 9110, 8.6).
    fn from(request: &Request<Bytes>) -> Self {
        let mut text = Vec::with_capacity(512 + request.body().len());
        text.extend_from_slice(request.method().as_str().as_bytes());
        text.push(b' ');
        text.extend_from_slice(
            request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .as_bytes(),
        );
        text.extend_from_slice(b" HTTP/1.1\r\n");
        for (name, value) in request.headers() {
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        if !request.method().is_safe() {
            text.extend_from_slice(
                format!("content-length: {}\r\n", request.body().len()).as_bytes(),
            );
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(request.body());
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_a_body_tells_its_length() {
        let target = Target::parse("http://[::1]:7071/eu").expect("a target");
        let mut request = ask_for(&target, "/api/visits?limit=2");
        let text = |request: &Request<Bytes>| {
            String::from_utf8(Encoded::from(request).bytes().to_vec()).expect("ASCII")
        };
        let get = text(&request);
        assert!(
            get.starts_with("GET /eu/api/visits?limit=2 HTTP/1.1\r\nhost: [::1]:7071\r\n"),
            "{get}"
        );
        assert!(
            get.ends_with("\r\n\r\n") && !get.contains("content-length"),
            "{get}"
        );
        *request.method_mut() = http::Method::POST;
        assert!(text(&request).ends_with("\r\ncontent-length: 0\r\n\r\n"));
        *request.body_mut() = Bytes::from_static(b"{}");
        assert!(text(&request).ends_with("\r\ncontent-length: 2\r\n\r\n{}"));
    }
}
