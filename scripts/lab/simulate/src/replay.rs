//! `lab replay`: repeats the decisions in Azure's log of its evaluations.
//!
//! | module | does |
//! | --- | --- |
//! | [`log`], [`json`], [`column`], [`row`], [`moment`] | read the log in any of its forms |
//! | [`compare`], [`rules`], [`disagreement`] | decide one evaluation again from what the log says was observed |
//! | [`outcome`] | what comes of all of them, as text and as JSON |

use std::path::PathBuf;
use std::process::ExitCode;

use ::rules::{RuleOptions, print_result};
use anyhow::ensure;

mod column;
mod compare;
mod disagreement;
mod json;
mod log;
mod moment;
mod outcome;
mod row;
mod rows;
mod rules;

#[cfg(test)]
mod tests;

use log::Log;
use outcome::Outcome;

/// The most rows that are read or written.
pub(crate) const MOST_ROWS: usize = 500_000;

/// The size of the largest log, in bytes, that is read or written.
pub(crate) const LONGEST_LOG: u64 = 256 << 20;

/// Arguments of `lab replay`.
#[derive(clap::Args)]
#[command(after_help = "\
The log is one of:
  - rows of the Log Analytics table AutoscaleEvaluationsLog: the output of az monitor log-analytics query, the response \
of the API, or the CSV that the portal exports
  - records of the category AutoscaleEvaluations from a storage account (PT1H.json)
  - the output of lab simulate --evaluations

Each evaluation is decided again from the observations in the log: the profile from the time, each rule's result from its \
observed value, the cooldowns from the last action, and then the number of instances. If results of rules differ, the \
number isn't compared, because it follows from them.

Examples:
  lab simulate --load daily --evaluations target/log.json
  lab replay target/log.json
  az monitor log-analytics query --workspace ID --output json \\
    --analytics-query 'AutoscaleEvaluationsLog | where TimeGenerated > ago(1d)' > LOG.json
  lab replay LOG.json --autoscale SETTING.json

Exit codes: 0 everything that was compared agrees; 1 something differs; 2 invalid input.")]
pub struct ReplayArgs {
    /// The log
    #[arg(value_name = "LOG")]
    log: PathBuf,
    #[command(flatten)]
    rules: RuleOptions,
    /// Write the result as JSON; - prints only the JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Repeats the decisions of the log, and prints how far they agree.
///
/// # Errors
/// One sentence for the user if a file cannot be used or written, or if nothing in the log can be compared.
pub fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let rules = args.rules.read()?;
    let log = Log::read(&args.log, &rules.setting.name)?;
    let name = args.log.file_name().unwrap_or(args.log.as_os_str());
    let outcome = Outcome::of(&log, &name.to_string_lossy(), &rules);
    ensure!(
        outcome.compared_something(),
        "nothing in the log {} can be compared: none of its {} evaluations has a result of a rule, or the number of instances before and after it",
        terminal::printable(&args.log.display().to_string()),
        log.evaluations.len()
    );
    print_result(args.json.as_deref(), || &outcome, || outcome.describe())?;
    Ok(match outcome.agrees() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
