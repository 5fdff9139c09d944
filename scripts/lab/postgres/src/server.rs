//! A private PostgreSQL server that `lab` creates, starts, and stops.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use processes::free_port;
use rustix::process::Signal;
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::home::{Account, Home, postmaster_pid};
use super::process::{Readiness, end, freeze, signal, thaw, told, until_ready};
use super::tools::Tools;
use super::{Binaries, NAME};

/// Recovery after a crash may take a while. A server that needs longer has a problem, which its log shows.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A running server. Call [`Server::stop`]. A server that is only dropped is shut down at once, and recovers at its
/// next start.
///
/// [`crash`](Server::crash), [`shut_down`](Server::shut_down), and [`freeze`](Server::freeze) are for tests of an
/// unavailable server.
pub struct Server {
    tools: Tools,
    settings: Vec<String>,
    process: Child,
    port: u16,
    /// Keeps the port of a stopped server from programs that ask for any free port. It does not listen.
    reserved: Option<TcpSocket>,
    password: String,
    /// Declared after `process`, so that the folder is removed last.
    home: Home,
}

impl Server {
    /// Starts a server with the data in `data`, or with new data in a temporary folder.
    ///
    /// Call this from a thread that lives as long as the server is needed, because the server ends with that thread.
    ///
    /// # Errors
    /// One sentence for the user if that is not possible.
    pub async fn start(data: Option<&Path>) -> anyhow::Result<Self> {
        Self::start_with(data, &[]).await
    }

    /// The same as [`Server::start`] with settings of the server, each `name=value`, which override ours.
    ///
    /// # Errors
    /// One sentence for the user if that is not possible.
    pub async fn start_with(data: Option<&Path>, settings: &[&str]) -> anyhow::Result<Self> {
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
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let port = free_port().context("no free port on 127.0.0.1")?;
        let mut server = Self {
            process: tools.serve(&home, port, &settings)?,
            tools,
            settings,
            port,
            reserved: None,
            password,
            home,
        };
        // Another program may take the free port before the server does, so there are several attempts.
        for _ in 0..5 {
            match server.ready().await? {
                Readiness::Ready => return Ok(server),
                Readiness::PortTaken => {
                    server.port = free_port().context("no free port on 127.0.0.1")?;
                }
            }
            server.serve()?;
        }
        bail!("no free port for the PostgreSQL server found in five tries")
    }

    /// The address and the login, including the password.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same through another program that listens on 127.0.0.1.
    pub fn url_at(&self, port: u16) -> String {
        format!(
            "postgresql://{NAME}:{}@127.0.0.1:{port}/{NAME}",
            self.password
        )
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its programs, including the matching client programs.
    pub fn binaries(&self) -> &Binaries {
        &self.tools.binaries
    }

    /// A client program, such as `psql`, that connects to a database of this server. Other users of the machine
    /// cannot read the password.
    pub fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.binaries().program(program));
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", NAME)
            .env("PGPASSWORD", &self.password)
            .env("PGDATABASE", database)
            .env_remove("PGOPTIONS");
        command
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.tools.account.as_ref()
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// One line for people, without the password.
    pub fn describe(&self) -> String {
        let kept = if self.home.is_temporary() {
            "temporary data".to_owned()
        } else {
            format!("data kept in {}", self.home.path().display())
        };
        format!(
            "PostgreSQL {} on 127.0.0.1:{}, {kept}",
            self.tools.binaries.version, self.port
        )
    }

    /// The server's log since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.log()).unwrap_or_default()
    }

    /// Returns when the server has ended although nothing stopped it.
    pub async fn lost(&mut self) {
        let _ = self.process.wait().await;
    }

    /// Stops the server: clients are disconnected, and everything committed is on disk.
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.shut_down().await
    }

    /// Stops the server cleanly (PostgreSQL's fast shutdown), so that it can be [resumed](Server::resume).
    ///
    /// # Errors
    /// When it does not stop in time.
    pub async fn shut_down(&mut self) -> anyhow::Result<()> {
        let stopped = self.ended_by(Signal::INT);
        told("stopping the PostgreSQL server", stopped).await
    }

    /// Stops the server as if the power failed (PostgreSQL's immediate shutdown). It recovers when it is
    /// [resumed](Server::resume).
    ///
    /// # Errors
    /// When it does not stop in time.
    pub async fn crash(&mut self) -> anyhow::Result<()> {
        self.ended_by(Signal::QUIT).await
    }

    /// Starts a stopped server again with its data and its port. Waits until it accepts connections.
    ///
    /// # Errors
    /// When it is running, when another program has taken the port, or when it does not start.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        if matches!(self.process.try_wait(), Ok(None)) {
            bail!("the PostgreSQL server is already running");
        }
        self.serve()?;
        match self.ready().await? {
            Readiness::Ready => Ok(()),
            Readiness::PortTaken => bail!("another program has taken port {}", self.port),
        }
    }

    /// Makes the URL's role a superuser, which is required for a subscription to another server. Restarts the server.
    ///
    /// # Errors
    /// When the server does not stop or start again.
    pub async fn make_superuser(&mut self) -> anyhow::Result<()> {
        self.shut_down().await?;
        let statement = format!("alter role {NAME} superuser\n");
        self.tools.execute(&self.home.cluster(), &statement).await?;
        self.resume().await
    }

    /// Suspends all processes of the server. Connections stay open and new ones are even accepted, but nothing
    /// responds until the [thaw](Server::thaw). Only on Linux.
    ///
    /// # Errors
    /// When the server is not running or cannot be suspended.
    pub async fn freeze(&mut self) -> anyhow::Result<()> {
        freeze(&self.process).await
    }

    /// Resumes a suspended server.
    pub fn thaw(&mut self) {
        thaw(&self.process);
    }

    fn serve(&mut self) -> anyhow::Result<()> {
        self.reserved = None;
        self.process = self.tools.serve(&self.home, self.port, &self.settings)?;
        Ok(())
    }

    async fn ended_by(&mut self, order: Signal) -> anyhow::Result<()> {
        signal(&self.process, order);
        // While suspended, it would not handle the signal.
        self.thaw();
        match timeout(STOP_LIMIT, self.process.wait()).await {
            Ok(status) => {
                status.context("cannot wait for the PostgreSQL server")?;
                self.reserved = reserve(self.port).ok();
                Ok(())
            }
            Err(_) => {
                signal(&self.process, Signal::KILL);
                bail!(
                    "the PostgreSQL server did not stop within {} s and was killed",
                    STOP_LIMIT.as_secs()
                )
            }
        }
    }

    async fn ready(&mut self) -> anyhow::Result<Readiness> {
        let cluster = self.home.cluster();
        let is_ready = |process: &Child| announced_ready(&cluster) == process.id();
        let (name, log) = ("the PostgreSQL server", self.home.log());
        let port_taken = ["could not bind", "could not create any TCP/IP sockets"];
        let ready = until_ready(
            &mut self.process,
            name,
            START_LIMIT,
            &log,
            &port_taken,
            is_ready,
        );
        told("waiting for the PostgreSQL server", ready).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        signal(&self.process, Signal::QUIT);
        self.thaw();
        end(&mut self.process);
    }
}

/// Binds a socket to a port that connections of a server may still occupy. Nobody can connect to it.
fn reserve(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

/// The process that `postmaster.pid` lists as ready on its eighth line. `pg_ctl` uses the same check.
fn announced_ready(cluster: &Path) -> Option<u32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    (text.lines().nth(7)?.trim() == "ready").then_some(())?;
    postmaster_pid(cluster)?.try_into().ok()
}
