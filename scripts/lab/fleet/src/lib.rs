//! The fleet: 1 to N instances of the app behind one address, scaled as Azure Monitor would scale them.
//!
//! | module | does |
//! | --- | --- |
//! | [`balancer`] | chooses the instance of a request |
//! | [`options`], [`replayed`], [`share`] | arguments; metrics from files; each instance's share of the CPUs |
//! | [`owner`] | the one task that changes the fleet, through [`instances`]; [`member`] is one of them |
//! | [`scaler`], [`meter`], [`readings`], [`clock`] | evaluations by the rule engine, their inputs, and when |
//! | [`elastic_premium`] | the plan on which the app sets the count: its configuration, ARM and identity endpoint |
//! | [`fixtures`] | the things that are created before anything runs |
//! | [`record`] | the history: samples, decisions, events |
//! | [`what_if`] | the rules explained, simulated with the load just seen, and applied |
//! | [`admin`], [`page`], [`snapshot`], [`timeline`], [`events`], [`live`] | the fleet as seen from outside: endpoints, page, JSON, event log, status line |
//!
//! The fleet depends on the host, which does not depend on it. The owner reads the clock, the meters and its instances' reports,
//! and publishes the backends and snapshots. Nothing else changes the fleet: commands reach the owner through
//! [`Fleet`].

mod admin;
mod balancer;
mod clock;
mod elastic_premium;
mod events;
mod fixtures;
mod instances;
mod live;
mod member;
mod meter;
mod options;
mod owner;
mod page;
mod readings;
mod record;
mod replayed;
mod scaler;
mod share;
mod snapshot;
mod timeline;
mod what_if;

use std::sync::Arc;

use autoscale::Setting;

use functions_host::{BackendSet, Grace};
use tokio::sync::{mpsc, oneshot, watch};

pub use admin::answer as answer_admin;
pub use balancer::balancer;
pub use elastic_premium::Platform;
use elastic_premium::{Change, Configuration, Faults, Refused};
pub use fixtures::Fixtures;
pub use options::{FleetArgs, HostingPlan, Options};
pub use owner::Owner;
use snapshot::Snapshot;
use timeline::TimelineView;

/// A handle on the fleet.
pub struct Fleet {
    commands: mpsc::Sender<Command>,
    snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    /// Of the emulated platform, on Elastic Premium.
    faults: Option<Arc<Faults>>,
}

/// The owner's side of the handle.
pub struct Ends {
    backends: watch::Sender<BackendSet>,
    commands: mpsc::Receiver<Command>,
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
}

/// A command for the owner.
enum Command {
    Kill(String, oneshot::Sender<KillOutcome>),
    Pause(bool, oneshot::Sender<()>),
    /// Returns the last minutes.
    Timeline(u32, oneshot::Sender<TimelineView>),
    /// Changes the site configuration, and returns the result.
    Configure(Change, oneshot::Sender<Result<Configuration, Refused>>),
    /// Uses these rules from the next evaluation on.
    Apply(Arc<Setting>, oneshot::Sender<anyhow::Result<()>>),
    /// Ends all instances. A second command with a shorter grace overrides the first one.
    Stop(Grace),
}

/// The outcome of a command to kill an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KillOutcome {
    Killed,
    Unknown,
    NotRunning,
}

impl Fleet {
    /// A handle on a fleet whose owner is still to be started. The owner publishes the backends.
    pub fn new(backends: watch::Sender<BackendSet>, fixtures: &Fixtures) -> (Self, Ends) {
        let (commands, inbox) = mpsc::channel(16);
        let (snapshot, seen) = watch::channel(None);
        let fleet = Self {
            commands,
            snapshot: seen,
            faults: fixtures.faults(),
        };
        let ends = Ends {
            backends,
            commands: inbox,
            snapshot,
        };
        (fleet, ends)
    }

    /// The fleet as it is now; `None` when it has ended.
    pub(crate) async fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let mut snapshot = self.snapshot.clone();
        snapshot.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Kills an instance's process as an accident would; `None` when the fleet has ended.
    pub(crate) async fn kill(&self, id: &str) -> Option<KillOutcome> {
        self.ask(|reply| Command::Kill(id.to_owned(), reply)).await
    }

    /// Pauses or resumes the evaluations; `None` when the fleet has ended.
    pub(crate) async fn pause(&self, paused: bool) -> Option<()> {
        self.ask(|reply| Command::Pause(paused, reply)).await
    }

    /// The last minutes; `None` when the fleet has ended.
    pub(crate) async fn timeline(&self, minutes: u32) -> Option<TimelineView> {
        self.ask(|reply| Command::Timeline(minutes, reply)).await
    }

    /// Changes the site configuration; `None` when the fleet has ended.
    pub(crate) async fn configure(&self, change: Change) -> Option<Result<Configuration, Refused>> {
        self.ask(|reply| Command::Configure(change, reply)).await
    }

    /// Uses other rules from the next evaluation on; `None` when the fleet has ended.
    pub(crate) async fn apply(&self, setting: Arc<Setting>) -> Option<anyhow::Result<()>> {
        self.ask(|reply| Command::Apply(setting, reply)).await
    }

    /// Sends a command, and waits for the reply; `None` when the fleet has ended.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, replied) = oneshot::channel();
        self.commands.send(command(reply)).await.ok()?;
        replied.await.ok()
    }

    /// Faults of the emulated platform; `None` on a plan on which the app does not scale itself.
    pub(crate) fn faults(&self) -> Option<&Faults> {
        self.faults.as_deref()
    }

    /// Ends all instances.
    pub async fn stop(&self, grace: Grace) {
        // Fails where the owner has ended already.
        let _ = self.commands.send(Command::Stop(grace)).await;
    }
}
