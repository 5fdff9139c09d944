//! Combines samples of the same metric.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::ensure;
use autoscale::Statistic;
use run_record::format::things;

use super::name::{self, Role, STATISTICS};
use super::recorded::Note;

/// The most metrics that a chart can show, and more than a setting can use.
const MOST_METRICS: usize = 50;

/// A time in seconds and its value; `None` if it is missing.
pub(super) type Point = (i64, Option<f64>);

/// Samples of one metric in the order of the file.
#[derive(Debug)]
pub(super) struct Series {
    /// The recorded name of the metric.
    pub(super) name: String,
    /// The statistic of the samples.
    pub(super) statistic: Statistic,
    /// The dimension that splits the metric, such as `values of Instance`.
    pub(super) split: Option<String>,
    /// The value of that dimension; empty if the metric is not split.
    pub(super) member: String,
    pub(super) points: Vec<Point>,
}

/// A metric with at most one value for each time, in order of time.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) role: Role,
    /// The statistic of the points.
    pub(super) statistic: Statistic,
    pub(super) points: Vec<Point>,
    /// The other recorded statistics of a metric that is neither the load, the CPU, nor the count.
    pub(super) others: Vec<(Statistic, Vec<Point>)>,
    /// If it is split: the dimension, and the number of its values with a sample at each time.
    pub(super) split: Option<(String, Vec<(i64, u32)>)>,
}

impl Group {
    /// The points with a value.
    pub(super) fn known(&self) -> impl Iterator<Item = (i64, f64)> {
        known(&self.points)
    }

    /// The times of all points, in no particular order.
    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        let others = self.others.iter().flat_map(|(_, points)| points);
        self.points.iter().chain(others).map(|(at, _)| *at)
    }
}

/// The points with a value.
pub(super) fn known(points: &[Point]) -> impl Iterator<Item = (i64, f64)> {
    points
        .iter()
        .filter_map(|(at, value)| Some((*at, (*value)?)))
}

/// Combines the series of each metric, in the order of the first occurrence of the metrics.
///
/// # Errors
/// One sentence if there are too many.
pub(super) fn groups(series: Vec<Series>, notes: &mut Vec<Note>) -> anyhow::Result<Vec<Group>> {
    let mut by_metric: Vec<Vec<Series>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for one in series {
        match places.entry(name::key(&one.name)) {
            Entry::Occupied(place) => by_metric[*place.get()].push(one),
            Entry::Vacant(place) => {
                place.insert(by_metric.len());
                by_metric.push(vec![one]);
            }
        }
    }
    ensure!(
        by_metric.len() <= MOST_METRICS,
        "it contains {} metrics; at most {MOST_METRICS} are read",
        by_metric.len()
    );
    let mut disorder = Disorder::default();
    let groups = by_metric
        .into_iter()
        .filter_map(|series| group(series, &mut disorder, notes))
        .collect();
    disorder.tell(notes);
    Ok(groups)
}

/// The number of samples that are out of order. It is the maximum over the series, because the columns of a table
/// share their rows.
#[derive(Default)]
struct Disorder {
    early: usize,
    repeated: usize,
}

impl Disorder {
    fn tell(&self, notes: &mut Vec<Note>) {
        if self.early > 0 {
            let samples = things(self.early as u64, "sample");
            notes.push(Note::warning(format!(
                "Samples are not in the order of time: {samples} earlier than the one before. They were sorted."
            )));
        }
        if self.repeated > 0 {
            let samples = things(self.repeated as u64, "sample");
            notes.push(Note::warning(format!(
                "Times repeat ({samples}), as where files overlap or clocks go back: the last sample of a time is used."
            )));
        }
    }
}

