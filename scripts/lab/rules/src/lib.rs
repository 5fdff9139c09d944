//! The autoscale rule file that a command uses.
//!
//! It is the file named with `--autoscale`. Without that option it is `infra/autoscale.json` of the working tree, and
//! outside of one the copy of that file that was compiled into the program.

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use autoscale::Profile;

/// The rule file's place in the project.
const IN_PROJECT: &str = "infra/autoscale.json";
/// Longer files are not read to their end; the parser refuses them.
const LONGEST_FILE: u64 = 2 << 20;

/// A profile and the file that it was read from.
#[derive(Debug)]
pub struct Rules {
    /// What the file says.
    pub profile: Profile,
    /// The file, for the terminal.
    pub source: String,
    /// The same without the folders of this machine, for output that is passed on.
    pub name: String,
}

impl Rules {
    /// Reads the file at `path`, or the project's own file where none is named.
    ///
    /// # Errors
    /// One sentence with the file's name and the place in it. A project file that cannot be used is an error, too.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = path {
            let name = path.file_name().unwrap_or(path.as_os_str());
            return Self::read_file(path, name.to_string_lossy().into_owned());
        }
        match in_working_tree() {
            Some(path) => Self::read_file(&path, IN_PROJECT.to_owned()),
            None => Ok(Self {
                profile: Profile::built_in(),
                source: format!("{IN_PROJECT}, built in"),
                name: format!("{IN_PROJECT}, built in"),
            }),
        }
    }

    fn read_file(path: &Path, name: String) -> anyhow::Result<Self> {
        let source = terminal::printable(&path.display().to_string());
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read the rule file {source}"))?;
        let text = String::from_utf8(bytes)
            .with_context(|| format!("the rule file {source} is not text in UTF-8"))?;
        let profile = Profile::parse(&text)
            .with_context(|| format!("the rule file {source} cannot be used"))?;
        Ok(Self {
            profile,
            source,
            name,
        })
    }
}

/// The file of the project around the current folder, else of the project that the program was built in.
fn in_working_tree() -> Option<PathBuf> {
    let current = env::current_dir().ok()?;
    let program = env::current_exe().ok();
    let folders = current
        .ancestors()
        .chain(program.iter().flat_map(|program| program.ancestors()));
    let found = folders
        .map(|folder| folder.join(IN_PROJECT))
        .find(|file| file.is_file())?;
    // Relative where it lies below the current folder.
    Some(
        found
            .strip_prefix(&current)
            .map_or(found.clone(), Path::to_owned),
    )
}
