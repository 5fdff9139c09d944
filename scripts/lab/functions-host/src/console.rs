//! The output for the user: the host's lines, and the handler's output with the host's levels.
//!
//! One thread writes. Other code only queues a line, and never waits for a slow terminal. If the queue is full, lines
//! are counted, and their loss is reported. A terminal may show a status line below all others.

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

use super::lock::lock;

/// Lines that may wait to be written.
const QUEUE: usize = 4096;
/// Longer lines of the handler are cut.
const LONGEST_LINE: usize = 16 * 1024;
/// The number of last error lines in a crash report (`WorkerProcessUtilities.cs`).
const TAIL: usize = 3;
/// A handler line with this prefix is a host log line (`WorkerConstants.cs`).
const SYSTEM_PREFIX: &str = "LanguageWorkerConsoleLog";

/// The severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Debug,
    Information,
    Warning,
    /// On standard error.
    Error,
}

enum Message {
    Line {
        error: bool,
        text: String,
    },
    /// Replaces the status line. An empty text removes it.
    Status(String),
    Flush(SyncSender<()>),
}

/// A handle for writing; clones share the queue.
#[derive(Clone)]
pub struct Console {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    pub(crate) verbose: bool,
    /// Whether all lines of the handler appear, as with `func start`.
    pub(crate) shows_handler: bool,
    /// The instance that the lines are about, if there are several.
    instance: Option<Arc<str>>,
    /// Whether the output is a terminal that can show a status line.
    pub terminal: bool,
}

impl Console {
    /// Starts the writing thread. With `verbose` all lines appear, with `shows_handler` all lines of the handler.
    pub fn open(verbose: bool, shows_handler: bool) -> Self {
        let (queue, messages) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        // The thread ends with the process. `flush()` ensures that everything is written.
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
            // If the queue is full, the next status line follows soon.
            let _ = self.queue.try_send(Message::Status(text));
        }
    }

    /// A line without time and level, for the banner.
    pub fn plain(&self, text: impl Into<String>) {
        self.push(false, text.into());
    }

    /// Details, which appear only with `--verbose`.
    pub fn debug(&self, text: impl fmt::Display) {
        self.host(Severity::Debug, text);
    }

    /// A normal event.
    pub fn info(&self, text: impl fmt::Display) {
        self.host(Severity::Information, text);
    }

    /// A possible problem.
    pub fn warn(&self, text: impl fmt::Display) {
        self.host(Severity::Warning, text);
    }

    /// A failure.
    pub fn error(&self, text: impl fmt::Display) {
        self.host(Severity::Error, text);
    }

    /// A line of the host.
    fn host(&self, severity: Severity, text: impl fmt::Display) {
        if severity > Severity::Debug || self.verbose {
            let text = terminal::without_error_numbers(&text.to_string());
            self.stamped(severity, "host", &text);
        }
    }

    /// A line of the handler. Without `shows_handler`, only problems appear: lines that the host treats as a warning
    /// or an error, and lines on standard output that contain such a level.
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

    /// Waits until everything in the queue is written, for a limited time.
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

/// The writing thread. If output cannot be written (a closed pipe), the host continues to serve.
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

/// The status line on the terminal, without a line feed at its end.
#[derive(Default)]
struct Status {
    text: String,
    /// Whether it is visible now.
    shown: bool,
}

impl Status {
    /// Writes a line in place of the status line, and then the status line below it.
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
        // A wrapped line could not be erased again.
        let columns = rustix::termios::tcgetwinsize(&out)
            .map_or(0, |size| usize::from(size.ws_col))
            .max(20);
        let text: String = self.text.chars().take(columns - 1).collect();
        self.shown = write!(out, "{text}").and_then(|()| out.flush()).is_ok();
    }
}

/// The handler's streams.
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
        let mut lines = lock(&self.0);
        if lines.len() == TAIL {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        lock(&self.0).iter().cloned().collect()
    }
}

/// The source and the target of a handler's lines.
pub(crate) struct Source {
    pub(crate) stream: Stream,
    pub(crate) console: Console,
    pub(crate) tail: Tail,
}

/// Reads a stream of the handler to its end, and logs each line with the level that the host assigns.
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

/// The handler repeats text of callers, which must not control the terminal.
fn printable(text: &str) -> String {
    terminal::printable(text).replace('\n', "\u{fffd}")
}

/// RFC 3339 in UTC with milliseconds.
pub fn timestamp(at: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.format(format).unwrap_or_default()
}

/// `WorkerProcess.cs`, for a worker that writes only errors to standard error.
fn severity(kind: Stream, text: &str) -> Severity {
    match kind {
        Stream::Out => Severity::Information,
        Stream::Err if text.to_ascii_lowercase().contains("warn") => Severity::Warning,
        Stream::Err => Severity::Error,
    }
}

/// Whether a line of a Rust logger has the level of a warning or an error.
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
