//! Bands under the charts of a simulation: which profile applied, and why nothing changed.
//!
//! They are plain HTML, so that they are there without a script. The charts' script narrows them when a chart is zoomed
//! into, by two variables of the style.

use std::collections::BTreeMap;

use maud::{Markup, html};
use run_record::format::{span, things};
use run_record::simulation::{SimulationRecord, StandstillRecord};
use run_record::{Run, format::list};

use crate::markup::{Cell, ROWS, more, table};
use crate::moment::Moments;
use crate::page::Page;
use crate::rules;

/// Spans that are drawn at most, and the part of the width from which one can be seen.
const DRAWN: usize = 1_000;
const VISIBLE: f64 = 0.000_7;
/// A span so wide, as a part of the whole, has its words in it.
const WIDE: f64 = 0.09;

/// A span as it is drawn.
struct Drawn {
    from: f64,
    to: f64,
    class: String,
    label: String,
    title: String,
}

/// The bands of one or two rule files; nothing for a real run.
pub(crate) fn bands(page: &Page<'_>) -> Markup {
    let run = page.run;
    let moments = Moments::of(run);
    let end = run.seconds;
    let runs = page.runs().into_iter();
    let all: Vec<(&SimulationRecord, Option<&str>)> = runs
        .filter_map(|(run, name)| Some((run.simulation.as_ref()?, name)))
        .collect();
    html! {
        @for (record, name) in &all {
            @if record.profiles.len() > 1 {
                (band(&titled("Profile", *name), &profiles(record, &moments), end, &profile_words(record)))
                ul.causes {
                    @for (index, profile) in record.profiles.iter().enumerate() {
                        li { i.profile.(format!("p{}", index % 4)) {} (profile.name) }
                    }
                }
            }
        }
        @for (record, name) in &all {
            (band(&titled("Why nothing changed", *name), &stills(record, &moments), end, &totals_in_words(record)))
        }
        @if all.iter().any(|(record, _)| !record.stood_still.is_empty()) {
            (legend(&all))
        }
        @for (record, name) in &all { (still_table(record, *name, &moments)) }
    }
}

fn titled(title: &str, name: Option<&str>) -> String {
    name.map_or(title.to_owned(), |name| format!("{title}: {name}"))
}

