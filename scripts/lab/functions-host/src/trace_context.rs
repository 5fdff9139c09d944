//! The header `traceparent` (W3C Trace Context) of the host's own requests: forwarded ones, and those of the JSON
//! protocol for HTTP triggers. .NET's `HttpClient` adds it (`DiagnosticsHandler.cs`) if the host traces requests, as
//! in Core Tools, and in Azure with Application Insights. Pure, except for random ids.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header's name.
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The value for a request with these headers: a new span of the caller's trace, or of a new trace that is not
/// recorded.
pub(super) fn traceparent(received: &HeaderMap) -> Option<HeaderValue> {
    let sent = received
        .get(TRACEPARENT)
        .and_then(|value| value.to_str().ok());
    let (trace, flags) = match sent.and_then(parse) {
        Some((trace, flags)) => (trace.to_owned(), flags),
        None => (random(), "00"),
    };
    let span = &random()[..16];
    HeaderValue::try_from(format!("00-{trace}-{span}-{flags}")).ok()
}

/// Trace id and flags of a valid value.
fn parse(value: &str) -> Option<(&str, &str)> {
    let is_id = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let parts: Vec<_> = value.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else {
        return None;
    };
    let is_valid = *version == "00" && is_id(trace, 32) && is_id(span, 16) && is_id(flags, 2);
    let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
    (is_valid && is_set(trace) && is_set(span)).then_some((trace, flags))
}

/// 32 hexadecimal digits.
fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, sent.parse().expect("a header value"));
        let value = traceparent(&headers).expect("valid");
        value.to_str().expect("text").to_owned()
    }

    #[test]
    fn a_valid_trace_continues_with_a_new_span() {
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let value = of(sent);
        assert!(parse(&value).is_some(), "{value}");
        assert!(
            value.starts_with(&sent[..36]) && value.ends_with("-01"),
            "{value}"
        );
        assert_ne!(value, sent);
    }

    #[test]
    fn without_a_valid_one_a_new_trace_begins() {
        let zeros = "0".repeat(32);
        for sent in [
            "",
            "00-0af7",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            &format!("00-{zeros}-b7ad6b7169203331-01"),
        ] {
            let value = of(sent);
            assert!(
                parse(&value).is_some() && value.ends_with("-00"),
                "{sent}: {value}"
            );
        }
    }
}
