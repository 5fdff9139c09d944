//! The PostgreSQL server stops, restarts, or hangs.

use std::time::Duration;

use super::case::Case;
use crate::outage::handler::through_pooler;
use crate::outage::server::Postgres;

#[test]
fn the_server_stops_immediately() {
    let mut postgres = Postgres::start(None, &[]);
    let mut case = Case::in_service("stopped hard", &[("DATABASE_URL", &postgres.url())]);
    postgres.crash();
    case.endures(Duration::from_secs(2));
    postgres.resume();
    case.recovers();
    case.closes();
}

#[test]
fn the_server_behind_a_pooler_stops_immediately() {
    let mut postgres = Postgres::start(None, &[]);
    let pooler = postgres.pooler();
    let url = postgres.url();
    let settings = through_pooler(pooler.url(), &url);
    let mut case = Case::in_service("stopped hard behind PgBouncer", &settings);
    postgres.crash();
    case.endures(Duration::from_secs(2));
    postgres.resume();
    case.recovers();
    case.closes();
}

#[test]
fn the_server_restarts_properly() {
    let mut postgres = Postgres::start(None, &[]);
    let mut case = Case::in_service("restarted", &[("DATABASE_URL", &postgres.url())]);
    postgres.shut_down();
    postgres.resume();
    case.recovers();
    case.closes();
}

#[test]
fn the_server_hangs_for_longer_than_a_statement_may_take() {
    let mut postgres = Postgres::start(None, &[]);
    let mut case = Case::in_service("stands still", &[("DATABASE_URL", &postgres.url())]);
    postgres.freeze();
    case.endures(Duration::from_millis(6_500));
    postgres.thaw();
    case.recovers();
    case.closes();
}
