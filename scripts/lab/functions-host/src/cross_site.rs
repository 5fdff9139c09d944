//! Decides which requests of web pages are refused while no keys are required. Pure.
//!
//! Any page in a browser can send requests to this machine: a form, an image, a script, and, after DNS rebinding, a
//! page whose own host name resolves to this machine. Browsers mark such requests: a page cannot set `Sec-Fetch-Site`
//! (W3C Fetch Metadata), `Origin` (RFC 6454) and `Host`. Programs such as curl send neither of the first two and are
//! not affected.

use std::net::{IpAddr, SocketAddr};

use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, Method, Uri, header};

use super::function::Level;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The target of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The host's own endpoints, except the public ones.
    Admin,
    /// A function of this level.
    Function(Level),
    /// Ping, the page of the fleet, the home page and paths without a function.
    Other,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "The request's Host is not an address of this emulator. Without keys, only requests to localhost or to the \
         address given with --address are accepted here. Use such an address, or start the emulator with \
         --enable-auth and send a key."
    )]
    Host,
    #[error(
        "The request comes from a web page of another origin. Without keys, such a request is accepted here only if \
         --cors or CORS_ORIGINS names the page's origin. Add the origin to one of them, or start the emulator with \
         --enable-auth and send a key."
    )]
    Origin,
    #[error(
        "The browser marks the request as sent by a web page of another origin (Sec-Fetch-Site). Without keys, such \
         a request is not accepted here. Open the address in a tab of its own, send the request by a script of an \
         origin that --cors or CORS_ORIGINS names, or start the emulator with --enable-auth and send a key."
    )]
    Site,
}

/// The hosts and origins that belong to the emulator or are trusted.
pub(crate) struct Policy {
    /// The emulator's listen address.
    address: SocketAddr,
    allowed: Vec<Origin>,
    /// Whether `*` is one of the origins. That opens the app's functions to every origin, but not the host's
    /// endpoints.
    any: bool,
}

/// Scheme, host and port of a page.
#[derive(PartialEq, Eq)]
struct Origin {
    is_https: bool,
    /// In lower case.
    host: String,
    port: u16,
}

impl Policy {
    /// The policy of an emulator that listens on `address`. `cors_origins` are the app's (`CORS_ORIGINS`) and the
    /// emulator's own (`--cors`), separated by commas. The code that reads them for CORS reports invalid entries.
    pub(crate) fn new(address: SocketAddr, cors_origins: &str) -> Self {
        let entries = || cors_origins.split(',').map(str::trim);
        Self {
            address,
            allowed: entries().filter_map(Origin::parse).collect(),
            any: entries().any(|entry| entry == "*"),
        }
    }

    /// Whether a request that needs no key may be served. `uri` is the request's target, which also contains a host
    /// in its absolute form.
    pub(crate) fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        target: Target,
    ) -> Result<(), Refusal> {
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
        let is_open = matches!(target, Target::Other | Target::Function(Level::Anonymous));
        if is_safe && is_open {
            return Ok(());
        }

        let named = headers.get_all(header::HOST).iter();
        let mut hosts = Vec::new();
        for host in named.map(|host| host.to_str().unwrap_or_default()) {
            hosts.push(self.own_host(host).ok_or(Refusal::Host)?);
        }
        if let Some(authority) = uri.authority() {
            self.own_host(authority.as_str()).ok_or(Refusal::Host)?;
        }

        let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
        let has_origin = origins.peek().is_some();
        let mut all_allowed = true;
        for origin in origins {
            let origin = origin.to_str().ok().and_then(Origin::parse);
            if !self.allows(origin.as_ref(), target) {
                all_allowed = false;
                let is_own = origin.is_some_and(|origin| self.is_own(&origin, &hosts));
                is_own.then_some(()).ok_or(Refusal::Origin)?;
            }
        }
        if has_origin {
            if all_allowed {
                return Ok(());
            }
        } else if let Some(page) = headers.get(header::REFERER) {
            // If a page loads an image over HTTP from an address other than loopback, browsers send neither Origin
            // nor Sec-Fetch-Site. Referer then contains the page.
            let page = page.to_str().ok().and_then(Origin::of_page);
            let is_own = self.allows(page.as_ref(), target)
                || page.is_some_and(|page| self.is_own(&page, &hosts));
            is_own.then_some(()).ok_or(Refusal::Origin)?;
        }

        let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
        // "same-site" is a page on another port; "none" is a user who entered the address.
        let is_own_site = sites.all(|site| site == "same-origin" || site == "none");
        is_own_site.then_some(()).ok_or(Refusal::Site)
    }

    /// Whether an origin is allowed. `None` is an origin without scheme and host, such as `null`.
    fn allows(&self, origin: Option<&Origin>, target: Target) -> bool {
        (self.any && target != Target::Admin)
            || origin.is_some_and(|origin| self.allowed.contains(origin))
    }

    /// Whether this emulator served a page: the page's origin is the request's own `Host`, or this machine with the
    /// port of the emulator or of a forwarder in front of it, which is then in `Host`.
    fn is_own(&self, origin: &Origin, hosts: &[(String, u16)]) -> bool {
        let is_own_port = origin.port == self.address.port()
            || hosts.iter().any(|(_, port)| *port == origin.port);
        let is_named = hosts.iter().any(|(name, port)| {
            *name == origin.host && [*port, self.address.port()].contains(&origin.port)
        });
        !origin.is_https && (is_named || is_own_port && self.is_this_machine(&origin.host))
    }

    /// The host and the port in a `Host` header if the host is this emulator's. The port may be a forwarder's.
    fn own_host(&self, host: &str) -> Option<(String, u16)> {
        let (name, port) = host_and_port(host)?;
        // If the emulator listens on all addresses, it does not know them. A page cannot make a browser send another
        // host's address as Host, so any address is this machine's.
        let is_any = self.address.ip().is_unspecified() && ip(&name).is_some();
        (is_any || self.is_this_machine(&name)).then(|| (name, port.unwrap_or(80)))
    }

    fn is_this_machine(&self, host: &str) -> bool {
        if let Some(ip) = ip(host) {
            return ip.is_loopback() || ip == self.address.ip().to_canonical();
        }
        // RFC 6761, section 6.3: browsers resolve these to the loopback address.
        let name = host.strip_suffix('.').unwrap_or(host);
        name == "localhost" || name.ends_with(".localhost")
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return None;
        }
        Self::of_page(text)
    }

    /// The origin of the page with this address.
    fn of_page(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let is_https = *uri.scheme()? == Scheme::HTTPS;
        if !is_https && *uri.scheme()? != Scheme::HTTP {
            return None;
        }
        let (host, port) = host_and_port(uri.authority()?.as_str())?;
        Some(Self {
            is_https,
            host,
            port: port.unwrap_or(if is_https { 443 } else { 80 }),
        })
    }
}

/// The IP address in a URI's host, with or without the brackets of IPv6.
fn ip(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let ip: IpAddr = bare.unwrap_or(host).parse().ok()?;
    Some(ip.to_canonical())
}

/// The host in lower case, and the port if there is one. `None` for any other text, such as one with a user name.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    let port = match text.strip_prefix(host)? {
        "" => None,
        rest => Some(rest.strip_prefix(':')?.parse().ok()?),
    };
    Some((host.to_ascii_lowercase(), port))
}

#[cfg(test)]
#[path = "cross_site_tests.rs"]
mod tests;
