//! Group commit: visits that arrive while a write is under way share the next one.

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::{Database, Error, STATEMENT_DEADLINE, within};
use crate::domain::{Arrival, Receipt};

/// The most visits of one transaction. Larger batches gain nothing and make their first visit wait.
const MAX_BATCH: usize = 256;

/// Visits that may wait for the next write; more than a full batch for each of several writes, so it only
/// fills up when the database cannot keep pace.
const QUEUE: usize = 1_024;

/// Hands visits to the one task of this process that writes them.
///
/// There is no timer: a visit that finds no write under way starts one at once, so a lone request is as
/// quick as a statement of its own.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    arrival: Arrival,
    answer: oneshot::Sender<Result<Receipt, Error>>,
}

impl Recorder {
    /// Starts the writing task; it ends when the last `Recorder` is gone and the queue is empty.
    pub fn start(database: Database, instance_id: String, tasks: &TaskTracker) -> Self {
        let (queue, arrivals) = mpsc::channel(QUEUE);
        tasks.spawn(write_batches(database, instance_id, arrivals));
        Self { queue }
    }

    /// Answers once the visit is durable.
    ///
    /// # Errors
    /// [`Error::QueueFull`] at once when too many wait; otherwise why the write failed. Unless the queue
    /// was full, a visit whose answer was an error may still have been written: only a key makes trying
    /// again safe.
    pub async fn record(&self, arrival: Arrival) -> Result<Receipt, Error> {
        let (answer, receipt) = oneshot::channel();
        self.queue
            .try_send(Waiting { arrival, answer })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => Error::QueueFull,
                mpsc::error::TrySendError::Closed(_) => Error::Unavailable(None),
            })?;
        receipt.await.unwrap_or(Err(Error::Unavailable(None)))
    }
}

async fn write_batches(
    database: Database,
    instance_id: String,
    mut arrivals: mpsc::Receiver<Waiting>,
) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while arrivals.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        // A caller that is gone wants no visit; its request was never acknowledged.
        waiting.retain(|one| !one.answer.is_closed());
        if waiting.is_empty() {
            continue;
        }
        let (batch, answers): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .map(|one| (one.arrival, one.answer))
            .unzip();
        match write(&database, &instance_id, &batch).await {
            Ok(receipts) => {
                for (answer, receipt) in answers.into_iter().zip(receipts) {
                    // The caller may have gone meanwhile; its visit is in the register all the same.
                    let _ = answer.send(Ok(receipt));
                }
            }
            Err(error) => error.tell(answers),
        }
    }
}

async fn write(
    database: &Database,
    instance_id: &str,
    batch: &[Arrival],
) -> Result<Vec<Receipt>, Error> {
    let store = database.store().await?;
    within(STATEMENT_DEADLINE, store.record(instance_id, batch)).await
}
