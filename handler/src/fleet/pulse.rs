use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::domain::InstanceState;

/// Where this instance is in its life, between those who know it and the heart that tells the fleet.
#[derive(Debug, Clone)]
pub struct Pulse {
    /// Somebody has had an answer from this instance. Looked at for every request.
    has_answered: Arc<AtomicBool>,
    state: Arc<watch::Sender<InstanceState>>,
    /// The last state that the fleet was told; `None` before the first heartbeat.
    told: Arc<watch::Sender<Option<InstanceState>>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            has_answered: Arc::default(),
            state: Arc::new(watch::Sender::new(InstanceState::Starting)),
            told: Arc::new(watch::Sender::new(None)),
        }
    }
}

impl Pulse {
    /// Notes that an answer was given; the first one makes the instance live.
    pub fn answered(&self) {
        if !self.has_answered.load(Ordering::Relaxed) {
            self.has_answered.store(true, Ordering::Relaxed);
            self.enter(InstanceState::Live);
        }
    }

    /// Enters a state and waits, for no longer than this, until the fleet has been told; where it was never told of
    /// this instance there is nothing to wait for.
    pub async fn announce(&self, state: InstanceState, deadline: Duration) {
        self.enter(state);
        let mut told = self.told.subscribe();
        if told.borrow().is_some() {
            // The sender lives in `self`.
            let _ = timeout(deadline, told.wait_for(|told| *told >= Some(state))).await;
        }
    }

    /// A life goes one way only.
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

    pub(super) fn note_told(&self, state: InstanceState) {
        self.told.send_replace(Some(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_life_goes_one_way() {
        let pulse = Pulse::default();
        assert_eq!(*pulse.states().borrow(), InstanceState::Starting);
        // Nobody knows this instance, so nobody need be told.
        pulse
            .announce(InstanceState::Draining, Duration::from_secs(3_600))
            .await;
        pulse.answered();
        assert_eq!(*pulse.states().borrow(), InstanceState::Draining);
    }
}
