//! `lab load`: its arguments, and what it does from the first to the last.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::console::{Console, ask, summary};
use super::duration;
use super::expect::Expect;
use super::files::Files;
use super::fleet::Fleet;
use super::generator::Live;
use super::mix::{Key, Mix};
use super::schedule::Schedule;
use super::signals::Signals;
use super::stages::{MOST_USERS, Stage, Stages, Unit};
use super::target::{Target, is_this_machine};
use super::trial::{Ran, Trial, usual_threads};
use crate::report::judge;
use crate::report::run::Run;

/// Callers of `lab load URL REQUESTS` when their number is not given.
const USUAL_CALLERS: u32 = 50;
/// More requests than any plan should have.
const MOST_REQUESTS: f64 = 100_000_000.0;
/// Arguments of `lab load`.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub struct LoadArgs {
    #[arg(
        value_name = "URL",
        help = "Address of the app, such as http://127.0.0.1:7071 or https://NAME.azurewebsites.net"
    )]
    url: String,
    /// Send this many requests, each caller the next one as soon as the last is answered (closed loop)
    #[arg(value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    requests: Option<u64>,
    /// How many callers there are [default: 50]
    #[arg(value_name = "CONCURRENCY", requires = "requests", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,

    /// A constant number of requests a second, for --duration [default: 20]
    #[arg(long, value_name = "PER_SECOND", conflicts_with_all = ["requests", "stages", "preset"])]
    rate: Option<f64>,
    /// How long --rate or --preset locust lasts [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with_all = ["requests", "stages"])]
    duration: Option<Duration>,
    /// Ramps and plateaus, such as 30s:20/s,5m:20/s,10s:0/s; see --help
    #[arg(long, value_name = "STAGES", conflicts_with_all = ["requests", "preset"])]
    stages: Option<String>,
    /// The load of the replaced scripts; see --help
    #[arg(long, value_name = "NAME", conflicts_with = "requests")]
    preset: Option<Preset>,
    /// How long users think between requests [default: 1s-3s]
    #[arg(long, value_name = "TIME-TIME", value_parser = parse_think, conflicts_with_all = ["requests", "rate"])]
    think: Option<Think>,
    /// What is asked for, by weight: visits, metrics, stress (one second, not waited for), listing
    #[arg(long, value_name = "WEIGHTS", default_value = "visits=3,metrics=2,stress=1", value_parser = Mix::parse)]
    mix: Mix,
    /// Key of an app that asks for one before stress. It is better kept in the environment, where other users of
    /// this machine do not see it
    #[arg(
        long,
        value_name = "KEY",
        env = "FUNCTIONS_KEY",
        hide_env_values = true
    )]
    key: Option<String>,

    /// How long an answer may take before the request counts as failed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_timeout)]
    timeout: Duration,
    /// The most requests in flight at a time; what is due beyond that starts late, and its latency shows it
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_in_flight: u32,
    /// Threads that send [default: half of the CPUs, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: Option<u32>,
    /// Trust the CA certificates in this PEM file too
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// A condition for exit code 0, such as 'p99<250ms'; may be given several times; see --help
    #[arg(long, value_name = "CONDITION", value_parser = Expect::parse)]
    expect: Vec<Expect>,
    /// Do not ask before loading a target that is not this machine
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    files: Files,
}

// Prose is one line, which clap wraps; what is in columns must stay below 100.
const HELP: &str = "\
How requests start: by default in an open loop. Each request has a time at which it should start, whether or not \
earlier ones are answered, and its latency counts from then, so that a target that stalls cannot hide it by slowing \
its callers down. With REQUESTS, with users in --stages, and with the presets, it is a closed loop: callers wait for \
their answers.

Stages: --stages 'TIME:LEVEL, TIME:LEVEL, ...' goes in a straight line from one level to the next, from zero at first. \
A level is requests a second (20/s) or users (100users), the same in all stages. The same level twice holds it; a time \
of 0s is a step.
  30s:20/s, 5m:20/s, 10s:0/s       up to 20 a second, five minutes of it, down again
  0s:5/s,1m:5/s,0s:50/s,1m:50/s    a step from 5 to 50 a second
  10s:100users, 2m:100users        a hundred users, who ask, read and think

Presets:
  locust   100 users, 10 more each second, who think for 1 to 3 s; for --duration
  k6       50 users after 2 min, 100 after 5 more, none after 2 more, who think for 1 s;
           every visit must be 201

