//! How the host starts the handler's process, and the environment of the process.

use serde_json::json;

use crate::support::program::Program;
use crate::support::{Root, eventually};

super::cases! {
    /// `DefaultHttpWorkerServiceTests.cs`, `PingAsync`: any response to the ping means ready. The probe's is 404.
    "11" any_response_to_the_ping_means_ready;
    /// `DefaultHttpWorkerServiceTests.cs`, `IsWorkerReady_Returns_False`; `HttpWorkerChannelTests.cs`; #6148, #9779: an
    /// error that counts, three times.
    "12, 13" a_handler_that_never_listens_is_an_error_that_counts;
    /// `HttpWorkerDescription.cs`; `HttpWorkerChannelTests.cs`, `TestStartWorkerProcess_WorkerServiceThrows`.
    "13" a_handler_that_cannot_be_started_is_an_error;
    /// `HttpWorkerProcessTests.cs`, `CreateWorkerProcess_VerifyEnvVars`; `WorkerUtilities.cs`: five variables, a free port,
    /// and the host's environment.
    "14, 18" the_handler_gets_the_five_variables_and_inherits_the_rest;
    /// `DefaultWorkerProcessFactory.cs`, `CreateWorkerProcess`: they stand in executable and arguments; unset ones do not.
    "14, 36" the_hosts_variables_are_replaced_in_the_command;
    /// `WorkerProcess.cs`, `AssignUserExecutePermissionsIfNotExists`; Core Tools' #2510: only on Linux Consumption.
    "15" a_missing_execute_bit_is_not_repaired;
    /// `HttpWorkerProcess.cs`, `Sanitizer`: what the host prints has no password of an argument.
    "16" a_password_in_an_argument_is_not_printed;
    /// `DefaultWorkerProcessFactory.cs`: execve needs an interpreter's name.
    "47" a_script_without_an_interpreter_cannot_be_started;
    /// `DefaultWorkerProcessFactory.cs`: a carriage return belongs to the interpreter's name.
    "47" a_script_with_windows_line_endings_cannot_be_started;
    /// `DefaultWorkerProcessFactory.cs`; #11757: the newer host creates it.
    "47" a_missing_working_directory_is_created;
}

fn a_handler_that_never_listens_is_an_error_that_counts(program: &Program) {
    let mut root = Root::app("proxying", program);
    // In this time, the process must write its journal.
    root.edit_host(|host| host["customHandler"]["initializationTimeout"] = "00:00:03".into());
    root.variable("PROBE_START", "deaf");
    let mut host = root.start(&[]);
    eventually("the handler is started three times", || {
        (host.handlers().len() == 3).then_some(())
    });
    host.serves_nothing("/x");
    assert_eq!(host.handlers().len(), 3, "processes started");
    if !program.is_lab_up() {
        return;
    }
    let (status, printed) = host.end();
    assert_eq!(status.code(), Some(3));
    assert_eq!(
        printed.matches("did not listen on 127.0.0.1").count(),
        3,
        "{printed}"
    );
    assert!(!printed.contains("Ready:"));
}

fn a_handler_that_cannot_be_started_is_an_error(program: &Program) {
    let root = Root::app("proxying", program);
    std::fs::remove_file(root.path.join("handler")).unwrap();
    cannot_be_started(root, "neither a file in the script root nor a command");
}

fn the_handler_gets_the_five_variables_and_inherits_the_rest(program: &Program) {
    let mut root = Root::app("proxying", program);
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
    root.variable("SOME_SETTING", "kept");
    let path = root.path_for_handler();
    let host = root.up(&[]);
    let start = host.started();
    let value = |name: &str| start["environment"][name].as_str().unwrap().to_owned();
    assert!(value(five[0]).parse::<u16>().unwrap() > 1);
    assert_eq!(value(five[0]), value(five[1]));
    assert_eq!(value(five[2]).len(), 36);
    assert_eq!(value(five[2]), value(five[3]));
    assert_eq!(value(five[4]), path);
    assert_eq!(value("SOME_SETTING"), "kept");
    // The host appends nothing to the command line, and runs it in the root.
    assert_eq!(start["arguments"], json!([]));
    assert_eq!(start["directory"], path);
}

