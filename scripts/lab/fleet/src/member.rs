//! One instance of the fleet, from the decision to add it until after its end.

use std::sync::Arc;
use std::time::Duration;

use functions_host::{
    App, Backend, Ending, Instance, InstanceLoad, Lifecycle, Worker, timestamp, warm_up_process,
};
use processes::cgroup::Group;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::clock::wall;
use super::meter::Meter;
use super::snapshot::{InstanceView, State, rounded};

/// An instance that has served for this long counts as stable.
const PROVED: Duration = Duration::from_secs(60);

/// The stage of an instance's life.
pub(super) enum Stage {
    /// The instance is wanted, but its process starts later.
    Awaited {
        start: Instant,
    },
    /// Its process runs, but has not responded or been warmed up yet.
    Starting(Instance),
    /// Its process is ready, but the provisioning of an instance takes longer.
    Provisioning(Instance, Arc<Worker>),
    Ready(Instance, Arc<Backend>),
    /// The host restarts the handler.
    Restarting(Instance),
    /// It gets no new requests, completes those in flight, and ends.
    Draining(Instance),
    Exited,
}

pub(super) struct Member {
    pub(super) load: Arc<InstanceLoad>,
    pub(super) stage: Stage,
    /// It gets no requests before this moment.
    pub(super) traffic_from: Instant,
    /// The number of successive crashes in this place, including those of the previous instances.
    pub(super) deaths: u32,
    pub(super) meter: Meter,
    pub(super) group: Option<Group>,
    /// The last process of the handler.
    pub(super) process: Option<u32>,
    /// When the process was started, or before that, when the instance was wanted.
    pub(super) started_at: OffsetDateTime,
    pub(super) ready_at: Option<OffsetDateTime>,
    /// When it last became ready.
    pub(super) ready_since: Option<Instant>,
    pub(super) ended: Option<Instant>,
    /// CPU over the last second.
    pub(super) cpu_percent: Option<f64>,
    pub(super) restarts: u32,
    pub(super) ending: Option<String>,
}

impl Member {
    pub(super) fn new(start: Instant, traffic_from: Instant, deaths: u32) -> Self {
        let name = uuid::Uuid::new_v4().simple().to_string();
        Self {
            load: InstanceLoad::new(format!("lab-{}", &name[..6])),
            stage: Stage::Awaited { start },
            traffic_from,
            deaths,
            meter: Meter::default(),
            group: None,
            process: None,
            started_at: OffsetDateTime::now_utc(),
            ready_at: None,
            ready_since: None,
            ended: None,
            cpu_percent: None,
            restarts: 0,
            ending: None,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.load.id
    }

    /// Whether it counts towards the wanted number.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.stage, Stage::Draining(_) | Stage::Exited)
    }

    pub(super) fn ready(&self) -> bool {
        matches!(self.stage, Stage::Ready(..))
    }

    pub(super) fn exited(&self) -> bool {
        matches!(self.stage, Stage::Exited)
    }

    pub(super) fn instance(&self) -> Option<&Instance> {
        match &self.stage {
            Stage::Awaited { .. } | Stage::Exited => None,
            Stage::Starting(instance)
            | Stage::Provisioning(instance, _)
            | Stage::Ready(instance, _)
            | Stage::Restarting(instance)
            | Stage::Draining(instance) => Some(instance),
        }
    }

    /// When its next action is due.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Awaited { start } => Some(*start),
            Stage::Provisioning(..) => Some(self.traffic_from),
            _ => None,
        }
    }

    /// Sorts the instances to remove first: those that do not serve yet, then the least busy, then the newest.
    pub(super) fn removal_order(&self, place: usize) -> (u8, u32, std::cmp::Reverse<usize>) {
        let serving = match self.stage {
            Stage::Awaited { .. } => 0,
            Stage::Starting(_) | Stage::Provisioning(..) | Stage::Restarting(_) => 1,
            _ => 2,
        };
        (serving, self.load.outstanding(), std::cmp::Reverse(place))
    }

    /// Whether it served for so long before its end that earlier crashes no longer count.
    pub(super) fn proved(&self, now: Instant) -> bool {
        self.ready_since.is_some_and(|since| now - since >= PROVED)
    }

    pub(super) fn end(&mut self, now: Instant, ending: String) {
        self.stage = Stage::Exited;
        self.ended = Some(now);
        self.ending = Some(ending);
        self.cpu_percent = None;
    }

    pub(super) fn view(&self) -> InstanceView {
        InstanceView {
            load: Arc::clone(&self.load),
            pid: self.process,
            state: match self.stage {
                Stage::Ready(..) => State::Ready,
                Stage::Draining(_) => State::Draining,
                Stage::Exited => State::Exited,
                _ => State::Starting,
            },
            started_at: timestamp(self.started_at),
            ready_at: self.ready_at.map(timestamp),
            ended_at: self.ended.map(|at| timestamp(wall(at))),
            cpu_percent: self.cpu_percent.map(rounded),
            restarts: self.restarts,
            ending: self.ending.clone(),
        }
    }
}

/// A change in the life of an instance.
pub(super) struct LifecycleEvent {
    pub(super) id: String,
    pub(super) what: LifecycleChange,
}

pub(super) enum LifecycleChange {
    Started,
    Ready {
        process: u32,
    },
    /// The host restarts the handler.
    Away,
    Died {
        reason: String,
        pause: Option<Duration>,
    },
    Draining,
    Ended,
}

/// A report from the task of an instance to the fleet's owner task.
pub(super) struct Report {
    pub(super) id: String,
    pub(super) news: News,
}

pub(super) enum News {
    /// A process responds and is warmed up.
    Serves(Arc<Worker>),
    /// No process responds at the moment.
    Away,
    Ended(Ending),
}

/// Watches an instance until its end: warms it up before its first request, and reports its changes.
pub(super) async fn attend(
    instance: Instance,
    load: Arc<InstanceLoad>,
    app: Arc<App>,
    warm_up: bool,
    reports: mpsc::Sender<Report>,
) {
    let mut state = instance.changes();
    let mut cold = warm_up;
    loop {
        let now = state.borrow_and_update().clone();
        let news = match now {
            Lifecycle::Ready(worker) => {
                if cold {
                    // With separate counters, because it is not a client's request.
                    let backend =
                        Backend::new(InstanceLoad::new(load.id.clone()), Arc::clone(&worker));
                    let warmed = tokio::select! {
                        // The process has been replaced in the meantime.
                        Ok(()) = state.changed() => continue,
                        warmed = warm_up_process(&app, &backend) => warmed,
                    };
                    // As in Azure, a failure does not prevent the instance from serving.
                    if let Err(problem) = warmed {
                        app.console.warn(format_args!(
                            "The warm-up of an instance failed: {problem}; it gets requests nevertheless"
                        ));
                    }
                    cold = false;
                }
                News::Serves(worker)
            }
            Lifecycle::Starting | Lifecycle::Draining => News::Away,
            Lifecycle::Exited(ending) => News::Ended(ending),
        };
        let last = matches!(news, News::Ended(_));
        let report = Report {
            id: load.id.clone(),
            news,
        };
        if reports.send(report).await.is_err() || last || state.changed().await.is_err() {
            return;
        }
    }
}
