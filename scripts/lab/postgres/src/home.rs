//! The folder of one server: `cluster/` (PostgreSQL's own), `password`, `server.log`, `lock`.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The user that runs the server if `lab` runs as root, because PostgreSQL refuses to run as root.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `None` if `lab` itself runs as an ordinary user, who can run the server.
    pub(crate) fn for_server() -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let mut names = ["postgres", "nobody"].into_iter();
        let account = names.find_map(|name| Self::named(name, &users));
        account.map(Some).context(
            "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody",
        )
    }

    fn named(name: &str, users: &str) -> Option<Self> {
        let mut lines = users.lines().map(|line| line.split(':'));
        let mut fields = lines.find_map(|mut fields| (fields.next()? == name).then_some(fields))?;
        // The first one is the password.
        Some(Self {
            name: name.to_owned(),
            uid: fields.nth(1)?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
        })
    }

    /// The first folder on the path to `folder` that this user may not enter.
    fn barred_at(&self, folder: &Path) -> Option<PathBuf> {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let mut way: Vec<&Path> = folder.ancestors().collect();
        way.reverse();
        way.into_iter()
            .find(|step| !self.may_enter(step))
            .map(Path::to_owned)
    }

    fn may_enter(&self, folder: &Path) -> bool {
        let Ok(metadata) = folder.metadata() else {
            return false;
        };
        let needed = if metadata.uid() == self.uid {
            0o100
        } else if metadata.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & needed != 0
    }
}

/// A server's folder, locked against a second `lab`.
pub(crate) struct Home {
    folder: PathBuf,
    temporary: Option<Temporary>,
    /// The folder is locked while this is open. The system unlocks it when `lab` ends for any reason.
    _lock: File,
}

impl Home {
    /// A temporary folder that the server's user can access.
    pub(crate) fn temporary(account: Option<&Account>) -> anyhow::Result<Self> {
        let folder = new_temporary("elastic-visits-postgres", account)?;
        make_folder(&folder, account)?;
        Self::locked(folder.clone(), Some(Temporary(folder)))
    }

    /// The folder that a user chose. It is created if it is missing.
    pub(crate) fn kept(folder: &Path, account: Option<&Account>) -> anyhow::Result<Self> {
        if !folder.exists() {
            make_folder(folder, account)?;
        }
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot use {}", folder.display()))?;
        if let Some(account) = account
            && let Some(step) = account.barred_at(&folder)
        {
            bail!(
                "the user {}, who must run the server because PostgreSQL refuses root, may not enter {}; choose a \
                 folder elsewhere, such as --data /var/lib/elastic-visits/postgres",
                account.name,
                step.display()
            );
        }
        if folder.join("PG_VERSION").exists() {
            bail!(
                "{} is another PostgreSQL server's data folder; choose an empty or a new one",
                folder.display()
            );
        }
        Self::locked(folder, None)
    }

    fn locked(folder: PathBuf, temporary: Option<Temporary>) -> anyhow::Result<Self> {
        let path = folder.join("lock");
        let lock =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder,
                temporary,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => bail!(
                "the data in {} is in use by another `lab postgres`; stop that one first or choose another folder",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    pub(crate) fn cluster(&self) -> PathBuf {
        self.folder.join("cluster")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The stored password, if there is one.
    pub(crate) fn password(&self) -> Option<String> {
        let text = fs::read_to_string(self.folder.join("password")).ok()?;
        let password = text.trim();
        let plain =
            !password.is_empty() && password.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then(|| password.to_owned())
    }

    /// Stores the password so that only the user of `lab` can read it.
    pub(crate) fn keep_password(&self, password: &str) -> anyhow::Result<()> {
        let path = self.folder.join("password");
        let write = || {
            // Only its owner may read such a file.
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            writeln!(file, "{password}")?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(std::io::Error::from)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }

    /// Refuses a cluster that a running server uses, and removes the process id that a crash left behind.
    pub(crate) fn check_not_served(&self) -> anyhow::Result<()> {
        let file = self.cluster().join("postmaster.pid");
        let Some(pid) = postmaster_pid(&self.cluster()) else {
            return Ok(());
        };
        let working_folder = fs::read_link(format!("/proc/{pid}/cwd"));
        if working_folder
            .as_deref()
            .is_ok_and(|folder| folder == self.cluster())
        {
            bail!(
                "a PostgreSQL server (process {pid}) already runs on the data in {}; stop it with: kill -INT {pid}",
                self.folder.display()
            );
        }
        // PostgreSQL itself would be misled if another program now has this process id.
        if cfg!(target_os = "linux") {
            fs::remove_file(&file)
                .with_context(|| format!("cannot remove the outdated {}", file.display()))?;
        }
        Ok(())
    }
}

/// A folder that is deleted when this is dropped.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// Creates a folder that only the server's user may enter.
    pub(super) fn private(prefix: &str, account: Option<&Account>) -> anyhow::Result<Self> {
        let folder = Self(new_temporary(prefix, account)?);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder.0)
            .and_then(|()| give(&folder.0, account))
            .with_context(|| format!("cannot create the folder {}", folder.0.display()))?;
        Ok(folder)
    }

    /// Creates a file that only the server's user may read.
    pub(super) fn write(
        &self,
        name: &str,
        content: &str,
        account: Option<&Account>,
    ) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        let write = || {
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(content.as_bytes())?;
            give(&path, account)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("lab: cannot delete {}: {error}", self.0.display());
        }
    }
}

/// Makes the server's user the owner.
pub(super) fn give(path: &Path, account: Option<&Account>) -> std::io::Result<()> {
    match account {
        Some(account) => std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid)),
        None => Ok(()),
    }
}

/// A new path that the server's user can access.
fn new_temporary(prefix: &str, account: Option<&Account>) -> anyhow::Result<PathBuf> {
    let usual = std::env::temp_dir();
    let parent = if let Some(account) = account
        && let Some(step) = account.barred_at(&usual)
    {
        let mut others = ["/tmp", "/var/tmp", "/dev/shm"].map(Path::new).into_iter();
        let other = others.find(|folder| folder.is_dir() && account.barred_at(folder).is_none());
        let other = other.with_context(|| {
            format!(
                "the user {}, who runs the server, may enter neither {} nor /tmp; set TMPDIR to a folder open to all",
                account.name,
                step.display()
            )
        })?;
        eprintln!(
            "lab: the user {} may not enter {}; the server's data goes to {}",
            account.name,
            step.display(),
            other.display()
        );
        other.to_owned()
    } else {
        usual
    };
    Ok(parent.join(format!("{prefix}-{}", uuid::Uuid::new_v4().simple())))
}

/// The process id in a cluster's lock file.
pub(crate) fn postmaster_pid(cluster: &Path) -> Option<i32> {
    fs::read_to_string(cluster.join("postmaster.pid"))
        .ok()?
        .lines()
        .next()?
        .trim()
        .parse()
        .ok()
}

/// A server's folder contains a password, so other users may only pass through it to `cluster/`.
fn make_folder(folder: &Path, account: Option<&Account>) -> anyhow::Result<()> {
    let mode = if account.is_some() { 0o711 } else { 0o700 };
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(mode)))
        .with_context(|| format!("cannot create the folder {}", folder.display()))
}
