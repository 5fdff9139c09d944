//! The report page's content: the same with the charts and without them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::csv;
use super::judge::{self, judge};
use super::markup::escape;
use super::run::{Run, Verdict};
use super::sections::{self, Section};
use super::story::Story;
use super::words::{count, decimal, latency, part, percent, span, things};

/// Names of the files with the raw data that lie beside the page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(crate) json: Option<String>,
    pub(crate) csv: Option<String>,
}

/// A run with what is derived from it once, for every part of the page.
pub(crate) struct Page<'a> {
    pub(crate) run: &'a Run,
    pub(crate) story: Story,
    pub(crate) verdict: Verdict,
    pub(crate) beside: &'a Beside,
    /// Whether the charts' script comes with the page.
    pub(crate) charts: bool,
    /// Instance ids in the order of their colours.
    pub(crate) order: Vec<&'a str>,
}

/// What the charts' script finds in the page.
#[derive(Serialize)]
struct Inlined<'a> {
    run: &'a Run,
    /// The name that downloads get, without an ending.
    name: &'a str,
    csv: String,
    order: &'a [&'a str],
    thresholds: Vec<Threshold>,
}

/// A line in the chart of CPU.
#[derive(Serialize)]
struct Threshold {
    percent: f64,
    out: bool,
    label: String,
}

impl<'a> Page<'a> {
    pub(crate) fn of(run: &'a Run, beside: &'a Beside, charts: bool) -> Self {
        // A run that was not judged, such as one that was cut short, is judged here.
        let verdict = if run.verdict.autoscaling.is_empty() {
            judge(run)
        } else {
            run.verdict.clone()
        };
        Self {
            run,
            story: Story::of(run),
            verdict,
            beside,
            charts,
            order: order(run),
        }
    }

    /// One line: what the page is about.
    pub(crate) fn title(&self) -> String {
        format!("{} · {}", self.headline(), self.run.title)
    }

    fn headline(&self) -> &str {
        match self.verdict.autoscaling.as_str() {
            judge::WORKED => "Autoscaling worked",
            judge::DID_NOT_WORK => "Autoscaling did not work",
            judge::NOT_ASKED => "Autoscaling was not asked for",
            judge::CANNOT_TELL => "This run cannot tell whether autoscaling works",
            other => other,
        }
    }

    /// JSON for the charts' script; not yet safe inside a page.
    pub(crate) fn inlined(&self, name: &str) -> String {
        let rules = self
            .story
            .rules
            .iter()
            .flatten()
            .filter(|rule| rule.is_cpu());
        let thresholds = rules.map(|rule| Threshold {
            percent: rule.threshold,
            out: rule.out,
            label: format!(
                "{} {}",
                if rule.out { "out" } else { "in" },
                rule.comparison()
            ),
        });
        let inlined = Inlined {
            run: self.run,
            name,
            csv: csv::csv(self.run),
            order: &self.order,
            thresholds: thresholds.collect(),
        };
        serde_json::to_string(&inlined).expect("a run has string keys only")
    }

    /// The content of `<body>`.
    pub(crate) fn body(&self, downloads: &str) -> String {
        let mut html = self.hero();
        html.push_str("<main>\n");
        html.push_str(&self.figures());
        for section in sections::all(self, downloads) {
            if section.content.is_empty() {
                continue;
            }
            let Section {
                id,
                title,
                about,
                content,
                wide,
            } = section;
            let wide = if wide { " class=\"wide\"" } else { "" };
            let _ = write!(
                html,
                "<section id=\"{id}\"{wide} aria-labelledby=\"{id}-title\"><div class=\"side\"><h2 id=\"{id}-title\">{title}</h2>\
                 <p>{}</p></div><div class=\"content\">\n{content}</div></section>\n",
                escape(&about)
            );
        }
        html.push_str("</main>\n");
        let _ = writeln!(
            html,
            "<footer>Written by <code>lab</code> {} of Elastic Visits.</footer>",
            env!("CARGO_PKG_VERSION")
        );
        html
    }

