//! The deployed zip. The same files always produce the same bytes.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::layout::{Layout, make_folder, replace};

/// Writes the zip, and returns its size in bytes.
pub(crate) fn write(layout: &Layout, output: &Path) -> anyhow::Result<u64> {
    if let Some(folder) = output.parent() {
        make_folder(folder)?;
    }
    let mut size = 0;
    replace(output, 0o644, |new| {
        size = write_entries(layout, new)?;
        Ok(())
    })
    .with_context(|| format!("cannot write {}", output.display()))?;
    Ok(size)
}

fn write_entries(layout: &Layout, file: &mut File) -> io::Result<u64> {
    let mut zip = ZipWriter::new(file);
    for entry in &layout.entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(entry.mode);
        zip.start_file(entry.name.as_str(), options)?;
        zip.write_all(&fs::read(&entry.source)?)?;
    }
    zip.finish()?.stream_position()
}
