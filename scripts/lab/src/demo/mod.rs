//! `lab demo`: the whole story in about a minute, and the proof of it.
//!
//! | module | does |
//! | --- | --- |
//! | [`story`] | which load to put on, given what the fleet is |
//! | [`stage`] | `lab up` in a process of its own, on a store of its own |
//! | [`lab`] | what `lab up` says of its fleet |
//! | [`conductor`] | plays the story: watches the fleet, sets the load, tells what happens |
//! | [`rehearsal`] | `lab simulate` fed with the load that was measured |
//!
//! The load comes from [`crate::load`], the record and its page from [`crate::report`].

mod conductor;
mod lab;
mod rehearsal;
mod stage;
mod story;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::load::fleet::Fleet;
use crate::load::generator::{HEAD_START, Live};
use crate::load::mix::Mix;
use crate::load::schedule::Schedule;
use crate::load::target::Target;
use crate::load::trial::Trial;
use crate::report::run::{Expectation, Run};
use crate::report::{self, WORKED};
use conductor::{Conductor, Played};
use lab::{Lab, LabFleet};
use stage::Stage;

/// Azure seconds that the story takes with the default rules.
const USUAL_LENGTH: f64 = 2_400.0;
/// Interrupted by the user, as shells have it.
const INTERRUPTED: u8 = 130;

/// Arguments of `lab demo`.
#[derive(clap::Args)]
#[command(after_help = "\
The load first keeps one instance busy, then two, and then falls. The fleet answers with 1, 2, 3, 2 and 1 instances,
all of them real processes on a store that is deleted afterwards.

It writes into the output folder:
  report.html   the run as a page, with the answer to: did autoscaling work?
  run.json      the same as data: actions, requests, instances with their processes, samples
  run.csv       one row a second
  load.csv      the load that was measured, for lab simulate --load
  lab.log       what lab up printed
  events.jsonl  what lab up decided, and why

Exit code: 0 when it worked, 1 when it did not, 2 when it could not be played.")]
pub struct DemoArgs {
    /// Folder with host.json and the function folders
    #[arg(long, default_value = "target/app", value_name = "FOLDER")]
    script_root: PathBuf,

    /// Folder to write into
    #[arg(long, default_value = "target/demo", value_name = "FOLDER")]
    out: PathBuf,

    /// Azure seconds in a second
    #[arg(long, default_value_t = 60.0, value_name = "N", value_parser = pace)]
    time_scale: f64,

    /// Keep the visits in a private PostgreSQL server instead of a SQLite file
    #[arg(long)]
    postgres: bool,
}

fn pace(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=120.0).contains(&number) {
        Ok(number)
    } else {
        Err("must be from 1 to 120".to_owned())
    }
}

/// Plays the story, writes its record and tells whether it worked.
///
/// # Errors
/// One sentence for the user when it cannot be played.
pub fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} cannot be made", args.out.display()))?;
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
    runtime.block_on(play(args))
}

