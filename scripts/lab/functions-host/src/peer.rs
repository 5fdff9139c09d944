//! The other end of a connection.

use std::net::IpAddr;

use http::HeaderValue;

/// The address of a client, as a header value that all requests of its connection share.
#[derive(Clone)]
pub struct Peer(pub(crate) HeaderValue);

impl From<IpAddr> for Peer {
    /// An IPv4 address mapped to IPv6 counts as IPv4 (YARP, `RequestHeaderXForwardedForTransform.cs`).
    fn from(address: IpAddr) -> Self {
        let text = address.to_canonical().to_string();
        Self(HeaderValue::from_str(&text).expect("an address is plain text"))
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
            assert_eq!(peer.0, text);
        }
    }
}
