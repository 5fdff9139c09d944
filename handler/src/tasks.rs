//! The background tasks of an instance. All are spawned here, so that the end of each one is noticed.

use std::fmt;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one instance, and the token that stops them. Clones share them.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    failed: watch::Sender<Option<Failure>>,
}

/// A background task ended before the instance was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What the task does.
    pub task: &'static str,
    /// Whether it panicked; otherwise it returned.
    pub panicked: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.panicked { "panicked" } else { "ended" };
        write!(f, "the background task \"{}\" {how}", self.task)
    }
}

impl std::error::Error for Failure {}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            failed: watch::Sender::new(None),
        }
    }
}

impl Tasks {
    /// Spawns a task that must run until [`stop`](Self::stop). If it ends earlier, that is logged, and
    /// [`failed`](Self::failed) reports it.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let end = End {
            task: name,
            tasks: self.clone(),
        };
        self.tracker.spawn(async move {
            // Dropped when the task returns, panics or is aborted.
            let _end = end;
            task.await;
        });
    }

    /// Spawns a task that may end at any time, such as a query that several requests wait for.
    pub fn spawn_short(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// The token that tells the tasks to end.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The first task that ended too early, if there is one.
    pub fn failure(&self) -> Option<Failure> {
        *self.failed.borrow()
    }

    /// Waits until a task ends too early.
    pub async fn failed(&self) -> Failure {
        let mut failed = self.failed.subscribe();
        match failed.wait_for(Option::is_some).await.map(|found| *found) {
            Ok(Some(failure)) => failure,
            // The sender lives in `self`.
            _ => std::future::pending().await,
        }
    }

    /// Tells the tasks to end. From now on the end of a task is not a failure.
    pub fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
    }

    /// Waits until all tasks have ended after [`stop`](Self::stop).
    pub async fn stopped(&self) {
        self.tracker.wait().await;
    }
}

/// Notices the end of a task.
struct End {
    task: &'static str,
    tasks: Tasks,
}

impl Drop for End {
    fn drop(&mut self) {
        if self.tasks.stop.is_cancelled() {
            return;
        }
        let failure = Failure {
            task: self.task,
            panicked: std::thread::panicking(),
        };
        let is_first = self.tasks.failed.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(failure);
            is_first
        });
        if is_first {
            tracing::error!(reason = %failure, "a background task failed: the instance ends");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_returns_is_reported() {
        let panicking = Tasks::default();
        panicking.spawn("one", async { panic!("a test's own panic") });
        let failure = Failure {
            task: "one",
            panicked: true,
        };
        assert_eq!(panicking.failed().await, failure);
        // Only the first failure is kept: the others may follow from it.
        panicking.spawn("two", async {});
        panicking.stop();
        panicking.stopped().await;
        assert_eq!(panicking.failure(), Some(failure));

        let returning = Tasks::default();
        returning.spawn("three", async {});
        let failure = returning.failed().await;
        assert_eq!(failure.to_string(), "the background task \"three\" ended");
    }

    #[tokio::test]
    async fn tasks_that_end_when_told_are_no_failure() {
        let tasks = Tasks::default();
        let stop = tasks.stop_token();
        tasks.spawn("one", async move { stop.cancelled().await });
        tasks.spawn_short(async {});
        tasks.stop();
        tasks.stopped().await;
        assert_eq!(tasks.failure(), None);
    }
}
