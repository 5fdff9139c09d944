//! A whole instance in the test's process, with a real database.
#![allow(unreachable_pub)]

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use clap::Parser as _;
use handler::config::{Cli, Config};
use handler::service::Service;
use http_body_util::BodyExt as _;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tower::ServiceExt as _;

pub mod arm;
pub mod collector;
pub mod exposition;
pub mod identity;
pub mod process;
pub mod server;

/// Runs every listed test on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::support::Backend::sqlite()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::support::Backend::postgres().await).await;
            })*
        }
    };
}

/// Also runs every listed test through PgBouncer: those whose statements, transactions, or connections a pooler could
/// break. Each statement of the store is in at least one of them.
#[macro_export]
macro_rules! through_a_pooler_too {
    ($($test:ident),* $(,)?) => {
        mod through_a_pooler {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::support::Backend::pooled_postgres().await).await;
            })*
        }
    };
}

/// An empty database for one test, which is deleted at the end of the test.
pub enum Backend {
    Sqlite {
        folder: PathBuf,
    },
    Postgres {
        url: String,
        admin_url: String,
        name: String,
        /// PgBouncer's URL of the same database, for the instances.
        pooler_url: Option<String>,
    },
}

/// A name that no other test has, not even one that was killed.
fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// A server's URL from the environment. It is required: a test must not pass because its server is missing.
fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set. Run ./scripts/test, or: target/quick/lab postgres --env TEST_DATABASE_URL \
             --pooler-env TEST_POOLER_URL -- cargo nextest run --cargo-profile quick"
        )
    })
}

impl Backend {
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(format!("elastic-visits-test-{}", unique()));
        std::fs::create_dir_all(&folder).unwrap();
        Self::Sqlite { folder }
    }

    /// A database on the server in `TEST_DATABASE_URL`. The test fails without one.
    pub async fn postgres() -> Self {
        let admin_url = required("TEST_DATABASE_URL");
        let name = format!("visits_{}", unique());
        let mut admin = PgConnection::connect(&admin_url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}")))
            .execute(&mut admin)
            .await
            .unwrap();
        let mut url = url::Url::parse(&admin_url).unwrap();
        url.set_path(&name);
        Self::Postgres {
            url: url.into(),
            admin_url,
            name,
            pooler_url: None,
        }
    }

    /// The same through the PgBouncer in `TEST_POOLER_URL`, with transaction pooling.
    pub async fn pooled_postgres() -> Self {
        let pooler = required("TEST_POOLER_URL");
        let mut backend = Self::postgres().await;
        if let Self::Postgres {
            name, pooler_url, ..
        } = &mut backend
        {
            let mut url = url::Url::parse(&pooler).unwrap();
            url.set_path(name);
            *pooler_url = Some(url.into());
        }
        backend
    }

    pub const fn db_type(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres { .. } => "postgresql",
        }
    }

    /// The flags for an instance that uses this database.
    pub fn flags(&self) -> Vec<String> {
        match self {
            Self::Sqlite { folder } => vec![
                "--sqlite-path".into(),
                folder.join("data/visits.db").display().to_string(),
            ],
            Self::Postgres {
                url,
                pooler_url: None,
                ..
            } => vec!["--database-url".into(), url.clone()],
            Self::Postgres {
                url,
                pooler_url: Some(pooler),
                ..
            } => [
                ["--database-url", pooler],
                ["--database-pooler", "transaction"],
                ["--database-migrate-url", url],
            ]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        }
    }

    /// Runs one statement without the instances.
    pub async fn execute(&self, sql: &'static str) {
        match self {
            Self::Sqlite { folder } => {
                let path = folder.join("data/visits.db");
                let mut db = sqlx::SqliteConnection::connect(&path.display().to_string())
                    .await
                    .unwrap();
                sqlx::query(sql).execute(&mut db).await.unwrap();
            }
            Self::Postgres { url, .. } => {
                let mut db = PgConnection::connect(url).await.unwrap();
                sqlx::query(sql).execute(&mut db).await.unwrap();
            }
        }
    }

    /// Blocks all writes of visits until the lock is released.
    pub async fn lock_writers(&self) -> Lock {
        match self {
            Self::Sqlite { folder } => {
                let path = folder.join("data/visits.db");
                let mut db = sqlx::SqliteConnection::connect(&path.display().to_string())
                    .await
                    .unwrap();
                let sql = "begin immediate";
                sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
                Lock::Sqlite(db)
            }
            Self::Postgres { url, .. } => {
                let mut db = PgConnection::connect(url).await.unwrap();
                let sql = "begin; lock table visits in share mode";
                sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
                Lock::Postgres(db)
            }
        }
    }

    /// One number, read without the instances.
    pub async fn number(&self, sql: &'static str) -> i64 {
        match self {
            Self::Sqlite { folder } => {
                let path = folder.join("data/visits.db");
                let mut db = sqlx::SqliteConnection::connect(&path.display().to_string())
                    .await
                    .unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
            }
            Self::Postgres { url, .. } => {
                let mut db = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
            }
        }
    }

    /// The connections of instances that wait for a lock in PostgreSQL. The write probe, whose message begins with
    /// `begin;`, does not count: it runs at any time.
    pub async fn waiting(&self) -> i64 {
        self.number(
            "select count(*) from pg_stat_activity where datname = current_database()
             and backend_type = 'client backend' and wait_event_type = 'Lock' and query not like 'begin;%'",
        )
        .await
    }

    /// Waits until as many connections wait for a lock as wanted.
    pub async fn until_waiting(&self, wanted: impl Fn(i64) -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !wanted(self.waiting().await) {
            let now = tokio::time::Instant::now();
            assert!(now < deadline, "nothing waits for the lock");
        }
    }

    /// An instance with this database, after it is ready.
    pub async fn instance(&self, extra: &[&str]) -> TestApp {
        let app = TestApp::start(&self.flags(), extra);
        let ready = app.service.database().ready();
        let in_time = tokio::time::timeout(Duration::from_secs(60), ready).await;
        in_time.expect("the database is not ready");
        app
    }
}

