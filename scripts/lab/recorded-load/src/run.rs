//! Reads a run saved by `lab load` or `lab demo`: the CPU use of all instances together, sample by sample.

use anyhow::{Context as _, ensure};
use run_record::Run;
use run_record::format::{Clock, decimal};

use super::recorded::{Note, Recorded, Start, extend};
use super::recording::warn;
use super::timestamp::{self, Timestamp};
use super::{LONGEST_SECONDS, Load, Step};

/// The CPU use of a fleet since the previous sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// When it was measured, in Azure seconds from the start.
    pub ended: f64,
    /// The average over the ready instances; `None` if it is unknown.
    pub cpu_percent: Option<f64>,
    /// The number of ready instances.
    pub ready: u32,
    /// The number of wanted instances.
    pub wanted: u32,
}

impl Load {
    /// The load of a fleet: CPU times instances, for the time between each sample and the previous one. It ends at
    /// `end` Azure seconds or with the last sample.
    ///
    /// # Errors
    /// One sentence if the samples are not a valid load.
    pub fn measured(
        name: impl Into<String>,
        samples: impl IntoIterator<Item = Measured>,
        end: f64,
    ) -> anyhow::Result<Self> {
        let mut steps: Vec<Step> = Vec::new();
        let mut recorded = Recorded::default();
        let mut begun = 0;
        let mut counted = None;
        for sample in samples {
            let ended = whole(sample.ended)?;
            if counted != Some(sample.wanted) {
                recorded.counts.retain(|(at, _)| *at != begun);
                recorded.counts.push((begun, sample.wanted));
                counted = Some(sample.wanted);
            }
            if ended <= begun {
                continue;
            }
            match sample.cpu_percent {
                Some(cpu) => {
                    if cpu >= 99.0 {
                        extend(&mut recorded.saturated, begun, ended);
                    }
                    let at_seconds = if steps.is_empty() { 0 } else { begun };
                    steps.push(Step {
                        at_seconds,
                        percent: cpu * f64::from(sample.ready),
                    });
                }
                None => extend(&mut recorded.gaps, begun, ended),
            }
            begun = ended;
        }
        let last = *steps.last().context("no sample of the fleet has a CPU")?;
        steps.push(Step {
            at_seconds: begun.max(whole(end)?),
            percent: last.percent,
        });
        warn(&recorded.saturated, &recorded.gaps, &mut recorded.notes);
        let mut load = Self::new(name, steps)?;
        load.recorded = recorded;
        Ok(load)
    }

    /// The load of a run.
    ///
    /// # Errors
    /// One sentence, where the samples do not make a load.
    pub fn of_run(name: impl Into<String>, run: &Run) -> anyhow::Result<Self> {
        ensure!(
            !run.samples.is_empty(),
            "this run has no samples of the fleet, as its target does not report any"
        );
        let clock = Clock::new(run.time_scale);
        let scale = clock.scale();
        let samples = run.samples.iter().map(|sample| Measured {
            ended: sample.at * scale,
            cpu_percent: sample.cpu_percent,
            ready: sample.ready,
            wanted: sample.wanted,
        });
        // The load after the last sample is not known.
        let mut load = Self::measured(name, samples, 0.0)?;
        let recorded = &mut load.recorded;
        if let Ok(Timestamp::Utc(seconds)) = timestamp::parse(&run.started) {
            recorded.start = Some(Start::Utc(seconds));
        }
        let mut told =
            "The load is the mean CPU of the instances times their number, sample by sample"
                .to_owned();
        if clock.is_scaled() {
            told += &format!("; a second of the run stands for {} s", decimal(scale));
        }
        recorded.notes.insert(0, Note::assumed(told + "."));
        Ok(load)
    }
}

/// The load of a run that was saved.
///
/// # Errors
/// One sentence.
pub(super) fn load(name: &str, text: &str) -> anyhow::Result<Load> {
    let run: Run =
        serde_json::from_str(text).context("it is not a run as lab load or lab demo saves it")?;
    Load::of_run(name, &run)
}

/// A file may contain any number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to a year"
)]
fn whole(seconds: f64) -> anyhow::Result<u64> {
    ensure!(
        seconds <= LONGEST_SECONDS as f64,
        "a sample at {seconds:.0} Azure seconds is more than 366 days after the start"
    );
    Ok(seconds.round().max(0.0) as u64)
}
