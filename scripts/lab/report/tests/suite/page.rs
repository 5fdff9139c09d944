//! The words of the page, and the data inlined into it.

use std::fs;
use std::path::{Path, PathBuf};

use report::{chart_data, page_body, write_html};
use run_record::{Run, write_csv, write_json};

use crate::{samples, simulated};

/// What a reader sees: the markup taken away, a line for each cell and paragraph.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = after.split_once('>').unwrap();
        // A drawing's words have a test of their own: the eye.
        rest = match tag.split(' ').next().unwrap() {
            "svg" => after.split_once("</svg>").unwrap().1,
            "td" | "th" | "dd" | "a" => {
                text.push(' ');
                after
            }
            "tr" | "p" | "h3" | "figcaption" | "li" | "h1" | "h2" | "dt" | "summary"
            | "caption" | "pre" => {
                text.push('\n');
                after
            }
            _ => after,
        };
    }
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_page_says_everything() {
    for (name, run) in [
        ("story", samples::story()),
        ("quiet", samples::quiet()),
        ("failed", samples::failed()),
        ("cloud", samples::cloud()),
        ("empty", samples::empty()),
        ("compared", simulated::compared()),
    ] {
        insta::assert_snapshot!(
            name,
            text(&page_body(&run)).replace(env!("CARGO_PKG_VERSION"), "VERSION")
        );
    }
}

#[test]
fn a_run_of_another_app_shows_its_statuses_and_nothing_of_visits() {
    let mut run = samples::story();
    assert!(page_body(&run).contains("How the data flows"));
    run.requests.statuses = [("2xx".to_owned(), 7), ("5xx".to_owned(), 1)].into();
    run.requests.by_kind = [("GET /api/hello".to_owned(), 8)].into();
    run.plan = vec!["Request: GET /api/hello".to_owned()];
    let shown = text(&page_body(&run));
    for part in ["Responses by status", "5xx", "GET /api/hello"] {
        assert!(shown.contains(part), "{part}");
    }
    assert!(!page_body(&run).contains("How the data flows"));
}

#[test]
fn nothing_in_a_run_becomes_markup() {
    let html = page_body(&samples::hostile());
    assert!(!html.contains("<b>&"), "a <b> got through");
    assert!(!html.contains("alert(1)</script>"));
    assert!(!html.contains("<script"), "a script got through");
    assert_eq!(html.matches("<!--").count(), 0);
    // The same elements as a run of harmless text, whatever that text is.
    let opened = html.matches("<li>").count();
    assert_eq!(opened, html.matches("</li>").count());
}

#[test]
fn what_is_inlined_is_the_run_and_cannot_end_its_block() {
    let run = samples::hostile();
    let safe = chart_data(&run, "run");
    assert!(!safe.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
    let inlined: serde_json::Value = serde_json::from_str(&safe).unwrap();
    let run = serde_json::to_value(&run).unwrap();
    assert_eq!(rounded(inlined["run"].clone()), rounded(run));
}

/// The dashboard's tests read these files, so that both sides have the same idea of a run, and every text its translation.
#[test]
fn the_fixtures_of_the_charts_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../handler/dashboard/fixtures");
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    for (name, run) in [
        ("story", samples::story()),
        ("quiet", samples::quiet()),
        ("failed", samples::failed()),
        ("empty", samples::empty()),
        ("compared", simulated::compared()),
        ("hostile", samples::hostile()),
    ] {
        let inlined: serde_json::Value = serde_json::from_str(&chart_data(&run, name)).unwrap();
        let data = serde_json::to_string(&rounded(inlined)).unwrap() + "\n";
        // Without the version, so that it stays when that changes.
        let body = page_body(&run).replace(env!("CARGO_PKG_VERSION"), "1.2.3") + "\n";
        for (ending, wanted) in [("json", data), ("html", body)] {
            let path = folder.join(format!("{name}.{ending}"));
            if update {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &wanted).unwrap();
            }
            let found = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                found == wanted,
                "{} is not what the page is now. If that is right, write it again: UPDATE_FIXTURES=1 cargo test -p report \
                 the_fixtures, and make run.ts and spanish.ts in handler/dashboard/src/report agree",
                path.display()
            );
        }
    }
}

/// To three decimals, so that the files stay small.
fn rounded(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap();
            serde_json::json!((number * 1000.0).round() / 1000.0)
        }
        Value::Array(items) => items.into_iter().map(rounded).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, rounded(value)))
            .collect(),
        other => other,
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("report-page-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_page_links_to_what_lies_beside_it() {
    let folder = folder("links");
    let run = samples::quiet();
    let page = folder.join("a run.html");
    write_html(&run, &page).unwrap();
    assert!(
        !fs::read_to_string(&page)
            .unwrap()
            .contains("<p>In the same folder")
    );
    write_csv(&run, &folder.join("a run.csv")).unwrap();
    write_json(&run, &folder.join("a run.json")).unwrap();
    write_html(&run, &page).unwrap();
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("<a href=\"./a%20run.csv\">a run.csv</a> (one row a second)"));
    assert!(html.contains("<a href=\"./a%20run.json\">a run.json</a>"));
    let saved: Run =
        serde_json::from_str(&fs::read_to_string(folder.join("a run.json")).unwrap()).unwrap();
    // The last digit of a number may change on the way.
    let rounded = |run: &Run| rounded(serde_json::to_value(run).unwrap());
    assert_eq!(rounded(&saved), rounded(&run));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_record_of_an_older_lab_is_read() {
    let run: Run =
        serde_json::from_str(r#"{"title": "lab load", "samples": [{"at": 1.0, "ready": 1}]}"#)
            .unwrap();
    assert_eq!(run.samples[0].ready, 1);
    assert!(page_body(&run).contains("lab load"));
}
