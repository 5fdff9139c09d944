//! One handler process: started with the host's variables, in a group of its own, ended with all it started.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use processes::launch;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::console::{Console, Severity, Source, Stream, Tail, relay};
use super::plan::Plan;

/// How long the output of a dead handler is still read: a stray descendant may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a handler is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// SIGKILL at once, which is all the real host does (`WorkerProcess.cs`, `Dispose`).
    Kill,
    /// SIGTERM, then SIGKILL after this time.
    Term(Duration),
}

pub(crate) struct Process {
    child: Child,
    group: Pid,
    tail: Tail,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the handler with the plan's variables and `variables` on top of the inherited environment.
    pub(crate) fn start(
        plan: &Plan,
        variables: &[(&str, String)],
        console: &Console,
    ) -> io::Result<Self> {
        let command = &plan.command;
        let (executable, arguments) = command.line(variables);
        check(&executable)?;
        if !command.working_directory.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "the working directory {} does not exist",
                    command.working_directory.display()
                ),
            ));
        }
        console.host(
            Severity::Debug,
            format_args!(
                "Starting {} {} in {}",
                executable.display(),
                without_secrets(&arguments.join(" ")),
                command.working_directory.display()
            ),
        );
        let mut child = Command::from(launch::command(&plan.groups)?)
            .arg(&executable)
            .args(&arguments)
            .current_dir(&command.working_directory)
            .envs(plan.variables.iter().map(|(name, value)| (name, value)))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::other("the new process has no id"))?;
        let tail = Tail::default();
        let mut readers = Vec::new();
        let source = |stream| Source {
            stream,
            console: console.clone(),
            tail: tail.clone(),
        };
        if let Some(stream) = child.stdout.take() {
            readers.push(tokio::spawn(relay(stream, source(Stream::Out))));
        }
        if let Some(stream) = child.stderr.take() {
            readers.push(tokio::spawn(relay(stream, source(Stream::Err))));
        }
        Ok(Self {
            child,
            group,
            tail,
            readers,
        })
    }

    pub(crate) fn id(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    /// Waits for the process's own end. May be cancelled and called again.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills what is left of the group, waits for it, and returns the last error lines.
    pub(crate) async fn reap(mut self) -> Vec<String> {
        self.kill();
        let _ = self.child.wait().await;
        for reader in &mut self.readers {
            if tokio::time::timeout(LAST_WORDS, &mut *reader)
                .await
                .is_err()
            {
                reader.abort();
            }
        }
        self.tail.lines()
    }

    /// Asks the process to end and waits for that.
    pub(crate) async fn terminate(&mut self, patience: Duration) -> bool {
        let _ = rustix::process::kill_process(self.group, Signal::TERM);
        tokio::time::timeout(patience, self.child.wait())
            .await
            .is_ok()
    }

    /// Kills the process and all it started.
    pub(crate) fn kill(&self) {
        // Fails only where nothing is left.
        let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Says before the start what would otherwise be a bare "not found" in the handler's output.
fn check(executable: &Path) -> io::Result<()> {
    let usable = |path: &Path| {
        path.metadata()
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    if executable.components().count() > 1 {
        if !executable.exists() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{} does not exist", executable.display()),
            ));
        }
        if !usable(executable) {
            // On Premium and Dedicated plans the host does not set the bit either.
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "{0} is not executable; run chmod +x {0}",
                    executable.display()
                ),
            ));
        }
        return Ok(());
    }
    let found = std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths).any(|folder| usable(&folder.join(executable)))
    });
    if found {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!(
            "{:?} is neither a file in the script root nor a command on the search path",
            executable.display().to_string()
        ),
    ))
}

/// Masks what looks like a credential in text that is logged, as the host's `Sanitizer.cs` does.
pub(crate) fn without_secrets(text: &str) -> String {
    const MARKS: [&str; 8] = [
        "accountkey=",
        "accesskey=",
        "sharedaccesskey=",
        "password=",
        "pwd=",
        "sig=",
        "code=",
        "token=",
    ];
    text.split(' ')
        .map(|word| {
            let lower = word.to_ascii_lowercase();
            if let Some(start) = MARKS.iter().filter_map(|mark| lower.find(mark)).min() {
                return format!("{}[hidden]", &word[..start]);
            }
            // user:password@host
            match (word.find("://"), word.rfind('@')) {
                (Some(scheme), Some(at)) if scheme < at => {
                    format!("{}://[hidden]{}", &word[..scheme], &word[at..])
                }
                _ => word.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn case_16_secrets_in_arguments_are_masked() {
        assert_eq!(
            without_secrets(
                "--db postgres://me:pw@host/x --storage Name=a;AccountKey=abc== --port 1"
            ),
            "--db postgres://[hidden]@host/x --storage Name=a;[hidden] --port 1"
        );
    }
}
