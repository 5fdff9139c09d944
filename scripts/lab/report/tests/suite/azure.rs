//! Azure's own scale actions in the record of a run.

use report::add_events;
use run_record::Run;
use serde_json::{Value, json};

fn run() -> Run {
    Run {
        started: "2026-11-24T10:00:00Z".to_owned(),
        seconds: 1200.0,
        time_scale: 1.0,
        ..Run::default()
    }
}

fn activity(at: &str, operation: &str, from: &str, to: &str) -> Value {
    json!({
        "eventTimestamp": at,
        "operationName": {"value": format!("Microsoft.Insights/AutoscaleSettings/{operation}")},
        "status": {"value": "Succeeded"},
        "properties": {
            "Description": "Scaled '/subscriptions/0-1/resourceGroups/g/providers/Microsoft.Web/serverfarms/plan'",
            "OldInstancesCount": from,
            "NewInstancesCount": to
        }
    })
}

#[test]
fn the_activity_log_is_read() {
    let log = json!([
        activity("2026-11-24T10:10:00.5Z", "Scaledown/Action", "2", "1"),
        activity("2026-11-24T10:05:01Z", "Scaleup/Action", "1", "2"),
        activity("2026-11-24T10:05:31Z", "ScaleupResult/Action", "1", "2"),
        activity("2026-11-24T09:00:00Z", "Scaleup/Action", "1", "2"),
        {"eventTimestamp": "2026-11-24T10:06:00Z", "operationName": {"value": "Microsoft.Web/sites/restart/action"}},
    ]);
    let mut run = run();
    assert_eq!(add_events(&mut run, &log.to_string()).unwrap(), 2);
    let changes: Vec<_> = run
        .actions
        .iter()
        .map(|action| (action.at, action.from, action.to))
        .collect();
    assert_eq!(changes, [(301.0, 1, 2), (600.5, 2, 1)]);
    assert_eq!(run.actions[0].reason, "Scaled 'plan'");
    // The same file again changes nothing.
    assert_eq!(add_events(&mut run, &log.to_string()).unwrap(), 2);
    assert_eq!(run.actions.len(), 2);
}

#[test]
fn rows_of_log_analytics_are_read_and_a_change_named_twice_counts_once() {
    let row = |at: &str| json!({"TimeGenerated": at, "CurrentInstanceCount": "1", "NewInstanceCount": "2", "ScaleActionMessage": "m"});
    let rows = json!([row("2026-11-24T10:05:00Z"), row("2026-11-24T10:05:40Z")]);
    assert_eq!(add_events(&mut run(), &rows.to_string()).unwrap(), 1);
}

#[test]
fn a_wrong_file_is_one_sentence() {
    for (text, sentence) in [
        ("nonsense", "it is not JSON"),
        ("3", "it is not a list of events"),
        ("[{\"a\": 1}]", "its entries are neither"),
    ] {
        let error = add_events(&mut run(), text).unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{error}");
    }
    let mut run = run();
    assert_eq!(add_events(&mut run, "[]").unwrap(), 0);
    assert_eq!(
        run.notes,
        ["Azure's log names no scale action during the run."]
    );
}
