//! A private PostgreSQL server that accepts only TLS and passwords, as Azure's does.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::net::TcpSocket;

use super::{reserved_port, unique};

const PASSWORD: &str = "the-owner";

/// Stopped when it is dropped, and its folder is deleted.
pub struct Server {
    child: Child,
    folder: PathBuf,
    pub port: u16,
    _reserved: TcpSocket,
}

impl Server {
    /// Starts the server. Fails the test if PostgreSQL's server programs are missing.
    pub async fn start() -> Self {
        // A folder that PostgreSQL can access even if the tests run as root.
        let folder = std::env::temp_dir().join(format!("elastic-visits-tls-{}", unique()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let account = account();
        let cluster = folder.join("cluster");
        let of_account = |path: &Path| {
            if let Some((uid, gid)) = account {
                std::os::unix::fs::chown(path, Some(uid), Some(gid)).unwrap();
            }
        };
        std::fs::create_dir(&cluster).unwrap();
        of_account(&cluster);
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            of_account(&path);
            path.display().to_string()
        };
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = write("server.crt", &own.cert.pem());
        let key = write("server.key", &own.signing_key.serialize_pem());
        // The client reads it as the user who runs the test.
        std::fs::write(folder.join("root.crt"), own.cert.pem()).unwrap();
        let hba = write("hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n");
        let password = write("password", PASSWORD);
        let binaries = binaries();
        let run = |program: &str| {
            let mut command = Command::new(binaries.join(program));
            command.current_dir(&folder).stdin(Stdio::null());
            if let Some((uid, gid)) = account {
                command.uid(uid).gid(gid);
            }
            command
        };
        let made = run("initdb")
            .args(["--no-sync", "--username=owner", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C"])
            .arg(format!("--pwfile={password}"))
            .arg("--pgdata")
            .arg(&cluster)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let (reserved, port) = reserved_port();
        let mut postgres = run("postgres");
        postgres.arg("-D").arg(&cluster);
        for setting in [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "fsync=off".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={certificate}"),
            format!("ssl_key_file={key}"),
            format!("hba_file={hba}"),
        ] {
            postgres.arg("-c").arg(setting);
        }
        let child = postgres
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            folder,
            port,
            _reserved: reserved,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = PgConnection::connect_with(&server.owner("postgres")).await {
            assert!(Instant::now() < deadline, "no server: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// The certificate to trust.
    pub fn root(&self) -> String {
        self.folder.join("root.crt").display().to_string()
    }

    /// As the superuser.
    pub fn owner(&self, database: &str) -> PgConnectOptions {
        self.login("owner", PASSWORD, database)
    }

    pub fn login(&self, role: &str, password: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("localhost")
            .port(self.port)
            .username(role)
            .password(password)
            .database(database)
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert(self.root())
    }

    /// As the superuser.
    pub async fn execute(&self, database: &str, sql: impl Into<String>) {
        let mut owner = PgConnection::connect_with(&self.owner(database))
            .await
            .unwrap();
        let sql = AssertSqlSafe(sql.into());
        sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
        owner.close().await.unwrap();
    }

    /// The settings for a handler that uses this server, except for its login.
    pub fn settings(&self, database: &str) -> Vec<(&'static str, String)> {
        vec![
            ("PGHOST", "localhost".to_owned()),
            ("PGPORT", self.port.to_string()),
            ("PGDATABASE", database.to_owned()),
            ("PGSSLROOTCERT", self.root()),
        ]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Immediate shutdown: the data is no longer needed, and the server's child processes end with it.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// PostgreSQL refuses to run as root.
fn account() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let named = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2);
        Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
    };
    named("postgres").or_else(|| named("nobody"))
}

/// The programs of the latest installed version. Debian does not add them to PATH.
fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        .iter()
        .filter_map(|parent| Path::new(parent).read_dir().ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path().join("bin")))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found
        .pop()
        .or_else(|| std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file()))
        .expect(
            "this test needs PostgreSQL's server programs: ./scripts/test --packages lists them",
        )
}
