//! Entry point of `lab`. The library implements the commands.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use lab::{check, demo, doctor, package, up};
use run_record::Run;

/// Each forwarded request allocates. With the system's allocator, `lab up` uses 7% more CPU.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Emulate the Azure Functions host and Azure autoscale on one machine
#[derive(Parser)]
#[command(name = "lab", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the function app behind an emulator of the Azure Functions host
    Up(up::UpArgs),
    /// Simulate the autoscale rules for a load, in virtual time: when they act, and what the instances cost
    Simulate(simulate::SimulateArgs),
    /// Explain the autoscale rules in words and check them, without a load
    Rules(rules::RulesArgs),
    /// Look for better autoscale rules for a load: less overload, lower cost
    Tune(Box<simulate::tune::TuneArgs>),
    /// Repeat the decisions in Azure's own log of evaluations, and show where the rule engine differs
    Replay(simulate::replay::ReplayArgs),
    /// Create the function app folder that `lab up` and `func start` run
    Assemble(package::AssembleArgs),
    /// Build the deployable zip with a static binary
    Package(package::PackageArgs),
    /// Run a command together with a private PostgreSQL server
    Postgres(postgres::PostgresArgs),
    /// Load an app, here or in Azure, and record how it and its fleet respond
    Load(Box<load::LoadArgs>),
    /// Check whether an app, here or in Azure, works correctly
    Check(check::CheckArgs),
    /// Scale to one, two, three, two, and one instances in about a minute, and verify the run
    Demo(demo::DemoArgs),
    /// Measure the handler, and compare it with the limits of this machine
    Bench(bench::BenchArgs),
    /// Create the page of a saved run again, optionally with Azure's own scale actions
    Report(report::ReportArgs),
    /// Show the installed and the missing tools, and how to install them
    Doctor(doctor::DoctorArgs),
}

/// The parts of the run analysis that `lab load` uses.
const ANALYSIS: load::Analysis = load::Analysis {
    judge: report::judge,
    too_short: report::too_short,
    add_events: report::add_events,
    write_html: write_compared,
};

/// Writes the page of a run, with the simulator's comparison with fleets of a fixed size if the run has enough data.
fn write_compared(run: &Run, path: &Path) -> anyhow::Result<()> {
    let mut run = run.clone();
    run.comparison = simulate::fixed::compare_with_fixed(&run).ok();
    report::write_html(&run, path)
}

/// `lab rules` makes the same assumptions about the platform as `lab simulate`.
const DELAYS: rules::Delays = rules::Delays {
    metric_lag: Duration::from_secs(simulate::Model::DEFAULT.metric_lag_seconds),
    provision: Duration::from_secs(simulate::Model::DEFAULT.provision_seconds),
};

/// The command line. Its examples name this program as it was started, so that they can be pasted: `target/quick/lab` in
/// a clone, `lab` where it is in PATH.
fn command_line() -> clap::Command {
    let program = std::env::args_os()
        .next()
        .and_then(|name| name.into_string().ok());
    let program = program.unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if !program.contains('/') || !program.chars().all(plain) {
        return Cli::command();
    }
    let started = |help: String| {
        let in_examples = ["  lab ", "| lab ", "& lab ", "... lab "];
        let replaced =
            |help: String, place: &str| help.replace(place, &place.replace("lab", &program));
        in_examples.into_iter().fold(help, replaced)
    };
    Cli::command().mut_subcommands(|mut command| {
        if let Some(help) = command.get_after_help().map(ToString::to_string) {
            command = command.after_help(started(help));
        }
        if let Some(help) = command.get_after_long_help().map(ToString::to_string) {
            command = command.after_long_help(started(help));
        }
        command
    })
}

fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&command_line().get_matches());
    let outcome = match cli.unwrap_or_else(|error| error.exit()).command {
        Command::Up(args) => up::up(&args),
        Command::Simulate(args) => simulate::run(&args, report::write_html),
        Command::Rules(args) => rules::run(&args, DELAYS),
        Command::Tune(args) => simulate::tune::run(&args),
        Command::Replay(args) => simulate::replay::run(&args),
        Command::Assemble(args) => package::assemble(&args),
        Command::Package(args) => package::package(args),
        Command::Postgres(args) => postgres::run(&args),
        Command::Load(args) => load::run(&args, ANALYSIS),
        Command::Check(args) => check::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Bench(args) => bench::run(args),
        Command::Report(args) => report::report(args, simulate::fixed::compare_with_fixed),
        Command::Doctor(args) => doctor::run(args),
    };
    outcome.unwrap_or_else(|error| {
        // One sentence for the user: with the chain of causes, without a backtrace.
        let told = terminal::without_error_numbers(&format!("{error:#}"));
        eprintln!("lab: {}", terminal::printable(&told));
        ExitCode::from(2)
    })
}
