//! Threads that send requests all the time, and check every response.

use std::io;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::client::{Answer, Client};
use super::handler::{Door, Handler};
use super::observations::{Observations, Visit};

/// The pause between two requests of one caller.
const PACE: Duration = Duration::from_millis(5);
/// The pause after a failed request.
const PACE_AFTER_FAILURE: Duration = Duration::from_millis(25);

/// A visit or a page takes at most 7 s, whatever happens to the database. The rest is for a busy machine.
const REGISTER_DEADLINE: Duration = Duration::from_secs(10);
/// `/health` responds within 2 s.
const HEALTH_DEADLINE: Duration = Duration::from_secs(3);
/// `/health/live` uses no database.
const LIVE_DEADLINE: Duration = Duration::from_secs(1);

/// How long visits with a key are still repeated after the test.
const LAST_TRIES: Duration = Duration::from_secs(10);

/// The possible outcomes of a request, besides a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// The handler runs, so every request gets a response.
    Answers,
    /// The handler is killed from time to time, and its requests fail.
    Deaths,
}

/// The callers, and one more for requests of the test itself.
pub struct Callers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Observations>>,
    own: Caller,
}

struct Shared {
    /// One or several instances with the same database. Each caller uses one of them.
    doors: Vec<Arc<Door>>,
    tolerance: Tolerance,
    /// Visits acknowledged so far.
    acknowledged: AtomicU64,
    /// 503 responses so far.
    refused: AtomicU64,
    /// From now on, nothing may fail.
    success_expected: AtomicBool,
    stop: AtomicBool,
    /// The test has failed, so the threads stop.
    abandoned: AtomicBool,
}

impl Shared {
    fn door(&self, number: u16) -> Arc<Door> {
        // Every other caller has keys, so the index advances every second caller.
        Arc::clone(&self.doors[usize::from(number / 2) % self.doors.len()])
    }
}

impl Callers {
    /// This many threads that post visits, every other one with keys.
    pub fn visiting(handler: &Handler, count: u16, tolerance: Tolerance) -> Self {
        Self::visiting_all(vec![handler.door()], count, tolerance)
    }

    /// The same with several instances, which share the callers.
    pub fn visiting_all(doors: Vec<Arc<Door>>, count: u16, tolerance: Tolerance) -> Self {
        let shared = Arc::new(Shared {
            doors,
            tolerance,
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            success_expected: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        });
        let own = Caller::new(&shared, 0);
        let mut callers = Self {
            shared,
            threads: Vec::new(),
            own,
        };
        for number in 1..=count {
            callers.spawn(number, move |caller| caller.visit(number % 2 == 0));
        }
        callers
    }

    /// Callers of all endpoints, after a visit has been acknowledged.
    pub fn of_everything(handler: &Handler) -> Self {
        let mut callers = Self::visiting(handler, 8, Tolerance::Answers);
        for path in ["/api/visits", "/api/visits", "/health", "/health/live"] {
            callers.spawn(0, move |caller| {
                caller.ask(path);
            });
        }
        callers
    }

    fn spawn(&mut self, number: u16, mut act: impl FnMut(&mut Caller) + Send + 'static) {
        let mut caller = Caller::new(&self.shared, number);
        self.threads.push(std::thread::spawn(move || {
            while !caller.shared.stop.load(Ordering::SeqCst) {
                act(&mut caller);
                caller.pause();
            }
            caller.observations
        }));
    }

    /// Visits acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// 503 responses so far.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// A count of the visits acknowledged so far, for another thread.
    pub fn count(&self) -> impl Fn() -> u64 + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.acknowledged.load(Ordering::SeqCst)
    }

    /// Sends one request. Returns the status if there was a response.
    pub fn asks(&mut self, path: &'static str) -> Option<u16> {
        self.answer(path).map(|answer| answer.status)
    }

    /// Sends one request. Returns the response if there was one.
    pub fn answer(&mut self, path: &'static str) -> Option<Answer> {
        self.own.ask(path)
    }

    /// Makes one visit without a key. Returns the status if there was a response.
    pub fn visits(&mut self) -> Option<u16> {
        let visit = self.own.next_visit(false);
        let answer = self.own.post(&visit, None);
        let status = answer.as_ref().map(|answer| answer.status);
        self.own.enter(visit, answer);
        status
    }

    /// From now on a 503 is a failure.
    pub fn expect_success(&self) {
        self.shared.success_expected.store(true, Ordering::SeqCst);
    }

    /// Records an incorrect behavior of the handler.
    pub fn complain(&mut self, complaint: &str) {
        self.own.complain(complaint);
    }

    /// Stops the callers. Those with keys first complete their last visit. Then compares with the database.
    pub fn finish(mut self, case: &str) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let mut observations = std::mem::take(&mut self.own.observations);
        for thread in self.threads.drain(..) {
            observations.add(thread.join().unwrap());
        }
        observations.check(case, &mut Client::new(self.shared.door(0)));
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.abandoned.store(true, Ordering::SeqCst);
    }
}

struct Caller {
    shared: Arc<Shared>,
    client: Client,
    number: u16,
    made: u32,
    succeeded: bool,
    /// Consecutive responses to probes that were late.
    late_probes: u32,
    observations: Observations,
}

impl Caller {
    fn new(shared: &Arc<Shared>, number: u16) -> Self {
        Self {
            shared: Arc::clone(shared),
            client: Client::new(shared.door(number)),
            number,
            made: 0,
            succeeded: true,
            late_probes: 0,
            observations: Observations::default(),
        }
    }

