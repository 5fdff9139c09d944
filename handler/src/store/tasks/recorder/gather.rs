//! How long the next write waits for the callers of the last one.
//!
//! Callers often send their next visit right after the response to the last one. Without a wait, the first of these
//! visits would start a write, and all others would wait for two writes. So the writer waits briefly for as many
//! visits as can be expected.
//!
//! While other instances commit too, each write costs server time that the writes of the others need, and smaller
//! batches mean more writes. In that case the writer also waits when some visits are already waiting. Otherwise the
//! callers of an instance would split into two groups that take turns, with batches half as large. The wait depends
//! on the time of the last write, which includes the server's work for the other instances. No instance waits for
//! another one.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::domain::Receipt;

/// The most visits per transaction. Larger batches gain nothing and delay their first visit.
pub(super) const MAX_BATCH: usize = 512;

/// The fraction of the last write's time that the next write may wait, and the limit of that, if this instance is the
/// only one that writes. The database has nothing else to do, so the wait is short.
const ALONE: Wait = Wait {
    part: 8,
    longest: Duration::from_millis(1),
};
/// The same, while other instances commit too.
const WITH_OTHERS: Wait = Wait {
    part: 1,
    longest: Duration::from_millis(4),
};

struct Wait {
    /// The time of the last write is divided by this.
    part: u32,
    longest: Duration,
}

/// What the last writes show about the next one.
#[derive(Debug)]
pub(super) struct Gather {
    /// Visits of the last batch.
    last_batch: usize,
    /// When the last write ended, and how long it took.
    ended: Instant,
    took: Duration,
    /// The total after the last batch; `None` before the first one.
    total: Option<i64>,
    /// Whether other instances recorded visits between the last two batches of this one.
    with_others: bool,
}

impl Gather {
    pub(super) fn new() -> Self {
        Self {
            last_batch: 0,
            ended: Instant::now(),
            took: Duration::ZERO,
            total: None,
            with_others: false,
        }
    }

    /// Whether other instances commit too.
    pub(super) fn with_others(&self) -> bool {
        self.with_others
    }

    /// Notes a write that has just ended, successful or not.
    pub(super) fn wrote(&mut self, visits: usize, began: Instant) {
        self.last_batch = visits;
        self.ended = Instant::now();
        self.took = self.ended - began;
    }

    /// Notes the totals of a batch. The total includes all instances, so a difference between two batches of this
    /// instance is what the others recorded.
    pub(super) fn counted(&mut self, receipts: &[Option<Receipt>]) {
        let mut receipts = receipts.iter().flatten();
        let Some(first) = receipts.next() else { return };
        let before = first.total_visits - i64::from(!first.replayed);
        self.with_others = self.total.is_some_and(|total| before > total);
        self.total = Some(receipts.next_back().unwrap_or(first).total_visits);
    }

