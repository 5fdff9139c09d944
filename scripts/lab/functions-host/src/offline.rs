//! `app_offline.htm` in the app's folder: while the file exists, requests get it with status 503
//! (`HostAvailabilityCheckMiddleware.cs`, `HttpContextExtensions.cs`, `SetOfflineResponseAsync`). The real host also
//! stops the handler, but the emulator does not.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FILE: &str = "app_offline.htm";
/// How long the result of a check for the file is used, because every request needs it.
const HOLDS: Duration = Duration::from_millis(100);
/// The bytes read of the page.
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

    /// The response for all requests while the app is offline.
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
