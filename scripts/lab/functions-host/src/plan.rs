//! What is needed to start a handler process.

use std::path::PathBuf;
use std::time::Duration;

use super::command::HandlerCommand;

/// What an instance needs to know to start its process.
#[derive(Clone)]
pub struct Plan {
    pub(crate) command: HandlerCommand,
    /// Variables beyond those inherited, without the five of the host.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) script_root: String,
    /// Whether it is Elastic Visits, as `lab assemble` lays it out.
    pub(crate) is_own: bool,
    /// Where the handler is to listen; None for a free port.
    pub(crate) port: Option<u16>,
    pub(crate) initialization_timeout: Duration,
    pub(crate) function_timeout: Option<Duration>,
    /// Control groups that the process belongs to.
    pub groups: Vec<PathBuf>,
    /// The error of the handler that ends the instance; those before are answered by a new process.
    pub crash_limit: u32,
}

impl Plan {
    /// Sets a variable that Elastic Visits reads. Any other app keeps a variable of that name that it has already.
    pub fn set(&mut self, name: String, value: String) {
        let is_theirs = !self.is_own
            && (std::env::var_os(&name).is_some()
                || self.variables.iter().any(|(other, _)| *other == name));
        if !is_theirs {
            self.variables.push((name, value));
        }
    }
}
