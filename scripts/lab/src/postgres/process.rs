//! Running PostgreSQL's programs and ending them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Between two looks at something that reports nothing by itself.
pub(super) const POLL: Duration = Duration::from_millis(15);

/// Runs a program of PostgreSQL's to its end and gives what it said.
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
        // A program that ends early explains itself below.
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

/// Ends a program and its children when the wait for it is given up.
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

/// Waits a moment for a process that has been told to end; then it must.
pub(super) fn end(process: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while let Ok(None) = process.try_wait() {
        if Instant::now() > deadline {
            signal(process, Signal::KILL);
        }
        // Called from `drop`, where nothing can be awaited.
        std::thread::sleep(POLL);
    }
}

pub(super) fn signal(process: &Child, signal: Signal) {
    if let Some(pid) = pid(process) {
        let _ = kill_process(pid, signal);
    }
}

fn pid(process: &Child) -> Option<Pid> {
    process.id().and_then(|id| Pid::from_raw(id.cast_signed()))
}

/// Awaits `work`; where it takes longer than `patience`, says on stderr what is going on.
pub(super) async fn told_after<T>(
    patience: Duration,
    what: &str,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    match timeout(patience, &mut work).await {
        Ok(output) => output,
        Err(_) => {
            eprintln!("lab: {what} ...");
            work.await
        }
    }
}
