//! The real handler, a real server, and callers that record their responses.
//!
//! | module | is |
//! | --- | --- |
//! | [`client`] | a plain HTTP client on one kept connection |
//! | [`handler`] | the handler under a supervisor that starts it again whenever it ends |
//! | [`server`] | a PostgreSQL server to break, and a session with it |
//! | [`callers`] | threads that post visits, list them and ask for health, all the time |
//! | [`cable`] | a TCP forwarder between the two, to be cut |
//! | [`observations`] | what the callers were told, to be compared with the register |

pub mod cable;
pub mod callers;
pub mod client;
pub mod handler;
pub mod observations;
pub mod server;

use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine. Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a condition, which is checked often.
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
