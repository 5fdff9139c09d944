//! Recognizes a file of a load by its content.

use anyhow::bail;

use super::azure::{self, Document};
use super::{Load, run, table};

/// What a table of a load must have.
pub(super) const EXPECTED: &str = "the header must name seconds or timestamp, and load, or CpuPercentage with instances, \
     such as the line timestamp,CpuPercentage,instances before 2026-01-05T08:00:00Z,62.5,2";

/// What the reader of a load cannot know from its file.
#[derive(Clone, Copy)]
pub struct ReadOptions<'a> {
    /// The instance count where the file has a mean CPU and no counts: the rules' default.
    pub instances: u32,
    /// The metrics of the rules: a file without any load is read where it has one of these.
    pub rule_metrics: &'a [&'a str],
    /// The Unix seconds of a time without an offset, which is given as seconds since 1970-01-01T00:00 on a local clock.
    /// `None`: such times stay local ([`Start::Local`](super::Start::Local)).
    pub local: Option<&'a dyn Fn(i64) -> i64>,
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        Self {
            instances: 1,
            rule_metrics: &[],
            local: None,
        }
    }
}

impl Load {
    /// Reads what `az monitor metrics list` writes (JSON or table), the portal's CSV export, a run saved by `lab load`
    /// or `lab demo`, and CSV with named columns; `seconds,load` may also come without a header.
    ///
    /// # Errors
    /// One sentence, with the line's number where there are lines.
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
