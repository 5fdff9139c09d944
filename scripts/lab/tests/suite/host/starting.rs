//! Why an app does not start: the cause, and the solution.

use crate::support::{Host, Root};

/// One instance, whose handler is restarted in the same place, as on the real host.
const SINGLE: [&str; 2] = ["--max", "1"];

/// An app with this file as its handler.
fn script(text: &str) -> Root {
    let root = Root::new();
    root.handler(text);
    root
}

/// The output of a host that ends because its handler cannot run.
fn failed(mut host: Host) -> String {
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3), "{printed}");
    printed
}

#[test]
fn a_missing_interpreter_is_named() {
    let printed = failed(script("#!/opt/none/python\n").start(&SINGLE));
    assert!(
        printed.contains("names the interpreter \"/opt/none/python\""),
        "{printed}"
    );
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

/// The real host makes no pause (`HttpWorkerProcess.cs`).
#[test]
fn a_handler_that_ends_at_once_is_started_less_and_less_often() {
    let host = script("#!/bin/sh\nexit 0\n").start(&SINGLE);
    for pause in ["250ms", "500ms", "1s"] {
        let line = host.line(&format!("starting it again in {pause}"));
        assert!(line.contains("must keep running"), "{line}");
    }
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
fn a_handler_that_does_not_listen_is_reported() {
    let printed = silent("deaf");
    assert!(
        printed.contains("it listens on no port at all; let it listen on 127.0.0.1, on the port in FUNCTIONS_CUSTOMHANDLER_PORT"),
        "{printed}"
    );
}

/// Before the host gives up the handler, which takes 30 seconds and three attempts.
#[test]
fn the_cause_is_reported_early() {
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
