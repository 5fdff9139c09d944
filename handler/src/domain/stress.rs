use std::time::Duration;

use super::Timestamp;

/// The shortest run, in seconds.
pub const MIN_SECONDS: f64 = 0.1;
/// The longest run that nobody waits for, in seconds.
pub const UNWAITED_MAX_SECONDS: f64 = 3600.0;
/// The largest number of hashes per second that can be requested.
pub const MAX_INTENSITY: u64 = 1_000_000_000_000_000;

/// One stress run on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StressPlan {
    /// How long the run lasts.
    pub duration: Duration,
    /// SHA-512 hashes per second on the instance; `None` for as many as possible.
    pub intensity: Option<u64>,
}

/// What a fleet command tells every instance to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// Run until `ends`, at this intensity.
    Run {
        /// When the command expires, also for an instance that joins late.
        ends: Timestamp,
        /// As in [`StressPlan`].
        intensity: Option<u64>,
    },
    /// End every run that began before the command.
    Stop,
}

/// A command to the whole fleet. The latest one in the store is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StressOrder {
    /// Increases with every command.
    pub id: i64,
    /// When it was given.
    pub ordered: Timestamp,
    /// What to do.
    pub kind: OrderKind,
}
