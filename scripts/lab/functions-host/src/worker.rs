//! A responding handler process, and the commands for its supervisor.

#[cfg(test)]
use std::sync::Arc;

use tokio::sync::mpsc;

use super::pool::Pool;
use super::process::Grace;

/// A responding handler process.
pub struct Worker {
    /// New for each process: `FUNCTIONS_CUSTOMHANDLER_WORKER_ID`.
    pub id: String,
    /// The process ID.
    pub process: i32,
    pub(crate) pool: Pool,
    /// To the supervisor.
    pub(super) commands: mpsc::Sender<Command>,
}

impl Worker {
    /// A worker without a process.
    #[cfg(test)]
    pub(crate) fn nobody(id: &str) -> Arc<Self> {
        Arc::new(Self {
            id: id.to_owned(),
            process: 0,
            pool: Pool::new(0),
            commands: mpsc::channel(1).0,
        })
    }

    /// Reports that an invocation exceeded `functionTimeout`. The host then kills the process.
    pub(crate) fn timed_out(&self) {
        self.restart("An invocation exceeded functionTimeout");
    }

    /// Kills the process and starts it again in the same place, as the host does. `reason` is a sentence without its
    /// end, for the user.
    pub fn restart(&self, reason: &'static str) {
        let worker = self.id.clone();
        // If the queue is full, it already contains such a command.
        let _ = self.commands.try_send(Command::Restart { worker, reason });
    }
}

/// The commands for the supervisor of an instance.
pub(super) enum Command {
    /// Replaces the worker with this id, if it still exists.
    Restart {
        worker: String,
        reason: &'static str,
    },
    /// SIGKILL, like an accident.
    Kill,
    Stop(Grace),
}
