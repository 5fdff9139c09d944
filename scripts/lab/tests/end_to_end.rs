//! The packaged function app behind `lab up`. Everything is real, from the port to the database.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "suite/support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use support::http::head;
use support::{Host, Root, alive, eventually, signal};

/// The database of the visits.
#[derive(Clone, Copy)]
enum Database {
    Sqlite,
    Postgres,
}

/// The folder that `lab package` created. `scripts/test` passes it.
fn app_root() -> PathBuf {
    let given = std::env::var_os("APP_ROOT").map(PathBuf::from);
    let root =
        given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/app"));
    assert!(
        root.join("handler").exists(),
        "there is no function app in {}: run ./scripts/test --only end_to_end",
        root.display()
    );
    root
}

fn app(database: Database) -> Root {
    let mut root = Root::over(app_root());
    match database {
        Database::Sqlite => {
            let path = root.files().join("data/visits.db");
            root.variable("SQLITE_PATH", path.to_str().unwrap());
        }
        Database::Postgres => {
            let url = std::env::var("TEST_DATABASE_URL")
                .expect("./scripts/test starts a PostgreSQL server");
            root.variable("DATABASE_URL", &url);
        }
    }
    root
}

fn up(database: Database, arguments: &[&str]) -> Host {
    serve(app(database), arguments)
}

fn serve(root: Root, arguments: &[&str]) -> Host {
    let host = root.up(arguments);
    eventually("the database is there", || {
        (host.get("/health").status == 200).then_some(())
    });
    host
}

fn total(host: &Host) -> usize {
    usize::try_from(
        host.get("/api/visits?limit=1").json()["total_visits"]
            .as_u64()
            .unwrap(),
    )
    .unwrap()
}

/// Ids of all visits in the register, page by page.
fn all_ids(host: &Host) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut target = "/api/visits?limit=100".to_owned();
    loop {
        let page = host.get(&target).json();
        ids.extend(
            page["recent_visits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|visit| visit["id"].as_i64().unwrap()),
        );
        let Some(before) = page["next_before"].as_i64() else {
            return ids;
        };
        target = format!("/api/visits?limit=100&before={before}");
    }
}

/// The running child processes of `parent`.
fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        after_name.split_whitespace().nth(1) == Some(&parent.to_string()) && alive(*process)
    };
    processes.filter(is_child).collect()
}

fn is_running(host: &Host) -> bool {
    host.get("/api/metrics").json()["stress"]["running"] == true
}

/// `docs/concepts/privacy.md`: the host replaces the caller's `X-Forwarded-For`.
#[test]
fn a_caller_cannot_choose_its_address() {
    let host = up(Database::Sqlite, &[]);
    let forged = [
        ("X-Forwarded-For", "203.0.113.7:5000"),
        ("Forwarded", "for=203.0.113.7"),
    ];
    let visit = host.request("POST", "/api/visit", &forged, "{}");
    assert_eq!(visit.json()["ip"], "127.0.0.1");
}

#[test]
fn the_api_answers_through_the_host() {
    let mut root = app(Database::Sqlite);
    root.variable("CLIENT_IP_HEADER", "x-azure-socketip");
    let host = serve(root, &[]);
    let visit = host.request(
        "POST",
        "/api/visit",
        &[
            ("X-Forwarded-For", "198.51.100.1"),
            ("X-Azure-SocketIP", "203.0.113.7"),
        ],
        "{}",
    );
    assert_eq!(visit.status, 201);
    assert_eq!(visit.json()["ip"], "203.0.113.7");
    assert_eq!(
        visit.header("x-instance-id").unwrap(),
        visit.json()["instance_id"]
    );
    assert_eq!(visit.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        host.get("/api/visits").json()["recent_visits"][0]["id"],
        visit.json()["id"]
    );
    assert_eq!(host.get("/health").json()["db_type"], "sqlite");
    assert!(host.get("/api/openapi.json").json()["paths"]["/api/visit"].is_object());
    assert_eq!(
        host.get("/api/stress?duration=0.1").json()["status"],
        "completed"
    );
    assert_eq!(host.get("/").json()["message"], "Elastic Visits API");
    let page = host.request("GET", "/", &[("Accept", "text/html")], "");
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    // The dashboard's script.
    let script = page
        .text()
        .split('"')
        .find(|text| text.starts_with('/') && text.ends_with(".js"))
        .unwrap();
    assert_eq!(host.get(script).status, 200, "{script}");

    // Probes may use HEAD. Nothing else is listed for it.
    assert_eq!(host.request("HEAD", "/health/live", &[], "").status, 200);
    assert_eq!(host.request("HEAD", "/api/visits", &[], "").status, 404);
    // A method that no function lists does not reach the handler, but a GET reaches the catch-all.
    let refused = host.request("DELETE", "/api/visit", &[], "");
    assert_eq!((refused.status, refused.body.len()), (404, 0));
    let wrong = host.get("/api/visit");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    for missing in ["/api/nope", "/index.html", "/API/VISITS", "/api/visits/"] {
        let answer = host.get(missing);
        assert_eq!(answer.status, 404, "{missing}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{missing}"
        );
    }
    let large = host.request("POST", "/api/visit", &[], &"x".repeat(1_000_000));
    assert_eq!(
        (large.status, large.json()["status"].as_u64()),
        (413, Some(413))
    );
    assert_eq!(total(&host), 1);
}

