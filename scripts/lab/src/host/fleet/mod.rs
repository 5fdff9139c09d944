//! The fleet: 1 to N instances of the app behind one address, scaled as Azure Monitor would scale them.
//!
//! | module | does |
//! | --- | --- |
//! | [`options`], [`share`] | what was asked for; each instance's share of the CPUs |
//! | [`owner`] | the one task that changes the fleet, by way of the [`crew`]; [`member`] is one instance of it |
//! | [`scaler`], [`meter`], [`readings`], [`clock`] | evaluations by the rule engine, what it sees, and when |
//! | [`balancer`], [`traffic`] | who answers a request; how fast |
//! | [`record`] | what is kept of the past and told about it |
//! | [`snapshot`], [`events`], [`live`] | the fleet as seen from outside: JSON, event log, a line on the terminal |
//!
//! Arrows: requests come from `dispatch` to [`balancer`] and touch nothing else. The owner reads the clock, the
//! meters and its instances' reports, tells the balancer who takes requests, and publishes snapshots. Nobody else
//! changes anything: orders reach the owner by way of [`Fleet`].

mod balancer;
mod clock;
mod crew;
mod events;
mod live;
mod member;
mod meter;
mod options;
mod owner;
mod readings;
mod record;
mod scaler;
mod share;
mod snapshot;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use balancer::{Balancer, Seat, Ticket, Unavailable};
pub(crate) use options::{FleetArgs, Options};
pub(crate) use owner::{Fixtures, Owner};
use snapshot::Snapshot;
use traffic::Traffic;

use super::process::Grace;

/// A handle on the fleet.
pub(crate) struct Fleet {
    balancer: Balancer,
    pub(crate) traffic: Arc<Traffic>,
    orders: mpsc::Sender<Order>,
    snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
}

/// The owner's side of the handle.
pub(crate) struct Ends {
    roster: watch::Sender<balancer::Roster>,
    traffic: Arc<Traffic>,
    orders: mpsc::Receiver<Order>,
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
}

/// What the owner can be told.
enum Order {
    Kill(String, oneshot::Sender<Struck>),
    Pause(bool, oneshot::Sender<()>),
    /// Ends all instances; a second, less patient order overrules the first.
    Stop(Grace),
}

/// What became of the order to kill an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Struck {
    Done,
    Unknown,
    NotRunning,
}

impl Fleet {
    /// A handle on a fleet whose owner is still to be started. Requests wait so long for an instance.
    pub(crate) fn new(patience: Duration) -> (Self, Ends) {
        let (balancer, roster) = Balancer::new(patience);
        let traffic = Arc::new(Traffic::new());
        let (orders, inbox) = mpsc::channel(16);
        let (snapshot, seen) = watch::channel(None);
        let fleet = Self {
            balancer,
            traffic: Arc::clone(&traffic),
            orders,
            snapshot: seen,
        };
        let ends = Ends {
            roster,
            traffic,
            orders: inbox,
            snapshot,
        };
        (fleet, ends)
    }

    pub(crate) fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    /// The fleet as it is now, as JSON.
    pub(crate) async fn snapshot(&self, samples: bool) -> Option<String> {
        let mut snapshot = self.snapshot.clone();
        let seen = snapshot.wait_for(Option::is_some).await.ok()?.clone();
        seen.map(|snapshot| snapshot.to_json(samples))
    }

    /// Kills an instance's process as an accident would; `None` when the fleet has ended.
    pub(crate) async fn kill(&self, id: &str) -> Option<Struck> {
        let (reply, struck) = oneshot::channel();
        self.orders
            .send(Order::Kill(id.to_owned(), reply))
            .await
            .ok()?;
        struck.await.ok()
    }

    /// Stops evaluations, or goes on with them; `None` when the fleet has ended.
    pub(crate) async fn pause(&self, paused: bool) -> Option<()> {
        let (reply, done) = oneshot::channel();
        self.orders.send(Order::Pause(paused, reply)).await.ok()?;
        done.await.ok()
    }

    /// Orders the end of all instances.
    pub(crate) async fn stop(&self, grace: Grace) {
        // The owner is gone if nobody takes the order.
        let _ = self.orders.send(Order::Stop(grace)).await;
    }
}
