//! Opens load files, with a limit of their size and error messages of one sentence.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, ensure};
use rules::decoded;

use super::shape;
use super::{Load, ReadOptions};

const LONGEST_LOAD: u64 = 64 << 20;

/// A built-in load, or the text of a load.
pub enum Source {
    /// A built-in load.
    Named(Load),
    /// A file or standard input.
    Text {
        /// Its name in the output.
        name: String,
        /// Its name in error messages.
        given: String,
        /// Its content.
        text: String,
    },
}

impl Source {
    /// Opens a built-in load, the load on standard input (`-`), or a file.
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
            format!("{given} is neither a built-in load ({names}) nor a file that can be read")
        })?;
        // Only the name, because readers of the page need not know the folder.
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

/// Reads the metrics in a file by their recorded names. Nothing in it counts as a load.
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

/// Reads the text of a file up to a limit of bytes.
///
/// # Errors
/// One sentence if it cannot be read, is too long, or is not text.
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
