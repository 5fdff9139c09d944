use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

/// Networks of trusted proxies. Their addresses in the client address header are never a visitor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Loopback, private and link-local networks (RFC 1122, 1918, 3927, 4193, 4291).
const PRIVATE_NETWORKS: &str = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,\
                                169.254.0.0/16,fc00::/7,fe80::/10";

impl TrustedProxies {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl Default for TrustedProxies {
    fn default() -> Self {
        PRIVATE_NETWORKS
            .parse()
            .expect("the built-in list is well formed")
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Reads a comma-separated list of networks or single addresses. With an empty list, no proxy is trusted.
    fn from_str(list: &str) -> Result<Self, String> {
        let entries = list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let networks = entries.map(|entry| {
            entry
                .parse::<IpNet>()
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    format!("`{entry}` is neither an address nor a network such as 10.0.0.0/8")
                })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// The client's address: the first entry from the right of the header that is not a trusted proxy, or `peer` if there
/// is none.
///
/// An entry that is not an address ends the search, because no trusted proxy wrote the entries to its left.
pub fn client_address<'a>(
    header_lines: impl DoubleEndedIterator<Item = &'a str>,
    peer: IpAddr,
    trusted: &TrustedProxies,
) -> IpAddr {
    for line in header_lines.rev() {
        for entry in line
            .rsplit(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let Some(address) = parse_entry(entry) else {
                return peer.to_canonical();
            };
            if !trusted.contains(address) {
                return address;
            }
        }
    }
    peer.to_canonical()
}

/// An entry is an address, with or without a port: Azure's front end writes `203.0.113.7:51234`.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let bare = || entry.parse::<IpAddr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || {
        let inner = entry.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    bare()
        .or_else(with_port)
        .or_else(bracketed)
        .map(|address| address.to_canonical())
}

/// How much of a visitor's address is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum AddressPolicy {
    /// The network only: /24 of an IPv4 address, /48 of an IPv6 address.
    #[default]
    Truncated,
    /// The whole address.
    Full,
    /// Nothing.
    None,
}

impl AddressPolicy {
    /// The part of `address` that may be stored.
    pub fn apply(self, address: IpAddr) -> Option<String> {
        match self {
            Self::Truncated => Some(truncate(address).to_string()),
            Self::Full => Some(address.to_string()),
            Self::None => None,
        }
    }
}

/// The address with everything below /24 or /48 set to zero. An IPv6 address that carries an IPv4 address counts as
/// that IPv4 address: the first 48 bits of a 6to4 address contain all of it.
fn truncate(address: IpAddr) -> IpAddr {
    let address = match address {
        IpAddr::V6(v6) => carried_ipv4(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    let kept = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, kept).map_or(address, |network| network.network())
}

/// The IPv4 address inside an IPv6 address, if the form has a prefix of its own: mapped and compatible (RFC 4291),
/// NAT64 (RFC 6052), and 6to4 (RFC 3056). For Teredo (RFC 4380), /48 keeps a part of the server's address and nothing
/// of the client's.
fn carried_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let [high, low] = match segments {
        [0x2002, high, low, ..] => [high, low],
        // Not `::`, `::1`, or any other address in 0.0.0.0/16.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => [high, low],
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => [high, low],
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[&str]) -> String {
        let peer = IpAddr::from([127, 0, 0, 1]);
        client_address(headers.iter().copied(), peer, &TrustedProxies::default()).to_string()
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        assert_eq!(found(&[]), "127.0.0.1");
        assert_eq!(found(&["203.0.113.7"]), "203.0.113.7");
        assert_eq!(
            found(&["198.51.100.1, 203.0.113.7, 10.0.0.4"]),
            "203.0.113.7"
        );
        assert_eq!(
            found(&["198.51.100.1", "203.0.113.7", "10.0.0.4,192.168.1.1"]),
            "203.0.113.7"
        );
        assert_eq!(found(&["10.0.0.4"]), "127.0.0.1");
    }

    #[test]
    fn entries_may_carry_ports_and_brackets() {
        assert_eq!(found(&["203.0.113.7:51234"]), "203.0.113.7");
        assert_eq!(found(&["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(found(&["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(found(&["::ffff:203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn entries_left_of_an_invalid_entry_are_ignored() {
        assert_eq!(found(&["203.0.113.7, unknown, 10.0.0.4"]), "127.0.0.1");
        assert_eq!(found(&["203.0.113.7, , 10.0.0.4"]), "203.0.113.7");
    }

    #[test]
    fn a_list_of_proxies_is_checked() {
        let one: TrustedProxies = "203.0.113.7".parse().expect("a good list");
        let peer = IpAddr::from([127, 0, 0, 1]);
        let header = ["10.0.0.4, 203.0.113.7"];
        assert_eq!(
            client_address(header.into_iter(), peer, &one).to_string(),
            "10.0.0.4"
        );
        assert!("10.0.0.0/33".parse::<TrustedProxies>().is_err());
        assert!("proxy.example".parse::<TrustedProxies>().is_err());
    }

    #[test]
    fn only_what_the_policy_allows_is_stored() {
        let v4: IpAddr = "203.0.113.7".parse().expect("an address");
        let v6: IpAddr = "2001:db8:1:2::7".parse().expect("an address");
        assert_eq!(
            AddressPolicy::Truncated.apply(v4).as_deref(),
            Some("203.0.113.0")
        );
        assert_eq!(
            AddressPolicy::Truncated.apply(v6).as_deref(),
            Some("2001:db8:1::")
        );
        assert_eq!(
            AddressPolicy::Full.apply(v4).as_deref(),
            Some("203.0.113.7")
        );
        assert_eq!(AddressPolicy::None.apply(v4), None);
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_truncated_too() {
        for (address, kept) in [
            // 6to4: the network of one IPv4 address, and its router address.
            ("2002:cb00:7107::1", "203.0.113.0"),
            ("2002:cb00:7107:ffff::", "203.0.113.0"),
            // Mapped, compatible, NAT64.
            ("::ffff:203.0.113.7", "203.0.113.0"),
            ("::203.0.113.7", "203.0.113.0"),
            ("64:ff9b::203.0.113.7", "203.0.113.0"),
            // NAT64 with a local prefix, and Teredo: /48 keeps nothing of the client's address.
            ("64:ff9b:1::203.0.113.7", "64:ff9b:1::"),
            ("2001:0:4136:e378:8000:63bf:34ff:8ef8", "2001:0:4136::"),
            // ISATAP, in the lower half.
            ("2001:db8:1:2:0:5efe:203.0.113.7", "2001:db8:1::"),
            ("::1", "::"),
            ("::", "::"),
        ] {
            let parsed: IpAddr = address.parse().expect("an address");
            let truncated = AddressPolicy::Truncated.apply(parsed);
            assert_eq!(truncated.as_deref(), Some(kept), "{address}");
        }
    }
}
