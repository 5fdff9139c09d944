//! `lab tune`: searches better rules for a load.
//!
//! | module | does |
//! | --- | --- |
//! | [`space`] | what may change in a setting, and the values that are tried |
//! | [`search`] | tries rule sets: the same ones for the same seed, on all cores |
//! | [`judge`] | compares them with the present rules: constraints, Pareto front, recommendation |
//! | [`proposal`] | what is recommended, and what each of its changes is worth |
//! | [`report`], [`record`] | the outcome as text and as JSON |
//!
//! Each rule set is simulated as in `lab simulate`. Only numbers of rules on the instances' CPU and the profiles'
//! limits change. The rest of the setting stays the same.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::ensure;
use autoscale::{Finding, Setting};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use recorded_load::{Load, NoteKind};
use rules::{RuleOptions, Rules, print_result, written};
use run_record::write_whole;

use crate::outcome::Simulation;
use crate::period::{Period, SimulationOptions};
use crate::prices::Prices;
use crate::reversals::Reversals;
use crate::simulation::simulate;

mod judge;
mod proposal;
mod record;
mod report;
mod search;
mod space;

use judge::{Constraints, Judge, Measured};
use proposal::Proposal;
use search::{Found, Search};
use space::{Group, Space};

/// Far more than a search needs, so that the memory for known rule sets is bounded.
const MOST_CANDIDATES: usize = 1_000_000;
/// If it takes longer, a bar is shown.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// Arguments of `lab tune`.
#[derive(clap::Args)]
#[command(after_help = "\
It simulates many rule sets on the load, as lab simulate does, and recommends one that is better than the present rules: \
the fewest minutes of overload at no higher cost, or else the lowest cost at no more overload. If there is none, it \
recommends the present rules. It doesn't recommend rule sets that flap or overshoot. The search changes thresholds, \
windows, steps, and cooldowns of the rules on the instances' CPU, and the profiles' limits. It shows a higher maximum, but \
recommends it only if the present rules break a constraint. If they do, it recommends the lowest cost within \
--max-overload-minutes, or without that option the least overload.

The result depends only on --seed and the number of rule sets tried, which it prints. To repeat a result, use --candidates.

The cost is for a month with this load, on the first plan of the price file.

Examples:
  lab tune --load daily
  lab tune --load daily --max-overload-minutes 0 --json -
  lab tune --load daily --validate spike --keep limits --out target/tuned.json
  lab tune --load METRICS.csv --autoscale SETTING.json

Exit codes: 0 search completed, even if it recommends the present rules; 2 invalid input.")]
pub struct TuneArgs {
    #[command(flatten)]
    rules: RuleOptions,
    /// Load for the search, as in lab simulate: step, ramp, spike, daily, a file, or - for standard input
    #[arg(long, value_name = "LOAD")]
    load: PathBuf,
    /// Another load, to compare the present and the proposed rules
    #[arg(long, value_name = "LOAD")]
    validate: Option<PathBuf>,
    /// What must not change; separate several with commas
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    keep: Vec<Group>,
    /// Maximum overload
    #[arg(long, value_name = "MINUTES", value_parser = amount)]
    max_overload_minutes: Option<f64>,
    /// Maximum cost a month, in the currency of the price file
    #[arg(long, value_name = "COST", value_parser = amount)]
    max_cost: Option<f64>,
    /// Maximum number of scaling actions
    #[arg(long, value_name = "N")]
    max_actions: Option<usize>,
    /// Maximum time of the search, in seconds
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Number of rule sets to try, whatever the time [default: as many as --seconds allows]
    #[arg(long, value_name = "N", value_parser = candidates)]
    candidates: Option<usize>,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the recommended rules, or the present ones if none are better
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the result as JSON; - prints only the JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    given: SimulationOptions,
}

fn amount(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok();
    amount
        .filter(|amount| amount.is_finite() && *amount >= 0.0)
        .ok_or_else(|| "accepted: a number from 0".to_owned())
}

fn candidates(text: &str) -> Result<usize, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=MOST_CANDIDATES).contains(number))
        .ok_or_else(|| format!("accepted: a whole number from 1 to {MOST_CANDIDATES}"))
}

/// The number of instances for the highest load.
fn needed(load: &Load) -> u32 {
    let loads = load.steps().iter().map(|step| step.percent);
    (loads.fold(0.0, f64::max) / 100.0).ceil() as u32
}

/// Whether the load was calculated from a mean CPU with the default count of the rules.
fn assumes_default(load: &Load) -> bool {
    let mut notes = load.notes().iter();
    load.counts().is_empty() && notes.any(|note| note.kind == NoteKind::Assumed)
}

/// The cost of a month on the first plan of the price file.
struct Money {
    plan: String,
    currency: String,
    /// For one instance.
    per_month: f64,
}

impl Money {
    fn of(prices: &Prices) -> Self {
        let plan = &prices.plans[0];
        Self {
            plan: plan.name.clone(),
            currency: prices.currency.clone(),
            per_month: plan.per_instance_hour * prices.hours_per_month,
        }
    }

