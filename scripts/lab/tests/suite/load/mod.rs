//! `lab load` with small real servers: the requests, the counts, the output. The only assertion about time is that
//! something took at least as long as its pauses.

mod counting;
mod custom;
mod endings;
mod faults;
mod fleet;
mod honesty;
mod library;
mod refusals;
pub(crate) mod server;
mod tls;
mod until;

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::scratch::{Scratch, eventually, text};
use run_record::Run;

/// A `lab load` that is not started yet.
struct Load {
    command: Command,
    folder: Scratch,
}

/// The result of a run.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
    folder: Scratch,
}

impl Load {
    /// Without a key, and with its record in a separate folder.
    fn on(url: &str, arguments: &[&str]) -> Self {
        let folder = Scratch::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command
            .args(["load", url])
            .args(arguments)
            .arg("--json")
            .arg(folder.join("run.json"))
            .env_remove("FUNCTIONS_KEY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command, folder }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn arg(mut self, argument: &str, path: &Path) -> Self {
        self.command.arg(argument).arg(path);
        self
    }

    fn run(mut self) -> Done {
        let output = self.command.output().unwrap();
        Done {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
            folder: self.folder,
        }
    }

    fn start(mut self) -> Running {
        Running {
            child: self.command.spawn().unwrap(),
            folder: self.folder,
        }
    }
}

impl Done {
    /// The record of a successful run.
    fn record(&self) -> Run {
        let text = std::fs::read_to_string(self.folder.join("run.json"));
        let text = text.unwrap_or_else(|_| panic!("there is no record: {}{}", self.out, self.err));
        serde_json::from_str(&text).unwrap()
    }

    /// The error message of a refused run, which left no files.
    fn refused(&self) -> &str {
        assert_eq!(self.code, Some(2), "{}{}", self.out, self.err);
        assert_eq!(self.err.trim_end().lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with("lab: "), "{}", self.err);
        assert_eq!(self.files(), [""; 0]);
        &self.err
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// A started run. It is killed if a test fails.
struct Running {
    child: Child,
    folder: Scratch,
}

impl Running {
    /// Waits for a line on standard error with this beginning.
    fn said(&mut self, begin: &str) {
        use std::io::BufRead as _;
        let err = self.child.stderr.as_mut().unwrap();
        // Reads byte by byte, so that the following lines stay available to other readers.
        let lines = std::io::BufReader::with_capacity(1, err).lines();
        let mut lines = lines.map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with(begin)), "{begin}");
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let kill = kill
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string());
        assert!(kill.status().unwrap().success());
    }

    fn end(mut self) -> (ExitStatus, Done) {
        let status = eventually("it ends", || self.child.try_wait().unwrap());
        let mut out = String::new();
        let mut err = String::new();
        use std::io::Read as _;
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        let folder = std::mem::replace(&mut self.folder, Scratch::new());
        let code = status.code();
        (
            status,
            Done {
                code,
                out,
                err,
                folder,
            },
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
