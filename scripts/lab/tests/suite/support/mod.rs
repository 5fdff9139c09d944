//! Starts the real `lab up`, or the real Functions host, over a script root of its own with the probe handler in it,
//! and speaks plain HTTP to it.

#![allow(dead_code)] // Each test binary uses its part.

pub mod http;
pub mod program;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use program::{Program, Run};

/// Longer than anything here takes on a busy machine; only a failing test waits for it.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Longer than the real host takes to start, or to give an app up.
const STARTING: Duration = Duration::from_secs(120);

/// Waits for a condition, looking often.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually_within(DEADLINE, what, look)
}

fn eventually_within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A function app in the making, in a temporary folder.
pub struct Root {
    pub path: PathBuf,
    files: PathBuf,
    variables: Vec<(String, String)>,
    /// Whether the command line names it; else the host is started in it.
    pub is_named: bool,
    program: Program,
    keys: bool,
    /// Options of `lab up` that belong to the app.
    options: &'static [&'static str],
}

impl Root {
    /// A function app that is there already, untouched.
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

    /// A root with the probe handler and nothing else.
    fn with_probe(program: Program) -> Self {
        let files = temporary();
        // The name has a space to see that nobody splits paths.
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

    /// An app of `functions-host/tests/apps`, which the program is to run.
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
            // The image's user is another one, and has to write the journal.
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

    /// A bare root with the catch-all function `WebApp`, open to everybody and every method.
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

    /// Makes a script the handler.
    pub fn handler(&self, script: &str) -> &Self {
        let handler = self.path.join("handler");
        std::fs::remove_file(&handler).unwrap();
        std::fs::write(&handler, script).unwrap();
        std::fs::set_permissions(&handler, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Changes the `host.json` that is there.
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

    /// A plain HTTP function; an empty route is left out, no methods mean all.
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

    /// Where the handler sees the script root.
    pub fn path_for_handler(&self) -> String {
        self.program.app(&self.path).to_str().unwrap().to_owned()
    }

    /// A folder of the test's own, outside the script root.
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

    /// The app's settings, with what the probe handler needs.
    fn settings(&self) -> Vec<(String, String)> {
        let file = |name: &str, path: PathBuf| (name.to_owned(), path.to_str().unwrap().to_owned());
        let mut settings = vec![
            file("PROBE_JOURNAL", self.journal()),
            file("PROBE_GATE", self.gate()),
        ];
        settings.extend_from_slice(&self.variables);
        settings
    }

    /// Starts the host without waiting for anything.
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

    /// Starts the host by way of another command, which runs what follows its own arguments.
    pub fn start_by(self, mut command: Command, arguments: &[&str]) -> Host {
        command.arg(program::built().join("lab"));
        let command = self.complete(command, arguments);
        self.spawn(command, 0)
    }

    fn spawn(self, mut command: Command, port: u16) -> Host {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = Arc::new(Output::default());
        let readers = vec![
            output.read(child.stdout.take().unwrap()),
            output.read(child.stderr.take().unwrap()),
        ];
        Host {
            child,
            output,
            readers,
            port,
            root: self,
        }
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

    /// Runs a host that cannot start: its exit code and all it printed.
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

/// A port on which nothing listens.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
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

/// What a host has printed so far, on both streams.
#[derive(Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Output {
    fn read(self: &Arc<Self>, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                output.lines.lock().unwrap().push(line);
                output.more.notify_all();
            }
        })
    }
}

/// A running `lab up`. Dropping it kills it, and with it its handler.
pub struct Host {
    child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
    pub port: u16,
    pub root: Root,
}

impl Host {
    /// Waits for a line that contains `part`.
    pub fn line(&self, part: &str) -> String {
        self.lines_with(part, 1).remove(0)
    }

