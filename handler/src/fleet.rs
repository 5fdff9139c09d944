//! Orders to the whole fleet, taken up by each instance within one heartbeat.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::domain::{Moment, OrderKind, StressOrder, StressPlan};
use crate::store::{Database, Error, STATEMENT_DEADLINE, within};
use crate::stress::Stress;

/// Follows the store's orders on behalf of this instance.
#[derive(Debug)]
pub struct Follower {
    /// Where the orders are.
    pub database: Database,
    /// What they are about.
    pub stress: Stress,
    /// Time between two looks.
    pub heartbeat: Duration,
    /// Rung by whoever gave an order here, so that this instance need not wait for its next look.
    pub given: Arc<Notify>,
}

/// How far the orders have been followed.
#[derive(Debug, Default)]
struct Progress {
    /// The last order looked at; `None` before the first look.
    seen: Option<i64>,
    /// The order in force, as long as it still has to be taken up.
    pending: Option<StressOrder>,
}

impl Follower {
    /// Looks once a heartbeat until told to stop; what the store cannot tell now it will tell later.
    pub async fn run(self, stop: CancellationToken) {
        let mut beat = tokio::time::interval(self.heartbeat);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut progress = Progress::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = beat.tick() => {}
                () = self.given.notified() => {}
            }
            match self.orders(progress.seen).await {
                Ok(orders) => {
                    for order in orders {
                        self.note(&mut progress, order).await;
                    }
                }
                Err(error) => tracing::debug!(%error, "orders not read, trying again"),
            }
            self.take_up(&mut progress);
        }
    }

    /// A newcomer cares for the order in force only; afterwards none may be missed.
    async fn orders(&self, seen: Option<i64>) -> Result<Vec<StressOrder>, Error> {
        let store = self.database.store().await?;
        within(STATEMENT_DEADLINE, async {
            match seen {
                None => Ok(store.newest_order().await?.into_iter().collect()),
                Some(id) => store.orders_after(id).await,
            }
        })
        .await
    }

    async fn note(&self, progress: &mut Progress, order: StressOrder) {
        progress.seen = Some(order.id);
        progress.pending = match order.kind {
            OrderKind::Run { .. } => Some(order),
            OrderKind::Stop => {
                if self.stress.stop(order.ordered).await > 0 {
                    tracing::info!(order = order.id, "stress run ended by a fleet-wide stop");
                }
                None
            }
        };
    }

    /// Begins what is left of the pending order, unless a run is under way: then the next beat tries.
    fn take_up(&self, progress: &mut Progress) {
        let Some(StressOrder {
            id,
            kind: OrderKind::Run { ends, intensity },
            ..
        }) = progress.pending
        else {
            return;
        };
        let left = ends.since(Moment::now());
        if left.is_zero() {
            progress.pending = None;
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
            progress.pending = None;
        }
    }
}
