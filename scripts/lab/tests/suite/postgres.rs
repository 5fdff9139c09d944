//! `lab postgres`: the URLs work, the exit code is passed on, and nothing is left.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::scratch::{Scratch, eventually, text};

/// `lab postgres OPTIONS -- sh -c SCRIPT`, with its temporary folders in `scratch`.
fn lab(scratch: &Scratch, options: &[&str], script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command
        .arg("postgres")
        .args(options)
        .args(["--", "sh", "-c", script]);
    command
        .current_dir(scratch.path())
        .env("TMPDIR", scratch.path());
    command
}

fn kept(scratch: &Scratch) -> String {
    scratch.join("data").to_str().unwrap().to_owned()
}

fn is_running(pid: i32) -> bool {
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok()
}

fn server_pid(cluster: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

/// The only temporary server folder.
fn temporary(scratch: &Scratch) -> Option<PathBuf> {
    temporary_of("postgres", scratch)
}

fn temporary_of(what: &str, scratch: &Scratch) -> Option<PathBuf> {
    let prefix = format!("elastic-visits-{what}-");
    let mut entries = scratch
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.find(|path| path.to_str().unwrap().contains(&prefix))
}

fn assert_nothing_left(scratch: &Scratch, server: i32) {
    assert!(!is_running(server), "the server still runs");
    assert_eq!(
        temporary(scratch),
        None,
        "the temporary folder is still there"
    );
}

#[test]
fn gives_a_url_that_works_and_passes_the_exit_code_on() {
    let scratch = Scratch::new();
    let script = r#"
        psql -qAt "$TEST_URL" -c "select current_user, current_database(), current_setting('fsync')" \
            -c "create database another" -c "select rolsuper from pg_roles where rolname = current_user" || exit 1
        psql -qAt "$(echo "$TEST_URL" | sed 's/:[0-9a-f]*@/:wrong@/')" -c "select 1" 2>&1
        head -n 1 elastic-visits-postgres-*/cluster/postmaster.pid > server
        echo "$TEST_URL" > url
        exit 7"#;
    let output = lab(&scratch, &["--env", "TEST_URL"], script)
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.starts_with("visits|visits|on\nf\n"), "{said}");
    assert!(said.contains("password authentication failed"), "{said}");
    let url = std::fs::read_to_string(scratch.join("url")).unwrap();
    assert!(
        url.starts_with("postgresql://visits:") && url.contains("@127.0.0.1:"),
        "{url}"
    );
    let password = url.split([':', '@']).nth(2).unwrap();
    assert!(
        !text(&output.stderr).contains(password),
        "the password belongs to nobody's terminal"
    );
    let server = std::fs::read_to_string(scratch.join("server")).unwrap();
    assert_nothing_left(&scratch, server.trim().parse().unwrap());
}

#[test]
fn keeps_data_in_a_named_folder_for_one_user_at_a_time() {
    let scratch = Scratch::new();
    let data = kept(&scratch);
    let table = r#"psql -qAt "$DATABASE_URL" -c "create table kept as select 42 as answer""#;
    let output = lab(&scratch, &["--data", &data], table).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mode = scratch
        .join("data/password")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let inner = format!(
        r#"psql -qAt "$DATABASE_URL" -c "select answer from kept"; exec '{}' postgres --data data -- true"#,
        env!("CARGO_BIN_EXE_lab")
    );
    let output = lab(&scratch, &["--data", &data], &inner).output().unwrap();
    assert_eq!(text(&output.stdout), "42\n");
    assert_eq!(output.status.code(), Some(2), "the second one is refused");
    assert!(
        text(&output.stderr).contains("in use by another `lab postgres`"),
        "{output:?}"
    );
}

#[test]
fn starts_again_after_a_crash_and_without_its_password_file() {
    let scratch = Scratch::new();
    let data = kept(&scratch);
    let crash = r#"psql -qAt "$DATABASE_URL" -c "create table kept (id int)"; kill -9 "$(head -n 1 data/cluster/postmaster.pid)""#;
    let output = lab(&scratch, &["--data", &data], crash).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let left = scratch.join("data/cluster/postmaster.pid");
    assert!(left.exists(), "a crash leaves the file behind");
    let cluster = scratch.join("data/cluster").canonicalize().unwrap();
    eventually("the crashed server's other processes end", || {
        let mut processes = std::fs::read_dir("/proc").unwrap().flatten();
        let is_of_the_server = |folder: &Path| {
            std::fs::read_link(folder.join("cwd")).is_ok_and(|folder| folder == cluster)
        };
        (!processes.any(|process| is_of_the_server(&process.path()))).then_some(())
    });

    // The id may now belong to another program, for example this one.
    let stale = std::fs::read_to_string(&left).unwrap();
    let rest = stale.split_once('\n').unwrap().1;
    std::fs::write(&left, format!("{}\n{rest}", std::process::id())).unwrap();
    std::fs::remove_file(scratch.join("data/password")).unwrap();
    let count = r#"psql -qAt "$DATABASE_URL" -c "select count(*) from kept""#;
    let output = lab(&scratch, &["--data", &data], count).output().unwrap();
    assert_eq!(text(&output.stdout), "0\n", "{output:?}");
}

