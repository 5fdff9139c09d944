//! An instance: one place for a handler process, kept filled by one task that alone changes its state.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::console::{Console, Severity};
use super::pool::Pool;
use super::process::{Grace, Process};
use super::readiness::{answers, free_port};
use super::settings::HandlerCommand;

/// Errors closer together than this count (`WorkerConstants.cs`).
const CRASH_WINDOW: Duration = Duration::from_secs(30 * 60);
/// The error that ends an instance (`HttpFunctionInvocationDispatcher.cs`).
pub(crate) const CRASH_LIMIT: u32 = 3;
/// The exit code by which a handler asks to be started again (`WorkerConstants.cs`).
const RESTART_CODE: i32 = 200;

/// Pause after a process that ended without error before it ever answered. The host makes none, which
/// for a program that is no handler at all means to start it without end as fast as it can.
const EARLY_END: Duration = Duration::from_millis(250);

/// Where an instance is in its life.
#[derive(Clone)]
pub(crate) enum Lifecycle {
    /// A process is being started, for the first time or again.
    Starting,
    Ready(Arc<Worker>),
    /// Asked to stop.
    Draining,
    Exited(Ending),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Stopped,
    /// One crash too many; the text tells about the last one.
    Crashed(String),
}

/// A handler process that answers.
pub(crate) struct Worker {
    /// New for each process: `FUNCTIONS_CUSTOMHANDLER_WORKER_ID`.
    pub(crate) id: String,
    pub(crate) process: i32,
    pub(crate) pool: Pool,
    orders: mpsc::Sender<Order>,
}

impl Worker {
    /// A worker without a process behind it.
    #[cfg(test)]
    pub(crate) fn nobody(id: &str) -> Arc<Self> {
        Arc::new(Self {
            id: id.to_owned(),
            process: 0,
            pool: Pool::new(0),
            orders: mpsc::channel(1).0,
        })
    }

    /// Reports that an invocation outlived `functionTimeout`, for which the host kills the process.
    pub(crate) fn timed_out(&self) {
        // A full queue holds such an order already.
        let _ = self.orders.try_send(Order::Restart(self.id.clone()));
    }
}

enum Order {
    /// Replaces the worker of this id, if it is still there.
    Restart(String),
    /// SIGKILL out of the blue, as an accident would have it.
    Strike,
    Stop(Grace),
}

/// What an instance needs to know to start its process.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) command: HandlerCommand,
    /// Variables beyond those inherited, without the five of the host.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) script_root: String,
    pub(crate) initialization_timeout: Duration,
    pub(crate) function_timeout: Option<Duration>,
    /// Control groups that the process belongs to.
    pub(crate) groups: Vec<PathBuf>,
    /// The error of the handler that ends the instance; those before are answered by a new process.
    pub(crate) crash_limit: u32,
}

/// A handle on an instance; clones share it.
#[derive(Clone)]
pub(crate) struct Instance {
    state: watch::Receiver<Lifecycle>,
    orders: mpsc::Sender<Order>,
}

impl Instance {
    /// Starts the task that keeps a handler running until it is stopped or crashed too often.
    pub(crate) fn launch(plan: Plan, console: Console) -> Self {
        let (orders, inbox) = mpsc::channel(16);
        let (state, watched) = watch::channel(Lifecycle::Starting);
        let instance = Self {
            state: watched,
            orders: orders.clone(),
        };
        let supervisor = Supervisor {
            plan,
            console,
            state,
            orders,
            inbox,
        };
        // Ends with the instance: whoever launched it orders that and waits for it.
        tokio::spawn(supervisor.run());
        instance
    }

    /// The state and its changes.
    pub(crate) fn changes(&self) -> watch::Receiver<Lifecycle> {
        self.state.clone()
    }

    /// Kills the process as an accident would. False where that order cannot be taken now.
    pub(crate) fn strike(&self) -> bool {
        self.orders.try_send(Order::Strike).is_ok()
    }

    /// Orders the end; a second, less patient order overrules the first.
    pub(crate) async fn stop(&self, grace: Grace) {
        // The supervisor is gone if nobody takes the order.
        let _ = self.orders.send(Order::Stop(grace)).await;
    }
}

/// Counts errors the way the host does: each one closer than the window to the one before adds up.
#[derive(Default)]
struct Crashes {
    count: u32,
    last: Option<Instant>,
}

impl Crashes {
    /// Counts an error and says how many there are now.
    fn record(&mut self, now: Instant) -> u32 {
        if self
            .last
            .is_some_and(|last| now.duration_since(last) > CRASH_WINDOW)
        {
            self.count = 0;
        }
        self.last = Some(now);
        self.count += 1;
        self.count
    }
}

/// How the life of one process ended.
enum Turn {
    Restart(String),
    Crash(String),
    Stop(Grace),
}

struct Supervisor {
    plan: Plan,
    console: Console,
    state: watch::Sender<Lifecycle>,
    /// For the workers to report with.
    orders: mpsc::Sender<Order>,
    inbox: mpsc::Receiver<Order>,
}

impl Supervisor {
    async fn run(mut self) {
        let mut crashes = Crashes::default();
        let ending = loop {
            self.state.send_replace(Lifecycle::Starting);
            match self.life().await {
                Turn::Stop(_) => break Ending::Stopped,
                Turn::Restart(reason) => self.console.host(
                    Severity::Warning,
                    format_args!("{reason}; starting it again"),
                ),
                Turn::Crash(reason) => {
                    let (count, limit) = (crashes.record(Instant::now()), self.plan.crash_limit);
                    if count >= limit {
                        break Ending::Crashed(reason);
                    }
                    self.console.host(
                        Severity::Error,
                        format_args!("{reason}; starting it again (error {count} of {limit})"),
                    );
                }
            }
        };
        self.state.send_replace(Lifecycle::Exited(ending));
    }

