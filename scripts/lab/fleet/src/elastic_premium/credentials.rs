//! The secret of the identity endpoint, and the token that it issues.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::OffsetDateTime;
use uuid::Uuid;

/// As long as Azure's are good at least, in real time.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// A token that ends sooner is not given out any more.
const RENEWED_BEFORE: Duration = Duration::from_secs(5 * 60);

/// New for each run, and never printed.
pub(super) struct Credentials {
    /// `IDENTITY_HEADER` of the handlers.
    pub(super) secret: String,
    /// The last two. Never held over an await.
    tokens: Mutex<Vec<Token>>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: String,
    /// In seconds since 1970.
    pub(super) expires_on: i64,
    good_until: Instant,
}

/// Why a request to ARM is not that of the app's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unauthenticated {
    Missing,
    Invalid,
}

impl Credentials {
    pub(super) fn new() -> Self {
        Self {
            secret: random(),
            tokens: Mutex::default(),
        }
    }

    /// The token, or a new one shortly before its end.
    pub(super) fn token(&self) -> Token {
        let now = Instant::now();
        let mut tokens = self
            .tokens
            .lock()
            .expect("nothing panics while holding the lock");
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

    /// Ends all tokens issued so far.
    pub(super) fn revoke(&self) {
        let tokens = self.tokens.lock();
        tokens
            .expect("nothing panics while holding the lock")
            .clear();
    }

    /// Whether the request has a token that was issued here and has not expired.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Unauthenticated> {
        let header = headers.get(AUTHORIZATION).ok_or(Unauthenticated::Missing)?;
        let text = header.to_str().unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        let now = Instant::now();
        let tokens = self
            .tokens
            .lock()
            .expect("nothing panics while holding the lock");
        let known = tokens
            .iter()
            .any(|known| known.text == token && known.good_until > now);
        let good = scheme.eq_ignore_ascii_case("bearer") && known;
        good.then_some(()).ok_or(Unauthenticated::Invalid)
    }
}

/// A random text that nobody guesses: 122 bits.
fn random() -> String {
    Uuid::new_v4().simple().to_string()
}
