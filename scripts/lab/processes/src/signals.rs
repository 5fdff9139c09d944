//! The signals that end a program.

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind};

/// Hang-up, interrupt (Ctrl+C), quit, and terminate, in the order of their arrival.
pub struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// Receives the signals from now on. They no longer end the program.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    /// The next signal.
    pub async fn next_signal(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => Signal::HUP,
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.terminate.recv() => Signal::TERM,
        }
    }

    /// Waits for the next signal. Returns the exit code for a program that it ends.
    pub async fn next(&mut self) -> u8 {
        u8::try_from(128 + self.next_signal().await.as_raw()).unwrap_or(u8::MAX)
    }
}
