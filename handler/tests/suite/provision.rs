//! `handler provision` on a PostgreSQL with Azure's functions, and the app with the role that it creates.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::process::{Process, command};
use crate::support::server::Server;
use crate::support::{TestApp, reserved_port};
use handler::store::Retention;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

pub(crate) const ROLE: &str = "ev-test-app";
pub(crate) const DATABASE: &str = "elastic_visits";
pub(crate) const FIRST: &str = "0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10";
const SECOND: &str = "7c9d2a44-11f0-4b62-9d5e-2f8a6b1c3d4e";

/// The functions as documented: they exist in the database `postgres`, and the second one creates a role that may log
/// in.
pub(crate) const FUNCTIONS: &str = r#"
    create table principals (rolname name, objectid text, isadmin int);
    create function pgaadauth_list_principals(isadminvalue boolean)
    returns table (rolname name, principaltype text, objectid text, tenantid text, ismfa int, isadmin int)
    language sql security definer as $$
        select p.rolname, 'service', p.objectid, 'tenant', 0, p.isadmin
        from principals as p join pg_roles as r on r.rolname = p.rolname
        where p.isadmin = 1 or not isadminvalue
    $$;
    create function pgaadauth_create_principal_with_oid(
        rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean
    ) returns text language plpgsql security definer as $$
    begin
        if objecttype <> 'service' or isadmin or ismfa then raise exception 'not as expected'; end if;
        execute format('create role %I login password %L', rolename, 'token');
        delete from principals as p where p.rolname = rolename;
        insert into principals values (rolename, objectid, 0);
        return 'Created role for ' || rolename;
    end $$;
    create role azure_pg_admin;
    create role provisioner login createrole createdb in role azure_pg_admin password 'admin-token';
    create role colleague login createrole createdb in role azure_pg_admin password 'admin-token'
"#;

struct Azure {
    server: Server,
    runtime: tokio::runtime::Runtime,
}

