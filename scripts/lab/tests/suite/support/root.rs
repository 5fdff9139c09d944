//! A function app in a temporary folder, and the start of its host.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::free_port;
use super::host::Host;
use super::program::{self, Program, Run};

/// A function app that is being created, in a temporary folder.
pub struct Root {
    pub path: PathBuf,
    pub(super) files: PathBuf,
    variables: Vec<(String, String)>,
    /// Whether the command line names it. Otherwise the host is started in it.
    pub is_named: bool,
    pub(super) program: Program,
    pub(super) keys: bool,
    /// Options of `lab up` that belong to the app.
    options: &'static [&'static str],
}

impl Root {
    /// An existing function app, unchanged.
    pub fn over(path: PathBuf) -> Self {
        let files = temporary();
        std::fs::create_dir_all(&files).unwrap();
        Self {
            path,
            files,
            variables: Vec::new(),
            is_named: true,
            program: Program::LabUp,
            keys: false,
            options: &[],
        }
    }

    /// A root with only the probe handler.
    fn with_probe(program: Program) -> Self {
        let files = temporary();
        // The name contains a space, to check that no code splits paths.
        let path = files.join("the app");
        std::fs::create_dir_all(&path).unwrap();
        let probe = program.probe();
        assert!(
            probe.exists(),
            "the probe handler is missing; build it with cargo build -p lab --examples"
        );
        std::os::unix::fs::symlink(probe, path.join("handler")).unwrap();
        Self {
            path,
            files,
            variables: Vec::new(),
            is_named: true,
            program,
            keys: false,
            options: &[],
        }
    }

