//! Runs PostgreSQL's programs, suspends them, and ends them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use processes::proc;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::binaries::find_in_path;
use super::home::Account;

/// The pause between two checks of something that cannot be awaited.
const POLL: Duration = Duration::from_millis(15);

/// How long a user waits before the first message about it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a process may take to react to a signal that it cannot ignore.
const SIGNAL_LIMIT: Duration = Duration::from_secs(5);

/// A program that runs as the server's user, in a separate process group so that Ctrl+C does not reach it.
pub(super) fn command(program: PathBuf, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    // The current folder may be one that the server's user cannot enter.
    command.current_dir("/").process_group(0).env("LC_ALL", "C");
    for name in [
        "PGDATA",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGPASSWORD",
        "PGOPTIONS",
    ] {
        command.env_remove(name);
    }
    if let Some(account) = account {
        // The standard library also drops root's supplementary groups.
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// A program that serves. With setpriv, it gets the signal `ending` even if lab is killed.
pub(super) fn serving(program: PathBuf, account: Option<&Account>, ending: &str) -> Command {
    match find_in_path("setpriv") {
        Some(setpriv) => {
            let mut command = command(setpriv, account);
            command.args(["--pdeathsig", ending]).arg(program);
            command
        }
        None => command(program, account),
    }
}

/// Runs a program of PostgreSQL until it ends, and returns its output.
pub(super) async fn finished(
    mut command: Command,
    name: &str,
    input: &str,
) -> anyhow::Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut run = Run(Some(
        command
            .spawn()
            .with_context(|| format!("cannot run {name}"))?,
    ));
    let child = run
        .0
        .as_mut()
        .context("the program has just been started")?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early is handled below.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let (mut said, mut complained) = (String::new(), String::new());
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let _ = tokio::join!(
        read_all(&mut stdout, &mut said),
        read_all(&mut stderr, &mut complained)
    );
    let status = child
        .wait()
        .await
        .with_context(|| format!("cannot wait for {name}"))?;
    run.0 = None;
    said.push_str(&complained);
    if !status.success() {
        let reason = said
            .lines()
            .rfind(|line| line.contains("error:") || line.contains("FATAL:"));
        bail!(
            "{name} failed ({status}): {}",
            reason
                .or(said.lines().last())
                .unwrap_or("it gave no reason")
                .trim()
        );
    }
    Ok(said)
}

async fn read_all(from: &mut Option<impl tokio::io::AsyncRead + Unpin>, into: &mut String) {
    if let Some(from) = from {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes).await;
        into.push_str(&String::from_utf8_lossy(&bytes));
    }
}

/// Ends a program and its children if the wait for it is cancelled.
struct Run(Option<Child>);

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            if let Some(group) = pid(child) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            end(child);
        }
    }
}

/// Waits briefly for a process that was told to end, and then kills it.
pub(super) fn end(process: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while let Ok(None) = process.try_wait() {
        if Instant::now() > deadline {
            signal(process, Signal::KILL);
        }
        // Called from `drop`, which cannot await.
        std::thread::sleep(POLL);
    }
}

pub(super) fn signal(process: &Child, signal: Signal) {
    if let Some(pid) = pid(process) {
        // This fails only if the process has just ended.
        let _ = kill_process(pid, signal);
    }
}

/// Suspends a process and its children.
pub(super) async fn freeze(process: &Child) -> anyhow::Result<()> {
    let parent = pid(process).context("the PostgreSQL server does not run")?;
    kill_process(parent, Signal::STOP).context("cannot freeze the PostgreSQL server")?;
    // A suspended process creates no further children.
    let deadline = Instant::now() + SIGNAL_LIMIT;
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let stopped = || waitid(WaitId::Pid(parent), options);
    while stopped()
        .context("cannot freeze the PostgreSQL server")?
        .is_none()
    {
        if Instant::now() > deadline {
            bail!("the PostgreSQL server cannot be frozen");
        }
        sleep(Duration::from_millis(1)).await;
    }
    signal_family(parent, Signal::STOP);
    Ok(())
}

/// Resumes a process and its children. Does nothing for those that are running.
pub(super) fn thaw(process: &Child) {
    if let Some(parent) = pid(process) {
        // Also if its children are not known. This fails only if the process has just ended.
        let _ = kill_process(parent, Signal::CONT);
        signal_family(parent, Signal::CONT);
    }
}

fn signal_family(parent: Pid, signal: Signal) {
    let family = proc::family(parent.as_raw_pid().cast_unsigned());
    for member in family.into_iter().flatten() {
        if let Some(member) = Pid::from_raw(member.cast_signed()) {
            // This fails only if the process has just ended.
            let _ = kill_process(member, signal);
        }
    }
}

fn pid(process: &Child) -> Option<Pid> {
    process.id().and_then(|id| Pid::from_raw(id.cast_signed()))
}

/// Awaits `work`. If a user has to wait for it, prints on stderr what is in progress.
pub(super) async fn told<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match timeout(PATIENCE, &mut work).await {
        Ok(output) => output,
        Err(_) => {
            eprintln!("lab: {what} ...");
            work.await
        }
    }
}

/// The state of a server program that was started on a port.
pub(super) enum Readiness {
    Ready,
    /// The program has ended, because another one listens on the port.
    PortTaken,
}

/// Waits until `is_ready` says that the started program `name` serves. A program that has ended with one of the
/// messages `port_taken` in its log has found its port in use.
pub(super) async fn until_ready(
    process: &mut Child,
    name: &str,
    limit: Duration,
    log: &Path,
    port_taken: &[&str],
    is_ready: impl Fn(&Child) -> bool,
) -> anyhow::Result<Readiness> {
    let deadline = Instant::now() + limit;
    loop {
        let ended = process.try_wait();
        if let Some(status) = ended.with_context(|| format!("cannot watch {name}"))? {
            let log = fs::read_to_string(log).unwrap_or_default();
            if port_taken.iter().any(|message| log.contains(message)) {
                return Ok(Readiness::PortTaken);
            }
            let reason = log.lines().rfind(|line| line.contains("FATAL"));
            let reason = reason.unwrap_or("it gave no reason").trim();
            bail!("{name} did not start ({status}): {reason}");
        }
        if is_ready(process) {
            return Ok(Readiness::Ready);
        }
        if Instant::now() > deadline {
            end(process);
            bail!("{name} was not ready after {} s", limit.as_secs());
        }
        sleep(POLL).await;
    }
}
