//! Turns the recorded data of a file into a load.

use std::iter;

use anyhow::{Context as _, bail, ensure};
use autoscale::Statistic;
use run_record::format::{exact_span, things};

use super::factor::Factor;
use super::name::{self, Role};
use super::options::{EXPECTED, ReadOptions};
use super::recorded::{Metric, MetricSample, Note, Recorded, Span, Start, extend};
use super::series::{Group, Point, Series, groups, interval, known};
use super::{LONGEST_SECONDS, Load, Step, quoted, timestamp};

const MINUTE: u64 = 60;
/// From this CPU value on, the true load is unknown.
const SATURATED_PERCENT: f64 = 99.0;

/// The kind of times in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Seconds from the start. A row applies until the next one, and the last one only marks the end.
    Seconds,
    /// The Unix seconds at which samples begin.
    Utc,
    /// The same on a local clock.
    Local,
}

/// The recorded data of a file.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) times: Times,
    pub(super) series: Vec<Series>,
    /// The line of a table's header.
    pub(super) header: Option<usize>,
    pub(super) notes: Vec<Note>,
}

/// The beginning and the end in the file's times, and the distance of samples, which a file of seconds does not have.
#[derive(Clone, Copy)]
struct Frame {
    origin: i64,
    end_seconds: u64,
    interval: Option<u64>,
}

impl Frame {
    /// No time is before the origin.
    fn second(self, at: i64) -> u64 {
        at.abs_diff(self.origin)
    }
}

impl Recording {
    /// The load, with the other recorded data.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn into_load(
        mut self,
        name: &str,
        options: &ReadOptions<'_>,
    ) -> anyhow::Result<Load> {
        self.place_local_times(options);
        let Self {
            times,
            series,
            header,
            mut notes,
        } = self;
        let groups = groups(series, &mut notes)?;
        let frame = frame(times, &groups)?;
        if let Some(interval) = frame.interval.filter(|interval| *interval > MINUTE) {
            notes.push(Note::warning(format!(
                "Samples are {} apart: each is held until the next, so shorter peaks are not seen.",
                exact_span(interval)
            )));
        }

        let mut recorded = Recorded {
            start: match times {
                Times::Seconds => None,
                Times::Utc => Some(Start::Utc(frame.origin)),
                Times::Local => Some(Start::Local(frame.origin)),
            },
            ..Recorded::default()
        };
        let drives = |group: &Group, role| !options.metrics_only && group.role == role;
        let first = |role| groups.iter().position(|group| drives(group, role));
        let (load, cpu, count) = (first(Role::Load), first(Role::Cpu), first(Role::Count));
        let driver = load.or(cpu);
        let counts = count.map(|index| &groups[index]);
        recorded.counts = recorded_counts(counts, cpu.map(|index| &groups[index]), frame);
        let steps = match driver {
            Some(index) => {
                let group = &groups[index];
                let factor = match group.role {
                    Role::Cpu => Some(Factor::of(group, counts, options, &mut notes)),
                    _ => None,
                };
                recorded.saturated = saturated(group, frame);
                recorded.gaps = gaps(group, frame);
                steps(group, factor.as_ref(), frame)?
            }
            None => no_load(&groups, header, options, frame, &mut notes)?,
        };
        warn(&recorded.saturated, &recorded.gaps, &mut notes);
        for (index, group) in groups.iter().enumerate() {
            if Some(index) != driver && Some(index) != count {
                let metric = metric(group, frame, &mut notes);
                recorded.metrics.insert(group.name.clone(), metric);
            }
        }
        recorded.notes = notes;
        let mut load = Load::new(name, steps)?;
        load.recorded = recorded;
        Ok(load)
    }

    /// Converts times without an offset as the options say, or leaves them on their local clock.
    fn place_local_times(&mut self, options: &ReadOptions<'_>) {
        if self.times != Times::Local {
            return;
        }
        self.notes.push(Note::assumed(
            "The times in the file have no offset: they are read as local times of the time zone of --timezone.",
        ));
        if let Some(unix_seconds) = options.local {
            for series in &mut self.series {
                for (at, _) in &mut series.points {
                    *at = unix_seconds(*at);
                }
            }
            self.times = Times::Utc;
        }
    }
}

