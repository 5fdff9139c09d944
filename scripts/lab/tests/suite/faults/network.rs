//! The network between handler and server fails.

use std::time::Duration;

use super::case::Case;
use crate::outage::cable::Cable;
use crate::outage::server::Postgres;

#[test]
fn the_network_closes_connections() {
    network_fails(
        "connections closed",
        Cable::cut,
        Duration::from_secs(2),
        Cable::mend,
    );
}

#[test]
fn the_network_drops_packets() {
    let length = Duration::from_millis(6_500);
    network_fails("network silent", Cable::silence, length, Cable::mend);
}

#[test]
fn the_network_drops_packets_and_loses_the_connections() {
    let mend = Cable::mend_for_new_connections;
    network_fails(
        "connections forgotten",
        Cable::silence,
        Duration::from_secs(2),
        mend,
    );
}

fn network_fails(name: &'static str, fail: fn(&Cable), length: Duration, mend: fn(&Cable)) {
    let postgres = Postgres::start(None, &[]);
    let cable = Cable::to(postgres.port());
    let url = postgres.url_at(cable.port);
    let mut case = Case::in_service(name, &[("DATABASE_URL", &url)]);
    fail(&cable);
    case.endures(length);
    mend(&cable);
    case.recovers();
    case.closes();
}
