//! `lab report`: the page again from a saved run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::run::Run;
use super::{add_events, has_charts, judge, write_csv, write_html, write_json};

/// Arguments of `lab report`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lab report target/demo/run.json
  lab report run.json --azure-events events.json --html report.html

Azure's own scale actions, after a run against a deployed app:
  az monitor activity-log list --resource-group GROUP --offset 2h > events.json
Rows of the Log Analytics table AutoscaleScaleActionsLog are taken too.

Exit code: 0 when everything was written, 2 when something was wrong; the verdict does not change it.")]
pub struct ReportArgs {
    /// A run that `lab load` or `lab demo` saved as JSON
    #[arg(value_name = "RUN.json")]
    run: PathBuf,
    /// The page to write [default: beside the run, its name with .html]
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also write one row a second as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write the record, with what was added to it here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Mark Azure's own scale actions: an activity log exported as JSON
    #[arg(long, value_name = "FILE")]
    azure_events: Option<PathBuf>,
    /// Judge the run again instead of keeping the verdict that it was saved with
    #[arg(long)]
    judge: bool,
}

/// Writes the page.
///
/// # Errors
/// One sentence for the user, where something cannot be read or written.
pub fn report(args: ReportArgs) -> anyhow::Result<ExitCode> {
    let mut run = read(&args.run)?;
    if let Some(path) = &args.azure_events {
        let text = text(path)?;
        let number = add_events(&mut run, &text)
            .with_context(|| format!("{} cannot be used", path.display()))?;
        println!("scale actions of Azure during the run: {number}");
    } else if args.judge || run.verdict.autoscaling.is_empty() {
        run.verdict = judge(&run);
    }
    // The page links to these, so they come first.
    if let Some(path) = &args.json {
        write_json(&run, path)?;
    }
    if let Some(path) = &args.csv {
        write_csv(&run, path)?;
    }
    let html = args.html.unwrap_or_else(|| args.run.with_extension("html"));
    write_html(&run, &html)?;

    println!("autoscaling: {}", run.verdict.autoscaling);
    for reason in &run.verdict.reasons {
        println!("  {reason}");
    }
    for expected in &run.verdict.expectations {
        let held = if expected.held { "held" } else { "not held" };
        println!(
            "  {}: {held}, measured {}",
            expected.condition, expected.measured
        );
    }
    let charts = if has_charts() {
        ""
    } else {
        " (without charts: they are built where Node is, by scripts/run)"
    };
    println!("report: {}{charts}", html.display());
    Ok(ExitCode::SUCCESS)
}

fn text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Run> {
    let run: Run = serde_json::from_str(&text(path)?)
        .with_context(|| format!("{} is no run saved by lab load or lab demo", path.display()))?;
    // Any JSON object would do for the parser, since what an older lab did not write is filled in.
    anyhow::ensure!(
        !run.title.is_empty() || !run.started.is_empty(),
        "{} is no run saved by lab load or lab demo: it has neither a title nor a start",
        path.display()
    );
    Ok(run)
}
