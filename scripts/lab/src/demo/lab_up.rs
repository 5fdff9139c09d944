//! `lab up` in a separate process, with a separate database.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use ::postgres::Server;
use processes::launch;

/// CPU time of a visit, in milliseconds. An instance then serves some tens of visits per second, which is an Azure minute,
/// and uses nearly all of its CPU for them.
const VISIT_WORK_MS: u32 = 10;

/// How long `lab up` and its handler may take to start.
const START: Duration = Duration::from_secs(90);
/// How long it may take to stop: its instances have ten seconds.
const STOP: Duration = Duration::from_secs(20);

/// The variables that are kept from the user's environment. Others could change the run.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// The running app and its database.
pub(super) struct LabUp {
    child: Child,
    url: String,
    log: JoinHandle<()>,
    server: Option<Server>,
    _store: TempDir,
}

impl LabUp {
    /// Starts the database and `lab up` with these arguments for its fleet. Returns when the app is ready.
    pub(super) async fn start(
        script_root: &Path,
        out: &Path,
        fleet: &[String],
        postgres: bool,
    ) -> anyhow::Result<Self> {
        let store = tempfile::Builder::new()
            .prefix("elastic-visits-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .context("a temporary folder cannot be created")?;
        let mut server = None;
        if postgres {
            server = Some(Server::start(None).await?);
        }
        let unknown = "the path of this program is unknown";
        let program = std::env::current_exe().context(unknown)?;
        // The kernel then kills lab up if this process ends for any reason.
        let mut command = Command::from(launch::command(&[]).context(unknown)?);
        command
            .arg(program)
            .args(["up", "--port", "0", "--script-root"])
            .arg(script_root)
            .args(fleet)
            .arg("--events")
            .arg(out.join("events.jsonl"));
        command.env_clear();
        let inherited = INHERITED.map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(inherited.into_iter().flatten());
        command.env("VISIT_WORK", VISIT_WORK_MS.to_string());
        match &server {
            Some(server) => command.env("DATABASE_URL", server.url()),
            None => command.env("SQLITE_PATH", store.path().join("visits.db")),
        };
        let path = out.join("lab.log");
        let log = File::create(&path)
            .with_context(|| format!("the log {} cannot be written", path.display()))?;
        let errors = log.try_clone().context("the log cannot be shared")?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            // Ctrl+C reaches only this process, which then ends the other one.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("lab up cannot be started")?;
        let output = child.stdout.take().context("lab up has no output")?;
        let (url, log) = match timeout(START, url_of(output, log)).await {
            Ok(Some(started)) => started,
            Ok(None) => bail!("lab up did not start: {}", last_line(&path)),
            Err(_) => bail!(
                "lab up was not ready within {} s; its log: {}",
                START.as_secs(),
                path.display()
            ),
        };
        Ok(Self {
            child,
            url,
            log,
            server,
            _store: store,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Stops the app and deletes its database.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id();
        if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            // This fails only if it has already ended.
            let _ = kill_process(pid, Signal::TERM);
        }
        let status = match timeout(STOP, self.child.wait()).await {
            Ok(status) => status.context("cannot wait for lab up")?,
            Err(_) => {
                self.child.kill().await.context("lab up cannot be ended")?;
                bail!(
                    "lab up did not stop within {} s and was killed",
                    STOP.as_secs()
                );
            }
        };
        let _ = timeout(Duration::from_secs(1), self.log).await;
        if let Some(server) = self.server {
            server.stop().await?;
        }
        if !status.success() {
            bail!("lab up ended with {status}; see lab.log");
        }
        Ok(())
    }
}

/// Copies the output to the log until it contains the URL of the app, and then in the background. Returns `None` if
/// the output ends first.
async fn url_of(output: ChildStdout, mut log: File) -> Option<(String, JoinHandle<()>)> {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // A full disk must not end the demonstration. Writing the report then fails with a message.
        let _ = writeln!(log, "{line}");
        if let Some(url) = line.strip_prefix("Ready: ") {
            let url = url.trim_end_matches('/').to_owned();
            let rest = tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    let _ = writeln!(log, "{line}");
                }
            });
            return Some((url, rest));
        }
    }
    None
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or("it gave no reason").to_owned()
}
