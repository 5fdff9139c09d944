//! `--watch`: the host restarts when its files change (`FileMonitoringService.cs`).

use serde_json::{Value, json};

use crate::support::{Host, Root, alive, eventually};

fn watching(root: Root) -> Host {
    root.up(&["--watch", "--max", "1"])
}

#[test]
fn a_changed_file_restarts_the_host() {
    let host = watching(Root::new());
    let first = host.handler(1);
    assert_eq!(host.get("/New").json()["target"], "/New");
    // On the same port, with the new content of the files.
    host.root.http("New", "new", None, "function");
    host.line("New has changed; starting again");
    host.lines_with("Ready: ", 2);
    assert_ne!(host.handler(2), first);
    eventually("the old handler is gone", || (!alive(first)).then_some(()));
    host.line("/new  ");
    host.root
        .host_with(|host| host["extensions"]["http"]["routePrefix"] = "v2".into());
    host.line("host.json has changed; starting again");
    host.lines_with("Ready: ", 3);
    assert_eq!(host.get("/v2/x").status, 200);
    assert_eq!(host.get("/x").status, 404);
}

/// `AutoRecoveringFileSystemWatcher.cs` keeps the default filter of .NET's `FileSystemWatcher`.
#[test]
fn a_touched_file_counts() {
    let host = watching(Root::new());
    let file = std::fs::File::open(host.root.path.join("host.json")).unwrap();
    // Both times, like `touch`: Linux reports a change of only the modification time as a change of the content.
    let now = std::time::SystemTime::now();
    let times = std::fs::FileTimes::new()
        .set_accessed(now)
        .set_modified(now);
    file.set_times(times).unwrap();
    host.line("host.json has changed; starting again");
    host.lines_with("Ready: ", 2);
}

#[test]
fn a_request_in_flight_is_answered_first() {
    let host = watching(Root::new());
    let mut streaming = host.open();
    streaming.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(streaming.head().0, 200);
    assert!(streaming.chunk().is_some());
    host.root
        .host_with(|host| host["functionTimeout"] = "00:01:00".into());
    host.line("host.json has changed; starting again");
    host.open_gate("end");
    assert_eq!(streaming.chunk().as_deref(), Some(&b""[..]));
    host.lines_with("Ready: ", 2);
}

#[test]
fn an_unusable_app_is_served_again_after_its_repair() {
    let host = watching(Root::new());
    std::fs::write(host.root.path.join("host.json"), "{").unwrap();
    host.line("The app cannot be served: ");
    let answer = host.get("/x");
    assert_eq!(
        (answer.status, answer.text()),
        (503, "Function host is not running.")
    );
    let ping = host.get("/admin/host/ping");
    assert_eq!((ping.status, ping.text()), (200, ""));
    let status = host.get("/admin/host/status").json();
    assert_eq!(status["state"], "Error");
    let error = status["errors"][0].as_str().unwrap();
    assert!(error.contains("host.json is not valid JSON"), "{error}");
    let foreign = [("origin", "https://other.example")];
    assert_eq!(
        host.request("GET", "/admin/host/status", &foreign, "")
            .status,
        403
    );
    assert_eq!(host.get("/admin/lab/fleet").status, 503);
    host.root.host(&host.root.plain_host());
    host.lines_with("Ready: ", 2);
    assert_eq!(host.get("/x").status, 200);
}

/// There is no key before the app can be served.
#[test]
fn the_status_of_an_unusable_app_is_not_shown_where_keys_are_required() {
    let host = Root::new().up(&["--watch", "--max", "1", "--enable-auth"]);
    std::fs::write(host.root.path.join("host.json"), "{").unwrap();
    host.line("The app cannot be served: ");
    assert_eq!(host.get("/admin/host/status").status, 401);
    assert_eq!(host.get("/admin/host/ping").status, 200);
}

#[test]
fn a_folder_that_comes_back_counts() {
    let host = watching(Root::new());
    let (here, away) = (
        host.root.path.join("WebApp"),
        host.root.files().join("away"),
    );
    std::fs::rename(&here, &away).unwrap();
    host.line("The app cannot be served: ");
    std::fs::rename(&away, &here).unwrap();
    host.lines_with("Ready: ", 2);
    assert_eq!(host.get("/x").status, 200);
    // The new folder is watched again.
    host.root.http("WebApp", "again", None, "anonymous");
    host.line("WebApp/function.json has changed; starting again");
    host.lines_with("Ready: ", 3);
    assert_eq!(host.get("/x").status, 404);
}

#[test]
fn a_handler_that_cannot_run_is_started_again_after_the_next_change() {
    let mut host = watching(Root::new());
    host.root.host_with(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] = "gone".into();
    });
    let line = host.line("waiting for the app's files to change");
    assert!(
        line.contains("failed three times") && line.contains("\"gone\""),
        "{line}"
    );
    assert_eq!(host.get("/x").text(), "Function host is not running.");
    host.root.host(&host.root.plain_host());
    host.lines_with("Ready: ", 2);
    assert_eq!(host.get("/x").status, 200);
    host.signal("INT");
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(0), "{printed}");
}

#[test]
fn a_signal_ends_the_host_of_an_unusable_app() {
    let mut host = watching(Root::new());
    std::fs::write(host.root.path.join("host.json"), "{").unwrap();
    host.line("The app cannot be served: ");
    host.signal("INT");
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(0), "{printed}");
}

