//! What a run was like: its record, its verdict, and the page that shows it.
//!
//! | module | does |
//! | --- | --- |
//! | [`run`] | the record that `lab load` and `lab demo` write |
//! | [`story`] | the facts in it: what the rules called for, what was done, how long it took |
//! | [`judge`], [`share`], [`contradictions`] | the answer to "did autoscaling work?" |
//! | [`page`], [`sections`], [`timeline`] | the page's content, the same with charts and without |
//! | [`html`] | the page as one file |
//! | [`csv`] | the record as a table, one row a second |
//! | [`azure`] | Azure's own scale actions, read from an exported activity log |
//! | [`command`] | `lab report` |

use std::path::Path;

mod azure;
mod command;
mod contradictions;
mod csv;
mod file;
mod html;
mod judge;
mod markup;
mod page;
mod rules;
pub mod run;
mod sections;
mod share;
mod story;
mod timeline;
mod words;

pub use azure::add_events;
pub use command::{ReportArgs, report};
pub(crate) use file::write_whole;
pub use html::{has_charts, write_html};
pub use judge::{CANNOT_TELL, DID_NOT_WORK, NOT_ASKED, WORKED, judge};
pub(crate) use rules::{limits, rules};

/// Writes a run's record.
///
/// # Errors
/// One sentence for the user; the file is then as it was before.
pub fn write_json(run: &run::Run, path: &Path) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(run)?;
    text.push(b'\n');
    file::write_whole(path, &text)
}

/// Writes a text, whole or not at all.
///
/// # Errors
/// One sentence for the user; the file is then as it was before.
pub(crate) fn write_text(text: &str, path: &Path) -> anyhow::Result<()> {
    file::write_whole(path, text.as_bytes())
}

/// Writes a run as a table of comma-separated values, one row a second.
///
/// # Errors
/// One sentence for the user; the file is then as it was before.
pub fn write_csv(run: &run::Run, path: &Path) -> anyhow::Result<()> {
    file::write_whole(path, csv::csv(run).as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod judge_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod page_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod samples;
