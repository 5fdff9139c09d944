//! What the user sees: host lines, and the handler's output with the host's levels.
//!
//! One thread writes; whoever logs only queues a line and never waits for a slow terminal. Lines that
//! do not fit the queue are counted and said to be lost. On a terminal a status line may stand below all others.

use std::collections::VecDeque;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Lines that may wait to be written.
const QUEUE: usize = 4096;
/// A longer line of the handler is cut here.
const LONGEST_LINE: usize = 16 * 1024;
/// How many of the last error lines a crash report carries (`WorkerProcessUtilities.cs`).
const TAIL: usize = 3;
/// A handler line with this prefix is a host log line (`WorkerConstants.cs`).
const SYSTEM_PREFIX: &str = "LanguageWorkerConsoleLog";

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Details; the host shows them with `--verbose` only.
    Debug,
    /// What happens in any case.
    Information,
    /// What may need attention.
    Warning,
    /// What failed; it goes to standard error.
    Error,
}

enum Message {
    Line {
        error: bool,
        text: String,
    },
    /// Replaces the status line; an empty one takes it away.
    Status(String),
    Flush(SyncSender<()>),
}

/// A handle for writing; clones share the queue.
#[derive(Clone)]
pub struct Console {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    pub(crate) verbose: bool,
    /// Whether every line of the handler appears, as with `func start`.
    pub(crate) shows_handler: bool,
    /// Whose lines these are, where there are several instances.
    instance: Option<Arc<str>>,
    /// Whether somebody looks who can be shown a status line.
    pub terminal: bool,
}

impl Console {
    /// Starts the thread that writes. With `verbose` every line appears, with `shows_handler` every line of the handler.
    pub fn open(verbose: bool, shows_handler: bool) -> Self {
        let (queue, messages) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        // Ends with the process; flush() is what makes sure that everything is out.
        std::thread::spawn(move || write(&messages, &counter));
        Self {
            queue,
            lost,
            verbose,
            shows_handler,
            instance: None,
            terminal: is_terminal(),
        }
    }

    /// The same console for lines about one instance of several.
    pub fn about(&self, instance: &str) -> Self {
        Self {
            instance: Some(instance.into()),
            ..self.clone()
        }
    }

    /// Rewrites the status line of a terminal.
    pub fn status(&self, text: String) {
        if self.terminal {
            // One that does not fit the queue is soon followed by the next.
            let _ = self.queue.try_send(Message::Status(text));
        }
    }

    /// A line of its own, without time and level: the banner.
    pub fn plain(&self, text: impl Into<String>) {
        self.push(false, text.into());
    }

    /// A line of the host. Debug lines appear with `--verbose` only.
    pub fn host(&self, severity: Severity, text: impl fmt::Display) {
        if severity > Severity::Debug || self.verbose {
            let text = terminal::without_error_numbers(&text.to_string());
            self.stamped(severity, "host", &text);
        }
    }

    /// A line of the handler. Unless all are wanted, only problems appear: what the host takes for a
    /// warning or an error, and what a line on standard output calls itself.
    fn handler(&self, severity: Severity, text: &str) {
        let shows_all = self.verbose || self.shows_handler;
        if shows_all || severity >= Severity::Warning || names_a_problem(text) {
            self.stamped(severity, "handler", &text);
        }
    }

    /// A user log line of an invocation (the `Logs` of the JSON protocol).
    pub(crate) fn invocation(&self, function: &str, text: &str) {
        self.stamped(Severity::Information, function, &printable(text));
    }

    fn stamped(&self, severity: Severity, source: &str, text: &dyn fmt::Display) {
        let time = timestamp(OffsetDateTime::now_utc());
        let line = match &self.instance {
            Some(instance) => format!("[{time}] {severity:?} {source} {instance}: {text}"),
            None => format!("[{time}] {severity:?} {source}: {text}"),
        };
        self.push(severity == Severity::Error, line);
    }