fn frame(times: Times, groups: &[Group]) -> anyhow::Result<Frame> {
    let mut all: Vec<i64> = groups.iter().flat_map(Group::times).collect();
    all.sort_unstable();
    let (Some(&origin), Some(&last)) = (all.first(), all.last()) else {
        bail!("it contains no samples");
    };
    let interval = (times != Times::Seconds).then(|| interval(all.into_iter()).unwrap_or(MINUTE));
    let end_seconds = last
        .abs_diff(origin)
        .saturating_add(interval.unwrap_or_default());
    ensure!(
        end_seconds <= LONGEST_SECONDS,
        "its samples from {} to {} are more than 366 days",
        timestamp::shown(origin),
        timestamp::shown(last)
    );
    Ok(Frame {
        origin,
        end_seconds,
        interval,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are from 0 to 10000"
)]
fn recorded_counts(counts: Option<&Group>, cpu: Option<&Group>, frame: Frame) -> Vec<(u64, u32)> {
    let own: Vec<(u64, u32)> = counts
        .into_iter()
        .flat_map(Group::known)
        .map(|(at, count)| (frame.second(at), count.round() as u32))
        .collect();
    let split = cpu.and_then(|cpu| cpu.split.as_ref());
    match split {
        Some((_, counts)) if own.is_empty() => counts
            .iter()
            .map(|(at, count)| (frame.second(*at), *count))
            .collect(),
        _ => own,
    }
}

fn steps(driver: &Group, factor: Option<&Factor>, frame: Frame) -> anyhow::Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::with_capacity(driver.points.len() + 1);
    for (at, value) in driver.known() {
        let percent = value * factor.map_or(1.0, |factor| factor.at(at));
        // The first step begins at the start, whatever its time is.
        let at_seconds = if steps.is_empty() {
            0
        } else {
            frame.second(at)
        };
        steps.push(Step {
            at_seconds,
            percent,
        });
    }
    let last = *steps
        .last()
        .with_context(|| format!("it contains no value of {}", driver.name))?;
    if last.at_seconds < frame.end_seconds {
        steps.push(Step {
            at_seconds: frame.end_seconds,
            percent: last.percent,
        });
    }
    Ok(steps)
}

/// How long the samples of a metric apply.
fn lasts(points: &[Point], frame: Frame) -> Option<u64> {
    let own = |rows| interval(known(points).map(|(at, _)| at)).unwrap_or(rows);
    frame.interval.map(own)
}

fn gaps(driver: &Group, frame: Frame) -> Vec<Span> {
    let mut gaps = Vec::new();
    let Some(lasts) = lasts(&driver.points, frame) else {
        for pair in driver.points.windows(2) {
            if pair[0].1.is_none() {
                extend(&mut gaps, frame.second(pair[0].0), frame.second(pair[1].0));
            }
        }
        return gaps;
    };
    let mut covered = 0;
    for (at, _) in driver.known() {
        let at = frame.second(at);
        // Samples that are some seconds late do not count as missing.
        if at > covered + lasts / 2 || covered == 0 {
            extend(&mut gaps, covered, at);
        }
        covered = at + lasts;
    }
    extend(&mut gaps, covered, frame.end_seconds);
    gaps
}

fn saturated(driver: &Group, frame: Frame) -> Vec<Span> {
    let mut spans = Vec::new();
    if driver.role != Role::Cpu {
        return spans;
    }
    let lasts = lasts(&driver.points, frame).unwrap_or(u64::MAX);
    let mut points = driver.points.iter().peekable();
    while let Some((at, value)) = points.next() {
        if value.is_some_and(|value| value >= SATURATED_PERCENT) {
            let from = frame.second(*at);
            let next = points
                .peek()
                .map_or(frame.end_seconds, |(next, _)| frame.second(*next));
            extend(&mut spans, from, next.min(from.saturating_add(lasts)));
        }
    }
    spans
}

