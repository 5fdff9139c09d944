//! `lab up` in a process of its own, on a store of its own.

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

/// CPU time that a visit uses, in milliseconds: so little that an instance serves some tens of visits in a second,
/// which is an Azure minute, and so much that they and nothing else make its load.
const VISIT_WORK_MS: u32 = 10;

/// How long `lab up` may take to start, its handler included.
const START: Duration = Duration::from_secs(90);
/// How long it may take to stop: its instances have ten seconds.
const STOP: Duration = Duration::from_secs(20);

/// What is kept of the user's environment; other variables could change what is shown.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// The running app, and what it is kept in.
pub(super) struct LabUp {
    child: Child,
    url: String,
    log: JoinHandle<()>,
    server: Option<Server>,
    _store: TempDir,
}

impl LabUp {
    /// Starts the store and `lab up` with these arguments about its fleet; comes back when it serves.
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
            .context("a temporary folder cannot be made")?;
        let server = match postgres {
            true => Some(Server::start(None).await?),
            false => None,
        };
        let program = std::env::current_exe().context("this program does not know its own path")?;
        let mut command = Command::new(&program);
        // By way of this program itself, so that the kernel ends lab up if this process dies in whatever way.
        command
            .args([
                "up",
                "--exec-handler",
                &std::process::id().to_string(),
                "--",
            ])
            .arg(&program)
            .args(["up", "--port", "0", "--script-root"])
            .arg(script_root)
            .args(fleet)
            .arg("--events")
            .arg(out.join("events.jsonl"));
        command.env_clear();
        command.envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        );
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
            // Ctrl+C is for this process, which then ends the other.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("lab up cannot be started")?;
        let output = child.stdout.take().context("lab up has no output")?;
        let (url, log) = match timeout(START, url_of(output, log)).await {
            Ok(Some(started)) => started,
            Ok(None) => bail!("lab up did not start: {}", last_line(&path)),
            Err(_) => bail!(
                "lab up did not serve within {} s; its log: {}",
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

    /// Ends everything and deletes the store.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self
            .child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw)
        {
            // Fails only where it has ended already.
            let _ = kill_process(pid, Signal::TERM);
        }
        let status = match timeout(STOP, self.child.wait()).await {
            Ok(status) => status.context("lab up was lost")?,
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

/// Copies the output into the log until it says where it serves, and then in the background. `None` if it ends first.
async fn url_of(output: ChildStdout, mut log: File) -> Option<(String, JoinHandle<()>)> {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // A full disk must not end the demonstration; writing the report will fail and say so.
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
    last.unwrap_or("it said nothing").to_owned()
}
