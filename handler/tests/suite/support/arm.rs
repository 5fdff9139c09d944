//! An emulated Azure Resource Manager and identity endpoint of the platform: one site, and tokens for it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub const SITE: &str = "/subscriptions/0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10/resourceGroups/visits/providers/Microsoft.Web/sites/visits-app";
pub const SECRET: &str = "the-header-that-nobody-may-see";
/// The beginning of every token, to search for it in logs.
pub const MARK: &str = "eyJ-arm-token-";

/// How it responds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behavior {
    /// As documented.
    Works,
    /// It never responds.
    Hangs,
    /// With a status, a `Retry-After` in seconds, and ARM's error.
    Status(u16, Option<u32>, &'static str),
    /// The same, but only once.
    StatusOnce(u16, Option<u32>, &'static str),
    /// With this body.
    Body(&'static str),
}

#[derive(Debug)]
pub struct Platform {
    pub arm: Mutex<Behavior>,
    pub identity: Mutex<Behavior>,
    /// `minimumElasticInstanceCount` and `functionAppScaleLimit`.
    pub counts: Mutex<(u32, Option<u32>)>,
    /// Every call: the method, and the count if it is a change.
    pub calls: Mutex<Vec<(Method, Option<u64>)>>,
    pub tokens_issued: Mutex<u32>,
    /// Calls wait for a permit here. There are enough unless a test takes them.
    pub gate: Semaphore,
}

/// Serves until it is dropped.
pub struct Listening {
    pub platform: Arc<Platform>,
    pub port: u16,
    stop: CancellationToken,
}

impl Platform {
    pub fn new(minimum: u32) -> Arc<Self> {
        Arc::new(Self {
            arm: Mutex::new(Behavior::Works),
            identity: Mutex::new(Behavior::Works),
            counts: Mutex::new((minimum, None)),
            calls: Mutex::default(),
            tokens_issued: Mutex::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    /// The counts that were set, in order.
    pub fn changes(&self) -> Vec<u64> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter_map(|(_, count)| *count).collect()
    }

    pub fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    async fn behave(&self, which: &Mutex<Behavior>) -> Option<Response> {
        let behavior = which.lock().unwrap().clone();
        match behavior {
            Behavior::Works => None,
            Behavior::Hangs => std::future::pending().await,
            Behavior::Body(body) => Some(body.into_response()),
            Behavior::StatusOnce(status, retry_after, code) => {
                *which.lock().unwrap() = Behavior::Works;
                Some(failure(status, retry_after, code))
            }
            Behavior::Status(status, retry_after, code) => Some(failure(status, retry_after, code)),
        }
    }

    async fn token(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        if let Some(response) = self.behave(&self.identity).await {
            return response;
        }
        assert_eq!(headers["x-identity-header"], SECRET);
        assert_eq!(
            uri.query(),
            Some("resource=https%3A%2F%2Fmanagement.azure.com%2F&api-version=2019-08-01")
        );
        let mut issued = self.tokens_issued.lock().unwrap();
        *issued += 1;
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        axum::Json(json!({
            "access_token": format!("{MARK}{issued}"),
            "expires_on": (now.as_secs() + 86_400).to_string(),
            "resource": "https://management.azure.com/",
            "token_type": "Bearer",
        }))
        .into_response()
    }

    async fn site(&self, method: Method, headers: &HeaderMap, body: &Bytes) -> Response {
        let bearer = headers["authorization"].to_str().unwrap();
        let number = bearer.strip_prefix("Bearer ").unwrap().strip_prefix(MARK);
        let number: u32 = number.unwrap().parse().unwrap();
        assert!((1..=*self.tokens_issued.lock().unwrap()).contains(&number));
        let change: Value = serde_json::from_slice(body).unwrap_or_default();
        let count = change["properties"]["minimumElasticInstanceCount"].as_u64();
        assert_eq!(
            count,
            change["properties"]["functionAppScaleLimit"].as_u64()
        );
        self.calls.lock().unwrap().push((method.clone(), count));
        let _room = self.gate.acquire().await.unwrap();
        if let Some(response) = self.behave(&self.arm).await {
            return response;
        }
        let mut counts = self.counts.lock().unwrap();
        match (method, count) {
            (Method::GET, None) => {}
            (Method::PATCH, Some(count)) => {
                let count = u32::try_from(count).unwrap();
                *counts = (count, Some(count));
            }
            other => panic!("{other:?}"),
        }
        axum::Json(json!({
            "id": format!("{SITE}/config/web"),
            "properties": {
                "minimumElasticInstanceCount": counts.0,
                "functionAppScaleLimit": counts.1,
                "linuxFxVersion": "",
            },
        }))
        .into_response()
    }
}

fn failure(status: u16, retry_after: Option<u32>, code: &str) -> Response {
    let error = json!({ "error": { "code": code, "message": "a message of Azure's" } });
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = (status, axum::Json(error)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

impl Listening {
    /// Opens both on one port; 0 chooses a free one.
    pub async fn open(platform: &Arc<Platform>, port: u16) -> Self {
        let listener = tokio::net::TcpSocket::new_v4().unwrap();
        listener.set_reuseaddr(true).unwrap();
        listener.bind(([127, 0, 0, 1], port).into()).unwrap();
        let listener = listener.listen(64).unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = |State(platform): State<Arc<Platform>>,
                      method: Method,
                      uri: Uri,
                      headers: HeaderMap,
                      body: Bytes| async move {
            if uri.path() == "/msi/token" {
                return platform.token(&uri, &headers).await;
            }
            let wanted = format!("{SITE}/config/web?api-version=2025-05-01");
            assert_eq!(uri.to_string(), wanted);
            platform.site(method, &headers, &body).await
        };
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(platform));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                () = stopped => {}
            }
        });
        Self {
            platform: Arc::clone(platform),
            port,
            stop,
        }
    }

    /// The flags for a handler that scales itself.
    pub fn flags(&self) -> Vec<String> {
        let address = format!("http://127.0.0.1:{}", self.port);
        [
            ("--scaler", "elastic-premium"),
            ("--scaler-site-id", SITE),
            ("--scaler-endpoint", &address),
            ("--identity-endpoint", &format!("{address}/msi/token")),
            ("--identity-header", SECRET),
        ]
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()])
        .collect()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
