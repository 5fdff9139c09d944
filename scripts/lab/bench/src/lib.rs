//! `lab bench`: compares the app's performance with the limits of this machine.
//!
//! | module | does |
//! | --- | --- |
//! | [`measure`] | one measurement with the load engine of [`load`] |
//! | [`postgres`], [`server`], [`proc`] | the PostgreSQL server, the measured servers, their CPU and memory |
//! | [`limits`], [`visits`], [`processes`], [`instances`], [`overload`], [`tune`] | what is measured, by groups |
//! | [`names`], [`results`], [`databases`], [`targets`], [`report`] | values, acknowledged visits, verdicts, output |

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::ValueEnum as _;
use run_record::format::{clock, exact_span};
use run_record::write_whole;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

mod databases;
mod instances;
mod limits;
mod measure;
mod names;
mod overload;
mod postgres;
mod processes;
mod report;
mod results;
mod server;
mod targets;
mod tune;
mod visits;

use ::processes::proc;
use ::processes::signals::Signals;
use databases::Databases;
use postgres::Postgres;
use report::Setting;
use results::Results;
use server::Programs;

/// Before every measurement, so that connections, pools and caches have their usual state.
const WARM_UP: Duration = Duration::from_millis(500);

/// The load average of a machine on which nothing else runs.
const QUIET: f64 = 0.5;

/// Arguments of `lab bench`.
#[derive(clap::Args)]
#[command(after_help = "\
It starts a PostgreSQL server and the handlers it needs, and stops them. The results are valid only when \
nothing else runs on the machine. Targets are printed as met or missed; the exit code does not depend on them.

Example:
  scripts/bench --rounds 1 --seconds 2 --only limits --only visits")]
pub struct BenchArgs {
    /// Number of rounds; results are medians over the rounds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Length of one measurement
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    seconds: Duration,
    /// Also measure visits and listing at this database size, such as 10M
    #[arg(long, value_name = "SIZE", value_parser = names::parse_size)]
    rows: Vec<u64>,
    /// Measure only this group; may be given several times
    #[arg(long, value_name = "GROUP", value_enum)]
    only: Vec<Group>,
    /// File for the results [default: target/bench.json below the root]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Project folder, with the binaries of scripts/bench in target/release
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// Measurements that are made together, in the order of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    /// PostgreSQL and axum with as little of our code as possible
    Limits,
    /// Visits and listing on PostgreSQL
    Visits,
    /// Visits and listing on SQLite
    Sqlite,
    /// Memory without load
    Memory,
    /// From exec to the first response
    Start,
    /// Probes, alone and beside a stress run
    Probes,
    /// Through the host emulator
    LabUp,
    /// Through the host emulator, while the app evaluates its autoscale rules every second
    Scaler,
    /// Through PgBouncer in transaction pooling
    Pooler,
    /// One, two, three handlers on one database
    Instances,
    /// Ten times what a handler can do
    Overload,
    /// Rule sets that `lab tune` tries
    Tune,
}

impl Group {
    fn title(self) -> &'static str {
        match self {
            Self::Limits => "Limits",
            Self::Visits => "PostgreSQL",
            Self::Sqlite => "SQLite",
            Self::Memory => "Memory",
            Self::Start => "Start",
            Self::Probes => "Probes",
            Self::LabUp => "Through lab up",
            Self::Scaler => "The app scales itself (Elastic Premium)",
            Self::Pooler => "Through PgBouncer",
            Self::Instances => "Instances on one database",
            Self::Overload => "Overload, 20 ms of CPU a visit",
            Self::Tune => "Autoscale rules",
        }
    }

    /// How long a round of the group takes, for the announcement.
    fn expected(self, bench: &Bench) -> Duration {
        let one = bench.window + WARM_UP;
        let sizes = u32::try_from(bench.sizes.len()).unwrap_or(u32::MAX);
        let fixed = Duration::from_secs;
        match self {
            Self::Limits => one * 6 + fixed(1),
            Self::Visits => (one * 6 + fixed(2)) * sizes,
            Self::Sqlite => one * 2 + fixed(3),
            Self::Memory => fixed(5),
            Self::Start => fixed(4),
            Self::Probes => one * 2 + fixed(2),
            Self::LabUp | Self::Scaler | Self::Pooler => one * 4 + fixed(2),
            Self::Instances => one * 6 + fixed(4),
            Self::Tune => tune::window(bench) + fixed(1),
            Self::Overload => one + overload::WINDOW + overload::AFTERWARDS + fixed(3),
        }
    }
}

/// One run of the benchmark.
pub(crate) struct Bench {
    rounds: u32,
    window: Duration,
    /// The number of rows of the databases.
    sizes: Vec<u64>,
    groups: Vec<Group>,
    root: PathBuf,
    programs: Programs,
    /// For scripts, logs and SQLite files.
    folder: PathBuf,
    postgres: Postgres,
    results: Results,
    databases: Databases,
    /// Starts at 1.
    round: u32,
    begun: Instant,
}