    /// Waits until there are as many visits as the callers of the last batch can send, in addition to the `others`
    /// that waited when it ended. Returns at once if the time for that is over, so a later visit, and every single
    /// visit, is not delayed.
    pub(super) async fn wait<T>(
        &self,
        others: usize,
        waiting: &mut Vec<T>,
        arrivals: &mut mpsc::Receiver<T>,
    ) {
        let expected = (self.last_batch + others).min(MAX_BATCH);
        let until = self.until();
        if self.with_others {
            let arriving = async {
                while waiting.len() < expected
                    && Instant::now() < until
                    && arrivals.recv_many(waiting, expected - waiting.len()).await > 0
                {
                }
            };
            // The timer has a resolution of a millisecond. While visits arrive, the condition above is more exact.
            let _ = timeout_at(until, arriving).await;
        } else {
            while waiting.len() < expected && Instant::now() < until {
                match arrivals.try_recv() {
                    Ok(one) => waiting.push(one),
                    // The time is too short for the timer, and other tasks can run in the meantime.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        }
    }

    fn until(&self) -> Instant {
        let wait = if self.with_others {
            &WITH_OTHERS
        } else {
            &ALONE
        };
        self.ended + (self.took / wait.part).min(wait.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// The last batch ends in the future, so that the time to wait is over only when a test advances to it.
    fn gather(last_batch: usize, with_others: bool, ended: Instant) -> Gather {
        Gather {
            last_batch,
            ended,
            took: Duration::from_secs(1),
            total: None,
            with_others,
        }
    }

    fn receipts(totals: &[i64]) -> Vec<Option<Receipt>> {
        let receipt = |total: &i64| {
            Some(Receipt {
                id: *total,
                recorded: Timestamp::from_millis(0),
                instance_id: String::new(),
                total_visits: *total,
                replayed: false,
            })
        };
        totals.iter().map(receipt).collect()
    }

    #[tokio::test]
    async fn expected_visits_share_a_write() {
        let later = Instant::now() + HOUR;
        for with_others in [false, true] {
            let gather = gather(3, with_others, later);
            let (queue, mut arrivals) = mpsc::channel(8);
            // Two other visits waited when the write ended. Its three callers return one by one.
            let mut waiting = vec![1, 2];
            let callers = async {
                for visit in 3..=5 {
                    tokio::task::yield_now().await;
                    queue.send(visit).await.expect("the writer listens");
                }
            };
            tokio::join!(gather.wait(2, &mut waiting, &mut arrivals), callers);
            assert_eq!(waiting, [1, 2, 3, 4, 5]);
        }
    }

    #[tokio::test]
    async fn a_single_visit_is_written_at_once() {
        let long_ago = Instant::now() - Duration::from_secs(1);
        for with_others in [false, true] {
            for (last_batch, ended) in [(1, Instant::now() + HOUR), (9, long_ago)] {
                let gather = gather(last_batch, with_others, ended);
                let (_queue, mut arrivals) = mpsc::channel::<u8>(8);
                let mut waiting = vec![1];
                let mut wait = std::pin::pin!(gather.wait(0, &mut waiting, &mut arrivals));
                // Ready at the first poll, so it has waited for nothing.
                assert!(futures_util::poll!(&mut wait).is_ready());
            }
        }
    }

    #[tokio::test]
    async fn the_writer_does_not_wait_for_callers_that_do_not_return() {
        for with_others in [false, true] {
            let gather = gather(9, with_others, Instant::now());
            let (_queue, mut arrivals) = mpsc::channel::<u8>(8);
            let mut waiting = vec![1];
            gather.wait(1, &mut waiting, &mut arrivals).await;
            assert_eq!(waiting, [1]);
        }
    }

    #[tokio::test]
    async fn a_batch_is_never_larger_than_its_limit() {
        for with_others in [false, true] {
            let gather = gather(MAX_BATCH, with_others, Instant::now() + HOUR);
            let (queue, mut arrivals) = mpsc::channel(MAX_BATCH);
            for visit in 0..MAX_BATCH {
                queue.try_send(visit).expect("there is room");
            }
            let mut waiting = vec![0; 5];
            gather.wait(5, &mut waiting, &mut arrivals).await;
            assert_eq!(waiting.len(), MAX_BATCH);
        }
    }

    #[tokio::test]
    async fn waiting_visits_are_kept_when_no_sender_is_left() {
        let gather = gather(9, true, Instant::now() + HOUR);
        let (queue, mut arrivals) = mpsc::channel(8);
        queue.try_send(2).expect("there is room");
        drop(queue);
        let mut waiting = vec![1];
        gather.wait(1, &mut waiting, &mut arrivals).await;
        assert_eq!(waiting, [1, 2]);
    }

    #[test]
    fn the_wait_depends_on_the_last_write_and_is_bounded() {
        let millis = Duration::from_millis;
        for (with_others, took, longest) in [
            (false, millis(4), Duration::from_micros(500)),
            (false, millis(3_000), millis(1)),
            (true, millis(2), millis(2)),
            (true, millis(3_000), millis(4)),
        ] {
            let mut gather = gather(1, with_others, Instant::now());
            gather.took = took;
            assert_eq!(gather.until() - gather.ended, longest);
        }
    }

    #[test]
    fn other_instances_are_detected_by_the_total() {
        let mut gather = gather(1, false, Instant::now());
        // Visits before the first batch may be from any time.
        for (totals, with_others) in [
            (&[11, 12][..], false),
            (&[13], false),
            (&[20, 21], true),
            (&[22], false),
        ] {
            gather.counted(&receipts(totals));
            assert_eq!(gather.with_others(), with_others, "{totals:?}");
        }
        let mut replayed = receipts(&[22]);
        replayed[0].as_mut().expect("there is one").replayed = true;
        gather.counted(&replayed);
        assert!(!gather.with_others());
    }
}