    fn push(&self, error: bool, text: String) {
        if self.queue.try_send(Message::Line { error, text }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything queued is written, but not for ever.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        let mut message = Message::Flush(done);
        for _ in 0..20 {
            match self.queue.try_send(message) {
                Ok(()) => {
                    let _ = written.recv_timeout(Duration::from_secs(1));
                    return;
                }
                Err(TrySendError::Full(back)) => message = back,
                Err(TrySendError::Disconnected(_)) => return,
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether standard output is a terminal that understands control sequences.
fn is_terminal() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The writing thread. Output that cannot be written (a closed pipe) is no reason to stop serving.
fn write(messages: &Receiver<Message>, lost: &AtomicU64) {
    let mut status = Status::default();
    loop {
        match messages.recv_timeout(Duration::from_secs(1)) {
            Ok(Message::Line { error, text }) => status.above(error, &text),
            Ok(Message::Status(text)) => status.set(text),
            Ok(Message::Flush(done)) => {
                status.set(String::new());
                let _ = done.try_send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            let note = format!("({missing} lines were lost because the output was not read)");
            status.above(true, &note);
        }
    }
}

/// The status line as it stands on the terminal, without a line feed at its end.
#[derive(Default)]
struct Status {
    text: String,
    /// Whether it is to be seen now.
    shown: bool,
}

impl Status {
    /// Writes a line where the status line is, which then follows it.
    fn above(&mut self, error: bool, text: &str) {
        self.erase();
        if error {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        } else {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{text}").and_then(|()| out.flush());
        }
        self.draw();
    }

    fn set(&mut self, text: String) {
        self.erase();
        self.text = text;
        self.draw();
    }

    fn erase(&mut self) {
        if std::mem::take(&mut self.shown) {
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "\r\x1b[2K").and_then(|()| out.flush());
        }
    }

    fn draw(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let mut out = std::io::stdout().lock();
        // A line that wraps could not be erased again.
        let columns = rustix::termios::tcgetwinsize(&out)
            .map_or(0, |size| usize::from(size.ws_col))
            .max(20);
        let text: String = self.text.chars().take(columns - 1).collect();
        self.shown = write!(out, "{text}").and_then(|()| out.flush()).is_ok();
    }
}

/// Which of the handler's streams is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// The last error lines of a handler.
#[derive(Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: String) {
        let mut lines = self
            .0
            .lock()
            .expect("nothing panics while holding the lock");
        if lines.len() == TAIL {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self
            .0
            .lock()
            .expect("nothing panics while holding the lock");
        lines.iter().cloned().collect()
    }
}

/// Where lines of a handler come from and go to.
pub(crate) struct Source {
    pub(crate) stream: Stream,
    pub(crate) console: Console,
    pub(crate) tail: Tail,
}

/// Reads a stream of the handler to its end and logs each line at the level the host gives it.
pub(crate) async fn relay(stream: impl AsyncRead + Unpin, source: Source) {
    let mut reader = BufReader::with_capacity(8 * 1024, stream);
    let mut line = Vec::new();
    let mut cut = false;
    while let Ok(chunk) = reader.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = LONGEST_LINE - line.len();
        line.extend_from_slice(&part[..part.len().min(room)]);
        cut |= part.len() > room;
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            log(&line, cut, &source);
            line.clear();
            cut = false;
        }
    }
    if !line.is_empty() {
        log(&line, cut, &source);
    }
}

fn log(line: &[u8], cut: bool, source: &Source) {
    let mut text = printable(String::from_utf8_lossy(line).trim_end());
    if text.is_empty() {
        return;
    }
    if cut {
        text.push_str(" ... (line cut)");
    }
    let severity = severity(source.stream, &text);
    if severity == Severity::Error {
        source.tail.push(text.clone());
    }
    match text.get(..SYSTEM_PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(SYSTEM_PREFIX) => {
            source
                .console
                .host(severity, text[SYSTEM_PREFIX.len()..].trim_start());
        }
        _ => source.console.handler(severity, &text),
    }
}

/// The handler repeats what callers send: nothing of it may steer the terminal.
fn printable(text: &str) -> String {
    terminal::printable(text).replace('\n', "\u{fffd}")
}

/// RFC 3339 in UTC with milliseconds.
pub fn timestamp(at: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.format(format).unwrap_or_default()
}

/// `WorkerProcess.cs` for a worker that uses standard error for errors only.
fn severity(kind: Stream, text: &str) -> Severity {
    match kind {
        Stream::Out => Severity::Information,
        Stream::Err if text.to_ascii_lowercase().contains("warn") => Severity::Warning,
        Stream::Err => Severity::Error,
    }
}

/// Whether a line written by a Rust logger calls itself a warning or an error.
fn names_a_problem(text: &str) -> bool {
    let start = text.get(..200).unwrap_or(text);
    start
        .split_whitespace()
        .take(4)
        .any(|word| matches!(word, "WARN" | "ERROR"))
        || ["\"level\":\"WARN\"", "\"level\":\"ERROR\""]
            .iter()
            .any(|level| start.contains(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_33_streams_map_to_levels() {
        assert_eq!(severity(Stream::Out, "an error"), Severity::Information);
        assert_eq!(severity(Stream::Err, "plain"), Severity::Error);
        assert_eq!(severity(Stream::Err, "a WaRNing"), Severity::Warning);
    }

    #[test]
    fn problems_are_found_in_both_log_formats() {
        assert!(names_a_problem("2026-11-24T10:00:00Z  WARN handler: slow"));
        assert!(names_a_problem(
            r#"{"timestamp":"2026-11-24T10:00:00Z","level":"ERROR","message":"x"}"#
        ));
        assert!(!names_a_problem(
            "2026-11-24T10:00:00Z  INFO handler: no ERROR here"
        ));
    }
}
