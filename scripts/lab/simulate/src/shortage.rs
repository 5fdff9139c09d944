//! Spans of time in which the load exceeded the capacity of the ready instances.

use serde::Serialize;

/// A span in which the load was above 100% of all ready instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shortage {
    /// The start of the span.
    pub from_seconds: u64,
    /// The end of the span.
    pub to_seconds: u64,
    /// The cause of its end.
    pub ended_by: Ending,
}

impl Shortage {
    /// Its length.
    pub(crate) fn seconds(&self) -> u64 {
        self.to_seconds - self.from_seconds
    }
}

/// The cause of a shortage's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Enough instances became ready.
    Capacity,
    /// The load fell.
    Load,
    /// Nothing: the simulation ended.
    Nothing,
}

/// Records shortages as time passes.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    began: Option<u64>,
    /// The load so far, which tells why a shortage ended.
    load: f64,
    found: Vec<Shortage>,
}

/// Whether `load` exceeds the capacity of `ready` instances.
pub(crate) fn is_short(load: f64, ready: u32) -> bool {
    load > f64::from(ready) * 100.0
}

impl Watch {
    /// The load and the ready instances from `now` on.
    pub(crate) fn see(&mut self, now: u64, load: f64, ready: u32) {
        match (self.began, is_short(load, ready)) {
            (None, true) => self.began = Some(now),
            (Some(from_seconds), false) => {
                let ended_by = if is_short(self.load, ready) {
                    Ending::Load
                } else {
                    Ending::Capacity
                };
                self.found.push(Shortage {
                    from_seconds,
                    to_seconds: now,
                    ended_by,
                });
                self.began = None;
            }
            _ => {}
        }
        self.load = load;
    }

    pub(crate) fn finish(mut self, now: u64) -> Vec<Shortage> {
        if let Some(from_seconds) = self.began.filter(|began| *began < now) {
            self.found.push(Shortage {
                from_seconds,
                to_seconds: now,
                ended_by: Ending::Nothing,
            });
        }
        self.found
    }
}
