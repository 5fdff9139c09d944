//! `lab simulate`: runs the rules in virtual time, against a load that is known in advance.
//!
//! | module | does |
//! | --- | --- |
//! | [`period`], [`start`], [`model`] | the load, which [`recorded_load`] reads, and when it begins; what is assumed of the platform |
//! | [`simulation`], [`outcome`] | runs the rules, and what happened; [`fleet`] counts the instances, [`shortage`] and [`crossing`] watch for overload, [`standstill`] for why nothing changes |
//! | [`verdict`], [`reversals`], [`causes`] | what the outcome says about the rules |
//! | [`fit`], [`prices`], [`fixed`] | how it compares with recorded numbers of instances; what it costs; what fixed fleets do |
//! | [`tune`] | looks for better rules |
//! | [`evaluations`], [`replay`] | a log of every evaluation as Azure writes it, and such a log decided again |
//! | [`timeline`], [`summary`], [`record`], [`page`] | the outcome as text, as JSON and as a page |
//!
//! # The model
//!
//! The load is in percent of what one instance can do, and constant from one row to the next. The CPU of each ready
//! instance is min(100, load / ready). A sample of the metric is the mean over a whole minute and over the ready
//! instances. Evaluations happen every `evaluate-seconds`, the first at that time, the last at the last row's second.
//! One made at T sees the samples with T - lag - window < end <= T - lag: fewer than the window holds give their mean,
//! none at all fire no rule. A count raised at T is ready at T + `provision-seconds`, a count lowered at T is effective
//! at T, and what happens at T comes before the load of second T. A rule may act again when T >= last action of any rule
//! plus its own cooldown. It starts with the default count, all of them ready, and the first load is assumed to have been
//! there before. What the rules decide is [`autoscale`]'s, the same engine that `lab up` obeys.
//!
//! Beyond that: of the instances that are not yet ready the newest go first. `Min`, `Max` and `Average` over the
//! instances are the same, as the load is spread evenly; `Sum` and `Count` take the instances that were ready at the
//! minute's end. Instances are paid for from the order to the end, ready or not. A last part of a minute gives no sample.
//! Without a ready instance there is no sample, and any load is overload. Metrics other than the instances' CPU are
//! replayed as they were recorded, whatever the simulated number of instances.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use autoscale::{Profile, Setting, schedule::Schedule};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rules::{RuleOptions, Rules, print_result};
use run_record::Run;

mod causes;
mod crossing;
mod evaluations;
mod fit;
pub mod fixed;
mod fleet;
mod model;
mod outcome;
mod page;
mod period;
mod prices;
mod record;
pub mod replay;
mod reversals;
mod shortage;
mod simulation;
mod standstill;
mod start;
mod summary;
mod timeline;
pub mod tune;
mod verdict;

pub use model::Model;
pub use outcome::{Action, Arrival, Cause, Sample, Scenario, Simulation};
pub use shortage::{Ending, Shortage};
pub use simulation::simulate;
pub use standstill::{Obstacle, Standstill};
pub use verdict::Verdict;

use fit::Fit;
use period::{Period, SimulationOptions};
use prices::Prices;
use record::Record;
use simulation::simulate_watched;
use summary::Outcome;

/// Arguments of `lab simulate`.
#[derive(clap::Args)]
#[command(after_help = "\
Built-in loads, in percent of the capacity of one instance (150 keeps one and a half instances busy):
  step   20% for 10 minutes, 150% for an hour, 20% for 50 minutes
  ramp   from 0 to 240% in an hour, 240% for 30 minutes, to 0 in an hour, 0 for 30 minutes
  spike  30% for an hour and a half, but 250% for 5 minutes after the first half hour
  daily  24 hours from midnight, 20% at 4 o'clock, 200% at 16 o'clock, a sine between

Your own load (--load FILE, or - for standard input) is one of:
  - the output of az monitor metrics list (--output json), or the portal's CSV export
  - a run saved by lab load --json or lab demo --json
  - CSV with named columns: seconds or timestamp; load, or CpuPercentage with instances; any other metric by its name
An hour of 80%:
  printf 'seconds,load\\n0,80\\n3600,80\\n' | lab simulate --load -

The model: the CPU of each ready instance is min(100, load / ready). The rules use averages over whole minutes, which are \
available after --metric-lag seconds. A new instance is ready after --provision-seconds. A removed instance stops \
immediately. The rules are evaluated every --evaluate-seconds as in Azure Monitor (lab up does the same with real \
processes). Findings list what is assumed, ignored, or not simulated.

Examples:
  lab simulate
  lab simulate --load daily --compare infra/autoscale.fast.json
  lab simulate --load spike --html target/spike.html
  lab simulate --autoscale SETTING.json --load METRICS.csv

Exit codes: 0 simulation completed, with any verdict; 2 invalid input.")]
pub struct SimulateArgs {
    #[command(flatten)]
    rules: RuleOptions,
    /// Load on the fleet: step, ramp, spike, daily, a file, or - for standard input
    #[arg(long, value_name = "LOAD", default_value = "step")]
    load: PathBuf,
    #[command(flatten)]
    given: SimulationOptions,
    /// Write the result as JSON; - prints only the JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write an HTML report: CPU with the rules' thresholds, instances, and actions
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Compare with the rules in this file
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write a log of every evaluation as rows of Azure's table `AutoscaleEvaluationsLog`, for `lab replay`
    #[arg(long, value_name = "FILE")]
    evaluations: Option<PathBuf>,
}