#[test]
fn the_count_is_still_there_after_a_restart() {
    let mut first = up(Database::Sqlite, &[]);
    for _ in 0..3 {
        assert_eq!(first.request("POST", "/api/visit", &[], "").status, 201);
    }
    stop(&mut first);
    let mut root = Root::over(app_root());
    root.variable(
        "SQLITE_PATH",
        first.root.files().join("data/visits.db").to_str().unwrap(),
    );
    let second = root.up(&[]);
    eventually("the database is there", || {
        (second.get("/health").status == 200).then_some(())
    });
    assert_eq!(total(&second), 3);
}

/// Ends the host like Ctrl+C, and checks that no process is left.
fn stop(host: &mut Host) {
    let handlers = children(host.id());
    assert_eq!(handlers.len(), 1);
    host.signal("INT");
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(0), "{printed}");
    eventually("the handler is gone", || {
        (!alive(handlers[0])).then_some(())
    });
}

#[test]
fn every_acknowledged_visit_survives_two_kills_on_sqlite() {
    survives_two_kills(Database::Sqlite);
}

#[test]
fn every_acknowledged_visit_survives_two_kills_on_postgresql() {
    survives_two_kills(Database::Postgres);
}

fn survives_two_kills(database: Database) {
    const CALLERS: usize = 200;
    const EACH: usize = 5;
    let host = Arc::new(up(database, &[]));
    let before = total(&host);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (host, acknowledged) = (Arc::clone(&host), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                let visits = (0..EACH).map(|_| host.request("POST", "/api/visit", &[], ""));
                let ids = visits.filter_map(|visit| match visit.status {
                    201 => {
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                        Some(visit.json()["id"].as_i64().unwrap())
                    }
                    // A request in progress when the handler died. The host reports no details.
                    500 => None,
                    // A handler that has just started and not yet opened its database.
                    503 => None,
                    other => panic!("{other}: {visit:?}"),
                });
                ids.collect::<Vec<_>>()
            })
        })
        .collect();
    for wanted in [100, 400] {
        eventually("visits are acknowledged", || {
            (acknowledged.load(Ordering::Relaxed) >= wanted).then_some(())
        });
        let handler = eventually("a handler runs", || children(host.id()).first().copied());
        signal(handler, "KILL");
        eventually("it is dead", || (!alive(handler)).then_some(()));
    }
    let ids: Vec<i64> = callers
        .into_iter()
        .flat_map(|caller| caller.join().unwrap())
        .collect();
    eventually("service is back", || {
        (host.get("/health").status == 200).then_some(())
    });
    assert_eq!(host.request("POST", "/api/visit", &[], "").status, 201);

    let stored = all_ids(&host);
    let distinct: HashSet<i64> = stored.iter().copied().collect();
    assert_eq!(distinct.len(), stored.len(), "a row is listed twice");
    let given: HashSet<i64> = ids.iter().copied().collect();
    assert_eq!(given.len(), ids.len(), "an id was given twice");
    assert!(
        given.is_subset(&distinct),
        "lost: {:?}",
        given.difference(&distinct)
    );
    assert_eq!(total(&host), stored.len());
    assert!(stored.len() > before + ids.len());
    println!(
        "{} of {} visits acknowledged, {} rows",
        ids.len(),
        CALLERS * EACH,
        stored.len() - before
    );
}

