use std::process::Stdio;

use crate::support::http::head;
use crate::support::{Root, alive, eventually, signal};

/// One instance, whose handler is started again in place as on the real host.
const SINGLE: [&str; 2] = ["--max", "1"];

#[test]
fn case_11_any_answer_to_the_ping_means_ready() {
    // The probe answers 404 to a request without the host's headers.
    let host = Root::new().up(&["--verbose"]);
    assert!(host.requests().is_empty());
    host.line("The handler answers on port");
}

#[test]
fn case_12_and_13_a_handler_that_never_listens_is_an_error_that_counts() {
    let mut root = Root::new();
    root.host_with(|host| host["customHandler"]["initializationTimeout"] = "00:00:00.3".into());
    root.variable("PROBE_START", "deaf");
    let mut host = root.start(&SINGLE);
    host.listening();
    // The host itself is up meanwhile.
    assert_eq!(host.get("/admin/host/ping").status, 200);
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    assert_eq!(
        printed.matches("did not listen on 127.0.0.1").count(),
        3,
        "{printed}"
    );
    assert!(!printed.contains("Ready:"));
    assert_eq!(host.handlers().len(), 3);
}

#[test]
fn case_13_a_handler_that_cannot_be_started_ends_the_host() {
    let root = Root::new();
    std::fs::remove_file(root.path.join("handler")).unwrap();
    let mut host = root.start(&SINGLE);
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    assert!(
        printed.contains("neither a file in the script root nor a command"),
        "{printed}"
    );
}

#[test]
fn case_15_a_missing_execute_bit_is_named_and_not_repaired() {
    let root = Root::new();
    let handler = root.path.join("handler");
    std::fs::remove_file(&handler).unwrap();
    std::fs::write(&handler, "#!/bin/sh\n").unwrap();
    let mut host = root.start(&SINGLE);
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    assert!(
        printed.contains("is not executable; run chmod +x"),
        "{printed}"
    );
}

#[test]
fn case_14_the_handler_gets_the_five_variables_and_inherits_the_rest() {
    let mut root = Root::new();
    let five = [
        "FUNCTIONS_CUSTOMHANDLER_PORT",
        "FUNCTIONS_HTTPWORKER_PORT",
        "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
        "FUNCTIONS_HTTPWORKER_ID",
        "FUNCTIONS_APP_ROOT_PATH",
    ];
    for (name, old) in five.iter().zip(["1", "", "old", "", "/old"]) {
        root.variable(name, old);
    }
    root.variable("SOME_SETTING", "kept")
        .variable("FROM_BOTH", "outer");
    std::fs::write(
        root.path.join("local.settings.json"),
        r#"{"IsEncrypted":false,"Values":{"FROM_FILE":"file","FROM_BOTH":"inner"}}"#,
    )
    .unwrap();
    let path = root.path.canonicalize().unwrap();
    let host = root.up(&[]);
    let start = host.journal().remove(0);
    let value = |name: &str| start["environment"][name].as_str().unwrap().to_owned();
    assert!(value(five[0]).parse::<u16>().unwrap() > 1);
    assert_eq!(value(five[0]), value(five[1]));
    assert_eq!(value(five[2]).len(), 36);
    assert_eq!(value(five[2]), value(five[3]));
    assert_eq!(value(five[4]), path.to_str().unwrap());
    assert_eq!(value("SOME_SETTING"), "kept");
    assert_eq!(value("FROM_FILE"), "file");
    assert_eq!(value("FROM_BOTH"), "outer");
    assert_eq!(value("AZURE_FUNCTIONS_ENVIRONMENT"), "Development");
    // Nothing is appended to the command line, and the root is where it runs.
    assert_eq!(start["arguments"], serde_json::json!([]));
    assert_eq!(start["directory"], path.to_str().unwrap());
}

#[test]
fn case_27_requests_wait_for_the_next_handler_after_a_kill() {
    let host = Root::new().up(&SINGLE);
    let first = host.handler(1);
    // One in flight, and one kept connection in use.
    let mut waiting = host.open();
    waiting.send(head("GET", "/stall", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stall");
    let mut kept = host.open();
    kept.send(head("GET", "/x", &[], 0));
    assert_eq!(kept.answer("GET").json()["process"], first);

    signal(first, "KILL");
    let answer = waiting.answer("GET");
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    kept.send(head("GET", "/x", &[], 0));
    let answer = kept.answer("GET");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["process"], host.handler(2));
    host.line("was ended by signal: 9");
    let starts: Vec<_> = host
        .journal()
        .iter()
        .filter_map(|entry| {
            entry["environment"]["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(starts.len(), 2);
    assert_ne!(starts[0], starts[1]);
}

#[test]
fn case_27_under_load_only_requests_in_flight_fail() {
    let host = Root::new().up(&SINGLE);
    let first = host.handler(1);
    let failed: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = host.open();
                    let mut failed = 0;
                    for _ in 0..60 {
                        connection.send(head("GET", "/x", &[], 0));
                        failed += usize::from(connection.answer("GET").status == 500);
                    }
                    failed
                })
            })
            .collect();
        eventually("some requests were served", || {
            (host.requests().len() > 50).then_some(())
        });
        signal(first, "KILL");
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    // At most the one that each client had under way.
    assert!(failed <= 8, "{failed} failed");
}

