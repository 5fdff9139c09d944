//! The handler's real binary with a supervisor in the test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::eventually;

/// A handler that is restarted whenever it ends. The last one is killed when this is dropped.
pub struct Handler {
    door: Arc<Door>,
    /// The command for the next start.
    command: Arc<Mutex<Command>>,
    keeper: Option<JoinHandle<()>>,
    kills: u32,
}

/// The settings of a handler that connects through a PgBouncer, except for schema updates.
pub fn through_pooler<'a>(pooler: &'a str, server: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("DATABASE_URL", pooler),
        ("DATABASE_POOLER", "transaction"),
        ("DATABASE_MIGRATE_URL", server),
    ]
}

/// The address of the current handler.
#[derive(Default)]
pub struct Door(Mutex<State>);

#[derive(Default)]
struct State {
    /// Set while the process has not been waited for, so that a signal cannot reach another process.
    process: Option<Pid>,
    address: Option<SocketAddr>,
    starts: u32,
    log: Vec<String>,
    closing: bool,
}

impl Door {
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.lock().unwrap().address
    }
}

impl Handler {
    /// Starts it with exactly these variables as its environment, and waits until it listens.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let program = program();
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([
                ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
                ("LOG_FORMAT", "json"),
                // Every visit has a unique address, by which it is identified.
                ("VISITOR_IP", "full"),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let door = Arc::new(Door::default());
        let command = Arc::new(Mutex::new(command));
        let keeper = {
            let (door, command) = (Arc::clone(&door), Arc::clone(&command));
            std::thread::spawn(move || keep(&command, &door))
        };
        let handler = Self {
            door,
            command,
            keeper: Some(keeper),
            kills: 0,
        };
        eventually("the handler listens", || handler.door.address());
        handler
    }

    pub fn door(&self) -> Arc<Door> {
        Arc::clone(&self.door)
    }

    /// Kills the current handler, if there is one.
    pub fn kill(&mut self) {
        let mut state = self.door.0.lock().unwrap();
        if let Some(process) = state.process.take() {
            kill_process(process, Signal::KILL).unwrap();
            state.address = None;
            self.kills += 1;
        }
    }

    /// Changes a variable and kills the handler, as a platform does after a change of a setting.
    pub fn restart_with(&mut self, name: &str, value: &str) {
        self.command.lock().unwrap().env(name, value);
        self.kill();
    }

    /// Checks that no handler has ended except the killed ones.
    pub fn assert_never_ended_by_itself(&self) {
        let starts = eventually("the last handler has started", || {
            let state = self.door.0.lock().unwrap();
            state.address.map(|_| state.starts)
        });
        assert_eq!(starts, self.kills + 1, "starts, and kills + 1");
    }

    /// The beginning and the end of the log of all handlers.
    fn log(&self) -> String {
        let state = self.door.0.lock().unwrap();
        let (begin, rest) = state.log.split_at(state.log.len().min(20));
        let end = &rest[rest.len().saturating_sub(40)..];
        [begin, &["...".to_owned()], end].concat().join("\n")
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.door.0.lock().unwrap().closing = true;
        self.kill();
        let _ = self.keeper.take().map(JoinHandle::join);
        if std::thread::panicking() {
            eprintln!("the handler logged:\n{}", self.log());
        }
    }
}

pub fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_lab"))
        .parent()
        .unwrap()
        .join("handler");
    assert!(
        program.exists(),
        "there is no handler beside lab: build it with cargo build --workspace --bins"
    );
    program
}

/// Runs one handler after the other.
fn keep(command: &Mutex<Command>, door: &Door) {
    loop {
        let mut child = {
            let mut state = door.0.lock().unwrap();
            if state.closing {
                return;
            }
            let child = command.lock().unwrap().spawn().unwrap();
            state.process = Some(Pid::from_child(&child));
            state.starts += 1;
            child
        };
        read_log(&mut child, door);
        {
            let mut state = door.0.lock().unwrap();
            state.process = None;
            state.address = None;
        }
        child.wait().unwrap();
    }
}

/// Reads the log until the process ends.
fn read_log(child: &mut Child, door: &Door) {
    let output = BufReader::new(child.stdout.take().unwrap());
    for line in output.lines().map_while(Result::ok) {
        let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = parsed["address"]
            .as_str()
            .and_then(|text| text.parse().ok());
        let mut state = door.0.lock().unwrap();
        // A killed handler has no address, whatever it logged before.
        if state.process.is_some() && parsed["message"] == "serving" {
            state.address = address;
        }
        state.log.push(line);
    }
}
