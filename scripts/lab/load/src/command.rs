//! `lab load`: the command from its start to its end.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::advice::advice;
use super::arguments::LoadArgs;
use super::console::{Console, ask, summary};
use super::load_test::{Finished, LoadTest};
use super::scale_test::{Outcome, ScaleTest};
use super::schedule::Schedule;
use super::target::is_this_machine;
use processes::signals::Signals;
use run_record::{Run, Verdict};

/// Functions for the analysis of runs, which is not part of the load generator.
#[derive(Clone, Copy)]
pub struct Analysis {
    /// Answers "did autoscaling work?".
    pub judge: fn(&Run) -> Verdict,
    /// The command to run if the load was too short for the rules, when this command is to be repeated.
    pub too_short: fn(&Run, &str) -> Option<String>,
    /// Adds Azure's scale actions from the text of an activity log.
    pub add_events: fn(&mut Run, &str) -> anyhow::Result<usize>,
    /// Writes the report page of a run.
    pub write_html: fn(&Run, &Path) -> anyhow::Result<()>,
}

/// Loads the app and reports the result.
///
/// # Errors
/// One sentence for the user if that is not possible.
#[tokio::main(flavor = "current_thread")]
pub async fn run(args: &LoadArgs, analysis: Analysis) -> anyhow::Result<ExitCode> {
    let (rate, rates) = watch::channel(0.0);
    let (schedule, scale_test) = match args.until {
        Some(count) => (
            Schedule::Controlled(rates),
            Some((ScaleTest::until(count), rate)),
        ),
        None => (args.schedule()?, None),
    };
    let test = args.test(schedule)?;
    let addresses = test.target.addresses().await?;
    if !args.yes && !is_this_machine(&addresses) {
        ask(&test.target, &test.schedule)?;
    }
    let signals = Signals::listen().context("cannot listen for signals")?;
    // From here on, the program ends only by returning from this function, so that no reserved space is left behind.
    let length = test.schedule.duration();
    let places = args.files.reserve(length, analysis.write_html)?;
    let end = put_on(args, test, scale_test, signals).await?;
    let Some(finished) = end.finished else {
        return Ok(ExitCode::from(end.interrupted.unwrap_or(1)));
    };
    let mut run = judged(args, finished, end.scaled, analysis);
    // A wrong file of events must not discard the run that was just recorded.
    let events = args.files.add_events(&mut run, analysis.add_events);
    terminal::print(&summary(&run, args.is_custom()));
    let command = if args.is_custom() {
        "the same command, without a rate and a duration, with".to_owned()
    } else {
        format!("./scripts/load {}", run.target)
    };
    let advice = (analysis.too_short)(&run, &command);
    run.notes.extend(advice.clone());
    for place in places {
        let path = place.write(&run)?;
        terminal::print(&format!("  {:<10} {}\n", "written", path.display()));
    }
    if let Some(advice) = advice {
        terminal::print(&format!("{advice}\n"));
    }
    events?;
    let code = end.interrupted.unwrap_or_else(|| exit_code(&run));
    Ok(ExitCode::from(code))
}

/// How a run ended.
#[derive(Default)]
struct End {
    /// `None` if the user did not wait for it.
    finished: Option<Finished>,
    /// The result of `--until`.
    scaled: Option<Outcome>,
    /// The exit code, if a signal ended it.
    interrupted: Option<u8>,
}

/// Runs the load with a display.
async fn put_on(
    args: &LoadArgs,
    test: LoadTest,
    scale_test: Option<(ScaleTest, watch::Sender<f64>)>,
    mut signals: Signals,
) -> anyhow::Result<End> {
    let mut console = Console::open(&test.schedule);
    let has_key = test.key.is_some();
    let mut advised = !args.is_custom();
    let mut end = End::default();
    let connected = tokio::select! {
        connected = test.connect() => connected?,
        code = signals.next() => {
            end.interrupted = Some(code);
            return Ok(end);
        }
    };
    for note in connected.notes() {
        console.say(&format!("lab: {note}"));
    }
    if let Some((scale_test, _)) = &scale_test {
        let checked = scale_test.check(&connected.fleet().borrow());
        checked.map_err(|error| anyhow!(error))?;
    }
    let stop = CancellationToken::new();
    let (mut progress, fleet) = (connected.progress(), connected.fleet());
    let (load, instances) = (progress.clone(), fleet.clone());
    let (told, mut phases) = tokio::sync::mpsc::unbounded_channel();
    let scaling = async {
        let (scale_test, rate) = scale_test?;
        let told = |phase: &str| {
            let _ = told.send(phase.to_owned());
        };
        let driving = scale_test.drive(rate, load, instances, &stop, told, |_| ());
        Some(driving.await)
    };
    let both = async { tokio::join!(connected.run(&stop), scaling) };
    let mut both = std::pin::pin!(both);
    let (finished, scaled) = loop {
        tokio::select! {
            both = &mut both => break both,
            code = signals.next() => {
                if end.interrupted.replace(code).is_some() {
                    console.close();
                    return Ok(end);
                }
                console.say("lab: ending; the summary follows. Ctrl+C again ends at once");
                stop.cancel();
            }
            Some(phase) = phases.recv() => console.say(&phase),
            _ = progress.changed() => {
                let progress = progress.borrow_and_update();
                console.show(&progress, &fleet.borrow());
                if !advised && let Some(advice) = advice(&progress.requests, has_key, false) {
                    console.say(&format!("lab: {advice}"));
                    advised = true;
                }
            }
        }
    };
    console.close();
    let mut finished = finished?;
    if args.is_custom() {
        let requests = &finished.run.requests;
        finished.run.notes.extend(advice(requests, has_key, true));
    }
    end.finished = Some(finished);
    end.scaled = scaled;
    Ok(end)
}

fn judged(args: &LoadArgs, finished: Finished, scaled: Option<Outcome>, analysis: Analysis) -> Run {
    let judged = args.expect.iter().map(|expect| expect.judge(&finished.run));
    let mut expectations: Vec<_> = judged.collect();
    if args.wants_every_visit() {
        expectations.push(finished.every_visit_created());
    }
    let mut run = finished.run;
    if let Some(scaled) = scaled {
        expectations.push(scaled.expectation());
        run.plan.extend(scaled.phases);
    }
    run.verdict.expectations = expectations;
    run.verdict = (analysis.judge)(&run);
    run
}

fn exit_code(run: &Run) -> u8 {
    let expectations = &run.verdict.expectations;
    let passed = expectations.iter().all(|expectation| expectation.held);
    u8::from(!passed || (expectations.is_empty() && run.requests.ok == 0))
}
