//! The event log, with one JSON object per line.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use anyhow::Context;
use functions_host::Console;
use serde_json::{Value, json};

/// The number of lines that may wait for a slow disk.
const QUEUE: usize = 4_096;
/// How long the program waits at its end for queued lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Writes events in order. A separate thread writes them, so that the fleet never waits for a disk.
pub(super) struct Events(Option<Log>);

struct Log {
    queue: SyncSender<String>,
    /// Lines that did not fit since the last one that did.
    lost: u64,
    /// Closed when the thread ends.
    done: Receiver<()>,
}

impl Events {
    /// Starts a new log in `path`, if it is given.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub(super) fn open(path: Option<&Path>, console: Console) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        let file = File::create(path)
            .with_context(|| format!("cannot write the event log {}", path.display()))?;
        let (queue, lines) = sync_channel(QUEUE);
        let (end, done) = sync_channel(0);
        std::thread::spawn(move || {
            write(file, &lines, &console);
            drop(end);
        });
        Ok(Self(Some(Log {
            queue,
            lost: 0,
            done,
        })))
    }

    /// Whether events are written anywhere.
    pub(super) fn wanted(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn write(&mut self, event: &Value) {
        let Some(log) = &mut self.0 else { return };
        if log.lost > 0 {
            let missing = json!({ "event": "lost", "lines": log.lost }).to_string();
            if log.queue.try_send(missing).is_ok() {
                log.lost = 0;
            }
        }
        match log.queue.try_send(event.to_string()) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => log.lost += 1,
            // The thread has already reported the problem.
            Err(TrySendError::Disconnected(_)) => self.0 = None,
        }
    }

    /// Writes the queued lines.
    pub(super) fn close(self) {
        if let Some(Log { queue, done, .. }) = self.0 {
            drop(queue);
            let _ = done.recv_timeout(LAST_LINES);
        }
    }
}

fn write(mut file: File, lines: &Receiver<String>, console: &Console) {
    let mut length = 0;
    while let Ok(mut line) = lines.recv() {
        line.push('\n');
        if let Err(error) = file.write_all(line.as_bytes()) {
            // On a full disk, half a line may have been written.
            let _ = file.set_len(length);
            console.error(format_args!(
                "The event log cannot be written and ends here: {error}"
            ));
            return;
        }
        length += line.len() as u64;
    }
}
