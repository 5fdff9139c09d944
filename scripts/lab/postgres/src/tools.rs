//! Runs PostgreSQL's programs to create a cluster and to serve it.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

use super::home::{Account, Home, give};
use super::process::{command, finished, serving, told};
use super::{Binaries, NAME};

/// The installed programs, and the user that runs them.
pub(super) struct Tools {
    pub(super) binaries: Binaries,
    pub(super) account: Option<Account>,
}

impl Tools {
    /// Creates the cluster, its role, and its database if they are missing. Returns the role's password.
    pub(super) async fn prepare(&self, home: &Home) -> anyhow::Result<String> {
        if home.cluster().exists() {
            if let Some(password) = home.password() {
                return Ok(password);
            }
            let password = new_password();
            let statement = format!("alter role {NAME} password '{password}'\n");
            self.execute(&home.cluster(), &statement).await?;
            home.keep_password(&password)?;
            return Ok(password);
        }
        let work = self.make_cluster(home);
        told("creating a new PostgreSQL database", work).await
    }

    /// Only a complete cluster gets the final name, so an interrupted one is never used.
    async fn make_cluster(&self, home: &Home) -> anyhow::Result<String> {
        let unfinished = home.path().join("cluster.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).with_context(|| {
                format!("cannot delete the unfinished {}", unfinished.display())
            })?;
        }
        fs::create_dir(&unfinished)
            .and_then(|()| give(&unfinished, self.account.as_ref()))
            .with_context(|| format!("cannot create the folder {}", unfinished.display()))?;

        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&unfinished);
        // The superuser gets no password, so that nobody can connect as that role.
        initdb.args(["--username=postgres", "--auth-local=reject"]);
        initdb.arg("--auth-host=scram-sha-256");
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

    /// Runs statements, one per line, on a cluster that no server is using.
    pub(super) async fn execute(&self, cluster: &Path, statements: &str) -> anyhow::Result<()> {
        let mut postgres = self.command("postgres");
        postgres.args(["--single", "-c", "log_statement=none"]);
        postgres.args(["-c", "log_min_error_statement=panic"]);
        postgres.arg("-D").arg(cluster).arg("postgres");
        let said = finished(postgres, "postgres --single", statements).await?;
        // The program succeeds even if a statement fails.
        match said
            .lines()
            .find(|line| line.contains("ERROR:") || line.contains("FATAL:"))
        {
            Some(line) => bail!("PostgreSQL refused to set up the role {NAME}: {line}"),
            None => Ok(()),
        }
    }

    /// Starts a server, which is not ready yet. The settings, each `name=value`, override ours.
    pub(super) fn serve(
        &self,
        home: &Home,
        port: u16,
        settings: &[String],
    ) -> anyhow::Result<Child> {
        let log = File::create(home.log())
            .with_context(|| format!("cannot write {}", home.log().display()))?;
        let postgres = self.binaries.program("postgres");
        let mut command = serving(postgres, self.account.as_ref(), "INT");
        command.arg("-D").arg(home.cluster());
        let ours = [
            "listen_addresses=127.0.0.1",
            &format!("port={port}"),
            // Only TCP on the loopback address: a socket's path is limited to 107 bytes, and peer authentication is
            // not needed.
            "unix_socket_directories=",
            "max_connections=200",
            "logging_collector=off",
            "log_destination=stderr",
            "lc_messages=C",
        ];
        for setting in ours.into_iter().chain(settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        let errors = log.try_clone().context("cannot share the server's log")?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        command
            .spawn()
            .context("cannot start the PostgreSQL server")
    }

    fn command(&self, name: &str) -> Command {
        command(self.binaries.program(name), self.account.as_ref())
    }
}

/// A password with 122 random bits, in characters that need no quoting in SQL or a URL.
fn new_password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
