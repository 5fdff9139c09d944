//! The spelling of header names in the JSON protocol. hyper stores names in lower case only.

use std::sync::{Arc, Mutex};

use http::HeaderName;
use http::request::Parts;

use super::lock::lock;

/// How much of a head is kept. Names that come later are in title case.
const KEPT_BYTES: usize = 64 * 1024;

/// Names that Kestrel spells in a fixed way, regardless of the client's spelling (`KnownHeaders.cs`, `RequestHeaders`).
const KNOWN: [&str; 44] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "correlation-context",
    "date",
    "expect",
    "from",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "range",
    "referer",
    "request-id",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "translate",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "warning",
];

/// The head of the request that a connection serves, as the client sent it.
#[derive(Clone, Default)]
pub(crate) struct SentHead(Arc<Mutex<Recording>>);

#[derive(Default)]
struct Recording {
    bytes: Vec<u8>,
    /// Whether the head has been received. What follows is the body.
    is_complete: bool,
}

impl SentHead {
    /// Keeps bytes that the connection received, if they may be part of a head.
    pub(super) fn append(&self, bytes: &[u8]) {
        let mut recording = lock(&self.0);
        if !recording.is_complete {
            let room = KEPT_BYTES - recording.bytes.len();
            let kept = &bytes[..bytes.len().min(room)];
            recording.bytes.extend_from_slice(kept);
        }
    }

    /// The head has been received.
    pub(super) fn complete(&self) {
        lock(&self.0).is_complete = true;
    }

    /// The request has its response, so the next head may follow.
    pub(super) fn restart(&self) {
        let mut recording = lock(&self.0);
        recording.bytes.clear();
        recording.is_complete = false;
    }
}

/// A name as the real host passes it to the handler: as the client sent it, unless Kestrel has a fixed spelling for it. If
/// requests are pipelined, only the first one's spelling is known.
pub(super) fn passed_on(name: &HeaderName, request: &Parts) -> String {
    let name = name.as_str();
    if KNOWN.contains(&name) {
        return match name {
            "te" => "TE".to_owned(),
            "baggage" | "traceparent" | "tracestate" => name.to_owned(),
            name if name.starts_with("grpc-") => name.to_owned(),
            name => title_case(name),
        };
    }
    let head = request.extensions.get::<SentHead>();
    head.and_then(|head| as_sent(&lock(&head.0).bytes, name))
        // The emulator added it, or its spelling is not known.
        .unwrap_or_else(|| title_case(name))
}

/// The spelling of a name in the lines of a head.
fn as_sent(head: &[u8], name: &str) -> Option<String> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (sent, rest) = line.split_at_checked(name.len())?;
        let is_it = rest.first() == Some(&b':') && sent.eq_ignore_ascii_case(name.as_bytes());
        is_it.then(|| String::from_utf8_lossy(sent).into_owned())
    })
}

/// `Content-Type` for `content-type`.
fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        word[..1.min(word.len())].to_ascii_uppercase() + word.get(1..).unwrap_or_default()
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_sent_or_as_kestrel_does() {
        let head = SentHead::default();
        head.append(b"GET / HTTP/1.1\r\nX-API-KEY: 1\r\n\r\n");
        head.complete();
        head.append(b"x-api-key: in the body");
        head.restart();
        head.append(b"GET / HTTP/1.1\r\nhost: a\r\nX-Api-KEY: 1\r\nx-my");
        head.append(b"-name: 2\r\nTE: trailers\r\nTraceParent: 3\r\n\r\n");
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.extensions.insert(head);
        for spelling in [
            "Host",
            "X-Api-KEY",
            "x-my-name",
            "TE",
            "traceparent",
            "X-Added",
        ] {
            let name = HeaderName::from_bytes(spelling.as_bytes()).expect("a name");
            assert_eq!(passed_on(&name, &parts), spelling);
        }
    }

    #[test]
    fn a_bounded_part_of_a_head_is_kept() {
        let head = SentHead::default();
        for _ in 0..3 {
            head.append(&[b'a'; KEPT_BYTES / 2 + 1]);
        }
        assert_eq!(lock(&head.0).bytes.len(), KEPT_BYTES);
    }
}
