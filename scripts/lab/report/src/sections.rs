//! The sections of the page below the verdict.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use run_record::Run;
use run_record::format::{count, part, percent, span, things, total};

use crate::markup::{Cell, ROWS, more, table};
use crate::moment::Moments;
use crate::noticed;
use crate::page::Page;
use crate::rules::{limits, rules as rules_of_run};
use crate::timeline;
use crate::{bands, bought};

/// How data flows, drawn by hand.
const FLOW: &str = include_str!("flow.svg");

/// All sections, in the page's order; one without content is left out.
pub(crate) fn all(page: &Page<'_>) -> Markup {
    let load_about = if page.run.simulated {
        "The load on the fleet, in percent of what one instance can handle."
    } else {
        "The requests and their responses."
    };
    html! {
        (section("bought", true, "What autoscaling bought", "The same load on fleets of a fixed size.", bought::content(page)))
        (section("expected", false, "Conditions", "The conditions that the run had to meet.", expectations(page)))
        (section("timeline", true, "What happened", &timeline::about(page), timeline::content(page)))
        (section("actions", false, "Scaling actions", "Each change of the number of instances, and the reason.", actions(page)))
        (section("instances", false, "Instances", "Each process and its share of the requests.", instances(page)))
        (section("load", false, "The load", load_about, load(page)))
        (section("rules", false, "The rules", "The autoscale rules of this run.", rules(page)))
        (section("findings", false, "Findings", "Parts of the rule file that are assumed, ignored, or not simulated.", noticed::findings(page)))
        (section("load-notes", false, "About the load", "How the load was read from the file.", noticed::load_notes(page)))
        (section("flow", true, "How the data flows", "Where this data comes from.", flow(page)))
        (section("notes", false, "Notes", "What to know when you read the numbers.", notes(page)))
        (section("raw", false, "Raw data", "The data of this page, for a spreadsheet or a program.", raw(page)))
    }
}

/// A section with its heading beside the content, or above it where it is `wide`.
fn section(id: &str, wide: bool, title: &str, about: &str, content: Markup) -> Markup {
    if content.0.is_empty() {
        return content;
    }
    html! {
        section #(id) class=[wide.then_some("wide")] aria-labelledby={ (id) "-title" } {
            div.side { h2 id={ (id) "-title" } { (title) } p { (about) } }
            div.content { (content) }
        }
    }
}

fn expectations(page: &Page<'_>) -> Markup {
    let expectations = &page.verdict.expectations;
    if expectations.is_empty() {
        return Markup::default();
    }
    let rows: Vec<Vec<Cell>> = expectations
        .iter()
        .map(|one| {
            let outcome = if one.held {
                html! { span.held { "met" } }
            } else {
                html! { span.broken { "not met" } }
            };
            vec![
                one.condition.as_str().into(),
                one.measured.as_str().into(),
                Cell::Markup(outcome),
            ]
        })
        .collect();
    table("Conditions", &["Condition", "Measured", "Outcome"], &rows)
}

fn actions(page: &Page<'_>) -> Markup {
    html! {
        @for (run, name) in page.runs() {
            @let caption = name.map_or("Scaling actions".to_owned(), |name| format!("Scaling actions: {name}"));
            (actions_of(run, &caption, name.is_some()))
        }
    }
}

/// The table of actions; folded where the run is long, or where there is another one.
fn actions_of(run: &Run, caption: &str, named: bool) -> Markup {
    let moments = Moments::of(run);
    let mut actions: Vec<_> = run.actions.iter().collect();
    actions.sort_by(|one, other| one.at.total_cmp(&other.at));
    if actions.is_empty() {
        return html! {
            p { @if named { (caption) ": none. " } "The number of instances did not change." }
        };
    }
    let rows: Vec<Vec<Cell>> = actions
        .iter()
        .take(ROWS)
        .map(|action| {
            let way = if action.to > action.from { "out" } else { "in" };
            let source = match action.source.as_str() {
                // "lab" in records of earlier versions.
                "autoscaler" | "lab" => "local autoscaler",
                "app" => "app",
                "events" => "event-driven scaling",
                "simulation" => "simulation",
                "azure" => "Azure Monitor",
                "seen" => "observed",
                other => other,
            };
            vec![
                Cell::Number(moments.at(action.at)),
                Cell::Markup(html! { span.change.(way) { (action.from) " → " (action.to) } }),
                action.reason.as_str().into(),
                source.into(),
            ]
        })
        .collect();
    let columns = ["Time", "Instances", "Reason", "Source"];
    let content = html! {
        // On a phone, the reason goes below the rest.
        div.stacked { (table(caption, &columns, &rows)) }
        (more(actions.len()))
    };
    if !named && !moments.is_long {
        return content;
    }
    html! {
        details open[!moments.is_long] {
            summary { (caption) " (" (things(actions.len() as u64, "row")) ")" }
            div { (content) }
        }
    }
}

