//! The files that a simulation is given: bounded in size, and refused in one sentence.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, ensure};

use rules::decoded;

use crate::load::{Load, ReadOptions};
use crate::prices::{self, Prices};
use crate::shape;

const LONGEST_LOAD: u64 = 64 << 20;
const LONGEST_PRICES: u64 = 1 << 20;

/// A load that comes with the program, or the text of one.
pub(crate) enum Source {
    /// One that comes with the program.
    Named(Load),
    /// A file or standard input: its name in the output, its name in a refusal, and its text.
    Text {
        name: String,
        given: String,
        text: String,
    },
}

impl Source {
    /// Opens a load that comes with the program, the one on standard input (`-`), or the one in a file.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
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
    pub(crate) fn read(&self, options: &ReadOptions<'_>) -> anyhow::Result<Load> {
        match self {
            Self::Named(load) => Ok(load.clone()),
            Self::Text { name, given, text } => Load::read(name.clone(), text, options)
                .with_context(|| format!("the load {given} cannot be used")),
        }
    }
}

/// The prices in a file, or those that come with the program.
pub(crate) fn prices(path: Option<&Path>) -> anyhow::Result<Prices> {
    let Some(path) = path else {
        return Prices::parse(prices::BUILT_IN);
    };
    let read = File::open(path)
        .context("it cannot be read")
        .and_then(|file| text(file, LONGEST_PRICES));
    read.and_then(|text| Prices::parse(&text))
        .with_context(|| format!("the price file {} cannot be used", path.display()))
}

pub(crate) fn text(from: impl Read, longest: u64) -> anyhow::Result<String> {
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
