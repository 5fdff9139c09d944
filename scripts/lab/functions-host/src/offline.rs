//! `app_offline.htm` in the app's folder: while it is there, requests get it with status 503
//! (`HostAvailabilityCheckMiddleware.cs`, `HttpContextExtensions.cs`, `SetOfflineResponseAsync`). The real host also stops
//! the handler; here it goes on.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FILE: &str = "app_offline.htm";
/// How long an answer to the question whether the file is there holds: each request asks.
const HOLDS: Duration = Duration::from_millis(100);
/// What is read of the page.
const LONGEST: u64 = 1024 * 1024;

/// Whether the app is offline.
pub(crate) struct Offline {
    file: PathBuf,
    since: Instant,
    /// In milliseconds since then.
    next_look: AtomicU64,
    is_there: AtomicBool,
}

impl Offline {
    pub(super) fn new(script_root: &Path) -> Self {
        Self {
            file: script_root.join(FILE),
            since: Instant::now(),
            next_look: AtomicU64::new(0),
            is_there: AtomicBool::new(false),
        }
    }

    /// What every request gets while the app is offline.
    pub(super) fn page(&self) -> Option<Vec<u8>> {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now >= self.next_look.load(Ordering::Relaxed) {
            let holds = u64::try_from(HOLDS.as_millis()).unwrap_or(u64::MAX);
            self.next_look.store(now + holds, Ordering::Relaxed);
            self.is_there.store(self.file.is_file(), Ordering::Relaxed);
        }
        if !self.is_there.load(Ordering::Relaxed) {
            return None;
        }
        let mut page = Vec::new();
        let file = std::fs::File::open(&self.file).ok()?;
        file.take(LONGEST).read_to_end(&mut page).ok()?;
        Some(page)
    }
}
