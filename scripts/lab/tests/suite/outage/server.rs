//! A PostgreSQL server for faults, and a session with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ::postgres::{Pooler, Server};
use tokio::runtime::{Builder, Runtime};

/// A server for one test. The test's thread starts it, so it ends with the test.
pub struct Postgres {
    server: Server,
    runtime: Runtime,
}

impl Postgres {
    /// Without PostgreSQL's server programs, a test fails with the sentence that says what to install.
    pub fn start(data: Option<&Path>, settings: &[&str]) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(Server::start_with(data, settings));
        Self {
            server: server.unwrap(),
            runtime,
        }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The same through a forwarder that listens on this port.
    pub fn url_at(&self, port: u16) -> String {
        self.server.url_at(port)
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// A PgBouncer with few connections, in front of it.
    pub fn pooler(&self) -> Pooler {
        self.runtime
            .block_on(Pooler::start(&self.server, 3))
            .unwrap()
    }

    pub fn crash(&mut self) {
        self.runtime.block_on(self.server.crash()).unwrap();
    }

    pub fn shut_down(&mut self) {
        self.runtime.block_on(self.server.shut_down()).unwrap();
    }

    pub fn resume(&mut self) {
        self.runtime.block_on(self.server.resume()).unwrap();
    }

    /// Starts it again if it has ended.
    pub fn resume_if_ended(&mut self) {
        match self.runtime.block_on(self.server.resume()) {
            Ok(()) => println!("the server had ended and was started again"),
            Err(error) => assert!(error.to_string().contains("already running"), "{error:#}"),
        }
    }

    pub fn make_superuser(&mut self) {
        self.runtime.block_on(self.server.make_superuser()).unwrap();
    }

    pub fn freeze(&mut self) {
        self.runtime.block_on(self.server.freeze()).unwrap();
    }

    pub fn thaw(&mut self) {
        self.server.thaw();
    }

    /// A session with the database `postgres`, which faults of the app's database do not affect.
    pub fn session(&self) -> Session {
        let mut session = self.connect("control");
        assert_eq!(session.ask("select 1"), ["1"]);
        session
    }

    /// Opens another connection and does nothing with it; `None` if the server has none left.
    pub fn hog(&self) -> Option<Session> {
        let mut session = self.connect("hog");
        (session.ask("select 1") == ["1"]).then_some(session)
    }

    fn connect(&self, name: &str) -> Session {
        let url = self.server.url();
        let (server, _) = url.rsplit_once('/').unwrap();
        let mut child = Command::new(self.server.binaries().program("psql"))
            .args(["-XqAt", "-d"])
            .arg(format!("{server}/postgres?application_name={name}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Session {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }
}

/// An open `psql`.
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// The lines of a response; empty if the session has ended.
    pub fn ask(&mut self, sql: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if writeln!(self.input, "{sql};\n\\echo .").is_err() {
            return lines;
        }
        for line in self.output.by_ref().lines().map_while(Result::ok) {
            if line == "." {
                return lines;
            }
            lines.push(line);
        }
        Vec::new()
    }

    /// Cuts all connections to the app's database.
    pub fn cut_connections(&mut self) {
        // Only a superuser may end an autovacuum worker.
        self.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = 'visits' and backend_type = 'client backend'",
        );
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