#[test]
fn stress_requires_a_key_and_nothing_bypasses_it() {
    let mut root = app(Database::Sqlite);
    root.variable("STRESS_MAX_SECONDS", "0.2");
    let host = root.up(&["--enable-auth"]);
    let start = "duration=600&intensity=1&wait=false";
    let spellings = [
        "/api/stress",
        "/API/STRESS",
        "/api/Stress/",
        "//api/stress",
        "/api//stress",
        "/api/./stress",
        "/x/../api/stress",
        "/api/%73tress",
        "/api%2Fstress",
        "/api/stress%2F",
        "/api/stress;x",
        "/api/stress%00",
        "/%61pi/stress",
        "/api/stress%20",
        "/api\\stress",
        "/api/%2e/stress",
    ];
    for method in [
        "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "BREW",
    ] {
        for spelling in spellings {
            for key in ["", "&code=wrong"] {
                let answer = host.request(method, &format!("{spelling}?{start}{key}"), &[], "");
                assert!(answer.status >= 400, "{method} {spelling}: {answer:?}");
            }
        }
    }
    for disguise in [
        ("X-Original-URL", "/api/stress"),
        ("X-HTTP-Method-Override", "POST"),
        ("X-Rewrite-URL", "/api/stress"),
    ] {
        host.request("GET", &format!("/?{start}"), &[disguise], "");
    }
    assert!(!is_running(&host));
    let without = host.get("/api/stress?duration=0.1");
    assert_eq!((without.status, without.body.len()), (401, 0));

    let key = |name: &str| {
        host.line(name)
            .split_whitespace()
            .last()
            .unwrap()
            .to_owned()
    };
    let master = key("master");
    let with = host.request(
        "POST",
        &format!("/api/stress?{start}"),
        &[("x-functions-key", &master)],
        "",
    );
    // The query belongs to GET. A POST without a body runs with its defaults, and waits.
    assert_eq!(with.status, 200, "{with:?}");
    let begun = host.request(
        "GET",
        &format!("/api/stress?{start}&code={master}"),
        &[],
        "",
    );
    assert_eq!(begun.status, 202);
    assert!(is_running(&host));
    assert_eq!(host.request("DELETE", "/api/stress", &[], "").status, 401);
    assert!(is_running(&host));
    let stopped = host.request("DELETE", "/api/stress", &[("x-functions-key", &master)], "");
    assert_eq!(stopped.json()["stopped"], 1);
}

#[test]
fn a_caller_that_disconnects_ends_its_run_behind_the_host_too() {
    let host = up(Database::Sqlite, &[]);
    let mut caller = host.open();
    caller.send(head("GET", "/api/stress?duration=100&intensity=1", &[], 0));
    eventually("the run begins", || is_running(&host).then_some(()));
    caller.close();
    eventually("the run ends", || (!is_running(&host)).then_some(()));
}

#[test]
fn warm_up_reaches_the_database() {
    let host = up(Database::Postgres, &["--verbose"]);
    assert_eq!(host.get("/admin/warmup").status, 200);
    host.line("is warm: postgresql answers");
}

#[test]
fn an_absent_database_is_reported_and_its_password_is_not() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgres://nobody:hunter2@127.0.0.1:{port}/nothing");
    let host = Root::over(app_root()).up(&["--verbose", "--database-url", &url]);
    assert_eq!(host.get("/health/live").status, 200);
    let health = host.get("/health");
    assert_eq!(
        (health.status, health.json()["status"].as_str()),
        (503, Some("unhealthy"))
    );
    let visit = host.request("POST", "/api/visit", &[], "");
    assert_eq!(
        (visit.status, visit.json()["status"].clone()),
        (503, Value::from(503))
    );
    assert_eq!(host.get("/admin/warmup").status, 500);
    assert!(!host.printed().contains("hunter2"), "{}", host.printed());
}

// --- The role step, which `scripts/deploy` runs on a site of its own ---

/// The folder of the role step that `lab package` created, next to the folder of the app.
fn role_step_root() -> PathBuf {
    let root = app_root().with_file_name("role-step");
    assert!(
        root.join("handler").exists(),
        "there is no role step in {}: run ./scripts/test --only end_to_end",
        root.display()
    );
    root
}

