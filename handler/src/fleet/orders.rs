use crate::domain::{OrderKind, StressOrder, StressPlan, Timestamp};
use crate::store::NewOrders;
use crate::stress::Stress;

/// Follows the fleet commands on this instance.
#[derive(Debug)]
pub struct Orders {
    stress: Stress,
    /// The last command that was read; `None` before the first.
    seen: Option<i64>,
    /// The active command, until its run has started here.
    pending: Option<StressOrder>,
    /// When the last run that a command started had begun.
    followed: Option<Timestamp>,
}

impl Orders {
    /// No command has been read yet.
    pub fn new(stress: Stress) -> Self {
        Self {
            stress,
            seen: None,
            pending: None,
            followed: None,
        }
    }

    /// The last command that was read.
    pub fn seen(&self) -> Option<i64> {
        self.seen
    }

    /// Follows these commands in order, and the pending one from before.
    pub async fn follow(&mut self, new_orders: NewOrders) {
        // How far the local clock is behind the database's clock.
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
                // It also ends a run that an earlier command started, even if that run began here after the stop was
                // given: a new instance reads both commands one after the other.
                let before = self
                    .followed
                    .take()
                    .map_or(ordered, |began| began.max(ordered));
                if self.stress.stop(before).await > 0 {
                    tracing::info!(order = order.id, "stress run ended by a fleet-wide stop");
                }
                None
            }
        };
    }

    /// Starts the rest of the pending command, unless a run is in progress. In that case the next heartbeat tries
    /// again.
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
                "fleet-wide stress run started"
            );
            run.detach();
            self.pending = None;
            self.followed = Some(Timestamp::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn orders(order: StressOrder, now: Timestamp) -> NewOrders {
        NewOrders {
            now,
            orders: vec![order],
        }
    }

    #[tokio::test]
    async fn a_stop_ends_the_run_of_an_earlier_order_even_if_it_began_after_the_stop() {
        let stress = Stress::new(0.1, false);
        let mut followed = Orders::new(stress.clone());
        let now = Timestamp::now();
        let before = |span| Timestamp::from_millis(now.millis() - span);
        let run = StressOrder {
            id: 1,
            ordered: before(2_000),
            kind: OrderKind::Run {
                ends: Timestamp::from_millis(now.millis() + 600_000),
                intensity: None,
            },
        };
        followed.follow(orders(run, now)).await;
        assert!(stress.remaining() > Some(Duration::ZERO));
        let stop = StressOrder {
            id: 2,
            ordered: before(1_000),
            kind: OrderKind::Stop,
        };
        followed.follow(orders(stop, now)).await;
        assert_eq!(stress.remaining(), None);
    }
}
