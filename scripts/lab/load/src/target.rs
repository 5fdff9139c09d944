//! The address of the app, in the user's notation and for connections.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use anyhow::Context as _;
use http::uri::Authority;
use http::{HeaderValue, Uri};

use super::mix::Kind;

/// The app that `scripts/run` serves.
pub const LOCAL: &str = "http://127.0.0.1:7071";

/// The target of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it is `https`.
    pub(super) secure: bool,
    authority: Authority,
    /// The path below which the app's paths are; empty, or without a slash at its end.
    prefix: String,
    /// The parts of the user's address that were left out, one sentence each.
    pub(super) remarks: Vec<String>,
}

impl Target {
    /// Reads the address of the app, such as `http://127.0.0.1:7071` or `https://NAME.azurewebsites.net`. The address
    /// of one of its functions counts as the app's address.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("{what}; give the address of the app, such as http://127.0.0.1:7071")
        };
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        // Checked before anything is shown, so that no password appears on the screen or in a log.
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            return Err(wrong("a user name or a password in the URL is not sent"));
        }
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        if scheme.is_empty() {
            return Err(wrong(&format!(
                "'{shown}' does not begin with http:// or https://"
            )));
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| wrong(&format!("'{shown}' is not a URL")))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong(&format!("'{shown}' is neither http:// nor https://"))),
        };
        let authority = uri
            .authority()
            .filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or_else(|| wrong(&format!("'{shown}' contains no host")))?;
        if authority.as_str() != authority.host() && authority.port_u16().is_none() {
            return Err(wrong(&format!("'{shown}' has an invalid port")));
        }

        let mut remarks = Vec::new();
        let mut prefix = uri.path().trim_end_matches('/');
        for path in Kind::ALL
            .map(Kind::path)
            .into_iter()
            .chain(["/health", "/metrics"])
        {
            if let Some(before) = prefix.strip_suffix(path) {
                remarks.push(format!(
                    "{path} at the end of the URL is left out: the whole app is loaded"
                ));
                prefix = before;
                break;
            }
        }
        if uri.query().is_some() {
            remarks.push(
                "what follows ? in the URL is not sent; a key goes into FUNCTIONS_KEY".to_owned(),
            );
        }
        Ok(Self {
            secure,
            authority: authority.clone(),
            prefix: prefix.to_owned(),
            remarks,
        })
    }

    /// The path of a request to an endpoint.
    pub(super) fn path(&self, endpoint: &str) -> String {
        format!("{}{endpoint}", self.prefix)
    }

    /// The Host header.
    pub(super) fn host(&self) -> HeaderValue {
        HeaderValue::from_str(self.authority.as_str()).expect("a host of a URL is visible ASCII")
    }

    /// The name that a certificate must have; an IPv6 address without brackets.
    pub(super) fn name(&self) -> &str {
        self.authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
    }

    fn port(&self) -> u16 {
        let standard = if self.secure { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(standard)
    }

    /// All addresses of the host.
    ///
    /// # Errors
    /// When it has none.
    pub async fn addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let name = self.name();
        let unknown = || format!("no address is known for {name}; check the URL");
        let found = tokio::net::lookup_host((name, self.port())).await;
        let found: Vec<SocketAddr> = found.with_context(unknown)?.collect();
        anyhow::ensure!(!found.is_empty(), unknown());
        Ok(found)
    }
}

/// Whether all addresses belong to this machine.
pub(super) fn is_this_machine(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| {
        let ip: IpAddr = address.ip().to_canonical();
        ip.is_loopback() || ip.is_unspecified()
    })
}

/// What to do where nothing responds at these addresses.
pub fn advice(addresses: &[SocketAddr]) -> &'static str {
    if is_this_machine(addresses) {
        "start the app first, with ./scripts/run or lab up, or give another URL"
    } else {
        "make sure that the app runs and that the URL is right"
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_app_or_of_a_function() {
        for (text, shown, path) in [
            (
                "http://127.0.0.1:7071",
                "http://127.0.0.1:7071",
                "/api/visit",
            ),
            (
                "http://127.0.0.1:7071/",
                "http://127.0.0.1:7071",
                "/api/visit",
            ),
            ("HTTPS://app.example/", "https://app.example", "/api/visit"),
            (
                "https://app.example/api/visit?code=x",
                "https://app.example",
                "/api/visit",
            ),
            (
                "https://app.example/eu/",
                "https://app.example/eu",
                "/eu/api/visit",
            ),
            (
                "https://app.example/eu/api/stress",
                "https://app.example/eu",
                "/eu/api/visit",
            ),
            ("http://[::1]:80/#top", "http://[::1]:80", "/api/visit"),
        ] {
            let target = Target::parse(text).expect(text);
            assert_eq!(target.to_string(), shown);
            assert_eq!(target.path("/api/visit"), path, "{text}");
            assert_eq!(target.remarks.is_empty(), !text.contains("/api/"), "{text}");
        }
        let target = Target::parse("https://[::1]").expect("a target");
        assert_eq!((target.name(), target.port()), ("::1", 443));
        assert_eq!(target.host(), "[::1]");
    }

    #[test]
    fn loopback_is_this_machine() {
        let here = |texts: &[&str]| {
            let addresses: Vec<SocketAddr> =
                texts.iter().map(|text| text.parse().expect(text)).collect();
            is_this_machine(&addresses)
        };
        assert!(here(&[
            "127.0.0.1:1",
            "[::1]:1",
            "127.9.9.9:1",
            "[::ffff:127.0.0.1]:1"
        ]));
        assert!(!here(&["127.0.0.1:1", "192.0.2.1:1"]));
        assert!(!here(&["[2001:db8::1]:1"]));
    }
}