/// Measures, prints the results, and writes them.
///
/// # Errors
/// One sentence for the user if the benchmark cannot run.
#[tokio::main(flavor = "current_thread")]
pub async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    ensure!(
        cfg!(target_os = "linux"),
        "lab bench needs Linux, because it reads CPU and memory from /proc"
    );
    raise_open_files()?;
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    tokio::select! {
        outcome = measure(args) => outcome.map(|()| ExitCode::SUCCESS),
        // Started programs end when this is dropped.
        code = signals.next() => Ok(ExitCode::from(code)),
    }
}

async fn measure(args: BenchArgs) -> anyhow::Result<()> {
    let begun = OffsetDateTime::now_utc().format(&Rfc3339)?;
    let json = args.json.clone();
    let json = json.unwrap_or_else(|| args.root.join("target/bench.json"));
    let seconds = args.seconds.as_secs_f64();
    let load_before = proc::load_average();
    if let Some(load) = load_before.filter(|load| *load > QUIET) {
        eprintln!(
            "lab: the machine is busy (load average {load}), so the results will be worse than on an idle machine"
        );
    }
    let programs = Programs::below(&args.root)?;
    let (folder, _lock) = own_folder(&args.root)?;
    let mut bench = Bench::start(args, programs, folder).await?;
    bench.announce();
    for round in 1..=bench.rounds {
        bench.round = round;
        for group in bench.groups.clone() {
            bench.measure(group).await?;
        }
    }
    bench.count_databases().await?;

    let setting = Setting {
        rounds: bench.rounds,
        seconds,
        load_before,
        cpus: std::thread::available_parallelism().map_or(0, usize::from),
        server: bench.postgres.describe(),
        begun,
        took_seconds: bench.begun.elapsed().as_secs_f64(),
    };
    let verdicts = targets::judge(&bench.results, &bench.databases);
    println!("{}", report::table(&bench.results));
    println!("{}", report::targets(&verdicts));
    println!("{}", report::databases(&bench.databases));
    let figures = report::json(&setting, &bench.results, &verdicts, &bench.databases);
    write_whole(&json, format!("{figures:#}\n").as_bytes())?;
    println!("{} s; {}", setting.took_seconds.round(), json.display());
    bench.postgres.stop().await
}

impl Bench {
    async fn start(args: BenchArgs, programs: Programs, folder: PathBuf) -> anyhow::Result<Self> {
        let mut sizes = vec![names::SMALL, names::LARGE];
        sizes.extend(args.rows);
        sizes.sort_unstable();
        sizes.dedup();
        let all = Group::value_variants().iter().copied();
        let wanted = |group: &Group| args.only.is_empty() || args.only.contains(group);
        Ok(Self {
            rounds: args.rounds,
            window: args.seconds,
            sizes,
            groups: all.filter(wanted).collect(),
            root: args.root,
            programs,
            folder,
            postgres: Postgres::start().await?,
            results: Results::default(),
            databases: Databases::default(),
            round: 0,
            begun: Instant::now(),
        })
    }

    async fn measure(&mut self, group: Group) -> anyhow::Result<()> {
        let measured = match group {
            Group::Limits => self.limits().await,
            Group::Visits => self.visits().await,
            Group::Sqlite => self.sqlite().await,
            Group::Memory => self.memory().await,
            Group::Start => self.starts().await,
            Group::Probes => self.probes().await,
            Group::LabUp => self.lab_up().await,
            Group::Scaler => self.scaler().await,
            Group::Pooler => self.pooler().await,
            Group::Instances => self.instances().await,
            Group::Overload => self.overload().await,
            Group::Tune => self.tune().await,
        };
        measured.with_context(|| format!("round {}, {}", self.round, group.title()))
    }

    fn announce(&self) {
        let round: Duration = self.groups.iter().map(|group| group.expected(self)).sum();
        let filled: u64 = self.sizes.iter().sum();
        let filling = Duration::from_millis(filled / 150);
        let all = exact_span((round * self.rounds + filling).as_secs());
        eprintln!("lab: {}", self.postgres.describe());
        eprintln!(
            "lab: {} rounds, about {all}; do not run anything else at the same time",
            self.rounds
        );
    }

    /// A line of progress.
    fn say(&self, what: &str) {
        let time = clock(self.begun.elapsed());
        let (round, rounds) = (self.round, self.rounds);
        eprintln!("[{time}] round {round} of {rounds}  {what}");
    }

    /// A file for the output of a measured process.
    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

/// An empty folder below `target`, locked against a second benchmark, which would falsify both.
fn own_folder(root: &Path) -> anyhow::Result<(PathBuf, File)> {
    let folder = root.join("target/bench");
    let unusable = || format!("cannot use {}", folder.display());
    fs::create_dir_all(&folder).with_context(unusable)?;
    let lock = File::create(folder.with_extension("lock")).with_context(unusable)?;
    ensure!(
        lock.try_lock().is_ok(),
        "another benchmark is running; two at a time would measure each other"
    );
    // Without the files of the last benchmark.
    fs::remove_dir_all(&folder).with_context(unusable)?;
    fs::create_dir(&folder).with_context(unusable)?;
    let folder = folder.canonicalize().with_context(unusable)?;
    Ok((folder, lock))
}

/// Ten thousand connections need as many open files, here and in the handler. The handler inherits the limit.
fn raise_open_files() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    seconds
        .filter(|seconds| (0.1..=600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "give a number of seconds from 0.1 to 600".to_owned())
}
