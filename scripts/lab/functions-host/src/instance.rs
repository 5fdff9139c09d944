//! An instance: a handler process. One task, its supervisor, starts it again when it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use processes::free_port;
use tokio::sync::{mpsc, watch};

use super::console::Console;
use super::plan::Plan;
use super::pool::Pool;
use super::process::{Grace, Process};
use super::readiness::answers;
use super::worker::{Command, Worker};

/// Errors within this time of each other are counted (`WorkerConstants.cs`).
const CRASH_WINDOW: Duration = Duration::from_secs(30 * 60);
/// The error that ends an instance (`HttpFunctionInvocationDispatcher.cs`).
pub const CRASH_LIMIT: u32 = 3;
/// The exit code with which a handler requests a restart (`WorkerConstants.cs`).
const RESTART_CODE: i32 = 200;

/// The pause after the first process that ended without an error before its first response. The host makes no pause: if the
/// program is not a handler, the host starts it again and again as fast as possible (`HttpWorkerProcess.cs`).
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Each further process that ends so doubles the pause, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The interval of the checks where an unresponsive handler listens, until there is a result.
const HINT: Duration = Duration::from_secs(3);

/// The life cycle of an instance.
#[derive(Clone)]
pub enum Lifecycle {
    /// A process is being started, for the first time or again.
    Starting,
    /// The process responds.
    Ready(Arc<Worker>),
    /// Asked to stop.
    Draining,
    /// It has no process any more.
    Exited(Ending),
}

/// Why an instance has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// On request.
    Stopped,
    /// Too many crashes; the text describes the last one.
    Crashed(String),
}

/// A handle to an instance; clones share it.
#[derive(Clone)]
pub struct Instance {
    state: watch::Receiver<Lifecycle>,
    commands: mpsc::Sender<Command>,
}

impl Instance {
    /// Starts the task that keeps a handler running until it is stopped or has crashed too often.
    pub fn launch(plan: Plan, console: Console) -> Self {
        let (commands, inbox) = mpsc::channel(16);
        let (state, watched) = watch::channel(Lifecycle::Starting);
        let instance = Self {
            state: watched,
            commands: commands.clone(),
        };
        let supervisor = Supervisor {
            plan,
            console,
            state,
            commands,
            inbox,
            pause: Duration::ZERO,
        };
        // The task ends with the instance. The code that launched it stops it and waits for the end.
        tokio::spawn(supervisor.run());
        instance
    }

    /// The state, and its changes.
    pub fn changes(&self) -> watch::Receiver<Lifecycle> {
        self.state.clone()
    }

    /// Kills the process, like an accident. Returns false if no command is accepted now.
    pub fn kill(&self) -> bool {
        self.commands.try_send(Command::Kill).is_ok()
    }

    /// Ends the instance. A second command with a shorter grace overrides the first one.
    pub async fn stop(&self, grace: Grace) {
        // Fails if the supervisor has already ended.
        let _ = self.commands.send(Command::Stop(grace)).await;
    }
}

/// Counts errors as the host does: an error counts if it is closer to the previous one than the window.
#[derive(Default)]
struct Crashes {
    count: u32,
    last: Option<Instant>,
}

impl Crashes {
    /// Counts an error, and returns the count.
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

/// How one process ended.
enum ProcessEnd {
    Restart(String),
    Crash(String),
    Stop(Grace),
}

struct Supervisor {
    plan: Plan,
    console: Console,
    state: watch::Sender<Lifecycle>,
    /// Workers send their reports through this.
    commands: mpsc::Sender<Command>,
    inbox: mpsc::Receiver<Command>,
    /// Before the next process is started, where the last one ended without error before it answered.
    pause: Duration,
}

impl Supervisor {
    async fn run(mut self) {
        let mut crashes = Crashes::default();
        let ending = loop {
            self.state.send_replace(Lifecycle::Starting);
            match self.life().await {
                ProcessEnd::Stop(_) => break Ending::Stopped,
                ProcessEnd::Restart(reason) if self.pause.is_zero() => self
                    .console
                    .warn(format_args!("{reason}; starting it again")),
                ProcessEnd::Restart(reason) => {
                    let pause = self.pause;
                    self.console
                        .warn(format_args!("{reason}; starting it again in {pause:?}"));
                    if self.stopped_within(pause).await {
                        break Ending::Stopped;
                    }
                }
                ProcessEnd::Crash(reason) => {
                    let (count, limit) = (crashes.record(Instant::now()), self.plan.crash_limit);
                    if count >= limit {
                        break Ending::Crashed(reason);
                    }
                    self.console.error(format_args!(
                        "{reason}; starting it again (error {count} of {limit})"
                    ));
                }
            }
        };
        self.state.send_replace(Lifecycle::Exited(ending));
    }

