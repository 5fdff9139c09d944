//! `--watch`: the host starts again when its files change (`FileMonitoringService.cs`).

use serde_json::json;

use crate::support::{Host, Root, alive, eventually};

fn watching(root: Root) -> Host {
    root.up(&["--watch", "--max", "1"])
}

#[test]
fn a_changed_file_of_the_host_starts_it_again() {
    let host = watching(Root::new());
    let first = host.handler(1);
    assert_eq!(host.get("/New").json()["target"], "/New");
    // On the same port, with what the files say now.
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
fn an_app_that_became_unusable_is_served_again_once_it_is_repaired() {
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
fn an_unusable_app_can_be_left_with_a_signal() {
    let mut host = watching(Root::new());
    std::fs::write(host.root.path.join("host.json"), "{").unwrap();
    host.line("The app cannot be served: ");
    host.signal("INT");
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(0), "{printed}");
}

/// Files that the host does not watch come first: were they watched, the host would start again for them.
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
