//! `lab demo`: one, two, three, two and one instances in about a minute, and whether it went right.
//!
//! | module | does |
//! | --- | --- |
//! | [`lab_up`] | `lab up` in a process of its own, with a database of its own |
//! | [`screen`] | what is shown meanwhile |
//! | [`snapshot`] | the fleet of `lab up` with all its samples |
//! | [`simulation`] | `lab simulate` with the load that was measured |
//!
//! The load comes from [`load`], the record and its page from [`report`].

mod lab_up;
mod screen;
mod simulation;
mod snapshot;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use fleet::HostingPlan;
use lab_up::LabUp;
use load::generator::HEAD_START;
use load::load_test::LoadTest;
use load::mix::Mix;
use load::scale_test::{Outcome, ScaleTest};
use load::schedule::Schedule;
use load::target::Target;
use processes::signals::Signals;
use report::WORKED;
use run_record::format::latency;
use run_record::{Expectation, Run, write_csv, write_json, write_whole};
use screen::Screen;
use snapshot::LabFleet;

/// Azure seconds that it takes with the default rules.
const USUAL_LENGTH: f64 = 2_400.0;
/// Azure seconds for which all instances share the load, so that it can be seen.
const HOLD: f64 = 420.0;
/// Load afterwards, in percent of an instance: below the default rule's 30, on one instance too.
const REST: f64 = 20.0;
/// Azure seconds after the last scale-in, in which nothing may happen.
const SETTLE: f64 = 180.0;
/// Interrupted by the user, as shells have it.
const INTERRUPTED: u8 = 130;

/// Arguments of `lab demo`.
#[derive(clap::Args)]
#[command(after_help = "\
The load first fills one instance, then two, and then falls. The fleet scales to 1, 2, 3, 2 and 1 instances, all of them
real processes on a database that is deleted afterwards.

It writes into the output folder:
  report.html   the run as a page, with the answer to: did autoscaling work?
  run.json      the same as data: actions, requests, instances with their processes, samples
  run.csv       one row a second
  load.csv      the load that was measured, for lab simulate --load
  lab.log       what lab up printed
  events.jsonl  what lab up decided, and why

Exit codes: 0 autoscaling worked; 1 it did not; 2 the demonstration could not run; 130 interrupted with Ctrl+C.")]
pub struct DemoArgs {
    /// Folder with host.json and the function folders
    #[arg(long, default_value = "target/app", value_name = "FOLDER")]
    script_root: PathBuf,

    /// Folder to write into
    #[arg(long, default_value = "target/demo", value_name = "FOLDER")]
    out: PathBuf,

    /// Azure's plan: premium-v3, where Azure Monitor's rules act, or elastic-premium, where the app scales itself
    #[arg(long, value_enum, default_value_t, value_name = "PLAN")]
    plan: HostingPlan,

    /// On elastic-premium: restart every instance at each change of the site's configuration
    #[arg(long)]
    restart_on_patch: bool,

    /// Azure seconds in a second [default: 60; 20 on elastic-premium, where a minute has to hold some heartbeats]
    #[arg(long, value_name = "N", value_parser = pace)]
    time_scale: Option<f64>,

    /// Keep the visits in a private PostgreSQL server instead of a SQLite file
    #[arg(long)]
    postgres: bool,
}

impl DemoArgs {
    fn time_scale(&self) -> f64 {
        self.time_scale.unwrap_or(match self.plan {
            HostingPlan::PremiumV3 => 60.0,
            HostingPlan::ElasticPremium => 20.0,
        })
    }

    /// The arguments of `lab up` about its fleet.
    fn fleet(&self) -> Vec<String> {
        let mut arguments = vec![format!("--time-scale={}", self.time_scale())];
        if self.plan == HostingPlan::ElasticPremium {
            arguments.push("--plan=elastic-premium".to_owned());
        }
        if self.restart_on_patch {
            arguments.push("--restart-on-patch".to_owned());
        }
        arguments
    }

    /// Who changes the count.
    fn source(&self) -> &'static str {
        match self.plan {
            HostingPlan::PremiumV3 => "autoscaler",
            HostingPlan::ElasticPremium => "app",
        }
    }
}

