use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// How long a key keeps its visit.
pub const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest key taken, in characters.
const MAX_LENGTH: usize = 200;

/// What a client put into `Idempotency-Key`
/// (draft-ietf-httpapi-idempotency-key-header): 1-200 visible ASCII characters.
///
/// Only its digest is stored: a key may hold something about the visitor, and a digest has one length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    digest: [u8; 32],
    pad: [u8; 16],
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
        let mut pad = [0; 16];
        // A digest of its own purpose, so that the stored one tells nothing about the pad.
        pad.copy_from_slice(
            &Sha256::new()
                .chain_update(b"address\0")
                .chain_update(value)
                .finalize()[..16],
        );
        Ok(Self {
            digest: Sha256::digest(value).into(),
            pad,
        })
    }

    /// The digest the store knows the key by.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Hides `address` from whoever reads the store: a replay must show the first caller's address, and
    /// the register itself may keep only a truncated one.
    pub fn seal(&self, address: IpAddr) -> Vec<u8> {
        let bytes = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        bytes
            .iter()
            .zip(self.pad)
            .map(|(byte, pad)| byte ^ pad)
            .collect()
    }

    /// Reads what [`seal`](Self::seal) wrote; `None` for anything that is no sealed address.
    pub fn unseal(&self, sealed: &[u8]) -> Option<IpAddr> {
        let sealed: [u8; 16] = sealed.try_into().ok()?;
        let mut bytes = [0; 16];
        for (byte, (sealed, pad)) in bytes.iter_mut().zip(sealed.iter().zip(self.pad)) {
            *byte = sealed ^ pad;
        }
        Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
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
    fn takes_visible_ascii_of_a_bounded_length() {
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
    fn only_the_same_key_reads_the_address() {
        let key = IdempotencyKey::parse(b"order-1").expect("a good key");
        for text in ["203.0.113.7", "2001:db8::7"] {
            let address: IpAddr = text.parse().expect("an address");
            let sealed = key.seal(address);
            assert_eq!(key.unseal(&sealed), Some(address));
            let other = IdempotencyKey::parse(b"order-2").expect("a good key");
            assert_ne!(other.unseal(&sealed), Some(address));
        }
        assert_eq!(key.unseal(b"short"), None);
    }

    #[test]
    fn is_not_shown_in_debug_output() {
        let key = IdempotencyKey::parse(b"secret").expect("a good key");
        assert_eq!(format!("{key:?}"), "IdempotencyKey(***)");
    }
}
