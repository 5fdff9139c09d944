//! The measured servers: the handler, `lab up`, and the example with an empty route.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use ::processes::{free_port, proc};
use load::client::Client;
use load::connection::Route;

/// How long a start or a stop may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a connection attempt or a response may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The time between two attempts to get the first response, which is the timer's resolution.
const POLL: Duration = Duration::from_millis(1);

/// The binaries, as `scripts/bench` builds them.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) handler: PathBuf,
    pub(crate) lab: PathBuf,
    pub(crate) empty_route: PathBuf,
    pub(crate) single_insert: PathBuf,
}

impl Programs {
    pub(crate) fn below(root: &Path) -> anyhow::Result<Self> {
        let release = root.join("target/release");
        let program = |name: &str| {
            let path = release.join(name);
            ensure!(
                path.is_file(),
                "{} is not built; run ./scripts/bench",
                path.display()
            );
            Ok(path)
        };
        Ok(Self {
            handler: program("handler")?,
            lab: program("lab")?,
            empty_route: program("examples/empty_route")?,
            single_insert: program("examples/single_insert")?,
        })
    }
}

/// A program without the parts of the caller's environment that could change its behavior.
pub(crate) fn clean(program: &Path) -> Command {
    in_clean_environment(Command::new(program))
}

/// The same for a command that already has arguments.
pub(crate) fn in_clean_environment(mut command: Command) -> Command {
    command.env_clear();
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs a program until it ends, and returns its output.
///
/// # Errors
/// When it cannot be run, or when it fails, with the reason that it gives.
pub(crate) async fn output(mut command: Command, name: &str) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = output.await.with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().find(|line| line.contains("rror:"));
        let reason = reason.unwrap_or(said.trim());
        bail!("{name} failed ({}): {reason}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A running server on a port of 127.0.0.1; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pid: u32,
    pub(crate) address: SocketAddr,
    /// From exec to the first response.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts `command`, which gets the port with `--port`, and waits until it answers `ready` with 200.
    pub(crate) async fn start(
        mut command: Command,
        ready: &Request<Bytes>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        // The start is timed, so the port is chosen here instead of read from the program.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context("cannot share the log")?;
        command
            .arg("--port")
            .arg(address.port().to_string())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Ctrl+C reaches only this program, which then ends the others.
            .process_group(0)
            .kill_on_drop(true);
        let program = command.as_std().get_program().display().to_string();
        let begun = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {program}"))?;
        let pid = child.id().context("the process has just been started")?;

        let mut client = client(address);
        loop {
            if let Ok(reply) = client.send(ready).await
                && reply.status() == StatusCode::OK
            {
                break;
            }
            let ended = child.try_wait().context("cannot watch the process")?;
            if let Some(status) = ended {
                bail!("{program} ended ({status}); its log: {}", log.display());
            }
            if begun.elapsed() > LIMIT {
                bail!("{program} does not respond; its log: {}", log.display());
            }
            sleep(POLL).await;
        }
        Ok(Self {
            child,
            pid,
            address,
            start: begun.elapsed(),
        })
    }

    /// The CPU time used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        proc::cpu(self.pid)
    }

    /// The memory in use now, in megabytes.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        proc::memory(self.pid)
    }

    /// Ends it with SIGTERM.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            // This fails only if the process has already ended.
            let _ = kill_process(pid, Signal::TERM);
        }
        match timeout(LIMIT, self.child.wait()).await {
            Ok(status) => status.context("cannot wait for the process").map(drop),
            Err(_) => bail!("a process did not stop within {} s", LIMIT.as_secs()),
        }
    }
}

/// A route to servers on this machine.
pub(super) fn route(addresses: Vec<SocketAddr>) -> Route {
    Route::plain(addresses, TIMEOUT)
}

/// A client for single requests to one of them.
pub(super) fn client(address: SocketAddr) -> Client {
    Client::new(route(vec![address]))
}
