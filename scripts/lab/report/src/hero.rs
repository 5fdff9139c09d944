//! The top of the page: the verdict and the numbers.

use maud::{Markup, PreEscaped, html};
use run_record::format::{count, decimal, latency, part, percent, span};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::judge;
use crate::moment::Moments;
use crate::page::Page;
use crate::{bought, compared};

/// More steps than these are a matter for the chart.
const STEPS: usize = 16;
/// Actions whose times are listed.
const ACTIONS: usize = 6;

/// What the page says first: the run, the verdict, the number of instances over time.
pub(crate) fn hero(page: &Page<'_>) -> Markup {
    let run = page.run;
    let class = match page.verdict.autoscaling.as_str() {
        judge::WORKED => "good",
        judge::DID_NOT_WORK => "bad",
        _ => "open",
    };
    let clock = page.analysis.clock;
    html! {
        header.hero.(class) { div.inner {
            div.top {
                p.brand { (PreEscaped(MARK)) "Elastic Visits" }
                // For the script: the language, and saving the page.
                div #tools {}
            }
            p.facts {
                span { (run.title) }
                @match &page.pair {
                    Some(pair) => span { (pair.names[0]) " and " (pair.names[1]) },
                    None => @if !run.target.is_empty() { span { (run.target) } },
                }
                @if !run.started.is_empty() {
                    span { time datetime=(run.started) { (utc(&run.started)) } }
                }
                span { (span(run.seconds)) }
                @if clock.is_scaled() { span { "one Azure minute lasts " (span(60.0 / clock.scale())) } }
            }
            h1 class=[page.pair.as_ref().map(|_| "pairing")] { (page.headline()) } "\n"
            @if let Some(pair) = &page.pair {
                (compared::reasons(&page.verdict, pair))
            } @else {
                (stairs(page))
                @if !page.verdict.reasons.is_empty() {
                    ul.reasons { @for reason in &page.verdict.reasons { li { (reason) } } }
                }
            }
        } }
    }
}

/// The number of instances over time as steps, as wide as they lasted.
fn stairs(page: &Page<'_>) -> Markup {
    let samples = &page.run.samples;
    let mut steps: Vec<(u32, f64)> = samples
        .iter()
        .map(|sample| (sample.ready, sample.at))
        .collect();
    steps.dedup_by_key(|step| step.0);
    if steps.is_empty() || steps.len() > STEPS {
        return Markup::default();
    }
    let end = samples
        .last()
        .map_or(0.0, |sample| sample.at)
        .max(page.run.seconds);
    let highest = steps.iter().map(|step| step.0).max().unwrap_or(1).max(1);
    let names: Vec<String> = steps.iter().map(|step| step.0.to_string()).collect();
    html! {
        div.stairs.flat[steps.len() == 1] role="img" aria-label={ "Ready instances over time: " (names.join(", ")) } {
            @for (index, (ready, at)) in steps.iter().enumerate() {
                @let until = steps.get(index + 1).map_or(end, |next| next.1);
                @let height = f64::from(*ready) * 100.0 / f64::from(highest);
                div.stair style=(format!("flex-grow:{:.3}", (until - at).max(0.001))) {
                    div.bar-space { div.bar style=(format!("height:{height:.1}%")) { b { (ready) } } }
                    @let when = span(at.max(0.0));
                    span.when.long[when.len() > 6] { (when) }
                }
            }
        }
    }
}

/// A number of the run: its name, its value and a note.
type Figure = (&'static str, String, String);

/// What became of the requests.
fn requests(page: &Page<'_>) -> Vec<Figure> {
    let requests = &page.run.requests;
    let share = |number| percent(part(number, requests.sent));
    let busiest = page
        .run
        .load
        .iter()
        .map(|second| second.sent)
        .max()
        .unwrap_or(0);
    let ms = requests.latency_ms;
    let mut figures = vec![
        (
            "Requests",
            count(requests.sent),
            format!("at most {} per second", count(busiest)),
        ),
        ("Successful", share(requests.ok), count(requests.ok)),
        ("Failed", count(requests.failed), share(requests.failed)),
        (
            "Busy",
            count(requests.busy),
            "CPU tests rejected because one was already running".to_owned(),
        ),
        ("p50", latency(ms.p50), "half were faster".to_owned()),
        ("p95", latency(ms.p95), "95% were faster".to_owned()),
        (
            "p99",
            latency(ms.p99),
            format!("99% were faster; the slowest took {}", latency(ms.max)),
        ),
    ];
    figures.retain(|(name, ..)| *name != "Busy" || requests.busy > 0);
    figures
}

/// The numbers of the run, side by side.
pub(crate) fn figures(page: &Page<'_>) -> Markup {
    if let Some(pair) = &page.pair {
        return compared::tiles(pair);
    }
    let mut figures = Vec::new();
    if !page.run.simulated {
        figures = requests(page);
    }
    if let Some(counts) = page.analysis.counts {
        let ends = format!("{} at the start, {} at the end", counts.first, counts.last);
        figures.push(("Most instances", counts.highest.to_string(), ends));
    }
    let actions = page.analysis.actions.len();
    figures.push(("Scaling actions", actions.to_string(), action_times(page)));
    if !page.run.simulated {
        figures.extend(bought::cost_tile(page));
    }
    // A simulation knows the times exactly, and its own sentences name them.
    if let Some(seconds) = page.analysis.time_to_capacity()
        && !page.run.simulated
    {
        let clock = page.analysis.clock;
        let mut note = "from CPU above the threshold until the new instance was ready".to_owned();
        if clock.is_scaled() {
            note = format!("{} Azure minutes, {note}", decimal(clock.minutes(seconds)));
        }
        figures.push(("Time to capacity", span(seconds), note));
    }
    if let Some(simulation) = &page.run.simulation {
        let outcome = &simulation.outcome;
        let minutes = format!("{} min", decimal(outcome.overloaded_minutes));
        let note = "the load exceeded what the ready instances can handle";
        figures.push(("Overloaded", minutes, note.to_owned()));
        if let Some(cost) = outcome.costs.first() {
            let value = format!("{:.0} {}", cost.per_month, outcome.currency);
            let note = format!("{}, if the whole month looks like this", cost.plan);
            figures.push(("Cost per month", value, note));
        }
    }
    html! {
        dl.figures {
            @for (name, value, note) in figures { div { dt { (name) } dd { (value) } dd.note { (note) } } }
        }
    }
}

fn action_times(page: &Page<'_>) -> String {
    let actions = &page.analysis.actions;
    let moments = Moments::of(page.run);
    // Dates are long, and so are the tables that have them all.
    let most = if moments.is_long { 2 } else { ACTIONS };
    let when = |at: f64| {
        if moments.is_long {
            moments.at(at)
        } else {
            span(at)
        }
    };
    let shown = actions.iter().take(most);
    let shown = shown.map(|action| format!("{}→{} at {}", action.from, action.to, when(action.at)));
    let mut text: Vec<String> = shown.collect();
    if actions.len() > most {
        text.push(format!("and {} more", count((actions.len() - most) as u64)));
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
