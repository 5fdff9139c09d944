//! Finds PostgreSQL's server programs on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The command that installs the server. Debian's package also starts its own server, which does no harm.
pub(crate) const INSTALL: &str = if cfg!(target_os = "macos") {
    "brew install postgresql@17"
} else {
    "apt-get install postgresql"
};

/// An installed version of PostgreSQL.
#[derive(Clone, Debug)]
pub struct Binaries {
    folder: PathBuf,
    /// The version as `postgres --version` prints it, such as `15.14`.
    pub version: String,
}

impl Binaries {
    /// Finds the latest installed server, or the latest one of the major version that existing data requires.
    ///
    /// # Errors
    /// When there is none. The sentence says how to install one.
    pub fn find(major: Option<&str>) -> anyhow::Result<Self> {
        let found: Vec<Self> = candidates().into_iter().filter_map(Self::probe).collect();
        let number = |binaries: &&Self| binaries.major().parse::<u32>().unwrap_or(0);
        let Some(newest) = found.iter().max_by_key(number) else {
            bail!(
                "no PostgreSQL server programs (initdb, postgres) found; install them with: {INSTALL}"
            );
        };
        let major = major.unwrap_or(newest.major());
        let suitable = found.iter().find(|binaries| binaries.major() == major);
        let suitable = suitable.with_context(|| {
            format!(
                "the data was created by PostgreSQL {major}, but only PostgreSQL {} is installed; install version \
                 {major} or choose another folder",
                newest.version
            )
        })?;
        Ok(suitable.clone())
    }

    /// The path to one of its programs, such as `psql` or `pgbench`. A folder with the server's programs may lack the
    /// client programs; those in PATH are used then.
    pub fn program(&self, name: &str) -> PathBuf {
        let beside = self.folder.join(name);
        if beside.is_file() {
            return beside;
        }
        find_in_path(name).unwrap_or(beside)
    }

    fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }

    fn probe(folder: PathBuf) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
        let text = output_of(Command::new(folder.join("postgres")).arg("--version"))?;
        let version = text.split_whitespace().nth(2)?.to_owned();
        Some(Self { folder, version })
    }
}

/// The folders to search. Debian does not add the server programs to PATH.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
        ("/usr", "pgsql-"),
    ] {
        let entries = Path::new(parent).read_dir().into_iter().flatten().flatten();
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        folders.extend(named.map(|entry| entry.path().join("bin")));
    }
    folders.extend(
        output_of(Command::new("pg_config").arg("--bindir")).map(|text| PathBuf::from(text.trim())),
    );
    folders
}

fn output_of(command: &mut Command) -> Option<String> {
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| said.into_owned())
}

/// Finds a program in PATH.
pub(super) fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
