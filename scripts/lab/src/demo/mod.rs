//! `lab demo`: scales to one, two, three, two, and one instances in about a minute, and verifies the run.
//!
//! | module | does |
//! | --- | --- |
//! | [`arguments`] | the arguments |
//! | [`lab_up`] | `lab up` in a separate process, with a separate database |
//! | [`compare`] | the same requests on fleets of a fixed size |
//! | [`screen`] | the display during the run |
//! | [`snapshot`] | the fleet of `lab up` with all its samples |
//! | [`simulation`] | `lab simulate` with the load that was measured |
//!
//! The load comes from [`load`], the record and its page from [`report`].

mod arguments;
mod compare;
mod lab_up;
mod screen;
mod simulation;
mod snapshot;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use ::simulate::fixed::compare_with_fixed;
pub use arguments::DemoArgs;
use fleet::HostingPlan;
use lab_up::LabUp;
use load::generator::HEAD_START;
use load::load_test::{Finished, LoadTest};
use load::mix::Mix;
use load::scale_test::{Outcome, ScaleTest};
use load::schedule::Schedule;
use load::target::Target;
use processes::signals::Signals;
use report::{WORKED, what_autoscaling_bought};
use run_record::comparison::Comparison;
use run_record::format::latency;
use run_record::{Expectation, Run, write_csv, write_json, write_whole};
use screen::Screen;
use snapshot::LabFleet;

/// How long the demonstration takes with the default rules, in Azure seconds.
const USUAL_LENGTH: f64 = 2_400.0;
/// How long all instances share the load, in Azure seconds.
const HOLD: f64 = 420.0;
/// The load afterwards, in percent of an instance. It is below the 30% of the default rule, even on one instance.
const REST: f64 = 20.0;
/// How long the minimum is observed after the last scale-in, in Azure seconds.
const SETTLE: f64 = 180.0;
/// The exit code of an interruption by the user, as in shells.
const INTERRUPTED: u8 = 130;

/// Runs the demonstration, writes its record, and reports whether autoscaling worked.
///
/// # Errors
/// One sentence for the user if it cannot run.
#[tokio::main]
pub async fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} cannot be created", args.out.display()))?;
    // The files of an earlier run must not look like those of this run.
    for old in ["report.html", "run.json", "run.csv", "load.csv"] {
        let old = args.out.join(old);
        match std::fs::remove_file(&old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let failed = format!("{} cannot be replaced", old.display());
                return Err(error).context(failed);
            }
            _ => {}
        }
    }
    println!(
        "Elastic Visits: one to three instances on Azure's rules{}; an Azure minute lasts {:.1} s. This takes about {:.0} s.",
        match args.plan {
            HostingPlan::PremiumV3 => "",
            HostingPlan::ElasticPremium => ", which the app applies itself",
        },
        60.0 / args.time_scale(),
        USUAL_LENGTH / args.time_scale()
    );
    if args.compare {
        println!(
            "Then the same requests go to one fixed instance and to three fixed instances. All three runs take about {:.0} s.",
            3.0 * USUAL_LENGTH / args.time_scale()
        );
    }
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
    let (load, outcome, fleet) = outcome?;
    stopped?;
    let Finished {
        mut run, arrivals, ..
    } = load;
    // The last instances ran until now.
    for instance in &mut run.instances {
        instance.ended.get_or_insert(over);
    }
    let finished = outcome.finished;
    let mut run = judged(run, outcome, &fleet, args)?;
    // Written before the other runs, so that it stays even if they fail.
    write(&run, &args.out)?;
    let mut compared = Ok(());
    if args.compare && !stop.is_cancelled() {
        match compare::with_fixed_fleets(args, (&run, arrivals), &fleet, &stop).await {
            Ok(comparison) => {
                run.comparison = Some(comparison);
                write(&run, &args.out)?;
            }
            Err(error) => compared = Err(error),
        }
    }
    signals.abort();
    conclude(&run, &args.out);
    let passed = run.verdict.expectations.iter().all(|one| one.held);
    let worked = run.verdict.autoscaling == WORKED || restarts(&fleet) > 0;
    if stop.is_cancelled() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    compared.context("the comparison is incomplete")?;
    let succeeded = finished && passed && worked;
    Ok(ExitCode::from(u8::from(!succeeded)))
}

/// Makes the fleet scale out to its maximum and back. Returns the load, its result, and the fleet at the end.
async fn scale(
    url: &str,
    begun: Instant,
    stop: &CancellationToken,
) -> anyhow::Result<(Finished, Outcome, LabFleet)> {
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
    Ok((finished?, outcome, snapshot::read(&target).await?))
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
    // A run without a scale-out may be too short for it; the page then has no comparison.
    run.comparison = compare_with_fixed(&run).ok().map(|comparison| Comparison {
        price: args.price(),
        ..comparison
    });
    Ok(run)
}

/// How often the platform restarted the app.
fn restarts(fleet: &LabFleet) -> u32 {
    fleet.site.map_or(0, |site| site.restarts)
}

/// The verdict accepts one failure in a thousand. In the demonstration no request may fail, except for those that were in
/// flight when the platform restarted the app.
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

/// The numbers of instances over time.
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
    let (sent, failed) = (requests.sent, requests.failed);
    let [p50, p99] = [requests.latency_ms.p50, requests.latency_ms.p99].map(latency);
    println!("\n{sent} requests, {failed} failed; p50 {p50}, p99 {p99}");
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
    if let Some(sentence) = run.comparison.as_ref().and_then(what_autoscaling_bought) {
        println!("{sentence}");
    }
}

/// Stops at the first signal; a second one ends this process at once.
async fn interrupt(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    eprintln!("\nStopping; the report is still written. Ctrl+C again ends at once.");
    stop.cancel();
    // The kernel ends lab up and its handlers with this process.
    std::process::exit(signals.next().await.into());
}
