//! Cross-origin resource sharing, handled before the app gets the request, as Core Tools does with `--cors`
//! (`Startup.cs`; ASP.NET Core's `CorsMiddleware.cs`, `CorsService.cs`). Pure.
//!
//! Every header and every method is allowed. Without allowed origins, this layer is absent, and preflight requests
//! reach the functions like any other request.

use anyhow::bail;
use http::{HeaderMap, HeaderValue, Method, Uri, header};

const ANY: &str = "*";

/// The origins whose pages may read the app's responses.
pub(crate) struct Cors {
    /// In the form that browsers send.
    origins: Vec<String>,
    credentials: bool,
}

/// The response headers for a page's request.
pub(crate) struct Grant {
    /// Whether it is a preflight request, which gets 204 and these headers, and does not reach a function.
    pub(crate) is_preflight: bool,
    headers: HeaderMap,
}

impl Cors {
    /// Allows `origins`, which are separated by commas; `None` if there are none. The second value contains one
    /// sentence for each entry that can never match, and for credentials without an origin.
    ///
    /// # Errors
    /// For `credentials` with all origins, which the protocol does not allow.
    pub(crate) fn new(
        origins: &str,
        credentials: bool,
    ) -> anyhow::Result<(Option<Self>, Vec<String>)> {
        let mut warnings = Vec::new();
        let mut allowed = Vec::new();
        for entry in origins.split(',').map(str::trim) {
            match normalized(entry) {
                _ if entry.is_empty() => {}
                Some(origin) => allowed.push(origin),
                None => warnings.push(format!(
                    "CORS: {entry:?} is not an origin and matches no page; write it as http://localhost:3000, or * for all pages"
                )),
            }
        }
        if credentials && allowed.iter().any(|origin| origin == ANY) {
            bail!(
                "CORS: pages of all origins (*) cannot be allowed to send credentials; name the origins, or leave out --cors-credentials and Host.CORSCredentials"
            );
        }
        if credentials && allowed.is_empty() {
            warnings.push(
                "CORS: credentials are allowed, but no origin is; name the origins with --cors or Host.CORS, or leave out --cors-credentials and Host.CORSCredentials"
                    .to_owned(),
            );
        }
        let cors = (!allowed.is_empty()).then_some(Self {
            origins: allowed,
            credentials,
        });
        Ok((cors, warnings))
    }

    /// The response headers for a request, if a page sent it.
    pub(crate) fn grant(&self, method: &Method, headers: &HeaderMap) -> Option<Grant> {
        let origin = headers.get(header::ORIGIN)?;
        let requested = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let is_preflight = method == Method::OPTIONS && requested.is_some();
        let mut granted = HeaderMap::new();
        let any = self.origins.iter().any(|allowed| allowed == ANY);
        let mut origins = self.origins.iter();
        if any || origins.any(|allowed| origin == allowed.as_str()) {
            let allowed = match any {
                true => HeaderValue::from_static(ANY),
                false => origin.clone(),
            };
            granted.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            if self.credentials {
                granted.insert(
                    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
            }
            if let Some(requested) = requested.filter(|_| is_preflight) {
                granted.insert(header::ACCESS_CONTROL_ALLOW_METHODS, requested.clone());
                for wanted in headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                    granted.append(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
                }
            }
            // PopulateResult: with a single origin, the response is always the same.
            if !any && self.origins.len() > 1 {
                granted.insert(header::VARY, HeaderValue::from_static("Origin"));
            }
        }
        Some(Grant {
            is_preflight,
            headers: granted,
        })
    }
}

impl Grant {
    /// Adds the granted headers to a response. They replace the handler's.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if name == header::VARY || name == header::ACCESS_CONTROL_ALLOW_HEADERS {
                headers.append(name, value.clone());
            } else {
                headers.insert(name, value.clone());
            }
        }
    }
}

