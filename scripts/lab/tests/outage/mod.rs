//! The real handler, a real server, and callers that keep count of what they were told.
//!
//! | module | is |
//! | --- | --- |
//! | [`client`] | a plain HTTP client on one kept connection |
//! | [`handler`] | the handler under a supervisor that starts it again whenever it ends |
//! | [`server`] | a PostgreSQL server to break, and a session with it |
//! | [`callers`] | threads that post visits, list them and ask for health, all the time |
//! | [`ledger`] | what the callers were told, to be compared with the register |

#![allow(dead_code)] // Each test binary uses its part.

pub mod callers;
pub mod client;
pub mod handler;
pub mod ledger;
pub mod server;

use std::time::{Duration, Instant};

/// How soon after the end of a fault everything works again. The aim is 2 s; a busy machine gets more.
const RECOVERY: Duration = Duration::from_secs(5);
/// Requests in a row that must succeed then.
const IN_A_ROW: usize = 50;

/// Longer than anything here takes on a busy machine; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a condition, looking often.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The end of a fault: service is back in time, and stays.
pub fn recovers(case: &str, callers: &mut callers::Callers) {
    let began = Instant::now();
    eventually(&format!("{case}: /health is 200 again"), || {
        callers.asks("/health").filter(|status| *status == 200)
    });
    let healthy = began.elapsed();
    eventually(&format!("{case}: a visit is 201 again"), || {
        callers.visits().filter(|status| *status == 201)
    });
    let took = began.elapsed();
    println!(
        "{case}: healthy after {} ms, a visit after {} ms",
        healthy.as_millis(),
        took.as_millis()
    );
    assert!(took < RECOVERY, "{case}: back only after {took:?}");
    callers.expect_success();
    for number in 1..=IN_A_ROW {
        let (status, wanted) = match number % 3 {
            0 => (callers.asks("/health"), 200),
            1 => (callers.visits(), 201),
            _ => (callers.asks("/api/visits"), 200),
        };
        assert_eq!(status, Some(wanted), "{case}: request {number} in a row");
    }
}
