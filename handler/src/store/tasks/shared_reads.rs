//! Concurrent reads of the same data share a query.

use std::collections::hash_map::{Entry, HashMap};
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::domain::{Listing, Timeline};
use crate::store::Error;
use crate::store::connection::database::Database;
use crate::store::connection::deadline::{STATEMENT_DEADLINE, within};
use crate::store::connection::session::Session;
use crate::store::queries::instances::FleetListing;
use crate::tasks::Tasks;

/// How many turns the tasks of other callers get before the next query begins.
const TURNS: usize = 16;

/// The longest time that a caller waits: for the query in progress, and for its own.
const LONGEST_WAIT: Duration = STATEMENT_DEADLINE.saturating_mul(2);

/// The result of a query, for several callers.
#[derive(Debug)]
pub struct Shared<T> {
    found: T,
    body: OnceLock<Bytes>,
}

impl<T> Shared<T> {
    /// The result in the form in which it is sent, rendered once. All callers that share it must need the same form.
    pub fn body(&self, render: impl FnOnce(&T) -> Bytes) -> Bytes {
        self.body.get_or_init(|| render(&self.found)).clone()
    }
}

/// Reads for many callers at once.
///
/// A caller that arrives during such a query waits for the next one, so no response is older than its request.
#[derive(Debug, Clone)]
pub struct SharedReads {
    pages: Reads<Page>,
    listings: Reads<FleetView<FleetFormat>>,
    timelines: Reads<FleetView<Span>>,
    /// Whether the app sets the number of instances itself.
    scales_itself: bool,
}

impl SharedReads {
    /// The queries run as separate `tasks`, so that a caller that disconnects does not end a shared query.
    ///
    /// Pages of visits and views of the fleet have separate limits, so that many requests for one do not block the
    /// other. Together they leave a connection for everything else, unless there are fewer than three connections. If
    /// the app `scales_itself`, the state of its scaler is read with the fleet.
    pub fn new(database: &Database, tasks: &Tasks, scales_itself: bool) -> Self {
        let connections = database.read_connections();
        let (pages, views) = ((connections / 2).max(1), (connections / 4).max(1));
        let limit = |queries| Limit {
            places: Arc::new(Semaphore::new(queries)),
            keeps_connections: pages + views < connections,
        };
        let views = limit(views);
        Self {
            pages: Reads::new(database, tasks, limit(pages)),
            listings: Reads::new(database, tasks, views.clone()),
            timelines: Reads::new(database, tasks, views),
            scales_itself,
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
    pub async fn instances(&self) -> Result<Arc<Shared<FleetListing>>, Error> {
        self.listings.ask(self.view(FleetFormat::Json)).await
    }

    /// The same for `/metrics`, which renders it in another form.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn exposition(&self) -> Result<Arc<Shared<FleetListing>>, Error> {
        self.listings.ask(self.view(FleetFormat::Prometheus)).await
    }

    /// The fleet's activity over the last `span`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn timeline(&self, span: Duration) -> Result<Arc<Shared<Timeline>>, Error> {
        self.timelines.ask(self.view(Span(span))).await
    }

    const fn view<T>(&self, of: T) -> FleetView<T> {
        FleetView {
            of,
            scales_itself: self.scales_itself,
        }
    }
}

/// A query whose result callers share if their values are equal.
trait Query: Copy + Eq + Hash + Send + Sync + 'static {
    type Found: Send + Sync + 'static;

    fn run(self, session: &mut Session) -> impl Future<Output = Result<Self::Found, Error>> + Send;
}

/// Identifies a page: the number of visits, and the id below which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Page {
    limit: u8,
    before: Option<i64>,
}

impl Query for Page {
    type Found = Listing;

    async fn run(self, session: &mut Session) -> Result<Listing, Error> {
        session.list(self.limit, self.before).await
    }
}

/// A view of the fleet, with or without the app's own scaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FleetView<T> {
    of: T,
    scales_itself: bool,
}

/// The format in which the fleet's instances are sent. The rows are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum FleetFormat {
    Json,
    Prometheus,
}

impl Query for FleetView<FleetFormat> {
    type Found = FleetListing;

    async fn run(self, session: &mut Session) -> Result<FleetListing, Error> {
        session.fleet_listing(self.scales_itself).await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Span(Duration);

impl Query for FleetView<Span> {
    type Found = Timeline;

    async fn run(self, session: &mut Session) -> Result<Timeline, Error> {
        session.timeline(self.of.0, self.scales_itself).await
    }
}

type Answer<Q> = oneshot::Sender<Result<Arc<Shared<<Q as Query>::Found>>, Error>>;
type Waiting<Q> = Arc<Mutex<HashMap<Q, Vec<Answer<Q>>>>>;

/// Bounds the number of queries that run at once.
#[derive(Clone)]
struct Limit {
    places: Arc<Semaphore>,
    /// Whether the next query may reuse the connection. Only if other tasks can get a connection in the meantime.
    keeps_connections: bool,
}

/// A permit to run a query, and its connection.
struct Place {
    session: Session,
    permit: OwnedSemaphorePermit,
}

/// Queries of one kind.
#[derive(Clone)]
struct Reads<Q: Query> {
    database: Database,
    tasks: Tasks,
    limit: Limit,
    /// The callers that wait for each query. A query without an entry is not running. Locked only for short accesses.
    waiting: Waiting<Q>,
}

impl<Q: Query> std::fmt::Debug for Reads<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reads")
    }
}

impl<Q: Query> Reads<Q> {
    fn new(database: &Database, tasks: &Tasks, limit: Limit) -> Self {
        Self {
            database: database.clone(),
            tasks: tasks.clone(),
            limit,
            waiting: Arc::default(),
        }
    }