/// Azure's functions for Entra roles, as they are documented, in the database `postgres` of the tests' server.
const ENTRA: &str = r"
    create table if not exists principals (rolname name, objectid text);
    create or replace function pgaadauth_list_principals(isadminvalue boolean)
    returns table (rolname name, principaltype text, objectid text, tenantid text, ismfa int, isadmin int)
    language sql security definer as $$
        select p.rolname, 'service', p.objectid, 'tenant', 0, 0 from principals as p
    $$;
    create or replace function pgaadauth_create_principal_with_oid(
        rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean
    ) returns text language plpgsql security definer as $$
    begin
        execute format('create role %I login', rolename);
        insert into principals values (rolename, objectid);
        return rolename;
    end $$";

/// A private server with a role that is an administrator, like the provisioner's role in Azure.
struct Administered {
    server: postgres::Server,
    // Dropped after the server.
    _data: tempfile::TempDir,
}

impl Administered {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        // If root runs the tests, PostgreSQL's own account needs access to it.
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(data.path(), everybody).unwrap();
        let cluster = data.path().join("server/cluster");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(async {
            let folder = data.path().join("server");
            let mut server = postgres::Server::start(Some(&folder)).await.unwrap();
            server.shut_down().await.unwrap();
            // Its superuser has no password, so only the single-user mode can use it.
            let owner = cluster.metadata().unwrap();
            let mut single = Command::new(server.binaries().program("postgres"))
                .args(["--single", "-D"])
                .arg(&cluster)
                .arg("postgres")
                .current_dir(&cluster)
                .uid(owner.uid())
                .gid(owner.gid())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut input = single.stdin.take().unwrap();
            input.write_all(b"alter role visits superuser\n").unwrap();
            drop(input);
            assert!(single.wait().unwrap().success());
            server.resume().await.unwrap();
            server
        });
        Self {
            server,
            _data: data,
        }
    }

    /// The server's URL with another database's name.
    fn url(&self, database: &str) -> String {
        let url = self.server.url();
        let (server, _) = url.rsplit_once('/').unwrap();
        format!("{server}/{database}")
    }

    fn execute(&self, database: &str, sql: &str) -> String {
        let output = Command::new(self.server.binaries().program("psql"))
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url(database))
            .args(["-c", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn role_step(url: &str) -> Host {
    let mut root = Root::over(role_step_root());
    root.variable("DATABASE_URL", url);
    root.variable("APP_ROLE", "the-app");
    root.variable("APP_OBJECT_ID", "0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10");
    root.up(&[])
}

/// The progress once it is no longer running.
fn ended(host: &Host) -> Value {
    eventually("the role step ends", || {
        let reply = host.get("/health");
        assert_eq!(reply.status, 200, "{reply:?}");
        Some(reply.json()).filter(|progress| progress["state"] != "running")
    })
}

#[test]
fn the_role_step_prepares_the_database_and_reports_it() {
    let server = Administered::start();
    server.execute("postgres", ENTRA);
    // Another session holds the lock, like the role step of another instance. This one waits, and reports it.
    let lock = "begin; select pg_advisory_lock(7370626172190251); select pg_sleep(3600)";
    let mut holder = Command::new(server.server.binaries().program("psql"))
        .args(["-XqAt", "-d", &server.url("postgres"), "-c", lock])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the lock is held", || {
        let held = "select count(*) from pg_locks where locktype = 'advisory' and granted";
        (server.execute("postgres", held).trim() == "1").then_some(())
    });
    let host = role_step(&server.url("elastic_visits"));
    let waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
    eventually("the role step waits for its turn", || {
        (server.execute("postgres", waits).trim() == "1").then_some(())
    });
    let running = host.get("/health").json();
    assert_eq!(
        (&running["state"], &running["attempt"]),
        (&"running".into(), &1.into())
    );

    let end =
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted";
    server.execute("postgres", end);
    holder.wait().unwrap();
    let done = ended(&host);
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(host.get("/api/visits").status, 404);
    let may_insert = "select has_table_privilege('the-app', 'visits', 'insert')";
    assert_eq!(server.execute("elastic_visits", may_insert).trim(), "t");
}

#[test]
fn a_role_step_that_cannot_succeed_keeps_its_reason() {
    let url =
        std::env::var("TEST_DATABASE_URL").expect("./scripts/test starts a PostgreSQL server");
    // The server has none of Azure's functions.
    let host = role_step(&url);
    let failed = ended(&host);
    assert_eq!(failed["state"], "failed", "{failed:#}");
    let line = failed["lines"][0].as_str().unwrap();
    assert!(line.contains("does not know Entra roles"), "{line}");
    assert_eq!(ended(&host), failed);
}
