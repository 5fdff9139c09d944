//! Reads the state of the fleet behind the target, again and again.

use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::watch;
use tokio::time::sleep;

use super::client::{Client, Reply};
use super::fleet::Fleet;
use super::generator::Progress;
use super::request::get;
use super::target::Target;

/// The most samples of a run.
const SAMPLES: u32 = 7_200;
/// At accelerated time a second is too long for a rate that follows the fleet.
const OFTEN: Duration = Duration::from_millis(250);

/// Reads the fleet's state.
pub(super) struct Poller {
    target: Target,
    client: Client,
    /// Whether it is `lab up`; `None` until that is known.
    is_lab: Option<bool>,
}

impl Poller {
    pub(super) fn new(target: Target, client: Client) -> Self {
        Self {
            target,
            client,
            is_lab: None,
        }
    }

    /// Keeps `fleet` up to date, until it is dropped. `length` is that of the run, where it is known; without one,
    /// the rate follows the fleet.
    pub(super) async fn watch(
        mut self,
        begun: Instant,
        length: Option<Duration>,
        progress: &watch::Sender<Progress>,
        fleet: &watch::Sender<Fleet>,
    ) {
        loop {
            let second = Duration::from_secs(1);
            let accelerated = fleet.borrow().time_scale() > 1.0;
            sleep(match length {
                Some(length) => second.max(length / SAMPLES),
                None if accelerated => OFTEN,
                None => second,
            })
            .await;
            self.poll(begun, progress, fleet).await;
        }
    }

    /// Reads it once.
    pub(super) async fn poll(
        &mut self,
        begun: Instant,
        progress: &watch::Sender<Progress>,
        fleet: &watch::Sender<Fleet>,
    ) {
        let requests = || progress.borrow().per_instance.clone();
        if self.is_lab != Some(false) {
            let reply = self.get("/admin/lab/fleet?samples=0").await;
            let at = begun.elapsed().as_secs_f64();
            match reply {
                Some(reply) if reply.status() == StatusCode::OK => {
                    let mut is_lab = false;
                    fleet.send_modify(|fleet| {
                        is_lab = fleet.read_lab(&reply.json(), at, &requests());
                    });
                    self.is_lab = Some(is_lab);
                }
                Some(_) if self.is_lab.is_none() => self.is_lab = Some(false),
                _ => {}
            }
        }
        if self.is_lab != Some(true)
            && let Some(reply) = self.get("/api/instances").await
            && reply.status() == StatusCode::OK
        {
            let at = begun.elapsed().as_secs_f64();
            fleet.send_modify(|fleet| {
                fleet.read_app(&reply.json(), reply.date(), at, &requests());
            });
        }
    }

    async fn get(&mut self, endpoint: &str) -> Option<Reply> {
        let request = get(&self.target, endpoint);
        self.client.send(&request).await.ok()
    }
}
