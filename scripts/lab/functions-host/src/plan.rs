//! The data for the start of a handler process.

use std::path::PathBuf;
use std::time::Duration;

use super::command::HandlerCommand;

/// The data that an instance needs to start its process.
#[derive(Clone)]
pub struct Plan {
    pub(crate) command: HandlerCommand,
    /// Variables in addition to the inherited ones, without the five of the host.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) script_root: String,
    /// Whether it is Elastic Visits, as `lab assemble` lays it out.
    pub(crate) is_own: bool,
    /// The handler's port; `None` for a free port.
    pub(crate) port: Option<u16>,
    pub(crate) initialization_timeout: Duration,
    pub(crate) function_timeout: Option<Duration>,
    /// Control groups of the process.
    pub groups: Vec<PathBuf>,
    /// The number of errors after which the instance ends. After earlier errors, a new process starts.
    pub crash_limit: u32,
}

impl Plan {
    /// Sets a variable of Elastic Visits. Other apps keep an existing variable with that name.
    pub fn set(&mut self, name: &str, value: String) {
        let is_theirs = !self.is_own
            && (std::env::var_os(name).is_some()
                || self.variables.iter().any(|(other, _)| other == name));
        if !is_theirs {
            self.variables.push((name.to_owned(), value));
        }
    }
}