impl Azure {
    fn new(functions: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Server::start());
        runtime.block_on(server.execute("postgres", functions));
        Self { server, runtime }
    }

    fn provision(&self, role: &str, object_id: &str, user: &str, password: &str) -> Output {
        let arguments = [
            "provision",
            "--app-role",
            role,
            "--app-object-id",
            object_id,
        ];
        command(&arguments.map(str::to_owned), &[])
            .envs(self.server.settings(DATABASE))
            .env_remove("PGDATABASE")
            .env("PGSSLMODE", "verify-full")
            .env("PGUSER", user)
            .env("PGPASSWORD", password)
            .output()
            .unwrap()
    }

    fn provisioned(&self, object_id: &str) -> String {
        let output = self.provision(ROLE, object_id, "provisioner", "admin-token");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, role: &str, object_id: &str) -> String {
        let output = self.provision(role, object_id, "provisioner", "admin-token");
        assert_ne!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn execute(&self, database: &str, sql: &str) {
        self.runtime.block_on(self.server.execute(database, sql));
    }

    /// The server's error when the role tries this.
    fn tried(&self, sql: &str) -> Result<(), String> {
        self.runtime.block_on(async {
            let login = self.server.login(ROLE, "token", DATABASE);
            let mut app = PgConnection::connect_with(&login).await.unwrap();
            let tried = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
                .execute(&mut app)
                .await;
            let code = |error: sqlx::Error| {
                let code = error.as_database_error().and_then(|error| error.code());
                code.map_or_else(|| error.to_string(), |code| code.into_owned())
            };
            tried.map(|_| ()).map_err(code)
        })
    }

    /// One number, read without the app.
    fn number(&self, sql: &'static str) -> i64 {
        self.runtime.block_on(async {
            let owner = self.server.owner(DATABASE);
            let mut owner = PgConnection::connect_with(&owner).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
        })
    }

    /// Runs retention with this role, as if two days had passed.
    fn forget(&self) {
        for (table, column) in [
            ("idempotency_keys", "recorded_ms"),
            ("visits", "recorded_ms"),
        ] {
            let sql = format!("update {table} set {column} = {column} - 2 * 86400000");
            self.execute(DATABASE, &sql);
        }
        let url = format!(
            "postgres://{ROLE}:token@localhost:{}/{DATABASE}?sslmode=verify-full&sslrootcert={}",
            self.server.port,
            self.server.root()
        );
        let flags = ["--database-url".to_owned(), url];
        self.runtime.block_on(async {
            let app = TestApp::start(&flags, &["--migrate", "off"]);
            app.service.database().ready().await;
            let retention = Retention {
                database: app.service.database().clone(),
                keep_addresses: Duration::from_secs(86_400),
            };
            retention.turn().await.unwrap();
            app.stop().await;
        });
    }

    fn handler(&self) -> Process {
        let mut handler = command(&[], &["--heartbeat-seconds", "0.2"]);
        handler
            .envs(self.server.settings(DATABASE))
            .envs([("PGSSLMODE", "verify-full"), ("MIGRATE", "off")])
            .envs([("PGUSER", ROLE), ("PGPASSWORD", "token")]);
        Process::spawn(handler)
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_role_step_can_be_repeated() {
    let azure = Azure::new(FUNCTIONS);
    let said = azure.provisioned(FIRST);
    assert_eq!(
        said,
        format!(
            "role {ROLE} created for identity {FIRST}\n\
             database {DATABASE} made\n\
             schema of {DATABASE} is up to date\n\
             role {ROLE} may connect to {DATABASE}, read and write, and nothing else\n"
        )
    );
    let handler = azure.handler();
    handler.eventually("/health", 200);
    let visit = || handler.send("POST", "/api/visit", &[]).unwrap().status;
    assert_eq!(visit(), 201);
    // The app keeps serving while nothing is changed.
    let said = azure.provisioned(FIRST);
    assert!(
        said.starts_with(&format!(
            "role {ROLE} is there\ndatabase {DATABASE} is there\n"
        )),
        "{said}"
    );
    assert_eq!(visit(), 201);
    drop(handler);
    // The identity was created again: it gets the role, and the visits still exist.
    let said = azure.provisioned(SECOND);
    assert!(
        said.contains("was dropped\n") && said.contains(&format!("created for identity {SECOND}")),
        "{said}"
    );
    let handler = azure.handler();
    let visits = handler.eventually("/api/visits", 200).json();
    assert_eq!(visits["total_visits"], 2);
}

/// Each administrator of an Azure server is a separate role, and a member of `azure_pg_admin`.
#[test]
fn an_administrator_can_continue_the_work_of_another() {
    let azure = Azure::new(FUNCTIONS);
    azure.provisioned(FIRST);
    let handler = azure.handler();
    handler.eventually("/health", 200);
    let visit = || handler.send("POST", "/api/visit", &[]).unwrap().status;
    assert_eq!(visit(), 201);
    for (administrator, object_id) in [
        ("colleague", FIRST),
        ("colleague", SECOND),
        ("provisioner", SECOND),
        ("provisioner", FIRST),
    ] {
        let output = azure.provision(ROLE, object_id, administrator, "admin-token");
        assert!(output.status.success(), "{administrator}: {output:?}");
    }
    drop(handler);
    let handler = azure.handler();
    let visits = handler.eventually("/api/visits", 200).json();
    assert_eq!(visits["total_visits"], 1);
}

#[test]
fn obstacles_are_reported() {
    let azure = Azure::new(FUNCTIONS);
    // A database that somebody created beforehand is used, but not a role.
    azure.execute(
        "postgres",
        "create database elastic_visits owner provisioner",
    );
    azure.execute("postgres", "create role somebody");
    let message = azure.refused("somebody", FIRST);
    assert!(message.contains("not an Entra role"), "{message}");
    azure.execute(
        "postgres",
        "insert into principals values ('somebody', '0d0e0b2f-3a5c-4d9e-8c61-5f2d7e3a9b10', 1)",
    );
    let message = azure.refused("somebody", FIRST);
    assert!(
        message.contains("Entra administrator of this server"),
        "{message}"
    );
    let message = azure.refused("provisioner", FIRST);
    assert!(message.contains("name another role"), "{message}");
    let said = azure.provisioned(FIRST);
    assert!(
        said.contains(&format!("database {DATABASE} is there")),
        "{said}"
    );
    // Its administrator gave it to the role that all administrators share.
    azure.execute(
        "postgres",
        "create role stranger login createrole createdb password 'admin-token'",
    );
    let output = azure.provision(ROLE, FIRST, "stranger", "admin-token");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && message.contains("belongs to azure_pg_admin"),
        "{message}"
    );
    // The role owns something, so it is not dropped.
    azure.execute("postgres", "create database theirs");
    azure.execute("postgres", "alter database theirs owner to \"ev-test-app\"");
    let message = azure.refused(ROLE, SECOND);
    assert!(message.contains("owns something"), "{message}");

    for (role, object_id) in [
        ("", FIRST),
        ("pg_app", FIRST),
        ("azure_pg_admin", FIRST),
        (&"x".repeat(64), FIRST),
        (ROLE, "the app"),
    ] {
        let output = azure.provision(role, object_id, "provisioner", "admin-token");
        assert!(
            [Some(2), Some(64)].contains(&output.status.code()),
            "{output:?}"
        );
    }
    // Any text can be a name.
    let role = "it's \"quoted\"; drop table visits; --";
    let output = azure.provision(role, SECOND, "provisioner", "admin-token");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_server_outside_azure_is_reported() {
    let azure =
        Azure::new("create role provisioner login createrole createdb password 'admin-token'");
    let message = azure.refused(ROLE, FIRST);
    assert!(
        message.contains("connect as an Entra administrator of an Azure server"),
        "{message}"
    );
}

#[test]
fn the_whole_app_works_with_a_role_that_only_reads_and_writes() {
    let azure = Azure::new(FUNCTIONS);
    azure.provisioned(FIRST);
    let mut handler = azure.handler();
    handler.eventually("/health", 200);
    let key = [("idempotency-key", "one-visit-only")];
    let visit = |headers| handler.send("POST", "/api/visit", headers).unwrap();
    let first = visit(&key);
    assert_eq!(first.status, 201);
    assert_eq!(visit(&key).json()["id"], first.json()["id"]);
    assert_eq!(visit(&[]).status, 201);
    assert_eq!(
        handler.eventually("/api/visits", 200).json()["total_visits"],
        2
    );
    // Fleet commands, which this instance reads from the database.
    let path = "/api/stress?scope=fleet&wait=false&duration=60&intensity=1000";
    let ordered = handler.send("GET", path, &[]).unwrap();
    assert_eq!(ordered.status, 202, "{ordered:?}");
    let runs = || handler.eventually("/api/metrics", 200).json()["stress"]["running"] == true;
    until("the fleet command is followed", runs);
    let ended = handler.send("DELETE", "/api/stress", &[]).unwrap();
    assert!(ended.status < 300, "{ended:?}");
    until("the stop is followed", || !runs());
    // Heartbeats, and the timeline made from them.
    let rolled_up = || azure.number("select count(*) from timeline");
    until("a roll-up", || rolled_up() > 0);
    let live = || handler.eventually("/api/instances", 200).json()["live"] == 1;
    until("the instance is live", live);
    handler.eventually("/api/timeline", 200);
    handler.eventually("/metrics", 200);

    azure.forget();
    assert_eq!(azure.number("select count(*) from idempotency_keys"), 0);
    assert_eq!(
        azure.number("select count(*) from visits where ip_address is not null"),
        0
    );
    assert_eq!(azure.number("select count(*) from visits"), 2);

    // Everything that it may do with the data, and nothing else.
    for sql in [
        "delete from idempotency_keys; delete from stress_orders; delete from timeline",
        "update visits set ip_address = null; update progress set position = position",
        "select 1 from _sqlx_migrations",
    ] {
        assert_eq!(azure.tried(sql), Ok(()), "{sql}");
    }
    let denied = Err("42501".to_owned());
    for sql in [
        "create table mine (id int)",
        "create temporary table mine (id int)",
        "create schema mine",
        "create database mine",
        "create role mine",
        "alter table visits add column mine int",
        "drop table visits",
        "truncate visits",
        "create index mine on visits (recorded_ms)",
        "alter database elastic_visits set work_mem = '1GB'",
        "delete from _sqlx_migrations",
    ] {
        let tried = azure.tried(sql);
        assert_eq!(tried, denied, "{sql}");
    }
    // After this has been run again, the app can also use a table of a later migration.
    azure.runtime.block_on(async {
        let login = azure.server.login("provisioner", "admin-token", DATABASE);
        let mut owner = PgConnection::connect_with(&login).await.unwrap();
        let sql = "set role azure_pg_admin;
            create table later (id bigint generated by default as identity, at_ms bigint)";
        sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
    });
    azure.provisioned(FIRST);
    let sql = "insert into later (at_ms) values (1); update later set at_ms = 2; delete from later";
    assert_eq!(azure.tried(sql), Ok(()));
    let log = handler.log();
    assert!(
        !log.contains("42501") && !log.contains("permission denied"),
        "{log}"
    );
}

#[test]
fn an_unavailable_server_is_reported_in_one_sentence() {
    let (_reserved, port) = reserved_port();
    let arguments = ["provision", "--app-role", ROLE, "--app-object-id", FIRST];
    let output = command(&arguments.map(str::to_owned), &[])
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", port.to_string())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("Connection refused").count(), 1, "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
