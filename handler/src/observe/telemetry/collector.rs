//! The connection to the collector: OTLP over HTTP (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use percent_encoding::percent_decode_str;
use tokio::runtime::Handle;

/// How long one export may take, which is OTLP's default.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// Where spans go.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    /// The URL that spans are posted to.
    pub(super) url: String,
    /// Headers for the collector, which may include keys.
    pub(super) headers: HashMap<String, String>,
    /// The service name in traces.
    pub(super) service_name: String,
}

impl Collector {
    /// `endpoint` is the base address, to which `/v1/traces` is added as OTLP defines.
    ///
    /// # Errors
    /// One sentence that names the setting.
    pub fn new(
        endpoint: &str,
        headers: HashMap<String, String>,
        service_name: &str,
    ) -> Result<Self, String> {
        let refused = "OTEL_EXPORTER_OTLP_ENDPOINT is not of the form http://HOST:PORT or https://HOST:PORT, \
                       perhaps with a path; the port of OTLP over HTTP is 4318";
        let uri: Uri = endpoint.trim().parse().map_err(|_| refused)?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if !known || authority.is_empty() || authority.contains('@') || uri.query().is_some() {
            return Err(refused.to_owned());
        }
        Ok(Self {
            url: format!("{}/v1/traces", endpoint.trim().trim_end_matches('/')),
            headers,
            service_name: service_name.to_owned(),
        })
    }
}

/// Omits keys when the settings are printed.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Headers in the form that the OpenTelemetry specification defines for a setting: `name=value,name=value`, with
/// percent-encoded values.
///
/// # Errors
/// One sentence that names the setting but not a value.
pub fn parse_headers(text: &str) -> Result<HashMap<String, String>, String> {
    let mut headers = HashMap::new();
    for entry in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let refused = || {
            "OTEL_EXPORTER_OTLP_HEADERS is not of the form name=value,name=value with percent-encoded values"
                .to_owned()
        };
        let (name, value) = entry.split_once('=').ok_or_else(refused)?;
        let value = percent_decode_str(value.trim())
            .decode_utf8()
            .map_err(|_| refused())?;
        HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| refused())?;
        HeaderValue::from_str(&value).map_err(|_| refused())?;
        headers.insert(name.trim().to_owned(), value.into_owned());
    }
    Ok(headers)
}

/// Sends what the exporter's own thread passes to it, on the app's runtime.
pub(super) struct Client {
    client: HyperClient<HttpsConnector<HttpConnector>>,
    runtime: Handle,
    /// Whether the last attempt failed, so that a failure is logged once and not with every batch.
    away: AtomicBool,
}

impl Client {
    /// Must be called on the runtime.
    pub(super) fn new() -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            client: HyperClient::new(connector, DEADLINE, None),
            runtime: Handle::current(),
            away: AtomicBool::new(false),
        }
    }

    fn note(&self, failure: Option<String>) {
        let was_away = self.away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(reason) if !was_away => {
                tracing::warn!(
                    reason,
                    "spans cannot be exported; those that do not fit the queue are dropped"
                );
            }
            None if was_away => tracing::info!("spans are exported again"),
            _ => {}
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpClient for Client {
    fn send_bytes<'client, 'sending>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sending>>
    where
        'client: 'sending,
        Self: 'sending,
    {
        Box::pin(async move {
            let client = self.client.clone();
            // The exporter's thread waits for the result and has no runtime of its own.
            let sending = self
                .runtime
                .spawn(async move { client.send_bytes(request).await });
            let answer = sending.await.map_err(HttpError::from).flatten();
            self.note(match &answer {
                Ok(answer) if answer.status().is_success() => None,
                Ok(answer) => Some(format!("the collector returned {}", answer.status())),
                Err(error) => Some(with_causes(error.as_ref())),
            });
            answer
        })
    }
}

/// The sentence of an error with those of its causes, because the outermost one only says that something failed.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_http_base_address_is_accepted() {
        for (endpoint, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://otlp.example.org/otlp/",
                "https://otlp.example.org/otlp/v1/traces",
            ),
        ] {
            let collector = Collector::new(endpoint, HashMap::new(), "visits").expect(endpoint);
            assert_eq!(collector.url, url);
        }
        for bad in [
            "127.0.0.1:4318",
            "grpc://127.0.0.1:4317",
            "http://",
            "http://user@host",
            "http://host/?key=1",
            "",
        ] {
            let sentence = Collector::new(bad, HashMap::new(), "visits").expect_err(bad);
            assert!(
                sentence.contains("OTEL_EXPORTER_OTLP_ENDPOINT"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn headers_are_read_and_never_shown() {
        let headers = parse_headers("api-key=secret%20one+%2B, x-tenant = visits ,").expect("good");
        assert_eq!(headers["api-key"], "secret one++");
        assert_eq!(headers["x-tenant"], "visits");
        let collector = Collector::new("http://host", headers, "visits").expect("good");
        assert!(!format!("{collector:?}").contains("secret"));
        for bad in ["secret", "se cret=1", "name=secret%0D%0Aother: 1"] {
            let sentence = parse_headers(bad).expect_err(bad);
            assert!(
                sentence.contains("OTEL_EXPORTER_OTLP_HEADERS") && !sentence.contains("secret"),
                "{sentence}"
            );
        }
    }
}
