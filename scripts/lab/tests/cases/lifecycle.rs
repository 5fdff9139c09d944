//! The handler's process while it serves: how it ends, starts again, and what it prints.

use crate::support::http::head;
use crate::support::program::Program;
use crate::support::{Root, alive, eventually};

super::cases! {
    /// `HttpFunctionInvocationDispatcherTests.cs`; `WorkerFunctionInvoker.cs`: requests wait for the next process; one in
    /// flight is 500 without a body.
    "27" requests_wait_for_the_next_handler_after_a_kill;
    /// `HttpFunctionInvocationDispatcher.cs`: only requests in flight fail.
    "27" under_load_only_requests_in_flight_fail;
    /// `HttpFunctionInvocationDispatcherTests.cs`: the third error ends the host.
    "27" the_third_crash_ends_the_host;
    /// `WorkerProcess.cs`, exit code 200: a restart that was asked for.
    "27" exit_200_is_not_counted;
    /// #11500, #11576: exit code 0 starts the handler again.
    "27" exit_0_starts_the_handler_again;
    /// `WorkerProcess.cs`; #11576: these exit codes mean the same before the handler is ready.
    "27" an_exit_before_readiness_has_the_same_meaning;
    /// `WebScriptHostExceptionHandler.cs`; #6601: `functionTimeout` ends the handler with all its requests.
    "27" the_function_timeout_kills_the_handler;
    /// `WorkerProcess.cs`, `BuildAndLogConsoleLog`; #6608: what the handler prints is shown, without an option.
    "33, 48" output_is_shown;
    /// `HttpWorkerProcess.cs`, `Dispose`; Azure-Functions#2490: the handler is killed without SIGTERM.
    "34" shutdown_kills_without_sigterm
        not on Func: "Ctrl+C reaches all processes of the terminal, so the handler ends whatever the host does"
        not on Image: "stopping a container sends SIGTERM to its first process, which is not the host";
}

fn requests_wait_for_the_next_handler_after_a_kill(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    let first = host.handler(1);
    // One request in flight, and one kept connection in use.
    let mut waiting = host.open();
    waiting.send(head("GET", "/stall", &[], 0));
    host.entry("the request arrives", |entry| entry["request"] == "/stall");
    let mut kept = host.open();
    kept.send(head("GET", "/x", &[], 0));
    assert_eq!(kept.answer("GET").json()["process"], first);

    host.kill_handler(first);
    let answer = waiting.answer("GET");
    assert_eq!((answer.status, answer.text()), (500, ""));
    kept.send(head("GET", "/x", &[], 0));
    let answer = kept.answer("GET");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["process"], host.handler(2));
    host.lab_up_prints("was ended by signal: 9");
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

fn under_load_only_requests_in_flight_fail(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
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
        host.kill_handler(first);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    // At most the one request in progress of each client.
    assert!(failed <= 8, "{failed} failed");
}

fn the_third_crash_ends_the_host(program: &Program) {
    let mut host = Root::app("proxying", program).up(&[]);
    for number in 1..=3 {
        let answer = host.get(&format!("/exit-{number}"));
        assert_eq!((answer.status, answer.text()), (500, ""));
    }
    let (status, printed) = host.end();
    if !program.is_lab_up() {
        return;
    }
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

fn exit_200_is_not_counted(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    for number in 1..=4 {
        assert_eq!(host.get("/exit-200").status, 500);
        host.handler(number + 1);
    }
    assert_eq!(host.get("/x").status, 200);
    if program.is_lab_up() {
        assert!(!host.printed().contains("of 3)"));
    }
}

fn exit_0_starts_the_handler_again(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    for number in 1..=4 {
        assert_eq!(host.get("/exit-0").status, 500);
        host.handler(number + 1);
    }
    let line = host.lab_up_prints("The handler ended with exit code 0");
    assert!(line.is_none_or(|line| line.contains("must keep running")));
    assert_eq!(host.get("/x").status, 200);
}

fn an_exit_before_readiness_has_the_same_meaning(program: &Program) {
    for start in ["exit-200-once", "exit-0-once"] {
        let mut root = Root::app("proxying", program);
        root.variable("PROBE_START", start);
        let host = root.up(&[]);
        assert_eq!(host.get("/x").status, 200);
        assert_eq!(host.handlers().len(), 2, "processes started");
    }
}

fn the_function_timeout_kills_the_handler(program: &Program) {
    let root = Root::app("proxying", program);
    root.edit_host(|host| host["functionTimeout"] = "00:00:01".into());
    let host = root.up(&[]);
    let first = host.handler(1);
    // One request waits for its response, the other one is receiving its response.
    let mut streaming = host.open();
    streaming.send(head("GET", "/stream", &[], 0));
    streaming.head();
    streaming.chunk();
    let answer = host.get("/stall");
    assert_eq!((answer.status, answer.text()), (500, ""));
    assert_eq!(streaming.chunk(), None);
    host.handler(2);
    if !matches!(program, Program::Image { .. }) {
        assert!(!alive(first));
    }
    // If the next process needs longer than functionTimeout to start, it is replaced, too.
    eventually("the next process serves", || {
        (host.get("/x").status == 200).then_some(())
    });
    // This is not an error of the handler.
    if program.is_lab_up() {
        assert!(!host.printed().contains("of 3)"));
    }
}

fn shutdown_kills_without_sigterm(program: &Program) {
    for stop in ["INT", "TERM"] {
        let mut root = Root::app("proxying", program);
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

fn output_is_shown(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    for (target, text, level) in [
        ("/print-out-hello", "hello", "Information"),
        ("/print-err-broken", "broken", "Error"),
        ("/print-err-aWarning", "aWarning", "Warning"),
    ] {
        host.get(target);
        host.line(text);
        let line = host.lab_up_prints(&format!(" handler: {text}"));
        assert!(
            line.is_none_or(|line| line.contains(&format!(" {level} "))),
            "{text}"
        );
    }
}