    /// One process from start to end.
    async fn life(&mut self) -> Turn {
        let id = uuid::Uuid::new_v4().to_string();
        let started = Instant::now();
        let (mut process, port) = match self.start(&id) {
            Ok(started) => started,
            Err(error) => return Turn::Crash(format!("The handler cannot be started: {error}")),
        };
        let worker = Arc::new(Worker {
            id,
            process: process.id(),
            pool: Pool::new(port),
            orders: self.orders.clone(),
        });
        let probe = answers(Arc::clone(&worker), &self.plan, &self.console);
        tokio::pin!(probe);
        let mut probing = true;
        let turn = loop {
            tokio::select! {
                // An exit says more than the failing probe it causes.
                biased;
                status = process.ended() => break exited(status),
                order = self.inbox.recv() => match order {
                    Some(Order::Restart(stale)) if stale != worker.id => {}
                    Some(Order::Restart(_)) => {
                        break Turn::Restart("An invocation exceeded functionTimeout; the handler is killed".to_owned());
                    }
                    // Its end is then seen as any other.
                    Some(Order::Strike) => process.kill(),
                    Some(Order::Stop(grace)) => break Turn::Stop(grace),
                    None => break Turn::Stop(Grace::Kill),
                },
                ready = &mut probe, if probing => {
                    probing = false;
                    if !ready {
                        break Turn::Crash(format!(
                            "The handler did not listen on 127.0.0.1:{port} (FUNCTIONS_CUSTOMHANDLER_PORT) within {:?}",
                            self.plan.initialization_timeout
                        ));
                    }
                    self.console.host(
                        Severity::Debug,
                        format_args!("The handler answers on port {port} after {} ms", started.elapsed().as_millis()),
                    );
                    self.state.send_replace(Lifecycle::Ready(Arc::clone(&worker)));
                }
            }
        };
        // From here on requests wait, or fail, instead of dialling a dead port.
        if let Turn::Stop(grace) = turn {
            self.state.send_replace(Lifecycle::Draining);
            self.drain(&mut process, grace).await;
        } else {
            self.state.send_replace(Lifecycle::Starting);
        }
        let errors = process.bury().await;
        if probing && matches!(turn, Turn::Restart(_)) && self.stopped_within(EARLY_END).await {
            return Turn::Stop(Grace::Kill);
        }
        match turn {
            Turn::Crash(reason) if !errors.is_empty() => Turn::Crash(format!(
                "{reason}; its last error lines: {}",
                errors.join(" | ")
            )),
            turn => turn,
        }
    }

    /// Lets some time pass and says whether the order to stop came in it.
    async fn stopped_within(&mut self, pause: Duration) -> bool {
        let stop = async {
            while let Some(Order::Restart(_) | Order::Strike) = self.inbox.recv().await {}
        };
        tokio::time::timeout(pause, stop).await.is_ok()
    }

    /// Gives the process the time it was promised, unless a harder order comes.
    async fn drain(&mut self, process: &mut Process, grace: Grace) {
        let Grace::Term(patience) = grace else { return };
        let terminated = process.terminate(patience);
        tokio::pin!(terminated);
        loop {
            tokio::select! {
                ended = &mut terminated => {
                    if !ended {
                        self.console.host(Severity::Warning, format_args!("The handler did not end within {patience:?} of SIGTERM; it is killed"));
                    }
                    return;
                }
                order = self.inbox.recv() => {
                    if matches!(order, Some(Order::Strike | Order::Stop(Grace::Kill)) | None) {
                        return;
                    }
                }
            }
        }
    }

    fn start(&self, id: &str) -> std::io::Result<(Process, u16)> {
        let port = free_port()?;
        let mut variables = self.plan.variables.clone();
        // HttpWorkerProcess.cs: two names each, for old and new handlers.
        for (name, value) in [
            ("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()),
            ("FUNCTIONS_HTTPWORKER_PORT", port.to_string()),
            ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", id.to_owned()),
            ("FUNCTIONS_HTTPWORKER_ID", id.to_owned()),
            ("FUNCTIONS_APP_ROOT_PATH", self.plan.script_root.clone()),
        ] {
            variables.push((name.to_owned(), value));
        }
        let process = Process::start(&self.plan, &variables, &self.console)?;
        self.console.host(
            Severity::Debug,
            format_args!(
                "The handler is process {}, worker {id}, told to listen on port {port}",
                process.id()
            ),
        );
        Ok((process, port))
    }
}

/// What an exit means: 0 and 200 are wishes to be started again (the host does so for 0 since 2026),
/// everything else is an error.
fn exited(status: std::io::Result<std::process::ExitStatus>) -> Turn {
    match status {
        Ok(status) => match status.code() {
            Some(code @ (0 | RESTART_CODE)) => {
                Turn::Restart(format!("The handler ended with exit code {code}"))
            }
            Some(code) => Turn::Crash(format!("The handler ended with exit code {code}")),
            None => Turn::Crash(format!("The handler was ended by {status}")),
        },
        Err(error) => Turn::Crash(format!("The handler was lost: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_error_ends_unless_the_last_one_is_old() {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let start = Instant::now();
        let mut crashes = Crashes::default();
        assert_eq!(crashes.record(start), 1);
        assert_eq!(crashes.record(start + minutes(29)), 2);
        assert_eq!(crashes.record(start + minutes(58)), CRASH_LIMIT);

        let mut crashes = Crashes::default();
        assert_eq!(crashes.record(start), 1);
        assert_eq!(crashes.record(start + minutes(1)), 2);
        assert_eq!(crashes.record(start + minutes(32)), 1);
    }
}
