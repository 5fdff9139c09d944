use std::time::Duration;

use super::Timestamp;

/// The shortest run, in seconds.
pub const MIN_SECONDS: f64 = 0.1;
/// The longest run nobody waits for, in seconds.
pub const UNWAITED_MAX_SECONDS: f64 = 3600.0;
/// The most hashes per second that can be asked for.
pub const MAX_INTENSITY: u64 = 1_000_000_000_000_000;

/// One stress run on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StressPlan {
    /// How long the run lasts.
    pub duration: Duration,
    /// SHA-512 hashes per second wanted on the instance; `None` means all it has.
    pub intensity: Option<u64>,
}

/// What an order asks of every instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// Run until `ends`, at this intensity.
    Run {
        /// When the order runs out, also for an instance that joins late.
        ends: Timestamp,
        /// As in [`StressPlan`].
        intensity: Option<u64>,
    },
    /// End every run that began before the order.
    Stop,
}

/// An order to the whole fleet. The newest one in the store is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StressOrder {
    /// Grows with every order.
    pub id: i64,
    /// When it was given.
    pub ordered: Timestamp,
    /// What it asks.
    pub kind: OrderKind,
}