    /// One process from start to end.
    async fn life(&mut self) -> ProcessEnd {
        let id = uuid::Uuid::new_v4().to_string();
        let started = Instant::now();
        let (mut process, port) = match self.start(&id) {
            Ok(started) => started,
            Err(error) => {
                return ProcessEnd::Crash(format!("The handler cannot be started: {error}"));
            }
        };
        let worker = Arc::new(Worker {
            id,
            process: process.id(),
            pool: Pool::new(port),
            commands: self.commands.clone(),
        });
        let probe = answers(Arc::clone(&worker), &self.plan, &self.console);
        tokio::pin!(probe);
        let mut probing = true;
        // Before the host's time limit ends, this distinguishes a handler on another port from a slow one.
        let hint = tokio::time::sleep(HINT);
        tokio::pin!(hint);
        let mut is_hinted = false;
        let turn = loop {
            tokio::select! {
                // An exit explains more than the failing probe that it causes.
                biased;
                status = process.ended() => break exited(status),
                command = self.inbox.recv() => match command {
                    Some(Command::Restart { worker: stale, .. }) if stale != worker.id => {}
                    Some(Command::Restart { reason, .. }) => {
                        break ProcessEnd::Restart(format!("{reason}; the handler is killed"));
                    }
                    // Its end is then handled like any other.
                    Some(Command::Kill) => process.kill(),
                    Some(Command::Stop(grace)) => break ProcessEnd::Stop(grace),
                    None => break ProcessEnd::Stop(Grace::Kill),
                },
                () = &mut hint, if probing && !is_hinted => {
                    match process.listens_elsewhere(port) {
                        Some(cause) => {
                            is_hinted = true;
                            self.console.warn(format_args!(
                                "The handler does not answer on 127.0.0.1:{port}: {cause}"
                            ));
                        }
                        None => hint.as_mut().reset(tokio::time::Instant::now() + HINT),
                    }
                }
                ready = &mut probe, if probing => {
                    probing = false;
                    if !ready {
                        let cause = process.silence(port).map(|cause| format!(": {cause}"));
                        break ProcessEnd::Crash(format!(
                            "The handler did not listen on 127.0.0.1:{port} (FUNCTIONS_CUSTOMHANDLER_PORT) within {:?}{}",
                            self.plan.initialization_timeout,
                            cause.unwrap_or_default()
                        ));
                    }
                    self.console.debug(format_args!(
                        "The handler answers on port {port} after {} ms",
                        started.elapsed().as_millis()
                    ));
                    self.state.send_replace(Lifecycle::Ready(Arc::clone(&worker)));
                }
            }
        };
        // From now on, requests wait or fail, instead of connecting to a closed port.
        if let ProcessEnd::Stop(grace) = turn {
            self.state.send_replace(Lifecycle::Draining);
            self.drain(&mut process, grace).await;
        } else {
            self.state.send_replace(Lifecycle::Starting);
        }
        let errors = process.reap().await;
        self.pause = match probing {
            true => longer(self.pause),
            false => Duration::ZERO,
        };
        match turn {
            ProcessEnd::Crash(reason) if !errors.is_empty() => ProcessEnd::Crash(format!(
                "{reason}; its last error lines: {}",
                errors.join(" | ")
            )),
            turn => turn,
        }
    }

    /// Waits, and returns whether the command to stop came in the meantime.
    async fn stopped_within(&mut self, pause: Duration) -> bool {
        let stop = async {
            while let Some(Command::Restart { .. } | Command::Kill) = self.inbox.recv().await {}
        };
        tokio::time::timeout(pause, stop).await.is_ok()
    }

    /// Gives the process its grace period, unless a command with a shorter one comes.
    async fn drain(&mut self, process: &mut Process, grace: Grace) {
        let Grace::Term(patience) = grace else { return };
        let terminated = process.terminate(patience);
        tokio::pin!(terminated);
        loop {
            tokio::select! {
                ended = &mut terminated => {
                    if !ended {
                        self.console.warn(format_args!(
                            "The handler did not end within {patience:?} of SIGTERM; it is killed"
                        ));
                    }
                    return;
                }
                command = self.inbox.recv() => {
                    if matches!(command, Some(Command::Kill | Command::Stop(Grace::Kill)) | None) {
                        return;
                    }
                }
            }
        }
    }

    fn start(&self, id: &str) -> std::io::Result<(Process, u16)> {
        let port = self.plan.port.map_or_else(free_port, Ok)?;
        // HttpWorkerProcess.cs: two names each, for old and new handlers.
        let variables = [
            ("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()),
            ("FUNCTIONS_HTTPWORKER_PORT", port.to_string()),
            ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", id.to_owned()),
            ("FUNCTIONS_HTTPWORKER_ID", id.to_owned()),
            ("FUNCTIONS_APP_ROOT_PATH", self.plan.script_root.clone()),
        ];
        let process = Process::start(&self.plan, &variables, &self.console)?;
        self.console.debug(format_args!(
            "The handler is process {}, worker {id}; it must listen on port {port}",
            process.id()
        ));
        Ok((process, port))
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// The meaning of an exit: 0 and 200 request a restart (for 0, the host restarts since 2026). Everything else is an
/// error.
fn exited(status: std::io::Result<std::process::ExitStatus>) -> ProcessEnd {
    match status {
        Ok(status) => match status.code() {
            Some(0) => ProcessEnd::Restart(
                "The handler ended with exit code 0, but a handler must keep running and serve requests; if its command starts a server in the background, let it run in the foreground".to_owned(),
            ),
            Some(RESTART_CODE) => {
                ProcessEnd::Restart(format!("The handler ended with exit code {RESTART_CODE}"))
            }
            Some(code) => ProcessEnd::Crash(format!(
                "The handler ended with exit code {code}{}",
                meaning(code)
            )),
            None => ProcessEnd::Crash(format!("The handler was ended by {status}")),
        },
        Err(error) => ProcessEnd::Crash(format!("The handler was lost: {error}")),
    }
}

/// The meaning of exit codes of shells and container tools, if one of them starts the handler.
fn meaning(code: i32) -> String {
    match code {
        126 => " (by convention: a file was found but could not be started)".to_owned(),
        127 => " (by convention: a command or a shared library was not found)".to_owned(),
        129..=192 => format!(" (by convention: ended by signal {})", code - 128),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_before_a_restart_grows_to_a_limit() {
        let pauses =
            std::iter::successors(Some(longer(Duration::ZERO)), |pause| Some(longer(*pause)));
        let seconds: Vec<f64> = pauses.take(9).map(|pause| pause.as_secs_f64()).collect();
        assert_eq!(seconds, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
    }

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