#[test]
fn case_27_the_third_crash_ends_the_host() {
    let host = Root::new().up(&SINGLE);
    for number in 1..=3 {
        let answer = host.get(&format!("/exit-{number}"));
        assert_eq!((answer.status, answer.body.len()), (500, 0));
    }
    let mut host = host;
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    let last = printed
        .lines()
        .find(|line| line.starts_with("lab: "))
        .unwrap();
    assert!(
        last.contains("exit code 3") && last.contains("asked to exit with 3"),
        "{last}"
    );
}

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

#[test]
fn case_27_exit_200_is_not_counted() {
    let host = Root::new().up(&SINGLE);
    for number in 1..=4 {
        assert_eq!(host.get("/exit-200").status, 500);
        host.handler(number + 1);
    }
    assert_eq!(host.get("/x").status, 200);
    assert!(!host.printed().contains("of 3)"));
}

#[test]
fn case_27_exit_0_starts_the_handler_again() {
    let host = Root::new().up(&SINGLE);
    for number in 1..=4 {
        assert_eq!(host.get("/exit-0").status, 500);
        host.handler(number + 1);
    }
    let line = host.line("The handler ended with exit code 0");
    assert!(line.contains("must keep running"), "{line}");
    assert_eq!(host.get("/x").status, 200);
}

#[test]
fn case_27_an_exit_before_readiness_is_no_different() {
    for start in ["exit-200-once", "exit-0-once"] {
        let mut root = Root::new();
        root.variable("PROBE_START", start);
        let host = root.up(&SINGLE);
        assert_eq!(host.handlers().len(), 2);
        assert_eq!(host.get("/x").status, 200);
    }
}

#[test]
fn the_function_timeout_kills_the_handler() {
    let root = Root::new();
    root.host_with(|host| host["functionTimeout"] = "00:00:01".into());
    let host = root.up(&SINGLE);
    let first = host.handler(1);
    // One request waits for its answer, the other is in the middle of one.
    let mut streaming = host.open();
    streaming.send(head("GET", "/stream", &[], 0));
    streaming.head();
    streaming.chunk();
    let answer = host.get("/stall");
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    assert_eq!(streaming.chunk(), None);
    host.handler(2);
    assert!(!alive(first));
    assert_eq!(host.get("/x").status, 200);
    // It is not an error of the handler.
    assert!(!host.printed().contains("of 3)"));
}

#[test]
fn case_33_output_is_logged_at_the_hosts_levels() {
    let host = Root::new().up(&["--max", "1", "--verbose"]);
    host.get("/print-out-hello");
    host.get("/print-err-broken");
    host.get("/print-err-aWarning");
    host.get("/print-out-LanguageWorkerConsoleLog-from-the-system");
    assert!(host.line(" handler: hello").contains(" Information "));
    assert!(host.line(" handler: broken").contains(" Error "));
    assert!(host.line(" handler: aWarning").contains(" Warning "));
    assert!(
        host.line(" host: -from-the-system")
            .contains(" Information ")
    );
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

/// `func start` shows what a handler prints.
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
fn case_34_shutdown_kills_without_sigterm() {
    for stop in ["INT", "TERM"] {
        let mut root = Root::new();
        root.variable("PROBE_START", "term");
        let mut host = root.up(&[]);
        let handler = host.handler(1);
        host.signal(stop);
        let (status, printed) = host.end();
        assert_eq!(status.code(), Some(0), "{printed}");
        assert!(!alive(handler));
        assert!(
            !host
                .journal()
                .iter()
                .any(|entry| entry["terminated"] == true)
        );
    }
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
    // Deaf to SIGTERM is what a stopped process is.
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
fn case_34_what_the_handler_started_goes_with_it() {
    let mut root = Root::new();
    root.variable("PROBE_START", "child");
    let mut host = root.up(&[]);
    let child = host.entry("the handler has a child", |entry| entry["child"].is_u64());
    let child = u32::try_from(child["child"].as_u64().unwrap()).unwrap();
    assert!(alive(child));
    host.signal("INT");
    host.end();
    assert!(!alive(child));
}

#[test]
fn a_killed_host_takes_its_handler_with_it() {
    let mut host = Root::new().up(&[]);
    let handler = host.handler(1);
    host.signal("KILL");
    host.end();
    eventually("the handler is gone", || (!alive(handler)).then_some(()));
}

#[test]
fn requests_sent_before_readiness_are_answered_after_it() {
    // `up` waits for readiness; here nobody does.
    let mut host = Root::new().start(&[]);
    host.listening();
    assert_eq!(host.get("/x").status, 200);
}

#[test]
fn output_that_nobody_reads_does_not_stop_the_host() {
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
    // The pipe holds 64 KiB; each answer prints 16 KiB.
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
