//! Starts the real `lab up`, or the real Functions host, with a separate script root that contains the probe handler,
//! and is its HTTP client.

#![allow(dead_code)] // Each test binary uses its part.

mod host;
pub mod http;
pub mod program;
mod root;

use std::process::Command;
use std::time::{Duration, Instant};

pub use host::Host;
pub use root::Root;

/// Longer than anything here takes on a busy machine. Only a failing test waits so long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Longer than the real host takes to start, or to give up an app.
const STARTING: Duration = Duration::from_secs(120);

/// Waits for a condition, which is checked often.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually_within(DEADLINE, what, look)
}

fn eventually_within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port without a listener.
pub fn free_port() -> u16 {
    processes::free_port().unwrap()
}

/// Sends a signal by its name, like a shell.
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(process.to_string())
        .status()
        .unwrap();
    assert!(status.success());
}

/// Whether a process runs. A dead process that has not been waited for does not.
pub fn alive(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}