fn the_hosts_variables_are_replaced_in_the_command(program: &Program) {
    let root = Root::app("proxying", program);
    root.edit_host(|host| {
        host["customHandler"]["description"] = json!({
            "defaultExecutablePath": "%FUNCTIONS_APP_ROOT_PATH%/handler",
            "arguments": [
                "%FUNCTIONS_CUSTOMHANDLER_PORT%",
                "%FUNCTIONS_HTTPWORKER_PORT%",
                "%FUNCTIONS_CUSTOMHANDLER_WORKER_ID%",
                "--at=%WEBSITE_HOSTNAME%",
                "%UNSET%",
            ],
        });
    });
    let host = root.up(&[]);
    let start = host.started();
    let variables = &start["environment"];
    let port = &variables["FUNCTIONS_CUSTOMHANDLER_PORT"];
    assert_eq!(
        start["arguments"],
        json!([
            port,
            port,
            variables["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"],
            format!(
                "--at={}",
                variables["WEBSITE_HOSTNAME"].as_str().unwrap_or_default()
            ),
        ])
    );
}

fn a_missing_execute_bit_is_not_repaired(program: &Program) {
    let root = Root::app("proxying", program);
    let handler = root.path.join("handler");
    std::fs::remove_file(&handler).unwrap();
    std::fs::write(&handler, "#!/bin/sh\n").unwrap();
    cannot_be_started(root, "is not executable; run chmod +x");
}

fn a_missing_working_directory_is_created(program: &Program) {
    let root = Root::app("proxying", program);
    root.edit_host(|host| {
        host["customHandler"]["description"]["workingDirectory"] = "made/here".into();
    });
    let host = root.up(&[]);
    let line = host.lab_up_prints("did not exist, so it was created, as the host does");
    assert!(line.is_none_or(|line| line.contains(" Warning ") && line.contains("made/here")));
    let directory = host.started()["directory"].as_str().unwrap().to_owned();
    assert!(directory.ends_with("/made/here"), "{directory}");
}

fn any_response_to_the_ping_means_ready(program: &Program) {
    let host = Root::app("proxying", program).up(&[]);
    assert_eq!(host.get("/x").status, 200);
    // A ping has none of an invocation's headers, so the probe does not count it.
    assert_eq!(host.requests(), ["/x"]);
}

fn a_password_in_an_argument_is_not_printed(program: &Program) {
    let root = Root::app("proxying", program);
    root.edit_host(|host| {
        host["customHandler"]["description"]["arguments"] =
            json!(["--connection=Server=a;Password=secret-word"]);
    });
    let host = root.up(&[]);
    assert_eq!(host.get("/x").status, 200);
    assert_eq!(
        host.started()["arguments"],
        json!(["--connection=Server=a;Password=secret-word"])
    );
    assert!(
        !host.printed().contains("secret-word"),
        "{}",
        host.printed()
    );
}

fn a_script_without_an_interpreter_cannot_be_started(program: &Program) {
    let root = Root::app("proxying", program);
    root.handler("exec sleep 60\n");
    cannot_be_started(root, "its first line must name one, for example #!/bin/sh");
}

fn a_script_with_windows_line_endings_cannot_be_started(program: &Program) {
    let root = Root::app("proxying", program);
    root.handler("#!/bin/sh\r\nexec sleep 60\r\n");
    cannot_be_started(root, "Windows line endings (CRLF)");
}

/// Waits until the host gives up the app. `lab up` prints `reason`.
fn cannot_be_started(root: Root, reason: &str) {
    let mut host = root.start(&[]);
    host.serves_nothing("/x");
    if host.program().is_lab_up() {
        let (status, printed) = host.end();
        assert_eq!(status.code(), Some(3), "{printed}");
        assert!(printed.contains(reason), "{printed}");
    }
}
