//! The files of the function app folder, and their places.

use std::fs::{self, DirEntry, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use fleet::HostingPlan;
use functions_host::MARKER;
use serde_json::Value;

/// The name of the executable in host.json. `func` marks exactly this entry of a zip as executable.
pub(crate) const HANDLER: &str = "handler";
/// Only for `func start`, never deployed.
const LOCAL_SETTINGS: &str = "local.settings.json";

/// The function that scales the app on Elastic Premium. On another plan it must not be called.
const SCALER: &str = "Autoscale/function.json";

/// One file of the function app.
pub(crate) struct Entry {
    /// Its path in the app, with `/` between the parts.
    pub(crate) name: String,
    pub(crate) source: PathBuf,
    pub(crate) mode: u32,
}

/// All deployed files of the function app, sorted by name.
pub(crate) struct Layout {
    pub(crate) entries: Vec<Entry>,
    local_settings: Option<PathBuf>,
    /// Whether it is Elastic Visits, which a marker file tells `lab up`.
    is_marked: bool,
}

impl Layout {
    /// The app itself, for this plan.
    pub(crate) fn read(root: &Path, handler: &Path, plan: HostingPlan) -> anyhow::Result<Self> {
        check_root(root)?;
        let functions = root.join("functions");
        refuse_link(&functions)?;
        let local_settings = functions.join(LOCAL_SETTINGS);
        refuse_link(&local_settings)?;
        let local_settings = Some(local_settings).filter(|file| file.is_file());
        let mut entries = entries(&root.join("host.json"), &functions, handler)?;
        if plan != HostingPlan::ElasticPremium {
            entries.retain(|entry| entry.name != SCALER);
        }
        Ok(Self {
            entries,
            local_settings,
            is_marked: true,
        })
    }

    /// The app that `scripts/deploy` runs once to prepare the database, from a folder with its host.json and
    /// functions.
    pub(crate) fn read_role_step(folder: &Path, handler: &Path) -> anyhow::Result<Self> {
        refuse_link(folder)?;
        Ok(Self {
            entries: entries(&folder.join("host.json"), folder, handler)?,
            local_settings: None,
            is_marked: false,
        })
    }

    pub(crate) fn functions(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.name.ends_with("/function.json"))
            .count()
    }

    /// Writes the folder file by file, and only changed files. So a host that runs on it never reads a partial file,
    /// and a running handler keeps the binary with which it was started.
    pub(crate) fn write(&self, into: &Path) -> anyhow::Result<()> {
        make_folder(into)?;
        for entry in &self.entries {
            if let Some((folder, _)) = entry.name.split_once('/') {
                refuse_link(&into.join(folder))?;
            }
            put(&entry.source, &into.join(&entry.name), entry.mode)?;
        }
        if self.is_marked {
            fs::write(into.join(MARKER), "")
                .with_context(|| format!("cannot mark the folder {}", into.display()))?;
        }
        if let Some(source) = &self.local_settings {
            // The file may later contain a connection string.
            put(source, &into.join(LOCAL_SETTINGS), 0o600)?;
        }
        self.remove_stale_functions(into)
    }

    /// A function without a source would otherwise still be served. Nothing else is deleted, because the user may
    /// have specified the folder by mistake.
    fn remove_stale_functions(&self, into: &Path) -> anyhow::Result<()> {
        for name in folders(into)? {
            if into.join(&name).is_symlink() {
                continue;
            }
            let function = format!("{name}/function.json");
            if into.join(&function).is_file()
                && !self.entries.iter().any(|entry| entry.name == function)
            {
                fs::remove_file(into.join(&function))
                    .with_context(|| format!("cannot remove the former function {name}"))?;
                // `lab` did not create the other files in it.
                let _ = fs::remove_dir(into.join(&name));
            }
        }
        Ok(())
    }
}

/// The handler, host.json and the function folders below `functions`, sorted by name.
fn entries(host: &Path, functions: &Path, handler: &Path) -> anyhow::Result<Vec<Entry>> {
    if !handler.is_file() {
        bail!(
            "there is no handler binary at {}; build it with: cargo build -p handler",
            handler.display()
        );
    }
    refuse_link(host)?;
    let executable = json(host)?
        .pointer("/customHandler/description/defaultExecutablePath")
        .cloned();
    if executable.as_ref().and_then(Value::as_str) != Some(HANDLER) {
        bail!(
            "{} must name its customHandler's defaultExecutablePath \"{HANDLER}\"",
            host.display()
        );
    }

    let mut entries = vec![
        Entry {
            name: HANDLER.to_owned(),
            source: handler.to_owned(),
            mode: 0o755,
        },
        Entry {
            name: "host.json".to_owned(),
            source: host.to_owned(),
            mode: 0o644,
        },
    ];
    for name in folders(functions)? {
        let source = functions.join(&name).join("function.json");
        refuse_link(&functions.join(&name))?;
        refuse_link(&source)?;
        json(&source)?;
        entries.push(Entry {
            name: format!("{name}/function.json"),
            source,
            mode: 0o644,
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// Reports a wrong folder to the user.
pub(crate) fn check_root(root: &Path) -> anyhow::Result<()> {
    if !root.join("host.json").is_file() || !root.join("functions").is_dir() {
        bail!(
            "{} has no host.json and functions/; run this in the project's folder or name it with --root",
            root.canonicalize()
                .unwrap_or_else(|_| root.to_owned())
                .display()
        );
    }
    Ok(())
}

fn json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not valid JSON", path.display()))
}

/// Fails on a symbolic link: its target may be outside the project and contain a secret, or not belong to the
/// function app. Only the handler may be a link, because its path is an argument.
fn refuse_link(path: &Path) -> anyhow::Result<()> {
    if path.is_symlink() {
        bail!(
            "{} is a symbolic link, which is not followed; put the file or folder itself there",
            path.display()
        );
    }
    Ok(())
}

/// The names of the folders in `parent`, and of symbolic links to folders.
fn folders(parent: &Path) -> anyhow::Result<Vec<String>> {
    let read = || fs::read_dir(parent)?.collect::<io::Result<Vec<DirEntry>>>();
    let mut entries = read().with_context(|| format!("cannot list {}", parent.display()))?;
    entries.retain(|entry| entry.path().is_dir());
    let names = entries.iter().map(DirEntry::file_name);
    Ok(names
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))
}

fn put(source: &Path, target: &Path, mode: u32) -> anyhow::Result<()> {
    let content = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    if is_already(target, &content, mode) {
        return Ok(());
    }
    if let Some(folder) = target.parent() {
        make_folder(folder)?;
    }
    replace(target, mode, |new| new.write_all(&content))
        .with_context(|| format!("cannot write {}", target.display()))
}

fn is_already(target: &Path, content: &[u8], mode: u32) -> bool {
    let has_mode = target
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o777 == mode);
    has_mode && fs::read(target).is_ok_and(|present| present == content)
}

/// Writes a new file next to the target and renames it, because a running binary cannot be overwritten, only
/// replaced.
pub(crate) fn replace(
    target: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut new = tempfile::Builder::new()
        .prefix(target.file_name().unwrap_or_default())
        .suffix(".new")
        .tempfile_in(target.parent().unwrap_or(Path::new(".")))
        // The temporary name in the message would only confuse.
        .map_err(|error| io::Error::from(error.kind()))?;
    write(new.as_file_mut())?;
    new.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    new.persist(target)?;
    Ok(())
}
