//! The page as a file: a template, filled.

use std::path::Path;

use maud::html;
use run_record::{Run, write_whole};

use crate::inlined::inlined;
use crate::markup::{script_safe, without_controls};
use crate::page::{Beside, Page};
use crate::{hero, sections};

/// The page with its charts, as `scripts/dashboard` builds it.
const TEMPLATE: &str = include_str!("../../../../handler/dashboard/dist/report.html");
const STYLE: &str = include_str!("page.css");

const TITLE: &str = "<!--report:title-->";
const HEAD: &str = "<!--report:style-->";
const BODY: &str = "<!--report:body-->";
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
    write_whole(path, filled(run, name, &beside).as_bytes())
}

/// The content of the page's `<body>`, without the data of the charts.
pub fn page_body(run: &Run) -> String {
    body(&Page::of(run, &Beside::default()))
}

/// The JSON that the charts' script reads, made safe for a `<script>` block; `name` is that of downloads.
pub fn chart_data(run: &Run, name: &str) -> String {
    script_safe(&inlined(&Page::of(run, &Beside::default()), name))
}

/// The template with everything in its place.
fn filled(run: &Run, name: &str, beside: &Beside) -> String {
    let page = Page::of(run, beside);
    let data = script_safe(&inlined(&page, name));
    let title = html! { title { (page.title()) } };
    // In the order of the template, and each but once: what was filled in is not searched again.
    let mut filled = String::with_capacity(TEMPLATE.len() + data.len() + 64 * 1024);
    let mut rest = TEMPLATE;
    for (mark, text) in [
        (TITLE, without_controls(&title.into_string())),
        (HEAD, format!("<style>{STYLE}</style>")),
        (BODY, body(&page)),
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

fn body(page: &Page<'_>) -> String {
    let markup = html! {
        (hero::hero(page))
        main { (hero::figures(page)) (sections::all(page)) }
        "\n"
        footer { "Created by lab " (env!("CARGO_PKG_VERSION")) " of Elastic Visits." }
    };
    without_controls(&markup.into_string())
}
