//! The time limits of one exchange, and the state that both directions share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The longest time without progress in a proxied exchange (`DefaultHttpProxyService.cs`, `ActivityTimeout`).
pub(crate) const ACTIVITY_TIMEOUT: Duration = Duration::from_secs(240);

/// Why an exchange was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// There was no progress for too long.
    Idle,
    /// `functionTimeout` is over.
    Function,
}

/// The state that both directions of one exchange share.
pub(crate) struct Exchange {
    started: Instant,
    /// Milliseconds from `started` to the last byte moved.
    last: AtomicU64,
    deadline: Option<Instant>,
    /// The longest time without progress; `None` without a limit.
    patience: Option<Duration>,
    /// Bytes the client may still send.
    allowance: AtomicU64,
    too_large: AtomicBool,
    /// Whether the client's body was malformed or incomplete.
    broken: AtomicBool,
    /// Whether the handler's connection still sends the request's body.
    uploading: AtomicBool,
}

impl Exchange {
    /// `patience` is the longest time without progress.
    pub(crate) fn start(
        function_timeout: Option<Duration>,
        body_limit: u64,
        patience: Option<Duration>,
    ) -> Arc<Self> {
        let started = Instant::now();
        Arc::new(Self {
            started,
            last: AtomicU64::new(0),
            deadline: function_timeout.and_then(|timeout| started.checked_add(timeout)),
            patience,
            allowance: AtomicU64::new(body_limit),
            too_large: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            uploading: AtomicBool::new(false),
        })
    }

    /// Notes that bytes were transferred.
    pub(super) fn touch(&self) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed, Ordering::Relaxed);
    }

    /// The earliest time for the next check; `None` without a limit.
    pub(super) fn expiry(&self) -> Option<Instant> {
        let last = self.started + Duration::from_millis(self.last.load(Ordering::Relaxed));
        let idle = self.patience.map(|patience| last + patience);
        [self.deadline, idle].into_iter().flatten().min()
    }

    /// Called at [`Self::expiry`]. `None` if there was progress since.
    pub(super) fn expired(&self) -> Option<Expiry> {
        let now = Instant::now();
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            Some(Expiry::Function)
        } else {
            let is_idle = self.expiry().is_some_and(|expiry| now >= expiry);
            is_idle.then_some(Expiry::Idle)
        }
    }

    /// Waits for a future as long as the exchange may last.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> Result<T, Expiry> {
        tokio::pin!(work);
        loop {
            let Some(expiry) = self.expiry() else {
                return Ok(work.await);
            };
            if let Ok(done) = tokio::time::timeout_at(expiry, &mut work).await {
                return Ok(done);
            }
            if let Some(expiry) = self.expired() {
                return Err(expiry);
            }
        }
    }

    /// Counts bytes that the client sent. Returns false if they exceed the limit.
    pub(super) fn receive(&self, length: u64) -> bool {
        self.touch();
        // Only the task that reads the client's body changes it.
        let left = self.allowance.load(Ordering::Relaxed).checked_sub(length);
        match left {
            Some(left) => self.allowance.store(left, Ordering::Relaxed),
            None => self.too_large.store(true, Ordering::Relaxed),
        }
        left.is_some()
    }

    /// Notes that the client's body was malformed or incomplete.
    pub(super) fn break_off(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_uploading(&self, uploading: bool) {
        self.uploading.store(uploading, Ordering::Release);
    }

    /// Whether the handler's connection still sends the request's body.
    pub(super) fn uploading(&self) -> bool {
        self.uploading.load(Ordering::Acquire)
    }

    /// Whether the client sent more than the limit.
    pub(crate) fn too_large(&self) -> bool {
        self.too_large.load(Ordering::Relaxed)
    }

    /// Whether the client's body was malformed or incomplete.
    pub(crate) fn broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_exchange_ends_when_nothing_moves_for_240_seconds() {
        let exchange = Exchange::start(None, 1, Some(ACTIVITY_TIMEOUT));
        let begin = Instant::now();
        let moving = async {
            tokio::time::sleep(Duration::from_secs(200)).await;
            exchange.touch();
            std::future::pending::<()>().await;
        };
        assert_eq!(exchange.watch(moving).await, Err(Expiry::Idle));
        assert_eq!(begin.elapsed().as_secs(), 440);
    }

    #[tokio::test(start_paused = true)]
    async fn the_function_timeout_ends_a_moving_exchange() {
        let exchange = Exchange::start(Some(Duration::from_secs(300)), 1, Some(ACTIVITY_TIMEOUT));
        let moving = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                exchange.touch();
            }
        };
        let ended: Result<(), Expiry> = exchange.watch(moving).await;
        assert_eq!(ended, Err(Expiry::Function));
    }
    #[tokio::test(start_paused = true)]
    async fn a_patient_exchange_may_be_idle_until_the_function_timeout() {
        let exchange = Exchange::start(Some(Duration::from_secs(1800)), 1, None);
        let begin = Instant::now();
        let ended: Result<(), Expiry> = exchange.watch(std::future::pending()).await;
        assert_eq!(ended, Err(Expiry::Function));
        assert_eq!(begin.elapsed().as_secs(), 1800);

        let exchange = Exchange::start(None, 1, None);
        let day = tokio::time::sleep(Duration::from_secs(86_400));
        assert_eq!(exchange.watch(day).await, Ok(()));
    }
}