    /// An app of `functions-host/tests/apps` for the program.
    pub fn app(name: &str, program: &Program) -> Self {
        let mut root = Self::with_probe(program.clone());
        // The real host runs one instance here.
        root.options = &["--max", "1"];
        let app = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("functions-host/tests/apps")
            .join(name);
        let mut copy = Command::new("cp");
        copy.arg("-R").arg(app.join(".")).arg(&root.path);
        assert!(copy.status().unwrap().success());
        if let Program::Image { .. } = program {
            // The image has another user, which must write the journal.
            std::fs::set_permissions(&root.files, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        root
    }

    /// `host.json` with proxying and no route prefix, the probe handler, no function yet.
    pub fn bare() -> Self {
        let root = Self::with_probe(Program::LabUp);
        root.host(&root.plain_host());
        root
    }

    /// A bare root with the catch-all function `WebApp`, which accepts all callers and methods.
    pub fn new() -> Self {
        let root = Self::bare();
        root.http("WebApp", "{*path}", None, "anonymous");
        root
    }

    pub fn plain_host(&self) -> Value {
        json!({
            "version": "2.0",
            "customHandler": {
                "description": { "defaultExecutablePath": "handler" },
                "enableProxyingHttpRequest": true,
            },
            "extensions": { "http": { "routePrefix": "" } },
        })
    }

    pub fn host(&self, host: &Value) -> &Self {
        std::fs::write(self.path.join("host.json"), host.to_string()).unwrap();
        self
    }

    /// Changes the plain `host.json`.
    pub fn host_with(&self, change: impl FnOnce(&mut Value)) -> &Self {
        let mut host = self.plain_host();
        change(&mut host);
        self.host(&host)
    }

    /// Uses a script as the handler.
    pub fn handler(&self, script: &str) -> &Self {
        let handler = self.path.join("handler");
        std::fs::remove_file(&handler).unwrap();
        std::fs::write(&handler, script).unwrap();
        std::fs::set_permissions(&handler, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Changes the existing `host.json`.
    pub fn edit_host(&self, change: impl FnOnce(&mut Value)) -> &Self {
        let text = std::fs::read_to_string(self.path.join("host.json")).unwrap();
        let mut host = serde_json::from_str(&text).unwrap();
        change(&mut host);
        self.host(&host)
    }

    pub fn function(&self, name: &str, config: &Value) -> &Self {
        let folder = self.path.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("function.json"), config.to_string()).unwrap();
        self
    }

    /// A plain HTTP function. An empty route is left out, and no methods mean all.
    pub fn http(&self, name: &str, route: &str, methods: Option<&[&str]>, level: &str) -> &Self {
        let mut trigger =
            json!({ "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": level });
        if !route.is_empty() {
            trigger["route"] = route.into();
        }
        if let Some(methods) = methods {
            trigger["methods"] = methods.into();
        }
        self.function(
            name,
            &json!({ "bindings": [trigger, { "type": "http", "direction": "out", "name": "res" }] }),
        )
    }

    pub fn warmup(&self) -> &Self {
        self.function(
            "warmup",
            &json!({ "bindings": [{ "type": "warmupTrigger", "direction": "in", "name": "warmupContext" }] }),
        )
    }

    /// A function with a timer that is due by `schedule`; `more` are further members of its trigger.
    pub fn timer(&self, name: &str, schedule: &str, more: &Value) -> &Self {
        let mut trigger = json!({ "type": "timerTrigger", "direction": "in", "name": "myTimer", "schedule": schedule });
        for (name, value) in more.as_object().into_iter().flatten() {
            trigger[name] = value.clone();
        }
        self.function(name, &json!({ "bindings": [trigger] }))
    }

    pub fn variable(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Requires function keys.
    pub fn with_keys(mut self) -> Self {
        self.keys = true;
        self
    }

    /// The script root from the handler's view.
    pub fn path_for_handler(&self) -> String {
        self.program.app(&self.path).to_str().unwrap().to_owned()
    }

    /// A folder for the test, outside the script root.
    pub fn files(&self) -> &Path {
        &self.files
    }

    pub fn journal(&self) -> PathBuf {
        self.files.join("journal")
    }

    pub fn gate(&self) -> PathBuf {
        self.files.join("gate")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.complete(Command::new(program::built().join("lab")), arguments)
    }

    fn complete(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.arg("up");
        if self.is_named {
            command.arg("--script-root").arg(&self.path);
        } else {
            command.current_dir(&self.path);
        }
        program::isolate(&mut command);
        command
            .args(self.keys.then_some("--enable-auth"))
            .args(self.options)
            .args(arguments);
        if !arguments.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        command.envs(self.settings());
        command
    }

    /// The app's settings, with those that the probe handler needs.
    fn settings(&self) -> Vec<(String, String)> {
        let file = |name: &str, path: PathBuf| (name.to_owned(), path.to_str().unwrap().to_owned());
        let mut settings = vec![
            file("PROBE_JOURNAL", self.journal()),
            file("PROBE_GATE", self.gate()),
        ];
        settings.extend_from_slice(&self.variables);
        settings
    }

    /// Starts the host without waiting.
    pub fn start(self, arguments: &[&str]) -> Host {
        if self.program.is_lab_up() {
            let command = self.command(arguments);
            return self.spawn(command, 0);
        }
        assert!(arguments.is_empty(), "options of lab up: {arguments:?}");
        let port = free_port();
        let command = self.program.command(&Run {
            app: &self.path,
            files: &self.files,
            settings: &self.settings(),
            keys: self.keys,
            port,
        });
        self.spawn(command, port)
    }

    /// Starts the host with another command, which runs the command that follows its own arguments.
    pub fn start_by(self, mut command: Command, arguments: &[&str]) -> Host {
        command.arg(program::built().join("lab"));
        let command = self.complete(command, arguments);
        self.spawn(command, 0)
    }

    fn spawn(self, mut command: Command, port: u16) -> Host {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Host::of(command.spawn().unwrap(), port, self)
    }

    /// Starts the host and waits until it serves.
    pub fn up(self, arguments: &[&str]) -> Host {
        let mut host = self.start(arguments);
        if host.root.program.is_lab_up() {
            host.listening();
            host.line("Ready: ");
        } else {
            host.answers();
        }
        host
    }

    /// Runs a host that cannot start. Returns its exit code and its output.
    pub fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.command(arguments);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }
}

/// A new name in the temporary folder.
fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("lab-host-{}", uuid::Uuid::new_v4().simple()))
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.files);
    }
}