    fn hero(&self) -> String {
        let run = self.run;
        let class = match self.verdict.autoscaling.as_str() {
            judge::WORKED => "good",
            judge::DID_NOT_WORK => "bad",
            _ => "open",
        };
        let mut facts = vec![escape(&run.title)];
        if !run.target.is_empty() {
            facts.push(escape(&run.target));
        }
        if !run.started.is_empty() {
            let started = moment(&run.started);
            facts.push(format!(
                "<time datetime=\"{}\">{}</time>",
                escape(&run.started),
                escape(&started)
            ));
        }
        facts.push(escape(&span(run.seconds)));
        if self.story.clock.is_scaled() {
            facts.push(format!(
                "one Azure minute in {}",
                escape(&span(60.0 / self.story.clock.scale()))
            ));
        }
        let mut html = format!(
            "<header class=\"hero {class}\"><div class=\"inner\">\n<p class=\"brand\">{MARK}Elastic Visits</p>\n\
             <p class=\"facts\">{}</p>\n<h1>{}</h1>\n",
            facts
                .iter()
                .map(|fact| format!("<span>{fact}</span>"))
                .collect::<String>(),
            escape(self.headline())
        );
        html.push_str(&self.stairs());
        if !self.verdict.reasons.is_empty() {
            html.push_str("<ul class=\"reasons\">\n");
            for reason in &self.verdict.reasons {
                let _ = writeln!(html, "<li>{}</li>", escape(reason));
            }
            html.push_str("</ul>\n");
        }
        html.push_str("</div></header>\n");
        html
    }

    /// The number of instances over time as steps, as wide as they lasted.
    fn stairs(&self) -> String {
        let mut steps: Vec<(u32, f64)> = Vec::new();
        for sample in &self.run.samples {
            if steps.last().is_none_or(|last| last.0 != sample.ready) {
                steps.push((sample.ready, sample.at));
            }
        }
        // More than these are a matter for the chart.
        if steps.is_empty() || steps.len() > 16 {
            return String::new();
        }
        let end = self
            .run
            .samples
            .last()
            .map_or(self.run.seconds, |sample| sample.at.max(self.run.seconds));
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
    fn requests(&self) -> Vec<(&'static str, String, String)> {
        let requests = &self.run.requests;
        let busiest = self
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

    fn figures(&self) -> String {
        let mut figures = if self.run.simulated {
            Vec::new()
        } else {
            self.requests()
        };
        if let Some(counts) = self.story.counts {
            let ends = format!("{} at first, {} at the end", counts.first, counts.last);
            figures.push(("Instances at most", counts.highest.to_string(), ends));
        }
        let actions = self.story.actions.len() as u64;
        figures.push(("Scaling actions", actions.to_string(), self.action_times()));
        // A simulation knows the moments exactly, and says them itself.
        if let Some(seconds) = self.story.time_to_capacity()
            && !self.run.simulated
        {
            let clock = self.story.clock;
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

    fn action_times(&self) -> String {
        let actions = &self.story.actions;
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
}

/// By start, so that an instance has the same colour everywhere; those known from samples alone come last.
fn order(run: &Run) -> Vec<&str> {
    let mut records: Vec<_> = run.instances.iter().collect();
    records.sort_by(|one, other| {
        one.started
            .total_cmp(&other.started)
            .then_with(|| one.id.cmp(&other.id))
    });
    let mut order: Vec<&str> = records
        .into_iter()
        .map(|instance| instance.id.as_str())
        .collect();
    let sampled = run
        .samples
        .iter()
        .flat_map(|sample| sample.per_instance.keys())
        .chain(run.per_instance.keys());
    let mut rest: BTreeSet<&str> = sampled.map(String::as_str).collect();
    rest.retain(|id| !order.contains(id));
    order.extend(rest);
    order
}

/// `2026-11-24 20:00:00 UTC`; as it stands where it is no such time.
fn moment(text: &str) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let time = OffsetDateTime::parse(text, &Rfc3339).ok();
    time.and_then(|time| time.to_offset(UtcOffset::UTC).format(form).ok())
        .unwrap_or_else(|| text.to_owned())
}

/// Three steps up.
const MARK: &str = "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><rect x=\"2\" y=\"15\" width=\"5\" height=\"7\" rx=\"1\"/>\
    <rect x=\"9.5\" y=\"9\" width=\"5\" height=\"13\" rx=\"1\"/><rect x=\"17\" y=\"2\" width=\"5\" height=\"20\" rx=\"1\"/></svg>";