/// An origin in the form that browsers send (`CorsPolicyBuilder.cs`, `GetNormalizedOrigin`).
fn normalized(entry: &str) -> Option<String> {
    if entry == ANY {
        return Some(ANY.to_owned());
    }
    let uri: Uri = entry.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return None;
    }
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let authority = authority.as_str().to_ascii_lowercase();
    let authority = authority.strip_suffix(default).unwrap_or(&authority);
    Some(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &str, credentials: bool) -> Cors {
        let (cors, warnings) = Cors::new(origins, credentials).expect("valid");
        assert_eq!(warnings, [""; 0]);
        cors.expect("some origins")
    }

    fn granted(
        cors: &Cors,
        method: &Method,
        sent: &[(&'static str, &str)],
    ) -> Vec<(String, String)> {
        let headers: HeaderMap = sent
            .iter()
            .map(|(name, value)| {
                let value: HeaderValue = value.parse().expect("a value");
                (header::HeaderName::from_static(name), value)
            })
            .collect();
        let grant = cors.grant(method, &headers).expect("a page's request");
        let mut answer = HeaderMap::new();
        answer.insert(
            "access-control-allow-origin",
            "app".parse().expect("a value"),
        );
        grant.apply(&mut answer);
        let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
        answer
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    fn has(answer: &[(String, String)], name: &str, value: &str) -> bool {
        answer.iter().any(|(n, v)| n == name && v == value)
    }

    /// `CorsService.cs`, `PopulateResult` and `ApplyResult`.
    #[test]
    fn an_allowed_origin_gets_the_headers() {
        let two = cors("http://A.test:80/, https://b.test", true);
        let answer = granted(&two, &Method::GET, &[("origin", "http://a.test")]);
        assert!(has(&answer, "access-control-allow-origin", "http://a.test"));
        assert!(has(&answer, "access-control-allow-credentials", "true"));
        assert!(has(&answer, "vary", "Origin"));
        assert_eq!(answer.len(), 3);
        let one = cors("https://b.test", false);
        let answer = granted(&one, &Method::GET, &[("origin", "https://b.test")]);
        assert!(has(
            &answer,
            "access-control-allow-origin",
            "https://b.test"
        ));
        assert_eq!(answer.len(), 1);
        let any = cors("*", false);
        let answer = granted(&any, &Method::GET, &[("origin", "null")]);
        assert!(has(&answer, "access-control-allow-origin", "*"));
    }

    #[test]
    fn another_origin_gets_the_response_unchanged() {
        let one = cors("https://b.test", true);
        for origin in ["https://c.test", "https://b.test:8443", "null"] {
            let answer = granted(&one, &Method::GET, &[("origin", origin)]);
            assert!(has(&answer, "access-control-allow-origin", "app"));
            assert_eq!(answer.len(), 1);
        }
        assert!(one.grant(&Method::GET, &HeaderMap::new()).is_none());
    }

    #[test]
    fn a_preflight_request_gets_the_requested_permissions() {
        let one = cors("https://b.test", false);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("origin", "https://b.test"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-a,x-b"),
        ] {
            headers.insert(name, value.parse().expect("a value"));
        }
        let told = |headers: &HeaderMap| {
            let grant = one.grant(&Method::OPTIONS, headers).expect("a grant");
            let mut answer = HeaderMap::new();
            grant.apply(&mut answer);
            (grant.is_preflight, answer)
        };
        let (is_preflight, answer) = told(&headers);
        assert!(is_preflight);
        assert_eq!(answer["access-control-allow-methods"], "PUT");
        assert_eq!(answer["access-control-allow-headers"], "x-a,x-b");
        // An origin that is not allowed gets no such headers.
        headers.insert("origin", "https://c.test".parse().expect("a value"));
        assert_eq!(told(&headers), (true, HeaderMap::new()));
        // Without the requested method, the request belongs to the functions.
        headers.remove("access-control-request-method");
        assert!(!told(&headers).0);
    }

    #[test]
    fn impossible_options_are_reported() {
        assert!(Cors::new("*", true).is_err());
        let (cors, warnings) =
            Cors::new("localhost:3000,https://a.test/x,,", false).expect("valid");
        assert!(cors.is_none());
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let (cors, warnings) = Cors::new("", true).expect("valid");
        assert!(cors.is_none());
        assert!(warnings[0].contains("no origin is; name"), "{warnings:?}");
    }
}