/// A load of zero, for rules that use other metrics of the file.
fn no_load(
    groups: &[Group],
    header: Option<usize>,
    options: &ReadOptions<'_>,
    frame: Frame,
    notes: &mut Vec<Note>,
) -> anyhow::Result<Vec<Step>> {
    ensure!(
        frame.end_seconds > 0,
        "it needs at least two rows, because the last row only marks the end"
    );
    let nothing = [0, frame.end_seconds].map(|at_seconds| Step {
        at_seconds,
        percent: 0.0,
    });
    if options.metrics_only {
        return Ok(nothing.to_vec());
    }
    let of_rules = |group: &Group| {
        let key = name::key(&group.name);
        options
            .rule_metrics
            .iter()
            .any(|name| name::key(name) == key)
    };
    if !groups.iter().any(of_rules) {
        let names: Vec<&str> = groups
            .iter()
            .take(5)
            .map(|group| group.name.as_str())
            .collect();
        let names = quoted(&names.join(", "));
        match header {
            Some(line) => bail!(
                "line {line}: no column is a load, a CPU or a metric of the rules, only {names}: {EXPECTED}"
            ),
            None => bail!(
                "it contains no CpuPercentage, no Percentage CPU and no metric of the rules, only {names}; download one of these"
            ),
        }
    }
    notes.push(Note::assumed(
        "The file has no CPU and no load: the CPU is 0 throughout, and only its other metrics drive the rules.",
    ));
    Ok(nothing.to_vec())
}

fn metric(group: &Group, frame: Frame, notes: &mut Vec<Note>) -> Metric {
    let mut metric = samples(group.statistic, &group.points, frame);
    metric.others = group
        .others
        .iter()
        .map(|(statistic, points)| samples(*statistic, points, frame))
        .collect();
    if let (Some(lasts), Some(rows)) = (metric.lasts_seconds, frame.interval)
        && lasts > rows.max(MINUTE)
    {
        notes.push(Note::warning(format!(
            "{} has a sample every {}: each is held until the next.",
            group.name,
            exact_span(lasts)
        )));
    }
    for one in iter::once(&metric).chain(&metric.others) {
        if let Some(lasts) = one.lasts_seconds
            && lasts > MINUTE
            && name::adds_up(one.statistic)
        {
            notes.push(Note::assumed(format!(
                "{}: the {} of each sample is spread evenly over the {} that it spans.",
                group.name,
                name::word(one.statistic),
                exact_span(lasts)
            )));
        }
    }
    metric
}

fn samples(statistic: Statistic, points: &[Point], frame: Frame) -> Metric {
    Metric {
        samples: points
            .iter()
            .map(|(at, value)| MetricSample {
                at_seconds: frame.second(*at),
                value: *value,
            })
            .collect(),
        lasts_seconds: lasts(points, frame),
        statistic,
        others: Vec::new(),
    }
}

/// Adds warnings about what makes the load less certain.
pub(super) fn warn(saturated: &[Span], gaps: &[Span], notes: &mut Vec<Note>) {
    let saturated = Span::total(saturated);
    if saturated > 0 {
        notes.push(Note::warning(format!(
            "The recorded CPU was 99% or more for {}: the true load is not known there, it was at least that. Raise the \
             load in the file to simulate more.",
            exact_span(saturated)
        )));
    }
    let missing = Span::total(gaps);
    if missing > 0 {
        notes.push(Note::warning(format!(
            "Samples of the load are missing for {} ({}): it keeps its last value there.",
            exact_span(missing),
            things(gaps.len() as u64, "gap")
        )));
    }
}
