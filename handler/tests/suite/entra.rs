//! The real binary with access tokens instead of passwords: with an identity endpoint, and a PostgreSQL that accepts
//! only TLS and the latest token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::identity::{Behavior, CLIENT_ID, Endpoint, MARK, SECRET, TokenServer};
use crate::support::process::{Process, command, send};
use crate::support::server::Server;
use rustix::process::Signal;

const ROLE: &str = "ev-test-app";

struct Scene {
    server: Server,
    token_server: Arc<TokenServer>,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new(behavior: Behavior) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Server::start());
        let make = format!("create role \"{ROLE}\" login; create database visits owner \"{ROLE}\"");
        for sql in make.split("; ") {
            runtime.block_on(server.execute("postgres", sql));
        }
        let token_server = TokenServer::new(server.owner("postgres"), ROLE, behavior);
        Self {
            server,
            token_server,
            runtime,
        }
    }

    fn open(&self, port: u16) -> Endpoint {
        self.runtime
            .block_on(Endpoint::open(&self.token_server, port))
    }

    /// A handler with these settings. Later settings take precedence.
    fn handler(&self, endpoint: &Endpoint, more: &[(&str, &str)]) -> Process {
        let mut handler = command(&[], &["--heartbeat-seconds", "0.2"]);
        handler
            .envs(self.server.settings("visits"))
            .envs(endpoint.settings())
            .env("PGUSER", ROLE)
            .envs(more.iter().copied());
        if more.contains(&("PGSSLROOTCERT", "")) {
            handler.env_remove("PGSSLROOTCERT");
        }
        Process::spawn(handler)
    }

    /// Cuts all connections of the handler, so that it needs new ones.
    fn cut(&self) {
        let sql = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ROLE}'"
        );
        self.runtime.block_on(self.server.execute("postgres", sql));
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn health_says(handler: &Process, part: &str) {
    until(part, || {
        let reply = handler.send("GET", "/health", &[]).unwrap();
        let error = reply.json()["error"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        reply.status == 503 && error.contains(part)
    });
}

#[test]
fn tokens_are_renewed_under_load_without_a_failed_request() {
    // The tokens are valid for a second more than the margin, so each is renewed after a second.
    let scene = Scene::new(Behavior::Issues(301));
    let endpoint = scene.open(0);
    let mut handler = scene.handler(&endpoint, &[("RUST_LOG", "trace")]);
    handler.eventually("/health", 200);
    let (path, secret) = scene.token_server.asked.lock().unwrap()[0].clone();
    assert_eq!(
        path,
        format!(
            "/msi/token?resource=https%3A%2F%2Fossrdbms-aad.database.windows.net&api-version=2019-08-01&client_id={CLIENT_ID}"
        )
    );
    assert_eq!(secret, SECRET);
    let address = handler.address;
    let mut visits = 0;
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut visits = 0;
                    while scene.token_server.issued() < 4 {
                        let reply = send(address, "POST", "/api/visit", &[], b"").unwrap();
                        assert_eq!(reply.status, 201, "{reply:?}");
                        let reply = send(address, "GET", "/api/visits", &[], b"").unwrap();
                        assert_eq!(reply.status, 200, "{reply:?}");
                        visits += 1;
                    }
                    visits
                })
            })
            .collect();
        visits = callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .sum();
    });
    // The connections were opened with the first token. New connections need the latest one.
    let before = scene.token_server.issued();
    until("another token", || scene.token_server.issued() > before);
    scene.cut();
    let total = || handler.eventually("/api/visits", 200).json()["total_visits"].as_u64();
    assert_eq!(total(), Some(visits));
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    let log = handler.log();
    assert!(!log.contains(MARK) && !log.contains(SECRET), "{log}");
}

#[test]
fn a_refused_token_is_replaced() {
    let scene = Scene::new(Behavior::Issues(3_600));
    let endpoint = scene.open(0);
    let mut handler = scene.handler(&endpoint, &[]);
    handler.eventually("/health", 200);
    assert_eq!(scene.token_server.issued(), 1);
    scene.runtime.block_on(scene.token_server.withdraw());
    scene.cut();
    handler.eventually("/health", 200);
    handler.wait_for_line(|line| {
        line["message"] == "the database refuses the access token, fetching another one"
    });
    assert_eq!(scene.token_server.issued(), 2);
    // If the server accepts no token at all, requests for tokens must not repeat without limit.
    let sql = format!("alter role \"{ROLE}\" nologin");
    scene
        .runtime
        .block_on(scene.server.execute("postgres", sql));
    scene.cut();
    health_says(
        &handler,
        "the database refuses the access token: check PGUSER",
    );
    let sql = format!("alter role \"{ROLE}\" login");
    scene
        .runtime
        .block_on(scene.server.execute("postgres", sql));
    handler.eventually("/health", 200);
    assert!(
        scene.token_server.issued() < 8,
        "{} tokens",
        scene.token_server.issued()
    );
}

