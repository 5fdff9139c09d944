//! The PostgreSQL server has no free connection, or accepts no writes.

use std::time::Duration;

use super::case::{Case, READERS};
use crate::outage::cable::Cable;
use crate::outage::eventually;
use crate::outage::server::{Postgres, Session};

/// Ten connections for ordinary roles.
const FEW_CONNECTIONS: [&str; 2] = ["max_connections=12", "superuser_reserved_connections=2"];
const CONNECTIONS: usize = 10;
const POOL_MAX: (&str, &str) = ("DATABASE_POOL_MAX", "4");

/// Takes all available connections.
fn take_all(postgres: &Postgres) -> Vec<Session> {
    let hogs = (0..CONNECTIONS).map(|_| eventually("a connection is free", || postgres.hog()));
    let hogs = hogs.collect();
    assert!(postgres.hog().is_none(), "there is one connection more");
    hogs
}

#[test]
fn a_starting_handler_gets_no_connection() {
    let postgres = Postgres::start(None, &FEW_CONNECTIONS);
    let hogs = take_all(&postgres);
    let url = postgres.url();
    let name = "no connection at the start";
    let mut case = Case::begin(name, &[("DATABASE_URL", &url), POOL_MAX]);
    case.endures(Duration::from_secs(3));
    drop(hogs);
    case.recovers();
    case.closes();
}

#[test]
fn a_running_handler_gets_no_further_connection() {
    let postgres = Postgres::start(None, &FEW_CONNECTIONS);
    let cable = Cable::to(postgres.port());
    let url = postgres.url_at(cable.port);
    let mut case = Case::in_service("no connection left", &[("DATABASE_URL", &url), POOL_MAX]);
    // Other sessions take the handler's connections, and it cannot get them back.
    cable.cut();
    let hogs = take_all(&postgres);
    cable.mend();
    case.endures(Duration::from_secs(3));
    drop(hogs);
    case.recovers();
    case.closes();
}

#[test]
fn the_server_accepts_no_writes() {
    let postgres = Postgres::start(None, &[]);
    let mut control = postgres.session();
    let mut case = Case::in_service("read-only", &[("DATABASE_URL", &postgres.url())]);
    control.ask("alter database visits set default_transaction_read_only = on");
    control.cut_connections();
    case.endures(Duration::ZERO);
    let callers = &mut case.callers;
    // A page may still get a connection that was cut. The pool uses its connections in turn.
    let mut pages = 0;
    eventually("pages are read again", || {
        let is_read = callers.asks("/api/visits") == Some(200);
        pages = if is_read { pages + 1 } else { 0 };
        (pages > READERS).then_some(())
    });
    for _ in 0..50 {
        assert_eq!(callers.asks("/api/visits"), Some(200), "a page");
        assert_eq!(callers.visits(), Some(503), "a visit");
    }
    // This time, the handler's connections are not cut, so they keep their settings.
    control.ask("alter database visits reset default_transaction_read_only");
    case.recovers();
    case.closes();
}

/// As with high availability after the loss of the standby: a commit waits for the standby, but a rollback does not.
#[test]
fn the_servers_commits_do_not_finish() {
    let postgres = Postgres::start(None, &["synchronous_standby_names=nobody"]);
    let mut control = postgres.session();
    control.ask("set synchronous_commit = local");
    control.ask("alter database visits set synchronous_commit = local");
    let mut case = Case::in_service("no standby", &[("DATABASE_URL", &postgres.url())]);
    control.ask("alter database visits set synchronous_commit = on");
    control.cut_connections();
    case.endures(Duration::ZERO);
    // The database responds all the time, so this report does not come from a connection that was cut.
    eventually("the health check notices it", || {
        let health = case.callers.answer("/health")?;
        (health.status == 503 && health.json()["database"] == "connected").then_some(())
    });
    for _ in 0..50 {
        assert_eq!(case.callers.asks("/api/visits"), Some(200), "a page");
    }
    control.ask("alter database visits set synchronous_commit = local");
    control.cut_connections();
    case.recovers();
    case.closes();
}
