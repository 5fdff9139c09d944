//! Concurrent reads of the same page share a query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::{Database, Error, STATEMENT_DEADLINE, Session, within};
use crate::domain::Listing;

/// Which page: how many visits, and below which id.
type Page = (u8, Option<i64>);
type Answer = oneshot::Sender<Result<Arc<SharedListing>, Error>>;

/// A page that several callers get.
#[derive(Debug)]
pub struct SharedListing {
    listing: Listing,
    body: OnceLock<Bytes>,
}

impl SharedListing {
    /// The page as it is sent: rendered for the first of the callers only.
    pub fn body(&self, render: impl FnOnce(&Listing) -> Bytes) -> Bytes {
        self.body.get_or_init(|| render(&self.listing)).clone()
    }
}

/// Reads pages of the register.
///
/// Whoever asks while a query for the same page is under way waits for the next one, which begins after
/// it asked: nobody gets an answer older than the question.
#[derive(Debug, Clone)]
pub struct SharedReads {
    database: Database,
    tasks: TaskTracker,
    /// Who waits for which page; a page without an entry has no query under way. Held only to change it.
    waiting: Arc<Mutex<HashMap<Page, Vec<Answer>>>>,
}

impl SharedReads {
    /// The queries run as `tasks`, so that a caller that leaves does not end one that others wait for.
    pub fn new(database: Database, tasks: TaskTracker) -> Self {
        Self {
            database,
            tasks,
            waiting: Arc::default(),
        }
    }

    /// A page of at most `limit` visits with ids below `before`, newest first, and the total.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn list(&self, limit: u8, before: Option<i64>) -> Result<Arc<SharedListing>, Error> {
        let page = (limit, before);
        let (answer, listing) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = waiting.get_mut(&page);
            let is_first = entry.is_none();
            match entry {
                Some(others) => others.push(answer),
                None => {
                    waiting.insert(page, vec![answer]);
                }
            }
            is_first
        };
        if is_first {
            self.tasks.spawn(self.clone().read(page));
        }
        listing.await.unwrap_or(Err(Error::Unavailable(None)))
    }

    /// Runs one query after the other as long as somebody waits, all on one connection.
    async fn read(self, page: Page) {
        let mut session = None;
        while let Some(answers) = self.next(page) {
            match self.query(&mut session, page).await {
                Ok(listing) => {
                    let body = OnceLock::new();
                    let listing = Arc::new(SharedListing { listing, body });
                    for answer in answers {
                        // The caller may have gone meanwhile.
                        let _ = answer.send(Ok(Arc::clone(&listing)));
                    }
                }
                Err(error) => {
                    session = None;
                    error.tell(answers);
                }
            }
        }
    }

    /// Those who have asked by now and are still there; `None`, and the page free, if there are none.
    fn next(&self, page: Page) -> Option<Vec<Answer>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answers = std::mem::take(waiting.get_mut(&page)?);
        answers.retain(|answer| !answer.is_closed());
        if answers.is_empty() {
            waiting.remove(&page);
            return None;
        }
        Some(answers)
    }

    async fn query(
        &self,
        session: &mut Option<Session>,
        (limit, before): Page,
    ) -> Result<Listing, Error> {
        within(STATEMENT_DEADLINE, async {
            let session = match session {
                Some(session) => session,
                none => none.insert(self.database.store().await?.reader().await?),
            };
            session.list(limit, before).await
        })
        .await
    }
}
