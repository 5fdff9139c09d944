//! The command line options of `lab load`, and the schedule that they describe.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum};

use super::custom_request::CustomArgs;
use super::duration;
use super::expect::Expect;
use super::files::Files;
use super::load_test::{Content, LoadTest, usual_threads};
use super::mix::{Key, Mix};
use super::schedule::Schedule;
use super::stages::{MOST_USERS, Stage, Stages, Unit};
use super::target::{LOCAL, Target};

/// The number of callers of `lab load URL REQUESTS` if it is not given.
const USUAL_CALLERS: u32 = 50;
/// More requests than any plan needs.
const MOST_REQUESTS: f64 = 100_000_000.0;

/// The command line options of `lab load`.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub struct LoadArgs {
    #[arg(
        value_name = "URL",
        default_value = LOCAL,
        help = "Address of the app, such as https://NAME.azurewebsites.net"
    )]
    pub(super) url: String,
    /// Send this many requests; each caller sends the next one as soon as the last has ended (closed loop)
    #[arg(value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    requests: Option<u64>,
    /// Number of callers [default: 50]
    #[arg(value_name = "CONCURRENCY", requires = "requests", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,

    /// Fill the existing instances until N serve, then end and wait for the minimum; the rate is found automatically
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000),
        conflicts_with_all = ["requests", "rate", "duration", "stages", "preset", "think"])]
    pub(super) until: Option<u32>,
    /// Constant number of requests per second, for --duration [default: 20]
    #[arg(long, value_name = "PER_SECOND", conflicts_with_all = ["requests", "stages", "preset"])]
    rate: Option<f64>,
    /// Duration of --rate or --preset locust [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with_all = ["requests", "stages"])]
    duration: Option<Duration>,
    /// Ramps and plateaus, such as 30s:20/s,5m:20/s,10s:0/s; see --help
    #[arg(long, value_name = "STAGES", conflicts_with_all = ["requests", "preset"])]
    stages: Option<String>,
    /// The load of the scripts for Locust and k6; see --help
    #[arg(long, value_name = "NAME", conflicts_with = "requests")]
    preset: Option<Preset>,
    /// How long users pause between requests [default: 1s-3s]
    #[arg(long, value_name = "TIME-TIME", value_parser = parse_think, conflicts_with_all = ["requests", "rate"])]
    think: Option<Think>,
    /// Weights of the requests: visits, metrics, stress (one second, not waited for), listing
    #[arg(long, value_name = "WEIGHTS", default_value = "visits=3,metrics=2,stress=1", value_parser = Mix::parse)]
    mix: Mix,
    /// Key of an app that requires one for stress, or for --path. Set it in the environment rather than as a flag,
    /// because other users of this machine can read flags
    #[arg(
        long,
        value_name = "KEY",
        env = "FUNCTIONS_KEY",
        hide_env_values = true
    )]
    key: Option<String>,

    /// How long a response may take before the request counts as failed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_timeout)]
    timeout: Duration,
    /// Most requests in flight at a time; further requests start late, which their latency shows
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_in_flight: u32,
    /// Number of sending threads [default: half of the CPUs, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: Option<u32>,
    /// Also trust the CA certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Condition for exit code 0, such as 'p99<250ms'; may be given several times; see --help
    #[arg(long, value_name = "CONDITION", value_parser = Expect::parse)]
    pub(super) expect: Vec<Expect>,
    /// Do not ask before loading a target that is not this machine
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    custom: CustomArgs,
    #[command(flatten)]
    pub(super) files: Files,
}

// Sentences are one line each, which clap wraps. Lines with columns must stay below 100 characters.
const HELP: &str = "\
How requests start: by default in an open loop. Each request has a time at which it should start, whether or not \
earlier ones have ended, and its latency counts from then, so that a target that stalls cannot hide it by slowing \
its callers down. With REQUESTS, with users in --stages, and with the presets, it is a closed loop: callers wait for \
their responses. With --until the rate follows the fleet: it fills the instances that serve, from their CPU and the \
threshold of the rule to scale out.

Stages: --stages 'TIME:LEVEL, TIME:LEVEL, ...' changes the load linearly from one level to the next, beginning at zero. \
A level is requests per second (20/s) or users (100users), the same in all stages. The same level twice holds it; a time \
of 0s is a step.
  30s:20/s, 5m:20/s, 10s:0/s       up to 20 per second, five minutes at 20, down again
  0s:5/s,1m:5/s,0s:50/s,1m:50/s    a step from 5 to 50 per second
  10s:100users, 2m:100users        a hundred users, who pause between requests

Presets:
  locust   100 users, 10 more each second, who think for 1 to 3 s; for --duration
  k6       50 users after 2 min, 100 after 5 more, none after 2 more, who think for 1 s;
           every visit must be 201

Any app: --path loads one path of any app, instead of the endpoints of Elastic Visits. A status below 400 is a success, \
as in k6 and Locust, and responses are counted by class of status. The key in FUNCTIONS_KEY goes with each request as \
x-functions-key. Where the target is lab up, the report shows its instances, and --until works.
  lab load --path '/api/visits?limit=5' --rate 50 --duration 1m
  lab load http://127.0.0.1:7071 500 50 --path /api/visit --body '{\"name\": \"Ada\"}'
  lab load URL --path /api/items/1 --method PUT --body @FILE

Mix:
  visits   POST /api/visit, expects 201    metrics  GET /api/metrics, expects 200
  stress   POST /api/stress, expects 202   listing  GET /api/visits, expects 200
