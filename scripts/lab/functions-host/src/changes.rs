//! Waits for changes of an app's files that require a restart of the host.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use notify::event::{MetadataKind, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::function_app::FunctionApp;
use super::lock::lock;
use super::watched::Watched;

/// How long no further change may occur after a change (`FileMonitoringService.cs`, `Debounce`).
const QUIET: Duration = Duration::from_millis(500);
/// Changes that may wait. One is enough for a restart.
const QUEUE: usize = 16;

/// The changes below a script root.
pub struct Changes {
    filter: Arc<Mutex<Filter>>,
    changed: mpsc::Receiver<PathBuf>,
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
}

/// Selects the relevant changes. The lock is held for one event at a time, and never across an await.
struct Filter {
    root: PathBuf,
    watched: Watched,
    /// The folders directly below the root before the app was read.
    folders: BTreeSet<OsString>,
}

impl Changes {
    /// Watches a script root with all folders below it. Until [`Self::cover`] is called, the host's own files are
    /// relevant.
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
                // If the queue is full, it already contains a relevant change.
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

    /// From now on, changes of the set of folders are relative to the present set. Call this before each reading of
    /// the app, so that no change in between is missed.
    pub fn begin(&self) {
        let mut filter = lock(&self.filter);
        filter.folders = folders(&filter.root);
    }

    /// From now on, the changes are relevant that this app's `host.json` selects. Returns whether there are any.
    pub fn cover(&self, app: &FunctionApp) -> bool {
        let mut filter = lock(&self.filter);
        filter.watched = app.settings.watched.clone();
        filter.watched.is_enabled
    }

    /// Waits for a change and then for half a second without one. Returns the path of the first change.
    pub async fn next(&mut self) -> PathBuf {
        let Some(first) = self.changed.recv().await else {
            return std::future::pending().await;
        };
        while let Ok(Some(_)) = tokio::time::timeout(QUIET, self.changed.recv()).await {}
        first
    }
}

impl Filter {
    /// The path of a relevant event, relative to the root.
    fn relevant(&self, event: Event) -> Option<PathBuf> {
        let is_change = match event.kind {
            EventKind::Access(_)
            | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
            // Also changes of times and permissions: `AutoRecoveringFileSystemWatcher.cs` keeps .NET's default
            // filter, whose `LastWrite` includes `IN_ATTRIB` (`FileSystemWatcher.Linux.cs`).
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

/// The names of the folders directly below the root.
fn folders(root: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name())
        .collect()
}