fn band(title: &str, spans: &[Drawn], end: f64, words: &str) -> Markup {
    let part = |at: f64| {
        if end > 0.0 {
            (at / end).clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    html! {
        figure.band {
            figcaption { (title) @if spans.is_empty() { ": " span { (words) } } }
            @if !spans.is_empty() {
                div.track role="img" aria-label={ (title) ": " (words) } {
                    @for span in spans {
                        @let (from, size) = (part(span.from), part(span.to) - part(span.from));
                        i.(span.class) title=(span.title) style=(format!("--at:{from:.5};--size:{size:.5}")) {
                            @if size >= WIDE { (span.label) }
                        }
                    }
                }
            }
        }
    }
}

/// The reasons as spans; those too short to be seen apart are drawn as one.
fn stills(record: &SimulationRecord, moments: &Moments<'_>) -> Vec<Drawn> {
    let whole = record.stood_still.last().map_or(0.0, |last| last.to);
    let mut drawn: Vec<Drawn> = Vec::new();
    for still in &record.stood_still {
        let known = class(&still.cause);
        if let Some(last) = drawn.last_mut()
            && last.class == known
            && still.from - last.to < whole * VISIBLE
            && still.to - still.from < whole * VISIBLE
        {
            last.to = still.to;
            continue;
        }
        if drawn.len() == DRAWN {
            break;
        }
        drawn.push(Drawn {
            from: still.from,
            to: still.to,
            class: known.to_owned(),
            label: words(&still.cause).to_owned(),
            title: format!(
                "{} to {} ({}): {}",
                moments.dated(still.from),
                moments.dated(still.to),
                moments.length(still.from, still.to),
                still.reason
            ),
        });
    }
    drawn
}

fn profiles(record: &SimulationRecord, moments: &Moments<'_>) -> Vec<Drawn> {
    let applied = record.applied.iter().take(DRAWN);
    applied
        .map(|span| {
            let name = profile_name(record, span.profile);
            let class = span
                .profile
                .map_or("none".to_owned(), |index| format!("profile p{}", index % 4));
            Drawn {
                from: span.from,
                to: span.to,
                class,
                title: format!(
                    "{} to {}: {name}",
                    moments.dated(span.from),
                    moments.dated(span.to)
                ),
                label: name,
            }
        })
        .collect()
}

/// The profile's name; what there is to say where none applied.
fn profile_name(record: &SimulationRecord, index: Option<usize>) -> String {
    let profile = index.and_then(|index| record.profiles.get(index));
    profile.map_or("no profile applies".to_owned(), |profile| {
        profile.name.clone()
    })
}

fn profile_words(record: &SimulationRecord) -> String {
    let mut seconds: BTreeMap<String, f64> = BTreeMap::new();
    for applied in &record.applied {
        *seconds
            .entry(profile_name(record, applied.profile))
            .or_default() += applied.to - applied.from;
    }
    let words = seconds
        .into_iter()
        .map(|(name, seconds)| format!("{name} for {}", span(seconds)));
    list(&words.collect::<Vec<_>>())
}

/// How long each cause held, and in how many spans; the longest first.
fn totals(record: &SimulationRecord) -> Vec<(&str, f64, u64)> {
    let mut totals: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
    for still in &record.stood_still {
        let total = totals.entry(words(&still.cause)).or_default();
        total.0 += (still.to - still.from).max(0.0);
        total.1 += 1;
    }
    let mut totals: Vec<_> = totals
        .into_iter()
        .map(|(cause, (seconds, spans))| (cause, seconds, spans))
        .collect();
    totals.sort_by(|one, other| other.1.total_cmp(&one.1));
    totals
}

fn totals_in_words(record: &SimulationRecord) -> String {
    let totals = totals(record);
    if totals.is_empty() {
        return "nothing prevented a change".to_owned();
    }
    let words = totals.into_iter().map(|(cause, seconds, spans)| {
        format!(
            "{cause} for {} in {}",
            span(seconds),
            things(spans, "period")
        )
    });
    list(&words.collect::<Vec<_>>())
}

fn legend(all: &[(&SimulationRecord, Option<&str>)]) -> Markup {
    let present: BTreeMap<&str, &str> = all
        .iter()
        .flat_map(|(record, _)| &record.stood_still)
        .map(|still| (class(&still.cause), words(&still.cause)))
        .collect();
    html! {
        ul.causes {
            @for (class, words) in present { li { i.(class) {} (words) } }
            li { "empty: no rule fired, or the number of instances changed" }
        }
    }
}

fn still_table(record: &SimulationRecord, name: Option<&str>, moments: &Moments<'_>) -> Markup {
    let spans = &record.stood_still;
    if spans.is_empty() {
        return Markup::default();
    }
    let row = |still: &StandstillRecord| {
        vec![
            Cell::Number(moments.at(still.from)),
            Cell::Number(moments.length(still.from, still.to)),
            Cell::Number(still.count.to_string()),
            words(&still.cause).into(),
            still.reason.as_str().into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = spans.iter().take(ROWS).map(row).collect();
    let title = titled("Why nothing changed", name);
    let columns = ["Time", "Duration", "Instances", "Cause", "Details"];
    html! {
        details {
            summary { (title) " (" (things(spans.len() as u64, "period")) ")" }
            div {
                p.remark { "Total: " (totals_in_words(record)) "." }
                (table(&title, &columns, &rows))
                (more(spans.len()))
            }
        }
    }
}

/// Which profile applied when, and the limits and rules of each.
pub(crate) fn calendar(run: &Run) -> Markup {
    let Some(record) = run.simulation.as_ref() else {
        return Markup::default();
    };
    let moments = Moments::of(run);
    let rows: Vec<Vec<Cell>> = record
        .profiles
        .iter()
        .map(|profile| {
            let limits = rules::limits_of(&profile.capacity);
            let limits = limits.map(|(least, most)| format!("{least} to {most}"));
            let rules = rules::rules_of(&profile.rules);
            let rules = rules
                .iter()
                .map(|rule| format!("{}: {}", rule.condition(), rule.action()));
            let rules = rules.reduce(|before, rule| format!("{before}; {rule}"));
            vec![
                profile.name.as_str().into(),
                profile.when.as_str().into(),
                Cell::Text(limits.unwrap_or("–".to_owned())),
                Cell::Text(rules.unwrap_or("none".to_owned())),
            ]
        })
        .collect();
    let spans: Vec<Vec<Cell>> = record
        .applied
        .iter()
        .take(ROWS)
        .map(|span| {
            vec![
                Cell::Number(moments.dated(span.from)),
                Cell::Number(moments.length(span.from, span.to)),
                Cell::Text(profile_name(record, span.profile)),
            ]
        })
        .collect();
    html! {
        (table("Profiles", &["Profile", "When", "Instances", "Rules"], &rows))
        details open[spans.len() <= 10] {
            summary { "Active profiles over time (" (things(record.applied.len() as u64, "period")) ")" }
            div {
                @if !record.clock.is_empty() { p.remark { "Times are in " (record.time_zone) "." } }
                (table("Active profiles over time", &["Time", "Duration", "Profile"], &spans))
                (more(record.applied.len()))
            }
        }
    }
}

/// Causes, each in plain words and with the class of its colour and pattern.
const CAUSES: [(&str, &str, &str); 8] = [
    ("cooldown", "cooldown", "cooldown"),
    ("maximum", "at the maximum", "maximum"),
    ("minimum", "at the minimum", "minimum"),
    (
        "count_reached",
        "already the count that the rule sets",
        "other",
    ),
    ("flapping", "scale-in would cause flapping", "flapping"),
    ("held_back", "another scale-in rule is not met", "held-back"),
    ("metric_missing", "no metric", "missing"),
    ("no_profile", "no profile applies", "none"),
];

/// A cause in plain words.
fn words(cause: &str) -> &str {
    let known = CAUSES.iter().find(|(name, ..)| *name == cause);
    known.map_or(cause, |(_, words, _)| words)
}

/// The class of its colour and pattern.
fn class(cause: &str) -> &'static str {
    let known = CAUSES.iter().find(|(name, ..)| *name == cause);
    known.map_or("other", |(_, _, class)| class)
}
