//! The sections of the page below the verdict.

use std::fmt::Write as _;

use run_record::format::{count, part, percent, span, things, total};

use crate::markup::{Cell, escape, table};
use crate::page::Page;
use crate::timeline;

/// Rows of a table at most; the raw data has the rest.
const ROWS: usize = 200;
/// How data flows, drawn by hand.
const FLOW: &str = include_str!("flow.svg");

/// A part of the page with its heading.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// One sentence below the title.
    pub(crate) about: String,
    /// Markup; a section without any is left out.
    pub(crate) content: String,
    /// Whether the heading stands above the content instead of beside it.
    pub(crate) wide: bool,
}

/// All of them, in the page's order.
pub(crate) fn all(page: &Page<'_>, downloads: &str) -> Vec<Section> {
    let section = |id, title, about: &str, content| Section {
        id,
        title,
        about: about.to_owned(),
        content,
        wide: false,
    };
    vec![
        section(
            "expected",
            "Conditions",
            "What the run was asked to hold.",
            expectations(page),
        ),
        Section {
            wide: true,
            ..section(
                "timeline",
                "What happened",
                &timeline::about(page),
                timeline::content(page),
            )
        },
        section(
            "actions",
            "Scaling actions",
            "Every change of the number of instances, and why.",
            actions(page),
        ),
        section(
            "instances",
            "Instances",
            "Every process that served, and its share of the requests.",
            instances(page),
        ),
        section(
            "load",
            "The load",
            if page.run.simulated {
                "What the fleet was to carry, in percent of what one instance can do."
            } else {
                "What was sent, and what came back."
            },
            load(page),
        ),
        section(
            "rules",
            "The rules",
            "What the autoscaler was told to do.",
            rules(page),
        ),
        Section {
            wide: true,
            ..section(
                "flow",
                "How the data flows",
                "Where these figures come from.",
                flow(page),
            )
        },
        section("notes", "Notes", "What a reader should know.", notes(page)),
        section(
            "raw",
            "Raw data",
            "Everything on this page, for a spreadsheet or a program.",
            raw(page, downloads),
        ),
    ]
}

fn expectations(page: &Page<'_>) -> String {
    let expectations = &page.verdict.expectations;
    if expectations.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<Cell>> = expectations
        .iter()
        .map(|one| {
            let held = if one.held {
                "<span class=\"held\">held</span>"
            } else {
                "<span class=\"broken\">not held</span>"
            };
            vec![
                one.condition.as_str().into(),
                one.measured.as_str().into(),
                Cell::Markup(held.to_owned()),
            ]
        })
        .collect();
    table(
        "Conditions asked for",
        &["Condition", "Measured", "Outcome"],
        &rows,
    )
}

fn actions(page: &Page<'_>) -> String {
    let mut actions: Vec<_> = page.run.actions.iter().collect();
    actions.sort_by(|one, other| one.at.total_cmp(&other.at));
    if actions.is_empty() {
        return "<p>The number of instances was never changed.</p>\n".to_owned();
    }
    let rows: Vec<Vec<Cell>> = actions
        .iter()
        .take(ROWS)
        .map(|action| {
            let way = if action.to > action.from { "out" } else { "in" };
            let source = match action.source.as_str() {
                "lab" => "the lab's scaler",
                "simulation" => "the simulation",
                "azure" => "Azure Monitor",
                "seen" => "seen in the fleet",
                other => other,
            };
            vec![
                Cell::Number(page.analysis.clock.short_time(action.at)),
                Cell::Markup(format!(
                    "<span class=\"change {way}\">{} → {}</span>",
                    action.from, action.to
                )),
                action.reason.as_str().into(),
                source.into(),
            ]
        })
        .collect();
    let columns = ["At", "Instances", "Why", "Said by"];
    let table = table("Scaling actions", &columns, &rows);
    // On a phone, the reason goes below the rest.
    format!("<div class=\"stacked\">{table}</div>\n") + &more(actions.len())
}

fn more(all: usize) -> String {
    if all > ROWS {
        format!(
            "<p>And {} more, in the raw data.</p>\n",
            count((all - ROWS) as u64)
        )
    } else {
        String::new()
    }
}

