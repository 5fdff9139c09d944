//! Functions with a `timerTrigger`, one instance. The semantics are those of azure-webjobs-sdk-extensions
//! (`TimerListener.cs`, `TimerSchedule.cs`, `ScheduleMonitor.cs`, `TimerInfo.cs`).

use serde_json::{Value, json};

use crate::support::{Host, Root, eventually};

/// Not due during a test.
const FAR: &str = "0 0 0 29 2 *";

/// Waits for this many payloads.
fn payloads(host: &Host, count: usize) -> Vec<Value> {
    eventually("the function runs", || {
        Some(host.payloads()).filter(|payloads| payloads.len() >= count)
    })
}

/// The number of requests that a function got.
fn runs(host: &Host, name: &str) -> usize {
    let path = format!("/{name}");
    host.requests()
        .iter()
        .filter(|target| **target == path)
        .count()
}

fn up(root: Root, arguments: &[&str]) -> Host {
    root.up(&[&["--max", "1"], arguments].concat())
}

#[test]
fn the_status_contains_the_last_and_the_next_run() {
    let root = Root::bare();
    root.timer("json-journal", "0 * * * * *", &json!({}));
    // A minute of the calendar lasts a tenth of a second.
    let host = up(
        root,
        &["--time-scale", "600", "--start", "2026-01-05T00:00:30"],
    );
    let payloads = payloads(&host, 2);
    let statuses: Vec<_> = payloads
        .iter()
        .map(|payload| payload["Data"]["myTimer"]["ScheduleStatus"].clone())
        .collect();
    let first = &statuses[0];
    assert_eq!(first["Last"], "0001-01-01T00:00:00+00:00");
    assert_eq!(first["LastUpdated"], first["Last"]);
    let next = first["Next"].as_str().unwrap();
    assert!(
        next.starts_with("2026-01-05T") && next.ends_with(":00+00:00"),
        "{next}"
    );
    let last = statuses[1]["Last"].as_str().unwrap();
    // A fraction of a second may follow.
    assert!(
        last.trim_end_matches("+00:00") >= next.trim_end_matches("+00:00"),
        "{last}"
    );
    assert!(statuses[1]["Next"].as_str().unwrap() > last);
    assert_eq!(statuses[1]["LastUpdated"], last);
    // Both are times of the calendar.
    let now = payloads[0]["Metadata"]["sys"]["UtcNow"].as_str().unwrap();
    assert!(now.ends_with('Z') && now.len() <= 28, "{now}");
    assert!(
        now.trim_end_matches('Z') >= next.trim_end_matches("+00:00")
            && now.starts_with("2026-01-05T"),
        "{now}"
    );
}

/// The documentation of `WEBSITE_TIME_ZONE`; `NameResolverExtensions.cs`, `ResolveWholeString`; a day on which an hour
/// occurs twice.
#[test]
fn a_schedule_may_be_a_setting_in_a_zone_with_summer_time() {
    let mut root = Root::bare();
    root.timer("Night", "0 %MINUTE% 2 * * *", &json!({}));
    root.variable("MINUTE", "30");
    root.variable("WEBSITE_TIME_ZONE", "Europe/Berlin");
    let host = up(root, &["--start", "2026-10-23T22:00:00Z"]);
    host.line("  Calendar  Fri 2026-10-23 22:00, UTC, at the start");
    let line = host.line("The next 5 occurrences of the 'Night' schedule");
    assert!(
        line.contains("(Cron: '0 30 2 * * *') will be: 2026-10-24T02:30:00+02:00, 2026-10-25T02:30:00+02:00, 2026-10-26T02:30:00+01:00"),
        "{line}"
    );
}

#[test]
fn a_time_span_counts_from_the_last_run() {
    let root = Root::bare();
    root.timer("json-journal", "00:02:00", &json!({}));
    let host = up(
        root,
        &["--time-scale", "600", "--start", "2026-01-05T08:00:00"],
    );
    let timer = |payload: &Value| payload["Data"]["myTimer"].clone();
    let payloads = payloads(&host, 3);
    assert_eq!(
        timer(&payloads[0])["Schedule"],
        json!({ "AdjustForDST": false })
    );
    for payload in &payloads[1..] {
        let status = &timer(payload)["ScheduleStatus"];
        let at = |name: &str| {
            let text = status[name].as_str().unwrap();
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
                .unwrap()
        };
        assert_eq!(at("Next") - at("Last"), time::Duration::minutes(2));
    }
}