async fn play(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    println!(
        "Elastic Visits: one to three instances on Azure's rules; an Azure minute lasts {:.1} s. This takes about {:.0} s.",
        60.0 / args.time_scale,
        USUAL_LENGTH / args.time_scale
    );
    let stop = CancellationToken::new();
    let signals = tokio::spawn(interrupted(stop.clone()));
    let stage = tokio::select! {
        stage = Stage::set(&args.script_root, &args.out, args.time_scale, args.postgres) => stage?,
        () = stop.cancelled() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    let begun = Instant::now() + HEAD_START;
    let outcome = perform(stage.url(), begun, &stop).await;
    let cleared = stage.clear().await;
    let over = begun.elapsed().as_secs_f64();
    signals.abort();
    let (mut run, played) = outcome?;
    cleared?;
    // The last instances lived until now.
    for instance in &mut run.instances {
        instance.ended.get_or_insert(over);
    }
    let told = played.told;
    let run = judged(run, played, &args.out)?;
    write(&run, &args.out)?;
    conclude(&run, &args.out);
    let held = run.verdict.expectations.iter().all(|one| one.held);
    Ok(if stop.is_cancelled() {
        ExitCode::from(INTERRUPTED)
    } else if told && held && run.verdict.autoscaling == WORKED {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Puts the load on and conducts it; both end together.
async fn perform(
    url: &str,
    begun: Instant,
    stop: &CancellationToken,
) -> anyhow::Result<(Run, Played)> {
    let (rate, rates) = watch::channel(0.0);
    let target = Target::parse(url).map_err(anyhow::Error::msg)?;
    let trial = Trial::new(target, Schedule::Controlled(rates), Mix::visits());
    let reached = trial.reach().await?;
    let (live, lively) = watch::channel(Live::default());
    let fleet = watch::Sender::new(Fleet::default());
    let conductor = Conductor {
        lab: Lab::at(url)?,
        rate,
        live: lively,
        begun,
    };
    // The conductor ends the load by dropping its rate, so that requests in flight are waited for.
    let never = CancellationToken::new();
    let (ran, played) = tokio::join!(reached.run(&never, &live, &fleet), conductor.play(stop));
    Ok((ran?.run, played?))
}

/// Completes the record: what was planned, what the simulator says, the verdict.
fn judged(mut run: Run, played: Played, out: &Path) -> anyhow::Result<Run> {
    "lab demo".clone_into(&mut run.title);
    run.plan.extend(played.chapters);
    let load = rehearsal::measured(&played.fleet)?;
    report::write_text(&rehearsal::csv(&load), &out.join("load.csv"))?;
    run.verdict
        .expectations
        .push(rehearsal::compare(&played.fleet, &load)?);
    let asked = Expectation {
        condition: "1, 2, 3, 2 and 1 instances".to_owned(),
        measured: counts(&played.fleet),
        held: counts(&played.fleet) == "1, 2, 3, 2, 1",
    };
    run.verdict.expectations.push(asked);
    // The verdict lets one in a thousand pass; here every phase was made so that none has to fail.
    run.verdict.expectations.push(Expectation {
        condition: "no request failed".to_owned(),
        measured: format!("{} of {}", run.requests.failed, run.requests.sent),
        held: run.requests.failed == 0 && run.requests.sent > 0,
    });
    if !played.told {
        run.notes
            .push("The story was not told to its end.".to_owned());
    }
    run.verdict = report::judge(&run);
    Ok(run)
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
    report::write_json(run, &out.join("run.json"))?;
    report::write_csv(run, &out.join("run.csv"))?;
    report::write_html(run, &out.join("report.html"))
}

fn conclude(run: &Run, out: &Path) {
    let requests = &run.requests;
    println!(
        "\n{} requests, {} failed; p50 {}, p99 {}",
        requests.sent,
        requests.failed,
        milliseconds(requests.latency_ms.p50),
        milliseconds(requests.latency_ms.p99)
    );
    println!("\nDid autoscaling work? {}", run.verdict.autoscaling);
    for reason in &run.verdict.reasons {
        println!("  {reason}");
    }
    for one in &run.verdict.expectations {
        let held = if one.held { "yes" } else { "NO " };
        println!("  {held} {}: {}", one.condition, one.measured);
    }
    for note in &run.notes {
        println!("  {note}");
    }
    println!("\nReport: {}", out.join("report.html").display());
}

fn milliseconds(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.0} ms"))
}

/// Says when the user has had enough; a second time ends this process at once.
async fn interrupted(stop: CancellationToken) {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return,
    };
    let mut first = true;
    loop {
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => if pressed.is_err() { return },
            _ = terminate.recv() => {}
        }
        if !first {
            // The kernel ends lab up and its handlers with this process.
            std::process::exit(INTERRUPTED.into());
        }
        first = false;
        eprintln!("\nStopping; the report is still written. Once more ends it at once.");
        stop.cancel();
    }
}
