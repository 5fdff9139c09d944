//! A private PostgreSQL server: made, started and stopped by `lab`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::Binaries;
use super::home::{Account, Home, postmaster_pid};
use super::process::{POLL, end, finished, signal, told_after};

/// The role that the URL names, and its database.
const NAME: &str = "visits";
/// Recovery after a crash may take a while; a server that needs longer has a problem to be read in its log.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// How long a person waits before the first word about it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A running server. Call [`Server::stop`]; one that is only dropped is shut down at once and recovers next time.
pub struct Server {
    process: Child,
    port: u16,
    password: String,
    version: String,
    /// After `process`, so that the folder goes last.
    home: Home,
}

impl Server {
    /// Starts a server on the data kept in `data`, or on new data in a temporary folder.
    ///
    /// Call it from a thread that lives as long as the server is needed: the server ends with that thread.
    pub async fn start(data: Option<&Path>) -> anyhow::Result<Self> {
        let account = Account::for_server()?;
        let home = match data {
            Some(folder) => Home::kept(folder, account.as_ref())?,
            None => Home::temporary(account.as_ref())?,
        };
        let major = fs::read_to_string(home.cluster().join("PG_VERSION")).ok();
        let binaries = Binaries::find(major.as_deref().map(str::trim))?;
        let tools = Tools { binaries, account };

        home.check_not_served()?;
        let password = tools.prepare(&home).await?;
        // Another program may take the free port before the server does, hence more than one try.
        for _ in 0..5 {
            let port = free_port()?;
            let mut process = tools.serve(&home, port)?;
            match told_after(
                PATIENCE,
                "waiting for the PostgreSQL server",
                ready(&mut process, &home),
            )
            .await?
            {
                Readiness::Ready => {
                    return Ok(Self {
                        process,
                        port,
                        password,
                        version: tools.binaries.version,
                        home,
                    });
                }
                Readiness::PortTaken => {}
            }
        }
        bail!("no free port for the PostgreSQL server found in five tries")
    }

    /// Where and how to connect, the password included.
    pub fn url(&self) -> String {
        format!(
            "postgresql://{NAME}:{}@127.0.0.1:{}/{NAME}",
            self.password, self.port
        )
    }

    /// One line for a person; no password.
    pub fn describe(&self) -> String {
        let kept = if self.home.is_temporary() {
            "temporary data".to_owned()
        } else {
            format!("data kept in {}", self.home.path().display())
        };
        format!(
            "PostgreSQL {} on 127.0.0.1:{}, {kept}",
            self.version, self.port
        )
    }

    /// Comes back when the server has ended though nobody stopped it.
    pub async fn lost(&mut self) {
        let _ = self.process.wait().await;
    }

    /// Stops the server: clients are cut off, everything committed is on disk.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        signal(&self.process, Signal::INT);
        let stopped = timeout(STOP_LIMIT, self.process.wait());
        match told_after(PATIENCE, "stopping the PostgreSQL server", stopped).await {
            Ok(status) => {
                status.context("cannot wait for the PostgreSQL server")?;
                Ok(())
            }
            // Dropping does the rest.
            Err(_) => bail!(
                "the PostgreSQL server did not stop within {} s and was killed",
                STOP_LIMIT.as_secs()
            ),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        signal(&self.process, Signal::QUIT);
        end(&mut self.process);
    }
}

/// The installed programs and the user they run as.
struct Tools {
    binaries: Binaries,
    account: Option<Account>,
}

impl Tools {
    /// Makes the cluster, its role and its database where they are missing; gives the role's password.
    async fn prepare(&self, home: &Home) -> anyhow::Result<String> {
        if home.cluster().exists() {
            if let Some(password) = home.password() {
                return Ok(password);
            }
            let password = new_password();
            self.execute(
                &home.cluster(),
                &format!("alter role {NAME} password '{password}'\n"),
            )
            .await?;
            home.keep_password(&password)?;
            return Ok(password);
        }
        let work = self.make_cluster(home);
        told_after(PATIENCE, "making a new PostgreSQL database", work).await
    }

