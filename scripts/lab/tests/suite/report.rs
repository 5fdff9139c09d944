//! `lab report`, run as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::scratch::{Scratch, text};

/// Writes one of the sample runs, with which the charts are tested, into a folder.
fn run(folder: &Scratch, name: &str) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../handler/dashboard/fixtures/{name}.json"));
    let inlined: Value = serde_json::from_str(&fs::read_to_string(from).unwrap()).unwrap();
    folder.write("run.json", inlined["run"].to_string())
}

fn names(folder: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn report(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("report")
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), text(&output.stderr))
}

#[test]
fn the_page_is_next_to_the_run_and_links_to_the_table() {
    let folder = Scratch::new();
    let saved = run(&folder, "story");
    let output = report(&[&saved, Path::new("--csv"), &folder.join("run.csv")]);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.starts_with("autoscaling: worked\n"), "{said}");
    assert_eq!(names(&folder), ["run.csv", "run.html", "run.json"]);

    let html = fs::read_to_string(folder.join("run.html")).unwrap();
    assert!(html.contains("<h1>Autoscaling worked</h1>"));
    assert!(html.contains("<a href=\"./run.csv\">"));
    // It opens without a network: it contains no address except those of the run and of the SVG namespace.
    for (at, _) in html
        .match_indices("src=\"")
        .chain(html.match_indices("url("))
    {
        let address = &html[at..(at + 40).min(html.len())];
        assert!(!address.contains("http"), "{address}");
    }
    assert!(html.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    let csv = fs::read_to_string(folder.join("run.csv")).unwrap();
    assert_eq!(csv.lines().count(), 105);
}

#[test]
fn the_last_line_and_the_page_say_what_autoscaling_bought() {
    let folder = Scratch::new();
    // The story holds what real processes did; the load of the others is simulated.
    for (name, begins) in [
        (
            "story",
            "One instance refused 11,204 of 38,577 requests at a p99 of 2.1 s; autoscaling refused none",
        ),
        ("failed", "Simulated: one instance is overloaded for "),
        (
            "quiet",
            "Simulated: autoscaling gains nothing for this load: one instance ",
        ),
    ] {
        let saved = run(&folder, name);
        let again = folder.join("again.json");
        let output = report(&[&saved, Path::new("--json"), &again]);
        assert!(output.status.success(), "{output:?}");
        let said = text(&output.stdout);
        let last = said.lines().last().unwrap();
        assert!(last.starts_with(begins), "{name}: {said}");
        let html = fs::read_to_string(folder.join("run.html")).unwrap();
        assert!(
            html.contains(&format!("<p class=\"sentence\">{last}</p>")),
            "{name}: {last}"
        );
        let written: Value = serde_json::from_str(&fs::read_to_string(again).unwrap()).unwrap();
        assert_eq!(
            written["comparison"]["simulated"],
            begins.starts_with("Simulated"),
            "{name}"
        );
        assert_eq!(written["comparison"]["fixed"][1]["instances"], 3, "{name}");
    }
    let saved = run(&folder, "empty");
    let said = text(&report(&[&saved]).stdout);
    assert!(
        said.contains(
            "no comparison with a fixed number of instances: this run has no samples of the fleet"
        ),
        "{said}"
    );
}

#[test]
fn azures_events_are_marked_and_judged() {
    let folder = Scratch::new();
    let saved = run(&folder, "story");
    let event = |at: &str, operation: &str, from: u32, to: u32| {
        json!({"eventTimestamp": at, "status": {"value": "Succeeded"},
            "operationName": {"value": format!("Microsoft.Insights/AutoscaleSettings/{operation}/Action")},
            "properties": {"OldInstancesCount": from.to_string(), "NewInstancesCount": to.to_string(), "Description": "d"}})
    };
    let events = json!([
        event("2026-11-24T20:00:18Z", "Scaleup", 1, 2),
        event("2026-11-24T20:01:30Z", "Scaledown", 2, 1)
    ]);
    let events = folder.write("events.json", events.to_string());
    let again = folder.join("again.json");
    let output = report(&[
        &saved,
        Path::new("--azure-events"),
        &events,
        Path::new("--json"),
        &again,
    ]);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    assert!(
        said.starts_with("scale actions of Azure during the run: 2\n"),
        "{said}"
    );
    let added: Value = serde_json::from_str(&fs::read_to_string(again).unwrap()).unwrap();
    let azure = added["actions"].as_array().unwrap().iter();
    assert_eq!(
        azure.filter(|action| action["source"] == "azure").count(),
        2
    );
}

#[test]
fn a_mistake_is_one_sentence_and_leaves_nothing() {
    let folder = Scratch::new();
    let saved = run(&folder, "quiet");
    let other = folder.write("other.json", "{\"a\": 1}");
    let broken = folder.write("broken.json", "{\"title\": ");
    let html = Path::new("--html");
    let before = names(&folder);
    for (arguments, sentence) in [
        (vec![folder.join("none.json")], "cannot read "),
        (vec![other.clone()], "it has neither a title nor a start"),
        (vec![broken], "is not a run saved by lab load or lab demo"),
        (
            vec![saved.clone(), html.into(), folder.join("no/such/x.html")],
            "there is no folder ",
        ),
        (
            vec![saved.clone(), html.into(), folder.path().to_path_buf()],
            "is a folder",
        ),
        (
            vec![saved.clone(), html.into(), saved.clone()],
            "the page would replace ",
        ),
        (
            vec![saved.clone(), "--azure-events".into(), other],
            "cannot be used: it is not a list of events",
        ),
    ] {
        let arguments: Vec<&Path> = arguments.iter().map(PathBuf::as_path).collect();
        let (code, error) = said(&report(&arguments));
        assert!(error.contains(sentence), "{error}");
        assert_eq!(code, Some(2), "{error}");
        assert!(
            error.starts_with("lab: ") && error.trim_end().lines().count() == 1,
            "{error}"
        );
        assert_eq!(names(&folder), before, "{arguments:?}");
    }
}

#[test]
fn text_in_a_record_does_not_control_the_terminal() {
    let folder = Scratch::new();
    let saved = run(&folder, "story");
    let mut record: Value = serde_json::from_str(&fs::read_to_string(saved).unwrap()).unwrap();
    record["verdict"] = json!({"autoscaling": "w\u{1b}[31m", "reasons": ["r\u{9b}2J\u{202e}"],
        "expectations": [{"condition": "c\u{8}", "measured": "m\r", "held": true}]});
    let saved = folder.write("e\u{1b}[31m.json", record.to_string());
    let missing = folder.join("n\u{1b}[31m.json");
    for (path, part) in [
        (saved, "autoscaling: w\u{fffd}[31m\n  r\u{fffd}2J\u{fffd}\n"),
        (missing, "n\u{fffd}[31m.json"),
    ] {
        let output = report(&[&path]);
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(
            !printed.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{printed:?}"
        );
        assert!(printed.contains(part), "{printed}");
    }
}

/// Simulates a full disk during the write of the page: the system refuses the rest.
#[cfg(unix)]
#[test]
fn if_the_disk_is_full_the_old_page_stays() {
    let folder = Scratch::new();
    let saved = run(&folder, "story");
    let page = folder.write("run.html", "old");
    let before = names(&folder);
    // In units of 512 bytes or of 1 KiB, depending on the shell. Both are less than a page.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" report \"$1\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_lab")])
        .arg(&saved)
        .output()
        .unwrap();
    let (code, error) = said(&output);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("run.html cannot be written: "), "{error}");
    assert_eq!(fs::read_to_string(page).unwrap(), "old");
    assert_eq!(names(&folder), before);
}
