//! The secret of the identity endpoint, and the token that it issues.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::OffsetDateTime;
use uuid::Uuid;

/// At least as long as Azure's tokens are valid, in real time.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// A token that expires sooner is no longer issued.
const RENEWED_BEFORE: Duration = Duration::from_secs(5 * 60);

/// The credentials are new in each run, and are never printed.
pub(super) struct Credentials {
    /// The value of `IDENTITY_HEADER` for the handlers.
    pub(super) secret: String,
    /// The last two tokens. The lock is never held over an await.
    tokens: Mutex<Vec<Token>>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: String,
    /// Seconds since 1970.
    pub(super) expires_on: i64,
    good_until: Instant,
}

impl Credentials {
    pub(super) fn new() -> Self {
        Self {
            secret: random(),
            tokens: Mutex::default(),
        }
    }

    /// The current token, or a new one shortly before it expires.
    pub(super) fn token(&self) -> Token {
        let now = Instant::now();
        let mut tokens = self.tokens();
        if let Some(token) = tokens
            .last()
            .filter(|token| token.good_until > now + RENEWED_BEFORE)
        {
            return token.clone();
        }
        let token = Token {
            text: format!("lab.{}.{}", random(), random()),
            expires_on: (OffsetDateTime::now_utc() + LIFETIME).unix_timestamp(),
            good_until: now + LIFETIME,
        };
        if tokens.len() > 1 {
            tokens.remove(0);
        }
        tokens.push(token.clone());
        token
    }

    /// Revokes all tokens that were issued so far.
    pub(super) fn revoke(&self) {
        self.tokens().clear();
    }

    /// Whether the request has a valid token that was issued here.
    ///
    /// # Errors
    /// ARM's code and message for a request without one.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), (&'static str, &'static str)> {
        let header = headers.get(AUTHORIZATION).ok_or((
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        ))?;
        let text = header.to_str().unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        let now = Instant::now();
        let known = self
            .tokens()
            .iter()
            .any(|known| known.text == token && known.good_until > now);
        let good = scheme.eq_ignore_ascii_case("bearer") && known;
        good.then_some(()).ok_or((
            "InvalidAuthenticationToken",
            "The access token is invalid or expired.",
        ))
    }

    fn tokens(&self) -> MutexGuard<'_, Vec<Token>> {
        let tokens = self.tokens.lock();
        tokens.expect("nothing panics while holding the lock")
    }
}

/// A random text with 122 bits, which cannot be guessed.
fn random() -> String {
    Uuid::new_v4().simple().to_string()
}