fn instances(page: &Page<'_>) -> Markup {
    let run = page.run;
    if run.simulated {
        return Markup::default();
    }
    if page.order.is_empty() {
        return html! { p { "The target did not list any instances." } };
    }
    let record = |id: &str| run.instances.iter().find(|instance| instance.id == id);
    let answered = |id: &str| {
        let counted = run.per_instance.get(id).copied();
        counted
            .or(record(id).map(|record| record.requests))
            .unwrap_or(0)
    };
    let all = total(page.order.iter().map(|id| answered(id)));
    let when = |at: Option<f64>| Cell::Number(at.map_or("–".to_owned(), span));
    let rows: Vec<Vec<Cell>> = page
        .order
        .iter()
        .enumerate()
        .take(ROWS)
        .map(|(index, id)| {
            let record = record(id);
            let share = part(answered(id), all);
            let colour = format!("i{}", index % 10 + 1);
            vec![
                Cell::Markup(html! {
                    span.whole { i.dot.(colour) {} (id) }
                    @if let Some(pid) = record.and_then(|record| record.pid) { " " small { "process " (pid) } }
                }),
                when(record.map(|record| record.started)),
                when(record.and_then(|record| record.ready)),
                when(record.and_then(|record| record.ended)),
                Cell::Number(count(answered(id))),
                Cell::Markup(html! {
                    span.meter { span.(colour) style=(format!("width:{share:.1}%")) {} }
                    span.whole { (percent(share)) }
                }),
            ]
        })
        .collect();
    let columns = ["Instance", "Started", "Ready", "Ended", "Requests", "Share"];
    html! { (table("Instances", &columns, &rows)) (more(page.order.len())) }
}

fn load(page: &Page<'_>) -> Markup {
    let run = page.run;
    let requests = &run.requests;
    let kinds = |caption, kind, numbers: &BTreeMap<String, u64>| {
        if numbers.is_empty() {
            return Markup::default();
        }
        let row = |(kind, number): (&String, &u64)| {
            let share = percent(part(*number, requests.sent));
            vec![
                kind.as_str().into(),
                Cell::Number(count(*number)),
                Cell::Number(share),
            ]
        };
        let rows: Vec<Vec<Cell>> = numbers.iter().map(row).collect();
        table(caption, &[kind, "Requests", "Share"], &rows)
    };
    html! {
        @if !run.plan.is_empty() { ol.plan { @for step in &run.plan { li { (step) } } } }
        (kinds("Requests by kind", "Kind", &requests.by_kind))
        (kinds("Responses by status", "Status", &requests.statuses))
        (kinds("Failures by kind", "Failure", &requests.errors))
    }
}

fn rules(page: &Page<'_>) -> Markup {
    html! {
        @for (run, name) in page.runs() { @if let Some(name) = name { h3 { (name) } } (rules_of(run)) }
    }
}

fn rules_of(run: &Run) -> Markup {
    let rules = rules_of_run(run);
    let rows: Vec<Vec<Cell>> = rules
        .iter()
        .flatten()
        .map(|rule| {
            vec![
                Cell::Text(rule.condition()),
                Cell::Text(rule.action()),
                Cell::Text(format!("{} after any action", span(rule.cooldown))),
            ]
        })
        .collect();
    let profile = &run.profile;
    let simulation = run.simulation.as_ref();
    let profiles = simulation.map_or(1, |simulation| simulation.profiles.len());
    html! {
        @if profiles <= 1 && let Some((minimum, maximum)) = limits(run) {
            p { (minimum) " to " (things(maximum.into(), "instance")) "." }
        }
        @if profiles > 1 {
            (bands::calendar(run))
        } @else if rows.is_empty() {
            p { "The target does not report any rules." }
        } @else {
            (table("Active rules", &["Condition", "Action", "Cooldown"], &rows))
        }
        @if !profile.is_null() {
            details {
                summary { "The rule file in Azure Resource Manager format" }
                pre tabindex="0" aria-label="The rule file" { code { (format!("{profile:#}")) } }
            }
        }
    }
}

fn flow(page: &Page<'_>) -> Markup {
    // The figure is of Elastic Visits; classes of statuses are counted of other apps only.
    let is_of_visits = page.run.requests.statuses.is_empty();
    html! {
        @if !page.run.simulated && is_of_visits {
            figure.flow tabindex="0" aria-label="How the data flows" { (PreEscaped(FLOW)) }
        }
    }
}

fn notes(page: &Page<'_>) -> Markup {
    html! {
        @if !page.run.notes.is_empty() { ul.notes { @for note in &page.run.notes { li { (note) } } } }
    }
}

/// Links to the files beside the page, and a place for the script's downloads.
fn raw(page: &Page<'_>) -> Markup {
    let csv = page.beside.csv.iter().zip(["one row a second"]);
    let json = page.beside.json.iter().zip(["the whole record"]);
    let files: Vec<(&String, &str)> = csv.chain(json).collect();
    html! {
        @if !files.is_empty() {
            p {
                "In the same folder: "
                @for (index, (name, what)) in files.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href=(link(name)) { (name) } " (" (what) ")"
                }
                "."
            }
        }
        div #downloads {}
        p.remark { "This page is one file and loads nothing else. You can save it, send it, and open it offline." }
    }
}

/// A file's name as a relative link: nothing in it may look like a scheme, a query or an escape.
fn link(name: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    format!("./{}", utf8_percent_encode(name, ESCAPED))
}
