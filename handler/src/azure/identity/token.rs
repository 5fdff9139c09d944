use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::Reason;

/// No issued token is longer. A longer text is not a token.
const LONGEST: usize = 32 * 1024;

/// A secret that expires.
#[derive(Clone)]
pub struct Token {
    secret: String,
    expires: SystemTime,
}

impl Token {
    /// The text that is sent in place of a password.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// How long it is still valid.
    pub(super) fn left(&self, now: SystemTime) -> Duration {
        self.expires.duration_since(now).unwrap_or_default()
    }

    /// Reads the endpoint's response.
    pub(super) fn parse(body: &[u8], now: SystemTime) -> Result<Self, Reason> {
        let answer: Answer = serde_json::from_slice(body).map_err(|_| Reason::Malformed)?;
        let seconds = match &answer.expires_on {
            Seconds::Number(seconds) => *seconds,
            Seconds::Text(text) => text.parse().map_err(|_| Reason::Malformed)?,
        };
        let secret = answer.access_token;
        let plain = secret.bytes().all(|byte| byte.is_ascii_graphic());
        if secret.is_empty() || secret.len() > LONGEST || !plain {
            return Err(Reason::Malformed);
        }
        let expires = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .ok_or(Reason::Malformed)?;
        if expires <= now {
            return Err(Reason::Expired);
        }
        Ok(Self { secret, expires })
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

/// The members that are used of the documented response
/// (learn.microsoft.com/azure/app-service/overview-managed-identity).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_on: Seconds,
}

/// Seconds since 1970. The documented form is a string; endpoints of other platforms write a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Duration, Reason> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        Token::parse(body.as_bytes(), now).map(|token| token.left(now))
    }

    #[test]
    fn the_expiry_may_be_a_string_or_a_number() {
        for end in ["\"1600\"", "1600"] {
            let body = format!(r#"{{"access_token":"a.b-c_d","expires_on":{end},"more":[]}}"#);
            assert_eq!(parse(&body), Ok(Duration::from_secs(600)));
        }
    }

    #[test]
    fn a_response_without_a_valid_token_is_refused() {
        for body in [
            "",
            "null",
            "<html>",
            r#"{"access_token":"a"}"#,
            r#"{"expires_on":"1600"}"#,
            r#"{"access_token":"","expires_on":"1600"}"#,
            r#"{"access_token":"a\u0000b","expires_on":"1600"}"#,
            r#"{"access_token":"a","expires_on":"soon"}"#,
            r#"{"access_token":"a","expires_on":-1}"#,
            r#"{"access_token":"a","expires_on":18446744073709551615}"#,
        ] {
            assert_eq!(parse(body), Err(Reason::Malformed), "{body}");
        }
        for end in ["999", "1000"] {
            let body = format!(r#"{{"access_token":"a","expires_on":"{end}"}}"#);
            assert_eq!(parse(&body), Err(Reason::Expired));
        }
    }

    #[test]
    fn nothing_prints_the_secret() {
        let body = r#"{"access_token":"hunter2","expires_on":"1600"}"#;
        let token = Token::parse(body.as_bytes(), SystemTime::UNIX_EPOCH).expect("good");
        assert_eq!(format!("{token:?}"), "Token(***)");
    }
}
