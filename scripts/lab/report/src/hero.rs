//! The top of the page: the verdict and the numbers.

use std::fmt::Write as _;

use run_record::format::{count, decimal, latency, part, percent, span, things};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::judge;
use crate::markup::escape;
use crate::page::Page;

/// What the page says first: the run, the verdict, the number of instances over time.
pub(crate) fn hero(page: &Page<'_>) -> String {
    let run = page.run;
    let class = match page.verdict.autoscaling.as_str() {
        judge::WORKED => "good",
        judge::DID_NOT_WORK => "bad",
        _ => "open",
    };
    let mut facts = vec![escape(&run.title)];
    if !run.target.is_empty() {
        facts.push(escape(&run.target));
    }
    if !run.started.is_empty() {
        let started = utc(&run.started);
        facts.push(format!(
            "<time datetime=\"{}\">{}</time>",
            escape(&run.started),
            escape(&started)
        ));
    }
    facts.push(escape(&span(run.seconds)));
    if page.analysis.clock.is_scaled() {
        facts.push(format!(
            "one Azure minute in {}",
            escape(&span(60.0 / page.analysis.clock.scale()))
        ));
    }
    let mut html = format!(
        "<header class=\"hero {class}\"><div class=\"inner\">\n<p class=\"brand\">{MARK}Elastic Visits</p>\n\
         <p class=\"facts\">{}</p>\n<h1>{}</h1>\n",
        facts
            .iter()
            .map(|fact| format!("<span>{fact}</span>"))
            .collect::<String>(),
        escape(page.headline())
    );
    html.push_str(&stairs(page));
    if !page.verdict.reasons.is_empty() {
        html.push_str("<ul class=\"reasons\">\n");
        for reason in &page.verdict.reasons {
            let _ = writeln!(html, "<li>{}</li>", escape(reason));
        }
        html.push_str("</ul>\n");
    }
    html.push_str("</div></header>\n");
    html
}

/// The number of instances over time as steps, as wide as they lasted.
fn stairs(page: &Page<'_>) -> String {
    let mut steps: Vec<(u32, f64)> = Vec::new();
    for sample in &page.run.samples {
        if steps.last().is_none_or(|last| last.0 != sample.ready) {
            steps.push((sample.ready, sample.at));
        }
    }
    // More than these are a matter for the chart.
    if steps.is_empty() || steps.len() > 16 {
        return String::new();
    }
    let end = page
        .run
        .samples
        .last()
        .map_or(page.run.seconds, |sample| sample.at.max(page.run.seconds));
    let highest = steps.iter().map(|step| step.0).max().unwrap_or(1).max(1);
    let names: Vec<String> = steps.iter().map(|step| step.0.to_string()).collect();
    let flat = if steps.len() == 1 { " flat" } else { "" };
    let mut html = format!(
        "<div class=\"stairs{flat}\" role=\"img\" aria-label=\"Instances that served, one after another: {}\">",
        names.join(", ")
    );
    for (index, (ready, at)) in steps.iter().enumerate() {
        let until = steps.get(index + 1).map_or(end, |next| next.1);
        let _ = write!(
            html,
            "<div class=\"stair\" style=\"flex-grow:{:.3}\"><div class=\"bar-space\"><div class=\"bar\" style=\"height:{:.1}%\">\
             <b>{ready}</b></div></div><span class=\"when\">{}</span></div>",
            (until - at).max(0.001),
            f64::from(*ready) * 100.0 / f64::from(highest),
            escape(&span(at.max(0.0))),
        );
    }
    html.push_str("</div>\n");
    html
}

/// What became of the requests.
fn requests(page: &Page<'_>) -> Vec<(&'static str, String, String)> {
    let requests = &page.run.requests;
    let busiest = page
        .run
        .load
        .iter()
        .map(|second| second.sent)
        .max()
        .unwrap_or(0);
    let mut figures = vec![
        (
            "Requests",
            count(requests.sent),
            format!("at most {} in a second", count(busiest)),
        ),
        (
            "Answered as wanted",
            percent(part(requests.ok, requests.sent)),
            count(requests.ok),
        ),
        (
            "Failed",
            count(requests.failed),
            percent(part(requests.failed, requests.sent)),
        ),
    ];
    if requests.busy > 0 {
        figures.push((
            "Busy",
            count(requests.busy),
            "stress runs refused because one was under way".to_owned(),
        ));
    }
    let ms = requests.latency_ms;
    figures.push(("p50", latency(ms.p50), "half took no longer".to_owned()));
    figures.push((
        "p95",
        latency(ms.p95),
        "one in twenty took longer".to_owned(),
    ));
    figures.push((
        "p99",
        latency(ms.p99),
        format!("the longest took {}", latency(ms.max)),
    ));
    figures
}

/// The numbers of the run, side by side.
pub(crate) fn figures(page: &Page<'_>) -> String {
    let mut figures = if page.run.simulated {
        Vec::new()
    } else {
        requests(page)
    };
    if let Some(counts) = page.analysis.counts {
        let ends = format!("{} at first, {} at the end", counts.first, counts.last);
        figures.push(("Instances at most", counts.highest.to_string(), ends));
    }
    let actions = page.analysis.actions.len() as u64;
    figures.push(("Scaling actions", actions.to_string(), action_times(page)));
    // A simulation knows the moments exactly, and says them itpage.
    if let Some(seconds) = page.analysis.time_to_capacity()
        && !page.run.simulated
    {
        let clock = page.analysis.clock;
        let azure = format!("{} Azure minutes, ", decimal(clock.minutes(seconds)));
        let azure = if clock.is_scaled() {
            azure
        } else {
            String::new()
        };
        let note = format!("{azure}from CPU over the threshold until one more served");
        figures.push(("Time to capacity", span(seconds), note));
    }
    let mut html = "<dl class=\"figures\">\n".to_owned();
    for (name, value, note) in figures {
        let _ = writeln!(
            html,
            "<div><dt>{name}</dt><dd>{}</dd><dd class=\"note\">{}</dd></div>",
            escape(&value),
            escape(&note)
        );
    }
    html.push_str("</dl>\n");
    html
}

fn action_times(page: &Page<'_>) -> String {
    let actions = &page.analysis.actions;
    let shown = actions
        .iter()
        .take(6)
        .map(|action| format!("{}→{} at {}", action.from, action.to, span(action.at)));
    let mut text: Vec<String> = shown.collect();
    if actions.len() > 6 {
        text.push(format!(
            "and {}",
            things(actions.len() as u64 - 6, "more").trim_end_matches('s')
        ));
    }
    text.join(", ")
}

/// `2026-11-24 20:00:00 UTC`; as it stands where it is no such time.
fn utc(text: &str) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let time = OffsetDateTime::parse(text, &Rfc3339).ok();
    time.and_then(|time| time.to_offset(UtcOffset::UTC).format(form).ok())
        .unwrap_or_else(|| text.to_owned())
}

/// Three steps up.
const MARK: &str = "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><rect x=\"2\" y=\"15\" width=\"5\" height=\"7\" rx=\"1\"/>\
    <rect x=\"9.5\" y=\"9\" width=\"5\" height=\"13\" rx=\"1\"/><rect x=\"17\" y=\"2\" width=\"5\" height=\"20\" rx=\"1\"/></svg>";
