//! `lab report`: the page again from a saved run.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use run_record::comparison::Comparison;
use run_record::{Expectation, Run, Verdict, read_json, write_csv, write_json};

use crate::{add_events, judge, what_autoscaling_bought, write_html};

/// Arguments of `lab report`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lab report RUN.json
  lab report RUN.json --azure-events EVENTS.json --html REPORT.html

Azure's own scale actions, after a run against a deployed app:
  az monitor activity-log list --resource-group GROUP --offset 2h > EVENTS.json
Rows of the Log Analytics table AutoscaleScaleActionsLog are accepted, too.

The page and the last line also show what autoscaling bought: the load of the run, simulated on the fewest and on the most
instances that its rules allow. A run of lab demo --compare keeps its measured results.

Exit codes: 0 everything was written; 2 an error. The verdict does not change the exit code.")]
pub struct ReportArgs {
    /// A run that `lab load` or `lab demo` saved as JSON
    #[arg(value_name = "RUN.json")]
    run: PathBuf,
    /// The page to write [default: beside the run, its name with .html]
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also write a CSV file with one row per second
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write the record, including what this command adds to it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Activity log, exported as JSON, from which to add Azure's own scale actions
    #[arg(long, value_name = "FILE")]
    azure_events: Option<PathBuf>,
    /// Judge the run again instead of keeping the verdict that it was saved with
    #[arg(long)]
    judge: bool,
}

/// Writes the page; `compare_with_fixed` simulates the load of a run on fleets of a fixed size.
///
/// # Errors
/// One sentence for the user, where something cannot be read or written.
pub fn report(
    args: ReportArgs,
    compare_with_fixed: fn(&Run) -> anyhow::Result<Comparison>,
) -> anyhow::Result<ExitCode> {
    let mut run = read_json(&args.run)?;
    let html = args.html.unwrap_or_else(|| args.run.with_extension("html"));
    anyhow::ensure!(
        html != args.run,
        "the page would replace {}: name another one with --html",
        html.display()
    );
    let mut output = String::new();
    if let Some(path) = &args.azure_events {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let number = add_events(&mut run, &text)
            .with_context(|| format!("{} cannot be used", path.display()))?;
        let _ = writeln!(output, "scale actions of Azure during the run: {number}");
    } else if args.judge || run.verdict.autoscaling.is_empty() {
        run.verdict = judge(&run);
    }
    let simulated = |comparison: &Comparison| comparison.simulated;
    let mut missing = None;
    // What real processes did counts more, and a simulation is made again with what this version knows.
    if !run.simulated && run.comparison.as_ref().is_none_or(simulated) {
        match compare_with_fixed(&run) {
            Ok(mut comparison) => {
                // The record knows the plan that it ran on.
                let known = run.comparison.take().and_then(|earlier| earlier.price);
                comparison.price = known.or(comparison.price);
                run.comparison = Some(comparison);
            }
            Err(reason) => missing = Some(reason),
        }
    }
    // The page links to these, so they come first.
    if let Some(path) = &args.json {
        write_json(&run, path)?;
    }
    if let Some(path) = &args.csv {
        write_csv(&run, path)?;
    }
    write_html(&run, &html)?;
    output.push_str(&summary(&run.verdict));
    if let Some(reason) = missing {
        let _ = writeln!(
            output,
            "no comparison with a fixed number of instances: {reason:#}"
        );
    }
    let _ = writeln!(output, "report: {}", html.display());
    if let Some(sentence) = run.comparison.as_ref().and_then(what_autoscaling_bought) {
        let _ = writeln!(output, "{sentence}");
    }
    terminal::print(&output);
    Ok(ExitCode::SUCCESS)
}

/// The verdict as text.
fn summary(verdict: &Verdict) -> String {
    let mut text = format!("autoscaling: {}\n", verdict.autoscaling);
    for reason in &verdict.reasons {
        let _ = writeln!(text, "  {reason}");
    }
    for expected in &verdict.expectations {
        let outcome = if expected.held { "passed" } else { "failed" };
        let Expectation {
            condition,
            measured,
            ..
        } = expected;
        let _ = writeln!(text, "  {condition}: {outcome}, measured {measured}");
    }
    text
}
