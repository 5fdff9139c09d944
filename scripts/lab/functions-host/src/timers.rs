//! Runs functions when their timers are due, for the whole fleet of instances (`TimerListener.cs` and
//! `ScheduleMonitor.cs` of azure-webjobs-sdk-extensions; `SingletonListener.cs` of azure-webjobs-sdk).
//!
//! As in Azure, one instance at a time listens to a timer and runs its function, and runs never overlap. When the
//! instance has ended, another one listens: here at once, in Azure after the end of a lease. Azure keeps the times of
//! the last and the next run in the storage account. Here, they are kept in memory.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Map;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::calendar::{Calendar, in_ticks};
use super::dispatch::To;
use super::function::{Function, Trigger};
use super::invoke;
use super::timer::{Status, TimerTrigger};

/// The number of announced occurrences.
const ANNOUNCED: usize = 5;

/// Runs functions when their timers are due by the calendar, until `stop`.
pub async fn run_timers(app: Arc<App>, calendar: Arc<dyn Calendar>, stop: CancellationToken) {
    let mut listeners = JoinSet::new();
    for (index, function) in app.table.functions.iter().enumerate() {
        if let Trigger::Timer(timer) = &function.trigger
            && !function.disabled
        {
            let listener = Listener {
                app: Arc::clone(&app),
                index,
                timer: timer.clone(),
                calendar: Arc::clone(&calendar),
                is_announced: false,
            };
            listeners.spawn(listener.run());
        }
    }
    stop.run_until_cancelled(listeners.join_all()).await;
}

/// Why a function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// An occurrence was missed, and an instance begins to listen.
    PastDue,
    /// An instance begins to listen.
    Startup,
    Due,
}

/// Listens to the timer of one function, on one instance after the other.
struct Listener {
    app: Arc<App>,
    /// The function's index in the table.
    index: usize,
    timer: TimerTrigger,
    calendar: Arc<dyn Calendar>,
    is_announced: bool,
}

impl Listener {
    /// Ends with the app, or after the last occurrence.
    async fn run(mut self) {
        while let Some(instance) = self.app.backends.first().await
            && self.listen(&instance).await.is_some()
        {}
    }

    fn function(&self) -> &Function {
        &self.app.table.functions[self.index]
    }

    fn status(&self) -> Option<Status> {
        self.app.timers.of(&self.function().name, &self.timer)
    }

    fn record(&self, status: Status) {
        let name = &self.function().name;
        self.app.timers.set(name, &self.timer, status);
    }

    /// Listens until the instance has ended. `None` if there is no further occurrence.
    async fn listen(&mut self, instance: &str) -> Option<()> {
        let mut first = self.start(instance)?;
        loop {
            let reason = match first.take() {
                Some(reason) => reason,
                None => tokio::select! {
                    biased;
                    () = self.app.backends.left(instance) => return Some(()),
                    () = self.due() => Reason::Due,
                },
            };
            if !self.fire(instance, reason).await? {
                return Some(());
            }
        }
    }

    /// `TimerListener.StartAsync`: continues with the status of the previous instance. Returns why the function runs
    /// at once, if it does.
    fn start(&mut self, instance: &str) -> Option<Option<Reason>> {
        let now = self.now();
        let left = self.status();
        let recorded = left.filter(|_| self.timer.use_monitor);
        let status = match recorded {
            Some(status) => status,
            None => {
                // Completed runs are in the past by the precise time, too.
                let last = left.and_then(|status| status.last).unwrap_or(now);
                Status {
                    last: None,
                    next: self.timer.schedule.next(now.max(last))?,
                }
            }
        };
        self.record(status);
        self.announce(instance, status);
        if recorded.is_some_and(|status| now > status.next) {
            return Some(Some(Reason::PastDue));
        }
        Some(self.timer.run_on_startup.then_some(Reason::Startup))
    }

    /// Logs the listening instance, and the first time also the next occurrences.
    fn announce(&mut self, instance: &str, status: Status) {
        let (console, name) = (&self.app.console, &self.function().name);
        let schedule = &self.timer.schedule;
        console.debug(format_args!("{instance} listens to the timer of {name}"));
        if self.is_announced {
            return;
        }
        let occurrences = std::iter::successors(Some(status.next), |at| schedule.next(*at));
        let times: Vec<_> = occurrences
            .take(ANNOUNCED)
            .map(|at| schedule.local(at))
            .collect();
        console.info(format_args!(
            "The next {ANNOUNCED} occurrences of the '{name}' schedule ({schedule}) will be: {}",
            times.join(", ")
        ));
        self.is_announced = true;
    }

    /// Waits for the next occurrence. The calendar may be unable to wait for a distant time (the host's own timer
    /// waits for at most 24 days), so this checks again.
    async fn due(&self) {
        let Some(status) = self.status() else {
            return std::future::pending().await;
        };
        while self.now() < status.next {
            tokio::time::sleep_until(self.calendar.instant(moment(status.next))).await;
        }
    }

    /// `TimerListener.InvokeJobFunction`: runs the function and calculates the next occurrence. Returns false if the
    /// instance ended before the function did. If the status is recorded, another instance then makes up for the run.
    async fn fire(&self, instance: &str, reason: Reason) -> Option<bool> {
        let (app, name) = (&self.app, &self.function().name);
        let status = self.status();
        let begun = self.now();
        let planned = status.map_or(begun, |status| status.next);
        let schedule = &self.timer.schedule;
        app.console.debug(format_args!(
            "The timer of {name} fires on {instance} ({reason:?}, next {})",
            schedule.local(planned)
        ));
        let last = match reason {
            // If it fired slightly too early, it must not be due again.
            Reason::Due => begun.max(planned),
            Reason::PastDue | Reason::Startup => begun,
        };
        let info = self.timer.info(status, reason == Reason::PastDue);
        let value = (info, Map::new());
        let to = To::Instance(&app.backends, instance);
        let mut is_complete = true;
        if let Err(failure) =
            invoke::run(app, to, self.function(), value, &|| self.calendar.now()).await
        {
            if failure.is_lost() && app.backends.is_replaced(instance).await {
                app.console.warn(format_args!(
                    "{instance} ended while it ran {name}; another instance listens to the timer from now on"
                ));
                // A run that ends all its instances is repeated only once.
                is_complete = reason == Reason::PastDue;
            } else {
                app.report(self.function(), &failure);
            }
        }
        if is_complete || !self.timer.use_monitor {
            let next = schedule.next(last)?;
            let last = Some(last);
            self.record(Status { last, next });
        }
        Some(is_complete)
    }

    fn now(&self) -> Timestamp {
        in_ticks(self.calendar.now())
    }
}

fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(at.as_nanosecond())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
