//! One handler process: started with the host's variables in its own process group, and ended with all its child
//! processes.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use processes::launch;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::console::{Console, Source, Stream, Tail, relay};
use super::plan::Plan;
use super::{executable, listening};

/// How long the output of a dead handler is still read, because a remaining child process may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a handler is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// SIGKILL at once, like the real host (`WorkerProcess.cs`, `Dispose`).
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
    /// Starts the handler with the plan's variables and `variables`, in addition to the inherited environment.
    pub(crate) fn start(
        plan: &Plan,
        variables: &[(&str, String)],
        console: &Console,
    ) -> io::Result<Self> {
        let command = &plan.command;
        let (file, arguments) = command.line(variables);
        executable::check(&file, Path::new(&plan.script_root))?;
        create(&command.working_directory, console)?;
        console.debug(format_args!(
            "Starting {} {} in {}",
            file.display(),
            without_secrets(&arguments.join(" ")),
            command.working_directory.display()
        ));
        let mut child = Command::from(launch::command(&plan.groups)?)
            .arg(&file)
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

    /// Where it listens if that is not this port of 127.0.0.1, as far as the system provides it.
    pub(crate) fn listens_elsewhere(&self, port: u16) -> Option<String> {
        listening::elsewhere(self.group, port)
    }

    /// Why there is no response on this port, as far as the system provides it.
    pub(crate) fn silence(&self, port: u16) -> Option<String> {
        listening::cause(self.group, port)
    }

    /// Waits for the process's own end. May be cancelled and called again.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills the rest of the group, waits for it, and returns the last error lines.
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

    /// Tells the process to end, and waits for the end.
    pub(crate) async fn terminate(&mut self, patience: Duration) -> bool {
        let _ = rustix::process::kill_process(self.group, Signal::TERM);
        tokio::time::timeout(patience, self.child.wait())
            .await
            .is_ok()
    }

    /// Kills the process and all its child processes.
    pub(crate) fn kill(&self) {
        // Fails only if nothing is left.
        let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Creates a missing working directory, as the host does since April 2026 (pull request 11757,
/// `DefaultWorkerProcessFactory.cs`). It is then empty, which is rarely intended.
fn create(directory: &Path, console: &Console) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(directory).map_err(|error| {
        let text = format!(
            "the working directory {} does not exist and cannot be created: {error}; correct customHandler.description.workingDirectory",
            directory.display()
        );
        io::Error::new(error.kind(), text)
    })?;
    console.warn(format_args!(
        "The working directory {} did not exist, so it was created, as the host does; is customHandler.description.workingDirectory right?",
        directory.display()
    ));
    Ok(())
}

/// Masks possible credentials in logged text, as the host's `Sanitizer.cs` does.
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
