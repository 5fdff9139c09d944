//! Group commit: visits that arrive during a write share the next write.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::SpanContext;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::domain::{Arrival, Receipt};
use crate::observe::telemetry::{self, Spans};
use crate::store::Error;
use crate::store::connection::database::Database;
use crate::store::connection::deadline::{STATEMENT_DEADLINE, within};
use crate::store::connection::postgres::TRUSTED_IDLE;
use crate::store::connection::session::Session;
use crate::store::queries::visits::CounterSlot;
use crate::tasks::Tasks;
use gather::{Gather, MAX_BATCH};

mod gather;

/// The most visits that may wait for the next write. They are several batches, so the queue fills up only if the
/// database cannot keep pace.
const QUEUE: usize = 2_048;

/// Passes visits to the one task of this process that writes them.
///
/// A single visit starts a write at once, so it is as fast as a statement of its own. For the only wait, see
/// [`gather`].
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Waiting>,
    written: Arc<AtomicU64>,
    spans: Spans,
}

type Answer = oneshot::Sender<Result<Receipt, Error>>;

struct Waiting {
    arrival: Arrival,
    answer: Answer,
    /// The span that waits for this visit, if spans are exported.
    caller: Option<SpanContext>,
}

impl Recorder {
    /// Starts the writing task. After the tasks were told to stop, it ends when the last `Recorder` is dropped and
    /// the queue is empty.
    pub fn start(database: Database, instance_id: String, spans: Spans, tasks: &Tasks) -> Self {
        let (queue, arrivals) = mpsc::channel(QUEUE);
        let written = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            database,
            instance_id,
            spans: spans.clone(),
            written: Arc::clone(&written),
            session: None,
            slot: CounterSlot::default(),
            gather: Gather::new(),
        };
        tasks.spawn("visit writer", writer.run(arrivals));
        Self {
            queue,
            written,
            spans,
        }
    }

    /// The number of visits written since the start, as a shared counter. A key that is used again does not add a
    /// visit.
    pub fn written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    /// Returns after the visit is durable.
    ///
    /// # Errors
    /// [`Error::QueueFull`] at once if too many visits wait; otherwise the reason why the write failed. Except with a
    /// full queue, the visit may have been written despite the error, so only a visit with a key can be sent again
    /// safely.
    pub async fn record(&self, arrival: Arrival) -> Result<Receipt, Error> {
        let (answer, receipt) = oneshot::channel();
        self.queue
            .try_send(Waiting {
                arrival,
                answer,
                caller: self.spans.current(),
            })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => Error::QueueFull,
                mpsc::error::TrySendError::Closed(_) => Error::Unavailable(None),
            })?;
        receipt.await.unwrap_or(Err(Error::Unavailable(None)))
    }
}

/// The writing task.
struct Writer {
    database: Database,
    instance_id: String,
    spans: Spans,
    written: Arc<AtomicU64>,
    /// Kept between batches that follow each other closely, so that the connection need not be tested each time.
    session: Option<Session>,
    slot: CounterSlot,
    gather: Gather,
}

impl Writer {
    async fn run(mut self, mut arrivals: mpsc::Receiver<Waiting>) {
        let mut waiting = Vec::with_capacity(MAX_BATCH);
        let mut written: Option<Written> = None;
        loop {
            // The visits that already wait need only the connection, which is free again. If this instance is the
            // only one that writes, it sends them at once. If others write too, larger batches are better for all.
            while waiting.len() < MAX_BATCH
                && let Ok(one) = arrivals.try_recv()
            {
                waiting.push(one);
            }
            if waiting.is_empty() {
                if let Some(written) = written.take() {
                    written.hand_out();
                }
                match self.receive(&mut waiting, &mut arrivals).await {
                    Received::Some => self.gather.wait(0, &mut waiting, &mut arrivals).await,
                    Received::Silence => self.session = None,
                    Received::End => return,
                }
            } else if self.gather.with_others()
                && let Some(written) = written.take()
            {
                written.hand_out();
                let waited = waiting.len();
                self.gather.wait(waited, &mut waiting, &mut arrivals).await;
            }
            written = self.next(&mut waiting, written.take()).await;
        }
    }

