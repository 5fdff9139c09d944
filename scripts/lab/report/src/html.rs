//! The page as a file: a template, filled.

use std::path::Path;

use base64::Engine as _;
use maud::{Markup, html};

use run_record::{Run, csv, write_whole};

use crate::markup::{script_safe, without_controls};
use crate::page::{Beside, Page};
use crate::{hero, sections};

/// The page with its charts, as `scripts/dashboard` builds it.
const TEMPLATE: &str = include_str!("../../../../handler/dashboard/dist/report.html");
const PLAIN: &str = include_str!("plain.html");
const STYLE: &str = include_str!("page.css");

const TITLE: &str = "<!--report:title-->";
const HEAD: &str = "<!--report:style-->";
const BODY: &str = "<!--report:body-->";
/// Only the template with charts has it.
const DATA: &str = "<!--report:data-->";

/// Writes the page that shows a run. It links to the files of the same name that end in `.json` and `.csv` if they
/// lie beside it, so write those first.
///
/// # Errors
/// One sentence for the user; the file is then as it was before.
pub fn write_html(run: &Run, path: &Path) -> anyhow::Result<()> {
    let beside = |ending: &str| {
        let file = path.with_extension(ending);
        file.is_file()
            .then(|| Some(file.file_name()?.to_str()?.to_owned()))
            .flatten()
    };
    let name = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("run");
    let beside = Beside {
        json: beside("json"),
        // The file of that name beside a simulation is likely to be the load that it was given.
        csv: beside("csv").filter(|_| !run.simulated),
    };
    write_whole(path, filled(TEMPLATE, run, name, &beside).as_bytes())
}

/// Whether pages written by this lab have charts.
pub fn has_charts() -> bool {
    TEMPLATE.contains(DATA)
}

/// The page without charts and without a script, whether or not the charts were built.
pub fn plain_page(run: &Run) -> String {
    filled(PLAIN, run, "run", &Beside::default())
}

/// The JSON that the charts' script reads, made safe for a `<script>` block; `name` is that of downloads.
pub fn chart_data(run: &Run, name: &str) -> String {
    script_safe(&Page::of(run, &Beside::default(), true).inlined(name))
}

/// The template with everything in its place.
fn filled(template: &str, run: &Run, name: &str, beside: &Beside) -> String {
    let charts = template.contains(DATA);
    let page = Page::of(run, beside, charts);
    let downloads = if charts {
        html! { div #downloads {} }
    } else {
        data_links(run, name)
    };
    let data = if charts {
        script_safe(&page.inlined(name))
    } else {
        String::new()
    };
    let title = html! { title { (page.title()) } };
    // In the order of the template, and each but once: what was filled in is not searched again.
    let mut filled = String::with_capacity(template.len() + data.len() + 64 * 1024);
    let mut rest = template;
    for (mark, text) in [
        (TITLE, without_controls(&title.into_string())),
        (HEAD, format!("<style>{STYLE}</style>")),
        (
            BODY,
            without_controls(&body(&page, &downloads).into_string()),
        ),
        (
            DATA,
            format!("<script type=\"application/json\" id=\"run\">{data}</script>"),
        ),
    ] {
        if let Some((before, after)) = rest.split_once(mark) {
            filled.push_str(before);
            filled.push_str(&text);
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// The content of `<body>`.
fn body(page: &Page<'_>, downloads: &Markup) -> Markup {
    html! {
        (hero::hero(page))
        main { (hero::figures(page)) (sections::all(page, downloads)) }
        "\n"
        footer { "Written by " code { "lab" } " " (env!("CARGO_PKG_VERSION")) " of Elastic Visits." }
    }
}

/// The raw data inside the links themselves: without a script there is no other way to give it.
fn data_links(run: &Run, name: &str) -> Markup {
    let link = |kind: &str, ending: &str, what: &str, content: &[u8]| {
        let content = base64::engine::general_purpose::STANDARD.encode(content);
        html! { a download={ (name) "." (ending) } href={ "data:" (kind) ";base64," (content) } { (what) } }
    };
    let json = serde_json::to_vec(run).expect("a run has string keys only");
    html! {
        p.downloads {
            "From this page: "
            (link("text/csv", "csv", "CSV, one row a second", csv(run).as_bytes())) " "
            (link("application/json", "json", "JSON, the whole record", &json))
        }
    }
}