    /// Waits for `count` lines that contain `part`.
    pub fn lines_with(&self, part: &str, count: usize) -> Vec<String> {
        let end = Instant::now() + DEADLINE;
        let mut lines = self.output.lines.lock().unwrap();
        loop {
            let found: Vec<_> = lines
                .iter()
                .filter(|line| line.contains(part))
                .cloned()
                .collect();
            if found.len() >= count {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let printed = lines.join("\n");
                // Whoever handles the panic may want to print them, too.
                drop(lines);
                panic!("no {count} lines with {part:?} in:\n{printed}");
            }
            lines = self.output.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    pub fn printed(&self) -> String {
        self.output.lines.lock().unwrap().join("\n")
    }

    pub fn program(&self) -> &Program {
        &self.root.program
    }

    /// Waits for a line of `lab up`'s own. The real host has other words.
    pub fn lab_up_prints(&self, part: &str) -> Option<String> {
        self.program().is_lab_up().then(|| self.line(part))
    }

    /// Waits until the real host answers. It holds requests to functions until the app has started.
    fn answers(&mut self) {
        eventually_within(STARTING, "the host answers", || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the host ended: {ended:?}");
            http::try_exchange(self.port, "GET", "/admin/host/ping", &[])
                .filter(|answer| answer.status == 200)
        });
    }

    /// Waits until it is certain that the app is not served: the host has ended, or answers with an error of its own.
    pub fn serves_nothing(&mut self, target: &str) {
        eventually_within(STARTING, "the host gives up", || {
            if self.child.try_wait().unwrap().is_some() {
                return Some(());
            }
            let answer = http::try_exchange(self.port, "GET", target, &[])?;
            assert_ne!(answer.status, 200, "the app is served: {answer:?}");
            (answer.status >= 500).then_some(())
        });
    }

    /// The key of this name: `master`, `default`, or a function's.
    pub fn key(&self, name: &str) -> String {
        if !self.program().is_lab_up() {
            return eventually("the host has keys", || program::key(&self.root.files, name));
        }
        // The table of functions has the same names; keys are the long words.
        self.lines_with(&format!("  {name} "), 1)
            .iter()
            .filter_map(|line| line.split_whitespace().last())
            .find(|word| word.len() == 64)
            .unwrap()
            .to_owned()
    }

    /// Waits for the banner, which tells the port.
    pub fn listening(&mut self) {
        let line = self.line("  App  ");
        let port = line.trim_end_matches('/').rsplit(':').next().unwrap();
        self.port = port.parse().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Kills a handler, wherever it runs.
    pub fn kill_handler(&self, process: u32) {
        self.program().kill(process, &self.root.files);
    }

    /// Waits for the host's own end and returns its exit status and everything it printed.
    pub fn end(&mut self) -> (ExitStatus, String) {
        let child = &mut self.child;
        let status = eventually("the host ends", || child.try_wait().unwrap());
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.printed())
    }

    /// The handler's journal so far. A reader may see a part of a write, so a line counts once its end is there.
    pub fn journal(&self) -> Vec<Value> {
        std::fs::read_to_string(self.root.journal())
            .unwrap_or_default()
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits for the journal entry of the first handler's start.
    pub fn started(&self) -> Value {
        self.entry("a handler starts", |entry| entry["start"].is_u64())
    }

    /// Waits for a journal entry.
    pub fn entry(&self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || self.journal().into_iter().find(&matches))
    }

    /// What functions were called with in the JSON protocol, as far as the probe writes it down.
    pub fn payloads(&self) -> Vec<Value> {
        self.journal()
            .iter()
            .filter_map(|entry| entry.get("payload").cloned())
            .collect()
    }

    /// How many requests reached the handler.
    pub fn requests(&self) -> Vec<String> {
        self.journal()
            .iter()
            .filter_map(|entry| entry["request"].as_str().map(str::to_owned))
            .collect()
    }

    /// The ids of the handler processes started so far.
    pub fn handlers(&self) -> Vec<u32> {
        self.journal()
            .iter()
            .filter_map(|entry| entry["start"].as_u64())
            .map(|id| u32::try_from(id).unwrap())
            .collect()
    }

    /// Waits for the handler started as number `count` (from 1).
    pub fn handler(&self, count: usize) -> u32 {
        eventually("a handler starts", || {
            self.handlers().get(count - 1).copied()
        })
    }

    /// Lets an event stream send one more event, or end.
    pub fn open_gate(&self, line: &str) {
        use std::io::Write;
        let mut gate = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.root.gate())
            .unwrap();
        gate.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.program().stop(self.id(), &self.root.files);
        let _ = self.child.kill();
        let _ = self.child.wait();
        if self.program().is_lab_up() {
            for handler in self.handlers() {
                eventually("the handler is gone", || (!alive(handler)).then_some(()));
            }
        }
        if std::thread::panicking() {
            eprintln!("the host printed:\n{}", self.printed());
        }
    }
}

/// Sends a signal by name, as a shell would.
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(process.to_string())
        .status()
        .unwrap();
    assert!(status.success());
}

/// Whether a process runs; one that is dead but not yet waited for does not.
pub fn alive(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}
