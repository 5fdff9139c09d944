//! The autoscale rule file that a command uses, and `lab rules`, which explains and checks it.
//!
//! | module | does |
//! | --- | --- |
//! | [`command`] | the arguments of `lab rules`, and its text |
//! | [`record`] | its JSON |
//! | [`explain`] | a setting in words |
//! | [`check`] | its faults and hints |
//! | [`bands`] | the loads at which each number of instances stays |
//! | [`view`] | the rules of a profile under one constant load |
//! | [`start`] | times that a user gives for the calendar of rules |
//! | [`text`] | files as text, and the output of a command |
//!
//! The rule file is the file named with `--autoscale`. Without that option it is `infra/autoscale.json` of the working tree, and
//! outside of one the copy of that file that was compiled into the program.

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use autoscale::{BUILT_IN, Finding, ProfilePlace, ReadOptions, Refusal, RuleFile, Setting};

mod bands;
mod check;
mod command;
mod explain;
mod record;
mod start;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use check::{Delays, flapping};
pub use command::{Explanation, RulesArgs, run};
pub use start::{has_calendar, start, zone};
pub use text::{decoded, print_result, written};

/// The place of the rule file in the project.
const IN_PROJECT: &str = "infra/autoscale.json";
/// Longer files are not read to their end, and the parser refuses them.
const LONGEST_FILE: u64 = 8 << 20;

/// A setting and the file that it was read from.
#[derive(Debug)]
pub struct Rules {
    /// What the file says.
    pub setting: Setting,
    /// What its reader noticed.
    pub findings: Vec<Finding>,
    /// Where its profiles and rules stand in the file.
    pub places: Vec<ProfilePlace>,
    /// The file, for the terminal.
    pub source: String,
    /// The same without the folders of this machine, for output that may be published.
    pub name: String,
}

/// The options of all commands that read a rule file.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RuleOptions {
    /// Autoscale rules: any setting as az, REST, a template, the portal, or Terraform writes it, or a profile
    /// [default: infra/autoscale.json]
    #[arg(long, value_name = "FILE")]
    pub autoscale: Option<PathBuf>,
    /// Parameters of the template in the rule file: an ARM parameter file, or plain JSON
    #[arg(long, value_name = "FILE")]
    pub parameters: Option<PathBuf>,
    /// Name of the setting, if the rule file contains several
    #[arg(long, value_name = "NAME")]
    pub setting: Option<String>,
}

impl RuleOptions {
    /// Reads the rule file, or the project's own file if none is named.
    ///
    /// # Errors
    /// The file's name, and each problem with its place in it. A project file that cannot be used is an error, too.
    pub fn read(&self) -> anyhow::Result<Rules> {
        if let Some(path) = &self.autoscale {
            return self.read_file(path, file_name(path));
        }
        anyhow::ensure!(
            self.parameters.is_none() && self.setting.is_none(),
            "--parameters and --setting belong to a rule file: name it with --autoscale FILE"
        );
        if let Some(path) = in_working_tree() {
            return self.read_file(&path, IN_PROJECT.to_owned());
        }
        Rules::built_in()
    }

    /// Whether any of these options was given.
    pub fn is_given(&self) -> bool {
        self.autoscale.is_some() || self.parameters.is_some() || self.setting.is_some()
    }

    fn read_file(&self, path: &Path, name: String) -> anyhow::Result<Rules> {
        let source = terminal::printable(&path.display().to_string());
        let text = text_of(path).with_context(|| format!("cannot read the rule file {source}"))?;
        let parameters = self.parameters.as_deref().map(|path| {
            let name = terminal::printable(&path.display().to_string());
            text_of(path).with_context(|| format!("cannot read the parameter file {name}"))
        });
        let parameters = parameters.transpose()?;
        let options = ReadOptions {
            file_name: path.file_name().and_then(|name| name.to_str()),
            parameters: parameters.as_deref(),
            setting: self.setting.as_deref(),
        };
        let file = RuleFile::read(&text, options)
            .with_context(|| format!("the rule file {source} cannot be used"))?;
        Ok(Rules::new(file, source, name))
    }
}

impl Rules {
    /// The copy of the project's file that was compiled into the program.
    ///
    /// # Errors
    /// Never, in a program whose tests have passed.
    pub fn built_in() -> anyhow::Result<Self> {
        Ok(Self::parse(BUILT_IN, &format!("{IN_PROJECT}, built in"))?)
    }

    /// Rules that are in no file, under a name for people.
    ///
    /// # Errors
    /// As [`RuleFile::read`].
    pub fn parse(text: &str, name: &str) -> Result<Self, Refusal> {
        let file = RuleFile::read(text, ReadOptions::default())?;
        Ok(Self::new(file, name.to_owned(), name.to_owned()))
    }

    fn new(file: RuleFile, source: String, name: String) -> Self {
        Self {
            setting: file.setting,
            findings: file.findings,
            places: file.places,
            source,
            name,
        }
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LONGEST_FILE)
        .read_to_end(&mut bytes)?;
    decoded(bytes)
}

/// The file of the project around the current folder, or else of the project in which the program was built.
fn in_working_tree() -> Option<PathBuf> {
    let current = env::current_dir().ok()?;
    let program = env::current_exe().ok();
    let folders = current
        .ancestors()
        .chain(program.iter().flat_map(|program| program.ancestors()));
    let found = folders
        .map(|folder| folder.join(IN_PROJECT))
        .find(|file| file.is_file())?;
    // Relative if it is below the current folder.
    Some(
        found
            .strip_prefix(&current)
            .map_or(found.clone(), Path::to_owned),
    )
}
