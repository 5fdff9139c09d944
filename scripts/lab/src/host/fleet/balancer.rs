//! Which instance answers a request: the one with the fewest under way, in turn where several have as few.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::host::instance::Worker;

/// How long a process may take from closing its sockets to its end.
const DYING: Duration = Duration::from_millis(500);

/// What is counted of one instance, whichever process of it answers.
pub(crate) struct Tally {
    /// The instance's name: `INSTANCE_ID`.
    pub(crate) id: String,
    outstanding: AtomicU32,
    requests: AtomicU64,
    /// Set once the instance gets no more requests.
    draining: AtomicBool,
    drained: Notify,
}

impl Tally {
    pub(super) fn new(id: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            outstanding: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
        })
    }

    /// Requests given to the instance and not yet answered to the end.
    pub(super) fn outstanding(&self) -> u32 {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Requests that the instance was sent.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Waits until nothing is under way. Only for an instance that has left the roster.
    pub(super) async fn drained(&self) {
        // Either this sees the last ticket returned, or whoever returns it sees this.
        self.draining.store(true, Ordering::SeqCst);
        while self.outstanding.load(Ordering::SeqCst) > 0 {
            self.drained.notified().await;
        }
    }
}

/// One process of an instance that takes requests.
pub(crate) struct Seat {
    pub(super) tally: Arc<Tally>,
    pub(crate) worker: Arc<Worker>,
}

impl Seat {
    pub(super) fn new(tally: Arc<Tally>, worker: Arc<Worker>) -> Arc<Self> {
        Arc::new(Self { tally, worker })
    }

    /// A ticket for this very process.
    pub(crate) fn ticket(self: &Arc<Self>) -> Ticket {
        self.tally.outstanding.fetch_add(1, Ordering::SeqCst);
        Ticket(Arc::clone(self))
    }
}

/// A request's right to one process; it counts as under way until this is dropped.
pub(crate) struct Ticket(Arc<Seat>);

impl Ticket {
    pub(crate) fn worker(&self) -> &Arc<Worker> {
        &self.0.worker
    }

    /// Counts a request that has reached the process.
    pub(crate) fn sent(&self) {
        self.0.tally.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let tally = &self.0.tally;
        if tally.outstanding.fetch_sub(1, Ordering::SeqCst) == 1
            && tally.draining.load(Ordering::SeqCst)
        {
            tally.drained.notify_one();
        }
    }
}

/// Who takes requests at the moment.
pub(super) enum Roster {
    Open(Vec<Arc<Seat>>),
    /// Nobody, and nobody will.
    Closed,
}

impl Roster {
    fn seats(&self) -> &[Arc<Seat>] {
        match self {
            Self::Open(seats) => seats,
            Self::Closed => &[],
        }
    }
}

/// No process came in time, or none will come.
#[derive(Debug)]
pub(crate) struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no handler is there to answer")
    }
}

/// Gives requests to instances.
pub(crate) struct Balancer {
    roster: watch::Receiver<Roster>,
    /// Where the next search begins, which is what makes equals take turns.
    next: AtomicUsize,
    patience: Duration,
}

impl Balancer {
    /// A balancer, and what tells it who is there. Requests wait so long for somebody to be.
    pub(super) fn new(patience: Duration) -> (Self, watch::Sender<Roster>) {
        let (sender, roster) = watch::channel(Roster::Open(Vec::new()));
        let balancer = Self {
            roster,
            next: AtomicUsize::new(0),
            patience,
        };
        (balancer, sender)
    }

    /// A process for a request, as soon as there is one; another one than `avoided` if there is any.
    pub(crate) async fn ticket(&self, avoided: Option<&Worker>) -> Result<Ticket, Unavailable> {
        if let Some(ticket) = self.choose(avoided) {
            return Ok(ticket);
        }
        let end = tokio::time::Instant::now().checked_add(self.patience);
        let mut roster = self.roster.clone();
        loop {
            let news = roster.wait_for(|roster| match roster {
                Roster::Open(seats) => !seats.is_empty(),
                Roster::Closed => true,
            });
            let open = match end {
                Some(end) => tokio::time::timeout_at(end, news).await,
                None => Ok(news.await),
            };
            match open {
                Ok(Ok(roster)) if matches!(*roster, Roster::Open(_)) => {}
                _ => return Err(Unavailable),
            }
            if let Some(ticket) = self.choose(avoided) {
                return Ok(ticket);
            }
        }
    }

