//! `--compare`: sends the requests of the autoscaled run to fleets of a fixed size.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use run_record::Run;
use run_record::comparison::{Comparison, FleetOutcome};
use run_record::format::{count, things};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::arguments::DemoArgs;
use super::lab_up::LabUp;
use super::screen::Screen;
use super::snapshot::{self, LabFleet};
use load::load_test::LoadTest;
use load::mix::Mix;
use load::schedule::Schedule;
use load::target::Target;

/// The longest time until all instances of a fleet are ready.
const ALL_READY: Duration = Duration::from_secs(60);
/// The interval of the checks whether they are ready.
const LOOK: Duration = Duration::from_millis(100);

/// Sends requests at the arrival times of `run` to two fleets without autoscaling: one with the minimum number of instances
/// in the rules of `fleet`, and one with the maximum.
///
/// # Errors
/// One sentence if a run failed or was interrupted.
pub(super) async fn with_fixed_fleets(
    args: &DemoArgs,
    (run, arrivals): (&Run, Vec<Duration>),
    fleet: &LabFleet,
    stop: &CancellationToken,
) -> anyhow::Result<Comparison> {
    let sent = run.requests.sent;
    ensure!(
        sent > 0 && arrivals.len() as u64 == sent,
        "the times of {} are known, of {sent} requests",
        arrivals.len()
    );
    let arrivals: Arc<[Duration]> = arrivals.into();
    let hours = run.seconds * run.time_scale / 3_600.0;
    let billed = run.instance_hours();
    let mut comparison = Comparison {
        hours,
        autoscaled: FleetOutcome {
            instances: run.most_ready().unwrap_or_default(),
            instance_hours: billed.context("no sample of the fleet was read")?,
            requests: Some(run.request_outcome()),
            ..FleetOutcome::default()
        },
        price: args.price(),
        ..Comparison::default()
    };
    for (number, instances) in (2..).zip([fleet.capacity.minimum, fleet.capacity.maximum]) {
        let name = things(instances.into(), "fixed instance");
        println!(
            "\nRun {number} of 3: {name}, the same {} requests, about {:.0} s",
            count(sent),
            run.seconds
        );
        let schedule = Schedule::Arrivals(Arc::clone(&arrivals));
        let made = on_fixed_fleet(args, fleet, instances, schedule, stop).await;
        let made = made.with_context(|| format!("the run on {name} could not be made"))?;
        comparison.fixed.push(FleetOutcome {
            instances,
            instance_hours: f64::from(instances) * hours,
            requests: Some(made.request_outcome()),
            ..FleetOutcome::default()
        });
    }
    Ok(comparison)
}

/// Makes one run on this number of instances. Each has the same CPU limit as the instances of `fleet`.
async fn on_fixed_fleet(
    args: &DemoArgs,
    fleet: &LabFleet,
    instances: u32,
    schedule: Schedule,
    stop: &CancellationToken,
) -> anyhow::Result<Run> {
    let out: PathBuf = args.out.join(format!("fixed-{instances}"));
    std::fs::create_dir_all(&out)
        .with_context(|| format!("the folder {} cannot be created", out.display()))?;
    let mut arguments = args.fleet();
    arguments.extend([
        format!("--min={instances}"),
        format!("--max={instances}"),
        format!("--instance-cpus={}", fleet.cpu_limit.cpus),
    ]);
    let app = tokio::select! {
        app = LabUp::start(&args.script_root, &out, &arguments, args.postgres) => app?,
        () = stop.cancelled() => bail!("it was interrupted"),
    };
    let run = put_on(app.url(), instances, schedule, stop).await;
    let stopped = app.stop().await;
    let run = run?;
    stopped?;
    ensure!(!stop.is_cancelled(), "it was interrupted");
    Ok(run)
}

async fn put_on(
    url: &str,
    instances: u32,
    schedule: Schedule,
    stop: &CancellationToken,
) -> anyhow::Result<Run> {
    let target = Target::parse(url).map_err(anyhow::Error::msg)?;
    let all_ready = async {
        while snapshot::read(&target).await?.ready < instances {
            sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        ready = timeout(ALL_READY, all_ready) => {
            ready.with_context(|| format!("{instances} instances did not serve within {} s", ALL_READY.as_secs()))??;
        }
        () = stop.cancelled() => bail!("it was interrupted"),
    }
    let test = LoadTest::new(target, schedule, Mix::visits());
    let connected = test.connect().await?;
    let (progress, mut fleet) = (connected.progress(), connected.fleet());
    let screen = Screen::open(Instant::now());
    let showing = async {
        while fleet.changed().await.is_ok() {
            screen.fleet(&fleet.borrow_and_update(), &progress.borrow(), usize::MAX);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        finished = connected.run(stop) => Ok(finished?.run),
        () = showing => bail!("the display ended"),
    }
}
