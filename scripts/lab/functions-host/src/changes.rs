//! Waits for changes of an app's files on which the host starts again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use notify::event::{MetadataKind, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::function_app::FunctionApp;
use super::watched::Watched;

/// How long it must be quiet after a change (`FileMonitoringService.cs`, `Debounce`).
const QUIET: Duration = Duration::from_millis(500);
/// Changes that may wait; one is enough to start again.
const QUEUE: usize = 16;

/// The changes below a script root.
pub struct Changes {
    filter: Arc<Mutex<Filter>>,
    changed: mpsc::Receiver<PathBuf>,
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
}

/// Which changes count. The lock is held for one event at a time, and never across an await.
struct Filter {
    root: PathBuf,
    watched: Watched,
    /// The folders directly below the root before the app was read.
    folders: BTreeSet<OsString>,
}

impl Changes {
    /// Watches a script root with all folders below it. Until [`Self::cover`], the host's own files count.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn watch(script_root: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot watch {} (--watch)", script_root.display());
        let root = script_root.canonicalize().with_context(context)?;
        let filter = Arc::new(Mutex::new(Filter {
            folders: folders(&root),
            root,
            watched: Watched::default(),
        }));
        let (sender, changed) = mpsc::channel(QUEUE);
        let shared = Arc::clone(&filter);
        let root = lock(&filter).root.clone();
        let on_event = move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            if let Some(path) = lock(&shared).relevant(event) {
                // A full queue holds such a change already.
                let _ = sender.try_send(path);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(on_event, config).with_context(context)?;
        watcher
            .watch(&root, RecursiveMode::Recursive)
            .with_context(context)?;
        Ok(Self {
            filter,
            changed,
            _watcher: watcher,
        })
    }

    /// From now on, a change of the set of folders counts from what it is now. Call it before each reading of the app, so
    /// that no change in between is missed.
    pub fn begin(&self) {
        let mut filter = lock(&self.filter);
        filter.folders = folders(&filter.root);
    }

    /// From now on, the changes count that this app's `host.json` asks for. False where it asks for none.
    pub fn cover(&self, app: &FunctionApp) -> bool {
        let mut filter = lock(&self.filter);
        filter.watched = app.watched().clone();
        filter.watched.is_enabled
    }

    /// Waits until something has changed and half a second has been quiet; returns what changed first.
    pub async fn next(&mut self) -> PathBuf {
        let Some(first) = self.changed.recv().await else {
            return std::future::pending().await;
        };
        while let Ok(Some(_)) = tokio::time::timeout(QUIET, self.changed.recv()).await {}
        first
    }
}

impl Filter {
    /// The path of an event that counts, relative to the root.
    fn relevant(&self, event: Event) -> Option<PathBuf> {
        let is_change = match event.kind {
            EventKind::Access(_)
            | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
            // Times and permissions, too: `AutoRecoveringFileSystemWatcher.cs` keeps .NET's default filter, whose
            // `LastWrite` asks for `IN_ATTRIB` (`FileSystemWatcher.Linux.cs`).
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
            EventKind::Any | EventKind::Other => false,
        };
        if !is_change || !self.watched.is_enabled {
            return None;
        }
        event.paths.into_iter().find_map(|path| {
            let path = path.strip_prefix(&self.root).ok()?;
            let is_top = path.components().count() == 1;
            let counts =
                self.watched.covers(path) || (is_top && folders(&self.root) != self.folders);
            counts.then(|| path.to_owned())
        })
    }
}

fn lock(filter: &Mutex<Filter>) -> std::sync::MutexGuard<'_, Filter> {
    // Nothing panics while it is held, and a filter is whole at any time.
    filter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The names of the folders directly below the root.
fn folders(root: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name())
        .collect()
}
