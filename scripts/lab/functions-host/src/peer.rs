//! The other end of a connection.

use std::net::IpAddr;

use http::HeaderValue;

use super::header_names::SentHead;

/// A client. All requests of its connection share this.
#[derive(Clone)]
pub struct Peer {
    /// Its address as a header value.
    pub(crate) address: HeaderValue,
    /// The head of its current request.
    pub(crate) head: SentHead,
}

impl From<IpAddr> for Peer {
    /// An IPv4 address mapped to IPv6 counts as IPv4 (YARP, `RequestHeaderXForwardedForTransform.cs`).
    fn from(address: IpAddr) -> Self {
        let text = address.to_canonical().to_string();
        Self {
            address: HeaderValue::from_str(&text).expect("an address is plain text"),
            head: SentHead::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_written_as_ipv4() {
        for (address, text) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            let peer = Peer::from(address.parse::<IpAddr>().expect("an address"));
            assert_eq!(peer.address, text);
        }
    }
}
