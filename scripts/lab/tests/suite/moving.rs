//! `scripts/move`: moves the database to another server while instances serve and callers post.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::outage::callers::{Callers, Tolerance};
use crate::outage::client::Client;
use crate::outage::eventually;
use crate::outage::handler::{Handler, program};
use crate::outage::server::Postgres;
use crate::scratch::text;

/// Every other one with keys. They share three instances.
const CALLERS: u16 = 18;
/// The visits that must be acknowledged in each part of the move.
const VISITS: u64 = 500;

/// The rights that `handler provision` grants the app's role.
const APP_ROLE: &str = "
    create role app login password 'app';
    grant select, insert, update, delete on all tables in schema public to app;
    grant usage on all sequences in schema public to app;
    revoke insert, update, delete on _sqlx_migrations from app";

/// A server with the app's schema and role. Its role `visits` is the administrator.
struct Administered(Postgres);

impl Administered {
    fn start(settings: &[&str]) -> Self {
        let mut postgres = Postgres::start(None, settings);
        postgres.make_superuser();
        let migrated = Command::new(program())
            .arg("migrate")
            .env_clear()
            .env("DATABASE_URL", postgres.url())
            .output()
            .unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        let server = Self(postgres);
        server.sql(APP_ROLE);
        server
    }

    /// The app's URL.
    fn app_url(&self) -> String {
        format!("postgresql://app:app@127.0.0.1:{}/visits", self.0.port())
    }

    /// The administrator's URL without the password, and the password.
    fn administrator(&self) -> (String, String) {
        let url = self.0.url();
        let (scheme, rest) = url.split_once("://visits:").unwrap();
        let (password, server) = rest.split_once('@').unwrap();
        (format!("{scheme}://visits@{server}"), password.to_owned())
    }

    fn sql(&self, statements: &str) -> String {
        let output = Command::new("psql")
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statements, "-d"])
            .arg(self.0.url())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout).trim().to_owned()
    }
}

/// Runs `scripts/move STEP` between the two servers.
fn step(step: &str, old: &Administered, new: &Administered) -> Output {
    let ((old_url, old_password), (new_url, new_password)) =
        (old.administrator(), new.administrator());
    let output = script()
        .arg(step)
        .env("OLD_DATABASE_URL", old_url)
        .env("OLD_PGPASSWORD", &old_password)
        .env("NEW_DATABASE_URL", new_url)
        .env("NEW_PGPASSWORD", &new_password)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    println!("{step}: {said}");
    assert!(!said.contains(&old_password) && !said.contains(&new_password));
    output
}

fn script() -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../move");
    let mut command = Command::new(script);
    command.stdin(Stdio::null());
    command
}

#[track_caller]
fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[track_caller]
fn refused(output: &Output, code: i32, sentence: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(sentence), "{said}");
}

/// Measures the longest time without an acknowledged visit.
struct Pause {
    stop: Arc<AtomicBool>,
    watcher: JoinHandle<Duration>,
}