    /// Only a complete cluster gets the final name, so an interrupted one is never taken for it.
    async fn make_cluster(&self, home: &Home) -> anyhow::Result<String> {
        let unfinished = home.path().join("cluster.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).with_context(|| {
                format!("cannot delete the unfinished {}", unfinished.display())
            })?;
        }
        fs::create_dir(&unfinished)
            .with_context(|| format!("cannot make {}", unfinished.display()))?;
        if let Some(account) = &self.account {
            std::os::unix::fs::chown(&unfinished, Some(account.uid), Some(account.gid))
                .with_context(|| {
                    format!(
                        "cannot give {} to the user {}",
                        unfinished.display(),
                        account.name
                    )
                })?;
        }

        let mut initdb = self.command(self.binaries.program("initdb"));
        initdb.arg("--pgdata").arg(&unfinished);
        // The superuser gets no password, so that nobody can connect as it.
        initdb.args([
            "--username=postgres",
            "--auth-local=reject",
            "--auth-host=scram-sha-256",
        ]);
        initdb.args(["--encoding=UTF8", "--no-locale", "--no-instructions"]);
        if home.is_temporary() {
            initdb.arg("--no-sync");
        }
        finished(initdb, "initdb", "").await?;

        let password = new_password();
        let role = format!("create role {NAME} login createdb password '{password}'\n");
        let database = format!("create database {NAME} owner {NAME}\n");
        self.execute(&unfinished, &(role + &database)).await?;
        home.keep_password(&password)?;
        fs::rename(&unfinished, home.cluster()).context("cannot give the new cluster its name")?;
        Ok(password)
    }

    /// Runs statements, one a line, on a cluster that no server holds.
    async fn execute(&self, cluster: &Path, statements: &str) -> anyhow::Result<()> {
        let mut postgres = self.command(self.binaries.program("postgres"));
        postgres.args([
            "--single",
            "-c",
            "log_statement=none",
            "-c",
            "log_min_error_statement=panic",
            "-D",
        ]);
        postgres.arg(cluster).arg("postgres");
        let said = finished(postgres, "postgres --single", statements).await?;
        // It ends with success even when a statement fails.
        match said
            .lines()
            .find(|line| line.contains("ERROR:") || line.contains("FATAL:"))
        {
            Some(line) => bail!("PostgreSQL refused to set up the role {NAME}: {line}"),
            None => Ok(()),
        }
    }

    fn serve(&self, home: &Home, port: u16) -> anyhow::Result<Child> {
        let log = File::create(home.log())
            .with_context(|| format!("cannot write {}", home.log().display()))?;
        let postgres = self.binaries.program("postgres");
        // With setpriv's help the server ends even when lab is killed outright.
        let mut command = match find_in_path("setpriv") {
            Some(setpriv) => {
                let mut command = self.command(setpriv);
                command.args(["--pdeathsig", "INT"]).arg(postgres);
                command
            }
            None => self.command(postgres),
        };
        command.arg("-D").arg(home.cluster());
        for setting in [
            "listen_addresses=127.0.0.1",
            &format!("port={port}"),
            // Loopback TCP only: a socket's path is limited to 107 bytes, and peer authentication is not wanted.
            "unix_socket_directories=",
            "max_connections=200",
            "logging_collector=off",
            "log_destination=stderr",
            "lc_messages=C",
        ] {
            command.args(["-c", setting]);
        }
        let errors = log.try_clone().context("cannot share the server's log")?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        command
            .spawn()
            .context("cannot start the PostgreSQL server")
    }

    /// A program of PostgreSQL's, in a process group of its own so that Ctrl-C does not reach it.
    fn command(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        // The present folder may be one that the server's user cannot enter.
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
        if let Some(account) = &self.account {
            // The standard library drops root's supplementary groups as well.
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}

enum Readiness {
    Ready,
    PortTaken,
}

async fn ready(process: &mut Child, home: &Home) -> anyhow::Result<Readiness> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Some(status) = process
            .try_wait()
            .context("cannot watch the PostgreSQL server")?
        {
            let log = fs::read_to_string(home.log()).unwrap_or_default();
            if log.contains("could not bind") || log.contains("could not create any TCP/IP sockets")
            {
                return Ok(Readiness::PortTaken);
            }
            let reason = log
                .lines()
                .rfind(|line| line.contains("FATAL:"))
                .unwrap_or("it gave no reason");
            bail!(
                "the PostgreSQL server did not start ({status}): {}",
                reason.trim()
            );
        }
        if announced_ready(&home.cluster()) == process.id() {
            return Ok(Readiness::Ready);
        }
        if Instant::now() > deadline {
            end(process);
            bail!(
                "the PostgreSQL server was not ready after {} s",
                START_LIMIT.as_secs()
            );
        }
        sleep(POLL).await;
    }
}

/// The process that says in `postmaster.pid`, on its eighth line, that it takes connections. `pg_ctl` waits so too.
fn announced_ready(cluster: &Path) -> Option<u32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    (text.lines().nth(7)?.trim() == "ready").then_some(())?;
    postmaster_pid(cluster)?.try_into().ok()
}

fn free_port() -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener
        .local_addr()
        .context("no free port on 127.0.0.1")?
        .port())
}

/// 122 random bits, in characters that need no quoting in SQL or a URL.
fn new_password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