fn instances(page: &Page<'_>) -> String {
    let run = page.run;
    if run.simulated {
        return String::new();
    }
    if page.order.is_empty() {
        return "<p>The target told of no instances.</p>\n".to_owned();
    }
    let answered = |id: &str| {
        let record = run.instances.iter().find(|instance| instance.id == id);
        run.per_instance
            .get(id)
            .copied()
            .or(record.map(|record| record.requests))
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
            let record = run.instances.iter().find(|instance| instance.id == *id);
            let share = part(answered(id), all);
            let colour = index % 8 + 1;
            let pid = match record.and_then(|record| record.pid) {
                Some(pid) => format!(" <small>process {pid}</small>"),
                None => String::new(),
            };
            vec![
                Cell::Markup(format!("<span class=\"whole\"><i class=\"dot i{colour}\"></i>{}</span>{pid}", escape(id))),
                when(record.map(|record| record.started)),
                when(record.and_then(|record| record.ready)),
                when(record.and_then(|record| record.ended)),
                Cell::Number(count(answered(id))),
                Cell::Markup(format!(
                    "<span class=\"meter\"><span class=\"i{colour}\" style=\"width:{share:.1}%\"></span></span><span class=\"whole\">{}</span>",
                    percent(share)
                )),
            ]
        })
        .collect();
    let columns = ["Instance", "Started", "Ready", "Ended", "Requests", "Share"];
    table("Instances", &columns, &rows) + &more(page.order.len())
}

fn load(page: &Page<'_>) -> String {
    let run = page.run;
    let requests = &run.requests;
    let mut html = String::new();
    if !run.plan.is_empty() {
        html.push_str("<ol class=\"plan\">");
        for step in &run.plan {
            let _ = write!(html, "<li>{}</li>", escape(step));
        }
        html.push_str("</ol>\n");
    }
    let numbers = |of: &std::collections::BTreeMap<String, u64>| -> Vec<Vec<Cell>> {
        of.iter()
            .map(|(kind, number)| {
                vec![
                    kind.as_str().into(),
                    Cell::Number(count(*number)),
                    Cell::Number(percent(part(*number, requests.sent))),
                ]
            })
            .collect()
    };
    if !requests.by_kind.is_empty() {
        html += &table(
            "Requests by kind",
            &["Kind", "Requests", "Share"],
            &numbers(&requests.by_kind),
        );
    }
    if !requests.errors.is_empty() {
        html += &table(
            "Failures by kind",
            &["Failure", "Requests", "Share"],
            &numbers(&requests.errors),
        );
    }
    html
}

fn rules(page: &Page<'_>) -> String {
    let mut html = String::new();
    if let Some((minimum, maximum)) = page.analysis.limits {
        let _ = writeln!(
            html,
            "<p>{minimum} to {}.</p>",
            things(maximum.into(), "instance")
        );
    }
    let rows: Vec<Vec<Cell>> = page
        .analysis
        .rules
        .iter()
        .flatten()
        .map(|rule| {
            let way = if rule.out { "more" } else { "fewer" };
            vec![
                Cell::Text(rule.condition()),
                Cell::Text(format!("{} {way}", rule.value.trim_matches('"'))),
                Cell::Text(format!("then none for {}", span(rule.cooldown))),
            ]
        })
        .collect();
    if rows.is_empty() {
        html.push_str("<p>The target names no rules.</p>\n");
    } else {
        html += &table("Rules in force", &["When", "Instances", "Cooldown"], &rows);
    }
    if !page.run.profile.is_null() {
        let text = serde_json::to_string_pretty(&page.run.profile).expect("JSON of string keys");
        let _ = writeln!(
            html,
            "<details><summary>The rule file, as Azure Resource Manager writes it</summary><pre><code>{}</code></pre></details>",
            escape(&text)
        );
    }
    html
}

fn flow(page: &Page<'_>) -> String {
    if page.run.simulated {
        return String::new();
    }
    format!(
        "<figure class=\"flow\" tabindex=\"0\" aria-label=\"How the data flows\">{FLOW}</figure>\n"
    )
}

fn notes(page: &Page<'_>) -> String {
    if page.run.notes.is_empty() {
        return String::new();
    }
    let items: String = page
        .run
        .notes
        .iter()
        .map(|note| format!("<li>{}</li>", escape(note)))
        .collect();
    format!("<ul class=\"notes\">{items}</ul>\n")
}

/// Links to the files beside the page, and what the page itself can give.
fn raw(page: &Page<'_>, downloads: &str) -> String {
    let beside = [
        (&page.beside.csv, "one row a second"),
        (&page.beside.json, "the whole record"),
    ];
    let links: Vec<String> = beside
        .into_iter()
        .filter_map(|(name, what)| {
            let name = name.as_deref()?;
            Some(format!(
                "<a href=\"{}\">{}</a> ({what})",
                escape(&link(name)),
                escape(name)
            ))
        })
        .collect();
    let mut html = String::new();
    if !links.is_empty() {
        let _ = writeln!(html, "<p>Beside this page: {}.</p>", links.join(", "));
    }
    html.push_str(downloads);
    html
}

/// A file's name as a relative link: nothing in it may look like a scheme, a query or an escape.
fn link(name: &str) -> String {
    let mut link = String::from("./");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                link.push(char::from(byte));
            }
            byte => {
                let _ = write!(link, "%{byte:02X}");
            }
        }
    }
    link
}