    /// The cost that `lab simulate` prints for this many instance-seconds in this many seconds.
    fn per_month(&self, instance_seconds: u64, seconds: u64) -> f64 {
        self.per_month * (instance_seconds as f64 / seconds as f64)
    }
}

/// The input of the output.
struct Outcome<'a> {
    rules: &'a Rules,
    findings: Vec<Finding>,
    period: &'a Period,
    money: Money,
    seed: u64,
    space: &'a Space<'a>,
    judge: &'a Judge,
    found: Found,
    /// The simulation of the present rules.
    replay: Simulation,
    proposal: Option<Proposal>,
    validation: Option<Validation>,
}

impl Outcome<'_> {
    /// The cost of a month on the plan.
    fn cost(&self, measured: &Measured) -> f64 {
        let seconds = self.period.load.seconds();
        self.money.per_month(measured.instance_seconds, seconds)
    }
}

/// The results of the present and the proposed rules on another load.
struct Validation {
    load: String,
    seconds: u64,
    present: Measured,
    /// The present rules again, if they are recommended.
    proposed: Measured,
}

fn measured(simulation: &Simulation) -> Measured {
    let Reversals { flaps, overshoots } = Reversals::among(simulation);
    Measured {
        overloaded_seconds: simulation.overloaded_seconds(),
        instance_seconds: simulation.instance_seconds,
        actions: simulation.actions.len(),
        flaps,
        overshoots,
    }
}

/// Searches, prints the outcome and writes the recommended rules.
///
/// # Errors
/// One sentence for the user if a file is wrong, or cannot be read or written, or if there is nothing to search.
pub fn run(args: &TuneArgs) -> anyhow::Result<ExitCode> {
    let rules = args.rules.read()?;
    let setting = &rules.setting;
    let read = |path: &PathBuf| Period::read(&args.given, path, &[setting]);
    let period = read(&args.load)?;
    let other = args.validate.as_ref().map(read).transpose()?;
    let money = Money::of(&Prices::read(args.given.prices.as_deref())?);
    let space = Space::of(
        setting,
        &args.keep,
        needed(&period.load),
        assumes_default(&period.load),
    );
    ensure!(
        !space.parameters.is_empty(),
        "nothing is left to search: the rules have no limits to change and none of them looks at the instances' CPU, or \
         --keep names everything"
    );

    let seconds = period.load.seconds();
    let replay = simulate(&period.scenario(setting));
    let constraints = Constraints {
        overloaded_seconds: args.max_overload_minutes.map(|minutes| minutes * 60.0),
        instance_seconds: args
            .max_cost
            .map(|cost| cost / money.per_month * seconds as f64),
        actions: args.max_actions,
    };
    let judge = Judge::new(measured(&replay), constraints);
    let measure = |setting: &Setting| measured(&simulate(&period.scenario(setting)));
    let found = search(args, Search::new(&space, &judge, args.seed, measure));
    let proposal = found
        .best
        .as_ref()
        .and_then(|best| Proposal::of(best, &space, measure));
    let proposed = proposal
        .as_ref()
        .map_or(setting, |proposal| &proposal.setting);
    if let Some(path) = &args.out {
        write_whole(path, written(proposed)?.as_bytes())?;
    }
    let validation = other.map(|period| Validation {
        load: period.load.name().to_owned(),
        seconds: period.load.seconds(),
        present: measured(&simulate(&period.scenario(setting))),
        proposed: measured(&simulate(&period.scenario(proposed))),
    });
    let outcome = Outcome {
        rules: &rules,
        findings: period.findings(&rules),
        period: &period,
        money,
        seed: args.seed,
        space: &space,
        judge: &judge,
        found,
        replay,
        proposal,
        validation,
    };
    let text = || {
        let mut text = report::text(&outcome);
        if let Some(path) = &args.out {
            text += &format!("Wrote these rules to {}.\n", path.display());
        }
        text
    };
    print_result(args.json.as_deref(), || record::Record::new(&outcome), text)?;
    Ok(ExitCode::SUCCESS)
}

/// Searches. A bar shows the remaining time.
fn search(args: &TuneArgs, search: Search<'_, impl Fn(&Setting) -> Measured + Sync>) -> Found {
    let begun = Instant::now();
    let (most, seconds) = match args.candidates {
        // Long enough for any number of rule sets.
        Some(most) => (most, None),
        None => (MOST_CANDIDATES, Some(args.seconds)),
    };
    let longest = Duration::from_secs(seconds.unwrap_or(u64::from(u32::MAX)));
    let bar = ProgressBar::new(seconds.map_or(most as u64, |seconds| seconds * 1_000));
    bar.set_draw_target(ProgressDrawTarget::hidden());
    bar.set_style(
        ProgressStyle::with_template("searching {wide_bar} {msg}").expect("the template is right"),
    );
    let found = search.run(most, begun + longest, |tried| {
        let elapsed = begun.elapsed();
        if bar.is_hidden() && elapsed > SHOWN_AFTER {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(seconds.map_or(tried as u64, |_| elapsed.as_millis() as u64));
        bar.set_message(format!("{tried} rule sets"));
    });
    bar.finish_and_clear();
    found
}
