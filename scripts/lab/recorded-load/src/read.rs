//! Recognises a load file by its content.

use anyhow::bail;

use super::azure::{self, Document};
use super::options::{EXPECTED, ReadOptions};
use super::{Load, run, table};

impl Load {
    /// Reads the output of `az monitor metrics list` (JSON or table), the portal's CSV export, a run saved by `lab
    /// load` or `lab demo`, and CSV with named columns. `seconds,load` may also have no header.
    ///
    /// # Errors
    /// One sentence, with the line's number if there are lines.
    pub fn read(
        name: impl Into<String>,
        text: &str,
        options: &ReadOptions<'_>,
    ) -> anyhow::Result<Self> {
        let name = name.into();
        let text = text.trim_start_matches('\u{feff}');
        let start = text.trim_start();
        if start.is_empty() {
            bail!("it is empty: {EXPECTED}");
        }
        if start.starts_with(['{', '[']) {
            return match azure::parse(text)? {
                Document::Metrics(recording) => recording.into_load(&name, options),
                Document::Run => run::load(&name, text),
            };
        }
        table::parse(text)?.into_load(&name, options)
    }
}
