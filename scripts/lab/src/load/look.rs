//! Looks at the fleet behind the target, again and again.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::connection::{Connection, Route};
use super::fleet::Fleet;
use super::generator::Live;
use super::request::{Encoded, ask_for};
use super::target::Target;

/// How long an answer may take; the load does not wait for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most samples of a run.
const SAMPLES: u32 = 7_200;

/// Asks for the fleet again and again, until it is dropped.
pub(super) struct Look {
    target: Target,
    route: Route,
    connection: Option<Connection>,
    /// Whether it is a lab; `None` until that is known.
    is_lab: Option<bool>,
}

impl Look {
    pub(super) fn new(target: Target, route: Route) -> Self {
        Self {
            target,
            route,
            connection: None,
            is_lab: None,
        }
    }

    /// Keeps `fleet` fresh for a run that lasts so long, where that is known.
    pub(super) async fn watch(
        mut self,
        begun: Instant,
        length: Option<Duration>,
        live: watch::Receiver<Live>,
        fleet: &watch::Sender<Fleet>,
    ) {
        let every = length.map_or(Duration::ZERO, |length| length / SAMPLES);
        let mut ticks = interval(every.max(Duration::from_secs(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let looking = timeout(PATIENCE, self.look(begun, &live, fleet)).await;
            if looking.is_err() {
                // Half of an answer may have been read.
                self.connection = None;
            }
        }
    }

    async fn look(
        &mut self,
        begun: Instant,
        live: &watch::Receiver<Live>,
        fleet: &watch::Sender<Fleet>,
    ) {
        if self.is_lab != Some(false) {
            let answer = self.ask("/admin/lab/fleet?samples=0").await;
            let at = begun.elapsed().as_secs_f64();
            let requests = live.borrow().per_instance.clone();
            match answer {
                Some((StatusCode::OK, answer)) => {
                    let mut is_lab = false;
                    fleet.send_modify(|fleet| is_lab = fleet.read_lab(&answer, at, &requests));
                    self.is_lab = Some(is_lab);
                }
                // Whatever else it is, it does not tell.
                Some(_) if self.is_lab.is_none() => self.is_lab = Some(false),
                _ => {}
            }
        }
        if self.is_lab != Some(true)
            && let Some((StatusCode::OK, answer)) = self.ask("/api/instances").await
        {
            let at = begun.elapsed().as_secs_f64();
            let requests = live.borrow().per_instance.clone();
            fleet.send_modify(|fleet| {
                fleet.read_app(&answer, at, &requests);
            });
        }
    }

    async fn ask(&mut self, endpoint: &str) -> Option<(StatusCode, Value)> {
        let request = Encoded::from(&ask_for(&self.target, endpoint));
        let mut kept = self.connection.take();
        if let Some(open) = &mut kept
            && !open.is_open().await
        {
            kept = None;
        }
        let mut connection = match kept {
            Some(open) => open,
            None => self.route.connect().await.ok()?,
        };
        let mut body = Vec::new();
        let answer = connection
            .ask(&request, |part| body.extend_from_slice(part))
            .await
            .ok()?;
        self.connection = Some(connection);
        Some((
            answer.status,
            serde_json::from_slice(&body).unwrap_or_default(),
        ))
    }
}