fn pace(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=120.0).contains(&number) {
        Ok(number)
    } else {
        Err("must be from 1 to 120".to_owned())
    }
}

/// Runs the demonstration, writes its record and reports whether it worked.
///
/// # Errors
/// One sentence for the user when it cannot run.
pub fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} cannot be created", args.out.display()))?;
    // What an earlier run left must not pass for this one's.
    for old in ["report.html", "run.json", "run.csv", "load.csv"] {
        match std::fs::remove_file(args.out.join(old)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| {
                    format!("{} cannot be replaced", args.out.join(old).display())
                });
            }
            _ => {}
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(demonstrate(args))
}

async fn demonstrate(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    println!(
        "Elastic Visits: one to three instances on Azure's rules{}; an Azure minute lasts {:.1} s. This takes about {:.0} s.",
        match args.plan {
            HostingPlan::PremiumV3 => "",
            HostingPlan::ElasticPremium => ", which the app applies itself",
        },
        60.0 / args.time_scale(),
        USUAL_LENGTH / args.time_scale()
    );
    let stop = CancellationToken::new();
    let signals = Signals::listen().context("cannot listen for signals")?;
    let signals = tokio::spawn(interrupt(signals, stop.clone()));
    let arguments = args.fleet();
    let app = tokio::select! {
        app = LabUp::start(&args.script_root, &args.out, &arguments, args.postgres) => app?,
        () = stop.cancelled() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    let begun = Instant::now() + HEAD_START;
    let outcome = scale(app.url(), begun, &stop).await;
    let stopped = app.stop().await;
    let over = begun.elapsed().as_secs_f64();
    signals.abort();
    let (mut run, outcome, fleet) = outcome?;
    stopped?;
    // The last instances lived until now.
    for instance in &mut run.instances {
        instance.ended.get_or_insert(over);
    }
    let finished = outcome.finished;
    let run = judged(run, outcome, &fleet, args)?;
    write(&run, &args.out)?;
    conclude(&run, &args.out);
    let passed = run.verdict.expectations.iter().all(|one| one.held);
    let worked = run.verdict.autoscaling == WORKED || restarts(&fleet) > 0;
    Ok(if stop.is_cancelled() {
        ExitCode::from(INTERRUPTED)
    } else if finished && passed && worked {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Makes the fleet scale out to its maximum and back: the record, what became of it, and the fleet at the end.
async fn scale(
    url: &str,
    begun: Instant,
    stop: &CancellationToken,
) -> anyhow::Result<(Run, Outcome, LabFleet)> {
    let target = Target::parse(url).map_err(anyhow::Error::msg)?;
    let before = snapshot::read(&target).await?;
    let scale_test = ScaleTest {
        instances: before.capacity.maximum,
        hold: HOLD,
        rest: REST,
        settle: SETTLE,
    };
    let (rate, rates) = watch::channel(0.0);
    let schedule = Schedule::Controlled(rates);
    let connected = LoadTest::new(target.clone(), schedule, Mix::visits())
        .connect()
        .await?;
    let (progress, fleet) = (connected.progress(), connected.fleet());
    let checked = scale_test.check(&fleet.borrow());
    checked.map_err(|error| anyhow!(error))?;
    let screen = Screen::open(begun);
    screen.limit(&before.cpu_limit);
    let mut shown = 0;
    let show = |fleet: &_| shown = screen.fleet(fleet, &progress.borrow(), shown);
    let told = |phase: &str| screen.phase(phase);
    let driving = scale_test.drive(rate, progress.clone(), fleet, stop, told, show);
    // It ends the load by dropping its rate, so that requests in flight are waited for.
    let never = CancellationToken::new();
    let (finished, outcome) = tokio::join!(connected.run(&never), driving);
    Ok((finished?.run, outcome, snapshot::read(&target).await?))
}

/// Completes the record: the phases, the simulator's result, the verdict.
fn judged(
    mut run: Run,
    outcome: Outcome,
    fleet: &LabFleet,
    args: &DemoArgs,
) -> anyhow::Result<Run> {
    "lab demo".clone_into(&mut run.title);
    run.plan.extend(outcome.phases);
    let load = simulation::measured(fleet)?;
    write_whole(
        &args.out.join("load.csv"),
        simulation::csv(&load).as_bytes(),
    )?;
    let simulated = simulation::compare(fleet, &load)?;
    let scaled = Expectation {
        condition: "1, 2, 3, 2 and 1 instances".to_owned(),
        measured: counts(fleet),
        held: counts(fleet) == "1, 2, 3, 2, 1",
    };
    let mut sources: Vec<&str> = fleet.actions.iter().map(|action| &*action.source).collect();
    sources.dedup();
    let driven = Expectation {
        condition: format!("every action is by the {}", args.source()),
        measured: sources.join(", "),
        held: sources == [args.source()],
    };
    let failed = failures(&run, fleet);
    run.verdict
        .expectations
        .extend([simulated, scaled, driven, failed]);
    if restarts(fleet) > 0 {
        run.notes.push(
            "The platform restarted the app, as --restart-on-patch asks for. Requests in flight then failed, so the \
             conditions alone decide whether the demonstration passed."
                .to_owned(),
        );
    }
    if !outcome.finished {
        run.notes
            .push("The demonstration did not run to its end.".to_owned());
    }
    run.verdict = report::judge(&run);
    Ok(run)
}

/// How often the platform restarted the app.
fn restarts(fleet: &LabFleet) -> u32 {
    fleet.site.map_or(0, |site| site.restarts)
}

/// The verdict accepts one failure in a thousand; here the load is such that none has to fail, but for requests that were
/// in flight when the platform restarted the app.
fn failures(run: &Run, fleet: &LabFleet) -> Expectation {
    let (failed, sent) = (run.requests.failed, run.requests.sent);
    let restarted = fleet.site.filter(|site| site.restarts > 0);
    let allowed = restarted.map_or(0, |site| site.interrupted_requests);
    let condition = match restarted {
        None => "no request failed".to_owned(),
        Some(site) => format!(
            "no request failed but those in flight at {} restarts",
            site.restarts
        ),
    };
    Expectation {
        condition,
        measured: match restarted {
            None => format!("{failed} of {sent}"),
            Some(_) => format!("{failed} of {sent}; {allowed} were in flight at restarts"),
        },
        held: failed <= allowed && sent > 0,
    }
}

/// The counts that the fleet had, one after the other.
fn counts(fleet: &LabFleet) -> String {
    let first = fleet
        .actions
        .first()
        .map_or(fleet.count, |action| action.from);
    let all: Vec<String> = std::iter::once(first)
        .chain(fleet.actions.iter().map(|action| action.to))
        .map(|count| count.to_string())
        .collect();
    all.join(", ")
}

fn write(run: &Run, out: &Path) -> anyhow::Result<()> {
    write_json(run, &out.join("run.json"))?;
    write_csv(run, &out.join("run.csv"))?;
    report::write_html(run, &out.join("report.html"))
}

fn conclude(run: &Run, out: &Path) {
    let requests = &run.requests;
    println!(
        "\n{} requests, {} failed; p50 {}, p99 {}",
        requests.sent,
        requests.failed,
        latency(requests.latency_ms.p50),
        latency(requests.latency_ms.p99)
    );
    println!("\nDid autoscaling work? {}", run.verdict.autoscaling);
    for reason in &run.verdict.reasons {
        println!("  {reason}");
    }
    for one in &run.verdict.expectations {
        let passed = if one.held { "yes" } else { "NO " };
        println!("  {passed} {}: {}", one.condition, one.measured);
    }
    for note in &run.notes {
        println!("  {note}");
    }
    println!("\nReport: {}", out.join("report.html").display());
}

/// Stops at the first signal; a second one ends this process at once.
async fn interrupt(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    eprintln!("\nStopping; the report is still written. Ctrl+C again ends at once.");
    stop.cancel();
    // The kernel ends lab up and its handlers with this process.
    std::process::exit(signals.next().await.into());
}
