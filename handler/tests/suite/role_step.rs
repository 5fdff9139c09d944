//! `handler provision` as the Functions host runs it: with a port, an identity endpoint, and retries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::provision::{DATABASE, FIRST, FUNCTIONS, ROLE};
use crate::support::identity::{Behavior, Endpoint, MARK, SECRET, TokenServer};
use crate::support::process::{Process, command};
use crate::support::server::Server;

const ADMINISTRATOR: &str = "provisioner";

struct Scene {
    server: Server,
    token_server: Arc<TokenServer>,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new(functions: &str, behavior: Behavior) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Server::start());
        runtime.block_on(server.execute("postgres", functions));
        let token_server = TokenServer::new(server.owner("postgres"), ADMINISTRATOR, behavior);
        Self {
            server,
            token_server,
            runtime,
        }
    }

    fn open(&self) -> Endpoint {
        self.runtime.block_on(Endpoint::open(&self.token_server, 0))
    }

    /// The role step with the settings of its site. `Process` chooses the port.
    fn role_step(&self, endpoint: &Endpoint, role: &str) -> Process {
        let mut handler = command(&["provision".to_owned()], &[]);
        handler
            .envs(self.server.settings(DATABASE))
            .envs(endpoint.settings())
            .env("PGUSER", ADMINISTRATOR)
            .envs([("APP_ROLE", role), ("APP_OBJECT_ID", FIRST)]);
        Process::spawn(handler)
    }

    fn roles(&self) -> i64 {
        self.runtime.block_on(async {
            let mut owner = PgConnection::connect_with(&self.server.owner("postgres"))
                .await
                .unwrap();
            let sql = "select count(*) from principals";
            sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
        })
    }
}

fn health(handler: &Process) -> Value {
    let reply = handler.send("GET", "/health", &[]).unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// The first progress that meets the condition.
fn progress(handler: &Process, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let progress = health(handler);
        if wanted(&progress) {
            return progress;
        }
        assert!(Instant::now() < deadline, "{progress:#}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn failed_attempts_are_repeated_until_the_database_is_ready() {
    let scene = Scene::new(FUNCTIONS, Behavior::Status(500));
    let endpoint = scene.open();
    let mut handler = scene.role_step(&endpoint, ROLE);
    let running = progress(&handler, |progress| progress["attempt"].as_u64() >= Some(2));
    assert_eq!(running["state"], "running");
    let line = running["lines"][0].as_str().unwrap();
    assert!(line.contains("the identity endpoint answers 500"), "{line}");

    scene.token_server.set(Behavior::Issues(3_600));
    let done = progress(&handler, |progress| progress["state"] != "running");
    assert_eq!(done["state"], "done", "{done:#}");
    let lines = done["lines"].as_array().unwrap();
    let last = lines.last().unwrap().as_str().unwrap();
    assert!(last.contains("read and write, and nothing else"), "{last}");
    assert_eq!(scene.roles(), 1);

    // It serves nothing else, and does not repeat what is done.
    for path in ["/", "/health/live", "/api/visits"] {
        assert_eq!(
            handler.send("GET", path, &[]).unwrap().status,
            404,
            "{path}"
        );
    }
    assert_eq!(health(&handler), done);
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
    for text in [done.to_string(), handler.log()] {
        assert!(!text.contains(MARK) && !text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_wrong_setting_fails_at_once_and_keeps_the_reason() {
    let scene = Scene::new(FUNCTIONS, Behavior::Issues(3_600));
    let endpoint = scene.open();
    let mut handler = scene.role_step(&endpoint, ADMINISTRATOR);
    let failed = progress(&handler, |progress| progress["state"] != "running");
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["attempt"], 1);
    let line = failed["lines"][0].as_str().unwrap();
    assert!(
        line.contains("--app-role is the role that you are connected as"),
        "{line}"
    );
    assert_eq!(health(&handler), failed);
    handler.signal(Signal::TERM);
    assert_eq!(handler.wait(), Some(0));
}

#[test]
fn a_server_without_entra_functions_fails_at_once() {
    let login = "create role provisioner login createrole createdb password 'x'";
    let scene = Scene::new(login, Behavior::Issues(3_600));
    let endpoint = scene.open();
    let handler = scene.role_step(&endpoint, ROLE);
    let failed = progress(&handler, |progress| progress["state"] != "running");
    assert_eq!(
        (&failed["state"], &failed["attempt"]),
        (&"failed".into(), &1.into())
    );
    let line = failed["lines"][0].as_str().unwrap();
    assert!(line.contains("does not know Entra roles"), "{line}");
}

#[test]
fn three_instances_at_once_create_one_role() {
    let scene = Scene::new(FUNCTIONS, Behavior::Issues(3_600));
    let endpoint = scene.open();
    let handlers: Vec<_> = (0..3).map(|_| scene.role_step(&endpoint, ROLE)).collect();
    for handler in &handlers {
        let done = progress(handler, |progress| progress["state"] != "running");
        assert_eq!(done["state"], "done", "{done:#}");
    }
    assert_eq!(scene.roles(), 1);
}
