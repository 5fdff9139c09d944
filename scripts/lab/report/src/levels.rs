//! The horizontal lines of the charts: the thresholds of the rules and the limits of the count.
//!
//! A simulation may follow a calendar: a line is then drawn only while its profile applies.

use run_record::Run;
use serde::Serialize;

use crate::page::Page;
use crate::rules::{self, Rule};

/// A horizontal line.
#[derive(Serialize)]
pub(crate) struct Level {
    value: f64,
    /// Whether it belongs to scaling out.
    out: bool,
    label: String,
    /// When it holds, each from and to in seconds; null: always.
    spans: Option<Vec<[f64; 2]>>,
}

/// The thresholds of the rules that look at CPU.
pub(crate) fn thresholds(page: &Page<'_>) -> Vec<Level> {
    if page.run.simulation.is_none() {
        let rules = page.analysis.rules.iter().flatten();
        return rules.filter(|rule| rule.is_cpu()).map(threshold).collect();
    }
    of_both(page, |run| {
        profiles(run, |profile| {
            let rules = rules::rules_of(&profile.rules);
            let rules = rules.iter().filter(|rule| rule.is_cpu());
            rules.map(threshold).collect()
        })
    })
}

/// The limits of a simulation.
pub(crate) fn limits(page: &Page<'_>) -> Vec<Level> {
    of_both(page, |run| {
        profiles(run, |profile| {
            let limits = rules::limits_of(&profile.capacity);
            let level = |(minimum, maximum): (u32, u32)| {
                [(minimum, "minimum", false), (maximum, "maximum", true)].map(
                    |(value, name, out)| Level {
                        value: f64::from(value),
                        out,
                        label: format!("{name} {value}"),
                        spans: None,
                    },
                )
            };
            limits.map(level).into_iter().flatten().collect()
        })
    })
}

fn threshold(rule: &Rule) -> Level {
    let way = if rule.out { "out" } else { "in" };
    Level {
        value: rule.threshold,
        out: rule.out,
        label: format!("{way} {}", rule.comparison()),
        spans: None,
    }
}

/// The levels of each profile, while it applies; a level of several profiles once.
fn profiles(
    run: &Run,
    levels: impl Fn(&run_record::simulation::ProfileRecord) -> Vec<Level>,
) -> Vec<Level> {
    let Some(record) = &run.simulation else {
        return Vec::new();
    };
    let mut merged: Vec<Level> = Vec::new();
    for (index, profile) in record.profiles.iter().enumerate() {
        let applied = record.applied.iter();
        let applied = applied.filter(|span| span.profile == Some(index));
        let spans: Vec<[f64; 2]> = applied.map(|span| [span.from, span.to]).collect();
        if spans.is_empty() {
            continue;
        }
        for level in levels(profile) {
            match merged.iter_mut().find(|known| known.label == level.label) {
                Some(known) => known.spans.get_or_insert_default().extend(&spans),
                None => merged.push(Level {
                    spans: Some(spans.clone()),
                    ..level
                }),
            }
        }
    }
    for level in &mut merged {
        level.spans = level
            .spans
            .take()
            .and_then(|spans| joined(spans, run.seconds));
    }
    merged
}

/// Spans that touch as one; `None` where that is the whole run.
fn joined(mut spans: Vec<[f64; 2]>, end: f64) -> Option<Vec<[f64; 2]>> {
    spans.sort_by(|one, other| one[0].total_cmp(&other[0]));
    let mut joined: Vec<[f64; 2]> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if last[1] >= span[0] => last[1] = last[1].max(span[1]),
            _ => joined.push(span),
        }
    }
    let whole = matches!(joined.as_slice(), [[from, to]] if *from <= 0.0 && *to >= end);
    (!whole).then_some(joined)
}

/// The levels of one or two rule files; one that belongs to only one of two files names it.
fn of_both(page: &Page<'_>, levels: impl Fn(&Run) -> Vec<Level>) -> Vec<Level> {
    let Some(pair) = &page.pair else {
        return levels(page.run);
    };
    let [mut first, mut other] = pair.runs.map(levels);
    let same = |one: &Level, two: &Level| one.label == two.label && one.spans == two.spans;
    let shared: Vec<Level> = first
        .extract_if(.., |level| other.iter().any(|two| same(level, two)))
        .collect();
    other.retain(|level| !shared.iter().any(|one| same(one, level)));
    let named = |level: Level, name: &str| Level {
        label: format!("{} · {name}", level.label),
        ..level
    };
    let first = first.into_iter().map(|level| named(level, &pair.names[0]));
    let other = other.into_iter().map(|level| named(level, &pair.names[1]));
    shared.into_iter().chain(first).chain(other).collect()
}