/// The unwatched files come first. If the host watched them, it would restart because of them.
#[test]
fn other_files_do_not_count() {
    let root = Root::new();
    root.host_with(|host| {
        host["watchFiles"] = json!(["app.toml"]);
        host["watchDirectories"] = json!(["shared"]);
    });
    for folder in ["shared/deep", "other"] {
        std::fs::create_dir_all(root.path.join(folder)).unwrap();
    }
    let host = watching(root);
    let write = |file: &str| std::fs::write(host.root.path.join(file), "x").unwrap();
    for file in ["other/data.txt", "data.db", "WebApp/notes.md"] {
        write(file);
    }
    write("other/app.toml");
    host.line("other/app.toml has changed; starting again");
    host.lines_with("Ready: ", 2);
    assert_eq!(host.handlers().len(), 2);
    write("shared/deep/a.js");
    host.line("shared/deep/a.js has changed; starting again");
    host.lines_with("Ready: ", 3);
    assert_eq!(host.handlers().len(), 3);
}

#[test]
fn without_the_option_or_with_the_switch_nothing_is_watched() {
    let root = Root::new();
    root.host_with(|host| host["fileWatchingEnabled"] = false.into());
    let host = watching(root);
    host.line("fileWatchingEnabled: false");
    let (code, printed) = Root::new().refused(&["--watch", "--events", "x.jsonl"]);
    assert_eq!(code, 2);
    assert!(printed.contains("cannot be used with"), "{printed}");
}

#[test]
fn a_handler_that_creates_folders_in_the_app_is_reported_as_the_cause() {
    let root = Root::new();
    let start = root.path.join("start.sh");
    std::fs::write(&start, "#!/bin/sh\nmkdir \"folder-$$\"\nexec ./handler\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&start, mode).unwrap();
    root.host_with(|host| {
        host["customHandler"]["description"]["defaultExecutablePath"] = "start.sh".into();
    });
    // There may be no time to become ready.
    let host = root.start(&["--watch", "--max", "1"]);
    let line = host.line("The app has started again 3 times in a row");
    assert!(
        line.contains("because folder-") && line.contains("use a folder outside"),
        "{line}"
    );
}

/// In Azure, time continues, and the storage account keeps the record.
#[test]
fn the_calendar_and_the_record_of_timers_outlive_a_restart() {
    let root = Root::bare();
    root.timer("json-journal", "0 * * * * *", &json!({}));
    // A minute of the calendar lasts a tenth of a second.
    let scale = ["--time-scale", "600", "--start", "2026-01-05T08:00:30"];
    let host = root.up(&[&["--watch", "--max", "1"], &scale[..]].concat());
    eventually("the timer has fired twice", || {
        (host.payloads().len() >= 2).then_some(())
    });
    host.root
        .host_with(|host| host["functionTimeout"] = "00:01:00".into());
    host.handler(2);
    let journal = eventually("the timer fires again", || {
        let journal = host.journal();
        let fired = journal.last()?.get("payload")?.clone();
        let starts = journal.iter().filter(|entry| !entry["start"].is_null());
        (starts.count() == 2 && !fired.is_null()).then_some(journal)
    });
    let restart = journal.iter().rposition(|entry| !entry["start"].is_null());
    let (before, after) = journal.split_at(restart.unwrap());
    let clock = |entry: &Value| {
        let clock = entry["environment"]["AUTOSCALE_CLOCK"].as_str().unwrap();
        clock.split(',').next().unwrap().to_owned()
    };
    assert_eq!(clock(&before[0]), "2026-01-05T08:00:30.000Z");
    assert!(clock(&after[0]) > clock(&before[0]));
    let last = |entries: &[Value]| {
        let mut payloads = entries.iter().filter_map(|entry| entry.get("payload"));
        let status = payloads.next().unwrap()["Data"]["myTimer"]["ScheduleStatus"].clone();
        status["Last"].as_str().unwrap().to_owned()
    };
    assert_eq!(last(before), "0001-01-01T00:00:00+00:00");
    assert!(last(after).starts_with("2026-"), "{}", last(after));
}

#[test]
fn the_keys_outlive_a_restart() {
    let host = Root::new().up(&["--watch", "--max", "1", "--enable-auth"]);
    let line = host.line("  master  ");
    let key = line.split_whitespace().last().unwrap();
    let status = || host.request("GET", "/admin/host/status", &[("x-functions-key", key)], "");
    assert_eq!(status().status, 200);
    host.root
        .host_with(|host| host["functionTimeout"] = "00:01:00".into());
    host.lines_with("Ready: ", 2);
    assert_eq!(status().status, 200);
    // Also while the app cannot be served.
    std::fs::write(host.root.path.join("host.json"), "{").unwrap();
    host.line("The app cannot be served: ");
    assert_eq!(status().json()["state"], "Error");
}

/// Each restart of the host reads `local.settings.json` again.
#[test]
fn wrong_cors_at_a_restart_is_reported_and_can_be_repaired() {
    let host = watching(Root::new());
    let settings = host.root.path.join("local.settings.json");
    std::fs::write(&settings, r#"{"Host":{"CORS":"*","CORSCredentials":true}}"#).unwrap();
    host.root
        .host_with(|host| host["functionTimeout"] = "00:01:00".into());
    let line = host.line("The app cannot be served: CORS");
    assert!(line.contains("name the origins"), "{line}");
    std::fs::remove_file(&settings).unwrap();
    host.root.host(&host.root.plain_host());
    host.lines_with("Ready: ", 2);
    assert_eq!(host.get("/x").status, 200);
}
