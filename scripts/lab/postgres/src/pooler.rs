//! A PgBouncer in front of a server, in transaction pooling.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use processes::free_port;
use rustix::process::Signal;
use tokio::process::Child;

use super::binaries::find_in_path;
use super::home::Temporary;
use super::process::{Readiness, end, serving, signal, told, until_ready};
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
    log: PathBuf,
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
            let mut pooler = Self::spawn(program.clone(), server, port, pool_size)?;
            if let Readiness::Ready = pooler.ready().await? {
                return Ok(pooler);
            }
        }
        bail!("no free port for PgBouncer found in five tries")
    }

    fn spawn(program: PathBuf, server: &Server, port: u16, pool_size: u16) -> anyhow::Result<Self> {
        let account = server.account();
        let folder = Temporary::private("elastic-visits-pooler", account)?;
        // In plain text, because both logins need it: the client's at the pooler, and the pooler's at the server.
        let users = format!("\"{NAME}\" \"{}\"\n", server.password());
        let users = folder.write("users", &users, account)?;
        let settings = settings(server.port(), port, pool_size, &users);
        let settings = folder.write("pgbouncer.ini", &settings, account)?;
        let log = folder.write("log", "", account)?;
        let unwritable = || format!("cannot write {}", log.display());
        let output = File::options().append(true).open(&log);
        let output = output.with_context(unwritable)?;
        let errors = output.try_clone().with_context(unwritable)?;
        let mut command = serving(program, account, "TERM");
        command.arg(settings);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        Ok(Self {
            process: command.spawn().context("cannot start PgBouncer")?,
            port,
            url: server.url_at(port),
            log,
            _folder: folder,
        })
    }

    async fn ready(&mut self) -> anyhow::Result<Readiness> {
        // It already listens before it writes this.
        let is_ready = |_: &Child| {
            let log = fs::read_to_string(&self.log);
            log.is_ok_and(|log| log.contains("LOG process up"))
        };
        let port_taken = ["nowhere to listen on"];
        let process = &mut self.process;
        let ready = until_ready(
            process,
            "PgBouncer",
            START_LIMIT,
            &self.log,
            &port_taken,
            is_ready,
        );
        told("waiting for PgBouncer", ready).await
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

fn settings(server_port: u16, port: u16, pool_size: u16, users: &Path) -> String {
    let users = users.display();
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