#[test]
fn every_failure_of_the_endpoint_is_logged_once_and_recovers() {
    let scene = Scene::new(Behavior::Status(400));
    let endpoint = scene.open(0);
    let port = endpoint.port;
    let mut handler = scene.handler(&endpoint, &[]);
    let failures = [
        (Behavior::Status(400), "answers 400: check AZURE_CLIENT_ID"),
        (Behavior::Status(500), "answers 500"),
        (Behavior::Body("<html>".to_owned()), "without a token"),
        (Behavior::Body("x".repeat(200_000)), "without a token"),
        (Behavior::Issues(-10), "has expired"),
        (Behavior::Hangs, "does not answer in time"),
    ];
    for (behavior, sentence) in &failures {
        scene.token_server.set(behavior.clone());
        health_says(&handler, sentence);
        // The process keeps running, and refuses requests at once.
        let live = handler.send("GET", "/health/live", &[]).unwrap();
        assert_eq!(live.status, 200);
        let visit = handler.send("POST", "/api/visit", &[]).unwrap();
        assert_eq!(visit.status, 503);
    }
    drop(endpoint);
    health_says(&handler, "cannot be reached");
    scene.token_server.set(Behavior::Issues(3_600));
    let endpoint = scene.open(port);
    handler.eventually("/health", 200);
    let log = handler.log();
    for (sentence, times) in [
        ("answers 400", 1),
        ("answers 500", 1),
        // Two causes in a row with the same reason.
        ("without a token", 1),
        ("token that has expired", 1),
        ("does not answer in time", 1),
    ] {
        let lines = log
            .lines()
            .filter(|line| line.contains("\"no access token for the database, trying again\""));
        let found = lines.filter(|line| line.contains(sentence)).count();
        assert_eq!(found, times, "{sentence}: {log}");
    }
    assert!(!log.contains(MARK) && !log.contains(SECRET), "{log}");

    // If the endpoint stops while the token is valid, nothing fails, even with new connections.
    drop(endpoint);
    scene.cut();
    handler.eventually("/health", 200);
    let visit = handler.send("POST", "/api/visit", &[]).unwrap();
    assert_eq!(visit.status, 201);
}

#[test]
fn a_token_is_not_sent_to_an_unknown_server() {
    let scene = Scene::new(Behavior::Issues(3_600));
    let endpoint = scene.open(0);
    let refused = |line: &serde_json::Value| {
        line["message"] == "database not ready, trying again"
            && line["reason"].to_string().contains("certificate")
    };
    // No built-in root signed its certificate.
    let mut handler = scene.handler(&endpoint, &[("PGSSLROOTCERT", "")]);
    handler.wait_for_line(refused);
    // The certificate is not valid for another name of the server.
    let mut handler = scene.handler(&endpoint, &[("PGHOST", "127.0.0.1")]);
    handler.wait_for_line(refused);

    for (setting, value, named) in [
        ("PGSSLMODE", "require", "verify-full"),
        ("PGSSLMODE", "prefer", "verify-full"),
        ("PGSSLMODE", "nonsense", "verify-full"),
        ("PGHOST", "/var/run/postgresql", "socket"),
        ("IDENTITY_ENDPOINT", "https://127.0.0.1/token", "https"),
        ("IDENTITY_ENDPOINT", "", "IDENTITY_ENDPOINT"),
        ("IDENTITY_HEADER", "", "IDENTITY_HEADER"),
        ("AZURE_CLIENT_ID", "the app", "AZURE_CLIENT_ID"),
    ] {
        let output = command(&[], &[])
            .envs(scene.server.settings("visits"))
            .envs(endpoint.settings())
            .env(setting, value)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(64),
            "{setting}={value}: {message}"
        );
        assert!(
            message.contains(named) && !message.contains(SECRET),
            "{message}"
        );
    }
}

#[test]
fn in_azure_without_an_identity_health_reports_the_reason() {
    let mut handler = command(&[], &[]);
    handler.envs([
        ("PGHOST", "localhost"),
        ("DATABASE_AUTH", "entra"),
        ("WEBSITE_INSTANCE_ID", "0a1b0a1b0a1b"),
    ]);
    let handler = Process::spawn(handler);
    health_says(&handler, "give the app a managed identity");
}

#[test]
fn a_manual_migration_uses_a_token_too() {
    let scene = Scene::new(Behavior::Issues(3_600));
    let endpoint = scene.open(0);
    let migrate = || {
        command(&["migrate".to_owned()], &[])
            .envs(scene.server.settings("visits"))
            .envs(endpoint.settings())
            .env("PGUSER", ROLE)
            .output()
            .unwrap()
    };
    let output = migrate();
    assert!(output.status.success(), "{output:?}");
    scene.token_server.set(Behavior::Status(404));
    let output = migrate();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        message.contains("the identity endpoint answers 404"),
        "{message}"
    );
    // The instances then need not change the schema.
    scene.token_server.set(Behavior::Issues(3_600));
    let handler = scene.handler(&endpoint, &[("MIGRATE", "off")]);
    handler.eventually("/health", 200);
}

/// learn.microsoft.com/azure/postgresql/security/security-tls: the root certificates of the servers' chains.
#[test]
fn the_root_certificates_of_azure_servers_are_trusted() {
    for name in [
        "DigiCert Global Root G2",
        "Microsoft RSA Root Certificate Authority 2017",
    ] {
        let known = webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| {
            let subject = root.subject.as_ref();
            subject
                .windows(name.len())
                .any(|part| part == name.as_bytes())
        });
        assert!(known, "{name}");
    }
}
