//! The changes below the script root that restart the host (`FileMonitoringService.cs`,
//! `ScriptJobHostOptionsSetup.cs`). Pure.

use std::path::{Component, Path};

use serde_json::Value;

use super::configuration::names;
use super::json::switch;

/// `ScriptJobHostOptionsSetup.cs`.
const FILES: [&str; 3] = ["host.json", "function.json", "proxies.json"];
const FOLDER: &str = "node_modules";
/// The settings for file watching in `host.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    /// `fileWatchingEnabled`.
    pub(crate) is_enabled: bool,
    /// Names of files in any folder below the script root.
    files: Vec<String>,
    /// Folders directly below the script root, with all their content.
    folders: Vec<String>,
}

/// The defaults without settings in `host.json`.
impl Default for Watched {
    fn default() -> Self {
        Self {
            is_enabled: true,
            files: FILES.map(str::to_owned).into(),
            folders: vec![FOLDER.to_owned()],
        }
    }
}

impl Watched {
    pub(super) fn read(host: &Value) -> anyhow::Result<Self> {
        let listed = |name| names(host, name).map(Option::unwrap_or_default);
        let mut watched = Self::default();
        watched.files.extend(listed("watchFiles")?);
        watched.folders.extend(listed("watchDirectories")?);
        if let Some(is_enabled) = switch(host, "host.json", "fileWatchingEnabled")? {
            watched.is_enabled = is_enabled;
        }
        Ok(watched)
    }

    /// Whether a change of this file or folder, relative to the script root, restarts the host. A change of the set
    /// of folders directly below the script root also restarts it.
    pub(super) fn covers(&self, path: &Path) -> bool {
        let first = path.components().next();
        let is_in_folder = first.is_some_and(|first| {
            self.folders
                .iter()
                .any(|folder| Component::Normal(folder.as_ref()) == first)
        });
        let name = path.file_name().unwrap_or_default();
        is_in_folder
            || self
                .files
                .iter()
                .any(|file| name.eq_ignore_ascii_case(file))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_hosts_files_and_the_listed_ones_are_watched() {
        let host = json!({ "watchFiles": ["settings.toml"], "watchDirectories": ["shared"] });
        let watched = Watched::read(&host).expect("valid");
        assert!(watched.is_enabled);
        for (path, covered) in [
            ("host.json", true),
            ("Visit/function.json", true),
            ("a/b/FUNCTION.JSON", true),
            ("proxies.json", true),
            ("node_modules/x/index.js", true),
            ("shared", true),
            ("shared/a/b.txt", true),
            ("a/settings.toml", true),
            ("Shared/a", false),
            ("a/shared/b", false),
            ("handler", false),
            ("local.settings.json", false),
        ] {
            assert_eq!(watched.covers(Path::new(path)), covered, "{path}");
        }
    }

    #[test]
    fn watching_can_be_switched_off() {
        let watched = Watched::read(&json!({ "fileWatchingEnabled": false })).expect("valid");
        assert!(!watched.is_enabled);
        assert!(Watched::read(&json!({ "watchFiles": "a" })).is_err());
    }
}
