use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::domain::InstanceState;

/// This instance's state. Other parts of the program set it here; the heartbeats report it to the fleet.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    /// Whether this instance has responded to a request. Read for every request.
    has_answered: Arc<AtomicBool>,
    state: Arc<watch::Sender<InstanceState>>,
    /// The last state that a heartbeat reported; `None` before the first heartbeat.
    reported: Arc<watch::Sender<Option<InstanceState>>>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            has_answered: Arc::default(),
            state: Arc::new(watch::Sender::new(InstanceState::Starting)),
            reported: Arc::new(watch::Sender::new(None)),
        }
    }
}

impl Lifecycle {
    /// Notes that a response was sent. The first one makes the instance live.
    pub fn answered(&self) {
        if !self.has_answered.load(Ordering::Relaxed) {
            self.has_answered.store(true, Ordering::Relaxed);
            self.enter(InstanceState::Live);
        }
    }

    /// Enters a state and waits until a heartbeat has reported it, or until the deadline. Before the first heartbeat
    /// there is nothing to wait for.
    pub async fn announce(&self, state: InstanceState, deadline: Duration) {
        self.enter(state);
        let mut reported = self.reported.subscribe();
        if reported.borrow().is_some() {
            // The wait cannot fail: the sender is part of `self`.
            let _ = timeout(
                deadline,
                reported.wait_for(|reported| *reported >= Some(state)),
            )
            .await;
        }
    }

    /// States only move forward: an earlier state is ignored.
    pub(super) fn enter(&self, state: InstanceState) {
        self.state.send_if_modified(|present| {
            let is_later = state > *present;
            *present = state.max(*present);
            is_later
        });
    }

    pub(super) fn states(&self) -> watch::Receiver<InstanceState> {
        self.state.subscribe()
    }

    pub(super) fn note_reported(&self, state: InstanceState) {
        self.reported.send_replace(Some(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn states_only_move_forward() {
        let lifecycle = Lifecycle::default();
        assert_eq!(*lifecycle.states().borrow(), InstanceState::Starting);
        // No heartbeat has reported this instance, so there is nothing to wait for.
        lifecycle
            .announce(InstanceState::Draining, Duration::from_secs(3_600))
            .await;
        lifecycle.answered();
        assert_eq!(*lifecycle.states().borrow(), InstanceState::Draining);
    }
}