A stress run refused with 429 because one is in progress counts as busy, not as failed. An app that requires a key gets \
no stress without FUNCTIONS_KEY; the other kinds take its share, and the report says so. Redirects are not followed, \
and proxies named in the environment are not used. Latency is that of successful requests, so that quick refusals do \
not improve it.

Conditions of --expect, with < <= > >= or =:
  p50<20ms  p95<100ms  p99<250ms   latency over the whole run
  errors<0.1%                      failed, of all sent
  rate>=100                        successful requests per second over the whole run
  instances>=2                     the most instances at a time
  requests>=1000                   sent

Exit codes: 0 all conditions passed (without any: at least one request succeeded); 1 a condition failed, or --until was \
not reached; 2 wrong arguments, a target that does not respond, or files that cannot be written; 130 interrupted with \
Ctrl+C. The files are written then too; a second Ctrl+C ends at once.

Examples:
  lab load http://127.0.0.1:7071 500 50
  lab load --until 3
  lab load --rate 50 --duration 1m --expect 'p99<250ms' --expect 'errors<0.1%'
  FUNCTIONS_KEY=... lab load https://NAME.azurewebsites.net \\
      --stages '1m:20/s, 20m:20/s, 0s:1/s, 15m:1/s' --expect 'instances>=2' \\
      --json run.json --csv run.csv --html run.html

In Azure, a scaling rule reacts to load after some minutes, and the scale-in takes longer: plan for half an hour.";

/// The loads of the scripts for Locust and k6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// 100 users
    Locust,
    /// 50, then 100 users
    K6,
}

/// How long users pause: from the shortest to the longest time.
type Think = RangeInclusive<Duration>;

fn parse_think(text: &str) -> Result<Think, String> {
    let (shortest, longest) = text.split_once('-').unwrap_or((text, text));
    let think = duration::parse(shortest)?..=duration::parse(longest)?;
    if think.is_empty() {
        return Err(format!(
            "'{text}': the shorter time must come first, such as 1s-3s"
        ));
    }
    Ok(think)
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration::parse(text)?;
    let allowed = Duration::from_millis(1)..=Duration::from_secs(600);
    if !allowed.contains(&timeout) {
        return Err(format!("'{text}' is not a time from 1ms to 10m"));
    }
    Ok(timeout)
}

impl LoadArgs {
    /// The load test with this schedule.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn test(&self, schedule: Schedule) -> anyhow::Result<LoadTest> {
        let target = Target::parse(&self.url).map_err(|error| anyhow!(error))?;
        let key = self.key.as_ref().filter(|text| !text.trim().is_empty());
        // The key itself is not shown.
        let wrong = "the key contains characters that are not allowed in a key";
        let key = key.map(|text| Key::new(text).context(wrong)).transpose()?;
        let content = match self.custom.request(&target, key.as_ref())? {
            Some(request) => Content::Custom(Box::new(request)),
            None => Content::Visits(self.mix.clone()),
        };
        Ok(LoadTest {
            content,
            key,
            timeout: self.timeout,
            max_in_flight: usize::try_from(self.max_in_flight)?,
            threads: self.threads.map_or(Ok(usual_threads()), usize::try_from)?,
            cacert: self.cacert.clone(),
            ..LoadTest::new(target, schedule, self.mix.clone())
        })
    }

    /// Whether the load is a request for any app, and not Elastic Visits.
    pub(super) fn is_custom(&self) -> bool {
        self.custom.is_given()
    }

    /// Whether every visit must be 201.
    pub(super) fn wants_every_visit(&self) -> bool {
        self.preset == Some(Preset::K6)
    }

    /// When requests start.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn schedule(&self) -> anyhow::Result<Schedule> {
        let users = |stages, usual: Think| Schedule::Users {
            stages,
            think: self.think.clone().unwrap_or(usual),
        };
        let second = Duration::from_secs;
        let duration = self.duration.unwrap_or(second(120));
        let schedule = if let Some(requests) = self.requests {
            let callers = self.concurrency.unwrap_or(USUAL_CALLERS);
            Schedule::Fixed { requests, callers }
        } else if let Some(preset) = self.preset {
            match preset {
                Preset::Locust => users(locust(duration), second(1)..=second(3)),
                Preset::K6 if self.duration.is_some() => {
                    bail!("--preset k6 has its own length; leave out --duration")
                }
                Preset::K6 => users(k6(), second(1)..=second(1)),
            }
        } else if let Some(text) = &self.stages {
            let (unit, stages) =
                Stages::parse(text).map_err(|error| anyhow!("--stages: {error}"))?;
            match unit {
                Unit::Users => users(stages, second(1)..=second(3)),
                Unit::RequestsPerSecond if self.think.is_some() => {
                    bail!("--think is for users, but these stages are requests per second")
                }
                Unit::RequestsPerSecond => Schedule::Rate(stages),
            }
        } else {
            let rate = self.rate.unwrap_or(20.0);
            // NaN is outside every range.
            if !(0.001..=1_000_000.0).contains(&rate) {
                bail!("--rate must be from 0.001 to 1,000,000 requests per second");
            }
            if self.think.is_some() {
                bail!("--think is for users; give --stages with users, or a preset");
            }
            Schedule::Rate(Stages::constant(rate, duration))
        };
        match schedule.requests() {
            Some(count) if count > MOST_REQUESTS => {
                bail!("this would send {count:.0} requests; the limit is 100 million")
            }
            Some(count) if count < 1.0 => bail!("this would send nothing; --duration is too short"),
            _ => Ok(schedule),
        }
    }
}

/// 100 users, with 10 more each second.
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
    let parsed = Stages::parse("2m:50users, 5m:100users, 2m:0users");
    parsed.expect("these are stages").1
}
