use crate::domain::{Moment, OrderKind, StressOrder, StressPlan};
use crate::store::Heard;
use crate::stress::Stress;

/// Follows the orders to the fleet on behalf of this instance.
#[derive(Debug)]
pub struct Orders {
    stress: Stress,
    /// The last order heard of; `None` before the first.
    seen: Option<i64>,
    /// The order in force, as long as it still has to be taken up.
    pending: Option<StressOrder>,
}

impl Orders {
    /// None has been heard of yet.
    pub fn new(stress: Stress) -> Self {
        Self {
            stress,
            seen: None,
            pending: None,
        }
    }

    /// The last order heard of.
    pub fn seen(&self) -> Option<i64> {
        self.seen
    }

    /// Follows these, the oldest first, and what is left of those before.
    pub async fn follow(&mut self, heard: Heard) {
        // What the clock here shows less than the database's.
        let behind = heard.now.millis() - Moment::now().millis();
        for order in heard.orders {
            self.note(order, behind).await;
        }
        self.take_up(heard.now);
    }

    async fn note(&mut self, order: StressOrder, behind: i64) {
        self.seen = Some(order.id);
        self.pending = match order.kind {
            OrderKind::Run { .. } => Some(order),
            OrderKind::Stop => {
                let ordered = Moment::from_millis(order.ordered.millis() - behind);
                if self.stress.stop(ordered).await > 0 {
                    tracing::info!(order = order.id, "stress run ended by a fleet-wide stop");
                }
                None
            }
        };
    }

    /// Begins what is left of the pending order, unless a run is under way: then the next heartbeat tries.
    fn take_up(&mut self, now: Moment) {
        let Some(StressOrder {
            id,
            kind: OrderKind::Run { ends, intensity },
            ..
        }) = self.pending
        else {
            return;
        };
        let left = ends.since(now);
        if left.is_zero() {
            self.pending = None;
            return;
        }
        if let Ok(run) = self.stress.start(StressPlan {
            duration: left,
            intensity,
        }) {
            tracing::info!(
                order = id,
                seconds = left.as_secs_f64(),
                "fleet-wide stress order taken up"
            );
            run.detach();
            self.pending = None;
        }
    }
}
