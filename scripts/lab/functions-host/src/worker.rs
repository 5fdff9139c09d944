//! A handler process that answers, and what its supervisor can be told.

#[cfg(test)]
use std::sync::Arc;

use tokio::sync::mpsc;

use super::pool::Pool;
use super::process::Grace;

/// A handler process that answers.
pub struct Worker {
    /// New for each process: `FUNCTIONS_CUSTOMHANDLER_WORKER_ID`.
    pub id: String,
    /// The id of the process.
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

    /// Reports that an invocation outlived `functionTimeout`, for which the host kills the process.
    pub(crate) fn timed_out(&self) {
        self.restart("An invocation exceeded functionTimeout");
    }

    /// Kills the process and starts it again in place, as the host does. `reason` is a sentence without its end, for
    /// people.
    pub fn restart(&self, reason: &'static str) {
        let worker = self.id.clone();
        // A full queue holds such a command already.
        let _ = self.commands.try_send(Command::Restart { worker, reason });
    }
}

/// What the supervisor of an instance can be told.
pub(super) enum Command {
    /// Replaces the worker of this id, if it is still there.
    Restart {
        worker: String,
        reason: &'static str,
    },
    /// SIGKILL, as in an accident.
    Kill,
    Stop(Grace),
}