Mix:
  visits   POST /api/visit, wants 201      metrics  GET /api/metrics, wants 200
  stress   POST /api/stress, wants 202     listing  GET /api/visits, wants 200
A stress run refused with 429 because one is under way counts as busy, not as failed. An app that asks for a key gets \
no stress without FUNCTIONS_KEY; the other kinds take its share, and the report says so. Redirects are not followed, \
and proxies named in the environment are not used. Latency is that of the answers that were wanted, so that quick \
refusals do not flatter it.

Conditions of --expect, with < <= > >= or =:
  p50<20ms  p95<100ms  p99<250ms   latency over the whole run
  errors<0.1%                      failed, of all sent
  rate>=100                        wanted answers a second over the whole run
  instances>=2                     the most instances at a time
  requests>=1000                   sent

Exit code: 0 every condition held (without any: something was answered as wanted), 1 one did not, 2 wrong arguments, a \
target that does not answer or files that cannot be written, 130 ended with Ctrl-C. The files are written then too; a \
second Ctrl-C ends at once.

Examples:
  lab load http://127.0.0.1:7071 500 50
  lab load http://127.0.0.1:7071 --rate 50 --duration 1m --expect 'p99<250ms' --expect 'errors<0.1%'
  FUNCTIONS_KEY=... lab load https://NAME.azurewebsites.net \\
      --stages '1m:20/s, 20m:20/s, 0s:1/s, 15m:1/s' --expect 'instances>=2' \\
      --json run.json --csv run.csv --html run.html

In Azure a scaling rule sees load after some minutes, and a smaller fleet comes later still: plan for half an hour.";

/// The loads of the replaced scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// 100 users
    Locust,
    /// 50, then 100 users
    K6,
}

/// From the shortest to the longest time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Think(Duration, Duration);

fn parse_think(text: &str) -> Result<Think, String> {
    let (shortest, longest) = text.split_once('-').unwrap_or((text, text));
    let think = Think(duration::parse(shortest)?, duration::parse(longest)?);
    if think.0 > think.1 {
        return Err(format!(
            "'{text}': the shorter time comes first, such as 1s-3s"
        ));
    }
    Ok(think)
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration::parse(text)?;
    let allowed = Duration::from_millis(1)..=Duration::from_secs(600);
    if !allowed.contains(&timeout) {
        return Err(format!("'{text}' is not from 1ms to 10m"));
    }
    Ok(timeout)
}

impl LoadArgs {
    fn schedule(&self) -> anyhow::Result<Schedule> {
        let users = |stages, think: Think| Schedule::Users {
            stages,
            think: self
                .think
                .clone()
                .map_or(think.0..=think.1, |think| think.0..=think.1),
        };
        let second = Duration::from_secs;
        let duration = self.duration.unwrap_or(second(120));
        let schedule = if let Some(requests) = self.requests {
            let callers = self.concurrency.unwrap_or(USUAL_CALLERS);
            Schedule::Fixed { requests, callers }
        } else if let Some(preset) = self.preset {
            match preset {
                Preset::Locust => users(locust(duration), Think(second(1), second(3))),
                Preset::K6 if self.duration.is_some() => {
                    bail!("--preset k6 has its own length; --duration does not go with it")
                }
                Preset::K6 => users(k6(), Think(second(1), second(1))),
            }
        } else if let Some(text) = &self.stages {
            let (unit, stages) =
                Stages::parse(text).map_err(|error| anyhow!("--stages: {error}"))?;
            match unit {
                Unit::Users => users(stages, Think(second(1), second(3))),
                Unit::RequestsPerSecond if self.think.is_some() => {
                    bail!("--think is for users; these stages are requests a second")
                }
                Unit::RequestsPerSecond => Schedule::Rate(stages),
            }
        } else {
            let rate = self.rate.unwrap_or(20.0);
            // A NaN is in no range.
            if !(0.001..=1_000_000.0).contains(&rate) {
                bail!("--rate must be from 0.001 to 1,000,000 requests a second");
            }
            if self.think.is_some() {
                bail!("--think is for users; give --stages with users, or a preset");
            }
            Schedule::Rate(Stages::constant(rate, duration))
        };
        match schedule.requests() {
            Some(count) if count > MOST_REQUESTS => {
                bail!("this would be {count:.0} requests; 100 million is the most")
            }
            Some(count) if count < 1.0 => bail!("this would send nothing; --duration is too short"),
            _ => Ok(schedule),
        }
    }
}

