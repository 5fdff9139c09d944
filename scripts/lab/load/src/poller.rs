//! Reads the state of the fleet behind the target repeatedly.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::sync::watch;
use tokio::time::sleep;

use super::client::Client;
use super::fleet::Fleet;
use super::generator::Progress;

/// The most samples of a run.
const SAMPLES: u32 = 7_200;
/// In accelerated time, one second is too long for a rate that follows the fleet.
const OFTEN: Duration = Duration::from_millis(250);

/// The path at which `lab up` reports its fleet.
pub(super) const LAB_FLEET: &str = "/admin/lab/fleet?samples=0";

/// Reads the fleet's state.
pub(super) struct Poller {
    client: Client,
    lab: Request<Bytes>,
    app: Option<Request<Bytes>>,
    /// Whether the target is `lab up`; `None` until that is known.
    is_lab: Option<bool>,
}

impl Poller {
    /// `lab` is the request for the fleet of `lab up`; it is sent only once if the target is something else. `app` is
    /// the request for the instances of an app without `lab up`, if it lists them.
    pub(super) fn new(client: Client, lab: Request<Bytes>, app: Option<Request<Bytes>>) -> Self {
        Self {
            client,
            lab,
            app,
            is_lab: None,
        }
    }

    /// Keeps `fleet` up to date, until this is dropped. `length` is the length of the run, if it is known. Otherwise
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

    /// Reads the state once.
    pub(super) async fn poll(
        &mut self,
        begun: Instant,
        progress: &watch::Sender<Progress>,
        fleet: &watch::Sender<Fleet>,
    ) {
        let requests = || progress.borrow().per_instance.clone();
        if self.is_lab != Some(false) {
            let reply = self.client.send(&self.lab).await.ok();
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
        if self.is_lab == Some(true) {
            return;
        }
        let Some(app) = &self.app else {
            // A server that accepts one connection at a time would wait until this one is closed.
            self.client.disconnect();
            return;
        };
        if let Ok(reply) = self.client.send(app).await
            && reply.status() == StatusCode::OK
        {
            let at = begun.elapsed().as_secs_f64();
            fleet.send_modify(|fleet| {
                fleet.read_app(&reply.json(), reply.date(), at, &requests());
            });
        }
    }
}
