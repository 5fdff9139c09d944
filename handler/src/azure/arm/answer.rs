use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use serde_json::Value;

/// The most characters of an error message that are logged.
const LONGEST_MESSAGE: usize = 300;
/// The most characters of an error code that are logged.
const LONGEST_CODE: usize = 64;

/// How many instances a site keeps (`Microsoft.Web/sites/config/web`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceCounts {
    /// The always-ready instances, `minimumElasticInstanceCount`; 0 if the site does not set it.
    pub minimum: u32,
    /// The most instances that events may start, `functionAppScaleLimit`; `None` if there is no limit.
    pub limit: Option<u32>,
}

impl InstanceCounts {
    /// Reads a site's configuration; `None` if the body is something else.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let properties = answer.get("properties")?.as_object()?;
        let count = |name: &str| match properties.get(name) {
            None | Some(Value::Null) => Some(0),
            Some(number) => u32::try_from(number.as_u64()?).ok(),
        };
        Some(Self {
            minimum: count("minimumElasticInstanceCount")?,
            limit: Some(count("functionAppScaleLimit")?).filter(|limit| *limit > 0),
        })
    }

    /// Whether the site keeps exactly this number of instances.
    pub fn are(self, count: u32) -> bool {
        self.minimum == count && self.limit == Some(count)
    }
}

/// The code and message of an error's body, shortened to one line; both are empty if the body has none.
///
/// ARM writes `{"error": {"code", "message"}}`. App Service, which ARM calls, also writes `{"Code", "Message"}`.
pub(super) fn problem(body: &[u8], secret: &str) -> (String, String) {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| {
        let nested = answer.get("error").and_then(|error| error.get(name));
        let plain = || {
            let members = answer.as_object()?;
            let mut named = members.iter();
            named
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        nested.or_else(plain).and_then(Value::as_str).unwrap_or("")
    };
    let code = text("code").chars();
    let code = code.filter(|c| c.is_ascii_alphanumeric() || *c == '_');
    // A response should not repeat the token, but this app does not control what the server writes.
    let message = text("message").replace(secret, "***");
    let message = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    (
        code.take(LONGEST_CODE).collect(),
        message.take(LONGEST_MESSAGE).collect(),
    )
}

/// The time to wait that `Retry-After` gives in seconds, the only form that ARM uses.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_are_optional() {
        let parse = |text: &str| InstanceCounts::parse(text.as_bytes());
        let counts = |minimum, limit| Some(InstanceCounts { minimum, limit });
        let both = r#"{"properties":{"minimumElasticInstanceCount":2,"functionAppScaleLimit":3,"more":[]}}"#;
        assert_eq!(parse(both), counts(2, Some(3)));
        assert_eq!(parse(r#"{"properties":{}}"#), counts(0, None));
        let none = r#"{"properties":{"minimumElasticInstanceCount":1,"functionAppScaleLimit":0}}"#;
        assert_eq!(parse(none), counts(1, None));
        let null = r#"{"properties":{"functionAppScaleLimit":null}}"#;
        assert_eq!(parse(null), counts(0, None));
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"properties":{"minimumElasticInstanceCount":"2"}}"#,
            r#"{"properties":{"minimumElasticInstanceCount":-1}}"#,
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert!(parse(both).is_some_and(|counts| !counts.are(2) && !counts.are(3)));
    }

    #[test]
    fn error_messages_are_shortened_and_omit_the_token() {
        let body = r#"{"error":{"code":"AuthorizationFailed","message":"The client\nmay not; secret-token"}}"#;
        let (code, message) = problem(body.as_bytes(), "secret-token");
        assert_eq!(code, "AuthorizationFailed");
        assert_eq!(message, "The client may not; ***");
        let body = format!(
            r#"{{"Code":"Bad <Request>","Message":"{}"}}"#,
            "x".repeat(5_000)
        );
        let (code, message) = problem(body.as_bytes(), "secret-token");
        assert_eq!((code.as_str(), message.len()), ("BadRequest", 300));
        for none in [
            "",
            "<html>",
            "[]",
            r#"{"error":"no"}"#,
            r#"{"error":{"code":5}}"#,
        ] {
            let (code, message) = problem(none.as_bytes(), "secret-token");
            assert_eq!((code.as_str(), message.as_str()), ("", ""), "{none}");
        }
    }
}