    /// The ticket is taken while the roster is held: once a new roster is in force, nobody comes with a ticket
    /// for an instance that is not on it.
    fn choose(&self, avoided: Option<&Worker>) -> Option<Ticket> {
        let roster = self.roster.borrow();
        let seats = roster.seats();
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let avoided = avoided.filter(|_| seats.len() > 1);
        (0..seats.len())
            .map(|step| &seats[start.wrapping_add(step) % seats.len()])
            .filter(|seat| avoided.is_none_or(|worker| seat.worker.id != worker.id))
            // The first of equals.
            .min_by_key(|seat| seat.tally.outstanding())
            .map(Seat::ticket)
    }

    /// How many processes take requests.
    pub(crate) fn open(&self) -> usize {
        self.roster.borrow().seats().len()
    }

    /// Whether no more requests are answered.
    pub(crate) fn closed(&self) -> bool {
        matches!(*self.roster.borrow(), Roster::Closed)
    }

    /// Waits a moment for the news that a process is gone, after it broke a connection off. Whoever gets its
    /// error answer and asks again then waits for the next process instead of dialling one that is just dying.
    /// (The real host takes up to 1.85 s over such an answer, dialling in vain.)
    pub(crate) async fn fate(&self, worker: &Worker) {
        let mut roster = self.roster.clone();
        let gone = roster.wait_for(|roster| {
            roster
                .seats()
                .iter()
                .all(|seat| seat.worker.id != worker.id)
        });
        let _ = tokio::time::timeout(DYING, gone).await;
    }

    /// Waits for the first process, however long that takes; for ever if none comes.
    pub(crate) async fn ready(&self) {
        let mut roster = self.roster.clone();
        let first = roster.wait_for(|roster| !roster.seats().is_empty());
        if first.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(id: &str) -> Arc<Seat> {
        Seat::new(Tally::new(id.to_owned()), Worker::nobody(id))
    }

    fn balancer(ids: &[&str]) -> (Balancer, watch::Sender<Roster>, Vec<Arc<Seat>>) {
        let seats: Vec<_> = ids.iter().map(|id| seat(id)).collect();
        let (balancer, sender) = Balancer::new(Duration::from_secs(60));
        sender.send_replace(Roster::Open(seats.clone()));
        (balancer, sender, seats)
    }

    fn taken(balancer: &Balancer, avoided: Option<&Worker>) -> Ticket {
        balancer.choose(avoided).expect("somebody is there")
    }

    #[tokio::test]
    async fn equals_take_turns() {
        let (balancer, _sender, seats) = balancer(&["a", "b", "c"]);
        for _ in 0..30 {
            balancer
                .ticket(None)
                .await
                .expect("somebody is there")
                .sent();
        }
        for seat in seats {
            assert_eq!(seat.tally.requests(), 10);
        }
    }

    #[test]
    fn the_least_loaded_comes_first() {
        let (balancer, _sender, seats) = balancer(&["a", "b", "c"]);
        let held: Vec<_> = (0..6).map(|_| taken(&balancer, None)).collect();
        assert!(seats.iter().all(|seat| seat.tally.outstanding() == 2));
        let (of_a, rest): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|ticket| ticket.0.tally.id == "a");
        drop(of_a);
        for _ in 0..2 {
            let ticket = taken(&balancer, None);
            assert_eq!(ticket.0.tally.id, "a");
            std::mem::forget(ticket);
        }
        drop(rest);
    }

    #[test]
    fn an_avoided_process_is_taken_only_where_it_is_the_last() {
        let (balancer, sender, seats) = balancer(&["a", "b"]);
        for _ in 0..10 {
            assert_eq!(taken(&balancer, Some(&seats[0].worker)).0.tally.id, "b");
        }
        sender.send_replace(Roster::Open(vec![Arc::clone(&seats[0])]));
        assert_eq!(taken(&balancer, Some(&seats[0].worker)).0.tally.id, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_wait_for_an_instance_but_not_for_ever() {
        let (balancer, sender, _) = balancer(&[]);
        assert!(balancer.ticket(None).await.is_err());
        let arrival = async {
            tokio::time::sleep(Duration::from_secs(59)).await;
            sender.send_replace(Roster::Open(vec![seat("a")]));
        };
        let (ticket, ()) = tokio::join!(balancer.ticket(None), arrival);
        assert_eq!(ticket.expect("it came in time").0.tally.id, "a");
        sender.send_replace(Roster::Closed);
        assert!(balancer.ticket(None).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_drained_instance_has_answered_everything() {
        let (balancer, sender, seats) = balancer(&["a"]);
        let tickets = [taken(&balancer, None), taken(&balancer, None)];
        sender.send_replace(Roster::Open(Vec::new()));
        let returned = async {
            for ticket in tickets {
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(ticket);
            }
        };
        let begin = tokio::time::Instant::now();
        tokio::join!(seats[0].tally.drained(), returned);
        assert_eq!(begin.elapsed().as_secs(), 2);
        seats[0].tally.drained().await;
    }
}