/// Simulates and prints the outcome. `write_page` writes the page of `--html`.
///
/// # Errors
/// One sentence for the user if a file is wrong, or cannot be read or written.
pub fn run(
    args: &SimulateArgs,
    write_page: impl FnOnce(&Run, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let rules = args.rules.read()?;
    let compared = args.compare.as_ref().map(|path| {
        // The parameters and the name of the setting belong to the other file.
        let options = RuleOptions {
            autoscale: Some(path.clone()),
            ..RuleOptions::default()
        };
        options.read()
    });
    let all: Vec<Rules> = std::iter::once(rules)
        .chain(compared.transpose()?)
        .collect();
    let settings: Vec<&Setting> = all.iter().map(|rules| &rules.setting).collect();
    let period = Period::read(&args.given, &args.load, &settings)?;
    let prices = Prices::read(args.given.prices.as_deref())?;
    if let Some(path) = &args.evaluations {
        evaluations::write(&period.scenario(settings[0]), path)?;
    }
    let outcomes: Vec<Outcome> = all
        .into_iter()
        .map(|rules| outcome(rules, &period, &prices))
        .collect();
    print_result(
        args.json.as_deref(),
        || Record::new(&outcomes, &period, &prices),
        || text(&outcomes, &period, &prices),
    )?;
    // The page links to the JSON file, so it comes last.
    if let Some(path) = &args.html {
        write_page(&page::run(&outcomes, &period, &prices), path)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn outcome(rules: Rules, period: &Period, prices: &Prices) -> Outcome {
    let simulation = simulate_shown(&period.scenario(&rules.setting));
    let verdict = Verdict::on(&simulation, &rules.setting, &period.model);
    let costs = prices.costs(
        verdict.average_instances,
        rules.setting.minimum(),
        rules.setting.maximum(),
    );
    Outcome {
        fit: Fit::of(&simulation, &period.load),
        findings: period.findings(&rules),
        rules,
        simulation,
        verdict,
        costs,
    }
}

/// Simulates. If this takes more than a second, a progress bar is shown on a terminal.
fn simulate_shown(scenario: &Scenario<'_>) -> Simulation {
    let begun = Instant::now();
    let bar = ProgressBar::new(scenario.load.seconds());
    bar.set_draw_target(ProgressDrawTarget::hidden());
    bar.set_style(
        ProgressStyle::with_template("simulating {wide_bar} {percent}%")
            .expect("the template is right"),
    );
    let simulation = simulate_watched(scenario, |seconds| {
        if bar.is_hidden() && begun.elapsed() > Duration::from_secs(1) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(seconds);
    });
    bar.finish_and_clear();
    simulation
}

fn text(outcomes: &[Outcome], period: &Period, prices: &Prices) -> String {
    let rules = outcomes.iter().map(|outcome| &outcome.rules);
    let mut text: String = rules.clone().map(rules_in_words).collect();
    let settings: Vec<&Setting> = rules.map(|rules| &rules.setting).collect();
    text += &period.describe(&settings);
    for outcome in outcomes {
        let of_file = match outcomes.len() {
            1 => String::new(),
            _ => format!("{}: ", outcome.rules.name),
        };
        for finding in &outcome.findings {
            text += &format!("finding {of_file}{finding}\n");
        }
    }
    text += "\n";
    match outcomes {
        [one] => text += &timeline::render(&one.simulation, &period.load),
        several => text += &summary::side_by_side(several),
    }
    text += "\n";
    text += &summary::render(outcomes, prices);
    for outcome in outcomes {
        text += &format!("\n{}: {}\n", outcome.rules.name, outcome.verdict.verdict);
        for reason in &outcome.verdict.reasons {
            text += &format!("  {reason}\n");
        }
        if let Some(fit) = &outcome.fit {
            text += &format!("  Fit: {}.\n", fit.describe());
        }
    }
    text + "\n" + summary::LEGEND
}

fn rules_in_words(rules: &Rules) -> String {
    let Rules {
        setting, source, ..
    } = rules;
    let limits = |profile: &Profile| {
        let capacity = profile.capacity;
        let (minimum, maximum) = (capacity.minimum, capacity.maximum);
        format!(
            "{minimum} to {maximum} instances, {} by default",
            capacity.default
        )
    };
    let mut text = match setting.profiles.as_slice() {
        [one] => format!("rules   {source}: {}\n", limits(one)),
        several => format!("rules   {source}: {} profiles\n", several.len()),
    };
    for profile in &setting.profiles {
        if setting.profiles.len() > 1 || profile.schedule != Schedule::Default {
            text += &format!(
                "        {}, {}: {}\n",
                profile.title(),
                profile.schedule.describe(),
                limits(profile)
            );
        }
        for rule in &profile.rules {
            text += &format!("        {}\n", rule.describe(&setting.metrics));
        }
    }
    text
}
