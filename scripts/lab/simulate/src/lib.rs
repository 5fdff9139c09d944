//! `lab simulate`: runs the rules in virtual time, against a load that is known in advance.
//!
//! | module | does |
//! | --- | --- |
//! | [`start`], [`model`] | the load, which [`recorded_load`] reads, and when it begins; what is assumed of the platform |
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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use autoscale::{Finding, Kind, Profile, Setting, schedule::Schedule};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recorded_load::{Load, metric_column};
use rules::{RuleOptions, Rules};
use run_record::{Run, write_whole};

mod causes;
mod crossing;
mod evaluations;
mod fit;
pub mod fixed;
mod fleet;
mod model;
mod outcome;
mod page;
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
use prices::Prices;
use record::Record;
use simulation::simulate_watched;
use summary::Outcome;

/// Arguments of `lab simulate`.
#[derive(clap::Args)]
#[command(after_help = "\
Loads that come with the program, in percent of what one instance can do (150 keeps one and a half busy):
  step   20 % for 10 minutes, 150 % for an hour, 20 % for 50 minutes
  ramp   from 0 to 240 % in an hour, 240 % for 30 minutes, to 0 in an hour, 0 for 30 minutes
  spike  30 % for an hour and a half, but 250 % for 5 minutes after the first half hour
  daily  24 hours from midnight, 20 % at 4 o'clock, 200 % at 16 o'clock, a sine between

A load of your own (--load FILE, or - for standard input) is one of:
  - what az monitor metrics list prints (--output json), or the portal's CSV export
  - a run saved by lab load --json or lab demo --json
  - CSV with named columns: seconds or timestamp; load, or CpuPercentage with instances; any other metric by its name
An hour of 80 %:
  printf 'seconds,load\\n0,80\\n3600,80\\n' | lab simulate --load -

The model: each ready instance's CPU is min(100, load / ready). The rules see means over whole minutes, --metric-lag \
seconds late. A new instance is ready after --provision-seconds, one taken away is gone at once. The rules are \
evaluated every --evaluate-seconds exactly as Azure Monitor does it (and lab up does it with real processes). What is \
assumed, ignored or cannot be simulated is listed as findings.

Examples:
  lab simulate
  lab simulate --load daily --compare infra/autoscale.fast.json
  lab simulate --load spike --html target/spike.html
  lab simulate --autoscale SETTING.json --load METRICS.csv

Exit code: 0 when it was simulated, whatever the verdict; 2 when something in the input is wrong.")]
pub struct SimulateArgs {
    #[command(flatten)]
    rules: RuleOptions,
    /// Load to put on: step, ramp, spike, daily, a file, or - for standard input
    #[arg(long, value_name = "LOAD", default_value = "step")]
    load: PathBuf,
    #[command(flatten)]
    given: SimulationOptions,
    /// Write everything as JSON; - for standard output, and then nothing else
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the page of `lab report`: the CPU with the rules' thresholds, the instances, the actions
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Compare with the rules in this file
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write a log of every evaluation as rows of Azure's table `AutoscaleEvaluationsLog`, for `lab replay`
    #[arg(long, value_name = "FILE")]
    evaluations: Option<PathBuf>,
}

/// The options of all commands that simulate.
#[derive(clap::Args)]
pub(crate) struct SimulationOptions {
    /// Time of the load's first second, such as 2026-01-05T08:00, for profiles with a calendar [default: the load's first
    /// time, else Monday 2026-01-05]
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Time zone of times without an offset, such as Europe/Berlin [default: that of the first profile with a calendar,
    /// else UTC]
    #[arg(long, value_name = "NAME")]
    pub(crate) timezone: Option<String>,
    /// Seconds after which a minute's sample can be seen
    #[arg(long, value_name = "S", default_value_t = Model::DEFAULT.metric_lag_seconds, allow_negative_numbers = true, value_parser = upto_a_day(0))]
    pub(crate) metric_lag: u64,
    /// Seconds from the order of an instance to its first request
    #[arg(long, value_name = "S", default_value_t = Model::DEFAULT.provision_seconds, allow_negative_numbers = true, value_parser = upto_a_day(0))]
    pub(crate) provision_seconds: u64,
    /// Seconds from one evaluation of the rules to the next
    #[arg(long, value_name = "S", default_value_t = Model::DEFAULT.evaluate_seconds, allow_negative_numbers = true, value_parser = upto_a_day(1))]
    pub(crate) evaluate_seconds: u64,
    /// Prices by which the cost is estimated [default: infra/prices.json, built in]
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
}

impl SimulationOptions {
    /// The assumptions about the platform.
    pub(crate) fn model(&self) -> Model {
        Model {
            metric_lag_seconds: self.metric_lag,
            provision_seconds: self.provision_seconds,
            evaluate_seconds: self.evaluate_seconds,
        }
    }