fn group(series: Vec<Series>, disorder: &mut Disorder, notes: &mut Vec<Note>) -> Option<Group> {
    let name = series.first()?.name.clone();
    let role = Role::of(&name);
    let has_value = |statistic: &Statistic| {
        let mut of = series.iter().filter(|one| one.statistic == *statistic);
        of.any(|one| known(&one.points).next().is_some())
    };
    let best = STATISTICS.into_iter().find(has_value);
    let best = best.unwrap_or(Statistic::Average);
    let others: Vec<Statistic> = STATISTICS
        .into_iter()
        .filter(|other| *other != best && series.iter().any(|one| one.statistic == *other))
        .collect();
    if !others.is_empty() {
        let words: Vec<&str> = others.iter().map(|other| name::word(*other)).collect();
        let (best, words) = (name::word(best), words.join(" or "));
        notes.push(Note::assumed(match role {
            Role::Other => format!(
                "{name}: the {best} of each sample is used, or the {words} for rules of that statistic."
            ),
            _ => format!("{name}: the {best} of each sample is used, not the {words}."),
        }));
    } else if role == Role::Cpu && best != Statistic::Average {
        notes.push(Note::warning(format!(
            "{name} is recorded as the {}, not as the average that the load needs; download it with --aggregation Average.",
            name::word(best)
        )));
    }
    let (of_best, mut rest): (Vec<Series>, Vec<Series>) =
        series.into_iter().partition(|one| one.statistic == best);
    let (points, split, counts) = merged(of_best, best, disorder);
    let mut kept = Vec::new();
    if role == Role::Other {
        for other in others {
            let of_other = rest.extract_if(.., |one| one.statistic == other);
            let (points, _, _) = merged(of_other, other, disorder);
            if known(&points).next().is_some() {
                kept.push((other, points));
            }
        }
    }
    if let (Some(split), false) = (&split, role == Role::Cpu) {
        let mut how = vec![name::word_over(best)];
        for (other, _) in &kept {
            if !how.contains(&name::word_over(*other)) {
                how.push(name::word_over(*other));
            }
        }
        notes.push(Note::assumed(format!(
            "{name} is recorded for several {split}: the {} over them is used.",
            how.join(" or ")
        )));
    }
    Some(Group {
        name,
        role,
        statistic: best,
        points,
        others: kept,
        split: split.map(|split| (split, counts)),
    })
}

/// The points of series with the same statistic, the dimension that splits them, and the number of samples at each
/// time.
fn merged(
    series: impl IntoIterator<Item = Series>,
    statistic: Statistic,
    disorder: &mut Disorder,
) -> (Vec<Point>, Option<String>, Vec<(i64, u32)>) {
    let mut split = None;
    let mut members: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for one in series {
        split = split.or(one.split);
        members.entry(one.member).or_default().extend(one.points);
    }
    let members: Vec<Vec<Point>> = members
        .into_values()
        .map(|points| in_order(points, disorder))
        .collect();
    let (points, counts) = together(members, statistic, split.is_some());
    (points, split, counts)
}

/// Sorts points by time. Of several values for the same time, the last one is kept.
fn in_order(mut points: Vec<Point>, disorder: &mut Disorder) -> Vec<Point> {
    let early = points
        .windows(2)
        .filter(|pair| pair[1].0 < pair[0].0)
        .count();
    if early > 0 {
        points.sort_by_key(|(at, _)| *at);
    }
    let before = points.len();
    points.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 = later.1.or(kept.1);
        }
        same
    });
    disorder.early = disorder.early.max(early);
    disorder.repeated = disorder.repeated.max(before - points.len());
    points
}

/// One value for each time, and the number of series in it.
fn together(
    mut members: Vec<Vec<Point>>,
    statistic: Statistic,
    counted: bool,
) -> (Vec<Point>, Vec<(i64, u32)>) {
    if members.len() <= 1 && !counted {
        return (members.pop().unwrap_or_default(), Vec::new());
    }
    let mut all = members.concat();
    all.sort_by_key(|(at, _)| *at);
    let mut counts = Vec::new();
    let points = all
        .chunk_by(|one, other| one.0 == other.0)
        .map(|same| {
            let at = same[0].0;
            let values: Vec<f64> = same.iter().filter_map(|(_, value)| *value).collect();
            if values.is_empty() {
                return (at, None);
            }
            counts.push((at, u32::try_from(values.len()).unwrap_or(u32::MAX)));
            (at, Some(name::over(statistic, &values)))
        })
        .collect();
    (points, counts)
}

/// The usual distance between times that are in order; `None` for fewer than two.
pub(super) fn interval(times: impl Iterator<Item = i64>) -> Option<u64> {
    let times: Vec<i64> = times.collect();
    let mut apart: Vec<u64> = times
        .windows(2)
        .map(|pair| pair[0].abs_diff(pair[1]))
        .filter(|seconds| *seconds > 0)
        .collect();
    if apart.is_empty() {
        return None;
    }
    let middle = (apart.len() - 1) / 2;
    Some(*apart.select_nth_unstable(middle).1)
}
