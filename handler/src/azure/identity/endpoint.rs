use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Reason, Token};

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// The most bytes that are read of a response. One with a token has a few thousand.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What a token gives access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Every Azure Database for PostgreSQL.
    Database,
    /// Azure Resource Manager.
    ResourceManager,
}

impl Resource {
    /// The percent-encoded name that the endpoint expects.
    const fn encoded(self) -> &'static str {
        match self {
            Self::Database => "https%3A%2F%2Fossrdbms-aad.database.windows.net",
            Self::ResourceManager => "https%3A%2F%2Fmanagement.azure.com%2F",
        }
    }
}

/// The platform's token endpoint for the app's identity
/// (learn.microsoft.com/azure/app-service/overview-managed-identity, "REST endpoint reference").
#[derive(Clone)]
pub struct Endpoint {
    authority: String,
    host: String,
    port: u16,
    path: String,
    secret: HeaderValue,
}

impl Endpoint {
    /// Checks the settings that the platform made. The header's secret keeps other programs on the machine from
    /// requesting tokens. The client id selects one of the app's identities.
    ///
    /// # Errors
    /// One sentence that names the setting but not its value.
    pub fn new(
        resource: Resource,
        url: &str,
        header: &str,
        client_id: Option<&str>,
    ) -> Result<Self, String> {
        let refused = || {
            "IDENTITY_ENDPOINT is not of the form http://ADDRESS:PORT/PATH, as the platform sets it"
                .to_owned()
        };
        let uri: Uri = url.parse().map_err(|_| refused())?;
        if uri.scheme_str() == Some("https") {
            return Err(
                "IDENTITY_ENDPOINT begins with https://, but only the plain endpoint on the app's own machine that \
                 App Service and Functions give is understood"
                    .to_owned(),
            );
        }
        let authority = uri.authority().ok_or_else(refused)?;
        if uri.scheme_str() != Some("http")
            || authority.as_str().contains('@')
            || url.contains(['?', '#'])
        {
            return Err(refused());
        }
        let host = authority.host().trim_matches(['[', ']']);
        if !is_near(host) {
            return Err(
                "IDENTITY_ENDPOINT must lead to this machine (a loopback, link-local or private address): its secret \
                 goes over plain http"
                    .to_owned(),
            );
        }
        let mut secret = HeaderValue::from_str(header)
            .ok()
            .filter(|value| !value.is_empty())
            .ok_or("IDENTITY_HEADER is missing or is not a valid header value: the platform sets it beside IDENTITY_ENDPOINT")?;
        secret.set_sensitive(true);
        let mut path = format!(
            "{}?resource={}&api-version=2019-08-01",
            uri.path(),
            resource.encoded()
        );
        if let Some(id) = client_id {
            let id: uuid::Uuid = id
                .parse()
                .map_err(|_| "AZURE_CLIENT_ID is not a client id, which is a UUID".to_owned())?;
            path += &format!("&client_id={id}");
        }
        Ok(Self {
            authority: authority.as_str().to_owned(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path,
            secret,
        })
    }

    /// Requests one token, on a new connection because requests are hours apart.
    pub(super) async fn token(&self) -> Result<Token, Reason> {
        tokio::time::timeout(DEADLINE, self.ask())
            .await
            .unwrap_or(Err(Reason::Slow))
    }

    async fn ask(&self) -> Result<Token, Reason> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|_| Reason::Unreachable)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Reason::Unreachable)?;
        let request = Request::get(&self.path)
            .header(HOST, &self.authority)
            .header("x-identity-header", self.secret.clone())
            .body(Empty::<Bytes>::new())
            .map_err(|_| Reason::Unreachable)?;
        let exchange = async {
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|_| Reason::Unreachable)?;
            if answer.status() != StatusCode::OK {
                return Err(Reason::Status(answer.status().as_u16()));
            }
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER);
            // The response is too large, or was cut off.
            let body = body.collect().await.map_err(|_| Reason::Malformed)?;
            Token::parse(&body.to_bytes(), SystemTime::now())
        };
        tokio::select! {
            outcome = exchange => outcome,
            // This future runs the connection. The exchange itself notices when the connection ends.
            never = async { let _ = connection.await; std::future::pending().await } => never,
        }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Endpoint(***)")
    }
}

/// On this machine or next to it: Linux apps get a link-local or private address of the container's network.
fn is_near(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local() || ip.is_private(),
        Ok(IpAddr::V6(ip)) => {
            ip == Ipv6Addr::LOCALHOST || ip.is_unicast_link_local() || ip.is_unique_local()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_nearby_endpoint_is_accepted() {
        for url in [
            "http://127.0.0.1:41741/msi/token/",
            "http://169.254.129.4:8081/msi/token",
            "http://172.16.0.3:8081/msi/token",
            "http://localhost:4141/msi/token",
            "http://[::1]:4141/msi/token",
        ] {
            assert!(
                Endpoint::new(Resource::Database, url, "secret", None).is_ok(),
                "{url}"
            );
        }
        for (url, named) in [
            ("https://127.0.0.1/msi/token", "https"),
            ("http://example.org/msi/token", "this machine"),
            ("http://8.8.8.8/msi/token", "this machine"),
            ("http://user@127.0.0.1/msi/token", "form"),
            ("http://127.0.0.1/msi/token?a=b", "form"),
            ("unix:/socket", "form"),
            ("/msi/token", "form"),
            ("", "form"),
        ] {
            let sentence = Endpoint::new(Resource::Database, url, "secret", None).expect_err(url);
            assert!(sentence.contains(named), "{url}: {sentence}");
        }
    }

    #[test]
    fn the_header_and_the_client_id_are_checked() {
        let url = "http://127.0.0.1:1/token";
        for header in ["", "a\r\nb: c"] {
            let sentence =
                Endpoint::new(Resource::Database, url, header, None).expect_err("no header");
            assert!(sentence.contains("IDENTITY_HEADER"), "{sentence}");
        }
        let id = "0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10";
        let endpoint = Endpoint::new(Resource::Database, url, "secret", Some(id)).expect("good");
        assert!(endpoint.path.ends_with(&format!("&client_id={id}")));
        assert_eq!(format!("{endpoint:?}"), "Endpoint(***)");
        let sentence =
            Endpoint::new(Resource::Database, url, "secret", Some("a&b=c")).expect_err("no id");
        assert!(sentence.contains("AZURE_CLIENT_ID"), "{sentence}");
    }
}
