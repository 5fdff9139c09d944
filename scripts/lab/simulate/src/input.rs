//! The files that a simulation is given: bounded in size, and refused in one sentence.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::load::{Load, ReadOptions};
use crate::prices::{self, Prices};
use crate::shape;

const LONGEST_LOAD: u64 = 64 << 20;
const LONGEST_PRICES: u64 = 1 << 20;

/// A load that comes with the program, the one on standard input (`-`), or the one in a file.
pub(crate) fn load(path: &Path, options: &ReadOptions<'_>) -> anyhow::Result<Load> {
    let given = path.to_string_lossy();
    if let Some(load) = shape::named(&given) {
        return Ok(load);
    }
    if given == "-" {
        return text(std::io::stdin().lock(), LONGEST_LOAD)
            .and_then(|text| Load::read("standard input", &text, options))
            .context("the load on standard input cannot be used");
    }
    let names = shape::NAMES.join(", ");
    let file = File::open(path).with_context(|| {
        format!(
            "{given} is no load that comes with the program ({names}) and no file that can be read"
        )
    })?;
    // The name alone: the folder is nobody's business who reads the page.
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    text(file, LONGEST_LOAD)
        .and_then(|text| Load::read(name, &text, options))
        .with_context(|| format!("the load in {given} cannot be used"))
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
    decoded(bytes)
}

/// Text in UTF-8, or in the UTF-16 that PowerShell writes by `>`.
fn decoded(bytes: Vec<u8>) -> anyhow::Result<String> {
    let unit: Option<fn([u8; 2]) -> u16> = match *bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(unit) = unit {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        ensure!(
            rest.is_empty(),
            "its text in UTF-16 ends in the middle of a character"
        );
        return String::from_utf16(&units).context("it is not text in UTF-16");
    }
    ensure!(
        !bytes.starts_with(b"PK\x03\x04"),
        "it is an Excel workbook or another archive; save it as CSV in UTF-8"
    );
    String::from_utf8(bytes).context("it is not text in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn text_of_powershell_is_read_and_a_workbook_is_refused() {
        let wide = |unit: fn(u16) -> [u8; 2]| {
            let text = "\u{feff}0,80\n60,80 é\n".encode_utf16();
            decoded(text.flat_map(unit).collect()).ok()
        };
        for text in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
            assert_eq!(text.as_deref(), Some("\u{feff}0,80\n60,80 é\n"));
        }
        for (bytes, complaint) in [
            (&b"PK\x03\x04..."[..], "Excel workbook"),
            (b"\xff\xfe0\0,", "in the middle of a character"),
            (b"\xff\xfe\0\xd8", "not text in UTF-16"),
            (b"0,80\n\xff", "not text in UTF-8"),
        ] {
            let refusal = decoded(bytes.to_vec()).map_err(|error| error.to_string());
            assert!(refusal.is_err_and(|text| text.contains(complaint)));
        }
    }
}
