//! Plays the story: watches the fleet, sets the load, tells what happens.

use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::lab::{Lab, LabFleet};
use super::stage::VISIT_WORK_MS;
use super::story::{Chapter, Cost, Fleet};
use crate::load::generator::Live;

/// Between two looks at the fleet.
const LOOK: Duration = Duration::from_millis(200);
/// Azure seconds in which the story must be told; it takes about a third of it.
const LONGEST: f64 = 6_000.0;
/// Looks that may fail in a row.
const PATIENCE: u32 = 10;
/// What a visit costs beyond the CPU time that it is asked to burn, as a first guess.
const OVERHEAD: f64 = 0.001;

/// Plays the story to its end.
pub(super) struct Conductor {
    pub(super) lab: Lab,
    /// Visits a second. Dropped at the end, which ends the load.
    pub(super) rate: watch::Sender<f64>,
    pub(super) live: watch::Receiver<Live>,
    /// When the load begins.
    pub(super) begun: Instant,
}

/// What was played.
#[derive(Debug)]
pub(super) struct Played {
    /// Whether the story came to its end.
    pub(super) told: bool,
    /// The fleet as last seen.
    pub(super) fleet: LabFleet,
    /// The chapters, in words, with the Azure second at which each began.
    pub(super) chapters: Vec<String>,
}

impl Conductor {
    /// Comes back at the end of the story, when it takes too long, or when `stop` says so.
    pub(super) async fn play(self, stop: &CancellationToken) -> anyhow::Result<Played> {
        let screen = Screen::open(self.begun);
        let mut fleet = self.lab.fleet().await?;
        let cpus = fleet.cpu_limit.cpus;
        let latest = fleet.azure_seconds + LONGEST;
        let mut cost = Cost::guess(f64::from(VISIT_WORK_MS) / 1_000.0 + OVERHEAD);
        let (mut learnt, mut acted) = (fleet.samples.len(), 0);
        let mut chapters = Vec::new();
        let mut chapter = Chapter::FIRST;
        screen.limits(&fleet);
        screen.chapter(chapter, &fleet, &mut chapters);
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failures = 0;
        loop {
            self.rate
                .send_replace(cost.rate(chapter.load(fleet.capacity.maximum), cpus));
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return Ok(Played { told: false, fleet, chapters }),
            }
            match self.lab.fleet().await {
                Ok(seen) => fleet = seen,
                Err(error) if failures >= PATIENCE => return Err(error),
                Err(_) => {
                    failures += 1;
                    continue;
                }
            }
            failures = 0;
            for action in fleet.actions.iter().skip(acted) {
                screen.action(action);
            }
            acted = fleet.actions.len();
            for pair in fleet.samples.windows(2).skip(learnt.saturating_sub(1)) {
                // A minute in which the load or the fleet changed says nothing about a visit.
                if pair[0].ready == pair[1].ready
                    && !matches!(chapter, Chapter::Falling | Chapter::Afterwards { .. })
                {
                    let seconds = 60.0 / fleet.time_scale;
                    let per_second = pair[1].requests as f64 / seconds;
                    cost.learn(
                        pair[1].cpu_percent.unwrap_or_default(),
                        pair[1].ready,
                        cpus,
                        per_second,
                    );
                }
            }
            learnt = fleet.samples.len();
            let next = chapter.next(&Fleet {
                ready: fleet.ready,
                wanted: fleet.count,
                alive: fleet.alive(),
                lessons: cost.lessons(),
                azure_seconds: fleet.azure_seconds,
                minimum: fleet.capacity.minimum,
                maximum: fleet.capacity.maximum,
            });
            if next == Chapter::Ended {
                return Ok(Played {
                    told: true,
                    fleet,
                    chapters,
                });
            }
            if std::mem::discriminant(&next) != std::mem::discriminant(&chapter)
                || next.load(3) > chapter.load(3)
            {
                screen.chapter(next, &fleet, &mut chapters);
            }
            chapter = next;
            screen.live(&fleet, &self.live.borrow());
            if fleet.azure_seconds > latest {
                return Ok(Played {
                    told: false,
                    fleet,
                    chapters,
                });
            }
            if self.live.borrow().failed > 1_000 {
                bail!("more than a thousand requests failed; see lab.log");
            }
        }
    }
}

/// Lines for what happens, and on a terminal one that shows how things are.
struct Screen {
    begun: Instant,
    bar: ProgressBar,
}

impl Screen {
    fn open(begun: Instant) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{wide_msg}").expect("the template is right");
        bar.set_style(style);
        Self { begun, bar }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| println!("{line}"));
    }

    fn limits(&self, fleet: &LabFleet) {
        let limit = &fleet.cpu_limit;
        self.say(&format!(
            "Each instance has {:.2} CPUs ({}).",
            limit.cpus,
            if limit.enforced {
                limit.how.as_str()
            } else {
                "not enforced here; percentages count from it all the same"
            }
        ));
    }

    fn chapter(&self, chapter: Chapter, fleet: &LabFleet, chapters: &mut Vec<String>) {
        let line = format!(
            "Minute {:.0}: {chapter} (load {:.0} % of an instance)",
            fleet.azure_seconds / 60.0,
            chapter.load(fleet.capacity.maximum)
        );
        self.say(&format!(
            "\n{:>5.1} s  {line}",
            self.begun.elapsed().as_secs_f64()
        ));
        chapters.push(line);
    }

    fn action(&self, action: &super::lab::Action) {
        self.say(&format!(
            "{:>5.1} s  {} -> {}  minute {:.0}: {}",
            self.begun.elapsed().as_secs_f64(),
            action.from,
            action.to,
            action.azure_seconds / 60.0,
            action.reason
        ));
    }

    fn live(&self, fleet: &LabFleet, live: &Live) {
        let cpu = fleet.samples.last().and_then(|sample| sample.cpu_percent);
        self.bar.set_message(format!(
            "{:>5.1} s  minute {:.0}, {} of {} instances serve, CPU {}, {:.0} visits/s, p95 {}, {} failed",
            self.begun.elapsed().as_secs_f64(),
            fleet.azure_seconds / 60.0,
            fleet.ready,
            fleet.count,
            cpu.map_or("-".to_owned(), |cpu| format!("{cpu:.0} %")),
            live.rate,
            live.latency_ms.p95.map_or("-".to_owned(), |p95| format!("{p95:.0} ms")),
            live.failed
        ));
        self.bar.tick();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