    async fn ask(&self, query: Q) -> Result<Arc<Shared<Q::Found>>, Error> {
        let (answer, found) = oneshot::channel();
        let is_first = match lock(&self.waiting).entry(query) {
            Entry::Occupied(mut callers) => {
                callers.get_mut().push(answer);
                false
            }
            Entry::Vacant(entry) => {
                entry.insert(vec![answer]);
                true
            }
        };
        if is_first {
            let callers = Callers {
                query,
                waiting: Arc::clone(&self.waiting),
                is_over: false,
            };
            self.tasks.spawn_short(self.clone().read(callers));
        }
        // Without a result, the reading task panicked: an error in this program, not in the database.
        let answered = async { found.await.unwrap_or(Err(Error::Other(None))) };
        within(LONGEST_WAIT, answered).await
    }

    /// Runs one query after the other, as long as callers wait.
    async fn read(self, mut callers: Callers<Q>) {
        let mut place = None;
        let mut served = 0;
        loop {
            callers.gather(served).await;
            let Some(answers) = callers.take() else {
                return;
            };
            served = answers.len();
            match self.query(&mut place, callers.query).await {
                Ok(found) => {
                    let body = OnceLock::new();
                    let shared = Arc::new(Shared { found, body });
                    for answer in answers {
                        // The caller may have disconnected in the meantime.
                        let _ = answer.send(Ok(Arc::clone(&shared)));
                    }
                    place = place.and_then(|place| self.keep(place));
                }
                Err(error) => {
                    place = None;
                    error.send_to(answers);
                }
            }
        }
    }

    async fn query(&self, place: &mut Option<Place>, query: Q) -> Result<Q::Found, Error> {
        let statement = pin!(async {
            let place = match place {
                Some(place) => place,
                // Boxed, because it is rarely needed and large.
                none => none.insert(Box::pin(self.place()).await?),
            };
            query.run(&mut place.session).await
        });
        within(STATEMENT_DEADLINE, statement).await
    }

    async fn place(&self) -> Result<Place, Error> {
        let places = Arc::clone(&self.limit.places);
        let permit = places.acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let session = self.database.store().await?.reader().await?;
        Ok(Place { session, permit })
    }

    /// Keeps the place for the next query, unless other queries wait for one.
    fn keep(&self, place: Place) -> Option<Place> {
        if !self.limit.keeps_connections {
            return None;
        }
        let Place { session, permit } = place;
        // A returned permit goes to a waiting query first. In that case there is none to take back.
        drop(permit);
        let permit = Arc::clone(&self.limit.places).try_acquire_owned().ok()?;
        Some(Place { session, permit })
    }
}

/// The callers that wait for one query, on behalf of the task that runs it. If that task ends for any reason, this
/// value is dropped with their senders, so they do not wait for ever.
struct Callers<Q: Query> {
    query: Q,
    waiting: Waiting<Q>,
    /// The entry was removed. There may be a new one, of another task.
    is_over: bool,
}

impl<Q: Query> Callers<Q> {
    /// Waits until as many callers have arrived as the last query served, but only for a limited number of turns of
    /// other tasks. Callers that received their results together return within microseconds of each other. Without
    /// this wait, the first caller would have a query of its own, and the others would wait for it. These turns take
    /// no time in a runtime without other work, so a single caller is not delayed.
    async fn gather(&self, served: usize) {
        if served < 2 {
            return;
        }
        for _ in 0..TURNS {
            let waiting = lock(&self.waiting).get(&self.query).map_or(0, Vec::len);
            if waiting >= served {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The callers that wait now and are still connected. If there are none, removes the entry and returns `None`.
    fn take(&mut self) -> Option<Vec<Answer<Q>>> {
        let mut waiting = lock(&self.waiting);
        let mut answers = std::mem::take(waiting.get_mut(&self.query)?);
        answers.retain(|answer| !answer.is_closed());
        if answers.is_empty() {
            waiting.remove(&self.query);
            self.is_over = true;
            return None;
        }
        Some(answers)
    }
}

impl<Q: Query> Drop for Callers<Q> {
    fn drop(&mut self) {
        if !self.is_over {
            if std::thread::panicking() {
                tracing::error!("a shared query panicked");
            }
            lock(&self.waiting).remove(&self.query);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::store::{Migrate, Target};

    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    struct Panicking;

    impl Query for Panicking {
        type Found = ();

        async fn run(self, session: &mut Session) -> Result<(), Error> {
            session.ping().await?;
            panic!("a test's own panic")
        }
    }

    #[tokio::test]
    async fn a_query_that_panics_keeps_no_caller_waiting() {
        let path = std::env::temp_dir().join(format!("shared-reads-{}.db", std::process::id()));
        let database = Database::new(&Target::Sqlite(path.clone()), 10, Migrate::Auto);
        database.clone().open(CancellationToken::new()).await;
        let limit = Limit {
            places: Arc::new(Semaphore::new(1)),
            keeps_connections: true,
        };
        let reads = Reads::new(&database, &Tasks::default(), limit);
        // Previously, the second call found the entry of the first one and waited for ever.
        for _ in 0..3 {
            let (one, other) = tokio::join!(reads.ask(Panicking), reads.ask(Panicking));
            assert!(matches!(one, Err(Error::Other(None))), "{one:?}");
            assert!(matches!(other, Err(Error::Other(None))), "{other:?}");
        }
        assert!(lock(&reads.waiting).is_empty());
        assert_eq!(reads.limit.places.available_permits(), 1);
        database.close().await;
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