    fn pause(&self) {
        std::thread::sleep(if self.succeeded {
            PACE
        } else {
            PACE_AFTER_FAILURE
        });
    }

    /// Not before the test is over, and then only after [`LAST_TRIES`].
    fn gives_up(&self, stopped: &mut Option<Instant>) -> bool {
        if !self.shared.stop.load(Ordering::SeqCst) {
            return false;
        }
        let since = stopped.get_or_insert_with(Instant::now);
        since.elapsed() > LAST_TRIES || self.shared.abandoned.load(Ordering::SeqCst)
    }

    fn visit(&mut self, keyed: bool) {
        let visit = self.next_visit(keyed);
        let answer = if keyed {
            self.insist(&visit)
        } else {
            self.post(&visit, None)
        };
        self.enter(visit, answer);
    }

    /// Repeats a visit with a key until it is acknowledged, and sometimes once more.
    fn insist(&mut self, visit: &Visit) -> Option<Answer> {
        let key = visit.address.to_string();
        let mut stopped = None;
        let answer = loop {
            let answer = self.post(visit, Some(&key));
            if self.succeeded || self.gives_up(&mut stopped) {
                break answer;
            }
            self.pause();
        };
        if self.made.is_multiple_of(4)
            && let Some(again) = self.post(visit, Some(&key))
            && again.status < 300
        {
            let id = answer.as_ref().map(|answer| answer.json()["id"].clone());
            if again.status != 200 || id != Some(again.json()["id"].clone()) {
                self.complain(&format!("{visit:?} again: {again:?}"));
            }
        }
        answer
    }

    fn next_visit(&mut self, keyed: bool) -> Visit {
        self.made += 1;
        // A public Internet address, which none of our proxies has.
        let network = u128::from(Ipv6Addr::new(0x2600, self.number, 0, 0, 0, 0, 0, 0));
        let address = Ipv6Addr::from(network + u128::from(self.made));
        Visit {
            address,
            keyed,
            id: None,
        }
    }

    fn enter(&mut self, mut visit: Visit, answer: Option<Answer>) {
        let answer = answer.filter(|answer| answer.status < 300);
        // Only the holder of a key may get a response about an existing visit.
        if let Some(answer) = answer.as_ref().filter(|answer| answer.status == 200)
            && !visit.keyed
        {
            self.complain(&format!("{visit:?} without a key: {answer:?}"));
        }
        visit.id = answer.and_then(|answer| answer.json()["id"].as_i64());
        if visit.id.is_some() {
            self.shared.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        self.observations.visits.push(visit);
    }

    fn post(&mut self, visit: &Visit, key: Option<&str>) -> Option<Answer> {
        let address = visit.address.to_string();
        let mut headers = vec![("x-forwarded-for", address.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let strict = self.strict();
        let outcome = self.client.send("POST", "/api/visit", &headers);
        self.judge("/api/visit", outcome, strict)
    }

    fn ask(&mut self, path: &'static str) -> Option<Answer> {
        let acknowledged = self.shared.acknowledged.load(Ordering::SeqCst);
        let strict = self.strict();
        let outcome = self.client.send("GET", path, &[]);
        let answer = self.judge(path, outcome, strict)?;
        let total = answer.json()["total_visits"].as_u64();
        if answer.status == 200 && path == "/api/visits" && total.is_none_or(|n| n < acknowledged) {
            self.complain(&format!(
                "{acknowledged} acknowledged, but a total of {total:?}"
            ));
        }
        Some(answer)
    }

    /// The state before a request, because a request that began earlier may still fail.
    fn strict(&self) -> bool {
        self.shared.success_expected.load(Ordering::SeqCst)
    }

    /// Every response must be a success or a 503 problem, and in time.
    fn judge(
        &mut self,
        path: &'static str,
        outcome: io::Result<Answer>,
        strict: bool,
    ) -> Option<Answer> {
        self.succeeded = matches!(&outcome, Ok(answer) if answer.status < 300);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                let is_hang = matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                );
                if is_hang || self.shared.tolerance == Tolerance::Answers {
                    self.complain(&format!("{path}: no answer: {error}"));
                }
                return None;
            }
        };
        self.observations.count(path, answer.status, answer.took);
        if answer.status == 503 {
            self.shared.refused.fetch_add(1, Ordering::SeqCst);
        }
        let deadline = match path {
            "/health" => HEALTH_DEADLINE,
            "/health/live" => LIVE_DEADLINE,
            _ => REGISTER_DEADLINE,
        };
        let is_right = match answer.status {
            200 | 201 => true,
            // A health report is not a problem document, but contains the same.
            503 if path == "/health" => answer.json()["status"] == "unhealthy",
            503 => path != "/health/live" && answer.is_problem(),
            _ => false,
        };
        let mut is_late = answer.took > deadline;
        if path.starts_with("/health") {
            // A busy machine delays one probe. A handler that waits for its database delays every one.
            self.late_probes = if is_late { self.late_probes + 1 } else { 0 };
            is_late = self.late_probes > 1;
        }
        if !is_right || is_late || strict && answer.status == 503 {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            let (status, took) = (answer.status, answer.took);
            self.complain(&format!("{path}: {status} after {took:?}: {body}"));
        }
        Some(answer)
    }

    fn complain(&mut self, complaint: &str) {
        let when = if self.strict() {
            "after the fault, "
        } else {
            ""
        };
        self.observations
            .complaints
            .push(format!("{when}{complaint}"));
    }
}
