use std::process::Stdio;

use crate::support::{Root, alive, eventually, signal};

/// One instance, whose handler is restarted in the same place, as on the real host.
const SINGLE: [&str; 2] = ["--max", "1"];

#[test]
fn case_27_the_last_three_error_lines_go_with_the_crash() {
    let mut root = Root::new();
    root.variable("PROBE_START", "exit-1");
    let mut host = root.start(&SINGLE);
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    assert!(
        printed.contains("its last error lines: first error line | second error line"),
        "{printed}"
    );
}

/// `WorkerProcess.cs`, `BuildAndLogConsoleLog`.
#[test]
fn case_33_a_line_for_the_system_log_belongs_to_the_host() {
    let host = Root::new().up(&["--max", "1", "--verbose"]);
    host.line("The handler answers on port");
    host.get("/print-out-LanguageWorkerConsoleLog-from-the-system");
    let line = host.line(" host: -from-the-system");
    assert!(line.contains(" Information "), "{line}");
}

#[test]
fn case_33_without_verbose_only_problems_of_elastic_visits_are_shown() {
    let root = Root::new();
    std::fs::write(root.path.join(".lab-assembled"), "").unwrap();
    let host = root.up(&SINGLE);
    host.line("Elastic Visits behind an emulator");
    host.line("Data      SQLite");
    host.get("/print-out-calm");
    host.get("/print-err-trouble");
    host.line(" handler: trouble");
    assert!(!host.printed().contains("calm"));
    host.line("warnings and errors (--verbose shows everything)");
}

/// `func start` shows the output of a handler.
#[test]
fn another_app_is_not_called_elastic_visits_and_its_output_is_shown() {
    let host = Root::new().up(&SINGLE);
    host.get("/print-out-calm");
    assert!(host.line(" handler: calm").contains(" Information "));
    host.line("Function app behind an emulator");
    let printed = host.printed();
    assert!(
        !printed.contains("Elastic Visits") && !printed.contains("SQLite"),
        "{printed}"
    );
}

#[test]
fn case_34_sigterm_is_an_extra() {
    let mut root = Root::new();
    root.variable("PROBE_START", "term");
    let mut host = root.up(&["--sigterm", "20"]);
    host.signal("INT");
    let (status, _) = host.end();
    assert_eq!(status.code(), Some(0));
    assert!(
        host.journal()
            .iter()
            .any(|entry| entry["terminated"] == true)
    );
}

#[test]
fn case_34_a_second_signal_does_not_wait() {
    let mut root = Root::new();
    // A stopped process ignores SIGTERM.
    root.variable("PROBE_START", "");
    let mut host = root.up(&["--sigterm", "600"]);
    let handler = host.handler(1);
    signal(handler, "STOP");
    host.signal("INT");
    host.line("Stopping");
    host.signal("INT");
    let (status, _) = host.end();
    assert_eq!(status.code(), Some(0));
    assert!(!alive(handler));
}

#[test]
fn case_34_child_processes_of_the_handler_end_with_it() {
    let mut root = Root::new();
    root.variable("PROBE_START", "child");
    let mut host = root.up(&[]);
    let child = host.entry("the handler has a child", |entry| entry["child"].is_u64());
    let child = u32::try_from(child["child"].as_u64().unwrap()).unwrap();
    assert!(alive(child));
    host.signal("INT");
    host.end();
    eventually("the child is gone", || (!alive(child)).then_some(()));
}

#[test]
fn the_handler_of_a_killed_host_ends() {
    let mut host = Root::new().up(&[]);
    let handler = host.handler(1);
    host.signal("KILL");
    host.end();
    eventually("the handler is gone", || (!alive(handler)).then_some(()));
}

#[test]
fn requests_sent_before_readiness_are_answered_after_it() {
    // `up` would wait until the handler is ready, but `start` does not.
    let mut host = Root::new().start(&[]);
    host.listening();
    assert_eq!(host.get("/x").status, 200);
}

#[test]
fn unread_output_does_not_stop_the_host() {
    let root = Root::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lab"))
        .args([
            "up",
            "--verbose",
            "--port",
            &port.to_string(),
            "--script-root",
        ])
        .arg(&root.path)
        .env("PROBE_JOURNAL", root.journal())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe holds 64 KiB, and each response prints 16 KiB.
    let long = format!(
        "GET /print-out-{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "x".repeat(8000)
    );
    let mut served = 0;
    eventually("all requests are served", || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(5)))
            .unwrap();
        stream.write_all(long.as_bytes()).ok()?;
        let mut start = [0; 12];
        stream.read_exact(&mut start).ok()?;
        assert_eq!(&start, b"HTTP/1.1 200");
        served += 1;
        (served == 40).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
}
