//! Visitors that post visits all the time, each with a key, and repeat each visit until it is acknowledged.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::rehearsal::register;
use crate::support::Host;
use crate::support::http::try_exchange;

/// The pause between two visits of one visitor, and before a visit is repeated. It is long enough that the visits
/// themselves make no rule act.
const PACE: Duration = Duration::from_millis(200);
/// The longest wait for the acknowledgement of one visit. Only a failing test reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Visitors {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<i64>>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// The test has failed, so the threads stop.
    abandoned: AtomicBool,
    failed: AtomicU64,
}

impl Visitors {
    /// Starts this many threads, which run until [`Visitors::finish`].
    pub fn start(host: &Host, count: u16) -> Self {
        let shared = Arc::new(Shared::default());
        let visit = |number| {
            let (shared, port) = (Arc::clone(&shared), host.port);
            std::thread::spawn(move || {
                let mut ids = Vec::new();
                while !shared.stop.load(Ordering::Relaxed) {
                    let key = format!("visitor-{number}-{}", ids.len());
                    ids.extend(insist(port, &key, &shared));
                    std::thread::sleep(PACE);
                }
                ids
            })
        };
        let threads = (0..count).map(visit).collect();
        Self { shared, threads }
    }

    /// Ends them and compares with the database: every visit exists exactly once. Returns the number of visits and of
    /// failed attempts.
    pub fn finish(mut self, host: &Host) -> (usize, u64) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let threads = self.threads.drain(..);
        let acknowledged: Vec<i64> = threads.flat_map(|thread| thread.join().unwrap()).collect();
        let distinct: HashSet<i64> = acknowledged.iter().copied().collect();
        assert_eq!(distinct.len(), acknowledged.len(), "an id was given twice");
        let stored = register(host);
        let lost: Vec<_> = distinct.difference(&stored).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        assert_eq!(stored.len(), distinct.len(), "a visit was counted twice");
        let failed = self.shared.failed.load(Ordering::Relaxed);
        (acknowledged.len(), failed)
    }
}

impl Drop for Visitors {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.abandoned.store(true, Ordering::Relaxed);
    }
}

/// Repeats one visit until it is acknowledged.
fn insist(port: u16, key: &str, shared: &Shared) -> Option<i64> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = try_exchange(port, "POST", "/api/visit", &[("Idempotency-Key", key)]);
        if let Some(answer) = answer.filter(|answer| matches!(answer.status, 200 | 201)) {
            return answer.json()["id"].as_i64();
        }
        shared.failed.fetch_add(1, Ordering::Relaxed);
        if shared.abandoned.load(Ordering::Relaxed) {
            return None;
        }
        assert!(
            Instant::now() < end,
            "the visit {key} was never acknowledged"
        );
        std::thread::sleep(PACE);
    }
}
