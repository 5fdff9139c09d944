//! The spelling of header names in the JSON protocol. hyper stores names in lower case only.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderName;
use http::request::Parts;

/// What is kept of a request to find the spelling of its names. Heads are shorter, and bodies are not needed.
const KEPT_BYTES: usize = 64 * 1024;

/// Names that Kestrel writes in its own way, whatever the client sent (`KnownHeaders.cs`, `RequestHeaders`).
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

/// What a connection has received since its last request began.
#[derive(Clone, Default)]
pub(super) struct ReceivedBytes(Arc<Mutex<Vec<u8>>>);

impl ReceivedBytes {
    pub(super) fn append(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT_BYTES - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The head of the request that has just been received, and what arrived with it.
    pub(super) fn take(&self) -> Head {
        Head(std::mem::take(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

/// The bytes of a request, at least those of its head. It is an extension of the request.
#[derive(Clone)]
pub(super) struct Head(Vec<u8>);

/// A name as the real host passes it to the handler: as the client sent it, except for those that Kestrel knows.
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
    let head = request.extensions.get::<Head>();
    head.and_then(|head| as_sent(&head.0, name))
        // The emulator has added it.
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
        let received = ReceivedBytes::default();
        received.append(b"GET / HTTP/1.1\r\nhost: a\r\nX-API-KEY: 1\r\nx-my");
        received.append(b"-name: 2\r\nTE: trailers\r\nTraceParent: 3\r\n\r\n");
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.extensions.insert(received.take());
        for spelling in [
            "Host",
            "X-API-KEY",
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
    fn a_large_body_is_not_kept() {
        let received = ReceivedBytes::default();
        for _ in 0..3 {
            received.append(&[b'a'; KEPT_BYTES / 2 + 1]);
        }
        assert_eq!(received.take().0.len(), KEPT_BYTES);
        received.append(b"\nA: 1\n");
        assert_eq!(as_sent(&received.take().0, "a").as_deref(), Some("A"));
    }
}
