//! An emulated identity endpoint of the platform: it issues tokens, and makes the latest one the role's password.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;

pub const SECRET: &str = "the-header-that-nobody-may-see";
pub const CLIENT_ID: &str = "0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10";
/// The beginning of every token, to search for it in logs.
pub const MARK: &str = "eyJ-token-";

/// How it responds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behavior {
    /// With tokens that are valid for this many seconds.
    Issues(i64),
    /// It never responds.
    Hangs,
    /// With a status.
    Status(u16),
    /// With this body.
    Body(String),
}

#[derive(Debug)]
pub struct TokenServer {
    pub behavior: Mutex<Behavior>,
    /// Path, query, and secret of each request.
    pub asked: Mutex<Vec<(String, String)>>,
    issued: Mutex<u32>,
    owner: PgConnectOptions,
    role: String,
}

/// Serves until it is dropped.
pub struct Endpoint {
    pub port: u16,
    stop: CancellationToken,
}

impl TokenServer {
    pub fn new(owner: PgConnectOptions, role: &str, behavior: Behavior) -> Arc<Self> {
        Arc::new(Self {
            behavior: Mutex::new(behavior),
            asked: Mutex::default(),
            issued: Mutex::new(0),
            owner,
            role: role.to_owned(),
        })
    }

    pub fn set(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap() = behavior;
    }

    pub fn issued(&self) -> u32 {
        *self.issued.lock().unwrap()
    }

    /// From now on the server accepts no token until the next one is issued.
    pub async fn withdraw(&self) {
        self.set_password("nobody-has-this").await;
    }

    async fn set_password(&self, password: &str) {
        let mut owner = PgConnection::connect_with(&self.owner).await.unwrap();
        let sql = format!("alter role \"{}\" password '{password}'", self.role);
        let sql = AssertSqlSafe(sql);
        sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
        owner.close().await.unwrap();
    }

    async fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        let secret = headers.get("x-identity-header");
        let secret = secret.map_or("", |value| value.to_str().unwrap());
        self.asked
            .lock()
            .unwrap()
            .push((uri.to_string(), secret.to_owned()));
        let behavior = self.behavior.lock().unwrap().clone();
        let seconds = match behavior {
            Behavior::Issues(seconds) => seconds,
            Behavior::Hangs => std::future::pending().await,
            Behavior::Status(status) => {
                return StatusCode::from_u16(status).unwrap().into_response();
            }
            Behavior::Body(body) => return body.into_response(),
        };
        let number = {
            let mut issued = self.issued.lock().unwrap();
            *issued += 1;
            *issued
        };
        // As long as a real token, and longer than most buffers.
        let token = format!("{MARK}{number}-{}", "x".repeat(2_000));
        self.set_password(&token).await;
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let expires = i64::try_from(now.as_secs()).unwrap() + seconds;
        axum::Json(serde_json::json!({
            "access_token": token,
            "expires_on": expires.to_string(),
            "resource": "https://ossrdbms-aad.database.windows.net",
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
        }))
        .into_response()
    }
}

impl Endpoint {
    /// Opens the endpoint on this port; 0 chooses a free one.
    pub async fn open(token_server: &Arc<TokenServer>, port: u16) -> Self {
        let listener = tokio::net::TcpSocket::new_v4().unwrap();
        listener.set_reuseaddr(true).unwrap();
        listener.bind(([127, 0, 0, 1], port).into()).unwrap();
        let listener = listener.listen(64).unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = |State(token_server): State<Arc<TokenServer>>,
                      uri: Uri,
                      headers: HeaderMap| async move {
            token_server.answer(&uri, &headers).await
        };
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(token_server));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                () = stopped => {}
            }
        });
        Self { port, stop }
    }

    /// The settings for a handler that uses this endpoint.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_AUTH", "entra".to_owned()),
            (
                "IDENTITY_ENDPOINT",
                format!("http://127.0.0.1:{}/msi/token", self.port),
            ),
            ("IDENTITY_HEADER", SECRET.to_owned()),
            ("AZURE_CLIENT_ID", CLIENT_ID.to_owned()),
        ]
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