/// A port of 127.0.0.1 on which nothing listens. While the socket exists, no other program gets this port as a free
/// one. A listener with `SO_REUSEADDR` can use it.
pub fn reserved_port() -> (tokio::net::TcpSocket, u16) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// See [`Backend::lock_writers`].
pub enum Lock {
    Sqlite(sqlx::SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    pub async fn release(self) {
        match self {
            Self::Sqlite(db) => db.close().await.unwrap(),
            Self::Postgres(db) => db.close().await.unwrap(),
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        match self {
            Self::Sqlite { folder } => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Self::Postgres {
                admin_url, name, ..
            } => {
                let (admin_url, name) = (admin_url.clone(), name.clone());
                // A drop cannot wait on the test's own runtime.
                let dropped = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    runtime.block_on(async {
                        let mut admin = PgConnection::connect(&admin_url).await.unwrap();
                        // Force fails while an autovacuum worker is in the database. Without force, the worker is
                        // ended, but a client is an error.
                        for force in ["with (force)", "", "with (force)"] {
                            let sql = format!("drop database {name} {force}");
                            let dropped = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                            if dropped.execute(&mut admin).await.is_ok() {
                                break;
                            }
                        }
                    });
                });
                let _ = dropped.join();
            }
        }
    }
}

pub fn config(flags: &[String], extra: &[&str]) -> Config {
    let all = std::iter::once("handler")
        .chain(flags.iter().map(String::as_str))
        .chain(extra.iter().copied());
    Cli::try_parse_from(all).unwrap().config().unwrap()
}

/// An instance whose routes are called without a network.
pub struct TestApp {
    pub service: Service,
    router: Router,
}

/// A response with its body.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// For the message of a failed test: text is readable, and long text is shortened.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.body);
        let part: String = text.chars().take(2_000).collect();
        write!(f, "{} {:?} {part}", self.status, self.headers)
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is a problem response as the API promises, and returns it.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["instance_id"], self.header("x-instance-id"));
        assert!(!problem["error"].as_str().unwrap().is_empty());
        assert_eq!(problem["detail"], problem["error"]);
        problem
    }
}

impl TestApp {
    pub fn start(flags: &[String], extra: &[&str]) -> Self {
        let service = Service::start(config(flags, extra)).unwrap();
        Self {
            router: service.router(),
            service,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        assert!(
            parts.headers.contains_key("x-instance-id"),
            "no instance id on {parts:?}"
        );
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn call(&self, method: Method, uri: &str) -> Answer {
        self.send(
            Request::builder()
                .method(method)
                .uri(uri)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    pub async fn get(&self, uri: &str) -> Answer {
        self.call(Method::GET, uri).await
    }

    pub async fn post_json(&self, uri: &str, body: &str) -> Answer {
        let request = Request::post(uri).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    pub async fn visit(&self) -> Answer {
        self.call(Method::POST, "/api/visit").await
    }

    pub async fn visit_with_key(&self, key: &str) -> Answer {
        let request = Request::post("/api/visit").header("idempotency-key", key);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn total(&self) -> i64 {
        self.get("/api/visits?limit=1").await.json()["total_visits"]
            .as_i64()
            .unwrap()
    }

    /// Repeats the request until the response meets the condition. Fails the test at a timeout.
    pub async fn eventually(&self, uri: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.get(uri).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "not within 20 s: {answer:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn stop(self) {
        drop(self.router);
        self.service.stop().await;
    }
}
