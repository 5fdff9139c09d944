use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

/// Networks whose addresses in `X-Forwarded-For` are proxies of ours, never visitors.
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

    /// Reads a comma-separated list of networks or single addresses; an empty list trusts nobody.
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

/// The visitor's address: read from the right of `X-Forwarded-For`, the first entry that is not one of
/// our proxies; `peer` when there is none.
///
/// An entry that is no address ends the search: whatever stands left of it was not written by a proxy of
/// ours.
pub fn client_address<'a>(
    forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    peer: IpAddr,
    trusted: &TrustedProxies,
) -> IpAddr {
    for header in forwarded_for.rev() {
        for entry in header
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

/// An entry is an address, or an address and port: Azure's front end writes `203.0.113.7:51234`.
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

/// What the register keeps of a visitor's address.
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
    /// Whether anything of an address may be kept.
    pub const fn keeps_any(self) -> bool {
        !matches!(self, Self::None)
    }

    /// `address` as the register may keep it.
    pub fn apply(self, address: IpAddr) -> Option<String> {
        match self {
            Self::Truncated => Some(truncate(address).to_string()),
            Self::Full => Some(address.to_string()),
            Self::None => None,
        }
    }
}

/// The address with everything below /24 or /48 set to zero.
fn truncate(address: IpAddr) -> IpAddr {
    let kept = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, kept).map_or(address, |network| network.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[&str]) -> String {
        let peer = IpAddr::from([127, 0, 0, 1]);
        client_address(headers.iter().copied(), peer, &TrustedProxies::default()).to_string()
    }

    #[test]
    fn the_rightmost_stranger_is_the_client() {
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
    fn nothing_left_of_garbage_is_believed() {
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
    fn the_register_keeps_what_the_policy_allows() {
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
}