/// 100 users, 10 more each second.
fn locust(duration: Duration) -> Stages {
    let ramp = duration.min(Duration::from_secs(10));
    let users = 10.0 * ramp.as_secs_f64();
    Stages::new(vec![
        Stage {
            over: ramp,
            to: users.min(MOST_USERS),
        },
        Stage {
            over: duration - ramp,
            to: users,
        },
    ])
}

fn k6() -> Stages {
    let stage = |minutes: u64, to| Stage {
        over: Duration::from_secs(60 * minutes),
        to,
    };
    Stages::new(vec![stage(2, 50.0), stage(5, 100.0), stage(2, 0.0)])
}

/// Puts load on the app and tells how it went.
///
/// # Errors
/// One sentence for the user, where it cannot be done.
pub fn load(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let target = Target::parse(&args.url).map_err(|error| anyhow!(error))?;
    let schedule = args.schedule()?;
    let key = match &args.key {
        None => None,
        Some(text) if text.trim().is_empty() => None,
        // Without a word of it.
        Some(text) => Some(Key::new(text).context("the key has characters that no key has")?),
    };

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async move {
        let addresses = target.addresses().await?;
        if !args.yes && !is_this_machine(&addresses) {
            ask(&target, &schedule)?;
        }
        let signals = Signals::listen().context("cannot listen for signals")?;
        // From here on nothing ends the program but its own return, so that no room stays set aside.
        let places = args.files.reserve(schedule.duration())?;
        let trial = Trial {
            key,
            patience: args.timeout,
            max_in_flight: usize::try_from(args.max_in_flight)?,
            threads: args.threads.map_or(Ok(usual_threads()), usize::try_from)?,
            cacert: args.cacert.clone(),
            ..Trial::new(target, schedule, args.mix.clone())
        };
        let (ran, code) = match put_on(trial, signals).await? {
            End::AtOnce(code) => return Ok(ExitCode::from(code)),
            End::BrokenOff(ran, code) => (ran, Some(code)),
            End::Over(ran) => (ran, None),
        };
        let mut run = judged(&args, ran);
        // A wrong file of events must not cost the run that was just made.
        let events = args.files.add_events(&mut run);
        print!("{}", summary(&run));
        for path in places.write(&run)? {
            println!("  {:<10} {}", "written", path.display());
        }
        events?;
        Ok(ExitCode::from(code.unwrap_or_else(|| exit_code(&run))))
    })
}

/// How a run ended.
enum End {
    Over(Ran),
    /// By the user, with this exit code.
    BrokenOff(Ran, u8),
    /// The same, and without waiting for anything.
    AtOnce(u8),
}

/// Runs it with a display.
async fn put_on(trial: Trial, mut signals: Signals) -> anyhow::Result<End> {
    let mut console = Console::open(&trial.schedule);
    let reached = tokio::select! {
        reached = trial.reach() => reached?,
        code = signals.next() => return Ok(End::AtOnce(code)),
    };
    for note in reached.notes() {
        console.say(&format!("lab: {note}"));
    }
    let stop = CancellationToken::new();
    let (live, mut shown) = watch::channel(Live::default());
    let (fleet, watched) = watch::channel(Fleet::default());
    let mut running = std::pin::pin!(reached.run(&stop, &live, &fleet));
    let mut ended_by = None;
    let ran = loop {
        tokio::select! {
            ran = &mut running => break ran,
            code = signals.next() => {
                if ended_by.is_some() {
                    console.close();
                    return Ok(End::AtOnce(code));
                }
                ended_by = Some(code);
                console.say("lab: ending, the figures follow; Ctrl-C again ends at once");
                stop.cancel();
            }
            _ = shown.changed() => console.show(&shown.borrow_and_update(), &watched.borrow()),
        }
    };
    console.close();
    Ok(match (ran?, ended_by) {
        (ran, Some(code)) => End::BrokenOff(ran, code),
        (ran, None) => End::Over(ran),
    })
}

fn judged(args: &LoadArgs, ran: Ran) -> Run {
    let mut expectations: Vec<_> = args
        .expect
        .iter()
        .map(|expect| expect.judge(&ran.run))
        .collect();
    if args.preset == Some(Preset::K6) {
        expectations.push(ran.every_visit_created());
    }
    let mut run = ran.run;
    run.verdict.expectations = expectations;
    run.verdict = judge(&run);
    run
}

fn exit_code(run: &Run) -> u8 {
    let held = run
        .verdict
        .expectations
        .iter()
        .all(|expectation| expectation.held);
    u8::from(!held || (run.verdict.expectations.is_empty() && run.requests.ok == 0))
}
