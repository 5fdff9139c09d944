use crate::domain::{OrderKind, StressOrder, StressPlan, Timestamp};
use crate::store::NewOrders;
use crate::stress::Stress;

/// Follows the orders to the fleet on behalf of this instance.
#[derive(Debug)]
pub struct Orders {
    stress: Stress,
    /// The last order that was read; `None` before the first.
    seen: Option<i64>,
    /// The active order, as long as it has not been started.
    pending: Option<StressOrder>,
}

impl Orders {
    /// No order has been read yet.
    pub fn new(stress: Stress) -> Self {
        Self {
            stress,
            seen: None,
            pending: None,
        }
    }

    /// The last order that was read.
    pub fn seen(&self) -> Option<i64> {
        self.seen
    }

    /// Follows these, the oldest first, and what is left of those before.
    pub async fn follow(&mut self, new_orders: NewOrders) {
        // How far the clock here is behind the database's.
        let behind = new_orders.now.millis() - Timestamp::now().millis();
        for order in new_orders.orders {
            self.note(order, behind).await;
        }
        self.start_pending(new_orders.now);
    }

    async fn note(&mut self, order: StressOrder, behind: i64) {
        self.seen = Some(order.id);
        self.pending = match order.kind {
            OrderKind::Run { .. } => Some(order),
            OrderKind::Stop => {
                let ordered = Timestamp::from_millis(order.ordered.millis().saturating_sub(behind));
                if self.stress.stop(ordered).await > 0 {
                    tracing::info!(order = order.id, "stress run ended by a fleet-wide stop");
                }
                None
            }
        };
    }

    /// Starts what is left of the pending order, unless a run is in progress: then the next heartbeat tries again.
    fn start_pending(&mut self, now: Timestamp) {
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
