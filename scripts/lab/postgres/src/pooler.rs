//! A PgBouncer in front of a server, in transaction pooling.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use processes::free_port;
use rustix::process::Signal;
use tokio::process::Child;
use tokio::time::sleep;

use super::binaries::find_in_path;
use super::home::{Account, Temporary};
use super::process::{PATIENCE, POLL, end, serving, signal, told_after};
use super::{NAME, Server};

const INSTALL: &str = if cfg!(target_os = "macos") {
    "brew install pgbouncer"
} else {
    "apt-get install pgbouncer"
};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running PgBouncer. It and its files are removed when this is dropped. Clients log in as they would at the
/// server, to any of its databases.
///
/// Any transaction may use any of the server's connections, so PgBouncer refuses what it cannot preserve then:
/// `options` and `extra_float_digits` at the start of a connection, and statements prepared by name.
pub struct Pooler {
    process: Child,
    port: u16,
    url: String,
    /// Declared after `process`, so that the folder is removed last.
    _folder: Temporary,
}

impl Pooler {
    /// Starts a pooler with at most `pool_size` connections to each of the server's databases.
    ///
    /// Call this from a thread that lives as long as the pooler is needed, because the pooler ends with that thread.
    ///
    /// # Errors
    /// One sentence for the user if that is not possible.
    pub async fn start(server: &Server, pool_size: u16) -> anyhow::Result<Self> {
        let program = installed()?;
        // Another program may take the free port before the pooler does, so there are several attempts.
        for _ in 0..5 {
            let port = free_port().context("no free port on 127.0.0.1")?;
            let files = Files::write(server, port, pool_size)?;
            let mut pooler = Self {
                process: files.serve(program.clone(), server.account())?,
                port,
                url: server.url_at(port),
                _folder: files.folder,
            };
            let ready = until_ready(&mut pooler.process, &files.log);
            match told_after(PATIENCE, "waiting for PgBouncer", ready).await? {
                Readiness::Ready => return Ok(pooler),
                Readiness::PortTaken => {}
            }
        }
        bail!("no free port for PgBouncer found in five tries")
    }

    /// The address and the login, including the password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One line for people, without the password.
    pub fn describe(&self) -> String {
        format!(
            "PgBouncer on 127.0.0.1:{}, transaction pooling, temporary files",
            self.port
        )
    }

    /// Returns when the pooler has ended although nothing stopped it.
    pub async fn lost(&mut self) {
        let _ = self.process.wait().await;
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // For PgBouncer, SIGTERM means at once, and SIGINT means after the last client.
        signal(&self.process, Signal::TERM);
        end(&mut self.process);
    }
}

/// Debian installs the program in a folder that is not in an ordinary user's PATH.
fn installed() -> anyhow::Result<PathBuf> {
    let elsewhere = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
    find_in_path("pgbouncer")
        .or_else(|| {
            let mut files = elsewhere
                .map(|folder| PathBuf::from(folder).join("pgbouncer"))
                .into_iter();
            files.find(|file| file.is_file())
        })
        .with_context(|| {
            format!(
                "PgBouncer, the connection pooler, is not installed; install it with: {INSTALL}"
            )
        })
}

/// The files of one PgBouncer.
struct Files {
    folder: Temporary,
    settings: PathBuf,
    log: PathBuf,
}

impl Files {
    fn write(server: &Server, port: u16, pool_size: u16) -> anyhow::Result<Self> {
        let account = server.account();
        let folder = Temporary::private("elastic-visits-pooler", account)?;
        // In plain text, because both logins need it: the client's at the pooler, and the pooler's at the server.
        let users = format!("\"{NAME}\" \"{}\"\n", server.password());
        let users = folder.write("users", &users, account)?;
        let settings = settings(server.port(), port, pool_size, &users.display().to_string());
        Ok(Self {
            settings: folder.write("pgbouncer.ini", &settings, account)?,
            log: folder.write("log", "", account)?,
            folder,
        })
    }

    fn serve(&self, program: PathBuf, account: Option<&Account>) -> anyhow::Result<Child> {
        let open = || {
            let log = File::options().append(true).open(&self.log)?;
            Ok::<_, std::io::Error>((log.try_clone()?, log))
        };
        let (output, errors) =
            open().with_context(|| format!("cannot write {}", self.log.display()))?;
        let mut command = serving(program, account, "TERM");
        command.arg(&self.settings);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        command.spawn().context("cannot start PgBouncer")
    }
}

fn settings(server_port: u16, port: u16, pool_size: u16, users: &str) -> String {
    format!(
        "\
[databases]
; Any name, so that databases made later work.
* = host=127.0.0.1 port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 1000
; A server that is back is used again soon, and databases nobody uses any more keep no connection.
server_login_retry = 1
server_idle_timeout = 5
log_connections = 0
log_disconnections = 0
"
    )
}

enum Readiness {
    Ready,
    PortTaken,
}

async fn until_ready(process: &mut Child, log: &std::path::Path) -> anyhow::Result<Readiness> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        // This is checked before the log is read, because a program that has ended has written its complete log.
        let ended = process.try_wait().context("cannot watch PgBouncer")?;
        let said = fs::read_to_string(log).unwrap_or_default();
        if let Some(status) = ended {
            if said.contains("nowhere to listen on") {
                return Ok(Readiness::PortTaken);
            }
            let reason = said.lines().rfind(|line| line.contains("FATAL"));
            bail!(
                "PgBouncer did not start ({status}): {}",
                reason.unwrap_or("it gave no reason").trim()
            );
        }
        // It already listens before it writes this.
        if said.contains("LOG process up") {
            return Ok(Readiness::Ready);
        }
        if Instant::now() > deadline {
            bail!("PgBouncer was not ready after {} s", START_LIMIT.as_secs());
        }
        sleep(POLL).await;
    }
}
