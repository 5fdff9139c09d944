//! The files of loads: bounded in size, and refused in one sentence.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, ensure};
use rules::decoded;

use super::shape;
use super::{Load, ReadOptions};

const LONGEST_LOAD: u64 = 64 << 20;

/// A load that comes with the program, or the text of one.
pub enum Source {
    /// One that comes with the program.
    Named(Load),
    /// A file or standard input.
    Text {
        /// Its name in the output.
        name: String,
        /// Its name in a refusal.
        given: String,
        /// What it holds.
        text: String,
    },
}

impl Source {
    /// Opens a load that comes with the program, the one on standard input (`-`), or the one in a file.
    ///
    /// # Errors
    /// One sentence with the file's name.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let given = path.to_string_lossy();
        if let Some(load) = shape::named(&given) {
            return Ok(Self::Named(load));
        }
        if given == "-" {
            let text = text(std::io::stdin().lock(), LONGEST_LOAD)
                .context("the load on standard input cannot be used")?;
            return Ok(Self::Text {
                name: "standard input".to_owned(),
                given: "on standard input".to_owned(),
                text,
            });
        }
        let names = shape::NAMES.join(", ");
        let file = File::open(path).with_context(|| {
            format!(
                "{given} is no load that comes with the program ({names}) and no file that can be read"
            )
        })?;
        // The name alone: the folder is nobody's business who reads the page.
        let name = path.file_name().unwrap_or(path.as_os_str());
        let text = text(file, LONGEST_LOAD)
            .with_context(|| format!("the load in {given} cannot be used"))?;
        Ok(Self::Text {
            name: name.to_string_lossy().into_owned(),
            given: format!("in {given}"),
            text,
        })
    }

    /// The load.
    ///
    /// # Errors
    /// One sentence with the file's name.
    pub fn read(&self, options: &ReadOptions<'_>) -> anyhow::Result<Load> {
        match self {
            Self::Named(load) => Ok(load.clone()),
            Self::Text { name, given, text } => Load::read(name.clone(), text, options)
                .with_context(|| format!("the load {given} cannot be used")),
        }
    }
}

/// The metrics in a file, each by its name as recorded; nothing in it is a load.
///
/// # Errors
/// One sentence without the file's name.
pub fn metrics(path: &Path, local: &dyn Fn(i64) -> i64) -> anyhow::Result<Load> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let file = File::open(path).context("it cannot be read")?;
    let options = ReadOptions {
        metrics_only: true,
        local: Some(local),
        ..ReadOptions::default()
    };
    Load::read(name.to_string_lossy(), &text(file, LONGEST_LOAD)?, &options)
}

/// The text of a file that is no longer than so many bytes.
///
/// # Errors
/// One sentence, where it cannot be read, is longer or is not text.
pub fn text(from: impl Read, longest: u64) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    from.take(longest + 1)
        .read_to_end(&mut bytes)
        .context("it cannot be read")?;
    ensure!(
        bytes.len() as u64 <= longest,
        "it is longer than {} MiB",
        longest >> 20
    );
    ensure!(
        !bytes.starts_with(b"PK\x03\x04"),
        "it is an Excel workbook or another archive; save it as CSV in UTF-8"
    );
    decoded(bytes)
}
