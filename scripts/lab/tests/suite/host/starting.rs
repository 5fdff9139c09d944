//! Why an app does not start: the cause in words, and what to do.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::{Host, Root};

/// One instance, whose handler is started again in place as on the real host.
const SINGLE: [&str; 2] = ["--max", "1"];

/// An app whose handler is this file.
fn script(text: &str) -> Root {
    let root = Root::new();
    let handler = root.path.join("handler");
    std::fs::remove_file(&handler).unwrap();
    std::fs::write(&handler, text).unwrap();
    std::fs::set_permissions(&handler, PermissionsExt::from_mode(0o755)).unwrap();
    root
}

/// What a host prints that ends because its handler cannot run.
fn failed(mut host: Host) -> String {
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3), "{printed}");
    printed
}

/// `WebJobsRouteBuilder.cs`, `MapFunctionRoute`: the prefix, a slash, and the route.
#[test]
fn a_route_with_a_leading_slash_under_a_prefix_stops_the_host() {
    let root = Root::bare();
    root.host_with(|host| host["extensions"]["http"] = json!({}));
    root.http("Other", "other", None, "anonymous");
    root.http("Items", "/items/{id}", None, "anonymous");
    let (code, printed) = root.refused(&[]);
    assert_eq!((code, printed.lines().count()), (2, 1), "{printed}");
    assert!(
        printed.contains("the route \"/items/{id}\" of the function Items begins with a slash")
            && printed.contains("\"api//items/{id}\"")
            && printed.contains("remove the slash"),
        "{printed}"
    );
    // Without a prefix nothing comes before it.
    let root = Root::bare();
    root.http("Items", "/items/{id}", None, "anonymous");
    assert_eq!(root.up(&[]).get("/items/7").status, 200);
}

#[test]
fn a_script_without_an_interpreter_is_explained() {
    let printed = failed(script("exec sleep 60\n").start(&SINGLE));
    assert!(
        printed.contains("its first line must name one, for example #!/bin/sh"),
        "{printed}"
    );
}

#[test]
fn windows_line_endings_are_explained() {
    let printed = failed(script("#!/bin/sh\r\nexec sleep 60\r\n").start(&SINGLE));
    assert!(
        printed.contains("Windows line endings (CRLF)") && printed.contains("sed -i 's/\\r$//'"),
        "{printed}"
    );
}

#[test]
fn a_missing_interpreter_is_named() {
    let printed = failed(script("#!/opt/none/python\n").start(&SINGLE));
    assert!(
        printed.contains("names the interpreter \"/opt/none/python\""),
        "{printed}"
    );
}

/// Pull request 11757 of the host: `DefaultWorkerProcessFactory.cs` creates it.
#[test]
fn a_missing_working_directory_is_created_with_a_word() {
    let root = Root::new();
    root.host_with(|host| {
        host["customHandler"]["description"]["workingDirectory"] = "work/a".into();
    });
    let host = root.up(&SINGLE);
    let line = host.line("did not exist, so it was created, as the host does");
    assert!(
        line.contains(" Warning ") && line.contains("work/a"),
        "{line}"
    );
    let directory = host.journal()[0]["directory"].as_str().unwrap().to_owned();
    assert!(directory.ends_with("the app/work/a"), "{directory}");
}

#[test]
fn a_working_directory_that_cannot_be_created_is_named() {
    let root = Root::new();
    root.host_with(|host| {
        host["customHandler"]["description"]["workingDirectory"] = "host.json/a".into();
    });
    let printed = failed(root.start(&SINGLE));
    assert!(
        printed.contains("host.json/a does not exist and cannot be created")
            && printed.contains("correct customHandler.description.workingDirectory"),
        "{printed}"
    );
}

fn silent(start: &str) -> String {
    let mut root = Root::new();
    root.host_with(|host| host["customHandler"]["initializationTimeout"] = "00:00:02".into());
    root.variable("PROBE_START", start);
    failed(root.start(&SINGLE))
}

#[test]
fn a_handler_on_another_port_is_found() {
    let printed = silent("another-port");
    assert!(
        printed.contains("it listens on 127.0.0.1:")
            && printed.contains("let it read the port from FUNCTIONS_CUSTOMHANDLER_PORT"),
        "{printed}"
    );
}

#[test]
fn a_handler_on_ipv6_only_is_found() {
    let printed = silent("ipv6");
    assert!(
        printed.contains("it listens on [::1]:")
            && printed.contains("only, but the host connects to 127.0.0.1"),
        "{printed}"
    );
}

#[test]
fn a_handler_that_does_not_listen_is_told_so() {
    let printed = silent("deaf");
    assert!(
        printed.contains("it listens on no port at all; let it listen on 127.0.0.1, on the port in FUNCTIONS_CUSTOMHANDLER_PORT"),
        "{printed}"
    );
}

/// Before the host gives it up, which takes 30 seconds and three attempts.
#[test]
fn the_cause_is_told_early() {
    let mut root = Root::new();
    root.variable("PROBE_START", "another-port");
    let host = root.start(&SINGLE);
    let line = host.line("The handler does not answer on 127.0.0.1:");
    assert!(
        line.contains(" Warning ") && line.contains("it listens on 127.0.0.1:"),
        "{line}"
    );
}

#[test]
fn exit_codes_are_explained() {
    let printed = failed(script("#!/bin/sh\nno-such-program\nexit $?\n").start(&SINGLE));
    assert!(
        printed
            .contains("exit code 127 (by convention: a command or a shared library was not found)"),
        "{printed}"
    );
    let printed = failed(script("#!/bin/sh\nexit 137\n").start(&SINGLE));
    assert!(
        printed.contains("exit code 137 (by convention: ended by signal 9)"),
        "{printed}"
    );
}
