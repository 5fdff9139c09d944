use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// The address of Azure Resource Manager: its scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmEndpoint(String);

impl FromStr for ArmEndpoint {
    type Err = String;

    /// A token is sent to this address, so plain HTTP is accepted for this machine only.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || "must be of the form https://HOST, without a path".to_owned();
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let authority = uri.authority().ok_or_else(refused)?;
        if uri.path() != "/" || text.contains(['?', '#', '@']) {
            return Err(refused());
        }
        let host = authority.host().trim_matches(['[', ']']);
        let is_local = host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_local => {}
            Some("http") => {
                return Err(
                    "must begin with https://; http:// is for this machine only, because a token is sent there"
                        .to_owned(),
                );
            }
            _ => return Err(refused()),
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for ArmEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The resource id of a site (`Microsoft.Web/sites`). It is also a path below the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteId(String);

impl FromStr for SiteId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            "must be the resource id of the app, such as \
             /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/GROUP/providers/Microsoft.Web/sites/APP"
                .to_owned()
        };
        let parts: Vec<&str> = text.split('/').collect();
        let [
            "",
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            provider,
            sites,
            site,
        ] = parts[..]
        else {
            return Err(refused());
        };
        // Resource ids are not case-sensitive (learn.microsoft.com: Resource Manager, resource ids).
        let keywords = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (provider, "Microsoft.Web"),
            (sites, "sites"),
        ];
        let named = keywords
            .iter()
            .all(|(part, keyword)| part.eq_ignore_ascii_case(keyword));
        let is_name = |name: &str, more: &str| {
            (1..=90).contains(&name.len())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
                // A segment that consists of dots would lead to another path.
                && name.chars().any(|c| c.is_ascii_alphanumeric())
        };
        let is_subscription = subscription.parse::<uuid::Uuid>().is_ok();
        if named && is_subscription && is_name(group, "-_.()") && is_name(site, "-") {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_must_be_https_or_on_this_machine() {
        for (text, address) in [
            (
                "https://management.azure.com",
                "https://management.azure.com",
            ),
            (
                "https://management.chinacloudapi.cn/",
                "https://management.chinacloudapi.cn",
            ),
            ("http://127.0.0.1:4141", "http://127.0.0.1:4141"),
            ("http://[::1]:4141", "http://[::1]:4141"),
            ("http://localhost:4141", "http://localhost:4141"),
        ] {
            let endpoint: ArmEndpoint = text.parse().expect(text);
            assert_eq!(endpoint.to_string(), address);
        }
        for (bad, named) in [
            ("http://management.azure.com", "this machine only"),
            ("http://127.0.0.1.example.org", "this machine only"),
            (
                "https://management.azure.com/subscriptions",
                "without a path",
            ),
            ("https://user@management.azure.com", "form"),
            ("https://management.azure.com?a=b", "form"),
            ("management.azure.com", "form"),
            ("", "form"),
        ] {
            let sentence = ArmEndpoint::from_str(bad).expect_err(bad);
            assert!(sentence.contains(named), "{bad}: {sentence}");
        }
    }

    #[test]
    fn only_a_site_id_is_accepted() {
        const GROUP: &str =
            "/subscriptions/0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10/resourceGroups/visits";
        for good in [
            format!("{GROUP}/providers/Microsoft.Web/sites/visits-app"),
            format!("{GROUP}/providers/microsoft.web/Sites/visits"),
        ] {
            let site: SiteId = good.parse().expect(&good);
            assert_eq!(site.to_string(), good);
        }
        for bad in [
            String::new(),
            GROUP.to_owned(),
            format!("{GROUP}/providers/Microsoft.Web/serverfarms/plan"),
            format!("{GROUP}/providers/Microsoft.Web/sites/"),
            format!("{GROUP}/providers/Microsoft.Web/sites/.."),
            format!("{GROUP}/providers/Microsoft.Web/sites/app/"),
            format!("{GROUP}/providers/Microsoft.Web/sites/app/config/web"),
            format!("{GROUP}/providers/Microsoft.Web/sites/app?x=1"),
            "/subscriptions/one/resourceGroups/visits/providers/Microsoft.Web/sites/app".to_owned(),
        ] {
            assert!(SiteId::from_str(&bad).is_err(), "{bad}");
        }
    }
}
