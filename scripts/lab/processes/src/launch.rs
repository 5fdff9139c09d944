//! Starts a program in control groups, and makes the kernel kill it when its parent ends for any reason (Linux only).
//!
//! Both must be set between fork and exec. To avoid unsafe code, `lab` first starts itself, and that process then
//! becomes the program. Its id stays the same.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use rustix::process::Signal;

/// Arguments of `lab up` that [`command`] passes and [`LaunchArgs::run`] applies.
#[derive(clap::Args)]
pub struct LaunchArgs {
    /// Become the handler of this lab process (lab uses this itself)
    #[arg(long, hide = true, value_name = "PID")]
    exec_handler: Option<i32>,

    /// Control groups that the handler joins before it starts
    #[arg(long, hide = true, value_name = "FOLDER")]
    join_group: Vec<PathBuf>,

    #[arg(last = true, hide = true)]
    handler_command: Vec<OsString>,
}

/// A command that joins the groups and then becomes the program whose path and arguments are added to it. Without a
/// program it only joins the groups, which shows whether that is allowed.
///
/// # Errors
/// When the path of the current program is unknown.
pub fn command(groups: &[PathBuf]) -> io::Result<Command> {
    // On Linux this name is valid even if the file was replaced by a new build.
    let program = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        std::env::current_exe()?
    };
    let mut command = Command::new(program);
    command
        .args(["up", "--exec-handler", &std::process::id().to_string()])
        .args(
            groups
                .iter()
                .flat_map(|group| ["--join-group".as_ref(), group.as_os_str()]),
        )
        .arg("--");
    Ok(command)
}

impl LaunchArgs {
    /// Becomes the program of a [`command`]. Returns `None` if the arguments do not come from such a command.
    ///
    /// # Errors
    /// When the parent has ended, a group cannot be joined, or the program cannot be run.
    pub fn run(&self) -> Option<anyhow::Result<ExitCode>> {
        self.exec_handler.map(|parent| self.become_program(parent))
    }

    fn become_program(&self, parent: i32) -> anyhow::Result<ExitCode> {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        // If the parent has already ended, no signal will arrive.
        if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
            bail!("the parent process has ended");
        }
        // Before the program's first instruction, so that its limit applies to everything it does.
        for group in &self.join_group {
            // Zero means the process that writes.
            write(&group.join("cgroup.procs"), "0")
                .with_context(|| format!("cannot join the control group {}", group.display()))?;
        }
        let Some((executable, arguments)) = self.handler_command.split_first() else {
            return Ok(ExitCode::SUCCESS);
        };
        let error = Command::new(executable).args(arguments).exec();
        Err(error).with_context(|| format!("cannot run {}", executable.display()))
    }
}

/// Writes to a kernel file without creating it: outside a control group, that would create an ordinary file.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().write(true).open(file)?;
    file.write_all(text.as_bytes())
}
