//! Concurrent reads of the same thing share a query.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::{Database, Error, RollCall, STATEMENT_DEADLINE, Session, within};
use crate::domain::{Listing, Timeline};

/// How often the tasks of other callers get a turn before the next query begins.
const TURNS: usize = 16;

/// What a query found, for several callers.
#[derive(Debug)]
pub struct Shared<T> {
    found: T,
    body: OnceLock<Bytes>,
}

impl<T> Shared<T> {
    /// What was found as it is sent: rendered for the first of the callers only, so that all who may share it must
    /// want the same form.
    pub fn body(&self, render: impl FnOnce(&T) -> Bytes) -> Bytes {
        self.body.get_or_init(|| render(&self.found)).clone()
    }
}

/// Reads for many callers at once.
///
/// Whoever asks while a query for the same thing is under way waits for the next one, which begins after
/// it asked: nobody gets an answer older than the question.
#[derive(Debug, Clone)]
pub struct SharedReads {
    pages: Reads<Page>,
    roll_calls: Reads<RollCallFor>,
    timelines: Reads<Span>,
}

impl SharedReads {
    /// The queries run as `tasks`, so that a caller that leaves does not end one that others wait for.
    pub fn new(database: &Database, tasks: &TaskTracker) -> Self {
        Self {
            pages: Reads::new(database, tasks),
            roll_calls: Reads::new(database, tasks),
            timelines: Reads::new(database, tasks),
        }
    }

    /// A page of at most `limit` visits with ids below `before`, newest first, and the total.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn list(
        &self,
        limit: u8,
        before: Option<i64>,
    ) -> Result<Arc<Shared<Listing>>, Error> {
        self.pages.ask(Page { limit, before }).await
    }

    /// The fleet's instances, for `/api/instances`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn instances(&self) -> Result<Arc<Shared<RollCall>>, Error> {
        self.roll_calls.ask(RollCallFor::Listing).await
    }

    /// The same for `/metrics`, which renders it another way.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn exposition(&self) -> Result<Arc<Shared<RollCall>>, Error> {
        self.roll_calls.ask(RollCallFor::Exposition).await
    }

    /// The fleet over the last `span`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn timeline(&self, span: Duration) -> Result<Arc<Shared<Timeline>>, Error> {
        self.timelines.ask(Span(span)).await
    }
}

/// Something that can be asked for; equal questions share an answer.
trait Question: Copy + Eq + Hash + Send + Sync + 'static {
    type Answer: Send + Sync + 'static;

    fn put(self, session: &mut Session)
    -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// Which page: how many visits, and below which id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Page {
    limit: u8,
    before: Option<i64>,
}

impl Question for Page {
    type Answer = Listing;

    async fn put(self, session: &mut Session) -> Result<Listing, Error> {
        session.list(self.limit, self.before).await
    }
}

/// What the fleet's instances are asked for: the answer is the same, but its form is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum RollCallFor {
    Listing,
    Exposition,
}

impl Question for RollCallFor {
    type Answer = RollCall;

    async fn put(self, session: &mut Session) -> Result<RollCall, Error> {
        session.roll_call().await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Span(Duration);

impl Question for Span {
    type Answer = Timeline;

    async fn put(self, session: &mut Session) -> Result<Timeline, Error> {
        session.timeline(self.0).await
    }
}

type Answer<Q> = oneshot::Sender<Result<Arc<Shared<<Q as Question>::Answer>>, Error>>;

/// Questions of one kind.
struct Reads<Q: Question> {
    database: Database,
    tasks: TaskTracker,
    /// Who waits for which answer; a question without an entry has no query under way. Held only to change it.
    waiting: Arc<Mutex<HashMap<Q, Vec<Answer<Q>>>>>,
}

impl<Q: Question> Clone for Reads<Q> {
    fn clone(&self) -> Self {
        Self {
            database: self.database.clone(),
            tasks: self.tasks.clone(),
            waiting: Arc::clone(&self.waiting),
        }
    }
}

impl<Q: Question> std::fmt::Debug for Reads<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reads")
    }
}

impl<Q: Question> Reads<Q> {
    fn new(database: &Database, tasks: &TaskTracker) -> Self {
        Self {
            database: database.clone(),
            tasks: tasks.clone(),
            waiting: Arc::default(),
        }
    }

    async fn ask(&self, question: Q) -> Result<Arc<Shared<Q::Answer>>, Error> {
        let (answer, found) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = waiting.get_mut(&question);
            let is_first = entry.is_none();
            match entry {
                Some(others) => others.push(answer),
                None => {
                    waiting.insert(question, vec![answer]);
                }
            }
            is_first
        };
        if is_first {
            self.tasks.spawn(self.clone().read(question));
        }
        found.await.unwrap_or(Err(Error::Unavailable(None)))
    }

    /// Runs one query after the other as long as somebody waits, all on one connection.
    async fn read(self, question: Q) {
        let mut session = None;
        let mut served = 0;
        loop {
            self.gather(question, served).await;
            let Some(answers) = self.next(question) else {
                return;
            };
            served = answers.len();
            match self.query(&mut session, question).await {
                Ok(found) => {
                    let body = OnceLock::new();
                    let shared = Arc::new(Shared { found, body });
                    for answer in answers {
                        // The caller may have gone meanwhile.
                        let _ = answer.send(Ok(Arc::clone(&shared)));
                    }
                }
                Err(error) => {
                    session = None;
                    error.tell(answers);
                }
            }
        }
    }

    /// Lets as many ask as the last query served. They were answered together and come back within microseconds of
    /// each other; taken one by one, the first would have a query of its own and the others wait for it. What is given
    /// is turns of whatever else there is to do: no time passes where there is nothing, and none for a lone caller.
    async fn gather(&self, question: Q, served: usize) {
        if served < 2 {
            return;
        }
        for _ in 0..TURNS {
            if self.asking(question) >= served {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// How many wait for the next query.
    fn asking(&self, question: Q) -> usize {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&question).map_or(0, Vec::len)
    }

    /// Those who have asked by now and are still there; `None`, and the place free, if there are none.
    fn next(&self, question: Q) -> Option<Vec<Answer<Q>>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answers = std::mem::take(waiting.get_mut(&question)?);
        answers.retain(|answer| !answer.is_closed());
        if answers.is_empty() {
            waiting.remove(&question);
            return None;
        }
        Some(answers)
    }

    async fn query(&self, session: &mut Option<Session>, question: Q) -> Result<Q::Answer, Error> {
        let statement = pin!(async {
            let session = match session {
                Some(session) => session,
                // Boxed: it is seldom needed, and large.
                none => none.insert(Box::pin(self.open()).await?),
            };
            question.put(session).await
        });
        within(STATEMENT_DEADLINE, statement).await
    }

    async fn open(&self) -> Result<Session, Error> {
        self.database.store().await?.reader().await
    }
}
