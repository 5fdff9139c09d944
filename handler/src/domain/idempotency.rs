use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// How long a key refers to its visit.
pub const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest accepted key, in characters.
const MAX_LENGTH: usize = 200;

/// The value of `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): 1-200 visible ASCII characters.
///
/// Only its digest is stored, because a key may contain personal data, and because digests all have the same length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    digest: [u8; 32],
}

impl IdempotencyKey {
    /// Checks a header value.
    ///
    /// # Errors
    /// One sentence that says what a key may be.
    pub fn parse(value: &[u8]) -> Result<Self, &'static str> {
        let visible = value.iter().all(u8::is_ascii_graphic);
        if value.is_empty() || value.len() > MAX_LENGTH || !visible {
            return Err("must be 1 to 200 visible ASCII characters");
        }
        Ok(Self {
            digest: Sha256::digest(value).into(),
        })
    }

    /// The digest under which the key is stored.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_visible_ascii_of_a_bounded_length() {
        assert!(IdempotencyKey::parse(b"a").is_ok());
        assert!(IdempotencyKey::parse(&[b'~'; 200]).is_ok());
        for bad in [
            &b""[..],
            &[b'a'; 201],
            b"with space",
            b"tab\t",
            b"\x7f",
            "é".as_bytes(),
        ] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn is_not_shown_in_debug_output() {
        let key = IdempotencyKey::parse(b"secret").expect("a good key");
        assert_eq!(format!("{key:?}"), "IdempotencyKey(***)");
    }
}
