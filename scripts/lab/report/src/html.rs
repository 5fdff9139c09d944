//! The page as a file: a template, filled.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;

use run_record::{Run, csv, write_whole};

use crate::hero;
use crate::markup::{escape, script_safe};
use crate::page::{Beside, Page};
use crate::sections::{self, Section};

/// The page with its charts where handler/dashboard was built before the lab, else the plain one; see build.rs.
const TEMPLATE: &str = include_str!(concat!(env!("OUT_DIR"), "/report.html"));
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
        "<div id=\"downloads\"></div>\n".to_owned()
    } else {
        data_links(run, name)
    };
    let data = if charts {
        script_safe(&page.inlined(name))
    } else {
        String::new()
    };
    let data = format!("<script type=\"application/json\" id=\"run\">{data}</script>");
    // In the order of the template, and each but once: what was filled in is not searched again.
    let mut html = String::with_capacity(template.len() + data.len() + 64 * 1024);
    let mut rest = template;
    for (mark, text) in [
        (TITLE, format!("<title>{}</title>", escape(&page.title()))),
        (HEAD, format!("<style>{STYLE}</style>")),
        (BODY, body(&page, &downloads)),
        (DATA, data),
    ] {
        if let Some((before, after)) = rest.split_once(mark) {
            html.push_str(before);
            html.push_str(&text);
            rest = after;
        }
    }
    html.push_str(rest);
    html
}

/// The content of `<body>`.
fn body(page: &Page<'_>, downloads: &str) -> String {
    let mut html = hero::hero(page);
    html.push_str("<main>\n");
    html.push_str(&hero::figures(page));
    for section in sections::all(page, downloads) {
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

/// The raw data inside the links themselves: without a script there is no other way to give it.
fn data_links(run: &Run, name: &str) -> String {
    let link = |kind: &str, ending: &str, what: &str, content: &[u8]| {
        let content = base64::engine::general_purpose::STANDARD.encode(content);
        let name = escape(name);
        format!("<a download=\"{name}.{ending}\" href=\"data:{kind};base64,{content}\">{what}</a>")
    };
    let json = serde_json::to_vec(run).expect("a run has string keys only");
    format!(
        "<p class=\"downloads\">From this page: {} {}</p>\n",
        link(
            "text/csv",
            "csv",
            "CSV, one row a second",
            csv(run).as_bytes()
        ),
        link("application/json", "json", "JSON, the whole record", &json)
    )
}
