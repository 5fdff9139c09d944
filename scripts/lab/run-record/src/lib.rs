//! The record of a run: the load, the reaction of the fleet, and the decisions.
//!
//! | module | does |
//! | --- | --- |
//! | [`run`] | the record, in the form of its JSON |
//! | [`simulation`] | additional data of a simulation |
//! | [`comparison`] | what the same load does on fleets of a fixed size |
//! | `table` | the record as a table, one row per second |
//! | [`format`](mod@format) | numbers and times as text |
//! | `file` | writes a file completely or not at all |

use std::fs;
use std::path::Path;

use anyhow::Context as _;

pub mod comparison;
mod file;
pub mod format;
pub mod run;
pub mod simulation;
mod table;

pub use file::write_whole;
pub use run::{
    Action, Expectation, FleetSample, InstanceRecord, LoadSecond, Percentiles, Requests, Run,
    Verdict,
};
pub use table::csv;

/// Reads a run that [`write_json`] wrote.
///
/// # Errors
/// One sentence for the user.
pub fn read_json(path: &Path) -> anyhow::Result<Run> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let wrong = || format!("{name} is not a run saved by lab load or lab demo");
    let run: Run = serde_json::from_str(&text).with_context(wrong)?;
    // The parser accepts any JSON object, because it fills in fields that an earlier version of lab did not write.
    anyhow::ensure!(
        !run.title.is_empty() || !run.started.is_empty(),
        "{}: it has neither a title nor a start",
        wrong()
    );
    Ok(run)
}

/// Writes a run's record.
///
/// # Errors
/// One sentence for the user. The file is then unchanged.
pub fn write_json(run: &Run, path: &Path) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(run)?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Writes a run as a table of comma-separated values, one row per second.
///
/// # Errors
/// One sentence for the user. The file is then unchanged.
pub fn write_csv(run: &Run, path: &Path) -> anyhow::Result<()> {
    write_whole(path, csv(run).as_bytes())
}