    /// Waits for a visit.
    async fn receive(
        &self,
        waiting: &mut Vec<Waiting>,
        arrivals: &mut mpsc::Receiver<Waiting>,
    ) -> Received {
        let next = arrivals.recv_many(waiting, MAX_BATCH);
        let received = if self.session.is_some() {
            timeout(TRUSTED_IDLE, next).await
        } else {
            Ok(next.await)
        };
        match received {
            Ok(0) => Received::End,
            Ok(_) => Received::Some,
            Err(_) => Received::Silence,
        }
    }

    /// Writes the waiting visits. The callers of the previous batch receive their results after this batch was sent,
    /// so that the database does not wait for that.
    async fn next(
        &mut self,
        waiting: &mut Vec<Waiting>,
        before: Option<Written>,
    ) -> Option<Written> {
        // A caller that has disconnected needs no visit, because its request was never acknowledged.
        waiting.retain(|one| !one.answer.is_closed());
        let (batch, waiters): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .map(|one| (one.arrival, (one.answer, one.caller)))
            .unzip();
        if batch.is_empty() {
            return before;
        }
        let (answers, callers): (Vec<_>, Vec<_>) = waiters.into_iter().unzip();
        let began = Instant::now();
        let (receipts, ()) = tokio::join!(biased; self.write(&batch, &callers), async {
            if let Some(before) = before {
                before.hand_out();
            }
        });
        self.gather.wrote(batch.len(), began);
        match receipts {
            // The database refused one of the visits and wrote none of them. Write the others one by one.
            Err(Error::Other(Some(sqlx::Error::Database(_)))) if batch.len() > 1 => {
                self.answer_singly(&batch, answers, &callers).await;
                None
            }
            receipts => Some(Written { answers, receipts }),
        }
    }

    async fn answer_singly(
        &mut self,
        batch: &[Arrival],
        answers: Vec<Answer>,
        callers: &[Option<SpanContext>],
    ) {
        for ((arrival, answer), caller) in batch.iter().zip(answers).zip(callers) {
            let written = self.write(std::slice::from_ref(arrival), std::slice::from_ref(caller));
            let answers = vec![answer];
            let receipts = written.await;
            Written { answers, receipts }.hand_out();
        }
    }

    async fn statement(&mut self, batch: &[Arrival]) -> Result<Vec<Option<Receipt>>, Error> {
        let session = match &mut self.session {
            Some(session) => session,
            // Boxed, because it is rarely needed and large.
            none => none.insert(Box::pin(open(&self.database)).await?),
        };
        session
            .record(&self.instance_id, &mut self.slot, batch)
            .await
    }

    async fn write(
        &mut self,
        batch: &[Arrival],
        callers: &[Option<SpanContext>],
    ) -> Result<Vec<Option<Receipt>>, Error> {
        let callers = callers.iter().flatten().cloned();
        let db_type = self.database.db_type();
        let span = self.spans.shared_write(callers, db_type, batch.len());
        let written = {
            let statement = pin!(self.statement(batch));
            within(STATEMENT_DEADLINE, statement).await
        };
        if let Some(span) = &span {
            let failure = written.as_ref().err();
            telemetry::end(span, failure.map(|error| (error.kind(), error.to_string())));
        }
        if let Ok(receipts) = &written {
            self.gather.counted(receipts);
            let new = receipts
                .iter()
                .flatten()
                .filter(|receipt| !receipt.replayed);
            self.written
                .fetch_add(new.count() as u64, Ordering::Relaxed);
        }
        if written.is_err() {
            self.slot.leave();
        }
        // SQLite has only one connection that writes, and other tasks need it too.
        if written.is_err() || matches!(self.session, Some(Session::Sqlite(_))) {
            self.session = None;
        }
        written
    }
}

async fn open(database: &Database) -> Result<Session, Error> {
    database.store().await?.visit_writer().await
}

/// The result of waiting for a visit.
enum Received {
    Some,
    /// No visit for so long that the connection must be tested before it is used again.
    Silence,
    /// No sender is left.
    End,
}

/// A batch that was written or has failed, and whose callers do not know the result yet.
struct Written {
    answers: Vec<Answer>,
    receipts: Result<Vec<Option<Receipt>>, Error>,
}

impl Written {
    fn hand_out(self) {
        match self.receipts {
            Ok(receipts) => {
                for (answer, receipt) in self.answers.into_iter().zip(receipts) {
                    // The caller may have disconnected in the meantime. Its visit is stored nevertheless.
                    let _ = answer.send(receipt.ok_or(Error::Unavailable(None)));
                }
            }
            Err(error) => error.send_to(self.answers),
        }
    }
}
