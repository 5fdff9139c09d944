//! A running host: its output, its responses, and the notes of its handlers.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::Value;

use super::program::{self, Program};
use super::root::Root;
use super::{DEADLINE, STARTING, alive, eventually, eventually_within, http, signal};

/// The output of a host so far, from both streams.
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

/// A running `lab up`. Dropping it kills it and its handler.
pub struct Host {
    child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
    pub port: u16,
    pub root: Root,
}

impl Host {
    /// A host that was just started for `root`, with its output in pipes.
    pub(super) fn of(mut child: Child, port: u16, root: Root) -> Self {
        let output = Arc::new(Output::default());
        let readers = vec![
            output.read(child.stdout.take().unwrap()),
            output.read(child.stderr.take().unwrap()),
        ];
        Self {
            child,
            output,
            readers,
            port,
            root,
        }
    }

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
                // The code that handles the panic may also print them.
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

    /// Waits for a line of `lab up`. The real host has other texts.
    pub fn lab_up_prints(&self, part: &str) -> Option<String> {
        self.program().is_lab_up().then(|| self.line(part))
    }

    /// Waits until the real host responds. It holds requests to functions until the app has started.
    pub(super) fn answers(&mut self) {
        eventually_within(STARTING, "the host answers", || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the host ended: {ended:?}");
            http::try_exchange(self.port, "GET", "/admin/host/ping", &[])
                .filter(|answer| answer.status == 200)
        });
    }

    /// Waits until it is certain that the app is not served: the host has ended, or responds with its own error.
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

    /// The key with this name: `master`, `default`, or a function's.
    pub fn key(&self, name: &str) -> String {
        if !self.program().is_lab_up() {
            return eventually("the host has keys", || program::key(&self.root.files, name));
        }
        // The table of functions contains the same names. Keys are the long words.
        self.lines_with(&format!("  {name} "), 1)
            .iter()
            .filter_map(|line| line.split_whitespace().last())
            .find(|word| word.len() == 64)
            .unwrap()
            .to_owned()
    }

    /// Waits for the banner, which contains the port.
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

    /// Kills a handler in its environment.
    pub fn kill_handler(&self, process: u32) {
        self.program().kill(process, &self.root.files);
    }

    /// Waits for the host's own end, and returns its exit status and all its output.
    pub fn end(&mut self) -> (ExitStatus, String) {
        let child = &mut self.child;
        let status = eventually("the host ends", || child.try_wait().unwrap());
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.printed())
    }

    /// The handler's journal so far. A reader may see a partial write, so a line counts only with its end.
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

    /// The data of calls in the JSON protocol, as far as the probe records it.
    pub fn payloads(&self) -> Vec<Value> {
        self.journal()
            .iter()
            .filter_map(|entry| entry.get("payload").cloned())
            .collect()
    }

    /// The requests that reached the handler.
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