/// `TimerListener.cs`: the next run is planned when the last one has ended.
#[test]
fn runs_never_overlap() {
    let root = Root::bare();
    root.timer("gated", "* * * * * *", &json!({}));
    root.timer("json-journal", "* * * * * *", &json!({}));
    let host = up(root, &["--time-scale", "20"]);
    host.entry("it runs", |entry| entry["request"] == "/gated");
    let seen = runs(&host, "json-journal");
    eventually("the other one goes on", || {
        (runs(&host, "json-journal") > seen + 3).then_some(())
    });
    assert_eq!(runs(&host, "gated"), 1);
    host.open_gate("");
    eventually("it runs again", || (runs(&host, "gated") > 2).then_some(()));
}

#[test]
fn a_failed_run_does_not_stop_the_schedule() {
    let root = Root::bare();
    root.timer("json-refused", "* * * * * *", &json!({}));
    let host = up(root, &["--time-scale", "20"]);
    host.lines_with(
        "The invocation of json-refused failed: the handler answered 400",
        3,
    );
}

/// `TimerTriggerBinding.cs`, `SupportsRetry`.
#[test]
fn a_run_is_repeated_according_to_its_retry_policy() {
    let root = Root::bare();
    root.function(
        "json-retry",
        &json!({
            "retry": { "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.01" },
            "bindings": [{ "type": "timerTrigger", "direction": "in", "name": "myTimer", "schedule": FAR, "runOnStartup": true }],
        }),
    );
    let host = up(root, &[]);
    host.line("json-retry failed: the handler answered 500 Internal Server Error; retry 2 of 2");
    eventually("it is repeated twice", || {
        (runs(&host, "json-retry") == 3).then_some(())
    });
}

/// `TimerTriggerBinding.cs`, `BindAsync`: the input of the caller does not matter.
#[test]
fn a_timer_can_be_run_by_hand() {
    let root = Root::bare();
    root.timer("json-journal", FAR, &json!({}));
    let host = up(root, &["--start", "2026-01-05T08:00:00"]);
    host.line("The next 5 occurrences");
    let target = "/admin/functions/json-journal";
    assert_eq!(
        host.request("POST", target, &[], "{\"input\":\"x\"}")
            .status,
        202
    );
    let timer = payloads(&host, 1)[0]["Data"]["myTimer"].clone();
    assert_eq!(timer["ScheduleStatus"]["Next"], "2028-02-29T00:00:00+00:00");
    assert_eq!(timer["IsPastDue"], false);
    let line = host.line("  json-journal ");
    assert!(
        line.contains("Cron: '0 0 0 29 2 *'") && line.contains(target),
        "{line}"
    );
}

#[test]
fn a_disabled_function_is_not_run() {
    let mut root = Root::bare();
    root.timer("json-good", "* * * * * *", &json!({ "runOnStartup": true }));
    root.timer("json-journal", "* * * * * *", &json!({}));
    root.variable("AzureWebJobs.json-good.Disabled", "true");
    let host = up(root, &["--time-scale", "20"]);
    payloads(&host, 3);
    assert_eq!(runs(&host, "json-good"), 0);
}

/// `TimerSchedule.cs`, `Create`.
#[test]
fn a_bad_schedule_is_explained_and_the_other_functions_run() {
    let mut root = Root::new();
    root.variable("WEBSITE_TIME_ZONE", "Mars/Olympus");
    root.timer("Four", "* * * *", &json!({}));
    root.timer("Unset", "%NONE%", &json!({}));
    root.timer("Zone", "* * * * * *", &json!({}));
    let host = up(root, &[]);
    let line = host.line("The function Four is not loaded");
    for part in [
        "'* * * *' was not recognized as a valid cron expression or timespan string (it has 4 fields",
        "\"0 */5 * * * *\" for every five minutes",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(host.line("Unset is not loaded").contains("set NONE"));
    assert!(
        host.line("Zone is not loaded")
            .contains("WEBSITE_TIME_ZONE is \"Mars/Olympus\"")
    );
    assert_eq!(host.get("/x").status, 200);
}