    /// The options that describe the load in a file.
    pub(crate) fn load<'a>(&'a self, path: &'a Path) -> start::Given<'a> {
        start::Given {
            path,
            start: self.start.as_deref(),
            time_zone: self.timezone.as_deref(),
            evaluate_seconds: self.evaluate_seconds,
        }
    }
}

fn upto_a_day(least: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(least..=86_400)
}

/// Simulates and prints the outcome. `write_page` writes the page of `--html`.
///
/// # Errors
/// One sentence for the user if a file is wrong, or cannot be read or written.
pub fn run(
    args: &SimulateArgs,
    write_page: impl FnOnce(&Run, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let model = args.given.model();
    let rules = args.rules.read()?;
    let compared = args.compare.as_ref().map(|path| {
        // The parameters and the name of the setting belong to the other file.
        let options = RuleOptions {
            autoscale: Some(path.clone()),
            ..RuleOptions::default()
        };
        options.read()
    });
    let compared = compared.transpose()?;
    let given = args.given.load(&args.load);
    let settings: Vec<&Setting> = std::iter::once(&rules)
        .chain(&compared)
        .map(|rules| &rules.setting)
        .collect();
    let (load, start) = start::read(&given, &settings)?;
    let prices = Prices::read(args.given.prices.as_deref())?;
    if let Some(path) = &args.evaluations {
        let setting = &rules.setting;
        let scenario = Scenario {
            setting,
            load: &load,
            model,
            start: start.unix_seconds,
        };
        evaluations::write(&scenario, path)?;
    }

    let outcomes: Vec<Outcome> = std::iter::once(rules)
        .chain(compared)
        .map(|rules| outcome(rules, &load, model, &prices, &start))
        .collect();

    let json = || {
        let record = Record::new(&outcomes, &load, model, &prices);
        serde_json::to_string_pretty(&record).map(|json| json + "\n")
    };
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    if let Some(path) = args.json.as_deref().filter(|_| !to_stdout) {
        write_whole(path, json()?.as_bytes())?;
    }
    if let Some(path) = &args.html {
        let given = page::Given {
            load: &load,
            model,
            prices: &prices,
            start: &start,
        };
        write_page(&page::run(&outcomes, given), path)?;
    }
    if to_stdout {
        terminal::print_json(&json()?);
    } else {
        terminal::print(&text(&outcomes, &load, &model, &prices, &start));
    }
    Ok(ExitCode::SUCCESS)
}

fn outcome(
    rules: Rules,
    load: &Load,
    model: Model,
    prices: &Prices,
    start: &start::Start,
) -> Outcome {
    let scenario = Scenario {
        setting: &rules.setting,
        load,
        model,
        start: start.unix_seconds,
    };
    let simulation = simulate_shown(&scenario);
    let verdict = Verdict::on(&simulation, &rules.setting, &model);
    let costs = prices.costs(
        verdict.average_instances,
        rules.setting.minimum(),
        rules.setting.maximum(),
    );
    let mut findings = rules.findings.clone();
    findings.extend(without_data(&rules.setting, load));
    findings.extend(start.finding(&rules.setting));
    Outcome {
        fit: Fit::of(&simulation, load),
        rules,
        simulation,
        verdict,
        costs,
        findings,
    }
}

/// Metrics that the rules use but the load does not contain.
fn without_data(setting: &Setting, load: &Load) -> Vec<Finding> {
    let metrics = setting.metrics.iter();
    let missing = metrics
        .filter(|metric| !metric.fleet_cpu && metric_column::of(load, metric).is_none())
        .map(|metric| (metric_column::name(metric), metric));
    // Rules with dimensions have a separate metric in the same column.
    let missing: BTreeMap<_, _> = missing.collect();
    missing
        .into_values()
        .map(|metric| Finding {
            kind: Kind::CannotBeSimulated,
            code: "no_data",
            place: metric.name.clone(),
            message: "is a metric that the load has no data for. Rules on it see nothing.".to_owned(),
            remedy: format!(
                "Add a column {:?} to the file of --load, or export it: az monitor metrics list --metric {:?}",
                metric_column::name(metric),
                metric.name
            ),
        })
        .collect()
}

/// Simulates. If this takes more than a second, a progress bar is shown on a terminal.
fn simulate_shown(scenario: &Scenario<'_>) -> Simulation {
    let begun = Instant::now();
    let bar = ProgressBar::new(scenario.load.seconds());
    bar.set_draw_target(ProgressDrawTarget::hidden());
    bar.set_style(
        ProgressStyle::with_template("simulating {wide_bar} {percent} %")
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

fn text(
    outcomes: &[Outcome],
    load: &Load,
    model: &Model,
    prices: &Prices,
    start: &start::Start,
) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        text += &rules_in_words(&outcome.rules);
    }
    text += &format!("load    {}\n", load.describe());
    let mut settings = outcomes.iter().map(|outcome| &outcome.rules.setting);
    if settings.any(|setting| start.matters(setting)) {
        text += &start.describe();
    }
    text += &format!(
        "model   metric lag {} s, {} s to be ready, evaluated every {} s; the first load was there before\n",
        model.metric_lag_seconds, model.provision_seconds, model.evaluate_seconds
    );
    for note in load.notes() {
        text += &format!("note    {}\n", note.text);
    }
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
        [one] => text += &timeline::render(&one.simulation, load),
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