#[test]
fn refuses_data_that_a_server_holds() {
    let scratch = Scratch::new();
    let data = kept(&scratch);
    // Unlocked, as if the lab that started this server had ended.
    let inner = format!(
        "rm data/lock; exec '{}' postgres --data data -- true",
        env!("CARGO_BIN_EXE_lab")
    );
    let output = lab(&scratch, &["--data", &data], &inner).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("already runs on the data"),
        "{output:?}"
    );
}

/// Runs a script that ends with exit code 9 on its signal, and returns it, the server's id and `lab`'s.
fn start_waiting(scratch: &Scratch, options: &[&str]) -> (Child, i32) {
    let script =
        r#"trap 'echo told >> told; exit 9' INT TERM; : > ready; while :; do sleep 0.05; done"#;
    let child = lab(scratch, options, script)
        .process_group(0)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = eventually("the command runs", || {
        scratch
            .join("ready")
            .exists()
            .then(|| server_pid(&temporary(scratch)?.join("cluster")))?
    });
    (child, server)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed()).unwrap()
}

#[test]
fn stops_the_server_after_the_command_on_ctrl_c() {
    let scratch = Scratch::new();
    let (mut child, server) = start_waiting(&scratch, &[]);
    // Like a terminal: the whole foreground group gets the signal.
    kill_process_group(pid(&child), Signal::INT).unwrap();
    assert_eq!(
        child.wait().unwrap().code(),
        Some(9),
        "lab waits for the command"
    );
    assert_nothing_left(&scratch, server);
}

#[test]
fn passes_a_termination_on_to_the_command() {
    let scratch = Scratch::new();
    let (mut child, server) = start_waiting(&scratch, &[]);
    kill_process(pid(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert_eq!(
        std::fs::read_to_string(scratch.join("told")).unwrap(),
        "told\n"
    );
    assert_nothing_left(&scratch, server);
}

#[test]
fn leaves_no_server_even_after_sigkill() {
    let scratch = Scratch::new();
    let (mut child, server) = start_waiting(&scratch, &[]);
    kill_process(pid(&child), Signal::KILL).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    eventually("the server is gone", || (!is_running(server)).then_some(()));
    // The lab does not end the command, so the test does.
    let _ = kill_process_group(pid(&child), Signal::KILL);
}

#[test]
fn a_missing_command_has_the_exit_code_of_a_shell() {
    let scratch = Scratch::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command
        .args(["postgres", "--", "no-such-command"])
        .env("TMPDIR", scratch.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    assert!(
        text(&output.stderr).contains("cannot run `no-such-command`"),
        "{output:?}"
    );
    assert_eq!(temporary(&scratch), None);
}

/// Its process id, from its log.
fn pooler_pid(scratch: &Scratch) -> i32 {
    let log = temporary_of("pooler", scratch).unwrap().join("log");
    let log = std::fs::read_to_string(log).unwrap();
    log.split(['[', ']']).nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_pooler_leads_to_every_database_of_the_server() {
    let scratch = Scratch::new();
    let script = r#"
        psql -qAt "$DATABASE_URL" -c "create database another" -c "select inet_server_port()"
        psql -qAt "$POOLER_URL" -c "select inet_server_port()" -c "select current_user, current_database()"
        psql -qAt "${POOLER_URL%/visits}/another" -c "select current_database()"
        psql -qAt "$(echo "$POOLER_URL" | sed 's/:[0-9a-f]*@/:wrong@/')" -c "select 1" 2>&1 | grep -o "FATAL:.*"
        # What belongs to a session has no place in a pool of transactions.
        PGOPTIONS="-c work_mem=1MB" psql -qAt "$POOLER_URL" -c "select 1" 2>&1 | grep -o "FATAL:.*"
        stat -c %a elastic-visits-pooler-* elastic-visits-pooler-*/*
        sed -n '1s/.*\[\(.*\)\].*/\1/p' elastic-visits-pooler-*/log > pooler"#;
    let output = lab(&scratch, &["--pooler-env", "POOLER_URL"], script)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let (port, said) = said.split_once('\n').unwrap();
    let wanted = [
        port,
        "visits|visits",
        "another",
        "FATAL:  SASL authentication failed",
        "FATAL:  unsupported startup parameter: options",
        "700\n600\n600\n600\n",
    ];
    assert_eq!(said, wanted.join("\n"));
    assert!(text(&output.stderr).contains("PgBouncer on 127.0.0.1:"));
    let pooler = std::fs::read_to_string(scratch.join("pooler")).unwrap();
    assert!(!is_running(pooler.trim().parse().unwrap()), "it still runs");
    assert_eq!(temporary_of("pooler", &scratch), None);
}

#[test]
fn leaves_no_pooler_even_after_sigkill() {
    let scratch = Scratch::new();
    let (mut child, server) = start_waiting(&scratch, &["--pooler-env", "POOLER_URL"]);
    let pooler = pooler_pid(&scratch);
    assert!(is_running(pooler));
    kill_process(pid(&child), Signal::KILL).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let gone = || (!is_running(pooler) && !is_running(server)).then_some(());
    eventually("both are gone", gone);
    let _ = kill_process_group(pid(&child), Signal::KILL);
}