impl Pause {
    fn watch(count: impl Fn() -> u64 + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watcher = std::thread::spawn(move || {
            let (mut last, mut since, mut longest) = (count(), Instant::now(), Duration::ZERO);
            while !stopped.load(Ordering::SeqCst) {
                let now = count();
                if now != last {
                    longest = longest.max(since.elapsed());
                    (last, since) = (now, Instant::now());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            longest
        });
        Self { stop, watcher }
    }

    fn longest(self) -> Duration {
        self.stop.store(true, Ordering::SeqCst);
        self.watcher.join().unwrap()
    }
}

#[test]
fn a_register_moves_under_load_and_no_visit_is_lost_or_counted_twice() {
    let old = Administered::start(&["wal_level=logical"]);
    let new = Administered::start(&[]);
    let url = old.app_url();
    let settings = [("DATABASE_URL", url.as_str()), ("MIGRATE", "off")];
    let mut instances = [(); 3].map(|()| Handler::start(&settings));
    let doors = instances.iter().map(Handler::door).collect();
    let callers = Callers::visiting_all(doors, CALLERS, Tolerance::Deaths);
    let more = |part: &str| {
        let before = callers.acknowledged();
        eventually(part, || {
            (callers.acknowledged() >= before + VISITS).then_some(())
        });
    };
    more("visits before the copy");
    refused(&step("cutover", &old, &new), 1, "copy has not run");
    done(&step("check", &old, &new));
    done(&step("copy", &old, &new));
    // Repeated, as after an interruption.
    done(&step("copy", &old, &new));
    more("visits while changes follow");
    let status = step("status", &old, &new);
    for line in [
        "the old server accepts writes",
        "the new server is closed to writes",
    ] {
        refused(&status, 0, line);
    }

    // A visit that the old server does not have: the servers differ, and the old one stays in use.
    new.sql(
        "set session_replication_role = replica;
         insert into visits (id, recorded_ms, instance_id) values (0, 0, 'nobody')",
    );
    let differing = step("cutover", &old, &new);
    refused(&differing, 1, "the servers differ");
    refused(&differing, 1, "the old server accepts writes again");
    new.sql("set session_replication_role = replica; delete from visits where id = 0");
    more("visits after a cutover that was given up");

    let pause = Pause::watch(callers.count());
    done(&step("cutover", &old, &new));
    // Only the health check tells an operator that an instance still uses the old server.
    let mut client = Client::new(instances[0].door());
    eventually("the old server is unhealthy", || {
        let health = client.send("GET", "/health", &[]).ok()?;
        let error = "visits cannot be recorded: the database is read-only";
        (health.status == 503 && health.json()["error"] == error).then_some(())
    });
    for instance in &mut instances {
        instance.restart_with("DATABASE_URL", &new.app_url());
    }
    more("visits on the new server");
    println!("the longest time without a visit: {:?}", pause.longest());

    refused(&step("rollback", &old, &new), 1, "move them the other way");
    done(&step("verify", &old, &new));
    done(&step("finish", &old, &new));
    assert_eq!(old.sql("select count(*) from pg_replication_slots"), "0");
    more("visits after the end");
    callers.finish("moved");
    for instance in &instances {
        instance.assert_never_ended_by_itself();
    }
    // The old server accepts no writes from any client.
    let late = Command::new("psql")
        .args(["-Xq", "-c", "delete from visits", "-d"])
        .arg(old.0.url())
        .output()
        .unwrap();
    assert!(text(&late.stderr).contains("being moved to another server"));
}

#[test]
fn a_move_that_is_canceled_leaves_the_old_server_as_it_was() {
    let old = Administered::start(&["wal_level=logical"]);
    let new = Administered::start(&[]);
    old.sql("insert into visits (recorded_ms, instance_id) values (1, 'one')");
    done(&step("copy", &old, &new));
    assert_eq!(new.sql("select instance_id from visits"), "one");
    // Only the replication may write there.
    let output = Command::new("psql")
        .args(["-Xq", "-c", "delete from visits", "-d"])
        .arg(new.0.url())
        .output()
        .unwrap();
    assert!(text(&output.stderr).contains("being moved to another server"));
    done(&step("cancel", &old, &new));
    old.sql("insert into visits (recorded_ms, instance_id) values (2, 'one')");
    let left =
        "select (select count(*) from pg_replication_slots) + (select count(*) from pg_publication)
        + (select count(*) from pg_trigger where not tgisinternal)";
    assert_eq!(old.sql(left), "0");
    refused(&step("copy", &old, &new), 1, "has visits already");
}

#[test]
fn after_the_cutover_the_old_server_cannot_be_used_again() {
    let old = Administered::start(&["wal_level=logical"]);
    let new = Administered::start(&[]);
    // The role with which the new server logs in exists only on the old server.
    old.sql(
        "create role mover login replication; grant select on all tables in schema public to mover",
    );
    let insert = "insert into visits (recorded_ms, instance_id) values (1, 'one')";
    old.sql(insert);
    done(&step("copy", &old, &new));
    // A lock that vacuum holds prevents the new server's table from being opened for writes.
    let mut vacuum = Command::new("psql")
        .args(["-Xq", "-d", &new.0.url(), "-c"])
        .arg("begin; lock table visits in share update exclusive mode; select pg_sleep(600)")
        .spawn()
        .unwrap();
    eventually("the table is locked", || {
        let locks = "select count(*) from pg_locks where relation = 'visits'::regclass
            and mode = 'ShareUpdateExclusiveLock'";
        (new.sql(locks) == "1").then_some(())
    });
    let theirs = "belong to the new server";
    refused(&step("cutover", &old, &new), 1, theirs);
    for again in ["rollback", "cancel"] {
        refused(&step(again, &old, &new), 1, theirs);
    }
    let refuses = |server: &Administered| {
        let output = Command::new("psql")
            .args(["-Xq", "-d", &server.0.url(), "-c", insert])
            .output()
            .unwrap();
        text(&output.stderr).contains("being moved to another server")
    };
    assert!(refuses(&old) && refuses(&new));
    new.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'",
    );
    vacuum.wait().unwrap();
    done(&step("cutover", &old, &new));
    refused(&step("cutover", &old, &new), 1, "cut over already");
    refused(&step("rollback", &old, &new), 1, theirs);
    assert!(refuses(&old) && !refuses(&new));
    assert_eq!(
        new.sql("select string_agg(id::text, ' ' order by id) from visits"),
        "1 2"
    );
}

#[test]
fn a_server_that_is_not_ready_gets_instructions() {
    let old = Administered::start(&[]);
    let new = Administered::start(&[]);
    refused(
        &step("check", &old, &new),
        1,
        "wal_level of the old server is replica",
    );
    refused(&step("verify", &old, &new), 1, "run it after cutover");
    refused(
        &step("finish", &old, &new),
        1,
        "the old server accepts writes",
    );
    refused(&step("nonsense", &old, &new), 2, "no step nonsense");
    let mut unset = script();
    let output = unset
        .arg("check")
        .env_remove("OLD_DATABASE_URL")
        .output()
        .unwrap();
    refused(&output, 2, "set OLD_DATABASE_URL");
    let (url, _) = new.administrator();
    let mut exposed = script();
    exposed.arg("check").env("NEW_DATABASE_URL", url);
    let output = exposed
        .env("OLD_DATABASE_URL", old.0.url())
        .output()
        .unwrap();
    refused(&output, 2, "contains a password");
}
